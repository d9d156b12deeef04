/* conf_describe.c - what a key takes, and which key was meant.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "hw/repl.h"
#include "sim/conf_priv.h"

static void
append(char *buf, size_t size, const char *text)
{
	size_t n = strlen(buf);

	if (n < size)
		snprintf(buf + n, size - n, "%s", text);
}

/* 65536 -> "64K"; 100 -> "100". */
static void
append_bytes(char *buf, size_t size, double v)
{
	static const char *const units[] = {"", "K", "M", "G", "T"};
	unsigned u = 0;
	char text[32];

	while (u < 4 && v >= 1024 && fmod(v, 1024) == 0) {
		v /= 1024;
		u++;
	}
	snprintf(text, sizeof text, "%.15g%s", v, units[u]);
	append(buf, size, text);
}

static void
append_range(const struct conf_key *k, char *buf, size_t size)
{
	char text[64];

	if (k->type == CONF_BYTES) {
		append_bytes(buf, size, k->min);
		append(buf, size, " to ");
		append_bytes(buf, size, k->max);
		return;
	}
	snprintf(text, sizeof text, "%.15g to %.15g", k->min, k->max);
	append(buf, size, text);
}

static void
append_names(char *buf, size_t size, const char *name, unsigned i)
{
	if (i)
		append(buf, size, ", ");
	append(buf, size, name);
}

void
conf_expected(const struct conf_key *k, char *buf, size_t size)
{
	*buf = '\0';
	switch (k->type) {
	case CONF_COUNT:
	case CONF_BYTES:
		append(buf, size, "a whole number, ");
		append_range(k, buf, size);
		break;
	case CONF_FLOAT:
		append(buf, size, "a number, ");
		append_range(k, buf, size);
		break;
	case CONF_WAYS:
		append(buf, size, "full or a whole number, ");
		append_range(k, buf, size);
		break;
	case CONF_BOOL:
		append(buf, size, "yes or no");
		break;
	case CONF_PAGES:
		append(buf, size,
		       "page sizes of the paging mode, such as 4K "
		       "2M 1G");
		break;
	case CONF_CHOICE:
		append(buf, size, "one of ");
		for (unsigned i = 0; k->choices[i].name; i++)
			append_names(buf, size, k->choices[i].name, i);
		break;
	case CONF_POLICY:
		append(buf, size, "one of ");
		for (unsigned i = 0; repl_policies[i].name; i++)
			append_names(buf, size, repl_policies[i].name, i);
		break;
	case CONF_PAGING:
		append(buf, size, "one of ");
		for (unsigned i = 0; paging_modes[i].levels; i++)
			append_names(buf, size, paging_modes[i].name, i);
		append(buf, size, ", or radix-PAGE-WIDTH...[/BYTES]");
		break;
	}
}

/* How many letters must change: Levenshtein's distance. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[CONF_KEY_MAX + 1];
	size_t nb = strlen(b);

	if (nb > CONF_KEY_MAX || strlen(a) > CONF_KEY_MAX)
		return CONF_KEY_MAX;
	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < nb; j++) {
			unsigned best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			best = (unsigned)min_u64(best, row[j] + 1);
			best = (unsigned)min_u64(best, diagonal + 1);
			row[j + 1] = best;
		}
	}
	return row[nb];
}

/* The middle word of a.b.c, or "NAME". */
static void
member_of(const char *key, char *buf, size_t size)
{
	const char *first = strchr(key, '.');
	const char *last = strrchr(key, '.');

	if (first && last > first + 1)
		snprintf(buf, size, "%.*s", (int)(last - first - 1), first + 1);
	else
		snprintf(buf, size, "NAME");
}

const char *
conf_suggest(const char *key, char *buf, size_t size)
{
	unsigned best = CONF_KEY_MAX, limit = (unsigned)strlen(key) / 3 + 1;
	char member[CONF_NAME_MAX + 1], full[CONF_KEY_MAX];

	member_of(key, member, sizeof member);
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		const char *tail = strrchr(k->name, '.') + 1;
		unsigned d;

		conf_expand(k, member, full);
		d = distance(key, full);
		if (!strchr(key, '.') && !strcmp(key, tail))
			d = 1; /* the section was left out */
		if (d < best) {
			best = d;
			snprintf(buf, size, "%s", full);
		}
	}
	return best <= limit ? buf : NULL;
}
