#!/bin/sh
# validate.sh - the replay's page faults against the kernel's, many programs.
#
# validate.sh [-b BUILDDIR] [-o OUTDIR] [-m PERCENT] [-d] [NAME...]
# Runs `pagewalk validate` on each program of scripts/validate.list (or those
# named) and prints a table; OUTDIR/NAME.txt explains each disagreement.
# -d puts the table into doc/validation.md.
# Exit status: 0 every program agrees in at least PERCENT (98), 1 one does not,
# 77 this machine cannot tell (no root, no tracepoints).
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build out='' least=98 document=no

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }
die() { echo "validate.sh: $*" >&2; exit 1; }
skip() { echo "validate.sh: skipped: $*" >&2; exit 77; }

while getopts b:o:m:dh opt; do
	case $opt in
	b) build=$OPTARG ;;
	o) out=$OPTARG ;;
	m) least=$OPTARG ;;
	d) document=yes ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))

build=$(cd "$build" && pwd) || die "no directory $build"
pagewalk=${PAGEWALK:-$build/src/pagewalk}
: "${out:=$build/validate}"
[ -x "$pagewalk" ] || die "no $pagewalk: build first"
[ "$(id -u)" = 0 ] || skip "the page-fault tracepoints need root"
mkdir -p "$out/bin" && out=$(cd "$out" && pwd) && cd "$out" || exit 1
bin=$out/bin

# Programs and input of their own, so that a run is the same everywhere.
for src in "$top"/tests/programs/*.c; do
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -O1 -o \
	    "$bin/$(basename "$src" .c)" "$src" -lpthread ||
		die "cannot build $src"
done
seq 1 4000 | awk '{ print ($1 * 7919) % 10007, "line", $1 }' >text
printf '#include <stdio.h>\nint main(void) { return puts("hi") < 0; }\n' >hello.c
printf 'all:\n\techo made\n' >Makefile

make -s -C "$build" tests/cli/json || die "cannot build tests/cli/json"
field() { # NAME PATH
	"$build/tests/cli/json" "$1.json" "$2"
}

row() { # NAME: a line of the table
	printf '| `%s` | %.1f | %.1f | %d | %d | %d | %d | %d | %d |\n' \
	    "$1" \
	    "$(field "$1" 'runs/[0]/percent')" \
	    "$(field "$1" 'runs/[0]/percent_in_order')" \
	    "$(field "$1" 'runs/[0]/replay')" "$(field "$1" 'runs/[0]/kernel')" \
	    "$(field "$1" 'runs/[0]/extra')" "$(field "$1" 'runs/[0]/missing')" \
	    $(($(field "$1" native/minor) + $(field "$1" native/major))) \
	    $(($(field "$1" 'runs/[0]/minor') + $(field "$1" 'runs/[0]/major')))
}

one() { # NAME COMMAND
	"$pagewalk" validate -j "$1.json" -m "$least" -- sh -c "exec $2" \
	    <"$out/text" >"$1.txt" 2>"$1.err" ||
		{ tail -n 1 "$1.err"; failed=1; }
	[ -s "$1.json" ] || return
	[ "$(field "$1" method)" = '"tracepoints"' ] ||
		skip "no tracepoints: $(sed -n 's/^ *(//p' "$1.txt")"
	row "$1" | tee -a table
}

failed=0
wanted=" $* "
cat >table <<'END'
| program | agree % | in order % | replay | kernel | extra | missing | native | replayed |
|---|---|---|---|---|---|---|---|---|
END
cat table
grep -v '^#' "$top/scripts/validate.list" >list
export PATH="$bin:$PATH"
while IFS='|' read -r name command; do
	case $wanted in
	"  " | *" $name "*) ;;
	*) continue ;;
	esac
	command -v "${command%% *}" >/dev/null || {
		echo "$name: no ${command%% *} here"
		continue
	}
	one "$name" "$command"
done <list
[ "$document" = no ] ||
	sed -i -e '/^<!-- table/,/^<!-- end/{/^<!--/!d}' \
	    -e "/^<!-- table/r $out/table" "$top/doc/validation.md"
exit $failed
