# vgtool-lib.sh - for the tests of our own Valgrind tool: as capture-lib.sh,
# and skip where it has not been built.
# SPDX-License-Identifier: GPL-3.0-or-later
if [ ! -x "$top_builddir/src/vgtool/pagewalk-amd64-linux" ]; then
	echo "1..0 # SKIP our Valgrind tool has not been built"
	exit 0
fi
BACKEND=pagewalk
. "$top_srcdir/tests/cli/capture-lib.sh"
