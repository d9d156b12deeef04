/* run_windows.c - see run_windows.h.  SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/textfile.h"
#include "base/xalloc.h"
#include "cmd/run_windows.h"

/* -------------------------------------------------- SimPoint's two files */

/* "VALUE LABEL" a line, as SimPoint's -saveSimpoints and -saveSimpointWeights
 * write them. */
struct pairs {
	double *value;
	unsigned long *label;
	size_t n, cap;
};

static void
pairs_free(struct pairs *p)
{
	free(p->value);
	free(p->label);
}

static void
pairs_add(struct pairs *p, double value, unsigned long label)
{
	size_t cap = p->cap;

	p->value = xgrow(p->value, p->n, &cap, sizeof(*p->value));
	p->label = xgrow(p->label, p->n, &p->cap, sizeof(*p->label));
	p->value[p->n] = value;
	p->label[p->n++] = label;
}

static bool
parse_pair(const char *line, double *value, unsigned long *label)
{
	char *end;

	*value = strtod(line, &end);
	if (end == line || *end != ' ' || !(*value >= 0 && *value < 1e15))
		return false;
	line = end;
	*label = strtoul(line, &end, 10);
	return end != line && end[strspn(end, " \t\r\n")] == '\0';
}

static bool
read_pairs(const char *path, const char *what, struct pairs *p, struct err *e)
{
	char *text = textfile_read(path, what, e);
	bool fine = text != NULL;
	int line = 1;

	for (char *next = text; fine && next && *next; line++) {
		char *at = strsep(&next, "\n");
		unsigned long label;
		double value;

		if (!at[strspn(at, " \t\r")])
			continue;
		fine = parse_pair(at, &value, &label);
		if (fine)
			pairs_add(p, value, label);
		else
			err_set(e, ERR_INPUT,
				"%s:%d: expected %s and the number of a "
				"cluster",
				path, line, what);
	}
	free(text);
	return fine;
}

static bool
weight_of(const struct pairs *weights, unsigned long label, double *weight)
{
	for (size_t i = 0; i < weights->n; i++)
		if (weights->label[i] == label) {
			*weight = weights->value[i];
			return true;
		}
	return false;
}

static int
by_number(const void *a, const void *b)
{
	const struct simpoint *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Clusters have one interval each; so has each interval one cluster. */
static bool
join(struct run_windows *rw, const struct window_options *o,
     const struct pairs *points, const struct pairs *weights, struct err *e)
{
	rw->simpoints = xcalloc(points->n + 1, sizeof(*rw->simpoints));
	for (size_t i = 0; i < points->n; i++) {
		struct simpoint *s = &rw->simpoints[i];

		s->number = (uint64_t)points->value[i];
		if (!weight_of(weights, points->label[i], &s->weight))
			return err_set(e, ERR_INPUT,
				       "%s: no weight for cluster %lu, which "
				       "%s has",
				       o->weights, points->label[i],
				       o->simpoints);
	}
	qsort(rw->simpoints, points->n, sizeof(*rw->simpoints), by_number);
	for (size_t i = 1; i < points->n; i++)
		if (rw->simpoints[i].number == rw->simpoints[i - 1].number)
			return err_set(e, ERR_INPUT,
				       "%s: interval %" PRIu64
				       " is there twice",
				       o->simpoints, rw->simpoints[i].number);
	return points->n ||
	       err_set(e, ERR_INPUT, "%s: expected intervals", o->simpoints);
}

static bool
read_simpoints(struct run_windows *rw, const struct window_options *o,
	       struct window_plan *plan, struct err *e)
{
	struct pairs points = {0}, weights = {0};
	bool fine =
	    read_pairs(o->simpoints, "the number of an interval", &points, e) &&
	    read_pairs(o->weights, "a weight", &weights, e) &&
	    join(rw, o, &points, &weights, e);

	plan->simpoints = rw->simpoints;
	plan->n_simpoints = points.n;
	pairs_free(&points);
	pairs_free(&weights);
	return fine;
}

/* --------------------------------------------------------------- options */

static bool
check(const struct window_options *o, struct err *e)
{
	if (!o->interval && (o->period || o->rewarm || o->intervals ||
			     o->simpoints || o->weights))
		return err_set(e, ERR_USAGE,
			       "--intervals, --period, --rewarm, --simpoints "
			       "and --weights need --interval N");
	if (!o->simpoints != !o->weights)
		return err_set(e, ERR_USAGE,
			       "--simpoints and --weights: expected both");
	if (o->simpoints && o->period)
		return err_set(
		    e, ERR_USAGE,
		    "--simpoints and --period: expected one of them");
	if (o->period && o->period < o->interval)
		return err_set(e, ERR_USAGE,
			       "--period %" PRIu64 ": expected at least "
			       "--interval, %" PRIu64,
			       o->period, o->interval);
	if (o->rewarm && !o->period && !o->simpoints)
		return err_set(e, ERR_USAGE,
			       "--rewarm needs --period or --simpoints: "
			       "without them nothing is left out");
	return true;
}

static bool
on_window(void *ctx, const struct window_row *row, struct err *e)
{
	struct run_windows *rw = ctx;

	return !rw->csv.f || windows_csv_put(&rw->csv, row, rw->lanes, e);
}

bool
run_windows_open(struct run_windows *rw, const struct window_options *o,
		 const char *const *lanes, struct err *e)
{
	struct window_plan plan = {.length = o->interval,
				   .period =
				       o->period ? o->period : o->interval,
				   .rewarm = o->rewarm};

	if (!check(o, e))
		return false;
	if (!o->interval)
		return true;
	if (o->simpoints && !read_simpoints(rw, o, &plan, e))
		return false;
	if (o->intervals && !windows_csv_open(&rw->csv, o->intervals, e))
		return false;
	rw->lanes = lanes;
	rw->windows = windows_new(&plan, on_window, rw);
	return true;
}

bool
run_windows_close(struct run_windows *rw, struct replay *r, struct err *e)
{
	return (!rw->windows || windows_end(rw->windows, r, e)) &&
	       (!rw->csv.f || outfile_commit(&rw->csv, e));
}

void
run_windows_free(struct run_windows *rw)
{
	outfile_discard(&rw->csv);
	windows_free(rw->windows);
	free(rw->simpoints);
}
