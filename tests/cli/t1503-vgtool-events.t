#!/bin/sh
# Our Valgrind tool: markers and regions, faults, many processes at once.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/vgtool-lib.sh"
victim=$top_builddir/tests/cli/vgvictim

"$victim" mark
ok "markers do nothing outside of Valgrind" is "$?" 0
capture "$victim" mark
ok "a program with markers" is "$status" 0
ok "the region begins before it ends" before '^MARKER .*roi:begin' '^MARKER .*roi:end'
ok "a named place follows" before '^MARKER .*roi:end' '^MARKER .*a place'
all=$(sed -n 's/^# references: //p' events)
capture --roi "$victim" mark
region=$(sed -n 's/^# references: //p' events)
ok "--roi keeps the region ($region of $all)" \
	[ "$region" -gt 25000 -a "$region" -lt 60000 ]
ok "and all events" before '^SYSCALL' '^MARKER .*roi:begin'

# The access that faults is in the trace before its signal, and again after.
capture "$victim" restart
ok "faults are handled and restarted" is "$status" 0
base=$(sed 's/^0x//' out)
page=$(printf '%x' $((0x$base + 8)))
"$dump" -r t.pwt >all
ok "there are four signals" is "$(grep -c '^SIGNAL .*signal=11 code=2' events)" 4
ok "the first at the address that was stored to" \
	has "^SIGNAL .*signal=11 code=2 addr=$page\$"
ok "which is in the trace before it" \
	is "$(sed '/^SIGNAL/q' all | grep -c "^S $page,1")" 1
ok "and once more after it" \
	is "$(sed '1,/^SIGNAL/d' all | grep -c "^S $page,1")" 1
ok "it is the last reference before the signal" \
	is "$(grep -E '^SIGNAL|^[ILSM] ' all | grep -B 1 '^SIGNAL' | head -n 1)" \
	"S $page,1"

capture "$victim" null
ok "a fault that kills" is "$status" 139
ok "is a signal at its address" has '^SIGNAL .*signal=11 code=1 addr=10$'
ok "then an end by it" before '^SIGNAL' '^EXIT .*status=b$'
"$dump" -r t.pwt >all
ok "and its access is the last reference" \
	is "$(grep '^[ILSM] ' all | tail -n 1)" "S 10,4"

capture "$victim" swarm
ok "a swarm of processes" is "$status" 0
ok "twelve are made" is "$(grep -c '^FORK' events)" 12
ok "all thirteen end" is "$(grep -c '^EXIT' events)" 13
ok "one by SIGKILL" is "$(grep -c '^EXIT .*status=9$' events)" 1
late=0
for pid in $(sed -n 's/^FORK .*child=\([0-9]*\).*/\1/p' events); do
	before "^FORK .*child=$pid " "^SYSCALL $pid/" || late=$((late + 1))
done
ok "each is made before it does anything" [ "$late" -le 1 ]
replays()
{
	"$PAGEWALK" run t.pwt >report 2>&1
}
ok "the replay takes it" replays
echo "1..$n"
