/*
 * err.h - what went wrong with something a person gave us.
 *
 * Errors are of three kinds.  A broken invariant is our bug: BUG() (log.h)
 * aborts.  Running out of memory exits (xalloc.h).  Bad input is neither: the
 * function returns false (or NULL) and fills a struct err, which the command
 * prints.  A page fault is a result, not an error.
 *
 * A message names the file, the line or offset, the key, the value and what
 * was expected, in that order, as far as they apply; it has no final newline.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/* Also the program's exit status; see main.c and pagewalk(1). */
enum err_kind {
	ERR_NONE = 0,
	ERR_FAILED = 1,  /* the machine or system refused (disk full, ...) */
	ERR_USAGE = 2,   /* wrong command line */
	ERR_INPUT = 3,   /* bad trace, configuration, ... */
	ERR_REFUSED = 4, /* the replayed program did what the model refuses */
};

struct err {
	enum err_kind kind;
	char text[1024];
};

/* Fill *e (if not NULL) and return false, so that callers can write
 * `return err_set(e, ERR_INPUT, ...)`.  Control characters that come in
 * through the arguments (file names) are replaced by '?'. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "prefix: " before the text already there; returns false. */
bool err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
