#!/bin/sh
# t0006-results.t - doc/results.md documents every key that a result has, and
# none that it has not.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
page=$top_srcdir/doc/results.md

"$tools/mktrace" t.pwt 300
head -c $(($(wc -c <t.pwt) - 40)) t.pwt >cut.pwt # no index: damage
"$PAGEWALK" run -q --recover cut.pwt t.pwt -j r.json --lane teaching \
	--interval 10 --period 50 --what-if 2M
test -s r.json && pass "a result" || fail "a result"

# Names that people or traces choose become placeholders, as in the page.
"$tools/json" r.json | sed -E '
	s#^(totals/tlb|lanes\[\]/(tlb|pwc|cache))/[^/]+#\1/NAME#
	s#^(lanes\[\]/page_sizes)/[^/]+#\1/SIZE#
	s#^(lanes\[\]/pte_loads|lanes\[\]/pte_load_cycles)/[^/]+/[^/]+#\1/LEVEL/PLACE#
	s#^(lanes\[\]/pte_loads|lanes\[\]/pte_load_cycles)/[^/]+$#\1/LEVEL#
	s#^(lanes\[\]/(insn|data)_served)/.+#\1/PLACE#
	s#^(.*by_kind|intervals/faults)/.+#\1/KIND#
	s#^(.*cycles_by_cause)/.+#\1/CAUSE#
	s#^(mappings\[\]/what_if)/[^/]+#\1/SIZE#
	s#^(lanes\[\]/estimates)/[^/]+#\1/COUNTER#
	s#^(.*configuration)/.+#\1/KEY#
	s#^(trace/provenance)/.+#\1/KEY#
	s#^traces\[\]/.*#traces#
	s#\[\]$##' | sort -u >emitted
sed -n 's/^| `\([^`]*\)` .*/\1/p' "$page" | sort -u >documented
is "emitted but not documented" "$(comm -23 emitted documented)" ""
is "documented but not emitted" "$(comm -13 emitted documented)" ""

# The lists of names: kinds, causes.
for k in $("$tools/json" r.json | sed -n 's#^totals/faults/by_kind/##p'); do
	grep -q "^- \`$k\`" "$page" || missing="$missing $k"
done
for k in $("$tools/json" r.json | sed -n 's#^cycles_by_cause/##p'); do
	grep -q "^- \`$k\`" "$page" || missing="$missing $k"
done
is "kinds and causes without a line" "$missing" ""
done_testing
