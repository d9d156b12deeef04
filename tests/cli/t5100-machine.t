#!/bin/sh
# t5100-machine.t - several traces on one machine; several CPUs.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
traces=$top_srcdir/traces
cold="--set os.page_cache=cold --set machine.time_slice=100000"

# Twice the same program, files not in memory at first.
status "one" 0 "$PAGEWALK" run -q $cold "$traces/list.pwt" -j one.json
status "two of it" 0 "$PAGEWALK" run $cold "$traces/list.pwt" \
    "$traces/list.pwt" -j two.json
is "the report names both" "$(printf '%s\n' "$out" | grep -c '^trace ')" 2
is "instructions of both" "$(get two.json totals/instructions)" \
    $((2 * $(get one.json totals/instructions)))
is "what one has read the other finds" \
    "$(get two.json kernel/paging/file_page_ins)" \
    "$(get one.json kernel/paging/file_page_ins)"
status "two, files in memory" 0 "$PAGEWALK" run -q "$traces/list.pwt" \
    "$traces/list.pwt" -j warm.json
status "one" 0 "$PAGEWALK" run -q "$traces/list.pwt" -j warm1.json
is "each takes its own faults" "$(get warm.json totals/faults/minor)" \
    $((2 * $(get warm1.json totals/faults/minor)))
pid=$(get one.json processes/0/pid)
is "the first keeps its number" "$(get two.json processes/0/pid)" "$pid"
is "the second has another" "$(get two.json processes/1/pid)" $((pid + 1))
is "which is told back" \
    "$(get two.json processes/1/trace) $(get two.json processes/1/trace_pid)" \
    "1 $pid"
is "both traces are in the result" "$(get two.json traces/1/path)" \
    "\"$traces/list.pwt\""
switches=$(get two.json lanes/0/counters/switches)
ok "they take turns" test "$switches" -gt 100

# On two CPUs nobody has to.
status "on two CPUs" 0 "$PAGEWALK" run $cold "$traces/list.pwt" \
    "$traces/sort.pwt" --set machine.cpus=2 -j cpus.json
is "no switches" "$(get cpus.json lanes/0/counters/switches)" 0
is "no migrations" "$(get cpus.json replay/migrations)" 0
like "the report says so" "$out" '^CPUs +2; '
status "the other way round" 0 "$PAGEWALK" run -q $cold "$traces/sort.pwt" \
    "$traces/list.pwt" --set machine.cpus=2 -j round.json
is "the faults are the same" "$(get round.json totals/faults/by_kind)" \
    "$(get cpus.json totals/faults/by_kind)"

# Parts, lanes, mistakes.
status "a part" 0 "$PAGEWALK" run -q $cold "$traces/list.pwt" \
    "$traces/sort.pwt" --limit 3000000 -j part.json
insns=$(get part.json totals/instructions)
ok "about what was asked for" test "$insns" -ge 3000000 -a "$insns" -lt 3001000
status "two lanes" 0 "$PAGEWALK" run -q $cold "$traces/list.pwt" \
    "$traces/list.pwt" -l other=amd-zen2 -j lanes.json
is "the first as alone" "$(get lanes.json lanes/0/counters)" \
    "$(get two.json lanes/0/counters)"
status "the optimum for two" 0 "$PAGEWALK" run -q "$traces/list.pwt" \
    "$traces/shared-memory.pwt" --set os.reclaim=opt --set os.frames=400
status "one is not there" 3 "$PAGEWALK" run "$traces/list.pwt" nowhere.pwt
like "it is named" "$err" 'nowhere\.pwt'
status "none" 2 "$PAGEWALK" run
like "a trace is expected" "$err" 'expected a trace'

done_testing
