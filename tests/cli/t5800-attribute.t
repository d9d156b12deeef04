#!/bin/sh
# t5800-attribute.t - run --attribute: whose misses and faults they are, and
# plots of tables.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/live-lib.sh"
micro=$top_builddir/tests/programs/micro

# column FILE NAME [PATTERN]: the sum of a column, over lines with the pattern.
column() {
	awk -F, -v name="$2" -v p="${3:-.}" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$0 ~ p { n += $at[name] }
		END { print n + 0 }' "$1"
}
counter() {
	get all.json "lanes/0/counters/$1"
}

sort=$top_srcdir/traces/sort.pwt
status "a run" 0 "$PAGEWALK" run -q "$sort" -j all.json -f faults.csv
status "with all kinds" 0 "$PAGEWALK" run -q "$sort" -j same.json \
    --attribute function=function.csv --attribute line=line.csv \
    --attribute page=page.csv --attribute heat=heat.csv \
    --attribute miss=miss.csv --attribute walk=walk.csv
ok "nothing else changes" cmp all.json same.json
completed=$(counter walks_completed)
for kind in function line page heat; do
	is "$kind: all walks" "$(column $kind.csv walks)" "$completed"
	is "$kind: all second-level hits" "$(column $kind.csv stlb_hits)" \
	    "$(counter stlb_hits)"
	is "$kind: all faults" "$(column $kind.csv faults)" "$(counter faults)"
	is "$kind: their price" "$(column $kind.csv fault_cycles)" \
	    "$(counter fault_cycles)"
done
is "each miss" "$(grep -c ',walk,' miss.csv)" "$completed"
is "and second-level hit" "$(grep -c ',stlb,' miss.csv)" "$(counter stlb_hits)"
is "each load of their walks" "$(($(grep -c . walk.csv) - 1))" \
    "$(column miss.csv loads)"
is "entries of one table lie in one frame" "$(awk -F, 'NR > 1 && $4 == "pml4e" {
    print substr($5, 1, length($5) - 3) }' walk.csv | sort -u | grep -c .)" 1
# The entry of an address is its number in the table, times 8.
is "an entry is where its address says" "$(awk -F, '
    function low(x, n) { return substr("000000000000000" x, length(x) + 16 - n) }
    $4 == "pte" { print low(substr($3, 3), 6), low(substr($5, 3), 3) }' walk.csv |
    while read -r page entry; do
	test $(((0x$page >> 12 & 0x1ff) * 8)) -eq $((0x$entry)) || echo "$page"
    done)" ""
is "by mapping: as the report has it" \
    "$(column page.csv stlb_hits 'libc.so')" \
    "$(awk '/"name": ".*libc.so/ { on = 1 }
	on && /"stlb_hits"/ { gsub(/[^0-9]/, ""); n += $0; on = 0 }
	END { print n + 0 }' all.json)"

# A part of it.
status "a part" 0 "$PAGEWALK" run -q "$sort" --warmup 3000000 --limit 1000000 \
    -j all.json --attribute page=part.csv --attribute miss=part-miss.csv
is "its walks alone" "$(column part.csv walks)" "$(counter walks_completed)"
is "its faults alone" "$(column part.csv faults)" "$(counter faults)"
is "none from before" "$(awk -F, 'NR > 1 && $1 > 1000300' part-miss.csv |
    grep -c .)" 0

# Functions of a program that we know, by the names that its file has.
status "a program" 0 "$PAGEWALK" capture -q -o micro.pwt -- "$micro" anon
status "by function" 0 "$PAGEWALK" run -q micro.pwt -j all.json \
    --attribute function=micro.csv --attribute line=lines.csv
like "the program's own" "$(cat micro.csv)" 'micro","[a-z_]+",'
like "the loader's" "$(cat micro.csv)" 'ld-linux-x86-64.so.2","_dl_relocate_object'
like "lines of source" "$(cat lines.csv)" 'micro","[a-z_]*",".*micro.c",[1-9]'
is "all faults" "$(column micro.csv faults)" "$(counter faults)"

# Heat that has to grow coarser: in places, and in time.
status "much memory" 0 "$PAGEWALK" generate uniform --footprint 64M \
    --refs 200000 -o wide.pwt
status "heat of it" 0 "$PAGEWALK" run -q wide.pwt -j all.json \
    --attribute heat=wide.csv
is "all walks" "$(column wide.csv walks)" "$(counter walks_completed)"
ok "places are larger than pages" test \
    "$(sed -n 2p wide.csv | cut -d, -f7)" -gt 4096
ok "not more spans than that" test "$(cut -d, -f1 wide.csv | sort -u |
    grep -c .)" -le 257
is "a place has one row in a span" "$(cut -d, -f1,3-6 wide.csv | sort |
    uniq -d)" ""

refused() {
	status "$1" 2 "$PAGEWALK" run -q "$sort" --attribute "$2"
	like "$1: said so" "$err" 'expected function=FILE, line=FILE, page=FILE, heat'
}
refused "no kind" x.csv
refused "another kind" color=x.csv
refused "no file" page=
status "twice" 2 "$PAGEWALK" run -q "$sort" --attribute page=a.csv \
    --attribute page=b.csv
ok "nothing is left" test ! -e a.csv
if test -c /dev/full; then
	status "a full disk" 1 "$PAGEWALK" run -q "$sort" \
	    --attribute miss=/dev/full
	like "is said" "$err" '/dev/full'
fi

# Figures.
printf 'a,b\n1,2\n' >other.csv
status "another table" 3 "$PAGEWALK" plot other.csv
like "what is expected" "$err" 'other.csv:1: expected the heading of --intervals'
printf 'first,instructions,pid,mapping,address\n1,2\n' >short.csv
status "a short line" 3 "$PAGEWALK" plot short.csv
like "is named" "$err" 'short.csv:2: 2 fields: expected 5'
status "nothing" 3 "$PAGEWALK" plot /dev/null/x.csv
: >empty.csv
status "an empty one" 3 "$PAGEWALK" plot empty.csv
if ! command -v gnuplot >/dev/null; then
	skip "figures of tables" "gnuplot is not installed"
	done_testing
fi
status "intervals" 0 "$PAGEWALK" run -q "$sort" -l teaching --interval 1000000 \
    --intervals parts.csv
status "figures of tables" 0 "$PAGEWALK" plot heat.csv miss.csv faults.csv \
    parts.csv -o out -f png,pdf
is "gnuplot does not complain" "$err" ""
for f in heat-heat miss-walks faults-faults parts-intervals; do
	ok "$f" test -s "out/$f.png" -a -s "out/$f.pdf" -a -s "out/$f.gp"
done
head -1 miss.csv >none.csv
status "no walks at all" 0 "$PAGEWALK" plot none.csv -o out -f png
is "gnuplot does not complain of that" "$err" ""
done_testing
