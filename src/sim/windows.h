/*
 * windows.h - parts of a replay measured one by one.
 *
 *       rest   warm-up  window     rest      rest   warm-up  window
 *   |--------|-------|=========|--------|--------|-------|=========|---
 *    <------------ period ------------->
 *
 * The kernel sees the whole trace.  Lanes are handed visits in the warm-up
 * and the window, and count in the window alone.  A window lies in the middle
 * of its period: a program's beginning stands for nothing else.  Where the
 * period is the window's length there is nothing but windows.  Positions and
 * lengths are instructions counted (after --skip and --warmup); a block of
 * code that reaches an edge is finished first.
 *
 * Sources: periodic sampling with functional warming, Wunderlich et al.,
 * "SMARTS", ISCA 2003; chosen windows with weights, Sherwood et al.,
 * "SimPoint", ASPLOS 2002.  SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_WINDOWS_H
#define SIM_WINDOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/replay.h"

struct err;
struct windows;

/* A window that stands for many: number n begins at n * length. */
struct simpoint {
	uint64_t number;
	double weight; /* its share of all instructions */
};

struct window_plan {
	uint64_t length; /* of a window */
	uint64_t period; /* from one's beginning to the next one's */
	uint64_t rewarm; /* of the rest before it, handed to the lanes */
	/* In place of the period; ascending, owned by who made the plan. */
	const struct simpoint *simpoints;
	size_t n_simpoints;
};

/* What happened in a window, by lane. */
struct window_row {
	uint64_t number; /* of the period, or of the simpoint */
	uint64_t first;  /* instructions counted before it */
	double weight;   /* of a simpoint; else 1 */
	uint64_t instructions, references, minor, major, signals;
	const uint64_t *const *lane; /* [lane][value of windows_value_name()] */
	unsigned n_lanes;
};

/* Each window when it is over; false stops the replay, with *e set. */
typedef bool window_fn(void *ctx, const struct window_row *row, struct err *e);

struct windows *windows_new(const struct window_plan *plan, window_fn *fn,
			    void *ctx);
void windows_free(struct windows *w);

/* For struct replay_options: w is its mark_ctx. */
replay_mark_fn windows_mark;

/* The replay is over: what is open ends here.  False and *e as fn says. */
bool windows_end(struct windows *w, struct replay *r, struct err *e);

/* Values that add up over windows: scalars of stats.def, then "cycles_" and
 * each cause.  NULL after the last. */
const char *windows_value_name(unsigned value);

const struct window_plan *windows_plan(const struct windows *w);
uint64_t windows_count(const struct windows *w); /* measured so far */
bool windows_are_all(const struct windows *w);   /* nothing between them */

/* What the windows say of the whole. */
struct window_estimate {
	double per_kinsn; /* of 1000 instructions */
	/* Of a 95 % confidence interval; NAN where there is none to be had:
	 * weighted windows, or a single one. */
	double half_width;
};

/* Of a value of windows_value_name(); zero if no window was measured. */
struct window_estimate windows_estimate(const struct windows *w, unsigned lane,
					unsigned value);

#endif
