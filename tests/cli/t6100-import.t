#!/bin/sh
# t6100-import.t - other people's traces: packing, options, messages, and
# that a replay takes what comes out.  The formats themselves are tested in
# tests/unit/test_import.c.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

{
	echo "==1== Lackey, an example Valgrind tool"
	for i in 0 1 2 3 4 5 6 7 8 9; do
		printf 'I  0040100%s,1\n S 7f00%s000,8\n' $i $i
	done
} >t.lackey

status "--list" 0 "$PAGEWALK" import --list
like "it has lackey" "$out" '^lackey '
like "it has drmemtrace" "$out" '^drmemtrace '
status "an import" 0 "$PAGEWALK" import t.lackey -o t.pwt
like "says what it was" "$out" 'format lackey, 20 references'
like "and what is missing" "$out" 'not in the source: mappings,syscalls'
status "info repeats it" 0 "$PAGEWALK" info t.pwt
like "as provenance" "$out" 'capture.blind +mappings,syscalls'
status "a replay of it" 0 "$PAGEWALK" run t.pwt -j t.json
like "says it too" "$out" '^unknown +mappings,syscalls,threads$'
is "takes all references" "$(get t.json totals/references)" 20
is "refuses none" "$(get t.json totals/faults/signals)" 0
is "gives each page its own frame, code too" \
    "$(get t.json totals/faults/by_kind/anon_alloc)" 11
is "and knows what is missing" "$(get t.json trace/provenance/capture.blind)" \
    '"mappings,syscalls,threads"'

# Packed with what is there: the same trace.
"$PAGEWALK" export --to csv t.pwt >plain.csv
for tool in gzip xz bzip2 zstd; do
	if ! command -v $tool >/dev/null; then
		skip "packed with $tool" "$tool is not installed"
		continue
	fi
	$tool -c <t.lackey >packed
	if ! "$PAGEWALK" import packed -o p.pwt >said 2>&1 &&
	    grep -q 'built without' said; then
		skip "packed with $tool" "$(cat said)"
		continue
	fi
	"$PAGEWALK" export --to csv p.pwt | sed 's/packed/t.lackey/' >packed.csv
	ok "packed with $tool" cmp plain.csv packed.csv
	head -c 60 packed >cut
	status "packed with $tool, cut off" 3 "$PAGEWALK" import cut
	like "is said with its offset" "$err" '^pagewalk import: cut: offset [0-9]+: '
	printf 'junk' >>packed
	status "with junk behind" 3 "$PAGEWALK" import packed
	cat packed packed >/dev/null
done
"$PAGEWALK" import - -o p.pwt <t.lackey >/dev/null
"$PAGEWALK" export --to csv p.pwt | sed 's/standard input/t.lackey/' >in.csv
ok "from standard input" cmp plain.csv in.csv

# Mappings, and nothing beside them.
cat >t.maps <<'END'
00401000-00402000 r-xp 00000000 08:01 5    /bin/prog
7f000000-7f004000 rw-p 00000000 00:00 0
7f004000-7f005000 r--p 00000000 00:00 0
7f005000-7f008000 rw-p 00000000 00:00 0
END
ok "strict mappings" "$PAGEWALK" import t.lackey --maps t.maps --strict -o s.pwt
ok "are replayed" "$PAGEWALK" run -q s.pwt -j s.json
is "a store to a page for reading, and two to no page, are refused" \
    "$(get s.json totals/faults/by_kind/segv)" 3
is "code comes from its file" "$(get s.json totals/faults/by_kind/file_read)" 1

# A textbook's page string.
echo '1 2 3 4 1 2 5 1 2 3 4 5' >pages
status "a page string" 0 "$PAGEWALK" import --from pages pages -o p.pwt
"$PAGEWALK" run -q p.pwt -j p.json
is "has 12 loads" "$(get p.json totals/loads)" 12

for words in "" "none.lackey" "--from frob t.lackey" "--radix 1 t.lackey" \
    "--modify three t.lackey" "t.lackey t.lackey"; do
	"$PAGEWALK" import $words >said 2>&1
	test $? -ne 0 && pass "refused: import $words" ||
	    fail "refused: import $words"
done
status "an input that is not there fails" 1 "$PAGEWALK" import none
printf 'I  00401000,1\n\033[31m' >"$(printf 'a\033[31mb')"
status "a name with an escape" 1 "$PAGEWALK" import "$(printf 'n\033[31mb')"
case $err in
*"$(printf '\033')"*) fail "does not reach the terminal" "$err" ;;
*) pass "does not reach the terminal" ;;
esac
status "a trace of ours" 3 "$PAGEWALK" import t.pwt
like "is not taken for another's" "$err" 'of no format known here'

# What lackey writes, if it is here.
if command -v valgrind >/dev/null &&
    valgrind --tool=lackey --basic-counts=no --trace-mem=yes \
	--trace-syscalls=yes --log-file=true.lackey true 2>/dev/null; then
	ok "lackey's own words" "$PAGEWALK" import true.lackey -o true.pwt
	ok "are replayed" "$PAGEWALK" run -q true.pwt -j true.json
	is "without a reference refused" "$(get true.json totals/faults/signals)" 0
	is "all of them" "$(get true.json totals/references)" \
	    "$(grep -Ec '^(I | [LSM]) [0-9a-f]{8,16},[0-9]+$' true.lackey)"
else
	skip "lackey's own words" "valgrind's lackey does not run here"
fi

is "formats are completed" "$("$PAGEWALK" --complete import --from drm)" drmemtrace
is "forms, too" "$("$PAGEWALK" --complete export --to champ)" champsim
is "and patterns" "$("$PAGEWALK" --complete generate hash)" hashjoin
done_testing
