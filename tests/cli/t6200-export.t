#!/bin/sh
# t6200-export.t - traces for other tools, and back.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

status "--list" 0 "$PAGEWALK" export --list
"$PAGEWALK" generate gups --footprint 256K --refs 2000 -o gups.pwt >/dev/null
"$PAGEWALK" generate btree --footprint 256K --refs 2000 --writes 30 \
    -o btree.pwt >/dev/null

# There and back: nothing that the form can say is lost.
for t in gups btree; do
	for form in lackey din xdin champsim; do
		ok "$t to $form" "$PAGEWALK" export --to $form $t.pwt -o 1.$form
		ok "and back" "$PAGEWALK" import --from $form 1.$form -o back.pwt
		"$PAGEWALK" export --to $form back.pwt -o 2.$form
		if test $form = champsim; then
			# No lengths in it, so jumps may be taken for long
			# instructions: the addresses are what counts.
			"$PAGEWALK" export --to din $t.pwt -o 1.$form
			"$PAGEWALK" export --to din back.pwt -o 2.$form
		elif test $form = din; then
			# Dinero takes whole words: the last digit is not its.
			for n in 1 2; do
				sed 's/.$//' $n.din >cut && mv cut $n.din
			done
		fi
		ok "$t through $form" cmp 1.$form 2.$form
	done
done

"$PAGEWALK" export --to lackey btree.pwt -o btree.lackey
"$PAGEWALK" import btree.lackey -o back.pwt >/dev/null
for k in instructions loads stores modifies; do
	is "$k through lackey" "$("$PAGEWALK" info back.pwt | grep -m1 " $k ")" \
	    "$("$PAGEWALK" info btree.pwt | grep -m1 " $k ")"
done

# Conventions.
printf 'I  00401000,3\n M 00500ffc,8\n L 00600000,4\n' >m.lackey
"$PAGEWALK" import m.lackey -o m.pwt >/dev/null
is "din: a modify is a load and a store" \
    "$("$PAGEWALK" export --to din m.pwt | tr '\n' ' ')" \
    "2 401000 0 500ffc 1 500ffc 0 600000 "
is "din: or a store" "$("$PAGEWALK" export --to din --modify one m.pwt |
    tr '\n' ' ')" "2 401000 1 500ffc 0 600000 "
is "lackey: a modify" "$("$PAGEWALK" export --to lackey m.pwt |
    sed -n 2p)" " M 00500ffc,8"
is "xdin: each page its own" \
    "$("$PAGEWALK" export --to xdin --modify one --straddle two m.pwt |
	tr '\n' ' ')" "i 401000 3 w 500ffc 4 w 501000 4 r 600000 4 "
"$PAGEWALK" export --to champsim m.pwt -o m.champsim
is "champsim: the record" "$(od -An -v -tx8 -w8 m.champsim | tr -d ' ' |
    tr '\n' ' ')" "0000000000401000 0000000000000000 0000000000500ffc \
0000000000000000 0000000000500ffc 0000000000600000 0000000000000000 \
0000000000000000 "

# Several processes, parts, events.
"$PAGEWALK" generate sharing --footprint 64K --refs 4000 -o s.pwt >/dev/null
status "two processes in one stream" 0 "$PAGEWALK" export --to din s.pwt -o s.din
like "are remarked" "$err" 'references of 2 processes are mixed'
status "one of them" 0 "$PAGEWALK" export --to din --pid 1001 s.pwt -o one.din
is "is not" "$err" ""
test "$(wc -l <one.din)" -gt 1000 &&
    test "$(wc -l <one.din)" -lt "$(wc -l <s.din)" &&
    pass "and shorter" || fail "and shorter" "$(wc -l one.din s.din)"
status "nobody" 0 "$PAGEWALK" export --to din --pid 5 s.pwt
like "is remarked" "$err" 'no reference'
is "10 instructions" "$("$PAGEWALK" export --to din -n 10 s.pwt | grep -c ^2)" 10
"$PAGEWALK" export --to csv s.pwt -o s.csv
is "csv: the heading" "$(head -n 1 s.csv)" \
    "instruction,pid,tid,kind,address,bytes,detail"
is "csv: each line has seven cells" "$(awk -F, 'NF != 7' s.csv | wc -l)" 0
like "csv: system calls" "$(cat s.csv)" ',syscall,,,"mmap\(0x0 0x11000 '
like "csv: forks" "$(cat s.csv)" ',1000,1000,fork,,,child 1001$'
is "csv: references" "$(grep -Ec ',(fetch|load|store|modify),' s.csv)" \
    "$("$PAGEWALK" info s.pwt | sed -n 's/^ *references *//p' | tr -d ,)"

status "no form" 2 "$PAGEWALK" export s.pwt
status "an unknown form" 2 "$PAGEWALK" export --to frob s.pwt
like "is named" "$err" 'frob'
status "no trace" 2 "$PAGEWALK" export --to din
status "a trace that is not there" 3 "$PAGEWALK" export --to din none.pwt
status "what is no trace" 3 "$PAGEWALK" export --to din m.lackey -o none.din
test ! -e none.din && pass "leaves nothing" || fail "leaves nothing"
if test -c /dev/full; then
	status "a full disk is noticed" 1 "$PAGEWALK" export --to din s.pwt \
	    -o /dev/full
	like "and said" "$err" '/dev/full'
else
	skip "a full disk is noticed" "no /dev/full"
fi
done_testing
