#!/bin/sh
# trace-seeds.sh DIR - small traces in DIR for fuzz_trace to begin with.
# Needs $PAGEWALK.  SPDX-License-Identifier: GPL-3.0-or-later
set -eu
dir=${1:?usage: trace-seeds.sh DIR}
pagewalk=${PAGEWALK:-pagewalk}
mkdir -p "$dir"
for pattern in $("$pagewalk" generate --list | awk '{print $1}'); do
	"$pagewalk" generate "$pattern" -o "$dir/$pattern.pwt" \
		--footprint 64K --refs 300 >/dev/null || :
done
# Cut ones, too: without index, and within a chunk.
for f in "$dir"/*.pwt; do
	size=$(wc -c <"$f")
	head -c $((size - 30)) "$f" >"${f%.pwt}.cut"
	head -c $((size / 2)) "$f" >"${f%.pwt}.half"
done
ls "$dir" | wc -l
