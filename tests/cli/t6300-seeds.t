#!/bin/sh
# t6300-seeds.t - what the fuzz targets begin with (tests/fuzz/*-seeds.sh): good
# input is taken, bad and unsupported input refused with a message that names
# it and leaves nothing behind.  SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/tap.sh"

# take WHAT FILE: the command that reads such a file.
take() {
	name=$(basename "$2")
	case $1:$name in
	import:any.*) "$PAGEWALK" import --samples -o out.pwt "$2" ;;
	import:*) "$PAGEWALK" import --samples --from "${name%.*}" -o out.pwt "$2" ;;
	joined:maps.*) "$PAGEWALK" import refs --maps "$2" -o out.pwt ;;
	joined:*) "$PAGEWALK" import refs --syscalls "$2" -o out.pwt ;;
	config:*) "$PAGEWALK" config show "$2" ;;
	experiment:*) "$PAGEWALK" sweep -n "$2" ;;
	result:*) "$PAGEWALK" diff -q "$2" "$2" ;;
	trace:*) "$PAGEWALK" run -q "$2" ;;
	esac
}

refused() {
	is "$1: refused" "$2" 3
	case $(head -n 1 said) in
	"pagewalk "*:*) pass "$1: with a message" ;;
	*) fail "$1: with a message" "$(cat said)" ;;
	esac
	ok "$1: nothing is left" test ! -e out.pwt
}

printf 'i 401000 3\nr 7f0000001000 8\nw 4a00000 8\n' >refs
for what in import joined config experiment result trace; do
	"$top_srcdir/tests/fuzz/$what-seeds.sh" $what >list 2>&1
	is "$what: seeds are made" $? 0
	test $what != experiment ||
	    "$PAGEWALK" generate uniform --footprint 64K --refs 300 \
		-o $what/any.pwt >/dev/null
	for kind in good bad unsupported; do
		test $what:$kind = trace:unsupported && continue
		ok "$what: some are $kind" grep -q " $kind " list
	done
	while read -r name kind text; do
		rm -f out.pwt
		take $what "$what/$name" >said 2>&1 </dev/null
		status=$?
		if test "$kind" = good; then
			is "$what/$name: taken ($text)" $status 0
			test $status = 0 || sed 's/^/# /' said
		else
			refused "$what/$name ($text)" $status
		fi
	done <list
done
done_testing
