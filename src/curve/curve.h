/*
 * curve.h - miss-ratio curves of LRU TLBs and working sets, in one pass.
 *
 * A curve belongs to one side (instruction fetches, data, or both in one TLB)
 * and one page size; each is what a lane with one true-LRU TLB of that many
 * entries would miss if no translation were ever dropped: address spaces are
 * tagged, exec and fork begin new ones, and unmapping forgets nothing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CURVE_CURVE_H
#define CURVE_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "curve/lru_stack.h"

struct err;

enum curve_side { CURVE_CODE, CURVE_DATA, CURVE_BOTH, CURVE_SIDES };

#define CURVE_MAX_SHIFTS 16
#define CURVE_GROUPS     16 /* parts of a sample, for its error */
#define CURVE_WINDOWS    48 /* windows of 2^0 .. 2^47 references */

struct curve_options {
	uint8_t shifts[CURVE_MAX_SHIFTS]; /* log2 of each page size */
	unsigned n_shifts;
	unsigned sides;       /* bits: 1 << enum curve_side */
	uint32_t sets;        /* 1: fully associative */
	uint32_t sample;      /* of 2^24 pages by hash; 2^24: all, exact */
	bool working_set;     /* working sets, too */
	uint64_t skip, limit; /* instructions; limit 0: to the end */
	bool quiet;           /* no progress line */
};

#define CURVE_ALL (1u << 24)

/* Misses by number of ways.  While reading: how often each distance came. */
struct curve_misses {
	uint64_t cold;
	uint64_t *at; /* [n]: misses of that many ways; beyond: cold */
	size_t n, cap;
};

struct curve {
	enum curve_side side;
	uint8_t shift;
	uint64_t references;
	uint64_t pages;          /* distinct, of those sampled */
	struct lru_stack *sets;  /* [options.sets] */
	struct lru_stack *parts; /* [sets * CURVE_GROUPS] of a sample */
	struct curve_misses all, group[CURVE_GROUPS];
	struct {
		struct map seen; /* page -> reference */
		/* Gaps between references of a page in (2^(k-1), 2^k]. */
		uint64_t gaps[CURVE_WINDOWS], sum[CURVE_WINDOWS];
	} window;
};

struct curves {
	struct curve_options options;
	struct curve *at; /* by page size, then side */
	unsigned n, per_size;
	uint64_t instructions;
};

/* An estimate, and the half of its 95 % interval (0: exact). */
struct curve_point {
	double misses, error;
};

/* Read a whole trace.  NULL and *e if it is damaged. */
struct curves *curves_read(const char *path, const struct curve_options *o,
			   struct err *e);
void curves_free(struct curves *c);

/* Misses of a TLB of so many ways (1 or more) in each of the sets. */
struct curve_point curve_misses(const struct curves *cs, const struct curve *c,
				uint64_t ways);

/* The fewest ways with which only first touches miss. */
uint64_t curve_most_ways(const struct curves *cs, const struct curve *c);

/* Denning's working set: pages referenced in the last 2^log references,
 * averaged over all references. */
double curve_working_set(const struct curves *cs, const struct curve *c,
			 unsigned log);

/* The parts of reading.  again: the page that its side referred to last, which
 * does not move to the front again. */
void curve_refer(const struct curve_options *o, struct curve *c, uint64_t space,
		 uint64_t page, bool again);
void curve_finish(struct curve *c);
void curve_init(const struct curve_options *o, struct curve *c);
void curve_release(const struct curve_options *o, struct curve *c);

extern const char *const curve_side_names[CURVE_SIDES];

#endif
