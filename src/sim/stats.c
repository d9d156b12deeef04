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
	{#field, unit, meaning, offsetof(struct lane_stats, field)},
#include "sim/stats.def"
#undef STAT
    {NULL, NULL, NULL, 0},
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

/* Lookups at the first level are counted by visit (stats_record_visits()),
 * but for those that fault. */
static void
record_asked(struct lane_stats *s, const struct lane_event *ev)
{
	enum side side = ev->insn ? SIDE_I : SIDE_D;

	for (unsigned i = 0; i < ev->n_asked; i++) {
		bool missed = ev->walked || i + 1 < ev->n_asked;
		bool counted = !i && ev->kind == LEV_ACCESS;
		struct tlb_stats *t;

		s->level[i].lookups += !counted;
		s->level[i].misses += missed;
		if (ev->asked[i] == LANE_NO_TLB)
			continue;
		t = &s->tlb[ev->asked[i]];
		t->side_lookups[side] += !counted;
		t->side_misses[side] += missed;
		t->fills += missed && ev->kind == LEV_ACCESS;
		t->evictions += ev->evicted >> i & 1;
	}
}

static void
record_walk(struct lane_stats *s, const struct lane_event *ev)
{
	const struct walk_result *w = &ev->walk;
	unsigned asked =
	    w->pwc == WALK_NO_PWC ? s->config->n_pwcs : w->pwc + 1u;

	s->walks++;
	s->walks_completed += ev->kind == LEV_ACCESS;
	s->walks_failed += ev->kind == LEV_FAULT_WALK;
	s->walks_insn += ev->insn;
	s->walks_data += !ev->insn;
	s->walk_cycles += ev->walk_cycles;
	*(ev->insn ? &s->walk_cycles_insn : &s->walk_cycles_data) +=
	    ev->walk_cycles;
	hist_add(&s->walk_hist, ev->walk_cycles);
	for (unsigned i = 0; i < asked; i++)
		s->pwc[i].lookups++;
	if (w->pwc != WALK_NO_PWC)
		s->pwc[w->pwc].hits++;
	s->pte_loads += w->n_loads;
	for (unsigned i = 0; i < w->n_loads; i++)
		s->pte_loads_at[w->load[i].level][w->load[i].where]++;
}

static void
record_access(struct lane_stats *s, const struct lane_event *ev)
{
	struct size_stats *size = &s->size[ev->size];
	bool stlb_hit = !ev->walked && ev->n_asked > 1;

	record_asked(s, ev);
	if (ev->walked)
		record_walk(s, ev);
	s->stlb_hits += stlb_hit;
	s->stlb_misses += ev->walked;
	s->l1_tlb_misses += stlb_hit || ev->walked;
	s->ad_assists += ev->assist;
	size->l1_misses += stlb_hit || ev->walked;
	size->stlb_hits += stlb_hit;
	size->walks += ev->walked;
	size->walk_cycles += ev->walk_cycles;
}

/* An access that faults is attributed to its area by LEV_FAULT. */
static void
record_area(struct lane_stats *s, const struct lane_event *ev)
{
	struct area_stats *a = stats_area(s, ev->area);

	a->l1_misses += ev->walked || ev->n_asked > 1;
	a->stlb_hits += !ev->walked && ev->n_asked > 1;
	a->walks += ev->walked;
	a->walk_cycles += ev->walk_cycles;
	a->ad_assists += ev->assist;
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
	case LEV_ACCESS:
		record_access(s, ev);
		record_area(s, ev);
		return;
	case LEV_FAULT_WALK:
		record_access(s, ev);
		return;
	case LEV_DATA:
		s->data_at[ev->insn ? SIDE_I : SIDE_D][ev->where]++;
		return;
	case LEV_WORK:
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
	}
	BUG("event of kind %u", ev->kind);
}

void
stats_record_visits(struct lane_stats *s, enum side side, unsigned size,
		    unsigned tlb, const struct visit_counts *n)
{
	uint64_t references = n->reads + n->writes;

	s->references += references;
	s->fetches += side == SIDE_I ? references : 0;
	s->loads += side == SIDE_D ? n->reads : 0;
	s->stores += side == SIDE_D ? n->writes : 0;
	s->size[size].references += references;
	s->level[0].lookups += references;
	s->tlb[tlb].side_lookups[side] += references;
}

void
stats_record_near(struct lane_stats *s, enum side side, unsigned where,
		  uint64_t n)
{
	s->data_at[side][where] += n;
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
}

static void
finish_caches(struct lane_stats *s)
{
	const struct lane_config *cfg = s->config;

	for (unsigned i = 0; i <= cfg->n_caches; i++)
		for (unsigned level = 0; level < PAGING_MAX_LEVELS; level++)
			s->pte_cycles_at[level][i] =
			    s->pte_loads_at[level][i] * timing_load(cfg, i);
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
	finish_caches(s);
	s->cycles += base - s->by_cause[CAUSE_BASE];
	s->by_cause[CAUSE_BASE] = base;
	s->walk_p50 = hist_quantile(&s->walk_hist, 500);
	s->walk_p99 = hist_quantile(&s->walk_hist, 990);
	s->walk_max = s->walk_hist.max;
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
	BUG_ON(s->level[0].misses != s->l1_tlb_misses);
	BUG_ON(s->level[s->n_levels - 1].misses != s->stlb_misses);
	BUG_ON(stlb_hits != s->stlb_hits);
	BUG_ON(cycles != s->by_cause[CAUSE_STLB_HIT]);
}

static void
check_walks(const struct lane_stats *s)
{
	const struct lane_config *cfg = s->config;
	uint64_t loads = 0, cycles = s->walks * cfg->walk_start_cycles;

	for (unsigned level = 0; level < PAGING_MAX_LEVELS; level++) {
		for (unsigned i = 0; i <= cfg->n_caches; i++) {
			loads += s->pte_loads_at[level][i];
			cycles += s->pte_cycles_at[level][i];
		}
	}
	for (unsigned i = 0; i < cfg->n_pwcs; i++) {
		BUG_ON(s->pwc[i].hits > s->pwc[i].lookups);
		BUG_ON(i && s->pwc[i].lookups !=
				s->pwc[i - 1].lookups - s->pwc[i - 1].hits);
		cycles += s->pwc[i].hits * cfg->pwc[i].hit_cycles;
	}
	BUG_ON(cfg->n_pwcs && s->pwc[0].lookups != s->walks);
	BUG_ON(s->walks != s->stlb_misses);
	BUG_ON(s->walks != s->walks_completed + s->walks_failed);
	BUG_ON(s->walks != s->walks_insn + s->walks_data);
	BUG_ON(s->walks != s->walk_hist.n);
	BUG_ON(loads != s->pte_loads);
	BUG_ON(cycles != s->walk_cycles);
	BUG_ON(s->walk_cycles != s->by_cause[CAUSE_WALK]);
	BUG_ON(s->walk_cycles != s->walk_cycles_insn + s->walk_cycles_data);
}

static void
check_shares(const struct lane_stats *s)
{
	uint64_t references = 0, walks = 0, faults = 0, fault_cycles = 0;
	uint64_t assists = 0;

	for (unsigned i = 0; i < PAGING_MAX_LEVELS; i++) {
		references += s->size[i].references;
		walks += s->size[i].walks;
	}
	BUG_ON(references != s->references);
	BUG_ON(walks != s->walks);
	BUG_ON(s->references != s->fetches + s->loads + s->stores);
	references = 0;
	for (size_t i = 0; i < s->n_areas; i++) {
		references += s->area[i].references;
		faults += s->area[i].faults;
		assists += s->area[i].ad_assists;
	}
	BUG_ON(references != s->references);
	BUG_ON(faults != s->faults);
	BUG_ON(assists != s->ad_assists);
	faults = 0;
	for (unsigned i = 0; i < FAULT_KIND_COUNT; i++) {
		faults += s->by_kind[i].count;
		fault_cycles += s->by_kind[i].cycles;
	}
	BUG_ON(faults != s->faults);
	BUG_ON(fault_cycles != s->fault_cycles);
}

void
stats_check(const struct lane_stats *s)
{
	uint64_t cycles = 0;

	check_tlbs(s);
	check_walks(s);
	check_shares(s);
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
