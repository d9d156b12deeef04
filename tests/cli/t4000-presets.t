#!/bin/sh
# t4000-presets.t - hardware presets: each is a machine, and where measurements
# exist its TLBs have the measured reach and price.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

"$PAGEWALK" generate chase --page-random --stride 4096 --footprint 512K \
    --refs 4000 -o chase.pwt >/dev/null
for f in "$top_srcdir"/configs/*.ini; do
	p=$(basename "$f" .ini)
	case $p in linux-* | course-*) continue ;; esac
	status "$p replays" 0 "$PAGEWALK" run chase.pwt -q -c "$p"
	test "$(grep -c '^\[tlb\.' "$f")" -ge 2 &&
	    grep -q '^help = ' "$f" && pass "$p: described" ||
	    fail "$p: described"
done

# Up to 1 MiB: columns of pages, then measured, modelled, difference.
status "latency curves" 0 env PAGEWALK="$PAGEWALK" \
    "$top_srcdir/scripts/latency-curves.sh" 1024
printf '%s\n' "$out" | awk 'NR > 1' >curves
is "five sizes" "$(wc -l <curves | tr -d ' ')" 5
for core in 1:skylake 2:tigerlake 3:gracemont 4:zen3; do
	n=${core%%:*}
	# Zen 3 at 256 pages: its L2's index is not modelled.
	worst=$(awk -v n="$n" '
		n == 4 && $2 > 128 { next }
		{ d = $(3 * n + 2); d = d < 0 ? -d : d; if (d > w) w = d }
		END { print w + 0 }' curves)
	test "$worst" -le 3 && pass "${core#*:}: within 3 clocks" ||
	    fail "${core#*:}: $worst clocks off" "$out"
done

# Loads and stores of Sunny Cove: 16 entries for stores, 64 for loads.
"$PAGEWALK" generate strided --stride 4096 --footprint 128K --writes 100 \
    --refs 4000 -o stores.pwt >/dev/null
misses() {
	"$PAGEWALK" run stores.pwt -q -c "$1" -j - | awk '
		/"lanes":/ { on = 1 }
		on && /"l1_tlb_misses":/ { print $2 + 0; exit }'
}
ice=$(misses intel-icelake)
sky=$(misses intel-skylake)
test "$ice" -gt 3000 && test "$sky" -lt 200 &&
    pass "32 pages stored to in turn: misses with 16 entries, not with 64" ||
    fail "32 pages stored to in turn" "icelake $ice, skylake $sky"
done_testing
