/*
 * plain.h - text that comes from traces and file names, made harmless for a
 * terminal.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_PLAIN_H
#define BASE_PLAIN_H

#include <stdbool.h>
#include <stdio.h>

/* Replace by '?', in place, what a terminal may obey: the control characters
 * C0 (but a newline, if those are kept) and DEL, and C1, as UTF-8 has them or
 * as single bytes outside of a UTF-8 character. */
void make_plain(char *s, bool keep_newlines);

/* The same as a field of CSV, in quotes. */
void put_csv_text(const char *s, FILE *f);

#endif
