#!/bin/sh
# t0009-docs.t - what the documents tell people to type works: every command
# behind a "$", in order, with the files that they show.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

mkdir bin
ln -s "$PAGEWALK" bin/pagewalk
PATH=$PWD/bin:$PATH
ln -s "$top_srcdir/traces" "$top_srcdir/scripts" .
# Stand for what a reader has captured.
cp traces/list.pwt ls.pwt
cp traces/sort.pwt sort.pwt
cp traces/interpreter.pwt mine.pwt

# commands FILE: a file NNN.cmd for each command, with the lines that go on
# with it; what "$ cat FILE" shows becomes that file.
commands() {
	rm -f ./*.cmd
	awk '
	function begin(name) {
		if (out)
			close(out)
		out = name
		printf "" >out
	}
	/^    \$ cat [a-z]+\.ini$/ {
		begin($3)
		open = "file"
		next
	}
	/^    \$ / {
		begin(sprintf("%03d.cmd", ++n))
		sub(/^    \$ /, "")
		print >out
		open = /\\$/ || gsub(/\047/, "\047") % 2 ? "cmd" : ""
		next
	}
	/^    / && open {
		sub(/^    /, "")
		print >out
		if (open == "cmd" && !/\\$/)
			open = ""
		next
	}
	!/^$/ || open == "cmd" { open = "" }
	' "$1"
}

# What needs more than this test has: a program of the reader's, other tools,
# a screen, half an hour.
not_here() {
	grep -qE 'capture|--live|^simpoint|gnuplot -p| e\.ini|validate' "$1" ||
		{ grep -q 'sweep scripts' "$1" && ! grep -q -e --dry-run "$1"; } ||
		{ grep -qE 'plot|gnuplot' "$1" && ! command -v gnuplot >/dev/null; }
}

for page in "$top_srcdir/README.md" "$top_srcdir"/doc/*.md; do
	commands "$page"
	for f in [0-9]*.cmd; do
		test -e "$f" || continue
		if grep -q '^simpoint' "$f"; then
			echo "1 0" >points
			echo "1.0 0" >weights
		fi
		not_here "$f" && continue
		status "${page##*/}: $(head -1 "$f")" 0 sh "$f"
		is "it says nothing of a mistake" "$(printf '%s\n' "$err" |
		    grep -v 'generated\|measured part\|references (' |
		    grep -ci 'error\|cannot\|unknown')" 0
		ran=$((ran + 1))
	done
done
ok "commands were found: $ran" test "$ran" -ge 20
done_testing
