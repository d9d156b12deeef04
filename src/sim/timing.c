/* timing.c - see timing.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/log.h"
#include "sim/timing.h"

const char *const cause_names[CAUSE_COUNT] = {
#define X(e, name, help) name,
    CAUSES(X)
#undef X
};

const char *const cause_help[CAUSE_COUNT] = {
#define X(e, name, help) help,
    CAUSES(X)
#undef X
};

struct bill {
	struct lane_event *ev;
	uint64_t *by_cause;
};

static void
add(struct bill *b, enum cause cause, uint64_t cycles)
{
	b->by_cause[cause] += cycles;
	b->ev->cycles += cycles;
}

uint32_t
timing_load(const struct lane_config *cfg, unsigned where)
{
	return where < cfg->n_caches ? cfg->cache[where].hit_cycles
				     : cfg->memory_cycles;
}

uint64_t
timing_base(const struct lane_config *cfg, uint64_t n)
{
	return (uint64_t)llround((double)n * cfg->cpi);
}

static uint64_t
walk_cycles(const struct lane_config *cfg, const struct walk_result *w)
{
	uint64_t cycles = cfg->walk_start_cycles;

	if (w->pwc != WALK_NO_PWC)
		cycles += cfg->pwc[w->pwc].hit_cycles;
	for (unsigned i = 0; i < w->n_loads; i++)
		cycles +=
		    w->load[i].hidden ? 0 : timing_load(cfg, w->load[i].where);
	return cycles;
}

void
timing_access(const struct lane_config *cfg, struct lane_access *a,
	      uint64_t by_cause[CAUSE_COUNT])
{
	a->walk_cycles = 0;
	a->cycles = 0;
	if (a->walked) {
		a->walk_cycles = walk_cycles(cfg, &a->walk);
		a->cycles = a->walk_cycles;
		by_cause[CAUSE_WALK] += a->cycles;
	} else if (a->found != LANE_NO_TLB) {
		a->cycles = cfg->tlb[a->found].hit_cycles;
		by_cause[CAUSE_STLB_HIT] += a->cycles;
	}
	if (a->assist) {
		a->cycles += cfg->ad_assist_cycles;
		by_cause[CAUSE_AD_ASSIST] += cfg->ad_assist_cycles;
	}
}

/* The first cache's time is in the cpi. */
static void
charge_data(struct bill *b, const struct lane_config *cfg)
{
	uint32_t near = timing_load(cfg, b->ev->nearest);
	uint32_t far = timing_load(cfg, b->ev->where);

	add(b, CAUSE_DATA_CACHE, far > near ? far - near : 0);
}

static void
charge_work(struct bill *b, const struct cost_config *c, const struct kwork *w)
{
	add(b, CAUSE_ZERO, w->pages_zeroed * c->page_zero);
	add(b, CAUSE_COPY, w->pages_copied * c->page_copy);
	add(b, CAUSE_TABLES,
	    w->tables_allocated * c->table_alloc +
		w->tables_freed * c->table_free);
	add(b, CAUSE_ENTRIES,
	    w->ptes_set * c->pte_set + w->ptes_cleared * c->pte_clear);
	add(b, CAUSE_DEVICE,
	    w->device_reads * c->device_read + w->pages_read * c->page_read +
		w->pages_written * c->page_write);
	add(b, CAUSE_RECLAIM, w->pages_scanned * c->page_scan);
	add(b, CAUSE_COPY_USER, (w->bytes_copied * c->copy_kib + 1023) / 1024);
	add(b, CAUSE_VMA, w->vmas_changed * c->vma_change);
}

/* Into the kernel and out of it. */
static void
charge_crossing(struct bill *b, const struct lane_config *cfg)
{
	if (cfg->kpti)
		add(b, CAUSE_KPTI, 2 * (uint64_t)cfg->cost.cr3_write);
}

static void
charge_fault(struct bill *b, const struct cost_config *c)
{
	add(b, CAUSE_FAULT_ENTRY, c->fault_entry);
	add(b, CAUSE_FAULT_HANDLER, c->fault_handler);
	add(b, CAUSE_FAULT_EXIT, c->fault_exit);
	charge_work(b, c, &b->ev->fault->work);
}

void
timing_charge(const struct lane_config *cfg, struct lane_event *ev,
	      uint64_t by_cause[CAUSE_COUNT])
{
	const struct cost_config *c = &cfg->cost;
	struct bill b = {ev, by_cause};

	switch ((enum lane_event_kind)ev->kind) {
	case LEV_DATA:
		charge_data(&b, cfg);
		return;
	case LEV_FAULT:
		charge_fault(&b, c);
		charge_crossing(&b, cfg);
		return;
	case LEV_WORK:
		charge_work(&b, c, ev->work);
		return;
	case LEV_SYSCALL:
		add(&b, CAUSE_SYSCALL, c->syscall);
		charge_crossing(&b, cfg);
		return;
	case LEV_SWITCH:
		add(&b, CAUSE_SWITCH, c->context_switch);
		return;
	case LEV_INVLPG:
		/* KPTI: in the tag of the kernel and in that of user mode. */
		add(&b, CAUSE_INVALIDATE, (ev->count << cfg->kpti) * c->invlpg);
		return;
	case LEV_FLUSH:
		add(&b, CAUSE_INVALIDATE, c->flush_all);
		return;
	case LEV_IPI:
		add(&b, CAUSE_IPI, ev->count * c->ipi);
		return;
	case LEV_BROADCAST:
		add(&b, CAUSE_INVALIDATE, c->broadcast);
		return;
	case LEV_DROP:
		return;
	}
	BUG("event of kind %u", ev->kind);
}
