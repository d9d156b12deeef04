/*
 * sweep_store.h - the directory of a sweep's results: one file a point, named
 * by what it depends on; the plan; the tables.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_SWEEP_STORE_H
#define CMD_SWEEP_STORE_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct experiment;

/* One point of an experiment. */
struct sweep_point {
	const char **values; /* one for each axis */
	char *trace;         /* as opened */
	struct conf *conf;
	struct conf_resolved *resolved;
	char *lane;     /* the lane's name in its result */
	char id[17];    /* hash of trace, configuration and program */
	uint64_t group; /* equal: one replay can price them */
	char *error;    /* why there is no result, or NULL */
};

/* DIR, DIR/points.  False and *e if they cannot be made. */
bool store_make(const char *dir, struct err *e);

/* DIR/points/ID.json; free() it. */
char *store_path(const char *dir, const struct sweep_point *p);
bool store_has(const char *dir, const struct sweep_point *p);

/* DIR/plan.json: the axes, and of each point its values, id and state. */
bool store_plan(const char *dir, const struct experiment *x,
		const struct sweep_point *points, unsigned n, struct err *e);

/* DIR/results.csv, a row a point that has a result, axes first; and
 * DIR/results.jsonl, with everything.  *rows: how many. */
bool store_tables(const char *dir, const struct experiment *x,
		  const struct sweep_point *points, unsigned n, unsigned *rows,
		  struct err *e);

#endif
