/* cmd_plot.c - draw the figures of a result.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "report/gnuplot.h"

struct options {
	const char *output, *format;
};

static const struct opt_spec specs[] = {
    {"output", 'o', OPT_STRING, "DIR",
     "where the figures go, made if missing (default: .)",
     offsetof(struct options, output)},
    {"format", 'f', OPT_STRING, "LIST",
     "pdf, png, svg, or several with commas (default: pdf)",
     offsetof(struct options, format)},
    {NULL, 0, 0, NULL, NULL, 0},
};

static int
run(int argc, char **argv)
{
	struct options o = {".", "pdf"};
	struct err e = {0};
	int first;

	if (!opt_parse(specs, argc, argv, false, &o, &first, &e))
		return cmd_fail(&cmd_plot, &e);
	if (first == argc)
		err_set(&e, ERR_USAGE, "expected a result (JSON)");
	for (int i = first; i < argc && e.kind == ERR_NONE; i++)
		plot_result(argv[i], o.output, o.format, stdout, &e);
	if (e.kind == ERR_NONE && argc - first > 1)
		plot_together(argv + first, (unsigned)(argc - first), o.output,
			      o.format, stdout, &e);
	return e.kind == ERR_NONE ? 0 : cmd_fail(&cmd_plot, &e);
}

const struct command cmd_plot = {
    "plot",
    "RESULT.json... [-o DIR] [-f LIST]",
    "draw cycles by cause, and faults over time, with gnuplot",
    specs,
    run,
};
