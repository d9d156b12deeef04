#!/bin/sh
# t0001-style.t - layers, length of functions, format; and that each check
# finds what it is for.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

# check NAME SCRIPT: passes on the tree; exit 77 is a skip.
check() {
	out=$("$top_srcdir/scripts/$2" "$top_srcdir" 2>&1)
	case $? in
	0) pass "$1" ;;
	77) skip "$1" "$out" ;;
	*) fail "$1" "$out" ;;
	esac
}

# finds NAME SCRIPT PATTERN: fails on the planted tree, and says why.
finds() {
	out=$("$top_srcdir/scripts/$2" "$tmp/planted" 2>&1)
	case $? in
	0) fail "$1" "it passed" ;;
	77) skip "$1" "$out" ;;
	*) like "$1" "$out" "$3" ;;
	esac
}

check "includes keep the layers" check-layers
check "no function is longer than 60 lines" check-length
check "clang-format would change nothing" check-format

mkdir -p planted/src/os planted/src/hw planted/src/base planted/tests
cp "$top_srcdir/.clang-format" planted/
echo '#include "hw/tlb.h"' >planted/src/os/sideways.c
echo '#include "sim/lane.h"' >planted/src/base/back.c
echo '#include "os/os.h"' >planted/src/hw/sideways.h
finds "an include to the side is found" check-layers \
    'src/os/sideways.c:1: .*os may not include hw'
finds "one in a header, too" check-layers 'src/hw/sideways.h:1:'
finds "an include back is found" check-layers \
    'src/base/back.c:1: .*base may not include sim'
rm planted/src/*/*.[ch]
{
	printf 'int\nlong_one(int x)\n{\n'
	for i in $(seq 58); do echo "	x += $i;"; done
	printf '	return x;\n}\n'
} >planted/src/base/long.c
finds "a long function is found" check-length 'long_one has 63 lines'
echo 'int  x ;' >planted/src/base/long.c
finds "bad format is found" check-format 'src/base/long.c:1:'

# Every source file says what it is for and under which licence.
bad=$(cd "$top_srcdir" && find src tests -name '*.[ch]' | while read -r f; do
	head -n 30 "$f" | grep -q 'SPDX-License-Identifier:' &&
	    head -n 2 "$f" | grep -q "$(basename "$f")" || echo "$f"
done)
is "each file begins with its name, purpose and licence" "$bad" ""
done_testing
