/* ptable.c - see ptable.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/bits.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "hw/ptable.h"

#define SPACES     ((size_t)UINT16_MAX + 1)
#define LEVEL_BITS 3

/* Places of tables that are no more, to be used again. */
struct holes {
	uint64_t *at;
	size_t n, cap;
};

struct ptable {
	struct paging shape;
	unsigned shift[PAGING_MAX_LEVELS]; /* paging_shift() */
	struct map *tables;                /* [space]: key() -> address */
	struct holes holes[PAGING_MAX_LEVELS];
	uint64_t next, bytes, peak;
};

struct ptable *
ptable_new(const struct paging *shape, paddr base)
{
	struct ptable *t = xcalloc(1, sizeof(*t));

	t->shape = *shape;
	for (unsigned i = 0; i < shape->levels; i++)
		t->shift[i] = paging_shift(shape, i);
	t->tables = xcalloc(SPACES, sizeof(*t->tables));
	t->next = base.raw;
	return t;
}

void
ptable_free(struct ptable *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < SPACES; i++)
		map_free(&t->tables[i]);
	for (unsigned i = 0; i < PAGING_MAX_LEVELS; i++)
		free(t->holes[i].at);
	free(t->tables);
	free(t);
}

unsigned
ptable_leaf(const struct paging *shape, unsigned page_shift)
{
	unsigned leaf = 0;

	for (unsigned i = 0; i < shape->levels; i++)
		if (shape->leaf_mask >> i & 1 &&
		    paging_shift(shape, i) <= page_shift)
			leaf = i;
	return leaf;
}

static uint64_t
table_size(const struct ptable *t, unsigned level)
{
	return (uint64_t)t->shape.pte_bytes << t->shape.index_bits[level];
}

/* log2 of the bytes that a table of this level covers. */
static unsigned
span_shift(const struct ptable *t, unsigned level)
{
	return t->shift[level] + t->shape.index_bits[level];
}

/* There is one root, whatever the address. */
static uint64_t
key(const struct ptable *t, vaddr va, unsigned level)
{
	if (level == t->shape.levels - 1)
		return level;
	return va.raw >> span_shift(t, level) << LEVEL_BITS | level;
}

static unsigned
level_of(uint64_t k)
{
	return k & ((1u << LEVEL_BITS) - 1);
}

/* Tables are aligned to their size, as all shapes want them. */
static uint64_t
take_place(struct ptable *t, unsigned level)
{
	struct holes *h = &t->holes[level];
	uint64_t size = table_size(t, level), at;

	t->bytes += size;
	t->peak = max_u64(t->peak, t->bytes);
	if (h->n)
		return h->at[--h->n];
	at = align_up(t->next, size);
	t->next = at + size;
	return at;
}

static void
give_back(struct ptable *t, unsigned level, uint64_t at)
{
	struct holes *h = &t->holes[level];

	if (h->n == h->cap) {
		h->cap = 2 * h->cap + 16;
		h->at = xreallocarray(h->at, h->cap, sizeof(*h->at));
	}
	h->at[h->n++] = at;
	t->bytes -= table_size(t, level);
}

paddr
ptable_entry(struct ptable *t, uint16_t space, vaddr va, unsigned level)
{
	uint64_t k = key(t, va, level), table, i;

	if (!map_get(&t->tables[space], k, &table)) {
		table = take_place(t, level);
		map_put(&t->tables[space], k, table);
	}
	i = va.raw >> t->shift[level] &
	    (((uint64_t)1 << t->shape.index_bits[level]) - 1);
	return (paddr){table + i * t->shape.pte_bytes};
}

/* Does all that a table covers, other than a root, lie in the range? */
static bool
covers(const struct ptable *t, uint64_t k, vaddr start, uint64_t bytes)
{
	unsigned level = level_of(k);
	uint64_t span, at;

	if (level == t->shape.levels - 1)
		return false;
	span = (uint64_t)1 << span_shift(t, level);
	at = k >> LEVEL_BITS << span_shift(t, level);
	return at >= start.raw && bytes >= span &&
	       at - start.raw <= bytes - span;
}

void
ptable_drop_range(struct ptable *t, uint16_t space, vaddr start, uint64_t bytes)
{
	struct map *m = &t->tables[space];
	uint64_t *gone = xreallocarray(NULL, m->used + 1, sizeof(*gone));
	struct map_slot s;
	size_t n = 0;

	for (size_t i = 0; map_next(m, &i, &s);) {
		if (!covers(t, s.key, start, bytes))
			continue;
		give_back(t, level_of(s.key), s.value);
		gone[n++] = s.key;
	}
	while (n--)
		map_remove(m, gone[n]);
	free(gone);
}

void
ptable_drop_space(struct ptable *t, uint16_t space)
{
	struct map *m = &t->tables[space];
	struct map_slot s;

	for (size_t i = 0; map_next(m, &i, &s);)
		give_back(t, level_of(s.key), s.value);
	map_free(m);
}

uint64_t
ptable_peak(const struct ptable *t)
{
	return t->peak;
}
