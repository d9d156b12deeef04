#!/bin/sh
# t5000-reclaim.t - page replacement: textbook strings with known answers, and
# real programs in too little memory.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

# string NAME PAGE...
string() {
	name=$1
	shift
	echo "$*" >"$name.txt"
	"$PAGEWALK" import --from pages -o "$name.pwt" "$name.txt" >/dev/null
}

# faults NAME POLICY FRAMES WANT
faults() {
	"$PAGEWALK" run -q "$1.pwt" -c intel-skylake -c course-frames \
	    --set os.reclaim="$2" --set os.frames="$3" -j t.json
	is "$1, $2, $3 frames: $4 faults" \
	    $(($(get t.json totals/faults/minor) + \
	       $(get t.json totals/faults/major))) "$4"
}

# L. Belady, R. Nelson, G. Shedler, CACM 12 (6), 1969: the anomaly.
string belady 1 2 3 4 1 2 5 1 2 3 4 5
faults belady fifo 3 9
faults belady fifo 4 10
faults belady lru 3 10
faults belady lru 4 8
faults belady opt 3 7
faults belady opt 4 6
# Silberschatz, Galvin, Gagne, Operating System Concepts, chapter on virtual
# memory.
string silberschatz 7 0 1 2 0 3 0 4 2 3 0 3 2 1 2 0 1 7 0 1
faults silberschatz fifo 3 15
faults silberschatz lru 3 12
faults silberschatz opt 3 9
is "pages seen for the first time" "$(get t.json kernel/paging/zero_fills)" 6
is "and those that come back" "$(get t.json kernel/paging/swap_page_ins)" 3
for p in clock second-chance nru aging wsclock random; do
	faults silberschatz $p 6 6
done

# A page written to costs a write each time it goes, a clean one the first time.
string dirty '1*' 2 3 4 '1*' 2 3 4 1
"$PAGEWALK" run -q dirty.pwt -c intel-skylake -c course-frames \
    --set os.reclaim=fifo -j dirty.json
is "dirty: all come in by turns" "$(get dirty.json kernel/paging/swap_page_ins)" 5
is "... written: each once, the dirty one twice" \
    "$(get dirty.json kernel/paging/swap_evictions)" 5
is "... dropped: clean ones that are in swap" \
    "$(get dirty.json kernel/paging/clean_evictions)" 1

# A real program: the optimum is the least, and each policy has its counts.
pressed() { # POLICY [SET]...
	policy=$1
	shift
	"$PAGEWALK" run -q "$top_srcdir/traces/list.pwt" --no-recorded \
	    -c intel-skylake -c course-frames --set os.reclaim="$policy" \
	    --set os.frames=50 --limit 600000 "$@" -j "$policy.json"
	echo $(($(get "$policy.json" totals/faults/minor) + \
		$(get "$policy.json" totals/faults/major)))
}
best=$(pressed opt)
for p in fifo lru clock second-chance nru aging wsclock random; do
	n=$(pressed $p)
	ok "$p: $n faults, no fewer than the optimum's $best" \
	    test "$n" -ge "$best"
	is "$p: what came in and did not go is there" \
	    $(($(get $p.json kernel/paging/clean_evictions) + \
	       $(get $p.json kernel/paging/swap_evictions) > 0)) 1
done
major() {
	get "$1.json" totals/faults/major
}
ok "true LRU beats chance" test "$(major lru)" -lt "$(major random)"

# Linux, short of memory: with swap it goes on, without it says why it cannot.
"$PAGEWALK" generate uniform --footprint 16M --refs 20000 -o g.pwt >/dev/null
status "short of memory, with swap" 0 "$PAGEWALK" run g.pwt \
    --set machine.memory=16M --set os.swap=64M -j linux.json
ok "pages went to swap" test "$(get linux.json kernel/swapped_out)" -gt 100
ok "and came back" test "$(get linux.json kernel/swapped_in)" -gt 100
"$PAGEWALK" run -q g.pwt --set machine.memory=16M --set os.swap=64M \
    --set os.reclaim=mglru -j mglru.json
ok "generations do it too" test "$(get mglru.json kernel/swapped_out)" -gt 100
status "without swap" 4 "$PAGEWALK" run g.pwt --set machine.memory=16M
like "is said" "$err" 'out of modelled memory'
status "a policy that is none" 3 "$PAGEWALK" run g.pwt --set os.reclaim=best
like "is named with those there are" "$err" 'os.reclaim.*mglru.*opt'
done_testing
