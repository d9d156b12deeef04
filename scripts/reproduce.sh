#!/bin/sh
# reproduce.sh - run the shipped experiments and compare with results/.
#
# reproduce.sh [-b BUILDDIR] [-u] [NAME...]
# Each scripts/experiments/NAME.ini (all, or those named) is swept anew; its
# table must be results/NAME.csv, byte for byte.  -u replaces what is in
# results/ instead: tables, their checksums, and, where gnuplot is there, the
# figures of scripts/experiments/NAME.gp.
# Exit status: 0 all are the same, 1 one is not.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build update=no bad=0

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }
die() { echo "reproduce.sh: $*" >&2; exit 1; }

while getopts b:uh opt; do
	case $opt in
	b) build=$OPTARG ;;
	u) update=yes ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
build=$(cd "$build" && pwd) || die "no directory $build"
pagewalk=${PAGEWALK:-$build/src/pagewalk}
[ -x "$pagewalk" ] || die "no $pagewalk: build first"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- $(cd "$top/scripts/experiments" && ls ./*.ini |
    sed 's|^./||; s|\.ini$||')

figure() { # NAME
	[ -f "$top/scripts/experiments/$1.gp" ] || return 0
	command -v gnuplot >/dev/null || return 0
	gnuplot -e "in='$work/$1/results.csv'; out='$top/results/$1.svg'" \
	    "$top/scripts/experiments/$1.gp" || bad=1
}

for name; do
	"$pagewalk" sweep -q -o "$work/$name" \
	    "$top/scripts/experiments/$name.ini" || { bad=1; continue; }
	if [ $update = yes ]; then
		cp "$work/$name/results.csv" "$top/results/$name.csv"
		figure "$name"
		echo "$name: replaced"
	elif cmp -s "$work/$name/results.csv" "$top/results/$name.csv"; then
		echo "$name: the same"
	else
		echo "$name: differs from results/$name.csv"
		diff "$top/results/$name.csv" "$work/$name/results.csv" |
		    head -n 4
		bad=1
	fi
done
[ $update = no ] ||
	(cd "$top/results" && sha256sum ./*.csv >SHA256SUMS) || bad=1
exit $bad
