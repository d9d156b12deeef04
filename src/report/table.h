/*
 * table.h - aligned columns of text, for people.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdint.h>
#include <stdio.h>

struct table;

/* align: a letter a column, 'l' or 'r'.  Cells are added row by row; the
 * first row is the heading. */
struct table *table_new(const char *align);
void table_text(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void table_count(struct table *t, uint64_t n); /* "1,234,567" */
/* a / b with this many decimals; "-" if b is 0. */
void table_ratio(struct table *t, double a, double b, int decimals);

/* Text from outside: control characters become '?'.  Cells do it, too. */
void print_plain(const char *text, FILE *f);

/* Print, two spaces in, and free. */
void table_print(struct table *t, FILE *f);

#endif
