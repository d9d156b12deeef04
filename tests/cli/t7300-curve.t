#!/bin/sh
# t7300-curve.t - curves equal lanes simulated one by one.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

"$PAGEWALK" generate zipf --footprint 2M --refs 30000 --code 64K \
    -o zipf.pwt >/dev/null
"$PAGEWALK" generate chase --footprint 1M --refs 30000 --page-random \
    -o chase.pwt >/dev/null
"$PAGEWALK" generate btree --footprint 1M --refs 30000 -o btree.pwt >/dev/null

# array NAME SIDES ENTRIES WAYS: one of a machine with one level of TLB.
array() {
	cat <<-E
	[tlb.$1]
	level = 1
	sides = $2
	pages = 4K
	entries = $3
	ways = $4
	replacement = lru
	E
}

# split I D WAYS: one for code, one for data.
split() {
	array itlb instruction "$1" full
	array dtlb data "$2" "$3"
}

# at SIDE ENTRIES FILE: misses there
at() {
	awk -F, -v s="$1" -v n="$2" '$1 == s && $5 == n { print $7 }' "$3"
}

# lane FILE I: misses, a reference that faults and is tried again once
lane() {
	echo $(($(get "$1" "lanes/$2/counters/l1_tlb_misses") - \
	    $(get "$1" "lanes/$2/counters/walks_failed")))
}

sizes="1 2 4 8 16 32 64 128 256"
for t in zipf chase btree; do
	status "$t: curves" 0 "$PAGEWALK" curve $t.pwt -p 4K --all --csv $t.csv
	status "$t: curves of 8 sets" 0 "$PAGEWALK" curve $t.pwt -p 4K -s 8 \
	    -q --csv $t.8.csv
	for n in $sizes; do
		split 4 $n full >split.ini
		array l1 both $n full >joint.ini
		set -- --lane split=./split.ini --lane joint=./joint.ini
		split 4 $((8 * n)) $n >sets.ini
		"$PAGEWALK" run -q $t.pwt "$@" --lane sets=./sets.ini \
		    -j lanes.json
		awk -F, -v n="$n" '$5 <= n { last[$1] = $7 }
		    END { for (s in last) print s "," last[s] }' $t.csv >last
		d=$(sed -n 's/^data,//p' last)
		i=$(awk -F, '$1 == "instruction" && $5 <= 4 { v = $7 }
		    END { print v }' $t.csv)
		is "$t: $n entries" $((d + i)) "$(lane lanes.json 1)"
		# A replay opens both sides' pages again after a fault, and
		# takes the code of a block before its data.
		b=$(sed -n 's/^both,//p' last) l=$(lane lanes.json 2)
		faults=$(get lanes.json lanes/2/counters/walks_failed)
		echo "# both $b, lane $l, faults $faults"
		ok "$t: $n entries for both sides" \
		    test "$l" -ge $((b - 2)) -a "$l" -le $((b + 2 * faults))
		s=$(at data $((8 * n)) $t.8.csv)
		test -n "$s" || s=$(awk -F, '$1 == "data" { v = $7 }
		    END { print v }' $t.8.csv)
		is "$t: 8 sets of $n" $((s + i)) "$(lane lanes.json 3)"
	done
done

# Page sizes: as many pages as the footprint has.
"$PAGEWALK" curve zipf.pwt -p 4K,64K,2M -j all.json -w windows.csv >table
like "a table" "$(cat table)" 'entries +instruction 4K +data 4K +both 4K'
pages=$(get all.json curves/1/pages)
ok "4 KiB pages" test "$pages" -ge 512 -a "$pages" -le 520
pages=$(get all.json curves/4/pages)
ok "64 KiB pages" test "$pages" -ge 32 -a "$pages" -le 36
is "a window of one has one page" "$(sed -n 2p windows.csv)" \
    "instruction,4096,1,1.000,4096"
is "the last window has all" "$(awk -F, '$1 == "data" && $2 == 4096 {
    v = $4 } END { print (v <= 520 && v > 100) }' windows.csv)" 1
status "a working set beside them" 0 "$PAGEWALK" curve btree.pwt -p 4K -q --all \
    -w windows.csv --csv beside.csv
ok "changes no curve" cmp beside.csv btree.csv
is "a side alone" "$("$PAGEWALK" curve zipf.pwt --side data -p 4K |
    sed -n 2p | tr -s ' ')" " entries data 4K"
status "a sample" 0 "$PAGEWALK" curve zipf.pwt --sample 0.25 --csv -
like "says how wrong it may be" "$out" 'data,4096,1,256,256,[0-9]*,[0-9]*,0\.[0-9]*,0\.0*[1-9]'
status "a part" 0 "$PAGEWALK" curve zipf.pwt --skip 20000 --limit 10000 -q -j p.json
n=$(get p.json instructions)
ok "of that length" test "$n" -ge 10000 -a "$n" -lt 11000

status "no trace" 2 "$PAGEWALK" curve
status "a page of 3 bytes" 2 "$PAGEWALK" curve zipf.pwt -p 3
like "is named" "$err" '--pages 3: expected powers of two'
status "a sample of 2" 2 "$PAGEWALK" curve zipf.pwt --sample 2
like "is named" "$err" '--sample 2: expected a number above 0'
status "no sets" 2 "$PAGEWALK" curve zipf.pwt --sets 0
like "is named" "$err" '--sets 0: expected 1 to'
status "a side" 2 "$PAGEWALK" curve zipf.pwt --side left
like "is named" "$err" '--side left: expected instruction, data or both'
head -c 3000 zipf.pwt >cut.pwt
status "a truncated trace" 3 "$PAGEWALK" curve cut.pwt
like "is named" "$err" 'cut\.pwt'
status "nowhere to write" 1 "$PAGEWALK" curve -q zipf.pwt --csv /proc/x
like "is named" "$err" '/proc/x'
done_testing
