#!/bin/sh
# Capture: single processes; what passes through; files and mappings.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/capture-lib.sh"

capture -- /bin/true
ok "true ends with 0" is "$status" 0
ok "its trace can be read" is "$dump_status" 0
ok "a process comes first" before '^PROCESS' '^SYSCALL'
ok "the program is named" has '^PROCESS .* exe=.*/true args=./bin/true'
ok "it has a stack" has '^  map .*flags=2 file=0'
ok "and a heap" has '^  map .*flags=4 file=0'
ok "and .bss" has '^  map .*flags=8'
ok "the stack pointer is on the stack" has '^PROCESS .* sp=1ff[ef]'
ok "libc is mapped with its size" \
	has 'mmap\(0,.* file=[0-9]+ flags=[0-9]+ size=[1-9]'
ok "it exits" has '^EXIT .* status=0'
ok "the back end is named" has "^# capture.backend: $backend"
ok "so is Valgrind" has '^# valgrind.version: valgrind-3'
ok "so is the command" has '^# command: /bin/true'
ok "so is the kernel" has "^# kernel.release: $(uname -r)"
ok "the closing line counts references" grep -q 'references in' err
refs=$(sed -n 's/^# references: //p' events)
ok "there are references" [ "$refs" -gt 10000 ]

# The same as Valgrind writes by itself.
real=$(command -v valgrind.bin || command -v valgrind)
"$real" --command-line-only=yes --tool=lackey --basic-counts=no \
	--trace-mem=yes --vgdb=no --log-file=raw /bin/true
want=$(grep -cE '^(I | [LSM]) ' raw)
# The stack differs a little with the environment: a few references.
ok "as many as Valgrind counts ($refs, $want)" \
	[ $((refs - want)) -lt 500 -a $((want - refs)) -lt 500 ]
"$dump" -r t.pwt | grep '^I ' | head -n 2000 >ours
grep '^I ' raw | sed 's/^I  0*/I /' | head -n 2000 >theirs
ok "the same instructions" cmp -s ours theirs

echo hello | "$PAGEWALK" capture --backend "$backend" -q -o t.pwt -- sh -c 'cat; echo oops >&2
exit 7' >out 2>err
ok "the exit status passes through" is "$?" 7
ok "so does input and output" is "$(cat out)" hello
ok "so does standard error, and no more" is "$(cat err)" oops

capture -- "$victim" map "$work/file"
ok "a program that maps files" is "$status" 0
file=$(sed -n 's/^FILE .*id=\([0-9]*\) .*'"${work##*/}"'\/file$/\1/p' events)
ok "its file is known" [ -n "$file" ]
ok "writev has the vectors" has "writev\(.*=8 file=$file .* R[0-9a-f]+\+32 R[0-9a-f]+\+3 R[0-9a-f]+\+5$"
ok "the size before it is cut" has "ftruncate\(3,2710,.*=0 file=$file .*size=8 "
ok "it is mapped with the size it has" has "mmap\(0,2710,3,1,3,0\)=.* file=$file flags=[0-9]+ size=10000 "
ok "though its name is gone" has "close\(3,.*=0 file=$file "
memfd=$(sed -n 's/^FILE .*id=\([0-9]*\) kind=6.*memfd:hidden.*/\1/p' events)
ok "a memfd is known" [ -n "$memfd" ]
ok "and mapped" has "mmap\(0,2000,1,1,3,0\)=.* file=$memfd flags=[0-9]+ size=8192"

capture -- "$victim" segv
ok "a signal's status is 128 + its number" is "$status" 139
ok "the signal is in the trace" has '^SIGNAL .* signal=11 code=1 addr=10$'
ok "and the exit with it" has '^EXIT .* status=b$'

capture -- "$victim" usr1
ok "a signal that is handled" is "$status" 4
ok "is in the trace, too" has '^SIGNAL .* signal=10 '

cp /bin/true ./name-of-it
"$PAGEWALK" capture --backend "$backend" -q ./name-of-it
ok "the default output is named after the command" test -s name-of-it.pwt

ok "nothing is left in /tmp" [ -z "$(find /tmp -maxdepth 1 -name \
	"valgrind_proc_*" -newer out -user "$(id -un)" 2>/dev/null |
	while read -r f; do
		p=${f#*proc_}
		[ -d "/proc/${p%%_*}" ] || echo "$f"
	done)" ]
echo "1..$n"
