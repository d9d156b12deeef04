#!/bin/sh
# t5600-intervals.t - parts of a trace measured one by one, and what they say of
# the whole.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
sort=$top_srcdir/traces/sort.pwt

# column FILE NAME [LANE]: the sum of a column.
column() {
	awk -F, -v name="$2" -v lane="${3:-}" '
		{ gsub(/"/, "") }
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		lane == "" || $at["lane"] == lane { n += $at[name] }
		END { print n }' "$1"
}
counter() {
	get "$1" "lanes/${3:-0}/counters/$2"
}
estimate() {
	get "$1" "lanes/0/estimates/$2/per_kilo_instruction"
}
# near A B C: |A - B| <= C
near() {
	awk -v a="$1" -v b="$2" -v c="$3" \
	    'BEGIN { exit !(a - b <= c && b - a <= c) }'
}

status "the whole" 0 "$PAGEWALK" run -q "$sort" --limit 5000000 -j whole.json \
    -l teaching
status "in parts" 0 "$PAGEWALK" run -q "$sort" --limit 5000000 -j parts.json \
    -l teaching --interval 300000 --intervals parts.csv
is "a line each and lane, and a heading" "$(grep -c . parts.csv)" 35
for what in instructions references l1_tlb_misses walks walk_cycles cycles \
    pte_loads fault_cycles; do
	is "$what: the parts' sum" "$(column parts.csv $what intel-skylake)" \
	    "$(counter whole.json $what)"
	is "$what: of the other lane" "$(column parts.csv $what teaching)" \
	    "$(counter whole.json $what 1)"
	is "$what: of the run" "$(counter parts.json $what)" \
	    "$(counter whole.json $what)"
done
is "causes: the parts' sum" "$(column parts.csv cycles_walk intel-skylake)" \
    "$(get whole.json cycles_by_cause/walk)"
is "the kernel's faults" "$(column parts.csv minor teaching)" \
    "$(get whole.json totals/faults/minor)"

# The second part is what a run of it alone would count after as much warm-up.
status "one part" 0 "$PAGEWALK" run -q "$sort" --warmup 300000 --limit 300000 \
    -j one.json
is "its misses" "$(awk -F, '$1 == 1 && $4 ~ "intel-skylake" { print $13 }' \
    parts.csv)" "$(counter one.json l1_tlb_misses)"

# Sampling: a program of one phase.
status "a program" 0 "$PAGEWALK" generate uniform --footprint 12M \
    --refs 500000 -o uniform.pwt
status "all of it" 0 "$PAGEWALK" run -q uniform.pwt --warmup 200000 -j all.json
status "a part of it" 0 "$PAGEWALK" run uniform.pwt --warmup 200000 \
    --interval 10000 --period 100000 --rewarm 10000 -j some.json
like "the report judges the whole" "$out" \
    '^The whole, judged by [0-9]+ intervals of 10000 instructions, one in 100000'
for what in l1_tlb_misses stlb_misses walk_cycles; do
	truth=$(awk -v n="$(counter all.json $what)" \
	    -v i="$(counter all.json instructions)" 'BEGIN { print 1000 * n / i }')
	ok "$what: near the truth" near "$(estimate some.json $what)" "$truth" \
	    "$(awk -v t="$truth" 'BEGIN { print 0.02 * t }')"
	ok "$what: as near as it says, or twice" near \
	    "$(estimate some.json $what)" "$truth" "$(awk -v h="$(get some.json \
	    lanes/0/estimates/$what/half_width)" 'BEGIN { print 2 * h }')"
done
is "the kernel saw all" "$(get some.json totals/faults/minor)" \
    "$(get all.json totals/faults/minor)"
ok "the lane a tenth" near "$(counter some.json instructions)" \
    "$(($(get some.json replay/windows/measured) * 10000))" 300
status "a lane among others" 0 "$PAGEWALK" run -q uniform.pwt --warmup 200000 \
    --interval 10000 --period 100000 --rewarm 10000 -j two.json -l teaching -l =
is "counts as alone" "$(get two.json lanes/2/counters)" \
    "$(get some.json lanes/0/counters)"
is "and estimates as alone" "$(get two.json lanes/2/estimates)" \
    "$(get some.json lanes/0/estimates)"
status "all of it priced, none counted but the intervals" 0 "$PAGEWALK" run -q \
    uniform.pwt --warmup 200000 --interval 10000 --period 100000 \
    --rewarm 100000 --intervals warm.csv
status "the same parts of the whole" 0 "$PAGEWALK" run -q uniform.pwt \
    --warmup 200000 --interval 5000 --intervals fine.csv
is "count the same" "$(awk -F, 'NR > 1 && ($1 % 20 == 9 || $1 % 20 == 10) {
    n += $13 } END { print n }' fine.csv)" "$(column warm.csv l1_tlb_misses)"

# SimPoint: vectors out, choices in.
status "vectors" 0 "$PAGEWALK" export --to bbv --interval 1000000 "$sort" -o v.bb
is "one a million instructions" "$(grep -c '^T:1:' v.bb)/$(grep -c . v.bb)" 1/24
status "a run of it" 0 "$PAGEWALK" run -q "$sort" -j all-sort.json
is "they have all instructions" "$(tr ' ' '\n' <v.bb |
    awk -F: '{ n += $3 } END { print n }')" \
    "$(get all-sort.json totals/instructions)"
printf '3 0\n1 1\n' >points
printf '0.25 0\n0.75 1\n' >weights
status "chosen ones" 0 "$PAGEWALK" run "$sort" --interval 300000 -j sp.json \
    --simpoints points --weights weights --rewarm 10000000 --intervals sp.csv
like "the report says so" "$out" 'judged by 2 intervals .* with weights'
line() {
	awk -F, -v n="$1" '$1 == n && $4 ~ "intel-skylake" { print $13 }' "$2"
}
is "the first is as in the whole" "$(line 1 sp.csv)" "$(line 1 parts.csv)"
is "the second, too" "$(line 3 sp.csv)" "$(line 3 parts.csv)"
ok "weighted" near "$(estimate sp.json l1_tlb_misses)" "$(awk -F, '
    NR > 1 { y += $3 * $13; x += $3 * $8 } END { print 1000 * y / x }' sp.csv)" \
    0.001

# What cannot be.
refused() {
	status "$1" 2 "$PAGEWALK" run -q "$sort" $2
	like "$1: said so" "$err" "$3"
}
refused "no interval" "--period 10" 'need --interval N'
refused "a short period" "--interval 10 --period 5" 'expected at least --interval'
refused "points alone" "--interval 10 --simpoints points" 'expected both'
refused "nothing between" "--interval 10 --rewarm 5" 'nothing is left out'
status "no interval to export" 2 "$PAGEWALK" export --to bbv "$sort"
status "of another form" 2 "$PAGEWALK" export --to din --interval 5 "$sort"
bad() {
	status "$1" 3 "$PAGEWALK" run -q "$sort" --interval 10 --simpoints "$2" \
	    --weights "$3"
	like "$1: said so" "$err" "$4"
}
echo '0.5 7' >other
bad "no weight" points other 'other: no weight for cluster 0, which points has'
printf '3 0\n\nx 1\n' >wrong
bad "no number" wrong weights 'wrong:3: expected the number of an interval'
bad "no weight's number" points wrong 'wrong:3: expected a weight'
printf '3 0\n3 1\n' >twice
bad "twice" twice weights 'twice: interval 3 is there twice'
bad "nothing" /dev/null weights 'expected intervals'
if test -c /dev/full; then
	status "a full disk" 1 "$PAGEWALK" run -q "$sort" --interval 1000 \
	    --intervals /dev/full
	like "is said" "$err" '/dev/full'
else
	skip "a full disk" "no /dev/full"
fi
done_testing
