/* cmd_plot.c - draw the figures of a result.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "report/gnuplot.h"
#include "report/plot_csv.h"

struct options {
	const char *output, *format;
};

static const struct opt_spec specs[] = {
    {"output", 'o', OPT_STRING, "DIR",
     "where the figures go, made if missing (default: .)",
     offsetof(struct options, output)},
    {"format", 'f', OPT_STRING, "LIST",
     "pdf, png, svg, tex (for LaTeX), or several with commas\n(default: pdf)",
     offsetof(struct options, format)},
    {NULL, 0, 0, NULL, NULL, 0},
};

/* A result joins those that one figure has together. */
static bool
plot_one(char *path, const struct options *o, struct opt_list *results,
	 struct err *e)
{
	if (is_csv(path))
		return plot_csv(path, o->output, o->format, stdout, e);
	results->items = xreallocarray(results->items, results->n + 1,
				       sizeof(*results->items));
	results->items[results->n++] = path;
	return plot_result(path, o->output, o->format, stdout, e);
}

static int
run(int argc, char **argv)
{
	struct options o = {".", "pdf"};
	struct opt_list results = {0};
	struct err e = {0};
	int first;

	if (!opt_parse(specs, argc, argv, false, &o, &first, &e))
		return cmd_fail(&cmd_plot, &e);
	if (first == argc)
		err_set(&e, ERR_USAGE,
			"expected a result (JSON) or CSV of a run");
	for (int i = first; i < argc && e.kind == ERR_NONE; i++)
		plot_one(argv[i], &o, &results, &e);
	if (e.kind == ERR_NONE && results.n > 1)
		plot_together(results.items, (unsigned)results.n, o.output,
			      o.format, stdout, &e);
	free(results.items);
	return e.kind == ERR_NONE ? 0 : cmd_fail(&cmd_plot, &e);
}

const struct command cmd_plot = {
    "plot",
    "RESULT.json|TABLE.csv... [-o DIR] [-f LIST]",
    "draw cycles by cause, faults over time, and tables of run, with gnuplot",
    specs,
    run,
};
