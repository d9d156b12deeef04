#!/bin/sh
# Our Valgrind tool and lackey record the same references and events.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/vgtool-lib.sh"
plain=$top_builddir/tests/cli/vgplain
real=$(command -v valgrind.bin || command -v valgrind)

# lackey shows a modify as a load and a store when its buffer of four events
# ran over between the two; ours never does.  And unless told not to follow
# jumps, VEX runs instructions ahead of their time, which lackey counts.
split_modifies()
{
	sed 's/^ *//; /^M /{h;s/^M/L/;p;x;s/^M/S/;}' "$1" |
		sed 's/^\([ILS]\)  */\1 /; s/ 0*\([0-9a-f]\)/ \1/'
}

# The same directory for both, so that the environment and with it the stack
# is the same.
tools=$top_builddir/src/vgtool
mkdir lib
ln -s "$tools"/*-amd64-linux "$tools"/*.so "$tools"/default.supp lib
ln -s "$(dirname "$(readlink -f "$tools/default.supp")")"/lackey-* lib
export PAGEWALK_VGTOOL_DIR="$work/lib" VALGRIND_LIB="$work/lib"
"$real" --command-line-only=yes --tool=lackey --basic-counts=no --vgdb=no \
	--trace-mem=yes --vex-guest-chase=no --log-file=raw "$plain"
grep -E '^(I | [LSM]) ' raw >lackey-refs
capture "$plain"
ok "it runs" is "$status" 0
ok "by our tool" has '^# capture.backend: pagewalk'
"$dump" -r t.pwt | grep -E '^[ILSM] [0-9a-f]+,' >our-refs
split_modifies lackey-refs >want
split_modifies our-refs >got
ok "there is something to compare" [ "$(wc -l <want)" -gt 100000 ]
ok "every reference is the same, in order" cmp want got
for k in I L S M; do
	echo "# $k: $(grep -c "^ *$k" lackey-refs) lackey's," \
		"$(grep -c "^$k" our-refs) ours"
done

# Numbers of processes and files differ, and the stack's addresses with the
# environment.
normal()
{
	grep -v '^TIME\|^CACHE\|^FILE\|^#\|^refs' events |
		sed -E 's/[0-9]+\/[0-9]+/P/; s/1ff[ef][0-9a-f]*/SP/g
			s/file=[0-9]+/file=N/'
}
capture "$plain"
normal >got
backend=lackey
capture "$plain"
normal >want
ok "lackey's back end says so" has '^# capture.backend: lackey'
ok "there are events" [ "$(wc -l <want)" -gt 10 ]
ok "both back ends tell the same events" cmp want got
diff want got | sed 's/^/# /' | head -n 20

# With a dynamic linker and a C library: system calls, without arguments that
# are addresses of strings that differ.
calls()
{
	sed -nE 's/^SYSCALL [0-9]+\/[0-9]+ ([a-z0-9_]+)\(.*\)=(-?[0-9]+).*$/\1=\2/p' events |
		grep -v '^set_tid_address'
}
capture /bin/ls /
calls >want
backend=pagewalk
capture /bin/ls /
calls >got
ok "ls makes the same calls with the same results" cmp want got
diff want got | sed 's/^/# /' | head -n 20
echo "1..$n"
