/* lane_new.c - a lane is made, asked, and ended; see lane.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hw/htable.h"
#include "hw/ptable.h"
#include "sim/lane_priv.h"

#define SPACES      (UINT16_MAX + 1u)
#define HOST_TABLES ((uint64_t)1 << 50) /* beyond all of the guest */

bool
lane_wants_lines(const struct lane *l)
{
	return l->cfg.data_caches || l->cfg.paging.page_shift < PAGE_SHIFT;
}

/* Hand what was counted so far to the statistics. */
static void
collect(struct lane *l, struct cpu *c, enum asker asker)
{
	for (unsigned size = 0; size < PAGING_MAX_LEVELS; size++) {
		struct route *r = &c->route[asker][size];

		if (!r->port[0].tlb)
			continue;
		stats_record_route(l->stats, asker_side(asker), size, r->index,
				   &r->n);
		memset(&r->n, 0, sizeof(r->n));
	}
}

static void
collect_near(struct lane *l, struct cpu *c, enum side side)
{
	const struct cache_path *p = &c->path[side];

	stats_record_near(l->stats, side, p->n ? p->index[0] : p->memory,
			  c->near[side]);
	c->near[side] = 0;
}

static void
collect_all(struct lane *l)
{
	for (unsigned i = 0; i < l->cfg.cpus; i++) {
		for (enum asker asker = 0; asker < ASKERS; asker++)
			collect(l, &l->cpu[i], asker);
		collect_near(l, &l->cpu[i], SIDE_I);
		collect_near(l, &l->cpu[i], SIDE_D);
	}
}

static uint64_t
held(const struct lane *l, unsigned tlb)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < l->cfg.cpus; i++)
		n += cpu_held(&l->cpu[i], tlb);
	return n;
}

void
lane_reset_stats(struct lane *l)
{
	collect_all(l);
	stats_reset(l->stats);
	for (unsigned i = 0; i < l->cfg.n_tlbs; i++)
		l->held[i] = held(l, i);
}

void
lane_watch(struct lane *l, lane_miss_fn *fn, void *ctx)
{
	l->watch = fn;
	l->watch_ctx = ctx;
}

/* Entries come and go while nobody counts them. */
void
lane_count(struct lane *l, bool on)
{
	BUG_ON(on == !l->kept);
	if (!on) {
		l->kept = stats_copy(lane_stats(l));
		return;
	}
	collect_all(l);
	stats_restore(l->stats, l->kept);
	l->kept = NULL;
	for (unsigned i = 0; i < l->cfg.n_tlbs; i++) {
		const struct tlb_stats *t = &l->stats->tlb[i];

		l->held[i] =
		    held(l, i) + t->evictions + t->invalidated - t->fills;
	}
}

const struct lane_stats *
lane_stats(struct lane *l)
{
	collect_all(l);
	if (l->own)
		l->stats->own_table_bytes = ptable_peak(l->own);
	if (l->hash)
		l->stats->own_table_bytes = htable_peak(l->hash);
	stats_finish(l->stats);
	stats_check(l->stats);
	for (unsigned i = 0; i < l->cfg.n_tlbs; i++) {
		const struct tlb_stats *t = &l->stats->tlb[i];

		BUG_ON(l->held[i] + t->fills !=
		       held(l, i) + t->evictions + t->invalidated);
	}
	return l->stats;
}

static void
init_sizes(struct lane *l)
{
	const struct paging *p = &l->cfg.paging;

	for (unsigned level = 0; level < p->levels; level++) {
		if (p->leaf_mask >> level & 1)
			l->stats->size[level].page_shift =
			    paging_shift(p, level);
	}
	for (unsigned i = 0; i < l->cfg.n_tlbs; i++) {
		unsigned data = l->cfg.tlb[i].sides & SIDE_DATA;

		l->split |= data && data != SIDE_DATA;
		if (l->cfg.tlb[i].level > l->n_levels)
			l->n_levels = l->cfg.tlb[i].level;
	}
	l->stats->n_levels = l->n_levels;
}

static bool
init(struct lane *l, struct err *e)
{
	for (unsigned i = 0; i < l->cfg.n_caches; i++)
		if (l->cfg.cache[i].level >= CACHE_SHARED_LEVEL &&
		    !cache_init(&l->shared[i], &l->cfg.cache[i], e))
			return false;
	for (unsigned i = 0; i < l->cfg.cpus; i++)
		if (!cpu_init(&l->cpu[i], &l->cfg, l->shared, l->tables.mem,
			      l->own, l->hash, l->host, e))
			return false;
	return true;
}

/* Tables of its own lie where the kernel has no memory. */
static paddr
beyond(const struct physmem *mem)
{
	return pfn_addr((pfn){mem->frames});
}

struct lane *
lane_new(const struct lane_config *cfg, const struct table_source *tables,
	 struct err *e)
{
	struct lane *l;

	if (!lane_config_check(cfg, e))
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->cfg = *cfg;
	lane_config_sort(&l->cfg);
	l->tables = *tables;
	l->stats = xcalloc(1, sizeof(*l->stats));
	l->stats->config = &l->cfg;
	init_sizes(l);
	if (l->cfg.tables != TABLES_RADIX)
		l->hash = htable_new(l->cfg.tables, beyond(tables->mem),
				     tables->mem->frames);
	else if (!paging_is_kernel(&l->cfg.paging))
		l->own = ptable_new(&l->cfg.paging, beyond(tables->mem));
	if (l->cfg.nested.page_shift)
		l->host =
		    ptable_new(&paging_modes[0],
			       (paddr){beyond(tables->mem).raw + HOST_TABLES});
	l->flush = xcalloc(SPACES, sizeof(*l->flush));
	l->cpu = xcalloc(l->cfg.cpus, sizeof(*l->cpu));
	if (init(l, e))
		return l;
	lane_free(l);
	return NULL;
}

void
lane_free(struct lane *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->cfg.cpus; i++)
		cpu_free(&l->cpu[i], &l->cfg);
	for (unsigned i = 0; i < l->cfg.n_caches; i++)
		cache_free(&l->shared[i]);
	ptable_free(l->own);
	htable_free(l->hash);
	ptable_free(l->host);
	if (l->kept)
		stats_restore(l->stats, l->kept);
	free(l->stats->area);
	free(l->stats);
	free(l->flush);
	free(l->cpu);
	free(l);
}
