/*
 * log.h - messages to the person at the terminal, and broken invariants.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* "pagewalk: warning: ..." on standard error. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A broken invariant: our bug.  Prints where and what, and aborts. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
#define BUG_ON(cond)                               \
	do {                                       \
		if (__builtin_expect(!!(cond), 0)) \
			BUG("%s", #cond);          \
	} while (0)

_Noreturn void bug_at(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
