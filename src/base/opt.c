/* opt.c - command-line options from tables.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"

#define HELP_COLUMN 26

/* getopt_long() returns these for long options: beyond every letter. */
enum { FIRST_LONG = 256 };

static unsigned
count_specs(const struct opt_spec *specs)
{
	unsigned n = 0;

	while (specs && specs[n].name)
		n++;
	return n;
}

/* "M" -> 2^20, "m" -> 10^6, "MiB" -> 2^20, "" -> 1; 0: no such suffix. */
static uint64_t
suffix_factor(const char *s)
{
	static const char binary[] = "KMGT", decimal[] = "kmg";
	const char *p;
	uint64_t factor = 1;

	if (!*s)
		return 1;
	p = strchr(binary, *s);
	if (p && (!s[1] || !strcmp(s + 1, "iB") || !strcmp(s + 1, "B")))
		return (uint64_t)1 << (10 * (p - binary + 1));
	p = strchr(decimal, *s);
	if (!p || s[1])
		return 0;
	for (long i = 0; i <= p - decimal; i++)
		factor *= 1000;
	return factor;
}

bool
parse_u64(const char *s, uint64_t *out)
{
	char *end;
	uint64_t factor;
	unsigned long long v;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoull(s, &end, !strncmp(s, "0x", 2) ? 16 : 10);
	factor = suffix_factor(end);
	if (errno || !factor || __builtin_mul_overflow(v, factor, out))
		return false;
	return true;
}

static void
list_add(struct opt_list *list, const char *item)
{
	list->items =
	    xreallocarray(list->items, list->n + 1, sizeof *list->items);
	list->items[list->n++] = item;
}

static bool
set_value(const struct opt_spec *spec, void *values, const char *arg,
	  struct err *e)
{
	void *member = (char *)values + spec->offset;

	switch (spec->type) {
	case OPT_FLAG:
		*(bool *)member = true;
		return true;
	case OPT_STRING:
		*(const char **)member = arg;
		return true;
	case OPT_LIST:
		list_add(member, arg);
		return true;
	case OPT_U64:
		if (parse_u64(arg, member))
			return true;
		return err_set(e, ERR_USAGE,
			       "--%s %s: a whole number is expected, such as "
			       "5000, 64K or 10m",
			       spec->name, arg);
	}
	return false;
}

/* What getopt_long() wants, made from the table. */
struct tables {
	struct option *longs;
	char *shorts;
};

static struct tables
make_tables(const struct opt_spec *specs, bool stop_at_word)
{
	unsigned n = count_specs(specs);
	struct tables t = {xcalloc(n + 2, sizeof *t.longs), xmalloc(2 * n + 4)};
	char *s = t.shorts;

	if (stop_at_word)
		*s++ = '+';
	*s++ = ':';
	for (unsigned i = 0; i < n; i++) {
		t.longs[i] = (struct option){
		    specs[i].name,
		    specs[i].type == OPT_FLAG ? no_argument : required_argument,
		    NULL, (int)(FIRST_LONG + i)};
		if (!specs[i].letter)
			continue;
		*s++ = specs[i].letter;
		if (specs[i].type != OPT_FLAG)
			*s++ = ':';
	}
	t.longs[n] =
	    (struct option){"help", no_argument, NULL, (int)(FIRST_LONG + n)};
	*s = '\0';
	return t;
}

static const struct opt_spec *
find_spec(const struct opt_spec *specs, unsigned n, int c)
{
	if (c >= FIRST_LONG)
		return specs + (c - FIRST_LONG);
	for (unsigned i = 0; i < n; i++)
		if (specs[i].letter == c)
			return specs + i;
	return NULL;
}

/* The option getopt_long() stumbled over. */
static bool
complain(int c, char **argv, struct err *e)
{
	const char *word = argv[optind - 1];

	if (c == ':')
		return err_set(e, ERR_USAGE, "%s: an argument is expected",
			       word);
	if (optopt && optopt < FIRST_LONG)
		return err_set(e, ERR_USAGE, "-%c: no such option", optopt);
	return err_set(e, ERR_USAGE,
		       "%s: no such option, or it takes no "
		       "argument, or it is ambiguous",
		       word);
}

bool
opt_parse(const struct opt_spec *specs, int argc, char **argv,
	  bool stop_at_word, void *values, int *first, struct err *e)
{
	unsigned n = count_specs(specs);
	struct tables t = make_tables(specs, stop_at_word);
	bool good = true;
	int c;

	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while (good &&
	       (c = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			good = complain(c, argv, e);
		else if (c == (int)(FIRST_LONG + n))
			good = err_set(e, ERR_NONE, "%s", "");
		else
			good = set_value(find_spec(specs, n, c), values, optarg,
					 e);
	}
	*first = optind;
	free(t.longs);
	free(t.shorts);
	return good;
}

static void
print_help(const char *help, FILE *f)
{
	for (; *help; help++) {
		putc(*help, f);
		if (*help == '\n')
			fprintf(f, "%*s", HELP_COLUMN, "");
	}
	putc('\n', f);
}

void
opt_help(const struct opt_spec *specs, FILE *f)
{
	for (unsigned i = 0; specs && specs[i].name; i++) {
		char head[80];
		int n;

		n = snprintf(head, sizeof head, "%s%c%s--%s%s%s",
			     specs[i].letter ? "  -" : "     ",
			     specs[i].letter ? specs[i].letter : ' ',
			     specs[i].letter ? ", " : "", specs[i].name,
			     specs[i].arg ? " " : "",
			     specs[i].arg ? specs[i].arg : "");
		fprintf(f, "%-*s", HELP_COLUMN, head);
		if (n >= HELP_COLUMN)
			fprintf(f, "\n%*s", HELP_COLUMN, "");
		print_help(specs[i].help, f);
	}
	fprintf(f, "%-*s%s\n", HELP_COLUMN, "      --help",
		"print this and exit");
}
