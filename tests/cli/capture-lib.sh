# capture-lib.sh - for the tests of capture: sourced, makes $work and cd's.
# SPDX-License-Identifier: GPL-3.0-or-later
dump=$top_builddir/tests/cli/dumptrace
victim=$top_builddir/tests/cli/victim
n=0
# Which back end is tested: BACKEND=pagewalk for our own tool.
backend=${BACKEND:-lackey}

if ! command -v valgrind >/dev/null 2>&1; then
	echo "1..0 # SKIP valgrind is not installed"
	exit 0
fi
# A program's descriptors begin at 3, whatever make's jobserver left open.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

# ok DESCRIPTION COMMAND...: the command must succeed
ok()
{
	n=$((n + 1))
	what=$1
	shift
	if "$@"; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		echo "# failed: $*"
	fi
}

# has PATTERN: a line of the dumped trace matches
has()
{
	grep -Eq "$1" events
}

# before A B: the first line that matches A stands before the last of B
before()
{
	a=$(grep -nE "$1" events | head -n 1 | cut -d: -f1)
	b=$(grep -nE "$2" events | tail -n 1 | cut -d: -f1)
	[ -n "$a" ] && [ -n "$b" ] && [ "$a" -lt "$b" ]
}

# capture ARGS...: run it; $status; output in out, errors in err, events
capture()
{
	"$PAGEWALK" capture --backend "$backend" -o t.pwt "$@" >out 2>err </dev/null
	status=$?
	"$dump" t.pwt >events 2>dump-err
	dump_status=$?
}

is()
{
	[ "$1" = "$2" ] || { echo "# got '$1', want '$2'"; false; }
}
