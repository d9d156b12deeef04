#!/bin/sh
# t7000-sweep.t - experiments: results, resuming, failures, parts.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
traces=$top_srcdir/traces

cat >size.ini <<E
[experiment]
help = the second-level TLB by size and ways
limit = 3000000
[axes]
trace = $traces/list.pwt $traces/sort.pwt
config = intel-skylake
tlb.stlb.entries = 512..2048*2
tlb.stlb.ways = 4 8
[zip]
os.thp = never always
os.fault_around = 4K 64K
[exclude]
1 = tlb.stlb.entries=512 tlb.stlb.ways=8
E
status "a dry run" 0 "$PAGEWALK" sweep -n size.ini
like "says how much" "$out" '^20 points, 20 to be made by 4 replays'
is "and does nothing" "$(ls)" "$(printf 'size.ini\nstderr')"
status "a sweep" 0 "$PAGEWALK" sweep -j 2 size.ini
is "its summary" "$out" "results/size/results.csv: 20 of 20 points, 20 made now"
csv=results/size/results.csv
is "a row a point" "$(wc -l <$csv)" 21
like "axes first" "$(head -n 1 $csv)" \
    '^trace,config,tlb.stlb.entries,tlb.stlb.ways,os.thp,os.fault_around,references,'
is "lines of JSON" "$(wc -l <results/size/results.jsonl)" 20
is "the plan" "$("$tools/json" results/size/plan.json schema)" \
    '{"name": "pagewalk-sweep", "version": 1}'
is "its first point" \
    "$("$tools/json" results/size/plan.json points/0/values/tlb.stlb.entries)" \
    '"512"'

# Each result is that of a run.
i=0
for e in 512:4 1024:8 2048:4; do
	for os in never:4K always:64K; do
		i=$((i + 1))
		"$PAGEWALK" run -q --limit 3000000 "$traces/sort.pwt" \
		    -c intel-skylake -s os.thp=${os%:*} \
		    -s os.fault_around=${os#*:} -s tlb.stlb.entries=${e%:*} \
		    -s tlb.stlb.ways=${e#*:} -j one.json
		same=no
		for f in results/size/points/*.json; do
			cmp -s one.json "$f" && same=yes
		done
		is "$e, $os: the bytes of a run" $same yes
	done
done

# Resuming, parts.
cp $csv all.csv
rm -f $(ls results/size/points/*.json | head -n 7)
status "some are gone" 0 "$PAGEWALK" sweep size.ini
is "only those are made" "$out" \
    "results/size/results.csv: 20 of 20 points, 7 made now"
ok "the same table" cmp all.csv $csv
for i in 1 2 3; do
	status "part $i of 3" 0 "$PAGEWALK" sweep size.ini -o parts --shard $i/3
done
ok "which makes no table" test ! -e parts/results.csv
status "collected" 0 "$PAGEWALK" sweep size.ini -o parts --collect
ok "the same table" cmp all.csv parts/results.csv

# Killed at some moment, again and again: what is there is whole.
for wait in 0.02 0.05 0.1 0.15 0.2 0.3; do
	"$PAGEWALK" sweep -q size.ini -o killed &
	pid=$!
	sleep $wait
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
done
status "then run to its end" 0 "$PAGEWALK" sweep -q size.ini -o killed
ok "the same table" cmp all.csv killed/results.csv

# A point that fails does not take others along.
cat >bad.ini <<E
[axes]
trace = $traces/list.pwt nowhere.pwt
tlb.stlb.ways = 12 7 x
[set]
tlb.stlb.index = xor
E
status "some cannot be run" 1 "$PAGEWALK" sweep bad.ini
like "how many" "$err" '5 of 6 points failed'
like "a trace" "$err" 'nowhere.pwt: cannot open'
like "a geometry" "$err" 'tlb.stlb.ways = 7: expected a divisor'
like "a value" "$err" 'tlb.stlb.ways = x: expected'
is "the other one is there" "$(wc -l <results/bad/results.csv)" 2
is "the plan says why" "$("$tools/json" results/bad/plan.json points/1/error |
    grep -c divisor)" 1
status "a result that is damaged" 3 sh -c "
	for f in results/bad/points/*; do echo x >\"\$f\"; done
	\"\$PAGEWALK\" sweep --collect bad.ini"
like "is named" "$err" 'points/[0-9a-f]*\.json:1: .*remove the file'

# Samples: each point's as a run has them, whichever lane it was.
cat >sampled.ini <<E
[experiment]
limit = 3000000
interval = 20k
period = 200k
rewarm = 20k
[axes]
trace = $traces/sort.pwt
config = intel-skylake
tlb.stlb.entries = 512 1024
[set]
tlb.stlb.ways = 4
E
status "samples" 0 "$PAGEWALK" sweep sampled.ini
for e in 512 1024; do
	"$PAGEWALK" run -q --limit 3000000 --interval 20k --period 200k \
	    --rewarm 20k "$traces/sort.pwt" -c intel-skylake \
	    -s tlb.stlb.ways=4 -s tlb.stlb.entries=$e -j one.json
	same=no
	for f in results/sampled/points/*.json; do
		cmp -s one.json "$f" && same=yes
	done
	is "$e entries: the bytes of a run" $same yes
	is "$e entries: the estimate is in the table" "$(awk -F, -v e=$e '
	    NR == 1 { for (i = 1; i <= NF; i++) if ($i == "estimates/stlb_misses") c = i }
	    $3 == e { printf "%.6f", $c }' results/sampled/results.csv)" \
	    "$(printf %.6f "$(get one.json \
	    lanes/0/estimates/stlb_misses/per_kilo_instruction)")"
done
ok "not those of the whole" test \
    "$(head -n 1 results/sampled/results.csv | grep -c half_width)" = 1
while IFS='|' read -r name line message; do
	printf '[experiment]\n%b\n[axes]\ntrace = %s\n' "$line" \
	    "$traces/sort.pwt" >wrong.ini
	status "$name" 3 "$PAGEWALK" sweep wrong.ini
	like "is said" "$err" "$message"
done <<E
a period without an interval|period = 5|expected an interval too
a period within the interval|interval = 9\\nperiod = 5|period = 5: expected at least the interval, 9
warming where nothing is left out|interval = 9\\nrewarm = 5|rewarm: expected a period
no number|interval = x|interval = x: expected a number of instructions
E

# What else can go wrong.
status "no experiment" 2 "$PAGEWALK" sweep
status "a part of none" 2 "$PAGEWALK" sweep size.ini --shard 4/3
status "no file" 3 "$PAGEWALK" sweep nothing.ini
like "is named" "$err" 'nothing.ini: cannot open'
status "nowhere to write" 1 "$PAGEWALK" sweep size.ini -o /proc/x
like "is named" "$err" '/proc/x: '
done_testing
