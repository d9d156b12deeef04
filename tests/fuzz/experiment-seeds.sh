#!/bin/sh
# experiment-seeds.sh DIR - experiments for fuzz_experiment to begin with; they
# name a trace any.pwt beside them.  SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/seeds.sh"

seed plain.ini good "axes, pairs, rules" <<END
[experiment]
help = sizes
limit = 3000000
[axes]
trace = any.pwt
config = intel-skylake
tlb.stlb.entries = 512..2048*2
tlb.stlb.ways = 4 8
[zip]
os.thp = never always
os.fault_around = 4K 64K
[set]
os.swappiness = 60
[exclude]
1 = tlb.stlb.entries=512 tlb.stlb.ways=8
END
printf '[axes]\ntrace = any.pwt\n' | seed one.ini good "one point"
printf '[axes]\n' | seed none.ini bad "no axis"
printf '[axes]\ntrace = any.pwt\ntlb.stlb.ways = 1..9999999999\n' |
	seed many.ini bad "more values than are taken"
printf '[axes]\ntrace = any.pwt\ntlb.stlb.ways =\n' |
	seed empty.ini bad "an axis without values"
printf '[zip]\ntrace = any.pwt\nos.thp = never always\n' |
	seed uneven.ini bad "pairs of different length"
printf '[axis]\ntrace = any.pwt\n' | seed section.ini unsupported "an unknown section"
printf 'x = 1\n' | seed outside.ini bad "outside a section"
