#!/bin/sh
# t0005-run.t - replay: results, exit status, lanes, parts of a trace.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

ok "a trace made by hand" "$tools/mktrace" t.pwt 30
status "replay it" 0 "$PAGEWALK" run t.pwt -j a.json -f a.csv
like "a report for people" "$out" '^Page faults: [0-9]+ minor, 0 major'
is "nothing on standard error" "$err" ""

# The trace: 200 pages read, written 30 times, a fork, both write all.
is "instructions" "$(get a.json totals/instructions)" $((33 * 200 * 3))
is "loads" "$(get a.json totals/loads)" 200
is "modifies" "$(get a.json totals/modifies)" $((10 * 200))
is "stores" "$(get a.json totals/stores)" $((33 * 200 + 22 * 200))
is "references" "$(get a.json totals/references)" $((33 * 200 * 5))
is "zero page reads" "$(get a.json totals/faults/by_kind/anon_zero_read)" 200
is "then written" "$(get a.json totals/faults/by_kind/cow_zero)" 200
is "schema" "$(get a.json schema)" \
    '{"name": "pagewalk-result", "version": 1}'
is "version" "pagewalk $(get a.json program/version | tr -d '"')" \
    "$("$PAGEWALK" --version)"
is "provenance" "$(get a.json trace/provenance/backend)" '"mktrace"'
is "the configuration is echoed" \
    "$(get a.json configuration/tlb.stlb.entries)" 1536
is "kernel time is in the cycles" "$(get a.json totals/cycles)" \
    "$(get a.json lanes/0/counters/cycles)"

# Identities between numbers that come from different counters.
for t in l1i-4k l1d-4k stlb; do
	is "hits + misses = lookups of $t" \
	    "$(($(get a.json totals/tlb/$t/hits) +
	    $(get a.json totals/tlb/$t/misses)))" \
	    "$(get a.json totals/tlb/$t/lookups)"
done
faults=$(($(get a.json totals/faults/minor) + $(get a.json totals/faults/major)))
is "the log has each fault" "$(($(wc -l <a.csv) - 1))" $faults
is "its heading" "$(head -n 1 a.csv)" \
    "seq,instruction,pid,tid,address,access,mode,present,kind,major,cycles"
is "lines that are not as documented" "$(sed 1d a.csv | grep -Evc \
    '^[0-9]+,[0-9]+,[0-9]+,[0-9]+,0x[0-9a-f]+,(read|write|exec),(user|kernel),[01],[a-z_]+,[01],[0-9]+$')" 0
is "seq counts" "$(sed 1d a.csv | awk -F, '$1 != NR - 1' | wc -l)" 0
is "cycles of faults" "$(sed 1d a.csv | awk -F, '{ n += $11 } END { print n }')" \
    "$(get a.json totals/fault_cycles)"
is "faults over time add up" "$("$tools/json" a.json intervals/faults |
    tr -c '0-9\n' ' ' | tr ' ' '\n' | awk '{ n += $1 } END { print n }')" $faults

# The same bytes every time.
status "again" 0 "$PAGEWALK" run -q t.pwt -j b.json -f b.csv
is "quiet" "$out$err" ""
ok "the same JSON" cmp a.json b.json
ok "the same log" cmp a.csv b.csv
status "JSON to standard output" 0 "$PAGEWALK" run t.pwt -j -
printf '%s\n' "$out" >c.json
ok "and nothing else" cmp a.json c.json

# A lane gives the same result alone and among others.
"$PAGEWALK" run -q t.pwt -c teaching -s machine.memory=4G -j alone.json
"$PAGEWALK" run -q t.pwt -s cpu.cpi=3 -j first.json \
    -l half=,tlb.stlb.entries=768 -l teaching
"$PAGEWALK" run -q t.pwt -j caches.json -s cpu.data_caches=yes \
    -s cpu.cpi=3 -l warm=intel-skylake,cpu.data_caches=yes
"$PAGEWALK" run -q t.pwt -j half.json -s cpu.cpi=3 -s tlb.stlb.entries=768
"$PAGEWALK" run -q t.pwt -j warm.json -s cpu.data_caches=yes
lane() { # FILE LANE, without the names that must differ
	get "$1" lanes/$2 | sed 's/"name": "[^"]*"//'
}
is "a second machine" "$(lane first.json 2)" "$(lane alone.json 0)"
is "a variant of the first" "$(lane first.json 1)" "$(lane half.json 0)"
is "one with data caches" "$(lane caches.json 1)" "$(lane warm.json 0)"
status "lanes go by pages or by lines, all of them" 3 \
    "$PAGEWALK" run t.pwt -l warm=,cpu.data_caches=yes
like "which is said" "$err" 'differ in cpu.data_caches'
is "names" "$(get first.json lanes/1/name) $(get first.json lanes/2/name)" \
    '"half" "teaching"'
status "a lane has no kernel of its own" 3 \
    "$PAGEWALK" run t.pwt -l x=teaching,os.thp=never
status "nor does a kernel make a machine" 3 "$PAGEWALK" run t.pwt -c linux-6.8
like "which is explained" "$err" 'no TLB'

# Parts of the trace.
"$PAGEWALK" run -q t.pwt --limit 6000 -j limit.json
n=$(get limit.json totals/instructions)
test "$n" -ge 6000 && test "$n" -lt 6300 && pass "limit ($n)" || fail "limit" "$n"
"$PAGEWALK" run -q t.pwt --warmup 6000 -j warmup.json
is "warm-up and the rest are the whole" \
    "$((n + $(get warmup.json totals/instructions)))" \
    "$(get a.json totals/instructions)"
is "faults of the warm-up are not counted" \
    "$(($(get limit.json totals/faults/minor) +
    $(get warmup.json totals/faults/minor)))" "$(get a.json totals/faults/minor)"
is "nor in the intervals" "$("$tools/json" warmup.json intervals/faults |
    tr -c '0-9\n' ' ' | tr ' ' '\n' | awk '{ n += $1 } END { print n }')" \
    "$(get warmup.json totals/faults/minor)"
"$PAGEWALK" run -q t.pwt --skip 6000 -j skip.json
n=$(get skip.json totals/instructions)
test "$n" -le $((33 * 600 - 6000)) && test "$n" -gt 0 &&
    pass "skip ($n left)" || fail "skip" "$n"
is "skipped system calls are applied" "$(get skip.json kernel/syscalls)" 1

# Ctrl-C: the report is of the part before.
if env --default-signal=INT true 2>/dev/null; then
	"$tools/mktrace" huge.pwt 60000
	env --default-signal=INT "$PAGEWALK" run huge.pwt -f i.csv -j i.json \
	    >i.txt 2>i.err &
	until ls i.csv* >/dev/null 2>&1 || ! kill -0 $!; do sleep 0.02; done
	kill -INT $!
	wait $!
	case $? in
	0) skip "interrupted" "it was faster" ;;
	*)
		like "interrupted" "$(cat i.err)" 'interrupted'
		is "the result says so" "$(get i.json replay/complete)" false
		like "and the report" "$(cat i.txt)" 'ended before the trace did'
		;;
	esac
else
	skip "interrupted" "no env(1) that resets signals"
fi

# What can go wrong.
status "no trace" 2 "$PAGEWALK" run
status "a missing trace" 3 "$PAGEWALK" run nothing.pwt
like "is named" "$err" 'nothing\.pwt'
echo "not a trace" >bad.pwt
status "no trace at all" 3 "$PAGEWALK" run bad.pwt
status "a bad key" 3 "$PAGEWALK" run t.pwt -s no.key=1
status "a bad number" 2 "$PAGEWALK" run t.pwt --limit many
status "no directory for the result" 1 "$PAGEWALK" run -q t.pwt -j no/r.json
test -e no && fail "nothing is left" || pass "nothing is left"
if test -c /dev/full; then
	status "a full disk under the JSON" 1 "$PAGEWALK" run -q t.pwt -j /dev/full
	like "is said" "$err" '/dev/full: No space left'
	status "under the log" 1 "$PAGEWALK" run -q t.pwt -f /dev/full
	"$PAGEWALK" run t.pwt >/dev/full 2>&1
	is "under the report" $? 1
else
	skip "a full disk" "no /dev/full"
fi
echo old >keep.json
status "a run that fails" 3 "$PAGEWALK" run bad.pwt -j keep.json
is "leaves an older result alone" "$(cat keep.json)" old
is "and no temporary file" "$(ls | grep -c 'json\..')" 0

# A damaged trace is refused, or recovered when asked.
"$tools/mktrace" long.pwt 300
size=$(wc -c <long.pwt)
{
	head -c $((size / 2)) long.pwt
	printf '\377\000\377\000\377'
	tail -c +$((size / 2 + 6)) long.pwt
} >damaged.pwt
status "a damaged trace is refused" 3 "$PAGEWALK" run damaged.pwt
status "or recovered" 0 "$PAGEWALK" run --recover damaged.pwt -j d.json
like "with what was lost" "$out" '^damage +at byte [0-9]+'
like "in the JSON, too" "$(get d.json trace/damage)" '"offset": [0-9]+'
done_testing
