#!/bin/sh
# version.sh DIR - the version of the source tree in DIR, on one line.
#
# A release tarball carries .tarball-version; a checkout asks git.  Results
# name the exact commit that made them, so a tree with changes says "-dirty".
# SPDX-License-Identifier: GPL-3.0-or-later
dir=${1:-.}
base=0.1.0
if test -f "$dir/.tarball-version"; then
	v=$(cat "$dir/.tarball-version")
elif test -e "$dir/.git" &&
    hash=$(git -C "$dir" rev-parse --short=12 HEAD 2>/dev/null); then
	v=$base+g$hash
	git -C "$dir" diff --quiet HEAD 2>/dev/null || v=$v-dirty
else
	v=$base
fi
printf '%s\n' "$v"
