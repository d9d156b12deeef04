/*
 * pwc.h - a paging-structure cache: entries of one level that point to a
 * table, tagged by ASID and the address bits that lead to them (Intel SDM
 * vol. 3A, 4.10.3).  It holds no entry that maps a page.
 *
 * A value is the entry with the rights of the levels above it worked in.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_PWC_H
#define HW_PWC_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/addr.h"
#include "hw/assoc.h"
#include "hw/config.h"

struct paging;

struct pwc {
	struct assoc a;
	unsigned level;
	unsigned shift; /* log2 bytes that one entry covers */
	uint64_t *values;
};

/* False and *e when the shape is impossible.  Release with pwc_free(). */
bool pwc_init(struct pwc *p, const struct pwc_config *cfg,
	      const struct paging *paging, struct err *e);
void pwc_free(struct pwc *p);

#define PWC_ASID_BITS 16

static inline uint64_t
pwc_tag(const struct pwc *p, unsigned asid, vaddr va)
{
	return va.raw >> p->shift << PWC_ASID_BITS | asid;
}

static inline uint32_t
pwc_set(const struct pwc *p, vaddr va)
{
	return assoc_modulo(&p->a, va.raw >> p->shift);
}

static inline bool
pwc_lookup(struct pwc *p, unsigned asid, vaddr va, uint64_t *value)
{
	uint32_t slot =
	    assoc_lookup(&p->a, pwc_set(p, va), pwc_tag(p, asid, va));

	if (slot == ASSOC_NONE)
		return false;
	*value = p->values[slot];
	return true;
}

void pwc_fill(struct pwc *p, unsigned asid, vaddr va, uint64_t value);
/* The entry that leads to va. */
void pwc_drop_page(struct pwc *p, unsigned asid, vaddr va);
void pwc_drop_asid(struct pwc *p, unsigned asid);
void pwc_drop_all(struct pwc *p);

#endif
