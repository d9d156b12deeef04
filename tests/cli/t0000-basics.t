#!/bin/sh
# t0000-basics.t - help, version, exit status.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

status "--version" 0 "$PAGEWALK" --version
like "it names a version" "$out" '^pagewalk [0-9]+\.[0-9]+'
status "--help" 0 "$PAGEWALK" --help
commands=$(printf '%s\n' "$out" | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
like "it lists run" "$commands" '^run$'
status "no command is wrong usage" 2 "$PAGEWALK"
status "an unknown command, too" 2 "$PAGEWALK" frobnicate
like "and it is named" "$err" 'frobnicate'
for c in $commands; do
	test $c = help && continue
	status "help $c" 0 "$PAGEWALK" help $c
	by_help=$out
	status "$c --help" 0 "$PAGEWALK" $c --help
	is "both say the same" "$out" "$by_help"
	status "$c with an unknown option is wrong usage" 2 \
	    "$PAGEWALK" $c --no-such-option
	like "with a pointer to the help" "$err" "pagewalk help $c"
done
status "help of no command" 2 "$PAGEWALK" help frobnicate
if test -c /dev/full; then
	"$PAGEWALK" --help >/dev/full 2>stderr
	is "a full disk behind standard output is noticed" $? 1
	like "and said" "$(cat stderr)" 'standard output'
else
	skip "a full disk is noticed" "no /dev/full"
fi
is "CITATION.cff has the program's version" \
    "$(sed -n 's/^version: //p' "$top_srcdir/CITATION.cff")" \
    "$("$PAGEWALK" --version | sed -n '1s/^pagewalk \([0-9.]*\).*/\1/p')"
done_testing
