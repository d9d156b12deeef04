#!/bin/sh
# trace-seeds.sh DIR - small traces in DIR for fuzz_trace to begin with.
# Needs $PAGEWALK.  SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/seeds.sh"

for pattern in $("$pagewalk" generate --list | awk '{print $1}'); do
	f=$dir/$pattern.pwt
	"$pagewalk" generate "$pattern" -o "$f" --footprint 64K --refs 300 \
		>/dev/null 2>&1 || continue
	size=$(wc -c <"$f")
	echo "$pattern.pwt good the pattern"
	head -c $((size - 30)) "$f" | seed "$pattern.cut" good "without its index"
	head -c $((size / 2)) "$f" | seed "$pattern.half" bad "cut in a chunk"
done
