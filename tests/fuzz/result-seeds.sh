#!/bin/sh
# result-seeds.sh DIR - saved results for fuzz_result to begin with.
# Needs $PAGEWALK.  SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/seeds.sh"

"$pagewalk" generate uniform -o "$dir/t.pwt" --footprint 64K --refs 300 >/dev/null
"$pagewalk" run -q "$dir/t.pwt" -j - >"$dir/run.json"
rm "$dir/t.pwt"
schema='"schema":{"name":"pagewalk-result","version":1}'
echo "run.json good of a run"
echo "{$schema,\"totals\":{\"cycles\":1e300,\"x\":[1,{\"name\":\"a\"}]}}" |
	seed small.json good "little, and a real number"
head -c 2000 "$dir/run.json" | seed cut.json bad "cut off"
echo '[1, 2]' | seed array.json bad "no object"
echo "{$schema,\"a\":1,\"a\":2}" | seed twice.json bad "a member twice"
echo '{"schema":{"name":"pagewalk-sweep","version":1}}' |
	seed other.json unsupported "another file of ours"
seed empty.json bad "nothing" </dev/null
awk 'BEGIN { for (i = 0; i < 5000; i++) printf "[" }' |
	seed deep.json bad "nested beyond all measure"
