/* curve.c - see curve.h: distances to misses, gaps to working sets.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "curve/curve.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/student.h"
#include "base/xalloc.h"

#define PAGE_BITS 48 /* of a key; address spaces above */

const char *const curve_side_names[CURVE_SIDES] = {"instruction", "data",
						   "both"};

void
curve_init(const struct curve_options *o, struct curve *c)
{
	c->sets = xcalloc(o->sets, sizeof(*c->sets));
	if (o->sample < CURVE_ALL)
		c->parts =
		    xcalloc((size_t)o->sets * CURVE_GROUPS, sizeof(*c->parts));
}

void
curve_release(const struct curve_options *o, struct curve *c)
{
	for (uint32_t i = 0; i < o->sets; i++)
		lru_stack_free(&c->sets[i]);
	free(c->sets);
	for (size_t i = 0; c->parts && i < (size_t)o->sets * CURVE_GROUPS; i++)
		lru_stack_free(&c->parts[i]);
	free(c->parts);
	free(c->all.at);
	for (unsigned g = 0; g < CURVE_GROUPS; g++)
		free(c->group[g].at);
	map_free(&c->window.seen);
}

/* Distances ---------------------------------------------------------------- */

static void
count(struct curve_misses *m, uint64_t distance)
{
	if (distance == STACK_COLD) {
		m->cold++;
		return;
	}
	while (m->n <= distance) {
		m->at = xgrow(m->at, m->n, &m->cap, sizeof(*m->at));
		m->at[m->n++] = 0;
	}
	m->at[distance]++;
}

static void
count_gap(struct curve *c, uint64_t gap)
{
	unsigned k = 0;

	while (k + 1 < CURVE_WINDOWS && gap > 1ull << k)
		k++;
	c->window.gaps[k]++;
	c->window.sum[k] += gap;
}

static void
note_window(struct curve *c, uint64_t key)
{
	uint64_t last;

	if (map_get(&c->window.seen, key, &last))
		count_gap(c, c->references - last);
	map_put(&c->window.seen, key, c->references);
}

/* Each part of a sample is a smaller sample of its own. */
static void
touch_part(const struct curve_options *o, struct curve *c, uint64_t hash,
	   uint64_t set, uint64_t key)
{
	unsigned g = (unsigned)(hash >> 60);

	count(&c->group[g], lru_stack_touch(&c->parts[g * o->sets + set], key));
}

static void
touch(const struct curve_options *o, struct curve *c, uint64_t key,
      uint64_t set, uint64_t hash)
{
	uint64_t distance = lru_stack_touch(&c->sets[set], key);

	c->pages += distance == STACK_COLD;
	count(&c->all, distance);
	if (c->parts)
		touch_part(o, c, hash, set, key);
}

void
curve_refer(const struct curve_options *o, struct curve *c, uint64_t space,
	    uint64_t page, bool again)
{
	uint64_t key = space << PAGE_BITS ^ page, hash;

	c->references++;
	if (again && !o->working_set)
		return;
	hash = o->sample < CURVE_ALL ? hash_u64(key) : 0;
	if (hash % CURVE_ALL >= o->sample)
		return;
	if (!again)
		touch(o, c, key, page % o->sets, hash);
	if (o->working_set)
		note_window(c, key);
}

/* Each n-way memory misses what is n away or more, and what is new. */
static void
sum_up(struct curve_misses *m)
{
	uint64_t sum = m->cold;

	for (size_t i = m->n; i-- > 0;)
		sum = m->at[i] += sum;
}

/* The last reference to each page stays in the window until the end. */
void
curve_finish(struct curve *c)
{
	struct map_slot slot;

	sum_up(&c->all);
	for (unsigned g = 0; g < CURVE_GROUPS; g++)
		sum_up(&c->group[g]);
	for (size_t i = 0; map_next(&c->window.seen, &i, &slot);)
		count_gap(c, c->references + 1 - slot.value);
}

/* Answers ------------------------------------------------------------------ */

/* One page in 1/rate is seen, so distances are that much shorter and counts
 * that much smaller (SHARDS, Waldspurger et al., FAST 2015). */
static double
estimate(const struct curve_misses *m, uint64_t ways, double rate)
{
	uint64_t seen = (uint64_t)ceil((double)ways * rate);

	return (double)(seen < m->n ? m->at[seen] : m->cold) / rate;
}

/* The error is that of the mean of the parts, each of which estimates alone,
 * and their bias: small samples see distances coarsely. */
struct curve_point
curve_misses(const struct curves *cs, const struct curve *c, uint64_t ways)
{
	double rate = (double)cs->options.sample / CURVE_ALL, d, mean = 0;
	struct curve_point p = {.misses = estimate(&c->all, ways, rate)};
	double square = 0;

	if (rate >= 1)
		return p;
	p.misses = fmin(p.misses, (double)c->references);
	rate /= CURVE_GROUPS;
	for (unsigned g = 0; g < CURVE_GROUPS; g++)
		mean += estimate(&c->group[g], ways, rate) / CURVE_GROUPS;
	for (unsigned g = 0; g < CURVE_GROUPS; g++) {
		d = estimate(&c->group[g], ways, rate) - mean;
		square += d * d;
	}
	p.error = student_95(CURVE_GROUPS - 1) *
		      sqrt(square / (CURVE_GROUPS - 1) / CURVE_GROUPS) +
		  fabs(mean - p.misses);
	return p;
}

uint64_t
curve_most_ways(const struct curves *cs, const struct curve *c)
{
	double rate = (double)cs->options.sample / CURVE_ALL;

	return c->all.n ? (uint64_t)ceil((double)c->all.n / rate) : 1;
}

double
curve_working_set(const struct curves *cs, const struct curve *c, unsigned log)
{
	double rate = (double)cs->options.sample / CURVE_ALL, sum = 0;

	for (unsigned k = 0; k < CURVE_WINDOWS; k++)
		sum += k <= log ? (double)c->window.sum[k]
				: ldexp((double)c->window.gaps[k], (int)log);
	return c->references ? sum / rate / (double)c->references : 0;
}
