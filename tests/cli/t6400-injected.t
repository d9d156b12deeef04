#!/bin/sh
# t6400-injected.t - no memory, short writes, a full disk, SIGKILL: a report is
# whole or not there, and nothing that was flushed is lost.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

# with VARIABLE=VALUE COMMAND...: with that going wrong (see inject.c).
with() {
	what=$1
	shift
	env LD_PRELOAD="$tools/inject.so" "$what" "$@"
}

if ! with INJECT_COUNT=1 "$PAGEWALK" --version 2>&1 | grep -q '^allocations'; then
	echo "1..0 # SKIP nothing can be preloaded (sanitizers?)"
	exit 0
fi

# starve NAME FILE COMMAND...: allocations fail, one in each run, at places all
# over it.  Status 0 needs the file whole; else it is 1, with a message, and
# the file is whole or not there; a table may lack rows, whose points failed.
starve() {
	name=$1
	file=$2
	shift 2
	n=$(with INJECT_COUNT=1 "$@" 2>&1 >/dev/null |
	    sed -n 's/^allocations: //p')
	cp "$file" whole
	wrong=
	failed=0
	i=1
	while test "$i" -le "${n:-0}"; do
		rm -rf "$file" swept
		with INJECT_ALLOC=$i "$@" >/dev/null 2>said
		status=$?
		test $status = 0 || failed=$((failed + 1))
		if test $status -gt 1; then
			wrong="$wrong $i:status-$status"
		elif test $status = 1 && ! test -s said; then
			wrong="$wrong $i:silent"
		elif test $status = 0; then
			cmp -s whole "$file" || wrong="$wrong $i:lacking"
		elif test "${file%.csv}" != "$file"; then
			grep -qvxFf whole "$file" 2>/dev/null &&
			    wrong="$wrong $i:odd"
		elif test -e "$file"; then
			cmp -s whole "$file" || wrong="$wrong $i:torn"
		fi
		i=$((i + 1 + n / 40))
	done
	is "$name: whole or not there" "$wrong" ""
	ok "$name: starved $failed times" test $failed -gt 5
	cp whole "$file"
}

"$PAGEWALK" generate uniform --footprint 1M --refs 20000 -o a.pwt >/dev/null
"$PAGEWALK" generate chase --footprint 1M --refs 20000 -o b.pwt >/dev/null
"$PAGEWALK" run -q b.pwt -j b.json
{
	echo '[axes]'
	echo "trace = $tmp/a.pwt"
	echo 'os.fault_around = 4K 16K 64K'
	echo 'os.thp = never always'
} >two.ini
sweep="$PAGEWALK sweep -j 1 -o swept two.ini"
starve "a report" a.json "$PAGEWALK" run -q a.pwt -j a.json
mkdir swept
starve "a sweep" swept/results.csv $sweep -q
cp swept/results.csv table.csv
is "a row for each point" "$(wc -l <table.csv)" 7

# Writes that take a part, or are interrupted.
for seed in 1 2 3; do
	with INJECT_SHORT=$seed "$PAGEWALK" generate uniform --footprint 1M \
	    --refs 20000 -o short.pwt >/dev/null
	ok "short writes, $seed: a whole trace" "$PAGEWALK" info --check short.pwt
	"$PAGEWALK" run -q short.pwt -j short.json
	is "short writes, $seed: the same references" \
	    "$(get short.json totals)" "$(get a.json totals)"
done

# A file that may not grow: the write that crosses the limit is short.
for blocks in 0 1 8; do
	(
		trap '' XFSZ
		ulimit -f $blocks
		exec "$PAGEWALK" run -q a.pwt -j full.json
	) 2>&1 | cat >said
	like "a report into $blocks blocks: is named" "$(cat said)" \
	    '^pagewalk run: full.json: File too large'
	is "nothing is left" "$(ls | grep -c '^full')" 0
	rm -rf swept
	(
		trap '' XFSZ
		ulimit -f $blocks
		exec $sweep -q
	) 2>&1 | cat >said
	like "a sweep into $blocks blocks: is named" "$(cat said)" \
	    'File too large'
	is "no torn point" "$(ls swept/points 2>/dev/null | wc -l)" 0
done
status "with room again, a sweep" 0 $sweep -q
ok "has the same table" cmp table.csv swept/results.csv

# Killed in a write: write 1 is the file's head, each other one a chunk.
generate="$PAGEWALK generate uniform --footprint 1M --refs 1500000 -o k.pwt"
$generate >/dev/null
"$PAGEWALK" info -j all.json k.pwt >/dev/null
chunks=$(get all.json totals/chunks)
ok "a trace of several chunks ($chunks)" test "$chunks" -gt 2
for at in 2 3 $((chunks + 1)); do
	with INJECT_KILL=$at $generate >/dev/null 2>&1
	is "killed in write $at" $? 137
	"$PAGEWALK" info -j k.json k.pwt >/dev/null 2>&1
	is "only the piece being written is lost" \
	    "$(get k.json totals/chunks)" $((at - 2))
	test $at -gt 2 || continue
	ok "what is there can be replayed" \
	    "$PAGEWALK" run -q --recover k.pwt -j killed.json
	is "all of it" "$(get killed.json totals/references)" \
	    "$(get k.json totals/references)"
done

# The same in a capture.
if "$PAGEWALK" capture --backend pagewalk -o c.pwt -- /bin/true \
    >/dev/null 2>&1; then
	for at in 2 3 4; do
		with INJECT_KILL=$at "$PAGEWALK" capture --backend pagewalk \
		    -o c.pwt -- "$tools/victim" spin >/dev/null 2>&1
		is "a capture killed in write $at" $? 137
		"$PAGEWALK" info -j c.json c.pwt >/dev/null 2>&1
		is "only the piece being written is lost" \
		    "$(get c.json totals/chunks)" $((at - 2))
	done
	n=$(with INJECT_COUNT=1 "$PAGEWALK" capture --backend pagewalk \
	    -o c.pwt -- /bin/true 2>&1 >/dev/null |
	    sed -n 's/^allocations: //p')
	for part in 1 2 3 4 5; do
		with INJECT_ALLOC=$((n * part / 5)) "$PAGEWALK" capture \
		    --backend pagewalk -o c.pwt -- /bin/true >/dev/null 2>said
		case $?:$(grep -c . said) in
		0:*) ok "starved at $part/5: whole" "$PAGEWALK" info --check c.pwt ;;
		1:0) fail "starved at $part/5: silent" ;;
		1:*) pass "starved at $part/5: said" ;;
		*) fail "starved at $part/5: another status" "$(cat said)" ;;
		esac
	done
else
	skip "a capture killed" "pagewalk's Valgrind tool does not run here"
fi

# Killed before a file gets its name: six points, then the plan, the tables.
for at in 1 4 7 8; do
	rm -rf swept
	with INJECT_RENAME=$at $sweep -q >/dev/null 2>&1
	is "a sweep killed before file $at" $? 137
	made=$(ls swept/points | grep -c '\.json$')
	is "the points before it are there" "$made" $((at < 7 ? at - 1 : 6))
	status "resumed" 0 $sweep
	is "only the others are made" "$out" \
	    "swept/results.csv: 6 of 6 points, $((6 - made)) made now"
	ok "the same table" cmp table.csv swept/results.csv
done
done_testing
