#!/bin/sh
# quickstart.sh [COMMAND [ARG...]] - from a bare Debian 12 to a report.
#
# Installs what is missing (apt), builds in build/, captures COMMAND (default:
# ls -l /usr/bin) with Valgrind, replays it through a Skylake-like MMU and a
# Linux-like kernel, and leaves trace, result and figures in build/quickstart/.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/scripts/lib.sh"

case ${1:-} in
-h | --help)
	sed -n '2,7s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac
test $# -gt 0 || set -- ls -l /usr/bin

install_packages $build_packages $run_packages
say "building in $top/build"
build "$top/build" "$top/build/quickstart.log" || exit 1

pagewalk=$top/build/src/pagewalk
out=$top/build/quickstart
mkdir -p "$out" || exit 1
say "capturing: $*"
rm -f "$out/run.pwt"
"$pagewalk" capture -o "$out/run.pwt" -- "$@" >"$out/output.txt" ||
    say "exit status $? (that of the program, if it could be run)"
test -s "$out/run.pwt" || die "nothing was captured"
say "replaying: $pagewalk run $out/run.pwt --json $out/run.json"
"$pagewalk" run "$out/run.pwt" --json "$out/run.json" || exit
say "drawing: $pagewalk plot $out/run.json"
"$pagewalk" plot "$out/run.json" -o "$out" -f pdf,png || exit
say "next: $pagewalk --help, and doc/tutorial.md"
