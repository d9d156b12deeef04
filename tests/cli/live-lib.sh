# live-lib.sh - for tests that run programs under our own Valgrind tool and
# speak tap.sh: sourced; skips where the tool has not been built.
# SPDX-License-Identifier: GPL-3.0-or-later
if ! test -x "$top_builddir/src/vgtool/pagewalk-amd64-linux" ||
    ! command -v valgrind >/dev/null 2>&1; then
	echo "1..0 # SKIP no Valgrind, or our tool has not been built"
	exit 0
fi
. "$top_srcdir/tests/cli/tap.sh"
# A program's descriptors begin at 3, whatever make's jobserver left open.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
