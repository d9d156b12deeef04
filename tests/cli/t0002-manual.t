#!/bin/sh
# t0002-manual.t - the manual page against the program: each command has its
# subsection, and both have the same options.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
page=$top_srcdir/doc/pagewalk.1

commands=$("$PAGEWALK" --help |
    sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$')
for c in $commands; do
	"$PAGEWALK" help $c | sed -n 's/^ *\(-[a-z], \)\{0,1\}--\([a-z-]*\).*/\1--\2/p' |
	    sed 's/,//' | grep -v -e '--help' | sort >by-help
	awk -v c="$c" '/^\.S[sh] / { on = $2 == c } on' "$page" |
	    sed -n 's/^\.It Fl \(\([a-z]\) , \)\{0,1\}-\([a-z-]*\).*/\2 \3/p' |
	    sed 's/^ /--/; s/^\([a-z]\) /-\1 --/' | sort >by-page
	ok "$c: the manual has the options of the program" \
	    diff by-help by-page
	test -s by-help && pass "$c has options" || fail "$c has options"
done
sections=$(sed -n 's/^\.Ss //p' "$page" | sort)
is "the manual has the commands of the program" "$sections" \
    "$(printf '%s\n' $commands | sort)"
for n in 0 1 2 3 4; do
	ok "exit status $n is documented" grep -q "^\.It $n\$" "$page"
done
if command -v mandoc >/dev/null; then
	is "mandoc has nothing to complain about" \
	    "$(mandoc -Tlint -Wwarning "$page" \
	    "$top_srcdir/doc/libpagewalk.3" 2>&1)" ""
else
	skip "mandoc has nothing to complain about" "mandoc is not installed"
fi

# The library's page has the functions of its header.
is "libpagewalk(3) has what the header has" \
    "$(sed -n 's/^\.It Fn \([a-z_]*\).*/\1/p; s/^\.Fn \(pagewalk_[a-z_]*\).*/\1/p' \
    "$top_srcdir/doc/libpagewalk.3" | sort -u)" \
    "$(sed -n 's/^[a-z].*[ *]\(pagewalk_[a-z_]*\)(.*/\1/p' \
    "$top_srcdir/src/lib/libpagewalk.h" | sort -u)"
done_testing
