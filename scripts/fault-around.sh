#!/bin/sh
# fault-around.sh - the published table of fault-around beside the model's.
#
# A mapped file of 16 GiB, in memory, read in order by one thread, with windows
# of 2^order pages: page faults.  Published: K. Shutemov, linux-kernel, 2014
# (Linux 3.15, x86-64).  Modelled: `pagewalk generate file`, plus the start of a
# program (`ls /`, captured), which the published numbers have in them.
# usage: fault-around.sh [GIB]   (16); $PAGEWALK: the program
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
gib=${1:-16}
pagewalk=${PAGEWALK:-pagewalk}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/fault-around.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

published() {
	cat <<-END
	0 4195437
	1 2098275
	3 525068
	4 262251
	5 131170
	7 32856
	9 8282
	END
}

faults() { # TRACE ORDER
	"$pagewalk" run "$1" -q --no-recorded -c intel-skylake -c linux-6.1 \
	    --set os.fault_around=$((4096 << $2)) --set machine.memory=20G -j - |
		sed -n '/"processes"/,$s/^.*"minor": \([0-9]*\).*/\1/p' | head -n 1
}

"$pagewalk" generate file --footprint "${gib}G" -o "$tmp/file.pwt" >/dev/null
"$pagewalk" capture -q -o "$tmp/start.pwt" -- ls / >/dev/null
echo "| order | published | file | start | modelled | off % |"
echo "|---|---|---|---|---|---|"
published | while read -r order want; do
	file=$(faults "$tmp/file.pwt" "$order")
	start=$(faults "$tmp/start.pwt" "$order")
	awk -v o="$order" -v w="$want" -v f="$file" -v s="$start" 'BEGIN {
		printf "| %d | %d | %d | %d | %d | %+.3f |\n", o, w, f, s,
		    f + s, (f + s - w) / w * 100 }'
done
