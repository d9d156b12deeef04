#!/bin/sh
# t5900-whatif.t - run --what-if: the same replay in pages of other sizes.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

counter() {
	get what.json "lanes/$1/counters/$2"
}

status "a program" 0 "$PAGEWALK" generate uniform --footprint 64M \
    --refs 200000 -o wide.pwt
warmup=${out##*--warmup }
warmup=${warmup%%)*}
for preset in intel-skylake amd-zen3 arm-cortex-a72 apple-m1 riscv-boom \
    intel-icelake; do
	status "$preset" 0 "$PAGEWALK" run -q wide.pwt -c $preset \
	    --warmup "$warmup" --what-if 64K,2M,1G -j what.json
	is "$preset: as many faults" "$(counter 1 faults)" "$(counter 0 faults)"
	for i in 1 2 3; do
		ok "$preset: larger pages, fewer walks" test \
		    "$(counter $i walks_completed)" -le \
		    "$(counter $((i - 1)) walks_completed)"
	done
done
status "Skylake" 0 "$PAGEWALK" run wide.pwt --what-if 64K,2M -j what.json \
    --warmup "$warmup"
like "columns in the table" "$out" 'walks +cycles +in 64K +in 2M +faults'
# 64 MiB are 1024 pages of 64 KiB, 32 of 2 MiB: all fit.
ok "few walks where all pages fit" test "$(counter 1 walks_completed)" -lt 10
ok "fewer still" test "$(counter 2 walks_completed)" -lt 10
ok "many of small ones" test "$(counter 0 walks_completed)" -gt 100000
is "as a lane says that is made by hand" "$("$PAGEWALK" run -q wide.pwt \
    --set machine.paging=radix-16-5-9-9-9 --set 'tlb.l1d-4k.pages=64K' \
    --set 'tlb.l1i-4k.pages=64K' --set 'tlb.stlb.pages=64K' \
    --set tlb.l1i-2m.entries=0 --set tlb.l1d-2m.entries=0 \
    --set tlb.l1d-1g.entries=0 --set tlb.stlb-1g.entries=0 -j hand.json \
    --warmup "$warmup";
    get hand.json lanes/0/counters/walk_cycles)" "$(counter 1 walk_cycles)"
sum=0 i=0
while walks=$(get what.json "mappings/$i/what_if/64K/walks") && test "$walks"; do
	sum=$((sum + walks)) i=$((i + 1))
done
is "mappings add up" "$sum" "$(counter 1 walks)"

refused() {
	status "$1" "$2" "$PAGEWALK" run -q wide.pwt --what-if "$3" $4
	like "$1: said so" "$err" "$5"
}
refused "no power" 2 48K "" 'expected page sizes from 8K to 1G'
refused "no unit" 2 65536 "" 'expected page sizes from 8K to 1G'
refused "the second of two" 2 64K,4K "" '--what-if 4K: expected page sizes'
refused "no larger than they are" 2 16K "-c apple-m1" \
    "expected pages larger than the machine's, 16384 bytes"
done_testing
