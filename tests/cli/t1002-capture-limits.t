#!/bin/sh
# Capture: limits, interruptions, and what goes wrong.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/capture-lib.sh"

# A name of our own, so that what runs can be told from other tests'.
cp "$victim" "$work/spinner"
victim=$work/spinner

# running: how many processes of this test there are
running()
{
	ps -eo args | grep -F "$victim spin" | grep -vc grep
}

# count: references in the dumped trace
count()
{
	"$dump" -r t.pwt | grep -c '^[ILSM] '
}

capture --max-refs 100k -- "$victim" spin
ok "--max-refs ends an endless program" is "$status" 0
ok "after so many references" is "$(count)" 100000
ok "as the trace says" has '^# capture.end: max-refs'

capture -- /bin/true
all=$(count)
capture --skip-refs 50000 -- /bin/true
ok "--skip-refs leaves references out" is "$dump_status" 0
left=$((all - $(count) - 50000))
ok "as many as it says ($left)" [ "$left" -ge -300 -a "$left" -le 300 ]
ok "but no events" before ^PROCESS '^SYSCALL.*brk'
ok "not even the first" before '^SYSCALL.*brk' '^refs'

# What a terminal does on Ctrl-C, and kill(1) from elsewhere.
for signal in INT TERM; do
	rm -f t.pwt
	# Background jobs of a script ignore SIGINT.
	env --default-signal=INT "$PAGEWALK" capture --backend "$backend" -o t.pwt -- \
		"$victim" spin >out 2>err </dev/null &
	pid=$!
	sleep 3
	kill -"$signal" "$pid"
	wait "$pid"
	status=$?
	"$dump" t.pwt >events
	ok "SIG$signal: the trace is whole" is $? 0
	ok "SIG$signal: it has references" [ "$(grep -c ^refs events)" -gt 0 ]
	ok "SIG$signal: the program's end is in it" has '^EXIT'
	ok "SIG$signal: so is the reason" has '^# capture.end: interrupted'
	want=143
	[ "$signal" = INT ] && want=130
	ok "SIG$signal: the status tells" is "$status" "$want"
done

# A program that will not end: the second Ctrl-C kills it.
env --default-signal=INT "$PAGEWALK" capture --backend "$backend" -o t.pwt -- \
	env --ignore-signal=INT "$victim" spin >out 2>err </dev/null &
pid=$!
sleep 2
kill -INT "$pid"
sleep 1
kill -INT "$pid"
wait "$pid"
ok "a program killed at the second SIGINT: the status is SIGINT's" is $? 130
"$dump" t.pwt >events
ok "its trace is whole" is $? 0
ok "and says why it ended" has '^# capture.end: interrupted'
ok "no program is left" [ "$(running)" = 0 ]

# An abrupt end of us ends the program as well.
"$PAGEWALK" capture --backend "$backend" -o t.pwt -- "$victim" spin >out 2>err </dev/null &
pid=$!
sleep 3
kill -KILL "$pid"
wait "$pid" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(running)" = 0 ] || sleep 1
done
ok "the program does not outlive us" [ "$(running)" = 0 ]

mkdir disk
if mount -t tmpfs -o size=4m none disk 2>/dev/null; then
	"$PAGEWALK" capture --backend "$backend" -o disk/t.pwt -- "$victim" random >out 2>err
	status=$?
	"$dump" disk/t.pwt >events 2>/dev/null
	ok "a full disk: what was written can be read" is $? 0
	ok "a full disk: there is something" [ "$(grep -c ^refs events)" -gt 0 ]
	ok "a full disk: fails" is "$status" 1
	ok "a full disk: is named" grep -q 'disk/t.pwt.*No space left' err
	umount disk
	mount -t tmpfs -o size=16k none disk
	"$PAGEWALK" capture --backend "$backend" -o disk/t.pwt -- /bin/true >out 2>err
	ok "a disk full at the end: fails" is $? 1
	ok "a disk full at the end: is named" \
		grep -q 'disk/t.pwt.*No space left' err
	umount disk
else
	ok "a full disk # SKIP cannot mount" true
fi

capture -- ./no-such-program
ok "a command that is not there" is "$status" 127
ok "is named" grep -q 'no-such-program: command not found' err
: >not-executable
capture -- ./not-executable
ok "one that cannot be executed" is "$status" 126
capture
ok "no command is wrong usage" is "$status" 2
capture --level 12 -- /bin/true
ok "so is an impossible level" is "$status" 2
"$PAGEWALK" capture --backend "$backend" -o /nonexistent/t.pwt -- /bin/true 2>err
ok "an output that cannot be made" is $? 1
ok "is named" grep -q '/nonexistent/t.pwt' err
mkdir empty
PATH=$work/empty "$PAGEWALK" capture --backend "$backend" -o t.pwt -- /bin/true 2>err
ok "without Valgrind" is $? 1
ok "it is said what to install" grep -q 'apt-get install valgrind' err
echo "1..$n"
