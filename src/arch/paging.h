/*
 * paging.h - shapes of radix page tables: one row a mode.  Loops over levels
 * use a row; none of them names a level.
 *
 * The modelled kernel has tables of the first row's shape.  A lane of another
 * shape has tables of its own, which follow the kernel's (hw/ptable.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <stdbool.h>
#include <stdint.h>

#define PAGING_MAX_LEVELS 6
#define PAGING_NAME_MAX   48
#define PAGING_MIN_SHIFT  6  /* of the smallest page */
#define PAGING_MAX_BITS   64 /* of an address */

struct paging {
	char name[PAGING_NAME_MAX]; /* "x86-64-4level" */
	const char *help;
	unsigned levels;     /* 4; level 0 is the leaf (PTE); 0: no shape */
	unsigned page_shift; /* log2 bytes of the smallest page */
	unsigned index_bits[PAGING_MAX_LEVELS]; /* [0] = leaf table's */
	unsigned leaf_mask; /* bit n: an entry at level n may map a page */
	unsigned pte_bytes;
};

extern const struct paging paging_modes[]; /* ends with levels == 0 */

/* A mode by name, or a shape of one's own: "radix-PAGE-WIDTH...[/BYTES]", log2
 * of the page's bytes, index bits from the root down, bytes of an entry (8);
 * only its lowest level maps pages.  False: neither. */
bool paging_parse(const char *text, struct paging *p);

/* Is it the shape of the kernel's tables, whatever its name? */
bool paging_is_kernel(const struct paging *p);

/* log2 of the bytes that one entry at this level covers. */
static inline unsigned
paging_shift(const struct paging *p, unsigned level)
{
	unsigned shift = p->page_shift;

	for (unsigned i = 0; i < level; i++)
		shift += p->index_bits[i];
	return shift;
}

/* Page sizes, bit s for pages of 2^s bytes. */
uint64_t paging_sizes(const struct paging *p);

#endif
