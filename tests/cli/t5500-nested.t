#!/bin/sh
# t5500-nested.t - page walks of two dimensions: a guest's and its host's.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

bare='-s pwc.pde.entries=0 -s pwc.pdpte.entries=0 -s pwc.pml4e.entries=0'
"$PAGEWALK" generate chase --page-random --stride 4096 --footprint 32M \
    --refs 60000 -o chase.pwt >/dev/null

replay() { # NAME SETTING...
	name=$1
	shift
	set -- $(for s; do echo -s "$s"; done)
	status "$name" 0 "$PAGEWALK" run chase.pwt -q -c teaching $bare "$@" \
	    -j "$name.json"
}
counter() {
	get "$1.json" "lanes/0/counters/$2"
}
nothing='nested.tlb_entries=0 nested.pwc_entries=0'

# With nothing cached each guest entry and the page itself take a host's walk:
# 24 loads for 4 levels over 4 (Bhargava et al., ASPLOS 2008).
replay native nested.page=none
guest=$(counter native pte_loads)
done=$(counter native walks_completed)
test "$done" -gt 60000 && pass "walks" || fail "walks" "$done"
for host in 4K:4 2M:3 1G:2; do
	page=${host%:*} levels=${host#*:}
	replay "bare-$page" "nested.page=$page" $nothing
	is "host of $page: $levels loads more for each address" \
	    "$(counter "bare-$page" pte_loads)" \
	    $((guest + levels * (guest + done)))
	is "host of $page: the same walks" "$(counter "bare-$page" walks)" \
	    "$(counter native walks)"
	is "host of $page: the same faults" "$(counter "bare-$page" faults)" \
	    "$(counter native faults)"
done
sum() { # NAME LEVEL: loads at it
	n=0
	for place in l1 memory; do
		n=$((n + $(get "$1.json" "lanes/0/pte_loads/$2/$place")))
	done
	echo $n
}
is "told apart: the guest's" "$(sum bare-4K pte)" "$(sum native pte)"
is "and the host's" "$(sum bare-4K host_pml4e)" $((guest + done))
like "not a level that the host has not" \
    "$("$PAGEWALK" run chase.pwt -c teaching -s nested.page=1G)" '^ *host_pdpte '
is "none below its pages" "$("$PAGEWALK" run chase.pwt -c teaching \
    -s nested.page=1G | grep -c '^ *host_pde ')" 0

# What is cached spares loads, never adds any.
replay tlb nested.page=4K nested.pwc_entries=0 nested.tlb_entries=16
replay both nested.page=4K nested.pwc_entries=4 nested.tlb_entries=16
test "$(counter tlb pte_loads)" -lt "$(counter bare-4K pte_loads)" &&
    test "$(counter both pte_loads)" -lt "$(counter tlb pte_loads)" &&
    test "$(counter both pte_loads)" -gt "$guest" &&
    pass "a nested TLB spares loads, and caches of upper entries" ||
    fail "caches" "$(counter tlb pte_loads), $(counter both pte_loads)"

# A guest's huge page over a host's small ones is kept in small pieces.
replay huge os.thp=always
replay pieces os.thp=always nested.page=4K
is "huge pages in the TLB" "$(get huge.json \
    lanes/0/page_sizes/2M/references | sed 's/^0$/none/;s/^[1-9].*/some/')" some
is "are none over small ones" \
    "$(get pieces.json lanes/0/page_sizes/2M/references)" 0
# ... where a write to one is refused and copied, too.
"$PAGEWALK" generate forks --footprint 16M -o forks.pwt >/dev/null
status "huge pages forked" 0 "$PAGEWALK" run forks.pwt -q -c teaching \
    -s os.thp=always -s nested.page=4K -j forks.json
is "a lookup that faults is one for a small page" \
    "$(get forks.json lanes/0/page_sizes/2M/l1_misses)" 0
status "another size is refused" 3 "$PAGEWALK" run chase.pwt -s nested.page=8K
like "and named" "$err" 'nested.page = 8K: expected one of none, 4K, 2M, 1G'
done_testing
