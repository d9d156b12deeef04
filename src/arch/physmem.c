/* physmem.c - see physmem.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "arch/physmem.h"
#include "base/log.h"
#include "base/xalloc.h"

#define LEAF_FRAMES ((uint64_t)1 << PHYSMEM_LEAF_BITS)

static uint64_t
leaf_count(const struct physmem *m)
{
	return (m->frames + LEAF_FRAMES - 1) / LEAF_FRAMES;
}

void
physmem_init(struct physmem *m, uint64_t frames)
{
	m->frames = frames;
	m->leaves = xcalloc(leaf_count(m), sizeof(*m->leaves));
}

void
physmem_free(struct physmem *m)
{
	for (uint64_t i = 0; m->leaves && i < leaf_count(m); i++) {
		for (uint64_t j = 0; m->leaves[i] && j < LEAF_FRAMES; j++)
			free(m->leaves[i][j]);
		free(m->leaves[i]);
	}
	free(m->leaves);
	m->leaves = NULL;
}

uint64_t *
physmem_add(struct physmem *m, pfn f)
{
	uint64_t ***leaf = &m->leaves[f.raw >> PHYSMEM_LEAF_BITS];
	uint64_t **words;

	BUG_ON(f.raw >= m->frames);
	if (!*leaf)
		*leaf = xcalloc(LEAF_FRAMES, sizeof(**leaf));
	words = &(*leaf)[f.raw % LEAF_FRAMES];
	BUG_ON(*words);
	return *words = xcalloc(PT_WORDS, sizeof(**words));
}

void
physmem_drop(struct physmem *m, pfn f)
{
	uint64_t **leaf = m->leaves[f.raw >> PHYSMEM_LEAF_BITS];

	BUG_ON(!leaf || !leaf[f.raw % LEAF_FRAMES]);
	free(leaf[f.raw % LEAF_FRAMES]);
	leaf[f.raw % LEAF_FRAMES] = NULL;
}
