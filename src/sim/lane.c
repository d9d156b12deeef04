/*
 * lane.c - prices visits; see lane.h.
 *
 * A visit's way: lane_visits() -> price() -> first-level TLB; on a miss
 * price_rest() -> translate() -> further levels -> walk_for() -> fill_before();
 * then timing_access() and stats_access().
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "arch/pte.h"
#include "base/log.h"
#include "sim/lane_priv.h"

#define SET_BITS (VISIT_SET_A | VISIT_SET_D)

static void
accessed(struct lane *l, struct lane_access *a)
{
	timing_access(&l->cfg, a, l->stats->by_cause);
	stats_access(l->stats, a);
}

/* Every level that has the page learns that it is dirty, and that its
 * neighbours may not be. */
static void
set_dirty(const struct lane *l, const struct route *r, vaddr va)
{
	for (unsigned i = 0; i < l->n_levels; i++) {
		const struct tlb_port *p = &r->port[i];
		uint32_t slot;

		if (!p->tlb)
			continue;
		slot = tlb_port_find(p, va.raw);
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
		set_dirty(l, r, v->va);
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

uint64_t
lane_fault(struct lane *l, unsigned cpu, const struct fault *f)
{
	struct cpu *c = &l->cpu[cpu];
	struct lane_event ev = {.kind = LEV_FAULT, .fault = f};

	ev.walked = c->fault_walked;
	ev.walk_cycles = c->fault_walk_cycles;
	c->fault_walked = false;
	c->fault_walk_cycles = 0;
	lane_cross(l, c);
	happened(l, &ev);
	return ev.cycles + ev.walk_cycles;
}
