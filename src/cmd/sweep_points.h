/*
 * sweep_points.h - the points of an experiment, each with its configuration.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_SWEEP_POINTS_H
#define CMD_SWEEP_POINTS_H

#include <stdbool.h>

#include "cmd/sweep_store.h"

struct err;
struct experiment;

/* A trace that points use; kept open for what it says of itself. */
struct sweep_trace {
	char *path;
	struct trace_reader *reader; /* NULL: cannot be read, */
	char *error;                 /* because */
};

struct sweep_points {
	struct sweep_point *at;
	unsigned n;
	struct sweep_trace *traces;
	unsigned n_traces;
};

/* All points that are not left out.  One that cannot be configured has .error;
 * the others are not concerned. */
void points_make(struct sweep_points *p, const struct experiment *x,
		 bool recorded);
void points_free(struct sweep_points *p);

/* References of the trace of a point; 0 if it has none. */
uint64_t points_references(const struct sweep_points *p,
			   const struct sweep_point *point);

#endif
