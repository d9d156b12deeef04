# tap.sh - TAP for shell tests: . "$top_srcdir/tests/cli/tap.sh"
# Gives a scratch directory $tmp, which is also the working directory.
# SPDX-License-Identifier: GPL-3.0-or-later
tap_n=0
tap_bad=0
LC_ALL=C
export LC_ALL
tmp=$(mktemp -d "${TMPDIR:-/tmp}/pagewalk-test.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
tools=$top_builddir/tests/cli

# pass NAME, fail NAME [DETAIL]
pass() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

fail() {
	tap_n=$((tap_n + 1))
	tap_bad=1
	echo "not ok $tap_n - $1"
	test -z "$2" || printf '%s\n' "$2" | sed 's/^/# /'
}

# skip NAME REASON
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# ok NAME COMMAND...: it succeeds.
ok() {
	name=$1
	shift
	if out=$("$@" 2>&1); then pass "$name"; else fail "$name" "$out"; fi
}

# is NAME GOT WANT
is() {
	if test "x$2" = "x$3"; then
		pass "$1"
	else
		fail "$1" "got:  $2
want: $3"
	fi
}

# like NAME TEXT PATTERN: a line of TEXT matches the extended regex.
like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		pass "$1"
	else
		fail "$1" "no line matches: $3
in: $2"
	fi
}

# status NAME WANT COMMAND...: it exits so; its output is left in $out and
# $err.
status() {
	name=$1
	want=$2
	shift 2
	out=$("$@" 2>"$tmp/stderr")
	got=$?
	err=$(cat "$tmp/stderr")
	is "$name" "$got" "$want"
}

# get FILE PATH: a value of a JSON file.
get() {
	"$tools/json" "$1" "$2"
}

done_testing() {
	echo "1..$tap_n"
	exit $tap_bad
}
