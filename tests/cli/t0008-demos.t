#!/bin/sh
# t0008-demos.t - the shipped traces, and what doc/tutorial.md says of the
# demonstrations.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"
traces=$top_srcdir/traces
all=0

# faults RESULT NAME PERMS: of the mappings called so, in order of pid.
faults() {
	"$tools/json" "$1" mappings | sed 's/}, {/}\n{/g' |
	    grep "\"name\": \"[^\"]*$2\"" | grep "\"perms\": \"$3\"" |
	    sed 's/.*"faults": \([0-9]*\),.*"pid": \([0-9]*\),.*/\2 \1/' |
	    sort -n | awk '{ printf "%s%s", (NR > 1 ? " " : ""), $2 }'
}

kind() {
	"$tools/json" "$1" totals/faults/by_kind/$2
}

for t in mapped-file shared-memory copy-on-write file-read file-map list \
    sort interpreter; do
	status "$t: replays" 0 "$PAGEWALK" run -q "$traces/$t.pwt" -j $t.json
	is "$t: without a signal" "$("$tools/json" $t.json totals/faults/signals)" 0
	refs=$("$tools/json" $t.json totals/references)
	bytes=$("$tools/json" $t.json trace/totals/file_bytes)
	test $((bytes * 10)) -le $((refs * 4)) &&
	    pass "$t: at most 0.4 bytes a reference" ||
	    fail "$t: at most 0.4 bytes a reference" "$bytes for $refs"
	all=$((all + bytes))
done
test $all -le 4000000 && pass "a few megabytes in all" ||
    fail "a few megabytes in all" "$all"

is "mapped file: 4 to read, 64 to write, 64 after msync" \
    "$(faults mapped-file.json /data rw-s)" 132
is "privately: 4 to read, 64 copies" "$(faults mapped-file.json /data rw-p)" 68
is "each write noticed" "$(kind mapped-file.json write_notify)" 128
"$PAGEWALK" run -q "$traces/mapped-file.pwt" -s os.fault_around=4K -j x.json
is "without fault-around" "$(faults x.json /data rw-s)" 192
"$PAGEWALK" run -q "$traces/mapped-file.pwt" -s os.write_notify=no -j x.json
is "without write-notify" "$(kind x.json write_notify)" 0

is "shared memory: 32 + 2 faults for each process" \
    "$(faults shared-memory.json 'shared anon\]' rw-s)" "34 34"

is "copy-on-write: parent and child" \
    "$(faults copy-on-write.json 'anon\]' rw-p | tr ' ' '\n' |
    awk '$1 >= 64' | tr '\n' ' ')" "256 64 "
test "$(kind copy-on-write.json cow_reuse)" -ge 128 &&
    pass "the parent's are reuses" || fail "the parent's are reuses"
test "$(kind copy-on-write.json cow_copy)" -lt 80 &&
    pass "exec leaves nothing to copy" || fail "exec leaves nothing to copy"

# The demonstrations' source is what the traces were recorded from.
for t in mapped-file shared-memory copy-on-write; do
	ok "$t.c is there" grep -q 'doc/tutorial.md' "$traces/$t.c"
done
# Two ways to read a file.
cause() {
	"$tools/json" "$1" "lanes/[0]/cycles_by_cause/$2"
}
is "read: every page is in the page cache" \
    "$("$tools/json" file-read.json kernel/read_hits)" 1024
is "... and copied: five times a MiB" "$(cause file-read.json copy_user)" 1536000
is "the mapping copies what is written" "$(cause file-map.json copy_user)" 307200
is "... and takes 64 faults more" \
    "$(($(kind file-map.json file_read) - $(kind file-read.json file_read)))" 64
"$PAGEWALK" run -q "$traces/file-map.pwt" -s os.fault_around=4K -j x.json
test "$(kind x.json file_read)" -ge 1024 &&
    pass "... 1024 without fault-around" ||
    fail "... 1024 without fault-around"
cycles() {
	"$tools/json" "$1" totals/cycles
}
test "$(cycles file-read.json)" -gt "$(cycles file-map.json)" &&
    pass "the mapping is cheaper" || fail "the mapping is cheaper"
"$PAGEWALK" run -q "$traces/file-read.pwt" -s os.fault_around=4K -j y.json
test "$(cycles y.json)" -lt "$(cycles x.json)" &&
    pass "... but for fault-around" || fail "... but for fault-around"
if command -v gnuplot >/dev/null; then
	status "plotted together" 0 "$PAGEWALK" plot file-read.json \
	    file-map.json -f svg -o figures
	ok "a figure of both" test -s figures/together-cycles.svg
	ok "with copying in it" grep -q '^[0-9]* copy_user' \
	    figures/together-cycles.dat
else
	skip "plotted together" "no gnuplot"
fi
done_testing
