/* stats.c - see stats.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "sim/stats.h"

const struct stat_desc stat_descs[] = {
#define STAT(field, unit, meaning) \
	{#field, unit, meaning, true, offsetof(struct lane_stats, field)},
#define STAT_STATE(field, unit, meaning) \
	{#field, unit, meaning, false, offsetof(struct lane_stats, field)},
#include "sim/stats.def"
#undef STAT
#undef STAT_STATE
    {NULL, NULL, NULL, false, 0},
};

static unsigned
hist_bucket(uint64_t value)
{
	unsigned log, sub;

	if (value < HIST_EXACT)
		return (unsigned)value;
	log = ilog2(value);
	sub = (unsigned)(value >> (log - HIST_SUB_BITS)) &
	      ((1u << HIST_SUB_BITS) - 1);
	return HIST_EXACT + ((log - HIST_EXACT_BITS) << HIST_SUB_BITS) + sub;
}

/* The largest value of a bucket. */
static uint64_t
hist_top(unsigned bucket)
{
	unsigned log, sub;

	if (bucket < HIST_EXACT)
		return bucket;
	bucket -= HIST_EXACT;
	log = (bucket >> HIST_SUB_BITS) + HIST_EXACT_BITS;
	sub = bucket & ((1u << HIST_SUB_BITS) - 1);
	return ((uint64_t)1 << log) +
	       ((uint64_t)(sub + 1) << (log - HIST_SUB_BITS)) - 1;
}

void
hist_add(struct hist *h, uint64_t value)
{
	h->n++;
	h->max = max_u64(h->max, value);
	h->count[hist_bucket(value)]++;
}

uint64_t
hist_quantile(const struct hist *h, unsigned permille)
{
	uint64_t want = (h->n * permille + 999) / 1000, seen = 0;

	if (!h->n)
		return 0;
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= want && seen)
			return min_u64(hist_top(i), h->max);
	}
	BUG("histogram of %" PRIu64 " holds %" PRIu64, h->n, seen);
}

void
stats_grow_areas(struct lane_stats *s, uint32_t id)
{
	size_t n = (size_t)id + 1;

	if (n > s->cap_areas) {
		s->cap_areas = n + n / 2 + 64;
		s->area =
		    xreallocarray(s->area, s->cap_areas, sizeof(*s->area));
	}
	memset(s->area + s->n_areas, 0, (n - s->n_areas) * sizeof(*s->area));
	s->n_areas = n;
}

static void
record_walk(struct lane_stats *s, const struct walk_result *w, uint64_t cycles)
{
	s->walk_cycles += cycles;
	hist_add(&s->walk_hist, cycles);
	if (w->pwc != WALK_NO_PWC)
		s->pwc[w->pwc].hits++;
	for (unsigned i = 0; i < w->n_loads; i++) {
		s->pte_loads_at[w->load[i].level][w->load[i].where]++;
		s->pte_hidden_at[w->load[i].where] += w->load[i].hidden;
	}
}

/* An access that faults is attributed to its area by LEV_FAULT. */
void
stats_access(struct lane_stats *s, const struct lane_access *a)
{
	bool found = a->found != LANE_NO_TLB;
	struct area_stats *area;

	s->cycles += a->cycles;
	if (a->walked)
		record_walk(s, &a->walk, a->walk_cycles);
	if (a->failed)
		return;
	s->ad_assists += a->assist;
	area = stats_area(s, a->area);
	area->l1_misses += a->walked || found;
	area->stlb_hits += found;
	area->walks += a->walked;
	area->walk_cycles += a->walk_cycles;
	area->ad_assists += a->assist;
}

static void
record_fault(struct lane_stats *s, const struct lane_event *ev)
{
	struct fault_stats *k = &s->by_kind[ev->fault->kind];
	struct area_stats *a = stats_area(s, ev->fault->area);
	uint64_t cycles = ev->cycles + ev->walk_cycles;

	s->faults++;
	s->fault_cycles += cycles;
	k->count++;
	k->cycles += cycles;
	a->faults++;
	a->fault_cycles += cycles;
	a->l1_misses += ev->walked;
	a->walks += ev->walked;
	a->walk_cycles += ev->walk_cycles;
}

static void
record_dropped(struct lane_stats *s, const uint64_t *dropped)
{
	for (unsigned i = 0; dropped && i < s->config->n_tlbs; i++)
		s->tlb[i].invalidated += dropped[i];
}

void
stats_record(struct lane_stats *s, const struct lane_event *ev)
{
	s->cycles += ev->cycles;
	record_dropped(s, ev->dropped);
	switch ((enum lane_event_kind)ev->kind) {
	case LEV_DATA:
		s->data_at[ev->insn ? SIDE_I : SIDE_D][ev->where]++;
		return;
	case LEV_WORK:
	case LEV_DROP:
		return;
	case LEV_FAULT:
		record_fault(s, ev);
		return;
	case LEV_SYSCALL:
		s->syscalls++;
		return;
	case LEV_SWITCH:
		s->switches++;
		s->switch_flushes += ev->count;
		return;
	case LEV_INVLPG:
		s->invlpgs += ev->count;
		return;
	case LEV_FLUSH:
		s->as_flushes++;
		return;
	case LEV_IPI:
		s->ipis += ev->count;
		return;
	case LEV_BROADCAST:
		s->broadcasts++;
		return;
	}
	BUG("event of kind %u", ev->kind);
}

static void
record_level(struct lane_stats *s, enum side side, unsigned level, uint8_t tlb,
	     uint64_t asked, const struct route_counts *n)
{
	uint64_t missed = n->missed[level] + n->faulted;
	struct tlb_stats *t;

	asked += n->faulted;
	s->level[level].lookups += asked;
	s->level[level].misses += missed;
	if (tlb == LANE_NO_TLB)
		return;
	t = &s->tlb[tlb];
	t->side_lookups[side] += asked;
	t->side_misses[side] += missed;
	t->fills += n->missed[level];
	t->evictions += n->evicted[level];
}

void
stats_record_route(struct lane_stats *s, enum side side, unsigned size,
		   const uint8_t *tlb, const struct route_counts *n)
{
	uint64_t references = n->reads + n->writes, asked = references;
	uint64_t walks = n->missed[s->n_levels - 1] + n->faulted;
	struct size_stats *z = &s->size[size];

	for (unsigned i = 0; i < s->n_levels; i++) {
		record_level(s, side, i, tlb[i], asked, n);
		asked = n->missed[i];
	}
	z->references += references;
	z->l1_misses += n->missed[0] + n->faulted;
	z->stlb_hits += n->missed[0] + n->faulted - walks;
	z->walks += walks;
	z->walk_cycles += n->walk_cycles;
	s->walks_failed += n->faulted;
	if (side == SIDE_I) {
		s->fetches += references;
		s->walks_insn += walks;
		s->walk_cycles_insn += n->walk_cycles;
	} else {
		s->loads += n->reads;
		s->stores += n->writes;
		s->walks_data += walks;
		s->walk_cycles_data += n->walk_cycles;
	}
}

void
stats_record_near(struct lane_stats *s, enum side side, unsigned where,
		  uint64_t n)
{
	s->data_at[side][where] += n;
}

bool
stats_has_level(const struct lane_config *cfg, unsigned level)
{
	if (level < WALK_HOST)
		return level < cfg->paging.levels;
	return cfg->nested.page_shift &&
	       level - WALK_HOST < paging_modes[0].levels &&
	       paging_shift(&paging_modes[0], level - WALK_HOST) >=
		   cfg->nested.page_shift;
}

static void
finish_tlbs(struct lane_stats *s)
{
	for (unsigned i = 0; i < s->config->n_tlbs; i++) {
		struct tlb_stats *t = &s->tlb[i];

		t->lookups = t->side_lookups[SIDE_I] + t->side_lookups[SIDE_D];
		t->misses = t->side_misses[SIDE_I] + t->side_misses[SIDE_D];
		t->hits = t->lookups - t->misses;
	}
	for (unsigned i = 0; i < s->n_levels; i++)
		s->level[i].hits = s->level[i].lookups - s->level[i].misses;
	s->references = s->fetches + s->loads + s->stores;
	s->l1_tlb_misses = s->level[0].misses;
	s->stlb_misses = s->level[s->n_levels - 1].misses;
	s->stlb_hits = s->l1_tlb_misses - s->stlb_misses;
}

static void
finish_walks(struct lane_stats *s)
{
	uint64_t asked = s->walk_hist.n;

	s->walks = s->walk_hist.n;
	s->walks_completed = s->walks - s->walks_failed;
	s->walk_p50 = hist_quantile(&s->walk_hist, 500);
	s->walk_p99 = hist_quantile(&s->walk_hist, 990);
	s->walk_max = s->walk_hist.max;
	for (unsigned i = 0; i < s->config->n_pwcs; i++) {
		s->pwc[i].lookups = asked;
		asked -= s->pwc[i].hits;
	}
	s->pte_loads = 0;
	for (unsigned level = 0; level < WALK_LEVELS; level++)
		for (unsigned i = 0; i <= s->config->n_caches; i++)
			s->pte_loads += s->pte_loads_at[level][i];
}

static void
finish_caches(struct lane_stats *s)
{
	const struct lane_config *cfg = s->config;

	for (unsigned i = 0; i <= cfg->n_caches; i++)
		for (unsigned level = 0; level < WALK_LEVELS; level++)
			s->pte_cycles_at[level][i] =
			    (s->pte_loads_at[level][i] -
			     (level ? 0 : s->pte_hidden_at[i])) *
			    timing_load(cfg, i);
	memset(s->cache, 0, sizeof(s->cache));
	for (unsigned side = 0; side < SIDES; side++) {
		uint64_t beyond = s->data_at[side][cfg->n_caches];

		for (unsigned i = cfg->n_caches; i-- > 0;) {
			uint64_t here = s->data_at[side][i];

			if (!(cfg->cache[i].sides &
			      (side == SIDE_I ? SIDE_INSN : SIDE_DATA)))
				continue;
			s->cache[i].misses += beyond;
			s->cache[i].hits += here;
			beyond += here;
			s->cache[i].lookups += beyond;
		}
	}
}

void
stats_finish(struct lane_stats *s)
{
	uint64_t base = timing_base(s->config, s->instructions);

	finish_tlbs(s);
	finish_walks(s);
	finish_caches(s);
	s->cycles += base - s->by_cause[CAUSE_BASE];
	s->by_cause[CAUSE_BASE] = base;
}

static void
check_tlbs(const struct lane_stats *s)
{
	const struct lane_config *cfg = s->config;
	uint64_t lookups[LANE_MAX_LEVELS] = {0}, hits[LANE_MAX_LEVELS] = {0};
	uint64_t cycles = 0, stlb_hits = 0;

	for (unsigned i = 0; i < cfg->n_tlbs; i++) {
		const struct tlb_stats *t = &s->tlb[i];
		unsigned level = cfg->tlb[i].level - 1;

		BUG_ON(t->misses > t->lookups);
		BUG_ON(t->hits + t->misses != t->lookups);
		lookups[level] += t->lookups;
		hits[level] += t->hits;
		cycles += level ? t->hits * cfg->tlb[i].hit_cycles : 0;
	}
	for (unsigned i = 0; i < s->n_levels; i++) {
		BUG_ON(lookups[i] > s->level[i].lookups);
		BUG_ON(hits[i] != s->level[i].hits);
		BUG_ON(i && s->level[i].lookups != s->level[i - 1].misses);
		stlb_hits += i ? hits[i] : 0;
	}
	BUG_ON(s->level[0].lookups != s->references + s->walks_failed);
	BUG_ON(s->walks != s->stlb_misses);
	BUG_ON(stlb_hits != s->stlb_hits);
	BUG_ON(cycles != s->by_cause[CAUSE_STLB_HIT]);
}

static void
check_walks(const struct lane_stats *s)
{
	const struct lane_config *cfg = s->config;
	uint64_t cycles = s->walks * cfg->walk_start_cycles, loads = 0;
	uint64_t begun = s->walks;

	for (unsigned level = WALK_LEVELS; level-- > 0;)
		for (unsigned i = 0; i <= cfg->n_caches; i++) {
			loads += s->pte_loads_at[level][i];
			cycles += s->pte_cycles_at[level][i];
		}
	for (unsigned i = 0; i < cfg->n_pwcs; i++) {
		BUG_ON(s->pwc[i].hits > s->pwc[i].lookups);
		cycles += s->pwc[i].hits * cfg->pwc[i].hit_cycles;
		begun -= s->pwc[i].hits;
	}
	/* A walk that no such cache helped loads from the root. */
	for (unsigned i = 0; i <= cfg->n_caches; i++)
		begun -= s->pte_loads_at[cfg->paging.levels - 1][i];
	BUG_ON(cfg->tables == TABLES_RADIX && begun);
	BUG_ON(loads != s->pte_loads);
	BUG_ON(s->walks_failed > s->walks);
	BUG_ON(s->walks != s->walks_insn + s->walks_data);
	BUG_ON(cycles != s->walk_cycles);
	BUG_ON(s->walk_cycles != s->by_cause[CAUSE_WALK]);
	BUG_ON(s->walk_cycles != s->walk_cycles_insn + s->walk_cycles_data);
}

static void
check_sizes(const struct lane_stats *s)
{
	struct size_stats sum = {0};

	for (unsigned i = 0; i < PAGING_MAX_LEVELS; i++) {
		sum.references += s->size[i].references;
		sum.l1_misses += s->size[i].l1_misses;
		sum.stlb_hits += s->size[i].stlb_hits;
		sum.walks += s->size[i].walks;
		sum.walk_cycles += s->size[i].walk_cycles;
	}
	BUG_ON(sum.references != s->references);
	BUG_ON(sum.l1_misses != s->l1_tlb_misses);
	BUG_ON(sum.stlb_hits != s->stlb_hits);
	BUG_ON(sum.walks != s->walks);
	BUG_ON(sum.walk_cycles != s->walk_cycles);
}

/* A failing walk whose fault was never told belongs to no area. */
static void
check_areas(const struct lane_stats *s)
{
	struct area_stats sum = {0};

	for (size_t i = 0; i < s->n_areas; i++) {
		sum.references += s->area[i].references;
		sum.stlb_hits += s->area[i].stlb_hits;
		sum.walks += s->area[i].walks;
		sum.ad_assists += s->area[i].ad_assists;
		sum.faults += s->area[i].faults;
		sum.fault_cycles += s->area[i].fault_cycles;
	}
	BUG_ON(sum.references != s->references);
	BUG_ON(sum.stlb_hits != s->stlb_hits);
	BUG_ON(sum.walks > s->walks || sum.walks < s->walks_completed);
	BUG_ON(sum.ad_assists != s->ad_assists);
	BUG_ON(sum.faults != s->faults);
	BUG_ON(sum.fault_cycles != s->fault_cycles);
}

static void
check_faults(const struct lane_stats *s)
{
	struct fault_stats sum = {0};

	for (unsigned i = 0; i < FAULT_KIND_COUNT; i++) {
		sum.count += s->by_kind[i].count;
		sum.cycles += s->by_kind[i].cycles;
	}
	BUG_ON(sum.count != s->faults);
	BUG_ON(sum.cycles != s->fault_cycles);
}

void
stats_check(const struct lane_stats *s)
{
	uint64_t cycles = 0;

	check_tlbs(s);
	check_walks(s);
	check_sizes(s);
	check_areas(s);
	check_faults(s);
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		cycles += s->by_cause[i];
	BUG_ON(cycles != s->cycles);
	BUG_ON(s->by_cause[CAUSE_AD_ASSIST] !=
	       s->ad_assists * s->config->ad_assist_cycles);
}

void
stats_reset(struct lane_stats *s)
{
	struct lane_stats *kept = xmalloc(sizeof(*kept));

	if (s->area)
		memset(s->area, 0, s->n_areas * sizeof(*s->area));
	*kept = *s;
	memset(s, 0, sizeof(*s));
	s->config = kept->config;
	s->n_levels = kept->n_levels;
	s->area = kept->area;
	s->n_areas = kept->n_areas;
	s->cap_areas = kept->cap_areas;
	for (unsigned i = 0; i < PAGING_MAX_LEVELS; i++)
		s->size[i].page_shift = kept->size[i].page_shift;
	free(kept);
}

struct lane_stats *
stats_copy(const struct lane_stats *s)
{
	struct lane_stats *copy = xmalloc(sizeof(*copy));

	*copy = *s;
	copy->area = xreallocarray(NULL, s->n_areas + 1, sizeof(*copy->area));
	if (s->n_areas)
		memcpy(copy->area, s->area, s->n_areas * sizeof(*copy->area));
	return copy;
}

/* Areas that came since had nothing before. */
void
stats_restore(struct lane_stats *s, struct lane_stats *copy)
{
	struct area_stats *area = s->area;
	size_t n = s->n_areas, cap = s->cap_areas;

	if (n) {
		memset(area, 0, n * sizeof(*area));
		memcpy(area, copy->area, copy->n_areas * sizeof(*area));
	}
	free(copy->area);
	*s = *copy;
	s->area = area;
	s->n_areas = n;
	s->cap_areas = cap;
	free(copy);
}
