/*
 * xalloc.h - allocation that does not fail: out of memory prints one line
 * and exits with status 1.  Everything is released with free().
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t bytes);
void *xcalloc(size_t n, size_t bytes); /* zeroed; large ones lazily */
void *xrealloc(void *p, size_t bytes);
void *xreallocarray(void *p, size_t n, size_t bytes);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Make room for one more element in the array at *p (n used, *cap there). */
void *xgrow(void *p, size_t n, size_t *cap, size_t bytes);

#endif
