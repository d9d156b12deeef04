/*
 * physmem.h - sparse physical memory that holds page-table words only.
 *
 * The kernel writes a table's entries here and a lane's walker reads them, by
 * the frame they live in.  Nothing else of memory has contents: a trace has
 * addresses, not data.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_PHYSMEM_H
#define ARCH_PHYSMEM_H

#include <stddef.h>
#include <stdint.h>

#include "arch/addr.h"

#define PT_WORDS 512 /* 64-bit words in a frame */

#define PHYSMEM_LEAF_BITS 9

/* Two levels: a directory of 2^9-frame leaves, each a pointer per frame. */
struct physmem {
	uint64_t ***leaves;
	uint64_t frames;
};

/* frames: size of physical memory in frames.  Release with physmem_free(). */
void physmem_init(struct physmem *m, uint64_t frames);
void physmem_free(struct physmem *m);

/* Give frame f contents, all zero; it must have none.  Drop them again. */
uint64_t *physmem_add(struct physmem *m, pfn f);
void physmem_drop(struct physmem *m, pfn f);

/* The 512 words of frame f, or NULL if it holds no table. */
static inline uint64_t *
physmem_words(const struct physmem *m, pfn f)
{
	uint64_t **leaf = m->leaves[f.raw >> PHYSMEM_LEAF_BITS];

	return leaf ? leaf[f.raw & ((1u << PHYSMEM_LEAF_BITS) - 1)] : NULL;
}

#endif
