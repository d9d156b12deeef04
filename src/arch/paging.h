/*
 * paging.h - shapes of radix page tables: one row a mode.  Loops over levels
 * use a row; none of them names a level.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <stdint.h>

#define PAGING_MAX_LEVELS 6

struct paging {
	const char *name; /* "x86-64-4level" */
	const char *help;
	unsigned levels;     /* 4; level 0 is the leaf (PTE) */
	unsigned page_shift; /* log2 bytes of the smallest page */
	unsigned index_bits[PAGING_MAX_LEVELS]; /* [0] = leaf table's */
	unsigned leaf_mask; /* bit n: an entry at level n may map a page */
	unsigned pte_bytes;
};

extern const struct paging paging_modes[]; /* ends with name == NULL */

const struct paging *paging_find(const char *name); /* NULL: unknown */

/* log2 of the bytes that one entry at this level covers. */
static inline unsigned
paging_shift(const struct paging *p, unsigned level)
{
	unsigned shift = p->page_shift;

	for (unsigned i = 0; i < level; i++)
		shift += p->index_bits[i];
	return shift;
}

#endif
