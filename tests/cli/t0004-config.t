#!/bin/sh
# t0004-config.t - pagewalk config.  The refusals themselves are tested in
# tests/unit/test_conf.c.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

status "list" 0 "$PAGEWALK" config list
list=$out
for p in intel-skylake teaching linux-6.1 linux-6.8 linux-6.18; do
	like "it has $p" "$list" "^$p "
	status "check $p" 0 "$PAGEWALK" config check $p
done
status "presets are there without their files" 0 \
    env -u PAGEWALK_CONFIGS "$PAGEWALK" config check intel-skylake
status "every shipped file is good" 0 \
    "$PAGEWALK" config check "$top_srcdir"/configs/*.ini
status "the files and what is built in are the same" 0 \
    "$PAGEWALK" config show "$top_srcdir/configs/intel-skylake.ini"
by_file=$out
status "by name" 0 env -u PAGEWALK_CONFIGS "$PAGEWALK" config show intel-skylake
is "both show the same" "$out" "$by_file"
status "the default is intel-skylake" 0 "$PAGEWALK" config show
is "it shows the same" "$out" "$by_file"

# What show prints is a configuration again.
printf '%s\n' "$out" >again.ini
status "show reads what show wrote" 0 "$PAGEWALK" config show ./again.ini
is "and it means the same" "$out" "$by_file"

# Facts of the preset that others rely on.
for fact in 'tlb.l1d-4k entries 64' 'tlb.l1d-4k ways 4' \
    'tlb.l1i-4k entries 128' 'tlb.l1i-4k ways 8' 'tlb.stlb entries 1536' \
    'tlb.stlb ways 12' 'tlb.stlb hit_cycles 9' 'tlb.stlb index xor' \
    'cache.l2 size 1M' 'memory cycles 279' 'os fault_around 64K'; do
	set -- $fact
	got=$(printf '%s\n' "$by_file" | awk -v s="[$1]" -v k="$2" '
		/^\[/ { on = $0 == s } on && $1 == k { print $3 }')
	is "intel-skylake: $1.$2" "$got" "$3"
done

status "--origin" 0 "$PAGEWALK" config show --origin -s cpu.cpi=2 teaching
like "of a setting" "$out" '^cpi = 2 +; --set$'
like "of a file" "$out" '^frequency = 1 +; .*teaching.*:[0-9]+$'
like "of a default" "$out" '^kernel = linux-6.8 +; default$'

status "describe a key" 0 "$PAGEWALK" config describe tlb.stlb.ways
like "what it takes" "$out" 'takes: .*full'
like "where it comes from" "$out" 'source: .*CPUID'
status "describe a section" 0 "$PAGEWALK" config describe cost
like "all of it" "$out" '^cost.page_zero$'
status "describe a preset" 0 "$PAGEWALK" config describe teaching
status "describe everything" 0 "$PAGEWALK" config describe
n=$(printf '%s\n' "$out" | grep -c '^    source: ')
test "$n" -gt 50 && pass "$n keys" || fail "$n keys"

cat >bad.ini <<'END'
base = intel-skylake
[tlb.stlb]
entries = many
END
status "a bad file" 3 "$PAGEWALK" config check ./bad.ini
like "file, line, key, value, what was expected" "$err" \
    'bad\.ini:3: tlb\.stlb\.entries = many: expected a whole number'
status "an unknown preset" 3 "$PAGEWALK" config check nothing
status "an unknown key" 3 "$PAGEWALK" config describe tlb.stlb.wayz
like "with what was meant" "$err" 'did you mean tlb.stlb.ways'
status "an unknown action" 2 "$PAGEWALK" config frobnicate

# A file of one's own, found by name in PAGEWALK_CONFIGS and beside a file.
mkdir here
printf 'help = mine\nbase = intel-skylake\n[cpu]\ncpi = 7\n' >here/mine.ini
printf 'base = mine\n' >here/other.ini
PAGEWALK_CONFIGS=$tmp/here
export PAGEWALK_CONFIGS
status "found in PAGEWALK_CONFIGS" 0 "$PAGEWALK" config show mine
like "with its value" "$out" '^cpi = 7$'
status "listed" 0 "$PAGEWALK" config list
like "with its help" "$out" '^mine +mine \('
unset PAGEWALK_CONFIGS
status "not without" 3 "$PAGEWALK" config show mine
status "a base beside its file" 0 "$PAGEWALK" config show here/other.ini
like "is taken" "$out" '^cpi = 7$'
# The machine we are on.
if test "$(uname -m)" = x86_64; then
	status "from the host" 0 "$PAGEWALK" config from-host
	printf '%s\n' "$out" >host.ini
	status "it is a configuration" 0 "$PAGEWALK" config check ./host.ini
	cache=/sys/devices/system/cpu/cpu0/cache
	for i in 0 1 2 3; do
		test -r $cache/index$i/size || continue
		is "cache $i: its size is sysfs's" \
		    "$("$PAGEWALK" config show ./host.ini |
		    sed -n "/^.cache.host-$i.$/,/^\$/s/^size = //p")" \
		    "$("$PAGEWALK" config show ./host.ini \
		    --set "cache.host-$i.size=$(cat $cache/index$i/size)" |
		    sed -n "/^.cache.host-$i.$/,/^\$/s/^size = //p")"
		is "cache $i: its ways, too" \
		    "$(sed -n "/^.cache.host-$i.$/,/^\$/s/^ways = //p" host.ini)" \
		    "$(cat $cache/index$i/ways_of_associativity)"
	done
else
	status "from another host" 1 "$PAGEWALK" config from-host
fi
status "from it and more" 2 "$PAGEWALK" config from-host more
done_testing
