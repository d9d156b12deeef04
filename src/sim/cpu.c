/* cpu.c - see cpu.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "sim/cpu.h"

static const char *const asker_names[ASKERS] = {
    [ASK_INSN] = "instruction", [ASK_DATA] = "load", [ASK_STORE] = "store"};

static const unsigned asker_bits[ASKERS] = {
    [ASK_INSN] = SIDE_INSN, [ASK_DATA] = SIDE_LOAD, [ASK_STORE] = SIDE_STORE};

static unsigned
side_bit(unsigned side)
{
	return side == SIDE_I ? SIDE_INSN : SIDE_DATA;
}

/* The number of the array that keeps pages of 2^shift bytes for an asker at a
 * level, or n_tlbs. */
static unsigned
find_array(const struct lane_config *cfg, unsigned level, enum asker asker,
	   unsigned shift)
{
	unsigned i;

	for (i = 0; i < cfg->n_tlbs; i++)
		if (cfg->tlb[i].level == level &&
		    cfg->tlb[i].sides & asker_bits[asker] &&
		    cfg->tlb[i].page_sizes >> shift & 1)
			break;
	return i;
}

/* At the first level every page finds a place, whole or in pieces. */
static unsigned
find_first(const struct lane_config *cfg, enum asker asker, unsigned *shift)
{
	unsigned i;

	do
		i = find_array(cfg, 1, asker, *shift);
	while (i == cfg->n_tlbs && (*shift)-- > cfg->paging.page_shift);
	return i;
}

/* The kernel's pages that a leaf of this level maps, whole or in pieces: of
 * its size up to the next leaf's, and for the smallest one those below.  Under
 * a host with smaller pages, TLBs keep pieces of the host's size. */
static void
take_sizes(struct cpu *c, const struct lane_config *cfg, enum asker asker,
	   unsigned leaf)
{
	unsigned shift = leaf ? paging_shift(&cfg->paging, leaf) : 0;

	if (cfg->nested.page_shift && shift > cfg->nested.page_shift)
		return;
	for (; shift < 64; shift++)
		c->by_shift[asker][shift] = &c->route[asker][leaf];
}

static bool
init_route(struct cpu *c, const struct lane_config *cfg, enum asker asker,
	   unsigned leaf, struct err *e)
{
	struct route *r = &c->route[asker][leaf];

	for (unsigned level = 1; level <= LANE_MAX_LEVELS; level++) {
		unsigned shift = paging_shift(&cfg->paging, leaf);
		unsigned i = level == 1 ? find_first(cfg, asker, &shift)
					: find_array(cfg, level, asker, shift);

		r->index[level - 1] = LANE_NO_TLB;
		if (i == cfg->n_tlbs)
			continue;
		r->index[level - 1] = (uint8_t)i;
		tlb_port_init(&r->port[level - 1], &c->tlb[i], shift);
	}
	if (r->port[0].tlb) {
		take_sizes(c, cfg, asker, leaf);
		return true;
	}
	return err_set(e, ERR_INPUT,
		       "tlb: no level-1 array takes %s references to pages of "
		       "2^%u bytes: expected one",
		       asker_names[asker], cfg->paging.page_shift);
}

static bool
init_routes(struct cpu *c, const struct lane_config *cfg, struct err *e)
{
	for (enum asker asker = 0; asker < ASKERS; asker++)
		for (unsigned leaf = 0; leaf < cfg->paging.levels; leaf++)
			if (cfg->paging.leaf_mask >> leaf & 1 &&
			    !init_route(c, cfg, asker, leaf, e))
				return false;
	return true;
}

static void
add_to_path(struct cache_path *p, struct cpu *c, const struct lane_config *cfg,
	    unsigned i, struct cache *shared)
{
	p->cache[p->n] = cfg->cache[i].level >= CACHE_SHARED_LEVEL
			     ? &shared[i]
			     : &c->cache[i];
	p->index[p->n++] = (uint8_t)i;
}

static void
init_paths(struct cpu *c, const struct lane_config *cfg, struct cache *shared)
{
	for (unsigned side = 0; side < SIDES; side++) {
		c->path[side].memory = (uint8_t)cfg->n_caches;
		for (unsigned i = 0; i < cfg->n_caches; i++)
			if (cfg->cache[i].sides & side_bit(side))
				add_to_path(&c->path[side], c, cfg, i, shared);
	}
	for (unsigned upper = 0; upper < 2; upper++) {
		c->walk_path[upper].memory = (uint8_t)cfg->n_caches;
		for (unsigned i = 0; i < cfg->n_caches; i++)
			if (cache_takes_walks(&cfg->cache[i], upper))
				add_to_path(&c->walk_path[upper], c, cfg, i,
					    shared);
		c->walker.path[upper] = &c->walk_path[upper];
	}
}

bool
cpu_init(struct cpu *c, const struct lane_config *cfg, struct cache *shared,
	 const struct physmem *mem, struct ptable *own, struct htable *hash,
	 struct ptable *host, struct err *e)
{
	memset(c, 0, sizeof(*c));
	c->as = CPU_NO_AS;
	for (unsigned i = 0; i < cfg->n_tlbs; i++)
		if (!tlb_init(&c->tlb[i], &cfg->tlb[i], e))
			return false;
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		if (!pwc_init(&c->pwc[i], &cfg->pwc[i], &cfg->paging, e))
			return false;
	for (unsigned i = 0; i < cfg->n_caches; i++)
		if (cfg->cache[i].level < CACHE_SHARED_LEVEL &&
		    !cache_init(&c->cache[i], &cfg->cache[i], e))
			return false;
	if (host) {
		if (!nested_init(&c->nested, &cfg->nested, host, e))
			return false;
		c->walker.host = &c->nested;
	}
	init_paths(c, cfg, shared);
	c->walker.paging = &cfg->paging;
	c->walker.mem = mem;
	c->walker.own = own;
	c->walker.hash = hash;
	c->walker.n_pwcs = cfg->n_pwcs;
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		c->walker.pwc[i] = &c->pwc[i];
	walker_init(&c->walker);
	c->slot = xcalloc(cfg->asid_limit + 1, sizeof(*c->slot));
	for (unsigned i = 0; i < cfg->asid_limit; i++)
		c->slot[i].as = CPU_NO_AS;
	return init_routes(c, cfg, e);
}

void
cpu_free(struct cpu *c, const struct lane_config *cfg)
{
	for (unsigned i = 0; i < cfg->n_tlbs; i++)
		tlb_free(&c->tlb[i]);
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		pwc_free(&c->pwc[i]);
	nested_free(&c->nested);
	for (unsigned i = 0; i < cfg->n_caches; i++)
		cache_free(&c->cache[i]);
	free(c->slot);
}

void
cpu_drop_space(struct cpu *c, const struct lane_config *cfg, uint64_t *dropped)
{
	for (unsigned i = 0; i < cfg->n_tlbs; i++)
		dropped[i] += tlb_drop_asid(&c->tlb[i], c->asid);
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		pwc_drop_asid(&c->pwc[i], c->asid);
}

/* INVLPG: the page's entries of any size, and all paging-structure cache
 * entries of the tag (Intel SDM vol. 3A, 4.10.4.1). */
void
cpu_drop_range(struct cpu *c, const struct lane_config *cfg, vaddr start,
	       uint64_t bytes, uint64_t *dropped)
{
	for (unsigned i = 0; i < cfg->n_tlbs; i++)
		dropped[i] +=
		    tlb_drop_range(&c->tlb[i], c->asid, start.raw, bytes);
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		pwc_drop_asid(&c->pwc[i], c->asid);
}

/* A page fault: what would translate this address (same section). */
void
cpu_drop_fault(struct cpu *c, const struct lane_config *cfg, vaddr va,
	       uint64_t *dropped)
{
	for (unsigned i = 0; i < cfg->n_tlbs; i++)
		dropped[i] += tlb_drop_range(&c->tlb[i], c->asid, va.raw, 1);
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		pwc_drop_page(&c->pwc[i], c->asid, va);
}

static struct asid_slot *
find_slot(struct cpu *c, const struct lane_config *cfg, int32_t as)
{
	for (unsigned i = 0; i < cfg->asid_limit; i++)
		if (c->slot[i].as == as)
			return &c->slot[i];
	return NULL;
}

static void
set_asid(struct cpu *c, unsigned asid)
{
	c->asid = asid;
	for (enum asker asker = 0; asker < ASKERS; asker++)
		for (unsigned leaf = 0; leaf < PAGING_MAX_LEVELS; leaf++)
			for (unsigned i = 0; i < LANE_MAX_LEVELS; i++)
				tlb_port_set_asid(
				    &c->route[asker][leaf].port[i], asid);
}

/* As Linux does (arch/x86/mm/tlb.c, choose_new_asid()): a space that still
 * has a tag keeps it, and is flushed only if it missed one; else it takes the
 * tag that is next in turn, which is flushed. */
bool
cpu_switch(struct cpu *c, const struct lane_config *cfg, uint16_t as,
	   uint64_t last_flush, uint64_t *dropped)
{
	struct asid_slot *slot = find_slot(c, cfg, as);
	bool flush = true;

	c->as = as;
	c->walker.space = as;
	c->ran = true;
	c->lazy = false;
	c->flush = last_flush;
	if (slot) {
		flush = slot->flush != last_flush;
	} else if (cfg->asid_limit) {
		slot = &c->slot[c->next_slot];
		c->next_slot = (c->next_slot + 1) % cfg->asid_limit;
	}
	set_asid(c, slot ? (unsigned)(slot - c->slot) : 0);
	if (slot) {
		slot->as = as;
		slot->flush = last_flush;
	}
	if (flush)
		cpu_drop_space(c, cfg, dropped);
	for (unsigned i = 0; i < cfg->n_tlbs; i++)
		dropped[i] += tlb_run(&c->tlb[i], c->asid);
	return flush;
}

void
cpu_flushed(struct cpu *c, const struct lane_config *cfg, uint64_t flush)
{
	struct asid_slot *slot = find_slot(c, cfg, c->as);

	c->flush = flush;
	if (slot)
		slot->flush = flush;
}

void
cpu_forget(struct cpu *c, const struct lane_config *cfg, uint16_t as)
{
	struct asid_slot *slot = find_slot(c, cfg, as);

	if (slot)
		slot->as = CPU_NO_AS;
	if (c->as == as)
		c->as = CPU_NO_AS;
}
