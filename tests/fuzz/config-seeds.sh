#!/bin/sh
# config-seeds.sh DIR - configurations for fuzz_config to begin with.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/seeds.sh"

seed plain.ini good "a preset with other sizes" <<END
base = intel-skylake
help = a seed
[tlb.stlb]
entries = 512 ; fewer
ways = full
[os]
thp = never
END
printf '[tlb.new]\nlevel = 1\nsides = data\npages = 4K 2M\nentries = 16\nways = 4\n' |
	seed own.ini good "nothing but one TLB"
printf 'base = plain.ini\n[os]\nthp = always\n' | seed chain.ini good "a base beside it"
printf '[os]\nthp = sometimes\n' | seed value.ini bad "a value that is no choice"
printf '[os]\nthp = never\nthp = never\n' | seed twice.ini bad "a key twice"
printf '[tlb.stlb\n' | seed bracket.ini bad "a section without its end"
printf '[oss]\nthp = never\n' | seed section.ini unsupported "an unknown section"
printf 'base = no-such-machine\n' | seed preset.ini unsupported "an unknown preset"
printf 'base = loop.ini\n' | seed loop.ini bad "its own base"
printf 'base = intel-skylake\n[tlb.stlb]\nentries = 99999999999999999999\n' |
	seed huge.ini bad "a number beyond 64 bits"
printf 'base = intel-skylake\n[tlb.stlb]\nentries = 1536\nways = 7\n' |
	seed ways.ini bad "ways that do not divide"
