# lib.sh - what quickstart.sh and test.sh share: packages, builds, messages.
# $top is the source tree.  SPDX-License-Identifier: GPL-3.0-or-later

# Debian 12's names.
build_packages="autoconf automake gcc libbz2-dev libc6-dev libdw-dev
	libinih-dev libjansson-dev liblzma-dev libzstd-dev make pkg-config
	zlib1g-dev"
run_packages="gnuplot-nox valgrind"
test_packages="clang clang-format libclang-rt-dev mandoc universal-ctags
	bzip2 xz-utils zstd"

say() {
	printf '%s\n' "==> $*"
}

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

jobs() {
	nproc 2>/dev/null || echo 1
}

missing_packages() {
	for p; do
		dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null |
		    grep -q 'ok installed' || printf '%s ' "$p"
	done
}

as_root() {
	if test "$(id -u)" = 0; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "need root (or sudo) for: $*"
	fi
}

# Install those of the packages that are not there.  Elsewhere than on Debian
# the tools must be there already; configure says what it misses.
install_packages() {
	command -v dpkg-query >/dev/null || return 0
	missing=$(missing_packages "$@")
	test -z "$missing" && return
	say "installing: $missing"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update ||
	    say "apt-get update failed; trying with the lists that are there"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	    -o Dpkg::Use-Pty=0 --no-install-recommends install $missing ||
	    die "apt-get could not install: $missing"
}

# logged LOG COMMAND...: quiet unless it fails.
logged() {
	log=$1
	shift
	if "$@" >>"$log" 2>&1; then return 0; fi
	tail -n 40 "$log" >&2
	printf '%s failed; all of it is in %s\n' "$*" "$log" >&2
	return 1
}

# The tree is a checkout without configure, or a release with it.
make_configure() {
	test -x "$top/configure" && test "$top/configure" -nt "$top/configure.ac" &&
	    test -z "$(find "$top" -maxdepth 3 -name 'Makefile.inc' -newer "$top/configure" \
	    -not -path '*/build*')" && return
	logged "$1" autoreconf -fi "$top"
}

# build DIR LOG CONFIGURE-ARGUMENT...: configure and make in DIR.
build() {
	dir=$1
	log=$2
	shift 2
	mkdir -p "$dir" && : >"$log" || return 1
	make_configure "$log" &&
	    (cd "$dir" && logged "$log" "$(abs "$top")/configure" "$@" &&
	    logged "$log" make -j"$(jobs)")
}

abs() {
	(cd "$1" && pwd)
}
