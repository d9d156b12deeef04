/*
 * progress.h - one line on a terminal that says how far a long task is.
 *
 * Writes to standard error, at most five times a second, and only if that is
 * a terminal; otherwise every call does nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;
	const char *what, *unit; /* "run", "references" */
	double begin, last;      /* seconds of the monotonic clock */
};

/* quiet: say nothing even on a terminal.  what and unit must stay. */
void progress_begin(struct progress *p, const char *what, const char *unit,
		    bool quiet);

/* items: how many units so far, for the rate.  done out of total (0: not
 * known) gives percent and time left; both in any unit.  extra: more to say,
 * or NULL. */
void progress_update(struct progress *p, uint64_t items, uint64_t done,
		     uint64_t total, const char *extra);

/* Clear the line. */
void progress_end(struct progress *p);

/* Seconds of the monotonic clock. */
double monotonic_seconds(void);

#endif
