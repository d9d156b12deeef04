#!/bin/sh
# make-traces.sh [DIRECTORY] - record the traces that are shipped here.
#
# Needs Valgrind, a C compiler and an installed or built pagewalk ($PAGEWALK,
# default: build/src/pagewalk beside this directory, or the one in PATH).
# Everything runs in one directory of a neutral name with an environment of
# two variables, so that the traces say nothing about who made them.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
pagewalk=${PAGEWALK:-$here/../build/src/pagewalk}
[ -x "$pagewalk" ] || pagewalk=$(command -v pagewalk)
work=/tmp/pagewalk-traces
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT
cd "$work"

# record NAME COMMAND...: NAME.pwt
record()
{
	name=$1
	shift
	echo "$name: $*"
	env -i PATH=/usr/bin:/bin LC_ALL=C "$pagewalk" capture -q -l 9 \
		-o "$out/$name.pwt" -- "$@" >output.txt
	ls -l "$out/$name.pwt" | awk '{ print "  " $5 " bytes" }'
}

# The three demonstrations.
for program in mmap-file shared-memory fork-cow; do
	cc -O1 -Wall -o "$program" "$here/$program.c"
done
record mmap-file ./mmap-file
record shared-memory ./shared-memory
record fork-cow ./fork-cow
record fork-exec ./fork-cow exec

# A listing of a directory tree.
for directory in a b c d e f g h; do
	mkdir -p "tree/$directory/sub"
	for file in 1 2 3 4 5 6 7 8 9; do
		echo "$directory$file" >"tree/$directory/sub/$file"
	done
done
record ls ls -lR tree

# A sort of 4000 numbers in no order.
awk 'BEGIN { x = 1; for (i = 0; i < 4000; i++) {
	x = (x * 16807) % 2147483647; print x } }' >numbers
record sort sort -n numbers

# A small run of an interpreter: words of a text, counted.
cat >words.pl <<'PERL'
my %n;
for my $i (1 .. 3000) {
	$n{($i * 7919) % 1009 % 97}++;
}
print "$_ $n{$_}\n" for sort { $n{$b} <=> $n{$a} || $a <=> $b } keys %n;
PERL
record perl perl words.pl
