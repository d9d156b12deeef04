#!/bin/sh
# t3000-validate.t - the kernel's page faults against the replay's, one by one,
# where the tracepoints are to be had.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/live-lib.sh"
micro=$top_builddir/tests/programs/micro

status "a program" 0 "$PAGEWALK" validate -j true.json -- "$micro" anon
like "the report names it" "$out" '^command +.*micro anon'
if test "$(get true.json method)" != '"tracepoints"'; then
	why=$(get true.json unavailable)
	like "only counts are compared, and it says why" "$out" \
	    'no page faults recorded'
	skip "faults one by one" "no tracepoints here: $why"
	done_testing
fi

# exact STEP: all faults agree.  On a busy machine a hypervisor may add one, or
# the disk: what is wrong with the model is so three times.
exact() {
	for try in 1 2 3; do
		"$PAGEWALK" validate -q -m 100 -j "$1.json" -- "$micro" "$1" &&
			return 0
	done
	return 1
}

# One thing at a time: every fault, and what was in memory at the end.
for step in anon rights populate moved split compiled file-shared \
    hole-written grown punched two-views; do
	ok "$step: all agree" exact "$step"
	is "$step: as many pages resident" \
	    "$(get "$step.json" 'runs/[0]/resident/replay')" \
	    "$(get "$step.json" 'runs/[0]/resident/kernel')"
done
for step in advised forked system-v threads; do
	# A child of fork runs code that Valgrind need not read again.
	ok "$step: all agree" exact "$step"
done
status "a real one" 0 "$PAGEWALK" validate -q -m 98 -- sort "$0"

# It is the comparison that decides.
status "another kernel's rules" 1 "$PAGEWALK" validate -q -m 100 \
    --set os.fault_around=4K -- "$micro" file-private
like "how much agrees" "$err" '% agree, 100 were asked for'
status "what it keeps" 0 "$PAGEWALK" validate -q -k kept -- "$micro" heap
for f in run1.pwt run1.csv run1.smaps; do
	ok "$f" test -s "kept/$f"
done
done_testing
