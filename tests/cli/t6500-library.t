#!/bin/sh
# t6500-library.t - libpagewalk says what the program says.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
count=$top_builddir/doc/examples/count
feed=$top_builddir/doc/examples/feed
sort=$top_srcdir/traces/sort.pwt

counter() {
	get "$1" "lanes/0/counters/$2"
}

status "the first example" 0 "$count" "$sort"
printf '%s\n' "$out" >count.out
"$PAGEWALK" run -q "$sort" -j skylake.json
"$PAGEWALK" run -q "$sort" -c amd-zen3 -j zen.json --no-recorded
"$PAGEWALK" run -q "$sort" -j plain.json --no-recorded
is "fetches" "$(sed -n 's/^fetches //p' count.out)" \
    "$(get plain.json totals/instructions)"
is "loads" "$(sed -n 's/^loads //p' count.out)" "$(get plain.json totals/loads)"
is "stores" "$(sed -n 's/^stores //p' count.out)" \
    "$(get plain.json totals/stores)"
is "modifies" "$(sed -n 's/^modifies //p' count.out)" \
    "$(get plain.json totals/modifies)"
is "system calls" "$(sed -n 's/^system calls //p' count.out)" \
    "$("$PAGEWALK" info --events "$sort" | awk '$3 == "syscall"' | wc -l)"
is "one machine" "$(sed -n 's/^intel-skylake: //p' count.out)" \
    "$(counter plain.json walks) walks, $(counter plain.json walk_cycles) cycles"
is "the other" "$(sed -n 's/^amd-zen3: //p' count.out)" \
    "$(counter zen.json walks) walks, $(counter zen.json walk_cycles) cycles"

# 2048 pages, each walked to once by rows; by columns 1536 entries are too few
# for 1024 rows of two pages, and every step of a page's 512 columns misses.
status "by rows" 0 "$feed" rows
like "a walk and a fault a page, and those of the code" "$out" \
    '^20(49|5[0-9]) walks, 20(49|5[0-9]) faults$'
status "by columns" 0 "$feed" columns
like "many walks, as many faults" "$out" '^[0-9]+ walks, 20(49|5[0-9]) faults$'
ok "far more walks" test "${out%% *}" -ge 2048
status "in huge pages" 0 "$feed" columns huge
like "four of them" "$out" '^[4-9] walks, [4-9] faults$'

status "no trace" 1 "$count" nothing.pwt
like "its message" "$err" 'nothing.pwt: cannot open'
head -c 100000 "$sort" >cut.pwt
status "a cut trace" 1 "$count" cut.pwt
like "its message" "$err" 'cut.pwt: offset [0-9]+: '

# Nothing else of the program can be seen, so that no name of a user's clashes.
if command -v nm >/dev/null; then
	is "its symbols are those of its header" \
	    "$(nm -g --defined-only "$top_builddir/src/libpagewalk.a" |
	    sed -n 's/.* [TDRB] //p' | sort)" \
	    "$(sort "$top_builddir/src/lib/symbols")"
else
	skip "its symbols" "no nm"
fi
ok "the header says all of them" test \
    "$(grep -c . "$top_builddir/src/lib/symbols")" -ge 13
done_testing
