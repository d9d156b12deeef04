/* test_lane.c - a lane over page tables made by hand: what each way through
 * it costs and counts.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/err.h"
#include "base/rng.h"
#include "sim/lane.h"
#include "sim/stats.h"

#include "../tap.h"
#include "pt.h"

#define BASE ((uint64_t)0x400000000)

struct fixture {
	struct pt pt;
	struct lane_config cfg;
	struct lane *lane;
};

static struct lane *
lane_over(struct pt *pt, const struct lane_config *cfg)
{
	struct table_source tables = {&pt->mem, pt, pt_view};
	struct err e = {0};
	struct lane *l = lane_new(cfg, &tables, &e);

	if (!l)
		BUG("%s", e.text);
	return l;
}

static void
set_up(struct fixture *f)
{
	pt_init(&f->pt);
	f->cfg = skylake_lane();
	f->lane = lane_over(&f->pt, &f->cfg);
}

static void
tear_down(struct fixture *f)
{
	lane_free(f->lane);
	pt_free(&f->pt);
}

static struct visit
visit_of(uint64_t addr, uint32_t reads, uint32_t writes)
{
	return (struct visit){.va = va(addr),
			      .pa = {addr},
			      .reads = reads,
			      .writes = writes,
			      .as = 1,
			      .page_shift = 12};
}

static void
read_page(struct lane *l, uint64_t addr)
{
	struct visit v = visit_of(addr, 1, 0);

	lane_visits(l, 0, &v, 1);
}

static void
test_one_page(void)
{
	struct fixture f;
	const struct lane_stats *s;
	struct visit v = visit_of(BASE, 3, 2);

	set_up(&f);
	pt_map(&f.pt, 1, BASE, 0, RW | PTE_D);
	lane_visits(f.lane, 0, &v, 1);
	s = lane_stats(f.lane);
	is_u64(s->references, 5, "five references");
	is_u64(s->loads, 3, "three loads");
	is_u64(s->stores, 2, "two stores");
	is_u64(s->tlb[2].lookups, 5, "five lookups in l1d-4k");
	is_u64(s->tlb[2].misses, 1, "the first misses");
	is_u64(s->tlb[2].hits, 4, "the rest hit");
	is_u64(s->tlb[5].lookups, 1, "one lookup in the stlb");
	is_u64(s->tlb[0].lookups, 0, "none on the instruction side");
	is_u64(s->walks, 1, "one walk");
	is_u64(s->pte_loads, 4, "of four levels");
	is_u64(s->pte_loads_at[3][4], 1, "the root from memory");
	is_u64(s->walk_cycles, 5 + 4 * 279, "walk cycles");
	is_u64(s->cycles, 5 + 4 * 279, "are all cycles");
	is_u64(s->ad_assists, 0, "nothing to set");
	read_page(f.lane, BASE + 8);
	is_u64(lane_stats(f.lane)->cycles, 5 + 4 * 279, "a hit adds nothing");
	tear_down(&f);
}

static void
test_pwc(void)
{
	struct fixture f;
	const struct lane_stats *s;

	set_up(&f);
	pt_map(&f.pt, 1, BASE, 0, RW);
	pt_map(&f.pt, 1, BASE + S4K, 0, RW);
	pt_map(&f.pt, 1, BASE + S2M, 0, RW);
	read_page(f.lane, BASE);
	read_page(f.lane, BASE + S4K);
	s = lane_stats(f.lane);
	is_u64(s->pwc[0].hits, 1, "the next page's walk hits the PDE cache");
	is_u64(s->pte_loads, 5, "and loads one entry");
	is_u64(s->pte_loads_at[0][1], 1, "from l1d: the line was loaded");
	is_u64(s->walk_cycles, 2 * 5 + 4 * 279 + 4, "at 4 cycles");
	read_page(f.lane, BASE + S2M);
	s = lane_stats(f.lane);
	is_u64(s->pwc[0].lookups, 3, "three PDE lookups");
	is_u64(s->pwc[1].hits, 1, "the next 2 MiB hits the PDPTE cache");
	is_u64(s->pte_loads_at[1][1], 1, "its PDE comes from l1d");
	is_u64(s->pte_loads_at[0][4], 2, "its PTE from memory");
	tear_down(&f);
}

static void
test_stlb(void)
{
	struct fixture f;
	const struct lane_stats *s;

	set_up(&f);
	for (uint64_t i = 0; i < 5; i++) {
		pt_map(&f.pt, 1, BASE + i * 16 * S4K, 0, RW);
		read_page(f.lane, BASE + i * 16 * S4K);
	}
	lane_reset_stats(f.lane);
	for (uint64_t i = 0; i < 5; i++)
		read_page(f.lane, BASE + i * 16 * S4K);
	s = lane_stats(f.lane);
	ok(s->stlb_hits > 0, "five pages of one set of four ways miss");
	is_u64(s->walks, 0, "but all are in the stlb");
	is_u64(s->by_cause[CAUSE_STLB_HIT], 9 * s->stlb_hits, "9 cycles each");
	is_u64(s->cycles, 9 * s->stlb_hits, "and nothing else");
	tear_down(&f);
}

static void
test_sizes(void)
{
	struct fixture f;
	const struct lane_stats *s;
	struct visit v = visit_of(BASE + 12345, 1, 0);

	set_up(&f);
	pt_map(&f.pt, 1, BASE, 1, RW);
	pt_map(&f.pt, 1, BASE + 4 * S1G, 2, RW);
	v.page_shift = 21;
	lane_visits(f.lane, 0, &v, 1);
	v.va.raw += S4K;
	lane_visits(f.lane, 0, &v, 1);
	s = lane_stats(f.lane);
	is_u64(s->size[1].references, 2, "two references to a 2 MiB page");
	is_u64(s->walks, 1, "one walk");
	is_u64(s->pte_loads, 3, "of three levels");
	is_u64(s->tlb[3].lookups, 2, "in l1d-2m");
	v.va.raw = BASE + 4 * S1G + 5 * S2M;
	v.page_shift = 30;
	lane_visits(f.lane, 0, &v, 1);
	s = lane_stats(f.lane);
	is_u64(s->tlb[4].misses, 1, "a 1 GiB page asks l1d-1g");
	is_u64(s->tlb[6].misses, 1, "and the stlb of 1 GiB pages");
	is_u64(s->pte_loads_at[2][1] + s->pte_loads_at[2][4], 2,
	       "and its walk ends at the PDPTE");
	v.flags = VISIT_INSN;
	lane_visits(f.lane, 0, &v, 1);
	s = lane_stats(f.lane);
	is_u64(s->tlb[1].misses, 1, "fetches keep 2 MiB of it in l1i-2m");
	is_u64(s->tlb[6].hits, 1, "and the whole page in the stlb");
	v.va.raw += S2M;
	lane_visits(f.lane, 0, &v, 1);
	is_u64(lane_stats(f.lane)->tlb[1].misses, 2, "the next 2 MiB miss");
	tear_down(&f);
}

static void
test_dirty(void)
{
	struct fixture f;
	const struct lane_stats *s;
	struct visit v = visit_of(BASE, 0, 1);

	set_up(&f);
	pt_map(&f.pt, 1, BASE, 0, RW);
	read_page(f.lane, BASE);
	lane_visits(f.lane, 0, &v, 1);
	s = lane_stats(f.lane);
	is_u64(s->ad_assists, 1, "a write to a clean entry sets D");
	is_u64(s->by_cause[CAUSE_AD_ASSIST], 100, "at its price");
	lane_visits(f.lane, 0, &v, 1);
	is_u64(lane_stats(f.lane)->ad_assists, 1, "once");
	/* Push it out of the first level only: the stlb knows D as well. */
	for (uint64_t i = 1; i <= 8; i++) {
		pt_map(&f.pt, 1, BASE + i * 16 * S4K, 0, RW);
		read_page(f.lane, BASE + i * 16 * S4K);
	}
	lane_visits(f.lane, 0, &v, 1);
	s = lane_stats(f.lane);
	is_u64(s->walks, 9, "no walk for the page");
	is_u64(s->ad_assists, 1, "nor an assist");
	tear_down(&f);
}

static void
test_fault(void)
{
	struct fixture f;
	const struct lane_stats *s;
	struct fault fault = {.kind = FAULT_ANON_ALLOC, .area = 7};
	uint64_t cycles;

	set_up(&f);
	pt_map(&f.pt, 1, BASE, 0, 0);
	lane_fault_walk(f.lane, 0, 1, va(BASE), ACC_WRITE);
	fault.work.pages_zeroed = 1;
	cycles = lane_fault(f.lane, 0, &fault);
	is_u64(cycles, 5 + 4 * 279 + 1000 + 400, "walk, fault and zeroing");
	s = lane_stats(f.lane);
	is_u64(s->walks_failed, 1, "a walk that failed");
	is_u64(s->faults, 1, "a fault");
	is_u64(s->by_kind[FAULT_ANON_ALLOC].cycles, cycles, "by kind");
	is_u64(s->area[7].fault_cycles, cycles, "by area");
	is_u64(s->area[7].walks, 1, "its walk too");
	is_u64(s->references, 0, "no reference happened");
	/* A protection fault drops the entry that forbade it. */
	pt_map(&f.pt, 1, BASE, 0, PTE_P | PTE_U | PTE_A);
	read_page(f.lane, BASE);
	lane_fault_walk(f.lane, 0, 1, va(BASE), ACC_WRITE);
	lane_fault(f.lane, 0, &fault);
	s = lane_stats(f.lane);
	is_u64(s->walks_failed, 2, "a write to a read-only page walks");
	is_u64(s->tlb[2].invalidated, 1, "and drops it from l1d-4k");
	is_u64(s->tlb[5].invalidated, 1, "and from the stlb");
	tear_down(&f);
}

static void
test_flush(void)
{
	struct fixture f;
	const struct lane_stats *s;
	struct kevent kev = {.kind = KEV_FLUSH_PAGES, .shift = 12, .as = 1};

	set_up(&f);
	for (uint64_t i = 0; i < 4; i++) {
		pt_map(&f.pt, 1, BASE + i * S4K, 0, RW);
		read_page(f.lane, BASE + i * S4K);
	}
	kev.va = va(BASE + S4K);
	kev.pages = 2;
	lane_kevent(f.lane, 0, &kev);
	s = lane_stats(f.lane);
	is_u64(s->tlb[2].invalidated, 2, "two pages out of l1d-4k");
	is_u64(s->invlpgs, 2, "two INVLPGs");
	is_u64(s->cycles - s->walk_cycles, 240, "at their price");
	read_page(f.lane, BASE);
	is_u64(lane_stats(f.lane)->walks, 4, "the first page is still there");
	read_page(f.lane, BASE + S4K);
	s = lane_stats(f.lane);
	is_u64(s->walks, 5, "the second is not");
	is_u64(s->pte_loads_at[3][1], 1, "and no paging-structure cache helps");
	kev.kind = KEV_FLUSH_AS;
	lane_kevent(f.lane, 0, &kev);
	read_page(f.lane, BASE);
	is_u64(lane_stats(f.lane)->walks, 6, "a space flushed is walked anew");
	tear_down(&f);
}

static void
run_in(struct lane *l, uint16_t as, uint64_t addr)
{
	struct visit v = visit_of(addr, 1, 0);

	v.as = as;
	lane_switch(l, 0, as);
	lane_visits(l, 0, &v, 1);
}

static uint64_t
walks_of_round(struct fixture *f, unsigned spaces)
{
	lane_reset_stats(f->lane);
	for (unsigned as = 1; as <= spaces; as++)
		run_in(f->lane, (uint16_t)as, BASE);
	return lane_stats(f->lane)->walks;
}

static void
test_asids(void)
{
	struct fixture f;
	struct kevent kev = {.kind = KEV_FLUSH_AS, .as = 2};

	set_up(&f);
	for (unsigned as = 1; as <= 7; as++)
		pt_map(&f.pt, as, BASE, 0, RW);
	walks_of_round(&f, 6);
	is_u64(walks_of_round(&f, 6), 0, "six spaces keep their tags");
	lane_kevent(f.lane, 0, &kev);
	is_u64(walks_of_round(&f, 6), 1, "a flushed space is stale");
	walks_of_round(&f, 7);
	is_u64(walks_of_round(&f, 7), 7, "seven do not fit");
	kev.kind = KEV_AS_GONE;
	kev.as = 3;
	walks_of_round(&f, 6);
	lane_kevent(f.lane, 0, &kev);
	is_u64(walks_of_round(&f, 3), 1, "a number used again starts empty");
	lane_free(f.lane);
	f.cfg.asid_limit = 0;
	f.lane = lane_over(&f.pt, &f.cfg);
	walks_of_round(&f, 2);
	is_u64(walks_of_round(&f, 2), 2, "without tags a switch flushes");
	is_u64(lane_stats(f.lane)->switch_flushes, 2, "and says so");
	tear_down(&f);
}

int
main(void)
{
	test_one_page();
	test_pwc();
	test_stlb();
	test_sizes();
	test_dirty();
	test_fault();
	test_flush();
	test_asids();
	return done_testing();
}
