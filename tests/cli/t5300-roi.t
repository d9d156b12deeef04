#!/bin/sh
# t5300-roi.t - run --roi: what stands between two markers is counted.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/live-lib.sh"
victim=$top_builddir/tests/cli/vgvictim

# insns FILE
insns() {
	get "$1" totals/instructions
}

status "a program with markers" 0 "$PAGEWALK" capture -q -o all.pwt -- \
    "$victim" mark
status "its region alone" 0 "$PAGEWALK" capture -q --roi -o part.pwt -- \
    "$victim" mark
status "all of it" 0 "$PAGEWALK" run -q all.pwt -j all.json
status "what the region's trace has" 0 "$PAGEWALK" run -q part.pwt -j part.json
status "the region" 0 "$PAGEWALK" run all.pwt --roi roi -j roi.json
like "the report says so" "$out" '^part +from the marker roi to the next'
is "the result, too" "$(get roi.json replay/roi)" '"roi"'
for what in instructions loads stores modifies; do
	is "as many $what" "$(get roi.json totals/$what)" \
	    "$(get part.json totals/$what)"
done
ok "part of all" test "$(insns roi.json)" -lt "$(insns all.json)"
is "what came before is warm: no fault there" \
    "$(get roi.json lanes/0/counters/faults)" 0

# The other place: to the end of the program.
status "a named place" 0 "$PAGEWALK" run -q all.pwt --roi "a place" -j end.json
before=$(($(insns all.json) - $(insns end.json)))
status "until there" 0 "$PAGEWALK" run -q all.pwt --warmup "$before" -j w.json
is "the same part by its number" "$(insns w.json)" "$(insns end.json)"
is "and the same price" "$(get w.json lanes/0/counters/walk_cycles)" \
    "$(get end.json lanes/0/counters/walk_cycles)"
status "live" 0 "$PAGEWALK" run --live -q --roi roi -j live.json -- \
    "$victim" mark
is "the same region" "$(insns live.json)" "$(insns roi.json)"
status "shorter" 0 "$PAGEWALK" run -q all.pwt --roi roi --limit 1000 -j s.json
ok "as the limit says" test "$(insns s.json)" -ge 1000 -a \
    "$(insns s.json)" -lt 1100

cat >e.ini <<-E
	[experiment]
	roi = roi
	[axes]
	trace = all.pwt
	tlb.stlb.entries = 768 1536
E
status "a sweep of the region" 0 "$PAGEWALK" sweep -q e.ini -o swept
for f in swept/points/*.json; do
	is "each point counts it" "$(insns "$f")" "$(insns roi.json)"
done
sed -i 's/^roi/warmup = 5\n&/' e.ini
status "with a warm-up" 3 "$PAGEWALK" sweep -q e.ini -o swept
like "is refused" "$err" 'e.ini:3: roi = roi: expected roi or warmup, not both'
status "no such marker" 3 "$PAGEWALK" run -q all.pwt --roi nowhere
like "is named" "$err" 'marker nowhere: not in the trace'
status "two beginnings" 2 "$PAGEWALK" run all.pwt --roi roi --warmup 5
like "are refused" "$err" '--roi and --warmup: expected one'
done_testing
