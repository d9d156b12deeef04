#!/bin/sh
# What capture's tests say of limits, signals and full disks holds for our
# tool's back end.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/vgtool-lib.sh"
. "$top_srcdir/tests/cli/t1002-capture-limits.t"
