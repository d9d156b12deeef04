/* table.c - aligned columns of text.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/plain.h"
#include "base/xalloc.h"
#include "report/table.h"

#define MAX_COLUMNS 20

struct table {
	const char *align;
	unsigned columns;
	char **cells;
	size_t n, cap;
};

struct table *
table_new(const char *align)
{
	struct table *t = xcalloc(1, sizeof *t);

	t->align = align;
	t->columns = (unsigned)strlen(align);
	return t;
}

void
print_plain(const char *text, FILE *f)
{
	char *copy = xstrdup(text);

	make_plain(copy, false);
	fputs(copy, f);
	free(copy);
}

void
table_text(struct table *t, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	make_plain(text, false);
	t->cells = xgrow(t->cells, t->n, &t->cap, sizeof *t->cells);
	t->cells[t->n++] = xstrdup(text);
}

void
table_count(struct table *t, uint64_t n)
{
	char digits[24], text[32], *out = text;
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	table_text(t, "%s", text);
}

void
table_ratio(struct table *t, double a, double b, int decimals)
{
	if (b > 0)
		table_text(t, "%.*f", decimals, a / b);
	else
		table_text(t, "-");
}

static void
print_cell(const struct table *t, size_t i, const size_t *width, FILE *f)
{
	unsigned c = (unsigned)(i % t->columns);
	bool last = c == t->columns - 1;
	int w = (int)width[c];

	fputs("  ", f);
	if (t->align[c] == 'r')
		fprintf(f, "%*s", w, t->cells[i]);
	else if (last)
		fputs(t->cells[i], f);
	else
		fprintf(f, "%-*s", w, t->cells[i]);
	if (last)
		putc('\n', f);
}

void
table_print(struct table *t, FILE *f)
{
	size_t width[MAX_COLUMNS] = {0};

	for (size_t i = 0; i < t->n; i++) {
		size_t n = strlen(t->cells[i]);

		if (n > width[i % t->columns])
			width[i % t->columns] = n;
	}
	for (size_t i = 0; i < t->n; i++) {
		print_cell(t, i, width, f);
		free(t->cells[i]);
	}
	free(t->cells);
	free(t);
}
