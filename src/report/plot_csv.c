/* plot_csv.c - see plot_csv.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "report/figure.h"
#include "report/plot_csv.h"

#define MAX_FIELDS 64

/* ------------------------------------------------------------- the table */

struct row {
	char *text; /* cut into fields */
	char *field[MAX_FIELDS];
	unsigned n;
};

struct csv {
	struct row heading;
	struct row *rows;
	size_t n, cap;
};

/* Quotes go; what is between them stays together. */
static void
split(struct row *r, char *text)
{
	char *from = text, *to = text;
	bool quoted = false;

	r->text = text;
	r->field[r->n++] = to;
	for (; *from; from++) {
		if (*from == '"' && quoted && from[1] == '"')
			*to++ = *from++;
		else if (*from == '"')
			quoted = !quoted;
		else if (*from == ',' && !quoted && r->n < MAX_FIELDS) {
			*to++ = '\0';
			r->field[r->n++] = to;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

static void
csv_free(struct csv *t)
{
	free(t->heading.text);
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i].text);
	free(t->rows);
}

static bool
take_line(struct csv *t, const char *line, size_t number, const char *path,
	  struct err *e)
{
	struct row r = {0};

	split(&r, xstrdup(line));
	if (number == 1) {
		t->heading = r;
		return true;
	}
	t->rows = xgrow(t->rows, t->n, &t->cap, sizeof(*t->rows));
	t->rows[t->n++] = r;
	return r.n == t->heading.n ||
	       err_set(e, ERR_INPUT, "%s:%zu: %u fields: expected %u", path,
		       number, r.n, t->heading.n);
}

static bool
csv_read(struct csv *t, const char *path, struct err *e)
{
	FILE *f = fopen(path, "r");
	size_t cap = 0, number = 0;
	char *line = NULL;
	bool good = true;

	if (!f)
		return err_set(e, ERR_INPUT, "%s: %s", path, strerror(errno));
	while (good && getline(&line, &cap, f) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		good = take_line(t, line, ++number, path, e);
	}
	if (good && ferror(f))
		good = err_set(e, ERR_INPUT, "%s: %s", path, strerror(errno));
	if (good && !number)
		good = err_set(e, ERR_INPUT, "%s: empty: expected a heading",
			       path);
	free(line);
	fclose(f);
	return good;
}

/* The number of a column; it is there. */
static unsigned
column(const struct csv *t, const char *name)
{
	unsigned i = 0;

	while (i + 1 < t->heading.n && strcmp(t->heading.field[i], name) != 0)
		i++;
	return i;
}

static double
value(const struct row *r, unsigned column)
{
	double v = strtod(r->field[column], NULL);

	return isfinite(v) ? v : 0;
}

/* -------------------------------------------------------------- heat map */

#define MAX_LABELS 12

static int
by_address(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The addresses there are, without gaps between them.  Returns how many. */
static size_t
list_addresses(const struct csv *t, unsigned at, double *list)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		list[i] = value(&t->rows[i], at);
	qsort(list, t->n, sizeof(*list), by_address);
	for (size_t i = 0; i < t->n; i++)
		if (!n || list[i] != list[n - 1])
			list[n++] = list[i];
	return n;
}

static size_t
place_of(const double *list, size_t n, double address)
{
	const double *at =
	    bsearch(&address, list, n, sizeof(*list), by_address);

	return (size_t)(at - list);
}

/* Names of mappings where they begin, as far apart as they can be read. */
static void
label_mappings(const struct csv *t, const double *list, size_t n, FILE *f)
{
	unsigned at = column(t, "address"), name = column(t, "mapping");
	const char **names = xcalloc(n + 1, sizeof(*names));
	const char *last = "";
	size_t next = 0;
	bool first = true;

	for (size_t i = 0; i < t->n; i++)
		names[place_of(list, n, value(&t->rows[i], at))] =
		    t->rows[i].field[name];
	fputs("set ytics (", f);
	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(names[i], '/');

		if (!strcmp(names[i], last) || i < next)
			continue;
		fputs(first ? "" : ", ", f);
		figure_quoted(slash ? slash + 1 : names[i], f);
		fprintf(f, " %zu", i);
		last = names[i];
		next = i + n / MAX_LABELS + 1;
		first = false;
	}
	fputs(")\n", f);
	free(names);
}

static bool
plot_heat(const struct csv *t, struct figure *g, FILE *say, struct err *e)
{
	unsigned at = column(t, "address"), cycles = column(t, "cycles");
	unsigned faults = column(t, "fault_cycles");
	double *list = xcalloc(t->n + 1, sizeof(*list));
	double width = t->n ? value(&t->rows[0], 1) : 1;
	size_t n = list_addresses(t, at, list);

	g->inches = 2.6;
	fputs("# instructions, place, cycles of translation and faults\n",
	      g->data.f);
	for (size_t i = 0; i < t->n; i++)
		fprintf(g->data.f, "%.9g %zu %.9g\n",
			value(&t->rows[i], 0) + width / 2,
			place_of(list, n, value(&t->rows[i], at)),
			value(&t->rows[i], cycles) +
			    value(&t->rows[i], faults));
	fprintf(g->script.f,
		"# Price by address and time; run: gnuplot %s.gp\n"
		"set xlabel 'instructions'\nset format x '%%.1s%%c'\n"
		"set title 'cycles of translation and faults' font ',7'\nset "
		"logscale cb\n"
		"set palette defined (0 'grey80', 1 'black')\nunset key\nset "
		"tics nomirror out\n"
		"set xrange [0:*]\nset yrange [-1:%zu]\nset ytics font ',6'\n"
		"set style fill solid noborder\n",
		g->name, n);
	label_mappings(t, list, n, g->script.f);
	fprintf(g->script.f,
		"plot_it = \"plot '%s.dat' using 1:2:($1-%.9g):($1+%.9g):"
		"($2-0.5):($2+0.5):($3>0?$3:1) with boxxyerror lc palette\"\n",
		g->name, width / 2, width / 2);
	free(list);
	return figure_draw(g, "eval plot_it", say, e);
}

/* ------------------------------------------------------------- intervals */

#define MAX_LINES 8

/* The lanes' names, in order; returns how many. */
static unsigned
list_lanes(const struct csv *t, unsigned lane, const char **names)
{
	unsigned n = 0;

	for (size_t i = 0; i < t->n && n < MAX_LINES; i++) {
		const char *name = t->rows[i].field[lane];
		unsigned k = 0;

		while (k < n && strcmp(names[k], name) != 0)
			k++;
		if (k == n)
			names[n++] = name;
	}
	return n;
}

static void
write_lane(const struct csv *t, const char *name, FILE *f)
{
	unsigned lane = column(t, "lane"), insns = column(t, "instructions");
	unsigned walk = column(t, "cycles_walk");
	unsigned stlb = column(t, "cycles_stlb_hit");

	fprintf(f, "# %s\n", name);
	for (size_t i = 0; i < t->n; i++) {
		const struct row *r = &t->rows[i];

		if (!strcmp(r->field[lane], name) && value(r, insns) > 0)
			fprintf(f, "%.9g %.9g\n", value(r, 1),
				1000 * (value(r, walk) + value(r, stlb)) /
				    value(r, insns));
	}
	fputs("\n\n", f);
}

static bool
plot_intervals(const struct csv *t, struct figure *g, FILE *say, struct err *e)
{
	const char *names[MAX_LINES];
	unsigned n = list_lanes(t, column(t, "lane"), names);

	g->inches = 2;
	fprintf(g->script.f,
		"# Translation as the program goes on; run: gnuplot %s.gp\n"
		"set xlabel 'instructions'\nset format x '%%.1s%%c'\n"
		"set ylabel 'translation cycles in 1000'\n"
		"set tics nomirror out\nset border 3\nset xrange [0:*]\n"
		"set yrange [0:*]\nset key top right font ',7'\n"
		"plot_it = \"plot \\\n",
		g->name);
	for (unsigned i = 0; i < n; i++) {
		char tame[64];

		write_lane(t, names[i], g->data.f);
		fprintf(g->script.f,
			"  '%s.dat' index %u with steps lc rgb 'black' dt %u "
			"title '%s'%s \\\n",
			g->name, i, i + 1,
			figure_tame(names[i], tame, sizeof(tame)),
			i + 1 < n ? "," : "\"");
	}
	putc('\n', g->script.f);
	return figure_draw(g, "eval plot_it", say, e);
}

/* --------------------------------------------------------- distributions */

/* For each latency the share of what takes longer. */
static size_t
write_tail(const double *cycles, size_t n, FILE *f)
{
	size_t points = 0;

	for (size_t i = 0; i < n; i++)
		if (i + 1 == n || cycles[i + 1] != cycles[i]) {
			fprintf(f, "%.9g %.9g\n", cycles[i],
				(double)(n - 1 - i) / (double)n);
			points++;
		}
	return points;
}

static bool
plot_tail(const struct csv *t, const char *only, const char *what,
	  struct figure *g, FILE *say, struct err *e)
{
	unsigned cycles = column(t, "cycles"), found = column(t, "found");
	double *list = xcalloc(t->n + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (!only || !strcmp(t->rows[i].field[found], only))
			list[n++] = value(&t->rows[i], cycles);
	qsort(list, n, sizeof(*list), by_address);
	g->inches = 2;
	fprintf(g->data.f, "# cycles, share of %s that take longer\n", what);
	if (!write_tail(list, n, g->data.f))
		fputs("1 1\n10 1\n", g->data.f);
	free(list);
	fprintf(
	    g->script.f,
	    "# How long %s take; run: gnuplot %s.gp\n"
	    "set xlabel 'cycles'\nset ylabel 'share of %s that take longer'\n"
	    "set logscale xy\nset format y '%%g'\nset yrange [*:1.2]\n"
	    "set tics nomirror out\nset border 3\nunset key\n"
	    "set grid lc rgb 'grey80'\n"
	    "plot_it = \"plot '%s.dat' using 1:($2>0?$2:NaN) with steps "
	    "lc rgb 'black'\"\n",
	    what, g->name, what, g->name);
	return figure_draw(g, "eval plot_it", say, e);
}

static bool
plot_misses(const struct csv *t, struct figure *g, FILE *say, struct err *e)
{
	return plot_tail(t, "walk", "walks", g, say, e);
}

static bool
plot_faults(const struct csv *t, struct figure *g, FILE *say, struct err *e)
{
	return plot_tail(t, NULL, "faults", g, say, e);
}

/* ----------------------------------------------------------------- which */

static const struct csv_kind {
	const char *heading; /* begins so */
	const char *figure;
	bool (*plot)(const struct csv *t, struct figure *g, FILE *say,
		     struct err *e);
} kinds[] = {
    {"first,instructions,pid,mapping,perms,address", "heat", plot_heat},
    {"interval,first,weight,lane", "intervals", plot_intervals},
    {"instruction,pid,ip,address,access,found", "walks", plot_misses},
    {"seq,instruction,pid,tid,address,access", "faults", plot_faults},
};

/* Do the first columns have these names? */
static bool
begins(const struct csv *t, const char *names)
{
	for (unsigned i = 0; i < t->heading.n && *names; i++) {
		size_t n = strcspn(names, ",");

		if (strlen(t->heading.field[i]) != n ||
		    strncmp(t->heading.field[i], names, n) != 0)
			return false;
		names += n + (names[n] == ',');
	}
	return !*names;
}

bool
is_csv(const char *path)
{
	size_t n = strlen(path);

	return n > 4 && !strcmp(path + n - 4, ".csv");
}

static bool
plot_kind(const struct csv *t, const char *path, struct figure *g, FILE *say,
	  struct err *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (begins(t, kinds[i].heading)) {
			g->name = figure_name(path, kinds[i].figure);
			return figure_open(g, e) && kinds[i].plot(t, g, say, e);
		}
	return err_set(e, ERR_INPUT,
		       "%s:1: expected the heading of --intervals, "
		       "--attribute heat or miss, or --fault-log",
		       path);
}

bool
plot_csv(const char *path, const char *dir, const char *formats, FILE *say,
	 struct err *e)
{
	struct figure g = {.dir = dir, .formats = formats};
	struct csv t = {0};
	bool good = figure_formats(formats, e) && csv_read(&t, path, e) &&
		    figure_directory(dir, e) && plot_kind(&t, path, &g, say, e);

	figure_close(&g);
	csv_free(&t);
	return good;
}
