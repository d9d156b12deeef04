#!/bin/sh
# t0007-plot.t - figures.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

"$tools/mktrace" t.pwt 30
"$PAGEWALK" run -q t.pwt -j r.json -l "it's \"odd\"=teaching"

mkdir empty
status "without gnuplot" 1 env PATH="$tmp/empty" "$PAGEWALK" plot r.json -o none
like "says what to install" "$err" 'gnuplot is not installed'
test -s none/r-cycles.gp && test -s none/r-cycles.dat &&
    pass "script and data are there" || fail "script and data are there"
status "no result" 2 "$PAGEWALK" plot
status "a missing result" 3 "$PAGEWALK" plot nothing.json
echo '{"schema": {"name": "other", "version": 1}}' >other.json
status "another schema" 3 "$PAGEWALK" plot other.json
status "an unknown format" 2 "$PAGEWALK" plot r.json -f pdf,gif
like "is named" "$err" 'gif'

if ! command -v gnuplot >/dev/null; then
	skip "figures" "gnuplot is not installed"
	done_testing
fi
status "all formats" 0 "$PAGEWALK" plot r.json -o out -f pdf,png,svg
is "gnuplot does not complain" "$err" ""
is "the names are printed" "$(printf '%s\n' "$out" | wc -l)" 6
for f in $out; do
	case $f in
	*.pdf) magic=25504446 ;;
	*.png) magic=89504e47 ;;
	*.svg) magic=3c3f786d ;;
	esac
	is "$f is one" "$(head -c 4 "$f" | od -An -tx1 | tr -d ' \n')" $magic
	size=$(wc -c <"$f")
	test "$size" -gt 4000 && pass "and not empty" || fail "and not empty" "$size"
done
status "for LaTeX" 0 "$PAGEWALK" plot r.json -o tex -f tex,pdf
is "gnuplot does not complain" "$err" ""
like "its name" "$out" '^tex/r-cycles-tex\.tex$'
for f in r-cycles r-faults; do
	like "$f: a picture that LaTeX includes" "$(cat tex/$f-tex.tex)" \
	    "includegraphics.*$f-tex"
	is "$f: nothing that LaTeX would take for something else" \
	    "$(sed -n 's/.*strut{}\(.*\)}%$/\1/p' tex/$f-tex.tex |
	    grep -c '[_#%&~]')" 0
	ok "$f: both pictures" test -s tex/$f.pdf -a -s tex/$f-tex.pdf
done
ok "the script can be run again" sh -c 'cd out && gnuplot r-faults.gp'
like "data of cycles" "$(cat out/r-cycles.dat)" '^[0-9]+ walk [0-9.]+ [0-9.]+$'
like "data of faults" "$(cat out/r-faults.dat)" 'anon_zero_read .*cow_copy'
done_testing
