/* nested.c - see nested.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "hw/nested.h"
#include "hw/repl.h"

#define HOST  0 /* its space, and its tag */
#define SHAPE (&paging_modes[0])

static bool
init_pwcs(struct nested *n, uint32_t entries, struct err *e)
{
	struct pwc_config c = {.name = "nested",
			       .entries = entries,
			       .ways = entries,
			       .repl = repl_find("lru")};

	for (c.level = n->leaf + 1; entries && c.level < SHAPE->levels;
	     c.level++)
		if (!pwc_init(&n->pwc[n->n_pwcs++], &c, SHAPE, e))
			return false;
	return true;
}

bool
nested_init(struct nested *n, const struct nested_config *cfg,
	    struct ptable *host, struct err *e)
{
	memset(n, 0, sizeof(*n));
	n->page_shift = cfg->page_shift;
	n->leaf = ptable_leaf(SHAPE, cfg->page_shift);
	n->table = host;
	if (cfg->tlb_entries &&
	    !assoc_init(&n->tlb, "nested TLB", cfg->tlb_entries,
			cfg->tlb_entries, repl_find("lru"), e))
		return false;
	return init_pwcs(n, cfg->pwc_entries, e);
}

void
nested_free(struct nested *n)
{
	assoc_free(&n->tlb);
	for (unsigned i = 0; i < n->n_pwcs; i++)
		pwc_free(&n->pwc[i]);
}

/* Does the nested TLB know the page?  Afterwards it does. */
static bool
known(struct nested *n, paddr guest)
{
	uint64_t page = guest.raw >> n->page_shift, was;

	if (!n->tlb.sets)
		return false;
	assoc_take(&n->tlb, 0, page, &was);
	return was == page;
}

/* The level of the first entry to load. */
static unsigned
first_level(struct nested *n, vaddr at)
{
	uint64_t value;

	for (unsigned i = 0; i < n->n_pwcs; i++)
		if (pwc_lookup(&n->pwc[i], HOST, at, &value))
			return n->pwc[i].level - 1;
	return SHAPE->levels - 1;
}

unsigned
nested_walk(struct nested *n, paddr guest, unsigned *top,
	    paddr load[PAGING_MAX_LEVELS])
{
	vaddr at = va(guest.raw);
	unsigned count = 0;

	if (known(n, guest))
		return 0;
	*top = first_level(n, at);
	for (unsigned level = *top;; level--) {
		load[count++] = ptable_entry(n->table, HOST, at, level);
		if (level == n->leaf)
			return count;
		if (n->n_pwcs)
			pwc_fill(&n->pwc[level - n->leaf - 1], HOST, at, 0);
	}
}
