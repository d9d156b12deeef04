#!/bin/sh
# Capture: many processes and threads in one order.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/capture-lib.sh"

capture -- "$victim" fork
ok "a program that forks" is "$status" 3
root=$(sed -n 's/^PROCESS \([0-9]*\).*/\1/p' events)
child=$(sed -n 's/^FORK .*child=\([0-9]*\) .*/\1/p' events)
ok "one process is nobody's" is "$(grep -c ^PROCESS events)" 1
ok "the child is made" [ -n "$child" ]
ok "before it runs" before "^FORK $root" "^SWITCH $child/"
ok "fork returns 0 in it, storing its number" \
	has "^SYSCALL $child/$child clone\(.*=0 W"
ok "execve reads its arguments" \
	has "^SYSCALL $child/$child execve\(.*=0 R[0-9a-f]+\+10 R"
ok "a new image follows" before "^SYSCALL $child.*execve" "^EXEC $child"
ok "which is /bin/true" has "^EXEC $child/.* exe=.*/true args='.*true'"
ok "it ends before it is waited for" \
	before "^EXIT $child/.* status=0" "^SYSCALL $root.*wait4\(.*=$child"
ok "both end" is "$(grep -c ^EXIT events)" 2

capture -- "$victim" vfork
ok "a program that vforks" is "$status" 5
child=$(sed -n 's/^FORK .*child=\([0-9]*\) .*/\1/p' events)
ok "it is said to" has "^FORK .* flags=4111"
ok "the parent waits for the child's end" \
	before "^EXIT $child/" "^SYSCALL .*vfork\(.*=$child"

capture -- "$victim" orphan
ok "a program that leaves orphans" is "$status" 0
ok "all are followed" is "$(grep -c ^FORK events)" 2
ok "to their ends" is "$(grep -c '^EXIT .* status=0' events)" 3

capture -- "$victim" nest
ok "twenty generations" is "$status" 20
ok "all are followed" is "$(grep -c '^EXIT' events)" 21
ok "and nothing is said on standard error" is "$(wc -l <err)" 1

capture -- "$victim" threads
ok "a program with threads" is "$status" 0
ok "all four begin" is "$(grep -c ^THREAD\  events)" 4
ok "and end" is "$(grep -c ^THREAD_EXIT events)" 4
ok "each runs" is "$(sed -n 's/^THREAD //p' events | while read -r t; do
	grep -m 1 "^SWITCH $t" events; done | wc -l)" 4
ok "each writes its byte" is "$(grep -c 'write(.*=1 file' events)" 4

capture -- sh -c 'printf "b\na\nc\n" | sort | head -n 1; exit 6'
ok "a pipeline" is "$status" 6
ok "does what it does" is "$(cat out)" a
ok "through processes" [ "$(grep -c ^EXEC events)" -ge 2 ]
ok "nobody is waited for before the end" is "$(awk '
	/^EXIT/ { split($2, p, "/"); ended[p[1]] = 1 }
	/wait4\(.*=[1-9]/ { sub(/.*=/, ""); if (!ended[$1]) bad++ }
	END { print bad + 0 }' events)" 0
ok "nobody runs before being made or after the end" is "$(awk '
	{ split($2, p, "/") }
	/^PROCESS/ { alive[p[1]] = 1 }
	/^FORK/ { sub(/.*child=/, ""); alive[$1 + 0] = 1; next }
	/^(SWITCH|SYSCALL|EXEC|SIGNAL)/ { if (!alive[p[1]]) bad++ }
	/^EXIT/ { alive[p[1]] = 0 }
	END { print bad + 0 }' events)" 0
echo "1..$n"
