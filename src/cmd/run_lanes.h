/*
 * run_lanes.h - the machines of a run, from its options: the main one, those of
 * --lane, those of --what-if.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_RUN_LANES_H
#define CMD_RUN_LANES_H

#include <stdbool.h>

#include "base/opt.h"
#include "sim/conf.h"

#define RUN_MAX_LANES 64

struct trace_reader;

struct run_lanes_options {
	struct opt_list config, set, lane;
	const char *what_if; /* or NULL */
	/* Whose machine's settings are taken; or NULL. */
	const struct trace_reader *recorded;
};

/* The first one gives the kernel's part for all. */
struct run_lanes {
	struct conf *conf[RUN_MAX_LANES];
	struct conf_resolved resolved[RUN_MAX_LANES];
	char *name[RUN_MAX_LANES];
	bool what_if[RUN_MAX_LANES];
	unsigned n;
};

/* lanes is all zero.  Release with run_lanes_free(), in any case. */
bool run_lanes_load(struct run_lanes *lanes, const struct run_lanes_options *o,
		    struct err *e);
void run_lanes_free(struct run_lanes *lanes);

#endif
