/*
 * lane.c - prices visits; see lane.h.
 *
 * A visit's way: lane_visits() -> price() -> first-level TLB; on a miss
 * beyond() -> further levels -> walk() -> fill; then timing_charge() and
 * stats_record().
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "arch/pte.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hw/htable.h"
#include "hw/ptable.h"
#include "sim/cpu.h"
#include "sim/lane.h"
#include "sim/lane_config.h"
#include "sim/stats.h"
#include "sim/timing.h"

#define SPACES      (UINT16_MAX + 1u)
#define HOST_TABLES ((uint64_t)1 << 50) /* beyond all of the guest */
#define SET_BITS    (VISIT_SET_A | VISIT_SET_D)

struct lane {
	struct lane_config cfg;
	struct table_source tables;
	unsigned n_levels;
	bool split;          /* loads and stores ask different TLBs */
	struct ptable *own;  /* tables, if not the kernel's */
	struct htable *hash; /* or these, which are no tree */
	struct ptable *host; /* the tables of the host, if there is one */
	struct cpu *cpu;     /* cfg.cpus of them */
	struct cache shared[LANE_MAX_CACHES];
	uint64_t *flush;              /* [space]: number of its last flush */
	uint64_t held[LANE_MAX_TLBS]; /* when counting began */
	struct lane_stats *stats;
	lane_miss_fn *watch; /* or NULL */
	void *watch_ctx;
	struct lane_stats *kept; /* while it does not count: as it will go on */
};

static void
happened(struct lane *l, struct lane_event *ev)
{
	timing_charge(&l->cfg, ev, l->stats->by_cause);
	stats_record(l->stats, ev);
}

static void
accessed(struct lane *l, struct lane_access *a)
{
	timing_access(&l->cfg, a, l->stats->by_cause);
	stats_access(l->stats, a);
}

/* Every level that has the page learns that it is dirty, and that its
 * neighbours may not be. */
static void
set_dirty(struct lane *l, struct cpu *c, const struct route *r, vaddr va)
{
	for (unsigned i = 0; i < l->n_levels; i++) {
		const struct tlb_port *p = &r->port[i];
		uint32_t slot;

		if (!p->tlb)
			continue;
		slot = p->coalescing ? tlb_port_group(p, va.raw)
				     : tlb_find(p->tlb, c->asid,
						va.raw >> p->shift, p->shift);
		if (slot == ASSOC_NONE)
			continue;
		p->dirty[slot] = 1;
		tlb_port_alone(p, slot, va.raw);
	}
}

static pfn
root_of(const struct lane *l, uint16_t as)
{
	return l->tables.view(l->tables.ctx, as).root;
}

static bool
walk_for(struct cpu *c, const struct visit *v, struct lane_access *a)
{
	enum access acc = v->flags & VISIT_INSN ? ACC_EXEC
			  : v->writes           ? ACC_WRITE
						: ACC_READ;

	a->walked = true;
	walk(&c->walker, c->root, c->asid, v->va, acc, &a->walk);
	if (a->walk.end != WALK_MAPPED || (!c->walker.own && !c->walker.hash &&
					   a->walk.page_shift != v->page_shift))
		BUG("visit of %#llx in space %u: granted by the kernel with "
		    "pages of 2^%u bytes, but the walk ends %u at level %u",
		    (unsigned long long)v->va.raw, v->as, v->page_shift,
		    a->walk.end, a->walk.level);
	return a->walk.entry & PTE_D;
}

/* Which neighbours of va's page come along into an array that coalesces: those
 * that the walk saw, or that an entry found has. */
static uint16_t
neighbours(const struct tlb_port *p, uint64_t va, const struct tlb_port *from,
	   uint32_t slot, const struct lane_access *a)
{
	unsigned bits = p->tlb->coalesce;
	unsigned part = (unsigned)(va >> p->shift) & ((1u << bits) - 1);

	if (a->walked)
		return walk_contiguous(&a->walk, part, p->shift, bits);
	if (from->coalescing && from->shift == p->shift &&
	    from->tlb->coalesce == bits)
		return from->tlb->cover[slot];
	return (uint16_t)(1u << part);
}

/* Levels before i did not have the page and get it, from level i, or from a
 * walk; most have taken a place for it. */
static void
fill_before(struct route *r, unsigned i, uint32_t *slot, bool dirty,
	    uint64_t va, const struct lane_access *a)
{
	for (unsigned k = i; k-- > 0;) {
		const struct tlb_port *p = &r->port[k];
		enum tlb_took took = TLB_FREE;

		if (!p->tlb)
			continue;
		if (__builtin_expect(p->coalescing, 0)) {
			uint16_t cover =
			    neighbours(p, va, &r->port[i], slot[i], a);

			slot[k] = tlb_port_put(p, va, cover, &took);
			r->n.evicted[k] += took == TLB_EVICTED;
		}
		p->dirty[slot[k]] = dirty;
	}
}

/* Not in the first level, which may have taken the place *first for it: ask the
 * others in turn; those that do not have the page take it. */
static void
translate(struct lane *l, struct cpu *c, struct route *r, const struct visit *v,
	  uint32_t *first, struct lane_access *a)
{
	uint32_t slot[LANE_MAX_LEVELS + 1] = {*first};
	bool dirty = false;
	unsigned i;

	for (i = 1; i < l->n_levels; i++) {
		const struct tlb_port *p = &r->port[i];
		enum tlb_took took = TLB_FREE;

		if (p->tlb)
			slot[i] = tlb_port_take(p, v->va.raw, &took);
		if (took == TLB_HIT) {
			a->found = r->index[i];
			dirty = p->dirty[slot[i]];
			break;
		}
		r->n.missed[i]++;
		r->n.evicted[i] += took == TLB_EVICTED;
	}
	if (i == l->n_levels)
		dirty = walk_for(c, v, a);
	fill_before(r, i, slot, dirty, v->va.raw, a);
	*first = slot[0];
}

/* More references of the same visit: a hit, as long as hits count. */
static void
again(const struct tlb_port *p, uint32_t slot, const struct visit *v)
{
	struct repl *r = &p->tlb->a.repl;

	if (!r->policy->idempotent && v->reads + v->writes > 1)
		repl_hit(r, slot / r->ways, slot % r->ways);
}

/* A visit that is more than a hit on what its set used last. */
__attribute__((noinline)) static void
price_rest(struct lane *l, struct cpu *c, const struct visit *v,
	   struct route *r)
{
	const struct tlb_port *p = &r->port[0];
	enum tlb_took took;
	uint32_t slot = tlb_port_take(p, v->va.raw, &took);
	struct lane_access a;

	if (took == TLB_HIT && !(v->flags & SET_BITS) &&
	    (!v->writes || p->dirty[slot])) {
		again(p, slot, v);
		return;
	}
	a.walked = a.failed = false;
	a.found = LANE_NO_TLB;
	a.area = v->area;
	if (took != TLB_HIT) {
		r->n.missed[0]++;
		r->n.evicted[0] += took == TLB_EVICTED;
		translate(l, c, r, v, &slot, &a);
	}
	again(p, slot, v);
	a.assist = v->flags & SET_BITS || (v->writes && !p->dirty[slot]);
	if (v->writes && !p->dirty[slot])
		set_dirty(l, c, r, v->va);
	accessed(l, &a);
	r->n.walk_cycles += a.walk_cycles;
	if (__builtin_expect(l->watch && took != TLB_HIT, 0))
		l->watch(l->watch_ctx, v, &a);
}

/* All references of a visit are to one line: after the first, sure hits in
 * the nearest cache. */
__attribute__((noinline)) static void
price_data(struct lane *l, struct cpu *c, const struct visit *v)
{
	enum side side = v->flags & VISIT_INSN ? SIDE_I : SIDE_D;
	const struct cache_path *p = &c->path[side];
	struct lane_event ev = {.kind = LEV_DATA};

	ev.insn = side == SIDE_I;
	ev.nearest = p->n ? p->index[0] : p->memory;
	ev.where = (uint8_t)cache_path_load(p, v->pa);
	if (p->n && v->reads + v->writes > 1 &&
	    !p->cache[0]->a.repl.policy->idempotent)
		cache_access(p->cache[0], v->pa);
	c->near[side] += v->reads + v->writes - (ev.where != ev.nearest);
	if (ev.where != ev.nearest)
		happened(l, &ev);
}

static inline void
price(struct lane *l, struct cpu *c, const struct visit *v, enum asker asker)
{
	struct route *r = c->by_shift[asker][v->page_shift];
	uint32_t slot;

	r->n.reads += v->reads;
	r->n.writes += v->writes;
	stats_area(l->stats, v->area)->references += v->reads + v->writes;
	slot = tlb_port_try(&r->port[0], v->va.raw);
	if (slot == ASSOC_NONE || v->flags & SET_BITS ||
	    (v->writes && !r->port[0].dirty[slot]))
		price_rest(l, c, v, r);
}

/* The stores of a visit, whose first reference is one, then its loads. */
__attribute__((noinline)) static void
price_split(struct lane *l, struct cpu *c, const struct visit *v)
{
	struct visit part = *v;

	part.reads = 0;
	price(l, c, &part, ASK_STORE);
	if (!v->reads)
		return;
	part.reads = v->reads;
	part.writes = 0;
	part.flags &= (uint8_t)~SET_BITS;
	price(l, c, &part, ASK_DATA);
}

void
lane_visits(struct lane *l, unsigned cpu, const struct visit *v, uint32_t n)
{
	struct cpu *c = &l->cpu[cpu];
	bool data_caches = l->cfg.data_caches;

	if (c->as != CPU_NO_AS)
		c->root = root_of(l, (uint16_t)c->as);
	for (const struct visit *end = v + n; v < end; v++) {
		BUG_ON(v->page_shift >= 64 || !c->by_shift[0][v->page_shift]);
		if (v->as != c->as) {
			lane_switch(l, cpu, v->as);
			c->root = root_of(l, v->as);
		}
		if (__builtin_expect(l->split && v->writes, 0))
			price_split(l, c, v);
		else
			price(l, c, v, v->flags & VISIT_INSN);
		if (data_caches)
			price_data(l, c, v);
	}
}

static enum asker
fault_asker(const struct lane *l, enum access acc)
{
	return acc == ACC_EXEC                ? ASK_INSN
	       : l->split && acc == ACC_WRITE ? ASK_STORE
					      : ASK_DATA;
}

/* An entry that forbids the access does not serve it: as a miss everywhere. */
void
lane_fault_walk(struct lane *l, unsigned cpu, uint16_t as, vaddr va,
		enum access acc)
{
	struct cpu *c = &l->cpu[cpu];
	uint64_t dropped[LANE_MAX_TLBS] = {0};
	struct lane_access a = {
	    .walked = true, .failed = true, .found = LANE_NO_TLB};
	struct lane_event drop = {.kind = LEV_DROP, .dropped = dropped};
	struct route *r;
	unsigned shift = 0;

	if (c->as != as)
		lane_switch(l, cpu, as);
	walk(&c->walker, root_of(l, as), c->asid, va, acc, &a.walk);
	if (a.walk.end != WALK_NOT_PRESENT)
		shift = a.walk.page_shift;
	r = c->by_shift[fault_asker(l, acc)][shift];
	cpu_drop_fault(c, &l->cfg, va, dropped);
	happened(l, &drop);
	accessed(l, &a);
	r->n.faulted++;
	r->n.walk_cycles += a.walk_cycles;
	c->fault_walked = true;
	c->fault_walk_cycles += a.walk_cycles;
}

/* Into the kernel: with KPTI, another root; without tags everything goes (and
 * what the kernel then brings goes at the way out). */
static void
cross(struct lane *l, struct cpu *c)
{
	uint64_t dropped[LANE_MAX_TLBS] = {0};
	struct lane_event drop = {.kind = LEV_DROP, .dropped = dropped};

	if (!l->cfg.kpti || l->cfg.asid_limit)
		return;
	cpu_drop_space(c, &l->cfg, dropped);
	happened(l, &drop);
}

uint64_t
lane_fault(struct lane *l, unsigned cpu, const struct fault *f)
{
	struct cpu *c = &l->cpu[cpu];
	struct lane_event ev = {.kind = LEV_FAULT, .fault = f};

	ev.walked = c->fault_walked;
	ev.walk_cycles = c->fault_walk_cycles;
	c->fault_walked = false;
	c->fault_walk_cycles = 0;
	cross(l, c);
	happened(l, &ev);
	return ev.cycles + ev.walk_cycles;
}

/* The pages that an event is about; it may name any address in the first. */
static vaddr
first_page(const struct kevent *kev)
{
	return va(kev->va.raw >> kev->shift << kev->shift);
}

static uint64_t
bytes_of(const struct kevent *kev)
{
	if (kev->pages > UINT64_MAX >> kev->shift)
		return UINT64_MAX;
	return kev->pages << kev->shift;
}

/* One CPU that runs the space carries out an invalidation; told: by another
 * one's instruction, which takes none of its time. */
static void
invalidate(struct lane *l, struct cpu *c, const struct kevent *kev, bool told)
{
	uint64_t dropped[LANE_MAX_TLBS] = {0};
	struct lane_event ev = {.kind = told ? LEV_DROP : LEV_FLUSH,
				.dropped = dropped};

	if (kev->kind == KEV_FLUSH_PAGES) {
		ev.kind = told ? LEV_DROP : LEV_INVLPG;
		ev.count = kev->pages;
		cpu_drop_range(c, &l->cfg, first_page(kev), bytes_of(kev),
			       dropped);
	} else {
		cpu_drop_space(c, &l->cfg, dropped);
	}
	cpu_flushed(c, &l->cfg, l->flush[kev->as]);
	happened(l, &ev);
}

/* What is invalidated in a table that is no tree: its pages, of whatever size;
 * all of the space if that is too much to look up. */
#define LOOKED_UP 4096

static void
drop_hashed(struct lane *l, const struct kevent *kev)
{
	const struct paging *p = &l->cfg.paging;
	uint64_t first = first_page(kev).raw, bytes = bytes_of(kev);

	if (kev->kind != KEV_FLUSH_PAGES ||
	    bytes >> p->page_shift > LOOKED_UP) {
		if (kev->frees_tables || kev->kind == KEV_FLUSH_PAGES)
			htable_drop_space(l->hash, kev->as);
		return;
	}
	for (unsigned level = 0; level < p->levels; level++) {
		unsigned shift = paging_shift(p, level);

		for (uint64_t page = first >> shift;
		     p->leaf_mask >> level & 1 &&
		     page <= (first + bytes - 1) >> shift;
		     page++)
			htable_drop_page(l->hash, kev->as, level, page);
	}
}

/* CPUs that run the space invalidate now, the others' tags go stale; so do
 * those of CPUs in lazy mode, unless tables are freed, which a walker might
 * still read (Linux 6.8 arch/x86/mm/tlb.c: flush_tlb_multi). */
static bool
takes_part(const struct cpu *c, const struct kevent *kev)
{
	return c->as == kev->as && (!c->lazy || kev->frees_tables);
}

static unsigned
count_others(const struct lane *l, unsigned cpu, const struct kevent *kev)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->cfg.cpus; i++)
		n += i != cpu && takes_part(&l->cpu[i], kev);
	return n;
}

static void
flush(struct lane *l, unsigned cpu, const struct kevent *kev)
{
	unsigned others = count_others(l, cpu, kev);
	bool broadcast =
	    l->cfg.broadcast_from && others >= l->cfg.broadcast_from;
	struct lane_event ev = {.kind = broadcast ? LEV_BROADCAST : LEV_IPI,
				.count = others};

	l->flush[kev->as]++;
	if (l->own && kev->frees_tables && kev->kind == KEV_FLUSH_PAGES)
		ptable_drop_range(l->own, kev->as, first_page(kev),
				  bytes_of(kev));
	if (l->hash)
		drop_hashed(l, kev);
	for (unsigned i = 0; i < l->cfg.cpus; i++)
		if (takes_part(&l->cpu[i], kev))
			invalidate(l, &l->cpu[i], kev, broadcast && i != cpu);
	if (others)
		happened(l, &ev);
}

void
lane_kevent(struct lane *l, unsigned cpu, const struct kevent *kev)
{
	struct lane_event ev = {.kind = LEV_WORK, .work = &kev->work};

	switch ((enum kevent_kind)kev->kind) {
	case KEV_FLUSH_PAGES:
	case KEV_FLUSH_AS:
		flush(l, cpu, kev);
		return;
	case KEV_AS_NEW:
	case KEV_AS_GONE:
		for (unsigned i = 0; i < l->cfg.cpus; i++)
			cpu_forget(&l->cpu[i], &l->cfg, kev->as);
		if (l->own)
			ptable_drop_space(l->own, kev->as);
		if (l->hash)
			htable_drop_space(l->hash, kev->as);
		return;
	case KEV_WORK:
		happened(l, &ev);
		return;
	}
	BUG("kernel event of kind %u", kev->kind);
}

/* Nothing runs on this CPU; it keeps its address space (lazy TLB mode). */
void
lane_idle(struct lane *l, unsigned cpu)
{
	l->cpu[cpu].lazy = true;
}

/* The idle CPU's last space again: catch up with the flushes it missed. */
static void
leave_lazy(struct lane *l, struct cpu *c)
{
	struct kevent all = {.kind = KEV_FLUSH_AS, .as = (uint16_t)c->as};

	c->lazy = false;
	if (c->flush != l->flush[c->as])
		invalidate(l, c, &all, false);
}

/* Threads of one space switch without touching translations. */
void
lane_switch(struct lane *l, unsigned cpu, uint16_t as)
{
	struct cpu *c = &l->cpu[cpu];
	uint64_t dropped[LANE_MAX_TLBS] = {0};
	struct lane_event ev = {.kind = LEV_SWITCH, .dropped = dropped};
	bool first = !c->ran;

	if (c->as == as) {
		if (c->lazy)
			leave_lazy(l, c);
		return;
	}
	ev.count = cpu_switch(c, &l->cfg, as, l->flush[as], dropped);
	if (!first)
		happened(l, &ev);
}

void
lane_retire(struct lane *l, unsigned cpu, uint64_t instructions)
{
	(void)cpu;
	l->stats->instructions += instructions;
}

void
lane_syscall(struct lane *l, unsigned cpu)
{
	struct lane_event ev = {.kind = LEV_SYSCALL};

	cross(l, &l->cpu[cpu]);
	happened(l, &ev);
}

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
