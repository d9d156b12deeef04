/*
 * stats.h - what happened -> counters.  Nothing else makes counters.
 *
 * Counters of what is common (first-level hits) are derived: lookups are
 * counted by visit, misses one by one.  lane_stats() hands them out complete.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/kernel.h"
#include "arch/paging.h"
#include "sim/lane_config.h"
#include "sim/timing.h"

enum side { SIDE_D, SIDE_I, SIDES }; /* as VISIT_INSN says */

struct tlb_stats {
	uint64_t lookups, hits, misses;
	uint64_t side_lookups[SIDES], side_misses[SIDES];
	uint64_t fills, evictions, invalidated;
};

/* All TLBs of a level together; a page that no array of the level takes
 * counts as a miss of the level. */
struct level_stats {
	uint64_t lookups, hits, misses;
};

/* By page size; [level of the leaf entry]. */
struct size_stats {
	unsigned page_shift;
	uint64_t references, l1_misses, stlb_hits, walks, walk_cycles;
};

struct pwc_stats {
	uint64_t lookups, hits;
};

/* References (not walks) through a cache, with data_caches. */
struct cache_stats {
	uint64_t lookups, hits, misses;
};

struct area_stats {
	uint64_t references, l1_misses, stlb_hits, walks, walk_cycles;
	uint64_t ad_assists, faults, fault_cycles;
};

struct fault_stats {
	uint64_t count, cycles;
};

/* Exact below HIST_EXACT cycles; above, HIST_SUB steps a power of two. */
#define HIST_EXACT_BITS 12
#define HIST_SUB_BITS   6
#define HIST_EXACT      (1u << HIST_EXACT_BITS)
#define HIST_BUCKETS    (HIST_EXACT + ((64 - HIST_EXACT_BITS) << HIST_SUB_BITS))

struct hist {
	uint64_t n, max;
	uint64_t count[HIST_BUCKETS];
};

struct lane_stats {
	const struct lane_config *config; /* names of what follows */
#define STAT(field, unit, meaning)       uint64_t field;
#define STAT_STATE(field, unit, meaning) uint64_t field;
#include "sim/stats.def"
#undef STAT
#undef STAT_STATE
	struct tlb_stats tlb[LANE_MAX_TLBS]; /* as config->tlb[] */
	unsigned n_levels;
	struct level_stats level[LANE_MAX_LEVELS]; /* [0]: level 1 */
	struct size_stats size[PAGING_MAX_LEVELS];
	struct pwc_stats pwc[LANE_MAX_PWCS];
	/* Entries loaded, by their level and where they were: a number of
	 * config->cache[], or config->n_caches for memory.  In cycles too. */
	uint64_t pte_loads_at[WALK_LEVELS][LANE_MAX_CACHES + 1];
	uint64_t pte_cycles_at[WALK_LEVELS][LANE_MAX_CACHES + 1];
	/* Those of level 0 that went out with a slower one: no cycles. */
	uint64_t pte_hidden_at[LANE_MAX_CACHES + 1];
	struct cache_stats cache[LANE_MAX_CACHES];
	/* References by side and where they were served, with data_caches. */
	uint64_t data_at[SIDES][LANE_MAX_CACHES + 1];
	uint64_t by_cause[CAUSE_COUNT];
	struct fault_stats by_kind[FAULT_KIND_COUNT];
	struct hist walk_hist;   /* cycles of walks */
	struct area_stats *area; /* [visit.area] */
	size_t n_areas, cap_areas;
};

/* The scalars of stats.def, for whoever prints them. */
struct stat_desc {
	const char *name, *unit, *meaning;
	bool adds_up;  /* over parts of a replay */
	size_t offset; /* of the uint64_t in struct lane_stats */
};

extern const struct stat_desc stat_descs[]; /* ends with name == NULL */

static inline uint64_t
stat_value(const struct lane_stats *s, const struct stat_desc *d)
{
	return *(const uint64_t *)(const void *)((const char *)s + d->offset);
}

/* Count an access; timing_access() has seen it. */
void stats_access(struct lane_stats *s, const struct lane_access *a);

/* Count what happened; timing_charge() has seen it. */
void stats_record(struct lane_stats *s, const struct lane_event *ev);

/* What references of one side to pages of one size met at the TLBs, counted
 * where it happens.  A miss of the last level is a walk. */
struct route_counts {
	uint64_t reads, writes;
	uint64_t missed[LANE_MAX_LEVELS];  /* not found at the level */
	uint64_t evicted[LANE_MAX_LEVELS]; /* entries that had to go for it */
	uint64_t faulted; /* lookups that missed everywhere, then faulted */
	uint64_t walk_cycles;
};

/* tlb: the arrays asked, by level; LANE_NO_TLB: none. */
void stats_record_route(struct lane_stats *s, enum side side, unsigned size,
			const uint8_t *tlb, const struct route_counts *n);

/* References of one side that its nearest cache served. */
void stats_record_near(struct lane_stats *s, enum side side, unsigned where,
		       uint64_t n);

/* Make room for area id. */
void stats_grow_areas(struct lane_stats *s, uint32_t id);

static inline struct area_stats *
stats_area(struct lane_stats *s, uint32_t id)
{
	if (__builtin_expect(id >= s->n_areas, 0))
		stats_grow_areas(s, id);
	return &s->area[id];
}

void hist_add(struct hist *h, uint64_t value);
/* The smallest value that at least permille / 1000 of all do not exceed;
 * 0 if there are none. */
uint64_t hist_quantile(const struct hist *h, unsigned permille);

/* Has the lane entries of this level (struct walk_load)? */
bool stats_has_level(const struct lane_config *cfg, unsigned level);

/* Fill what is derived: hits, totals by TLB and cache, quantiles. */
void stats_finish(struct lane_stats *s);
/* BUG() if an identity does not hold. */
void stats_check(const struct lane_stats *s);
/* Forget the counts; the areas known stay known. */
void stats_reset(struct lane_stats *s);
/* Go back to counts of before, from stats_copy(), which is then gone. */
void stats_restore(struct lane_stats *s, struct lane_stats *copy);
struct lane_stats *stats_copy(const struct lane_stats *s);

#endif
