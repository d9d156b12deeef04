#!/bin/sh
# Capture: what the trace says of the page cache, and that looking at it does
# not change it.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/capture-lib.sh"

# cached FILE: pages of it in the page cache
cached()
{
	fincore -b -n -o PAGES "$1" 2>/dev/null | tr -d ' '
}

# cache_of PATH: its CACHE events, without pid and number
cache_of()
{
	id=$(sed -n "s|^FILE .*id=\([0-9]*\) .*$1\$|\1|p" events)
	sed -n "s|^CACHE [0-9/]* file=$id||p" events
}

case $(stat -f -c %T .) in
ext2/ext3|xfs|btrfs|f2fs|tmpfs|overlayfs) ;;
*)
	echo "1..0 # SKIP not a file system whose page cache is looked at"
	exit 0
	;;
esac

head -c 40000 /dev/urandom >file
sync file
capture -- sh -c ': <file'
ok "the trace says what is told" has '^# capture.page_cache: (folios|pages)$'
ok "a cached file is told" [ -n "$(cache_of "${work##*/}/file")" ]
ok "with all its pages" is "$(cache_of "${work##*/}/file" | tr ' ' '\n' |
    sed -n 's|.*+\([0-9]*\)/.*|\1|p' | awk '{ n += $1 } END { print n }')" 10

if dd if=file iflag=nocache count=0 2>/dev/null && [ "$(cached file)" = 0 ]; then
	capture -- sh -c ': <file'
	ok "of one that is not, that it is not" \
	    is "$(cache_of "${work##*/}/file" | tr -d ' ')" ""
	ok "in an event" [ "$(cache_of "${work##*/}/file" | wc -l)" = 1 ]
	ok "and it still is not" is "$(cached file)" 0
else
	n=$((n + 1))
	echo "ok $n - a file that is not cached # SKIP cannot drop it from the cache"
fi

capture -- cat /proc/self/maps
ok "files of /proc are left alone" is "$(cache_of /maps)" ""
capture -- head -c 10 /dev/zero
ok "so are devices" is "$(cache_of /dev/zero)" ""

mkfifo fifo
(sleep 1; : >fifo) &
capture -- sh -c ': <fifo'
ok "and pipes" is "$status" 0
wait

capture -- "$victim" map "$work/written"
# Our own tool does not hold the program at its mmap.
[ "$backend" = pagewalk ] ||
	ok "a file written and then mapped is looked at again" \
	    [ "$(cache_of "${work##*/}/written" | wc -l)" = 1 ]

status=0
"$PAGEWALK" run -q -s os.page_cache=recorded t.pwt || status=1
ok "the replay takes it" is "$status" 0
echo "1..$n"
