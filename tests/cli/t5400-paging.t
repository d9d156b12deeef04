#!/bin/sh
# t5400-paging.t - lanes whose page tables have another shape than the kernel's.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

# No walk caches: every walk loads each level.
bare='-s pwc.pde.entries=0 -s pwc.pdpte.entries=0 -s pwc.pml4e.entries=0'
"$PAGEWALK" generate chase --page-random --stride 4096 --footprint 32M \
    --refs 60000 -o chase.pwt >/dev/null

replay() { # NAME PAGING
	status "$1" 0 "$PAGEWALK" run chase.pwt -q -c teaching $bare \
	    -s "machine.paging=$2" -j "$1.json"
}
counter() {
	get "$1.json" "lanes/0/counters/$2"
}
replay four x86-64-4level
replay five x86-64-5level
replay three riscv-sv39
replay_bad() {
	status "refused: $2" "$1" "$PAGEWALK" run \
	    chase.pwt -q -c teaching $bare -s "machine.paging=$2"
}
replay_bad 3 radix-12-9-9-9-9
like "which is named" "$err" 'expected only page sizes of radix-12-9-9-9-9'
replay_bad 3 radix-5-9
like "a shape is checked" "$err" 'machine.paging = radix-5-9.*expected one of'

walks=$(counter four walks)
for n in three five; do
	is "$n: the same TLBs miss as often" "$(counter $n walks)" "$walks"
	is "$n: the kernel faults as often" "$(counter $n faults)" \
	    "$(counter four faults)"
done
completed=$(counter four walks_completed)
more=$(($(counter five pte_loads) - $(counter four pte_loads)))
test "$more" -ge "$completed" && test "$more" -le "$walks" &&
    pass "a level more: a load more each walk" ||
    fail "a level more" "$more loads more for $walks walks"
less=$(($(counter four pte_loads) - $(counter three pte_loads)))
test "$less" -ge "$completed" && test "$less" -le "$walks" &&
    pass "a level less: a load less each walk" ||
    fail "a level less" "$less loads less for $walks walks"
is "the kernel's tables are nobody else's" "$(counter four own_table_bytes)" 0
# 32 MiB in tables of 2 MiB each, and what leads there.
test "$(counter five own_table_bytes)" -ge $((16 * 4096)) &&
    pass "tables of its own" ||
    fail "tables of its own" "$(counter five own_table_bytes)"

# Lanes of several shapes in one replay are as alone.
none=pwc.pde.entries=0,pwc.pdpte.entries=0,pwc.pml4e.entries=0
status "side by side" 0 "$PAGEWALK" run chase.pwt -q -c teaching $bare \
    -l "five=teaching,$none,machine.paging=x86-64-5level" -j both.json
for n in cycles pte_loads own_table_bytes; do
	is "the second lane's $n are as alone" \
	    "$(get both.json lanes/1/counters/$n)" "$(counter five $n)"
done

# A course's exercise: pages of 256 bytes, a TLB of 16 entries, FIFO. Going
# round 17 pages misses each time, round 16 never again.
cat >course.ini <<'INI'
[machine]
paging = radix-8-12-12
[tlb.all]
pages = 256
entries = 16
replacement = fifo
INI
data_misses() { # PAGES
	i=0
	while [ $i -lt 170 ]; do
		echo $((4096 + i % $1 * 256))
		i=$((i + 1))
	done | sed 's/^/R /' >round.txt
	"$PAGEWALK" import --from rw --radix 10 round.txt -o round.pwt \
	    >/dev/null 2>&1 || fail "import"
	"$PAGEWALK" run round.pwt -q -c course.ini -j round.json
	get round.json lanes/0/tlb/all/data_misses
}
sixteen=$(data_misses 16)
seventeen=$(data_misses 17)
# A lookup that faults is a miss, too: one in each 4 KiB.
is "16 pages of 256 bytes: one miss each" "$((sixteen - 1))" 16
is "17 pages: a miss each time" "$((seventeen - 2))" 170
# No trees: as many walks; so many loads each as they must have.
status "a program" 0 "$PAGEWALK" generate zipf --footprint 256M --refs 200000 \
    -o zipf.pwt
for kind in radix hashed clustered cuckoo inverted; do
	status "$kind" 0 "$PAGEWALK" run -q zipf.pwt -j $kind.json \
	    --set machine.tables=$kind
	is "$kind: as many walks" "$(counter $kind walks)" \
	    "$(counter radix walks)"
	is "$kind: as many faults" "$(counter $kind faults)" \
	    "$(counter radix faults)"
done
walks=$(counter radix walks)
ok "it walks" test "$walks" -gt 100000
is "cuckoo: three loads each" "$(counter cuckoo pte_loads)" $((3 * walks))
ok "but the time of one" test "$(counter cuckoo walk_cycles)" -lt \
    "$(counter inverted walk_cycles)"
for kind in hashed clustered; do
	n=$(counter $kind pte_loads)
	ok "$kind: one load each, or a few more" test "$n" -ge "$walks" -a \
	    "$n" -lt $((walks * 3 / 2))
done
ok "clustered: lines serve neighbours, so they are nearer" test \
    "$(counter clustered walk_cycles)" -lt \
    "$(counter hashed walk_cycles)"
ok "inverted: an anchor, then entries" test \
    "$(counter inverted pte_loads)" -gt $((walks * 3 / 2))
# 64 K pages of 16 bytes, at most half full, in powers of two.
ok "hashed: its footprint" test \
    "$(counter hashed own_table_bytes)" -ge $((65536 * 16 * 2))
is "a lane beside others" "$("$PAGEWALK" run -q zipf.pwt \
    -l c=,machine.tables=cuckoo -l h=,machine.tables=hashed -j two.json;
    get two.json lanes/1/counters)" "$(get cuckoo.json lanes/0/counters)"
for pattern in churn forks; do
	status "$pattern" 0 "$PAGEWALK" generate $pattern --refs 100000 \
	    -o $pattern.pwt
	status "$pattern: all kinds at once" 0 "$PAGEWALK" run -q $pattern.pwt \
	    -l a=,machine.tables=cuckoo -l b=,machine.tables=hashed \
	    -l c=,machine.tables=clustered -l d=,machine.tables=inverted
done
status "no host" 3 "$PAGEWALK" run -q zipf.pwt --set machine.tables=cuckoo \
    --set nested.page=4K
like "is said" "$err" 'no tree: expected no paging-structure caches and no host'
done_testing
