#!/bin/sh
# latency-curves.sh - published pointer-chase latencies beside modelled ones.
#
# A chase through one line of each page, pages in random order, data caches on:
# cycles a load, by footprint.  Measured: InstLatx64's NewMemLat tables
# ("Page_Random", stride 4 KiB) of a Core i9-7900X, a Core i5-1135G7, a Core
# i9-12900K's E-core and a Ryzen 9 5900X.
# usage: latency-curves.sh [LARGEST-KIB]   (16384); $PAGEWALK: the program
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
largest=${1:-16384}
pagewalk=${PAGEWALK:-pagewalk}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/latency-curves.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# KiB, then clocks of Skylake-X, Tiger Lake, Gracemont, Zen 3.
measured() {
	cat <<-END
	128 14 14 20 15
	256 14 14 29 15
	384 23 21 29 20
	512 23 21 29 20
	1024 23 21 29 20
	4096 75 78 67 37
	6144 76 89 69 50
	8192 87 117 71 55
	12288 104 179 93 73
	16384 136 232 107 75
	131072 276 320 289 81
	END
}

# Which preset stands for a column, and what differs.
machine() {
	case $1 in
	2) echo -c intel-skylake ;;
	3) echo -c intel-icelake -s cache.l3.size=8M -s cache.l3.ways=16 \
		-s cache.l3.hit_cycles=71 -s memory.cycles=220 ;;
	4) echo -c intel-gracemont ;;
	5) echo -c amd-zen3 ;;
	esac
}

# Cycles that a load waits, first-level hit included.  $@: the machine
modelled() {
	near=$("$pagewalk" config show "$@" | awk '
		/^\[/ { on = $0 == "[cache.l1d]" }
		on && $1 == "hit_cycles" { print $3 }')
	"$pagewalk" run "$tmp/chase.pwt" -q --warmup "$warmup" \
	    -s cpu.data_caches=yes "$@" -j - | awk -v near="$near" '
		/"lanes":/ { lanes = 1 }
		lanes && /"cycles_by_cause":/ && !seen++ { on = 1 }
		on && /"(stlb_hit|walk|data_cache)":/ { sum += $2 }
		on && /}/ { on = 0 }
		lanes && /"loads":/ && !loads { loads = $2 + 0 }
		END { printf "%.0f\n", near + sum / loads }'
}

printf '%7s %6s   %-15s %-15s %-15s %-15s\n' KiB pages "Skylake-X" \
    "Tiger Lake" Gracemont "Zen 3"
measured | while read -r kib rest; do
	test "$kib" -le "$largest" || continue
	pages=$((kib / 4))
	refs=$((pages * 4 < 16384 ? 16384 : pages * 4))
	warmup=$("$pagewalk" generate chase --page-random --stride 4096 \
	    --footprint "${kib}K" --refs $refs -o "$tmp/chase.pwt" |
	    sed -n 's/.*--warmup \([0-9]*\).*/\1/p')
	# One way round before counting: five instructions for four loads.
	warmup=$((warmup + pages * 2))
	printf '%7d %6d' "$kib" "$pages"
	column=2
	for want in $rest; do
		# shellcheck disable=SC2046 # the machine is several words
		got=$(modelled $(machine $column))
		printf '   %4d %4d %+5d' "$want" "$got" $((got - want))
		column=$((column + 1))
	done
	printf '\n'
done
