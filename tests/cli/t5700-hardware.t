#!/bin/sh
# t5700-hardware.t - hardware beyond the presets: caches of walks alone and walks
# past caches, replacement by prediction, entries for several pages.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

loads() {
	get "$1" "lanes/0/pte_loads/$2/$3"
}
counter() {
	get "$1" "lanes/0/counters/$2"
}
# total FILE LEVEL: loads of its entries, wherever they were
total() {
	n=0
	for place in $("$tools/json" "$1" |
	    sed -n "s#^lanes\[\]/pte_loads/$2/\([^/]*\)\$#\1#p"); do
		n=$((n + $(loads "$1" "$2" "$place")))
	done
	echo "$n"
}
run() {
	json=$1
	shift
	status "$json" 0 "$PAGEWALK" run -q -c plain.ini zipf.pwt -j "$json" "$@"
}

cat >plain.ini <<'END'
base = intel-skylake
[pwc.pde]
entries = 0
[pwc.pdpte]
entries = 0
[pwc.pml4e]
entries = 0
END
cat >unified.ini <<'END'
[cache.walks]
level = 1
sides = walk
walks = upper
size = 4K
ways = 64
line = 8
hit_cycles = 2
END
status "a program" 0 "$PAGEWALK" generate zipf --footprint 512M --refs 300000 \
    -o zipf.pwt
run none.json
run all.json -c unified.ini
is "as many walks" "$(counter all.json walks)" "$(counter none.json walks)"
is "as many loads" "$(counter all.json pte_loads)" \
    "$(counter none.json pte_loads)"
for level in pde pdpte pml4e; do
	is "$level: as many as without" "$(total all.json $level)" \
	    "$(total none.json $level)"
	ok "$level: nearly all in it" test $((100 * \
	    $(loads all.json $level walks))) -gt $((95 * \
	    $(counter all.json walks)))
done
is "entries of the last level are not" "$(loads all.json pte walks)" 0
ok "walks are shorter" test "$(counter all.json walk_cycles)" -lt \
    "$(counter none.json walk_cycles)"
run leaf.json -c unified.ini --set cache.walks.walks=all
ok "of all entries: some of the last level are" test \
    "$(loads leaf.json pte walks)" -gt 0
run small.json -c unified.ini --set cache.walks.size=64 \
    --set cache.walks.ways=8
ok "a smaller one has fewer" test "$(loads small.json pde walks)" -lt \
    "$(loads all.json pde walks)"

# Past a cache, or all of them.
run past.json --set cache.l1d.walks=none
is "none in the first" "$(loads past.json pte l1d)" 0
ok "but in the second" test "$(loads past.json pte l2)" -gt 0
run upper.json --set cache.l1d.walks=upper
is "upper ones alone: none of the last" "$(loads upper.json pte l1d)" 0
ok "but others" test "$(loads upper.json pde l1d)" -gt 0
run memory.json --set cache.l1d.walks=none --set cache.l2.walks=none \
    --set cache.l3.walks=none
is "all of them in memory" "$(loads memory.json pte memory)" \
    "$(total none.json pte)"
ok "and many" test "$(total none.json pte)" -gt 300000
status "the report has its column" 0 "$PAGEWALK" run -c plain.ini \
    -c unified.ini zipf.pwt
like "as a cache that walks ask" "$out" 'loads +walks +l1d'

# Data references go through caches, never through one of walks.
run data.json -c unified.ini --set cpu.data_caches=yes
is "no reference of the program in it" \
    "$(get data.json lanes/0/data_served/walks)" 0
ok "in others" test "$(get data.json lanes/0/data_served/l1d)" -gt 0

# Replacement by prediction: no worse than it must be, and not as lru.
for policy in lru srrip brrip; do
	run $policy.json --set tlb.stlb.replacement=$policy
done
ok "srrip differs from lru" test "$(counter srrip.json walks)" -ne \
    "$(counter lru.json walks)"
ok "brrip differs from both" test "$(counter brrip.json walks)" -ne \
    "$(counter srrip.json walks)"
status "a cyclic program" 0 "$PAGEWALK" generate sequential --stride 4K \
    --footprint 8M --refs 100000 -o cyclic.pwt
for policy in lru brrip; do
	status "$policy on it" 0 "$PAGEWALK" run -q cyclic.pwt -j $policy.json \
	    --set tlb.stlb.replacement=$policy
done
ok "brrip keeps a part of what lru loses" test \
    $((2 * $(counter brrip.json walks))) -lt "$(counter lru.json walks)"

# Entries for neighbours: a program that reads pages in order walks for every
# second, fourth, eighth one, and where all fit, not at all.
status "pages in order" 0 "$PAGEWALK" generate sequential --stride 4K \
    --footprint 64M --refs 160000 -o seq.pwt
for n in 1 2 4 8 16; do
	status "$n pages an entry" 0 "$PAGEWALK" run -q seq.pwt -j $n.json \
	    --set tlb.stlb.pages=4K --set tlb.stlb.coalesce=$n
	is "as many first-level misses" "$(counter $n.json l1_tlb_misses)" \
	    "$(counter 1.json l1_tlb_misses)"
done
cold=$(counter 16.json walks) # all of the program's beginning
for n in 1 2 4; do
	is "a walk for $n pages" $(($(counter $n.json walks) - cold)) \
	    $((160000 / n))
done
# Pages a power of two apart: one set where low bits choose it, all by hash.
status "pages far apart" 0 "$PAGEWALK" generate strided --stride 256K \
    --footprint 8M --refs 100000 --no-init -o far.pwt
for index in linear hash; do
	status "index $index" 0 "$PAGEWALK" run -q far.pwt -j $index.json \
	    --warmup 10000 --set tlb.l1d-4k.index=$index
done
ok "hashed, nearly all hit" test $((5 * $(counter hash.json l1_tlb_misses))) \
    -lt "$(counter linear.json l1_tlb_misses)"
status "of several sizes" 3 "$PAGEWALK" run -q seq.pwt \
    --set tlb.stlb.coalesce=4
like "is refused" "$err" 'stlb: coalesces pages of several sizes'
status "three pages" 3 "$PAGEWALK" run -q seq.pwt --set tlb.l1d-4k.coalesce=3
like "are refused" "$err" 'expected 1, 2, 4, 8 or 16'
status "mappings that come and go" 0 "$PAGEWALK" generate churn --refs 200000 \
    -o churn.pwt
status "an array each way" 0 "$PAGEWALK" run -q churn.pwt -j churn.json \
    --set tlb.l1d-4k.coalesce=4 --set tlb.l1i-4k.coalesce=8 \
    --set tlb.stlb.pages=4K --set tlb.stlb.coalesce=4
ok "it walks less than it would" test "$(counter churn.json walks)" -gt 0

status "sides" 3 "$PAGEWALK" run -q zipf.pwt --set cache.l1d.walks=some
like "what is expected" "$err" 'cache.l1d.walks.*all, upper'
done_testing
