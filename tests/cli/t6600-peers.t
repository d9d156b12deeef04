#!/bin/sh
# t6600-peers.t - the same stream and geometry in a simulator that is not ours
# to the letter: misses agree.  doc/comparison.md says where they may not.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

cat >plain.ini <<'END'
base = teaching
[cpu]
data_caches = yes
[cache.l1]
size = 0
[cache.l1i]
level = 1
sides = instruction
size = 32K
ways = 8
hit_cycles = 4
[cache.l1d]
level = 1
sides = data
size = 32K
ways = 8
hit_cycles = 4
walks = none
END
cat >tlbs.ini <<'END'
[tlb.i]
level = 1
sides = instruction
pages = 4K
entries = 64
ways = 4
[tlb.d]
level = 1
sides = data
pages = 4K
entries = 48
ways = 4
END
misses() {
	get "$1" "lanes/0/$2/misses"
}

# A program that never shares a frame, nor has one taken: physical addresses
# are as good as its own.  (A cache of 64 sets finds them inside a page.)
status "a program" 0 "$PAGEWALK" generate btree --footprint 8M --refs 300000 \
    -o tree.pwt
status "as Dinero reads it" 0 "$PAGEWALK" export --to xdin -o tree.din tree.pwt
status "caches" 0 "$PAGEWALK" run -q tree.pwt -c ./plain.ini -j caches.json \
    --set machine.memory=256M
"$tools/dinsim" 64 8 64 <tree.din >caches.out
read -r insn data <caches.out
ok "it misses" test "$data" -gt 10000
is "instructions: the same misses" "$(misses caches.json cache/l1i)" "$insn"
is "data: the same misses" "$(misses caches.json cache/l1d)" "$data"

# TLBs: what faults looks a page up once more, and misses once more.
status "TLBs" 0 "$PAGEWALK" run -q tree.pwt -c ./tlbs.ini -j tlbs.json
faults=$(get tlbs.json lanes/0/counters/walks_failed)
"$tools/dinsim" 16 4 4096 <tree.din >tlbs.out
read -r insn data <tlbs.out
"$tools/dinsim" 12 4 4096 <tree.din >odd.out
read -r other odd <odd.out
is "instructions and data: the same misses, and the faults'" \
    "$(($(misses tlbs.json tlb/i) + $(misses tlbs.json tlb/d)))" \
    $((insn + odd + faults))
ok "sets that are no power of two are others" test "$odd" -ne "$data"
done_testing
