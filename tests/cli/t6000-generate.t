#!/bin/sh
# t6000-generate.t - generated traces, and the numbers they must give.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

status "--list" 0 "$PAGEWALK" generate --list
for p in $(printf '%s\n' "$out" | sed 's/ .*//'); do
	ok "$p: made" "$PAGEWALK" generate $p --footprint 1M --refs 20000 -o t.pwt
	ok "$p: replayed" "$PAGEWALK" run -q t.pwt -j t.json
	is "$p: no reference is refused" "$(get t.json totals/faults/signals)" 0
	is "$p: results as the kernel gives them" \
	    "$(get t.json kernel/result_mismatches)" 0
	mv t.pwt first.pwt
	"$PAGEWALK" generate $p --footprint 1M --refs 20000 -o t.pwt >/dev/null
	ok "$p: the same bytes" cmp first.pwt t.pwt
done
status "no such pattern" 2 "$PAGEWALK" generate nonesuch
like "is named" "$err" 'nonesuch'
status "an option that does not apply" 2 "$PAGEWALK" generate gups --skew 2
like "is named" "$err" '--skew does not apply to gups'
status "a skew that is no number" 2 "$PAGEWALK" generate zipf --skew 1x
status "too many words" 2 "$PAGEWALK" generate gups zipf
status "a directory that is not there" 1 "$PAGEWALK" generate gups \
    --footprint 1M --refs 1000 -o none/t.pwt
like "is named" "$err" 'none/t.pwt'

# A 64 MiB file read in order takes one fault for each 64 KiB of it
# (fault-around).
status "a file" 0 "$PAGEWALK" generate file --footprint 64M -o f.pwt
warmup=$(printf '%s\n' "$out" | sed -n 's/.*--warmup \([0-9]*\).*/\1/p')
"$PAGEWALK" run -q f.pwt --warmup $warmup -j around.json
"$PAGEWALK" run -q f.pwt --warmup $warmup --set os.fault_around=4096 -j none.json
is "fault-around: 1024 windows" \
    "$(get around.json totals/faults/by_kind/file_read)" 1024
is "without it: 16384 pages" \
    "$(get none.json totals/faults/by_kind/file_read)" 16384

# Where a Skylake's first-level TLB ends: 64 pages of 4 KiB.
chase() {
	warmup=$("$PAGEWALK" generate chase --footprint $1 --stride 4K \
	    --refs 96000 -o c.pwt | sed -n 's/.*--warmup \([0-9]*\).*/\1/p')
	"$PAGEWALK" run -q c.pwt -c intel-skylake --warmup $((warmup + 200)) \
	    -j $2
}
chase 256K 64.json
chase 384K 96.json
is "64 pages: no miss" "$(get 64.json totals/tlb/l1d-4k/data_misses)" 0
misses=$(get 96.json totals/tlb/l1d-4k/data_misses)
test "$misses" -gt 48000 && pass "96 pages: most miss ($misses)" ||
    fail "96 pages: most miss" "$misses"
is "96 pages: all are in the second level" "$(get 96.json totals/stlb_misses)" 0
done_testing
