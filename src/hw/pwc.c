/* pwc.c - see pwc.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/paging.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "hw/pwc.h"

bool
pwc_init(struct pwc *p, const struct pwc_config *cfg,
	 const struct paging *paging, struct err *e)
{
	char what[HW_NAME_MAX + 8];

	memset(p, 0, sizeof(*p));
	snprintf(what, sizeof(what), "pwc %s", cfg->name);
	if (!cfg->level || cfg->level >= paging->levels)
		return err_set(e, ERR_INPUT,
			       "%s: level %u: expected 1 to %u with paging %s",
			       what, cfg->level, paging->levels - 1,
			       paging->name);
	if (!assoc_init(&p->a, what, cfg->entries, cfg->ways, cfg->repl, e))
		return false;
	p->level = cfg->level;
	p->shift = paging_shift(paging, cfg->level);
	p->values = xcalloc(assoc_slots(&p->a), sizeof(*p->values));
	return true;
}

void
pwc_free(struct pwc *p)
{
	assoc_free(&p->a);
	free(p->values);
	p->values = NULL;
}

void
pwc_fill(struct pwc *p, unsigned asid, vaddr va, uint64_t value)
{
	uint64_t was;
	uint32_t slot =
	    assoc_take(&p->a, pwc_set(p, va), pwc_tag(p, asid, va), &was);

	p->values[slot] = value;
}

void
pwc_drop_page(struct pwc *p, unsigned asid, vaddr va)
{
	uint32_t slot = assoc_find(&p->a, pwc_set(p, va), pwc_tag(p, asid, va));

	if (slot != ASSOC_NONE)
		assoc_drop(&p->a, slot);
}

void
pwc_drop_asid(struct pwc *p, unsigned asid)
{
	uint32_t slots = assoc_slots(&p->a);

	for (uint32_t i = 0; p->a.used && i < slots; i++)
		if (p->a.tags[i] != ASSOC_EMPTY &&
		    (uint16_t)p->a.tags[i] == asid)
			assoc_drop(&p->a, i);
}

void
pwc_drop_all(struct pwc *p)
{
	assoc_drop_all(&p->a);
}
