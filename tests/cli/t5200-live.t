#!/bin/sh
# t5200-live.t - run --live: a program is replayed as it runs.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/live-lib.sh"
plain=$top_builddir/tests/cli/vgplain

# A program that does the same each time.
status "captured" 0 "$PAGEWALK" capture -q -o t.pwt -- "$plain"
status "and replayed" 0 "$PAGEWALK" run -q t.pwt -j file.json
status "live" 0 "$PAGEWALK" run --live -j live.json -- "$plain"
like "a report" "$out" '^trace +live: .*vgplain'
for path in totals/references totals/instructions totals/loads \
    totals/stores totals/faults/by_kind totals/tlb \
    lanes/0/counters/walk_cycles kernel/syscalls; do
	is "the same $path" "$(get live.json $path)" "$(get file.json $path)"
done
is "nothing is stored" "$(ls)" "$(printf 'file.json\nlive.json\nstderr\nt.pwt')"

status "several lanes" 0 "$PAGEWALK" run --live -q -l other=teaching \
    -j lanes.json "$plain"
is "the first is as before" "$(get lanes.json lanes/0/counters/walks)" \
    "$(get live.json lanes/0/counters/walks)"
status "a part" 0 "$PAGEWALK" run --live -q --limit 20000 -j part.json "$plain"
n=$(get part.json totals/instructions)
ok "... of about that length" test "$n" -ge 20000 -a "$n" -lt 21000

# Its input, output and end are its own.
status "its status" 7 "$PAGEWALK" run --live -q sh -c 'cat; exit 7' <<-E
	some input
E
is "its output" "$out" "some input"
status "its signal" $((128 + 9)) "$PAGEWALK" run --live -q sh -c 'kill -9 $$'
status "its options" 0 "$PAGEWALK" run --live -q ls -q t.pwt
is "are not ours" "$out" t.pwt
"$PAGEWALK" run --live -j ended.json sh -c 'echo up; while :; do :; done' \
    >ended.out &
pid=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	grep -q up ended.out && break
	sleep 1
done
kill -INT $pid
wait $pid
is "asked to end, the program ends" $? 130
like "and the report is of what it did" "$(cat ended.out)" '^References'

# What can go wrong.
status "no command" 2 "$PAGEWALK" run --live
like "is asked for" "$err" 'live: expected a command'
status "no such command" 127 "$PAGEWALK" run --live no-such-command
like "is named" "$err" 'no-such-command: command not found'
status "the future" 2 "$PAGEWALK" run --live -s os.reclaim=opt \
    -s os.frames=90 "$plain"
like "is not known" "$err" 'capture the program first'
status "lackey" 1 "$PAGEWALK" run --live -b lackey "$plain"
like "cannot be followed" "$err" 'lackey cannot be followed live'
done_testing
