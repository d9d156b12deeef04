/*
 * gnuplot.c - figures from a result, drawn by gnuplot.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "report/figure.h"
#include "report/gnuplot.h"

#define MAX_ROWS 32

static const char *
string_at(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static double
number_at(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* --------------------------------------------- translation cycles by cause */

struct cause_row {
	const char *name;
	double first; /* of the first lane, for the order */
	double most;  /* of any lane */
};

static int
larger(const void *a, const void *b)
{
	const struct cause_row *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Cycles a thousand instructions that lane spends for cause. */
static double
cause_rate(const json_t *lane, const char *cause)
{
	double cycles =
	    number_at(json_object_get(lane, "cycles_by_cause"), cause);
	double n = number_at(json_object_get(lane, "counters"), "instructions");

	return n > 0 ? 1000 * cycles / n : 0;
}

/* Causes that cost anything in any lane; unless all is asked for, work that has
 * nothing to do with translation is left out. */
static unsigned
find_causes(const json_t *lanes, bool all, struct cause_row *rows)
{
	json_t *first = json_array_get(lanes, 0);
	const char *name;
	json_t *value;
	unsigned n = 0;

	json_object_foreach(json_object_get(first, "cycles_by_cause"), name,
			    value)
	{
		double most = 0;

		if (!all &&
		    figure_wants("base,data_cache,syscall,copy_user", name))
			continue;
		for (size_t i = 0; i < json_array_size(lanes); i++) {
			double rate =
			    cause_rate(json_array_get(lanes, i), name);

			most = rate > most ? rate : most;
		}
		if (most > 0 && n < MAX_ROWS)
			rows[n++] = (struct cause_row){
			    name, cause_rate(first, name), most};
	}
	qsort(rows, n, sizeof *rows, larger);
	return n;
}

static const char *
unit_of(const struct figure *g)
{
	return g->all ? "thousands of cycles" : "cycles per 1000 instructions";
}

static void
write_causes(const struct figure *g, const json_t *lanes,
	     const struct cause_row *rows, unsigned n, FILE *f)
{
	fprintf(f, "# %s\n# row cause", unit_of(g));
	for (size_t i = 0; i < json_array_size(lanes); i++)
		fprintf(f, " \"%s\"",
			string_at(json_array_get(lanes, i), "name"));
	for (unsigned r = 0; r < n; r++) {
		fprintf(f, "\n%u %s", n - r, rows[r].name);
		for (size_t i = 0; i < json_array_size(lanes); i++)
			fprintf(
			    f, " %.6g",
			    cause_rate(json_array_get(lanes, i), rows[r].name));
	}
	putc('\n', f);
}

static void
script_causes(const struct figure *g, const json_t *lanes,
	      const struct cause_row *rows, unsigned n, FILE *f)
{
	unsigned bars = (unsigned)json_array_size(lanes);
	double high = 0.8 / bars, most = 0;

	for (unsigned r = 0; r < n; r++)
		most = fmax(most, rows[r].most);
	fprintf(f,
		"# Translation and kernel cycles by cause; run: gnuplot "
		"%s.gp\n"
		"set xlabel '%s'\n"
		"set style fill solid 1.0 border lc rgb 'black'\n"
		"set border 3\nset tics nomirror out\n"
		"set yrange [0.4:%u.6]\nset rmargin 8\n",
		g->name, unit_of(g), n);
	fputs(bars > 1 ? "set key bottom right samplen 1\n" : "unset key\n", f);
	fputs("set ytics (", f);
	for (unsigned r = 0; r < n; r++) {
		fputs(r ? ", " : "", f);
		figure_quoted(rows[r].name, f);
		fprintf(f, " %u", n - r);
	}
	fprintf(f, ")\nset xrange [0:%g]\nset xtics %g\n", 1.02 * most,
		figure_step(most));
	fputs("plot_it = \"plot \\\n", f);
	for (unsigned i = 0; i < bars; i++) {
		unsigned grey = bars > 1 ? 70 + 170 * i / (bars - 1) : 120;
		double y = 0.4 - high * (i + 0.5);
		char name[64];

		fprintf(f,
			"  '%s.dat' using (0):($1+%.3f):(0):%u:($1+%.3f):"
			"($1+%.3f) with boxxyerror lc rgb '#%02x%02x%02x' "
			"title '%s', \\\n",
			g->name, y, i + 3, y - high / 2, y + high / 2, grey,
			grey, grey,
			figure_tame(string_at(json_array_get(lanes, i), "name"),
				    name, sizeof name));
		fprintf(
		    f,
		    "  '' using %u:($1+%.3f):(sprintf($%u<10?'%%.2g':'%%.0f', "
		    "$%u)) with "
		    "labels left offset 0.5,0 font ',6' notitle%s \\\n",
		    i + 3, y, i + 3, i + 3, i + 1 < bars ? "," : "\"");
	}
	putc('\n', f);
}

static bool
plot_causes(const json_t *root, struct figure *g, FILE *say, struct err *e)
{
	const json_t *lanes = json_object_get(root, "lanes");
	struct cause_row rows[MAX_ROWS];
	unsigned n = find_causes(lanes, g->all, rows);

	if (!n || !figure_open(g, e))
		return !n;
	g->inches = 0.6 + 0.13 * n * (1 + 0.5 * (double)json_array_size(lanes));
	write_causes(g, lanes, rows, n, g->data.f);
	script_causes(g, lanes, rows, n, g->script.f);
	return figure_draw(g, "eval plot_it", say, e);
}

/* ---------------------------------------------- faults over time by kind */

struct kind_row {
	const char *name;
	const json_t *counts;
	json_int_t total, peak;
};

static unsigned
find_kinds(const json_t *faults, struct kind_row *rows)
{
	const char *name;
	json_t *counts;
	unsigned n = 0;

	json_object_foreach((json_t *)faults, name, counts)
	{
		struct kind_row row = {name, counts, 0, 1};

		for (size_t i = 0; i < json_array_size(counts); i++) {
			json_int_t v =
			    json_integer_value(json_array_get(counts, i));

			row.total += v;
			row.peak = v > row.peak ? v : row.peak;
		}
		if (n < MAX_ROWS)
			rows[n++] = row;
	}
	return n;
}

/* The axis of time. */
struct axis {
	const char *unit;
	double width, end; /* of a bar, and of all of them, in that unit */
};

static struct axis
make_axis(const struct kind_row *rows, double width)
{
	double end = width * (double)json_array_size(rows[0].counts);

	if (end < 2e6)
		return (struct axis){"thousands", width * 1e-3, end * 1e-3};
	return (struct axis){"millions", width * 1e-6, end * 1e-6};
}

static void
write_kinds(const struct kind_row *rows, unsigned n, const struct axis *x,
	    FILE *f)
{
	fprintf(f, "# faults of each bar\n# middle(%s of instructions)",
		x->unit);
	for (unsigned k = 0; k < n; k++)
		fprintf(f, " %s", rows[k].name);
	for (size_t i = 0; i < json_array_size(rows[0].counts); i++) {
		fprintf(f, "\n%.9g", ((double)i + 0.5) * x->width);
		for (unsigned k = 0; k < n; k++)
			fprintf(f, " %" JSON_INTEGER_FORMAT,
				json_integer_value(
				    json_array_get(rows[k].counts, i)));
	}
	putc('\n', f);
}

/* The names of the strips on the left, their numbers on the right. */
static void
label_kinds(const struct kind_row *rows, unsigned n, FILE *f)
{
	fprintf(f,
		"set label 'total (peak)' at graph 1.02, first %.2f font "
		"',7'\n",
		n + 0.05);
	for (unsigned k = 0; k < n; k++)
		fprintf(f,
			"set label '%" JSON_INTEGER_FORMAT
			" (%" JSON_INTEGER_FORMAT
			")' at graph 1.02, first %.2f font ',7'\n"
			"set arrow from graph 0, first %u to graph 1, first "
			"%u nohead lc rgb 'grey60' lw 0.5\n",
			rows[k].total, rows[k].peak, n - 1 - k + 0.3, n - 1 - k,
			n - 1 - k);
	fputs("set ytics (", f);
	for (unsigned k = 0; k < n; k++) {
		fputs(k ? ", " : "", f);
		figure_quoted(rows[k].name, f);
		fprintf(f, " %.2f", n - 1 - k + 0.3);
	}
	fputs(")\n", f);
}

/* A strip a kind: its height is the share of that kind's own peak, its label
 * says what it amounts to. */
static void
script_kinds(const struct figure *g, const struct kind_row *rows, unsigned n,
	     const struct axis *x, FILE *f)
{
	double half = x->width / 2;

	fprintf(f,
		"# Page faults over time by kind; run: gnuplot %s.gp\n"
		"set xlabel 'instructions, %s'\n"
		"set style fill solid 1.0 noborder\n"
		"set border 1\nset xtics nomirror out\nset ytics scale 0\n"
		"unset key\nset yrange [-0.1:%u]\nset xrange [0:%.9g]\n"
		"set rmargin 13\nset xtics %g\n",
		g->name, x->unit, n, x->end, figure_step(x->end));
	label_kinds(rows, n, f);
	fputs("plot_it = \"plot \\\n", f);
	for (unsigned k = 0; k < n; k++)
		fprintf(f,
			"  '%s.dat' using 1:($%u>0?%u:NaN):($1-%.9g):"
			"($1+%.9g):(%u):(%u+0.82*$%u/%" JSON_INTEGER_FORMAT
			".) with boxxyerror lc rgb '#303030'%s \\\n",
			g->name, k + 2, n - 1 - k, half, half, n - 1 - k,
			n - 1 - k, k + 2, rows[k].peak, k + 1 < n ? "," : "\"");
	putc('\n', f);
}

static bool
plot_kinds(const json_t *root, struct figure *g, FILE *say, struct err *e)
{
	const json_t *intervals = json_object_get(root, "intervals");
	const json_t *faults = json_object_get(intervals, "faults");
	double width = number_at(intervals, "instructions");
	struct kind_row rows[MAX_ROWS];
	unsigned n = find_kinds(faults, rows);
	struct axis x;

	if (!n || !figure_open(g, e))
		return !n;
	g->inches = 0.55 + 0.22 * n;
	x = make_axis(rows, width);
	write_kinds(rows, n, &x, g->data.f);
	script_kinds(g, rows, n, &x, g->script.f);
	return figure_draw(g, "eval plot_it", say, e);
}

/* ------------------------------------------------------------------- both */

static json_t *
load_result(const char *path, struct err *e)
{
	json_error_t why;
	json_t *root = json_load_file(path, 0, &why);
	const json_t *schema = json_object_get(root, "schema");

	if (!root) {
		err_set(e, ERR_INPUT, "%s:%d: %s", path, why.line, why.text);
		return NULL;
	}
	if (strcmp(string_at(schema, "name"), "pagewalk-result") ||
	    number_at(schema, "version") != 1) {
		err_set(e, ERR_INPUT,
			"%s: not a result of version 1 ('pagewalk run TRACE "
			"--json FILE' makes one)",
			path);
		json_decref(root);
		return NULL;
	}
	return root;
}

/* A result's first lane, called after the result's file, whole cycles. */
static bool
add_lane(json_t *lanes, const char *path, struct err *e)
{
	json_t *root = load_result(path, e), *lane;
	char *name = figure_name(path, "");

	if (root) {
		lane = json_copy(
		    json_array_get(json_object_get(root, "lanes"), 0));
		name[strlen(name) - 1] = '\0'; /* the hyphen */
		json_object_set_new(lane, "name", json_string(name));
		json_object_set_new(
		    lane, "counters",
		    json_pack("{s:i}", "instructions", 1000 * 1000));
		json_array_append_new(lanes, lane);
		json_decref(root);
	}
	free(name);
	return root != NULL;
}

bool
plot_together(const char *const *paths, unsigned n, const char *dir,
	      const char *formats, FILE *say, struct err *e)
{
	struct figure g = {.dir = dir, .formats = formats, .all = true};
	json_t *lanes = json_array(), *root;
	bool good = figure_formats(formats, e);

	for (unsigned i = 0; good && i < n; i++)
		good = add_lane(lanes, paths[i], e);
	root = json_pack("{s:o}", "lanes", lanes);
	g.name = xstrdup("together-cycles");
	good = good && plot_causes(root, &g, say, e);
	figure_close(&g);
	json_decref(root);
	return good;
}

bool
plot_result(const char *path, const char *dir, const char *formats, FILE *say,
	    struct err *e)
{
	struct figure causes = {.dir = dir, .formats = formats};
	struct figure kinds = causes;
	json_t *root;
	bool good;

	if (!figure_formats(formats, e))
		return false;
	root = load_result(path, e);
	if (!root)
		return false;
	if (!figure_directory(dir, e)) {
		json_decref(root);
		return false;
	}
	causes.name = figure_name(path, "cycles");
	kinds.name = figure_name(path, "faults");
	good = plot_causes(root, &causes, say, e) &&
	       plot_kinds(root, &kinds, say, e);
	figure_close(&causes);
	figure_close(&kinds);
	json_decref(root);
	return good;
}
