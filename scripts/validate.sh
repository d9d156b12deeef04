#!/bin/sh
# validate.sh - the replayed page faults against the kernel's own, in a table.
#
# validate.sh [-b BUILDDIR] [-o OUTDIR] [-m PERCENT] [NAME...]
# For each program of the list below (or those named): warm and hold the files
# it maps, capture it while perf records the page-fault tracepoints, replay the
# trace, align the two.  OUTDIR/NAME.report explains each disagreement.
# Exit status: 0 every program agrees in at least PERCENT (90), 1 one does not,
# 77 this machine cannot tell (no root, no perf, no tracepoints).
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build out=$top/build/validate least=90

usage() { sed -n '2,11s/^# \{0,1\}//p' "$0"; }
die() { echo "validate.sh: $*" >&2; exit 1; }
skip() { echo "validate.sh: skipped: $*" >&2; exit 77; }

while getopts b:o:m:h opt; do
	case $opt in
	b) build=$(cd "$OPTARG" && pwd) || die "no directory $OPTARG" ;;
	o) out=$OPTARG ;;
	m) least=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

pagewalk=${PAGEWALK:-$build/src/pagewalk}
faultdiff=$build/scripts/validate/faultdiff
events=exceptions:page_fault_user,exceptions:page_fault_kernel

[ "$(id -u)" = 0 ] || skip "the page-fault tracepoints need root"
command -v perf >/dev/null || skip "no perf (Debian: linux-perf)"
command -v valgrind >/dev/null || skip "no valgrind"
[ -x "$pagewalk" ] || die "no $pagewalk: build first"
[ -x "$faultdiff" ] || die "no $faultdiff: build first"
# The rules of this machine's kernel; RUN_FLAGS adds more.
kernel=$(uname -r | awk -F'[.-]' '{ v = $1 * 100 + $2
	print v >= 618 ? "linux-6.18" : v >= 604 ? "linux-6.8" : "linux-6.1" }')
flags="--set os.kernel=$kernel ${RUN_FLAGS-}"
mkdir -p "$out/bin" || exit 1
out=$(cd "$out" && pwd)
perf record -q -e "$events" -o "$out/probe" -- true >/dev/null 2>&1 ||
	skip "perf cannot record $events"
rm -f "$out/probe"

# Programs and input of their own, so that a run is the same everywhere.
for src in "$top"/tests/programs/*.c; do
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O1 -o \
	    "$out/bin/$(basename "$src" .c)" "$src" -lpthread ||
		die "cannot build $src"
done
bin=$out/bin
seq 1 4000 | awk '{ print ($1 * 7919) % 10007, "line", $1 }' >"$out/text"

# NAME|COMMAND, words quoted as for a shell.
programs() {
	cat <<END
true|/bin/true
ls|ls -l /usr
sort|sort $out/text
cow|$bin/cow
threads|$bin/threads
mapfile|$bin/mapfile $out/mapped
sharedmem|$bin/sharedmem
sh|sh -c 'ls /usr | sort | head -2'
gzip|gzip -c $out/text
bash|bash -c 'x=\$(echo hi); for i in 1 2 3; do echo \$x \$i; done'
perl|perl -e '\$h{\$_} = 1 for 1..2000; print scalar keys %h'
python|/usr/bin/python3 -S -c 'print(sum(range(1000)))'
git|git --version
sqlite|sqlite3 :memory: 'create table t(a); insert into t values(1);'
xz|xz -1 -c $out/text
END
}

record() { # FILE COMMAND...: perf's record, as lines for faultdiff
	file=$1
	shift
	perf record -q -c 1 -d -m 2048 -e "$events" -o "$file.perf" \
	    -- "$@" >"$file.out" 2>"$file.err"
	status=$?
	perf script -i "$file.perf" --show-task-events --show-mmap-events \
	    -F pid,tid,event,ip,trace -G 2>/dev/null |
		awk -f "$top/scripts/validate/truth.awk" >"$file"
	rm -f "$file.perf"
	return $status
}

mapped_files() { # NAME: files its native run maps
	awk '$1 == "M" && $6 ~ /^\// { print $6 }' "$out/$1.native" |
		sort -u | while read -r f; do [ -f "$f" ] && echo "$f"; done
}

# Warm what the program maps and hold it: reclaim would change what a fault
# maps.  The layout of the page cache goes to NAME.folios.
hold() { # NAME
	mapped_files "$1" >"$out/files"
	xargs "$bin/folios" -w <"$out/files" >/dev/null
	rm -f "$out/fifo"
	mkfifo "$out/fifo" || exit 1
	# shellcheck disable=SC2046
	"$bin/folios" -k $(cat "$out/files") <"$out/fifo" >"$out/$1.folios" &
	exec 9>"$out/fifo"
	until [ -s "$out/$1.folios" ] || ! kill -0 $!; do sleep 0.1; done
}

release() {
	exec 9>&-
	wait
	rm -f "$out/fifo" "$out/files"
}

native_count() { # NAME: faults of the program alone, after exec
	awk '$1 == "X" { on[$2] = 1 } $1 == "C" { on[$3] = on[$2] }
	    $1 == "F" && on[$2] { n++ } END { print n + 0 }' "$out/$1.native"
}

one() { # NAME COMMAND
	name=$1
	eval "set -- $2"
	record "$out/$name.native" "$@"
	hold "$name"
	record "$out/$name.truth" "$pagewalk" capture -q \
	    -o "$out/$name.pwt" -- "$@" ||
		echo "# $name: exit status $? under capture" >&2
	release
	# shellcheck disable=SC2086
	"$pagewalk" run "$out/$name.pwt" $flags \
	    --fault-log "$out/$name.csv" >"$out/$name.run" 2>&1 ||
		echo "# $name: replay: $(tail -n 1 "$out/$name.run")" >&2
	"$faultdiff" -v "$out/$name.csv" "$out/$name.truth" \
	    >"$out/$name.report"
	printf '%-10s native %5s %s\n' "$name" "$(native_count "$name")" \
	    "$(head -n 1 "$out/$name.report")"
	awk -v least="$least" 'NR == 1 { exit !($2 + 0 >= least) }' \
	    "$out/$name.report"
}

failed=0
wanted=" $* "
programs >"$out/list"
while IFS='|' read -r name command; do
	case $wanted in
	"  " | *" $name "*) ;;
	*) continue ;;
	esac
	# shellcheck disable=SC2086
	command -v ${command%% *} >/dev/null || {
		echo "$name: no ${command%% *} here"
		continue
	}
	one "$name" "$command" </dev/null || failed=1
done <"$out/list"
exit $failed
