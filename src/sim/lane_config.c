/* lane_config.c - see lane_config.h.  SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "sim/lane_config.h"

static bool
check_number(const char *what, uint64_t n, uint64_t min, uint64_t max,
	     struct err *e)
{
	if (n >= min && n <= max)
		return true;
	return err_set(e, ERR_INPUT,
		       "%s %" PRIu64 ": expected %" PRIu64 " to %" PRIu64, what,
		       n, min, max);
}

static bool
check_tlb(const struct lane_config *cfg, const struct tlb_config *t,
	  struct err *e)
{
	uint64_t known = paging_sizes(&cfg->paging);
	char what[HW_NAME_MAX + 16];

	snprintf(what, sizeof(what), "tlb %s: level", t->name);
	if (!check_number(what, t->level, 1, LANE_MAX_LEVELS, e))
		return false;
	if (!t->sides || t->sides & ~(SIDE_INSN | SIDE_DATA))
		return err_set(e, ERR_INPUT,
			       "tlb %s: sides %#x: expected instruction, data, "
			       "load, store or both",
			       t->name, t->sides);
	if (t->page_sizes & ~known)
		return err_set(e, ERR_INPUT,
			       "tlb %s: page of 2^%d bytes: paging %s has none",
			       t->name, __builtin_ctzll(t->page_sizes & ~known),
			       cfg->paging.name);
	return true;
}

/* Two arrays must not answer for the same page. */
static bool
check_tlb_pair(const struct tlb_config *a, const struct tlb_config *b,
	       struct err *e)
{
	uint64_t both = a->page_sizes & b->page_sizes;

	if (!strcmp(a->name, b->name))
		return err_set(e, ERR_INPUT, "tlb %s: named twice", a->name);
	if (a->level != b->level || !(a->sides & b->sides) || !both)
		return true;
	return err_set(e, ERR_INPUT,
		       "tlb %s: pages of 2^%d bytes at level %u are already "
		       "in %s",
		       b->name, __builtin_ctzll(both), b->level, a->name);
}

static bool
check_tlbs(const struct lane_config *cfg, struct err *e)
{
	unsigned levels = 0, last = 0;

	for (unsigned i = 0; i < cfg->n_tlbs; i++) {
		const struct tlb_config *t = &cfg->tlb[i];

		if (!check_tlb(cfg, t, e))
			return false;
		for (unsigned j = 0; j < i; j++)
			if (!check_tlb_pair(&cfg->tlb[j], t, e))
				return false;
		levels |= 1u << t->level;
		if (t->level > last)
			last = t->level;
	}
	for (unsigned level = 1; level < last; level++)
		if (!(levels >> level & 1))
			return err_set(e, ERR_INPUT,
				       "tlb: no array at level %u, but one at "
				       "level %u",
				       level, last);
	return true;
}

static bool
check_pwcs(const struct lane_config *cfg, struct err *e)
{
	for (unsigned i = 0; i < cfg->n_pwcs; i++)
		for (unsigned j = 0; j < i; j++)
			if (cfg->pwc[i].level == cfg->pwc[j].level)
				return err_set(e, ERR_INPUT,
					       "pwc %s: level %u is already "
					       "kept by %s",
					       cfg->pwc[i].name,
					       cfg->pwc[i].level,
					       cfg->pwc[j].name);
	return true;
}

static bool
check_cache(const struct lane_config *cfg, unsigned i, struct err *e)
{
	const struct cache_config *c = &cfg->cache[i];
	char what[HW_NAME_MAX + 16];

	snprintf(what, sizeof(what), "cache %s: level", c->name);
	if (!check_number(what, c->level, 1, LANE_MAX_CACHES, e))
		return false;
	if (c->sides != SIDE_INSN && c->sides != SIDE_DATA &&
	    c->sides != (SIDE_INSN | SIDE_DATA) && c->sides != SIDE_WALK)
		return err_set(e, ERR_INPUT,
			       "cache %s: sides %#x: expected instruction, "
			       "data, both or walk",
			       c->name, c->sides);
	for (unsigned j = 0; j < i; j++)
		if (c->level == cfg->cache[j].level &&
		    c->sides & cfg->cache[j].sides)
			return err_set(e, ERR_INPUT,
				       "cache %s: level %u of that side is "
				       "already %s",
				       c->name, c->level, cfg->cache[j].name);
	return true;
}

bool
lane_config_check(const struct lane_config *cfg, struct err *e)
{
	if (!cfg->paging.levels)
		return err_set(e, ERR_INPUT, "no paging mode");
	if (!check_number("cpus", cfg->cpus, 1, LANE_MAX_CPUS, e) ||
	    !check_number("tlb: arrays", cfg->n_tlbs, 1, LANE_MAX_TLBS, e) ||
	    !check_number("pwc: caches", cfg->n_pwcs, 0, LANE_MAX_PWCS, e) ||
	    !check_number("cache: caches", cfg->n_caches, 0, LANE_MAX_CACHES,
			  e) ||
	    !check_number("asid_limit", cfg->asid_limit, 0, LANE_MAX_ASIDS, e))
		return false;
	if (cfg->tables != TABLES_RADIX &&
	    (cfg->n_pwcs || cfg->nested.page_shift))
		return err_set(e, ERR_INPUT,
			       "page tables that are no tree: expected no "
			       "paging-structure caches and no host");
	if (!isfinite(cfg->cpi) || cfg->cpi < 0)
		return err_set(e, ERR_INPUT,
			       "cpi %g: expected a number from 0 up", cfg->cpi);
	for (unsigned i = 0; i < cfg->n_caches; i++)
		if (!check_cache(cfg, i, e))
			return false;
	return check_tlbs(cfg, e) && check_pwcs(cfg, e);
}

/* Walks ask a cache of their own before another of its level. */
static bool
farther(const struct cache_config *a, const struct cache_config *b)
{
	if (a->level != b->level)
		return a->level > b->level;
	return a->sides != SIDE_WALK && b->sides == SIDE_WALK;
}

void
lane_config_sort(struct lane_config *cfg)
{
	for (unsigned i = 1; i < cfg->n_pwcs; i++) {
		struct pwc_config p = cfg->pwc[i];
		unsigned j = i;

		for (; j && cfg->pwc[j - 1].level > p.level; j--)
			cfg->pwc[j] = cfg->pwc[j - 1];
		cfg->pwc[j] = p;
	}
	for (unsigned i = 1; i < cfg->n_caches; i++) {
		struct cache_config c = cfg->cache[i];
		unsigned j = i;

		for (; j && farther(&cfg->cache[j - 1], &c); j--)
			cfg->cache[j] = cfg->cache[j - 1];
		cfg->cache[j] = c;
	}
}
