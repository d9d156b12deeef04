/*
 * pt.h - page tables by hand, and a small Skylake-like lane, for tests.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_UNIT_PT_H
#define TESTS_UNIT_PT_H

#include <string.h>

#include "arch/paging.h"
#include "arch/physmem.h"
#include "arch/pte.h"
#include "arch/visit.h"
#include "base/log.h"
#include "hw/repl.h"
#include "sim/lane_config.h"

#define PT_FRAMES ((uint64_t)1 << 20)
#define PT_SPACES 64
#define RW        (PTE_P | PTE_W | PTE_U | PTE_A)

/* Spaces whose tables a test fills itself; frames are handed out in turn. */
struct pt {
	struct physmem mem;
	uint64_t next;
	const struct paging *paging;
	pfn root[PT_SPACES];
};

static inline pfn
pt_table(struct pt *pt)
{
	pfn f = {pt->next++};

	physmem_add(&pt->mem, f);
	return f;
}

static inline void
pt_init(struct pt *pt)
{
	memset(pt, 0, sizeof(*pt));
	pt->paging = &paging_modes[0];
	pt->next = 1;
	physmem_init(&pt->mem, PT_FRAMES);
}

static inline void
pt_free(struct pt *pt)
{
	physmem_free(&pt->mem);
}

/* The word that maps va at level, tables on the way made as needed. */
static inline uint64_t *
pt_entry(struct pt *pt, unsigned as, uint64_t va, unsigned level)
{
	pfn table;

	if (!pt->root[as].raw)
		pt->root[as] = pt_table(pt);
	table = pt->root[as];
	for (unsigned at = pt->paging->levels - 1;; at--) {
		uint64_t *word = physmem_words(&pt->mem, table) +
				 (va >> paging_shift(pt->paging, at) & 511);

		if (at == level)
			return word;
		if (!(*word & PTE_P))
			*word = pte_make(pt_table(pt), RW);
		table = pte_frame(*word);
	}
}

static inline void
pt_map(struct pt *pt, unsigned as, uint64_t va, unsigned level, uint64_t bits)
{
	uint64_t at = va >> paging_shift(pt->paging, level)
				<< paging_shift(pt->paging, level);
	pfn frame = {(at >> PAGE_SHIFT) % (PTE_ADDR >> PAGE_SHIFT)};

	*pt_entry(pt, as, va, level) =
	    pte_make(frame, bits | (level ? PTE_PS : 0));
}

static inline struct as_view
pt_view(void *ctx, uint16_t as)
{
	struct pt *pt = ctx;

	return (struct as_view){pt->root[as]};
}

static inline struct tlb_config
tlb_cfg(const char *name, unsigned level, unsigned sides, uint64_t sizes,
	uint32_t entries, uint32_t ways, const char *repl)
{
	struct tlb_config t = {.level = level,
			       .sides = sides,
			       .page_sizes = sizes,
			       .entries = entries,
			       .ways = ways,
			       .repl = repl_find(repl)};

	strncpy(t.name, name, sizeof(t.name) - 1);
	return t;
}

static inline struct cache_config
cache_cfg(const char *name, unsigned level, unsigned sides, uint64_t bytes,
	  uint32_t ways, uint32_t cycles)
{
	struct cache_config c = {.level = level,
				 .sides = sides,
				 .bytes = bytes,
				 .ways = ways,
				 .line_bytes = 64,
				 .repl = repl_find("tree-plru"),
				 .hit_cycles = cycles};

	strncpy(c.name, name, sizeof(c.name) - 1);
	return c;
}

static inline struct pwc_config
pwc_cfg(const char *name, unsigned level, uint32_t entries, uint32_t ways)
{
	struct pwc_config p = {.level = level,
			       .entries = entries,
			       .ways = ways,
			       .repl = repl_find("lru")};

	strncpy(p.name, name, sizeof(p.name) - 1);
	return p;
}

#define S4K ((uint64_t)1 << 12)
#define S2M ((uint64_t)1 << 21)
#define S1G ((uint64_t)1 << 30)

/* Intel Skylake, client: facts of doc/model.md. */
static inline struct lane_config
skylake_lane(void)
{
	struct lane_config c = {.name = "skylake",
				.cpus = 1,
				.frequency_ghz = 3.3,
				.cpi = 1,
				.memory_cycles = 279,
				.asid_limit = 6,
				.ad_assist_cycles = 100,
				.walk_start_cycles = 5};

	c.paging = paging_modes[0];
	c.tlb[0] = tlb_cfg("l1i-4k", 1, SIDE_INSN, S4K, 128, 8, "tree-plru");
	c.tlb[1] = tlb_cfg("l1i-2m", 1, SIDE_INSN, S2M, 8, 8, "tree-plru");
	c.tlb[2] = tlb_cfg("l1d-4k", 1, SIDE_DATA, S4K, 64, 4, "tree-plru");
	c.tlb[3] = tlb_cfg("l1d-2m", 1, SIDE_DATA, S2M, 32, 4, "tree-plru");
	c.tlb[4] = tlb_cfg("l1d-1g", 1, SIDE_DATA, S1G, 4, 4, "tree-plru");
	c.tlb[5] = tlb_cfg("stlb", 2, SIDE_INSN | SIDE_DATA, S4K | S2M, 1536,
			   12, "skylake-stlb");
	c.tlb[5].index = INDEX_XOR;
	c.tlb[5].hit_cycles = 9;
	c.tlb[6] =
	    tlb_cfg("stlb-1g", 2, SIDE_INSN | SIDE_DATA, S1G, 16, 4, "lru");
	c.tlb[6].hit_cycles = 9;
	c.n_tlbs = 7;
	c.pwc[0] = pwc_cfg("pde", 1, 32, 4);
	c.pwc[1] = pwc_cfg("pdpte", 2, 4, 4);
	c.pwc[2] = pwc_cfg("pml4e", 3, 4, 4);
	c.n_pwcs = 3;
	c.cache[0] = cache_cfg("l1i", 1, SIDE_INSN, 32 << 10, 8, 4);
	c.cache[1] = cache_cfg("l1d", 1, SIDE_DATA, 32 << 10, 8, 4);
	c.cache[2] = cache_cfg("l2", 2, SIDE_INSN | SIDE_DATA, 1 << 20, 16, 14);
	c.cache[3] = cache_cfg("l3", 3, SIDE_INSN | SIDE_DATA, 1441792, 11, 74);
	c.n_caches = 4;
	c.cost.fault_entry = 300;
	c.cost.fault_handler = 500;
	c.cost.fault_exit = 200;
	c.cost.page_zero = 400;
	c.cost.syscall = 700;
	c.cost.context_switch = 2000;
	c.cost.invlpg = 120;
	c.cost.flush_all = 1000;
	c.cost.ipi = 3000;
	return c;
}

#endif
