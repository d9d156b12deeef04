/* lane_events.c - invalidations, switches, the way into the kernel; see
 * lane.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"
#include "hw/htable.h"
#include "hw/ptable.h"
#include "sim/lane_priv.h"

/* Into the kernel: with KPTI, another root; without tags everything goes (and
 * what the kernel then brings goes at the way out). */
void
lane_cross(struct lane *l, struct cpu *c)
{
	uint64_t dropped[LANE_MAX_TLBS] = {0};
	struct lane_event drop = {.kind = LEV_DROP, .dropped = dropped};

	if (!l->cfg.kpti || l->cfg.asid_limit)
		return;
	cpu_drop_space(c, &l->cfg, dropped);
	happened(l, &drop);
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

	lane_cross(l, &l->cpu[cpu]);
	happened(l, &ev);
}
