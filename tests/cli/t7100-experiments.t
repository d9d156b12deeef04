#!/bin/sh
# t7100-experiments.t - the shipped experiments give the shipped results.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

ok "the shipped tables are whole" sh -c \
    'cd "$top_srcdir/results" && sha256sum -c SHA256SUMS'
for name in fault-around file-io fork nested page-size pcid table-kind table-shape \
    walk-cache; do
	status "$name" 0 "$top_srcdir/scripts/reproduce.sh" -b "$top_builddir" \
	    "$name"
	is "again" "$out" "$name: the same"
done
status "other settings" 0 sed 's/^os.kernel.*/os.kernel = linux-6.1/
	s/^os.page_cache.*/os.page_cache = cold/' \
    "$top_srcdir/scripts/experiments/fault-around.ini"
printf '%s\n' "$out" | sed "s|\.\./\.\./|$top_srcdir/|g" >other.ini
status "can be swept" 0 "$PAGEWALK" sweep -q other.ini -o other
ok "and give another table" sh -c \
    '! cmp -s other/results.csv "$top_srcdir/results/fault-around.csv"'
ok "each experiment has its table" sh -c \
    'for f in "$top_srcdir"/scripts/experiments/*.ini; do
	n=${f##*/}; test -s "$top_srcdir/results/${n%.ini}.csv" || exit 1
    done'
done_testing
