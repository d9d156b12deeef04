#!/bin/sh
# record.sh [BUILDDIR] - record the shipped traces again.
#
# Needs valgrind, a C compiler and perl.  The demonstrations are linked
# statically, so that what they do is not lost among the loader's faults.
# Each trace carries its command (pagewalk info); recorded elsewhere, counts
# differ a little with the C library and the files listed.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../build}" && pwd)
# A fixed place and environment: both are on the program's stack.
tmp=/tmp/pagewalk-demo
mkdir "$tmp"
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

# record NAME COMMAND...
record() {
	name=$1
	shift
	env -i PATH=/usr/bin:/bin LC_ALL=C \
	    "$build/src/pagewalk" capture -q -l 9 -o "$here/$name.pwt" -- "$@" \
	    >/dev/null
	ls -l "$here/$name.pwt"
}

for demo in mapped-file shared-memory copy-on-write file-io fork-then; do
	gcc -O1 -static -o $demo "$here/$demo.c"
done
record mapped-file ./mapped-file data
record shared-memory ./shared-memory
record copy-on-write ./copy-on-write
record fork-exec ./fork-then exec
record fork-write ./fork-then write
record file-read ./file-io read 4096 data
record file-map ./file-io map 0 data

cp "$here/interpreter.pl" "$here/../COPYING" .
awk 'BEGIN { for (x = i = 1; i <= 6000; i++) {
	x = (x * 16807) % 2147483647; printf "%d %d\n", x, i } }' >numbers
record list ls -lR /usr/share/perl
record sort sort -n numbers
record interpreter perl interpreter.pl COPYING
