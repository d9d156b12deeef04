# seeds.sh - for *-seeds.sh: sourced with the directory as $1.
# Each seed is a file of the directory and a line "NAME KIND DESCRIPTION" on
# standard output; KIND is good, bad (damaged or wrong) or unsupported (right,
# but not for us).  t6300-seeds.t holds the program to it.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
dir=${1:?usage: $(basename "$0") DIRECTORY}
pagewalk=${PAGEWALK:-pagewalk}
LC_ALL=C
export LC_ALL
mkdir -p "$dir"

# seed NAME KIND DESCRIPTION <CONTENTS
seed() {
	cat >"$dir/$1"
	echo "$*"
}

# le BYTES NUMBER...: little-endian numbers of so many bytes (1 to 7).
le() {
	width=$1
	shift
	for number; do
		i=0
		while test $i -lt "$width"; do
			printf "\\$(printf %03o $((number >> 8 * i & 255)))"
			i=$((i + 1))
		done
	done
}

# le8 NUMBER...: of 8 bytes, below 2^56.
le8() {
	for eight; do
		le 7 "$eight"
		le 1 0
	done
}
