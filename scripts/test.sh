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

# A release builds and installs from a read-only tree, is the same bytes when
# made again, and is whole.
release() {
	(
		cd "$root/gcc" && logged distcheck.log make distcheck TESTS= &&
		    sha256sum pagewalk-*.tar.xz >first.sum &&
		    logged distcheck.log make dist &&
		    logged distcheck.log sha256sum -c first.sum &&
		    nothing_left_out pagewalk-*.tar.xz
	)
}

# Every file of the checkout is in the release (nothing to compare elsewhere).
nothing_left_out() {
	test -e "$top/.git" && command -v git >/dev/null || return 0
	tar tf "$1" | sed 's|^[^/]*/||' | LC_ALL=C sort >released
	git -C "$top" ls-files | grep -v -e '^\.gitignore$' |
	    LC_ALL=C sort >tracked
	left=$(comm -23 tracked released)
	test -z "$left" && return
	printf 'not in the release: %s\n' $left
	return 1
}

# The fuzz targets build, and stand $FUZZ_SECONDS each, beginning with what
# tests/fuzz/NAME-seeds.sh makes.  Messages of ours (2) are not kept.
fuzz() {
	log=$root/fuzz.log
	seconds=${FUZZ_SECONDS:-5}
	mkdir -p "$root/fuzz" && cd "$root/fuzz" || return
	logged "$log" "$top/configure" CC=clang --enable-werror \
	    --enable-fuzzing CFLAGS='-O1 -g'
	for source in "$top"/tests/fuzz/fuzz_*.c; do
		test -f "$source" || continue
		name=$(basename "$source" .c)
		seeds=$top/tests/fuzz/${name#fuzz_}-seeds.sh
		mkdir -p "corpus/$name"
		test -x "$seeds" && PAGEWALK=$root/gcc/src/pagewalk \
		    logged "$log" "$seeds" "corpus/$name"
		logged "$log" make -j"$(jobs)" "tests/fuzz/$name" &&
		    logged "$log" "tests/fuzz/$name" -timeout=10 \
		    -max_total_time="$seconds" -close_fd_mask=2 \
		    "corpus/$name"
		result "$name, $seconds seconds" $?
	done
	cd "$root" || return
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
	result "make distcheck; the same tarball twice; whole" $?
	fuzz
fi
printf '%s passed, %s failed\n' $passed $failed
test $failed = 0
