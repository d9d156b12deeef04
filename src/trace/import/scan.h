/*
 * scan.h - take numbers and marks off the front of a line.
 *
 * Each scan_*() moves behind what it took, or returns false and stays.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_SCAN_H
#define TRACE_IMPORT_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct scan {
	const char *at;
};

static inline unsigned
scan_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a' + 10) : 99;
}

/* Digits of radix 2 .. 36; at least one, no overflow. */
static inline bool
scan_digits(struct scan *s, unsigned radix, uint64_t *out)
{
	const char *p = s->at;
	uint64_t v = 0;

	for (; scan_digit(*p) < radix; p++)
		if (__builtin_mul_overflow(v, radix, &v) ||
		    __builtin_add_overflow(v, scan_digit(*p), &v))
			return false;
	if (p == s->at)
		return false;
	s->at = p;
	*out = v;
	return true;
}

static inline bool
scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(s->at, word, n))
		return false;
	s->at += n;
	return true;
}

static inline bool
scan_dec(struct scan *s, uint64_t *out)
{
	return scan_digits(s, 10, out);
}

/* With or without 0x. */
static inline bool
scan_hex(struct scan *s, uint64_t *out)
{
	struct scan t = *s;

	if ((scan_word(&t, "0x") || scan_word(&t, "0X")) &&
	    scan_digits(&t, 16, out)) {
		*s = t;
		return true;
	}
	return scan_digits(s, 16, out);
}

/* 0x: hexadecimal, else decimal. */
static inline bool
scan_number(struct scan *s, uint64_t *out)
{
	if (s->at[0] == '0' && (s->at[1] | 0x20) == 'x')
		return scan_hex(s, out);
	return scan_dec(s, out);
}

static inline bool
scan_char(struct scan *s, char c)
{
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

/* Spaces and tabs, at least one (or the end of the line). */
static inline bool
scan_blank(struct scan *s)
{
	const char *from = s->at;

	s->at += strspn(s->at, " \t");
	return s->at > from || !*s->at;
}

static inline bool
scan_end(struct scan *s)
{
	scan_blank(s);
	return !*s->at;
}

#endif
