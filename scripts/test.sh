#!/bin/sh
# test.sh [--quick] - install what is missing, build, pass every test.
#
# Builds in build-test/: with gcc and warnings as errors (make check), with
# the sanitizers (make check again), with clang and warnings as errors, as a
# release (make distcheck, and the same bytes twice).  --quick: gcc only.
# The last line is "N passed, N failed": one for each TAP assertion and each
# build.  Exit status 0 if nothing failed.
# SPDX-License-Identifier: GPL-3.0-or-later
set -u
top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/scripts/lib.sh"
quick=no
case ${1:-} in
--quick) quick=yes ;;
-h | --help)
	sed -n '2,9s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac

passed=0
failed=0
root=$top/build-test

# result NAME STATUS: one thing that is not TAP.
result() {
	if test "$2" = 0; then
		passed=$((passed + 1))
		say "passed: $1"
	else
		failed=$((failed + 1))
		say "FAILED: $1"
	fi
}

# count RESULT DIR: assertions that ended so, by automake's .trs files.
count() {
	find "$2" -name '*.trs' -exec grep -Eh "^:test-result: ($1)" {} + | wc -l
}

# check DIR: make check, and what it counted.
check() {
	(cd "$1" && make -j"$(jobs)" check >check.log 2>&1)
	status=$?
	p=$(count 'PASS|XFAIL' "$1")
	f=$(count 'FAIL|XPASS|ERROR' "$1")
	s=$(count SKIP "$1")
	passed=$((passed + p))
	failed=$((failed + f))
	grep -Eh '^(FAIL|ERROR|XPASS): ' "$1/check.log"
	find "$1" -name '*.trs' -exec grep -H '^:test-result: SKIP' {} + |
	    sed "s|^$1/|skipped: |; s|\.trs:.*SKIP| |"
	say "$1: $p passed, $f failed, $s skipped"
	# A failure outside the tests (a test program that does not build).
	test $status = 0 || test "$f" -gt 0 || {
		tail -n 40 "$1/check.log"
		result "make check in $1" 1
	}
}

# stage NAME ARGUMENT...: build with these arguments to configure.
stage() {
	name=$1
	shift
	say "building: $name ($*)"
	build "$root/$name" "$root/$name.log" "$@"
	status=$?
	result "build: $name" $status
	return $status
}

# A release builds, tests and installs from a read-only tree, and is the same
# bytes when made again.
release() {
	(
		cd "$root/gcc" && logged distcheck.log make distcheck TESTS= &&
		    sha256sum pagewalk-*.tar.xz >first.sum &&
		    logged distcheck.log make dist && sha256sum -c first.sum
	)
}

# The fuzz targets build and stand a few seconds each.
fuzz() {
	stage fuzz CC=clang --enable-fuzzing --enable-werror \
	    --enable-sanitizers CFLAGS='-O1 -g' || return
	for t in "$root"/fuzz/tests/fuzz/fuzz_*; do
		test -x "$t" || continue
		logged "$root/fuzz.log" "$t" -max_total_time=5 -verbosity=0
		result "$(basename "$t"), 5 seconds" $?
	done
}

install_packages $build_packages $run_packages $test_packages
rm -rf "$root"
mkdir -p "$root" || exit 1
cd "$root" || exit 1
stage gcc CC=gcc --enable-werror && check "$root/gcc"
if test $quick = no; then
	stage sanitizers CC=gcc --enable-werror --enable-sanitizers \
	    CFLAGS='-O1 -g' && check "$root/sanitizers"
	stage clang CC=clang --enable-werror &&
	    (cd "$root/clang" && logged ../clang.log make -j"$(jobs)" check TESTS=)
	result "test programs: clang" $?
	release
	result "make distcheck, and the same tarball twice" $?
	fuzz
fi
printf '%s passed, %s failed\n' $passed $failed
test $failed = 0
