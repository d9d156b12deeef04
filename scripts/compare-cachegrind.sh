#!/bin/sh
# compare-cachegrind.sh [-b BUILD] [COMMAND [ARG]...] - the same first-level
# caches in Valgrind's cachegrind and in pagewalk: the program's misses in both,
# and by how much they differ.  Without a COMMAND: three programs.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build
if test "${1:-}" = -b; then
	build=$(cd "$2" && pwd)
	shift 2
fi
pagewalk=$build/src/pagewalk
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# 32 KiB, 8 ways, lines of 64 bytes, LRU: a set is found by bits inside a page,
# so that physical and virtual addresses mean the same.  Walks go past them.
cat >"$work/caches.ini" <<'END'
base = intel-skylake
[cpu]
data_caches = yes
[cache.l1i]
size = 32K
ways = 8
replacement = lru
[cache.l1d]
size = 32K
ways = 8
replacement = lru
walks = none
END

# field PATTERN: a number of cachegrind's summary.
field() {
	sed -n "s/.*$1: *\([0-9,]*\).*/\1/p" "$work/cachegrind" | tr -d ,
}
json() {
	awk -v key="\"$2\": {" -v name="\"$3\":" '
		index($0, key) { on = 1 }
		on && index($0, name) { gsub(/[^0-9]/, "", $2); print $2; exit }
	' "$1"
}
row() {
	awk -v what="$1" -v a="$2" -v b="$3" 'BEGIN {
		printf "  %-12s %12d %12d %9.3f %%\n", what, a, b,
		    a ? 100 * (b - a) / a : 0 }'
}
compare() {
	valgrind --tool=cachegrind --cache-sim=yes --I1=32768,8,64 \
	    --D1=32768,8,64 --LL=8388608,16,64 \
	    --cachegrind-out-file=/dev/null --log-file="$work/cachegrind" \
	    "$@" >"$work/out" 2>&1 </dev/null
	"$pagewalk" capture -q -o "$work/t.pwt" -- "$@" >"$work/out" 2>&1 \
	    </dev/null
	"$pagewalk" run -q "$work/t.pwt" -c "$work/caches.ini" \
	    -j "$work/r.json"
	printf '%s\n  %-12s %12s %12s %11s\n' "$*" "" cachegrind pagewalk \
	    difference
	row "I1 misses" "$(field 'I1  misses')" "$(json "$work/r.json" l1i misses)"
	row "D1 misses" "$(field 'D1  misses')" "$(json "$work/r.json" l1d misses)"
}

if test $# -gt 0; then
	compare "$@"
	exit
fi
seq 1 20000 >"$work/text"
cd "$work"
compare sort -r text
compare gzip -1 -c text
compare awk '{ s += $1 } END { print s }' text
