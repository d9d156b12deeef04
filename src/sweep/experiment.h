/*
 * experiment.h - an experiment: which points there are.
 *
 * An INI file (doc/sweep.md).  Axes in [axes] are crossed, the last one
 * fastest; those in [zip] advance together, as one more axis, the fastest of
 * all.  The keys `trace` and `config` stand for a trace and for presets or
 * configuration files; every other key is one of the configuration's, which
 * this file neither knows nor checks.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SWEEP_EXPERIMENT_H
#define SWEEP_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct axis {
	char *key;
	char **values;
	unsigned n;
	size_t cap;
	bool zipped;
	int line; /* in the file */
};

/* KEY=VALUE words, all of which a point must have: it is left out, or (then)
 * gets further values. */
struct rule {
	char *match, *then; /* then NULL: left out */
	int line;
};

struct experiment {
	char *path, *dir; /* of the file; dir ends with '/' or is "" */
	char *name;       /* of the file, without ".ini" */
	char *help;
	struct axis *axes;
	unsigned n_axes;
	char **sets; /* KEY=VALUE for every point */
	unsigned n_sets;
	struct rule *rules;
	unsigned n_rules;
	uint64_t skip, warmup, limit;      /* instructions, as for run */
	char *roi;                         /* marker, as for run; or NULL */
	uint64_t interval, period, rewarm; /* samples, as for run */
};

/* NULL and *e (file:line, key, what was expected) if it is none. */
struct experiment *experiment_read(const char *path, struct err *e);
void experiment_free(struct experiment *x);

/* Combinations, those left out included. */
uint64_t experiment_size(const struct experiment *x);

/* The values of combination i, one for each axis; false: it is left out. */
bool experiment_point(const struct experiment *x, uint64_t i,
		      const char **values);

/* Does rule r apply to a point with these values? */
bool experiment_applies(const struct experiment *x, const struct rule *r,
			const char *const *values);

#endif
