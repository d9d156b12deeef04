#!/bin/sh
# t7200-diff.t - two results compared.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
trace=$top_srcdir/traces/copy-on-write.pwt

status "a result" 0 "$PAGEWALK" run -q "$trace" -j a.json
status "another machine" 0 "$PAGEWALK" run -q "$trace" -s tlb.stlb.entries=16 \
    -s tlb.stlb.ways=4 -j b.json
status "the same" 0 "$PAGEWALK" diff a.json a.json
is "nothing to say" "$out" "No number moved."
status "two that differ" 1 "$PAGEWALK" diff a.json b.json
like "a key" "$out" '^ *tlb.stlb.entries +1,536 +16$'
walks=$("$tools/json" a.json totals/walks)
more=$("$tools/json" b.json totals/walks)
like "a number, by how much" "$(printf '%s\n' "$out" | tr -d ,)" \
    "^ *totals/walks +$walks +$more +\\+[0-9.]+\$"
is "numbers that did not move are not there" \
    "$(printf '%s\n' "$out" | grep -c totals/instructions)" 0
status "the other way round" 1 "$PAGEWALK" diff b.json a.json
like "has the other sign" "$out" 'totals/walks .* -[0-9.]+$'
status "in JSON" 1 "$PAGEWALK" diff a.json b.json -j -
printf '%s\n' "$out" >d.json
is "its schema" "$("$tools/json" d.json schema)" \
    '{"name": "pagewalk-diff", "version": 1}'
is "the same number" \
    "$("$tools/json" d.json numbers | grep -c '"path": "totals/walks"')" 1
status "only what moved much" 1 "$PAGEWALK" diff a.json b.json --least 1000000
is "walks did not" "$(printf '%s\n' "$out" | grep -c totals/walks)" 0
status "everything" 1 "$PAGEWALK" diff --all a.json b.json
like "lanes, too" "$out" 'lanes/intel-skylake/'
status "quiet" 1 "$PAGEWALK" diff -q a.json b.json
is "says nothing" "$out$err" ""

status "one only" 2 "$PAGEWALK" diff a.json
status "no file" 3 "$PAGEWALK" diff a.json nothing.json
like "is named" "$err" 'nothing.json'
echo '{"schema": {"name": "other"}}' >other.json
status "no result" 3 "$PAGEWALK" diff a.json other.json
like "says what was expected" "$err" 'other.json: schema: expected pagewalk-result'
echo '{' >cut.json
status "no JSON" 3 "$PAGEWALK" diff cut.json a.json
like "line and reason" "$err" 'cut.json:[0-9]+: '
done_testing
