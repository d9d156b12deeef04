/* xalloc.c - see xalloc.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void *
check(void *p, size_t bytes)
{
	if (p || !bytes)
		return p;
	fprintf(stderr, "pagewalk: out of memory (asked for %zu bytes)\n",
		bytes);
	exit(1);
}

void *
xmalloc(size_t bytes)
{
	return check(malloc(bytes), bytes);
}

void *
xcalloc(size_t n, size_t bytes)
{
	return check(calloc(n, bytes), n);
}

void *
xrealloc(void *p, size_t bytes)
{
	return check(realloc(p, bytes), bytes);
}

void *
xreallocarray(void *p, size_t n, size_t bytes)
{
	return check(reallocarray(p, n, bytes), n);
}

char *
xstrdup(const char *s)
{
	return check(strdup(s), 1);
}

char *
xstrndup(const char *s, size_t n)
{
	return check(strndup(s, n), 1);
}

char *
xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return check(s, 1);
}

void *
xgrow(void *p, size_t n, size_t *cap, size_t bytes)
{
	if (n < *cap)
		return p;
	*cap = *cap ? *cap * 2 : 8;
	return xreallocarray(p, *cap, bytes);
}
