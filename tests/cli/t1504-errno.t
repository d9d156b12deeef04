#!/bin/sh
# How calls on mappings fail: the model agrees with every recorded result.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/vgtool-lib.sh"
json=$top_builddir/tests/cli/json
errno=$top_builddir/tests/programs/errno

# replay OPTIONS: t.pwt, results in t.json
replay()
{
	"$PAGEWALK" run "$@" --json t.json t.pwt >report
}

# Linux answers itself here; what it says is what the table in errno.c says.
"$errno" >native
ok "errors come as expected: $(cat native)" is "$?" 0

capture "$errno" -o
ok "and under Valgrind: $(cat out)" is "$status" 0
replay
ok "the model agrees with all of $("$json" t.json kernel/syscalls) calls" \
	is "$("$json" t.json kernel/result_mismatches)" 0
sed -n '/^Kernel/,/^Processes/s/^  process/# &/p' report

# Where Linux would have put mappings, all is as it was.
replay --set os.addresses=model
ok "so it does with mappings where Linux puts them" \
	is "$("$json" t.json kernel/result_mismatches)" 0
ok "which all are" is "$("$json" t.json kernel/placed_as_linux)" \
	"$("$json" t.json kernel/placed)"
ok "and no reference is lost" is "$("$json" t.json totals/skipped)" 0

# What Valgrind answers itself is counted, and told.
capture "$errno"
replay
ok "a result of Valgrind's own is no result of Linux" \
	[ "$("$json" t.json kernel/result_mismatches)" -gt 4 ]
ok "the report tells of the first" \
	grep -q '^  process .*: mmap(.*) returned .*, expected -17$' report
ok "and so does the JSON file" \
	grep -q 'first_mismatches' t.json
echo "1..$n"
