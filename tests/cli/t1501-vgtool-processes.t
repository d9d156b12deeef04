#!/bin/sh
# What capture's tests say of processes holds for our tool's back end.
# SPDX-License-Identifier: GPL-3.0-or-later
. "$top_srcdir/tests/cli/vgtool-lib.sh"
. "$top_srcdir/tests/cli/t1001-capture-processes.t"
