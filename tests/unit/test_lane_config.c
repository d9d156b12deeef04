/* test_lane_config.c - lanes that cannot be, and what is said about them; at
 * the edges of what can be.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "sim/lane.h"
#include "sim/stats.h"

#include "../tap.h"
#include "pt.h"

static struct pt pt;

static struct lane *
try(const struct lane_config *cfg, struct err *e)
{
	struct table_source tables = {&pt.mem, &pt, pt_view};

	memset(e, 0, sizeof(*e));
	return lane_new(cfg, &tables, e);
}

static void
refused(const struct lane_config *cfg, const char *want)
{
	struct err e;

	ok(!try(cfg, &e) && e.kind == ERR_INPUT, "refused: %s", want);
	is_str(e.text, want, "says so");
}

static void
accepted(const struct lane_config *cfg, const char *what)
{
	struct err e;
	struct lane *l = try(cfg, &e);

	if (!ok(l, "accepted: %s", what))
		printf("# %s\n", e.text);
	lane_free(l);
}

static void
test_tlbs(void)
{
	struct lane_config c = skylake_lane();

	accepted(&c, "skylake");
	c.n_tlbs = 0;
	refused(&c, "tlb: arrays 0: expected 1 to 16");
	c.n_tlbs = 2;
	refused(&c, "tlb: no level-1 array takes load references to pages of "
		    "2^12 bytes: expected one");
	c = skylake_lane();
	memcpy(c.tlb[3].name, c.tlb[2].name, sizeof(c.tlb[3].name));
	refused(&c, "tlb l1d-4k: named twice");
	c = skylake_lane();
	c.tlb[3].page_sizes |= S4K;
	refused(&c, "tlb l1d-2m: pages of 2^12 bytes at level 1 are already "
		    "in l1d-4k");
	c = skylake_lane();
	c.tlb[5].level = c.tlb[6].level = 3;
	refused(&c, "tlb: no array at level 2, but one at level 3");
	c = skylake_lane();
	c.tlb[5].level = 5;
	refused(&c, "tlb stlb: level 5: expected 1 to 4");
	c.tlb[5].level = 0;
	refused(&c, "tlb stlb: level 0: expected 1 to 4");
	c = skylake_lane();
	c.tlb[5].sides = 0;
	refused(&c, "tlb stlb: sides 0: expected instruction, data, load, "
		    "store or both");
	c = skylake_lane();
	c.tlb[5].page_sizes |= (uint64_t)1 << 16;
	refused(&c, "tlb stlb: page of 2^16 bytes: paging x86-64-4level has "
		    "none");
	c = skylake_lane();
	c.tlb[5].entries = 1537;
	refused(&c, "tlb stlb: 1537 entries in 12 ways: expected a whole "
		    "number of sets");
	c = skylake_lane();
	c.n_tlbs = 5;
	accepted(&c, "no second level");
}

static void
test_rest(void)
{
	struct lane_config c = skylake_lane();

	c.paging.levels = 0;
	refused(&c, "no paging mode");
	c = skylake_lane();
	c.cpus = 0;
	refused(&c, "cpus 0: expected 1 to 1024");
	c = skylake_lane();
	c.asid_limit = 4096;
	refused(&c, "asid_limit 4096: expected 0 to 4095");
	c.asid_limit = 4095;
	accepted(&c, "4095 tags");
	c.cpi = NAN;
	refused(&c, "cpi nan: expected a number from 0 up");
	c = skylake_lane();
	c.pwc[2].level = 1;
	refused(&c, "pwc pml4e: level 1 is already kept by pde");
	c.pwc[2].level = 4;
	refused(&c, "pwc pml4e: level 4: expected 1 to 3 with paging "
		    "x86-64-4level");
	c = skylake_lane();
	c.n_pwcs = 5;
	refused(&c, "pwc: caches 5: expected 0 to 4");
	c = skylake_lane();
	c.cache[2].level = 1;
	refused(&c, "cache l2: level 1 of that side is already l1i");
	c = skylake_lane();
	c.cache[2].bytes += 64;
	refused(&c, "cache l2: 16385 entries in 16 ways: expected a whole "
		    "number of sets");
	c = skylake_lane();
	c.cache[3].sides = 16;
	refused(&c, "cache l3: sides 0x10: expected instruction, data, both or "
		    "walk");
	c = skylake_lane();
	c.n_pwcs = c.n_caches = 0;
	accepted(&c, "no caches of any kind");
}

/* The parts are numbered by level whatever order they are given in. */
static void
test_sorted(void)
{
	struct lane_config c = skylake_lane();
	struct pwc_config p = c.pwc[0];
	struct cache_config k = c.cache[0];
	const struct lane_stats *s;
	struct err e;
	struct lane *l;

	c.pwc[0] = c.pwc[2];
	c.pwc[2] = p;
	c.cache[0] = c.cache[3];
	c.cache[3] = k;
	l = try(&c, &e);
	s = lane_stats(l);
	is_str(s->config->pwc[0].name, "pde", "lowest level first");
	is_str(s->config->pwc[2].name, "pml4e", "highest last");
	is_str(s->config->cache[0].name, "l1d", "nearest caches first");
	is_str(s->config->cache[1].name, "l1i", "in the order given");
	is_str(s->config->cache[3].name, "l3", "farthest last");
	lane_free(l);
}

/* A cycle of n pages through a fully associative LRU of 8: N - 1 and N fit,
 * N + 1 never hit. */
static uint64_t
misses_of_cycle(unsigned pages)
{
	struct lane_config c = skylake_lane();
	uint64_t misses;
	struct err e;
	struct lane *l;

	c.tlb[0] = tlb_cfg("l1", 1, SIDE_INSN | SIDE_DATA, S4K, 8, 8, "lru");
	c.n_tlbs = 1;
	l = try(&c, &e);
	for (unsigned i = 0; i < 10 * pages; i++) {
		struct visit v = {.va = {(i % pages) * S4K},
				  .reads = 1,
				  .as = 1,
				  .page_shift = 12};

		pt_map(&pt, 1, v.va.raw, 0, RW);
		if (i == pages)
			lane_reset_stats(l);
		lane_visits(l, 0, &v, 1);
	}
	misses = lane_stats(l)->stlb_misses;
	is_u64(lane_stats(l)->walks, misses, "one level: each miss is a walk");
	lane_free(l);
	return misses;
}

int
main(void)
{
	pt_init(&pt);
	test_tlbs();
	test_rest();
	test_sorted();
	is_u64(misses_of_cycle(7), 0, "7 pages in 8 entries stay");
	is_u64(misses_of_cycle(8), 0, "8 pages in 8 entries stay");
	is_u64(misses_of_cycle(9), 9 * 9, "9 pages in 8 entries never do");
	pt_free(&pt);
	return done_testing();
}
