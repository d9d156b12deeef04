/* windows.c - see windows.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/student.h"
#include "base/xalloc.h"
#include "sim/lane_config.h"
#include "sim/stats.h"
#include "sim/windows.h"

#define MAX_VALUES 64

/* Sums over windows, each with its weight: y is the value, x its window's
 * instructions. */
struct sums {
	double y, yy, xy;
};

struct lane_sums {
	uint64_t *before; /* values when the window began; then of the window */
	struct sums value[MAX_VALUES];
};

enum phase { RESTING, WARMING, MEASURING };

struct windows {
	struct window_plan plan;
	window_fn *fn;
	void *ctx;
	enum phase phase;
	bool begun;
	size_t next;    /* windows begun before the next one, or this one */
	uint64_t first; /* where this one really began */
	struct replay_counts before;
	struct lane_sums *lanes;
	unsigned n_lanes;
	uint64_t n;
	double x, xx;
};

/* ------------------------------------------------------------ the values */

const char *
windows_value_name(unsigned value)
{
	static const char *const causes[] = {
#define X(e, name, help) "cycles_" name,
	    CAUSES(X)
#undef X
	};

	for (const struct stat_desc *d = stat_descs; d->name; d++)
		if (d->adds_up && !value--)
			return d->name;
	return value < CAUSE_COUNT ? causes[value] : NULL;
}

/* Returns how many. */
static unsigned
read_values(const struct lane_stats *s, uint64_t *v)
{
	unsigned n = 0;

	for (const struct stat_desc *d = stat_descs; d->name; d++)
		if (d->adds_up)
			v[n++] = stat_value(s, d);
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		v[n++] = s->by_cause[i];
	return n;
}

/* -------------------------------------------------------- where they are */

static const struct simpoint *
simpoint(const struct windows *w)
{
	return w->plan.simpoints ? &w->plan.simpoints[w->next] : NULL;
}

static bool
none_left(const struct windows *w)
{
	return w->plan.simpoints && w->next == w->plan.n_simpoints;
}

static uint64_t
number(const struct windows *w)
{
	return w->plan.simpoints ? simpoint(w)->number : w->next;
}

/* What does not fit is beyond the end of any trace. */
static uint64_t
begins(const struct windows *w)
{
	const struct window_plan *p = &w->plan;
	uint64_t each = p->simpoints ? p->length : p->period, at;

	if (none_left(w) || __builtin_mul_overflow(number(w), each, &at) ||
	    __builtin_add_overflow(at, (each - p->length) / 2, &at))
		return UINT64_MAX;
	return at;
}

static uint64_t
ends(const struct windows *w)
{
	uint64_t at = begins(w);

	return at + min_u64(w->plan.length, UINT64_MAX - at);
}

static uint64_t
warms(const struct windows *w)
{
	uint64_t at = begins(w);

	return at == UINT64_MAX ? at : at - min_u64(at, w->plan.rewarm);
}

/* ------------------------------------------------------------- measuring */

static void
open_window(struct windows *w, struct replay *r, uint64_t counted)
{
	w->phase = MEASURING;
	w->first = counted;
	w->before = *replay_counts(r);
	replay_lanes_count(r, true);
	for (unsigned i = 0; i < w->n_lanes; i++)
		read_values(replay_lane_stats(r, i), w->lanes[i].before);
}

static void
sum_up(struct windows *w, const struct window_row *row)
{
	double x = (double)row->instructions, weight = row->weight;

	w->n++;
	w->x += weight * x;
	w->xx += weight * x * x;
	for (unsigned i = 0; i < w->n_lanes; i++)
		for (unsigned v = 0; windows_value_name(v); v++) {
			double y = (double)row->lane[i][v];
			struct sums *s = &w->lanes[i].value[v];

			s->y += weight * y;
			s->yy += weight * y * y;
			s->xy += weight * x * y;
		}
}

/* The lane's values of the window alone. */
static const uint64_t *
gained(struct lane_sums *lane, const struct lane_stats *s)
{
	uint64_t now[MAX_VALUES];
	unsigned n = read_values(s, now);

	for (unsigned i = 0; i < n; i++)
		lane->before[i] = now[i] - lane->before[i];
	return lane->before;
}

static bool
close_window(struct windows *w, struct replay *r, struct err *e)
{
	const struct replay_counts *n = replay_counts(r), *b = &w->before;
	const uint64_t **lane = xcalloc(w->n_lanes + 1, sizeof(*lane));
	struct window_row row = {
	    .number = number(w),
	    .first = w->first,
	    .weight = w->plan.simpoints ? simpoint(w)->weight : 1,
	    .instructions = n->instructions - b->instructions,
	    .references = n->references - b->references,
	    .minor = n->minor - b->minor,
	    .major = n->major - b->major,
	    .signals = n->signals - b->signals,
	    .lane = lane,
	    .n_lanes = w->n_lanes,
	};
	bool fine = true;

	for (unsigned i = 0; i < w->n_lanes; i++)
		lane[i] = gained(&w->lanes[i], replay_lane_stats(r, i));
	replay_lanes_count(r, false);
	w->phase = WARMING;
	if (row.instructions) {
		sum_up(w, &row);
		fine = !w->fn || w->fn(w->ctx, &row, e);
	}
	w->next++;
	free(lane);
	return fine;
}

static void
begin(struct windows *w, struct replay *r)
{
	w->begun = true;
	w->phase = WARMING;
	w->n_lanes = replay_lanes(r);
	w->lanes = xcalloc(w->n_lanes + 1, sizeof(*w->lanes));
	for (unsigned i = 0; i < w->n_lanes; i++)
		w->lanes[i].before = xcalloc(MAX_VALUES, sizeof(uint64_t));
	replay_lanes_count(r, false);
}

bool
windows_mark(void *ctx, struct replay *r, uint64_t counted, uint64_t *next,
	     struct err *e)
{
	struct windows *w = ctx;

	if (!w->begun)
		begin(w, r);
	if (w->phase == MEASURING && counted >= ends(w) &&
	    !close_window(w, r, e))
		return false;
	if (w->phase != MEASURING)
		w->phase = counted >= warms(w) ? WARMING : RESTING;
	replay_lanes_rest(r, w->phase == RESTING);
	if (w->phase == WARMING && counted >= begins(w))
		open_window(w, r, counted);
	*next = w->phase == MEASURING ? ends(w)
		: w->phase == WARMING ? begins(w)
				      : warms(w);
	return true;
}

bool
windows_end(struct windows *w, struct replay *r, struct err *e)
{
	bool fine = w->phase != MEASURING || close_window(w, r, e);

	if (w->begun)
		replay_lanes_count(r, true);
	return fine;
}

/* ------------------------------------------------------------- estimates */

/* The ratio estimator of survey sampling (Cochran, Sampling Techniques, 3rd
 * ed., 1977, equation 6.13), without the correction for a finite whole. */
struct window_estimate
windows_estimate(const struct windows *w, unsigned lane, unsigned value)
{
	struct window_estimate est = {0, NAN};
	const struct sums *s;
	double n = (double)w->n, ratio, squares;

	if (w->x <= 0 || lane >= w->n_lanes)
		return est;
	s = &w->lanes[lane].value[value];
	ratio = s->y / w->x;
	est.per_kinsn = 1000 * ratio;
	if (w->plan.simpoints || w->n < 2)
		return est;
	squares = s->yy - 2 * ratio * s->xy + ratio * ratio * w->xx;
	squares = squares > 0 ? squares : 0;
	est.half_width = 1000 * student_95(w->n - 1) *
			 sqrt(squares / (n - 1) / n) / (w->x / n);
	return est;
}

/* -------------------------------------------------------------- its life */

struct windows *
windows_new(const struct window_plan *plan, window_fn *fn, void *ctx)
{
	struct windows *w = xcalloc(1, sizeof(*w));

	w->plan = *plan;
	w->fn = fn;
	w->ctx = ctx;
	return w;
}

void
windows_free(struct windows *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < w->n_lanes; i++)
		free(w->lanes[i].before);
	free(w->lanes);
	free(w);
}

const struct window_plan *
windows_plan(const struct windows *w)
{
	return &w->plan;
}

uint64_t
windows_count(const struct windows *w)
{
	return w->n;
}

bool
windows_are_all(const struct windows *w)
{
	return !w->plan.simpoints && w->plan.period == w->plan.length;
}
