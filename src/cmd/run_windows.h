/*
 * run_windows.h - the options of run that measure parts of a trace.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_RUN_WINDOWS_H
#define CMD_RUN_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "report/windows.h"
#include "sim/windows.h"

struct err;

struct window_options {
	uint64_t interval, period, rewarm;
	const char *intervals, *simpoints, *weights;
};

/* Opened from the options, closed with the run. */
struct run_windows {
	struct windows *windows; /* NULL: none were asked for */
	struct outfile csv;      /* .f NULL: none was asked for */
	const char *const *lanes;
	struct simpoint *simpoints;
};

/* lanes: their names, for the CSV; they must outlive it. */
bool run_windows_open(struct run_windows *rw, const struct window_options *o,
		      const char *const *lanes, struct err *e);
/* The last window ends, the CSV is there. */
bool run_windows_close(struct run_windows *rw, struct replay *r, struct err *e);
void run_windows_free(struct run_windows *rw);

#endif
