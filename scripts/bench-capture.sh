#!/bin/sh
# bench-capture.sh - what recording costs, as ratios taken side by side.
#
# bench-capture.sh [-b BUILDDIR] [-r REPEAT]
# For gzip, sort, sqlite3 and python3: the time of Valgrind's cachegrind, of
# `pagewalk capture` and of `pagewalk run --live` on the same command, in turns,
# the least of REPEAT (3) each; and the rate of lackey's trace into a file,
# from its first ten seconds.  M refs/s are given only to show the size.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build repeat=3

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
die() { echo "bench-capture.sh: $*" >&2; exit 1; }

while getopts b:r:h opt; do
	case $opt in
	b) build=$OPTARG ;;
	r) repeat=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
build=$(cd "$build" && pwd) || die "no directory $build"
pagewalk=$build/src/pagewalk
[ -x "$pagewalk" ] || die "no $pagewalk: build first"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
seq 1 120000 | awk '{ print ($1 * 7919) % 100003, "line", $1 }' >text

now() { date +%s%N; }

# least NAME COMMAND...: the shortest of the runs so far, in NAME, milliseconds
least() {
	var=$1
	shift
	from=$(now)
	"$@" >/dev/null 2>&1
	took=$((($(now) - from) / 1000000 + 1))
	eval "had=\${$var:-0}"
	if [ "$had" = 0 ] || [ $took -lt "$had" ]; then
		eval "$var=$took"
	fi
}

# References a second of lackey, in thousands.
lackey_rate() {
	timeout 10 valgrind --tool=lackey --trace-mem=yes --log-file=lackey.log \
	    "$@" >/dev/null 2>&1
	n=$(grep -c '^[I ][ LSM]' lackey.log)
	rm -f lackey.log
	echo $((n / 10000))
}

row() { # NAME COMMAND...
	name=$1
	shift
	command -v "$1" >/dev/null || { echo "$name: no $1 here"; return; }
	cachegrind=0 capture=0 live=0
	for i in $(seq "$repeat"); do
		least cachegrind valgrind --tool=cachegrind \
		    --cachegrind-out-file=/dev/null "$@"
		least capture "$pagewalk" capture -q -o t.pwt -- "$@"
		least live "$pagewalk" run -q --live -- "$@"
	done
	refs=$("$pagewalk" info t.pwt | sed -n 's/^ *references  *\([0-9]*\)$/\1/p')
	bytes=$(wc -c <t.pwt)
	lackey=$(lackey_rate "$@")
	awk -v n="$name" -v g=$cachegrind -v c=$capture -v l=$live -v r="$refs" \
	    -v b="$bytes" -v k="$lackey" 'BEGIN {
		printf "| `%s` | %.1f | %.2f | %.2f | %.0f | %.3f |\n", n,
		    r / c / 1000, c / g, l / g, r / c / k, b / r }'
}

echo "| program | capture, M refs/s | capture to cachegrind, time | live to cachegrind, time | capture to lackey, rate | bytes a reference |"
echo "|---|---|---|---|---|---|"
row gzip gzip -9 -c text
row sort sort text
row sqlite3 sqlite3 :memory: "create table t(a,b);
	with recursive n(i) as (select 1 union all select i+1 from n where i<40000)
	insert into t select i, i*7919%10007 from n; create index x on t(b);
	select count(*), sum(a) from t where b < 5000;"
row python3 /usr/bin/python3 -S -c "d = {}
for i in range(150000): d[i * 7919 % 100003] = str(i)
print(len(d), sum(map(len, d.values())))"
