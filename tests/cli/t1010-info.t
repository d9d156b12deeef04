#!/bin/sh
# t1010-info.t - what a trace holds, and what is left of a damaged one.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

"$tools/mktrace" t.pwt 30 || exit 99

status "info" 0 "$PAGEWALK" info t.pwt
like "names the format" "$out" '^t.pwt: pagewalk trace, format version 1'
like "provenance" "$out" "^ +command +made-by-hand --for 'tests'$"
like "references" "$out" '^ +references +33,000$'
like "events by kind" "$out" '^ +syscall +1$'
like "bytes a reference" "$out" '^ +bytes a reference +0\.[0-9]{3}$'
like "the process" "$out" '^Process 100: made-by-hand$'
like "a mapping" "$out" '^ +400000-404000 +r-xp +16 +0 +/bin/made-by-hand$'
like "the stack" "$out" ' rw-p +132 +0 +\[stack\]$'
like "the file" "$out" '^ +1 +regular +2 +20,480 +/bin/made-by-hand$'

status "events" 0 "$PAGEWALK" info --events t.pwt
like "a system call" "$out" \
    '^ +0 +100/100 +syscall mmap \(0, 0xc8000, 0x3, 0x22, 0xf+, 0\) = 0x7f0000000000$'
like "the fork, where it was" "$out" '^ +18600 +100/100 +fork child 101'
is "events before it" "$(printf '%s\n' "$out" |
    grep -Ec '^ +[0-9]+ +[0-9]+/[0-9]+ ')" 9

status "check" 0 "$PAGEWALK" info --check t.pwt
like "says so" "$out" '^Checked: 33000 references decoded; every'

status "JSON" 0 "$PAGEWALK" info --check -j - t.pwt
printf '%s\n' "$out" >i.json
is "its schema" "$(get i.json schema)" '{"name": "pagewalk-info", "version": 1}'
is "instructions" "$(get i.json totals/instructions)" 19800
is "stores" "$(get i.json totals/stores)" $((33 * 200 + 22 * 200))
is "whole" "$(get i.json whole)" true
is "start of a mapping" "$(get i.json processes/0/mappings/0/start)" \
    '"0x400000"'
status "JSON beside the text" 0 "$PAGEWALK" info -j j.json t.pwt
like "is the text" "$out" '^Totals$'
is "and the JSON" "$(get j.json content_id)" "$(get i.json content_id)"

# Damage.
head -c 500 t.pwt >cut.pwt
status "a cut trace" 3 "$PAGEWALK" info cut.pwt
like "is described" "$out" '^cut.pwt: pagewalk trace'
like "with the place" "$out" '^  offset [0-9]+: the file ends'
like "and refused by run" "$("$PAGEWALK" run cut.pwt 2>&1)" \
    'cut.pwt: offset [0-9]+: the file ends'
cp t.pwt flip.pwt
printf 'X' | dd of=flip.pwt bs=1 seek=400 conv=notrunc 2>/dev/null
status "a changed byte, not looked at" 0 "$PAGEWALK" info flip.pwt
status "and looked at" 3 "$PAGEWALK" info --check flip.pwt
like "is a checksum" "$out" 'offset [0-9]+: a section with a wrong checksum'
: >empty.pwt
status "an empty file" 3 "$PAGEWALK" info empty.pwt
like "is no trace" "$err" 'empty.pwt: offset 0: not a pagewalk trace'
status "no file" 3 "$PAGEWALK" info none.pwt
status "two files" 2 "$PAGEWALK" info t.pwt t.pwt
status "no argument" 2 "$PAGEWALK" info

# Names drive no terminal.
bad=$(printf 'a\033[31mb.pwt')
cp t.pwt "$bad"
status "an odd name" 0 "$PAGEWALK" info "$bad"
like "is printed plainly" "$out" '^a\?\[31mb.pwt: '
status "and in an error" 3 "$PAGEWALK" info "$bad.not"
is "too" "$(printf '%s' "$err" | tr -d '[:print:]\n' | wc -c)" 0
done_testing
