/*
 * tap.h - the Test Anything Protocol in a few lines.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static struct {
	int run, failed;
} tap;

__attribute__((format(printf, 2, 0))) static inline bool
tap_result(bool pass, const char *fmt, va_list ap)
{
	tap.run++;
	tap.failed += !pass;
	printf("%sok %d - ", pass ? "" : "not ", tap.run);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	return pass;
}

__attribute__((format(printf, 2, 3))) static inline bool
ok(bool pass, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(pass, fmt, ap);
	va_end(ap);
	return pass;
}

__attribute__((format(printf, 3, 4))) static inline bool
is_u64(uint64_t got, uint64_t want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("# got %" PRIu64 ", want %" PRIu64 "\n", got, want);
	return got == want;
}

__attribute__((format(printf, 3, 4))) static inline bool
is_str(const char *got, const char *want, const char *fmt, ...)
{
	bool same = got && want && !strcmp(got, want);
	va_list ap;

	va_start(ap, fmt);
	tap_result(same, fmt, ap);
	va_end(ap);
	if (!same)
		printf("# got  '%s'\n# want '%s'\n", got ? got : "(null)",
		       want ? want : "(null)");
	return same;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap.run);
	return tap.failed != 0;
}

#endif
