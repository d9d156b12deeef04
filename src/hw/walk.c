/* walk.c - see walk.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "arch/pte.h"
#include "base/log.h"
#include "hw/htable.h"
#include "hw/nested.h"
#include "hw/ptable.h"
#include "hw/walk.h"

void
walker_init(struct walker *w)
{
	for (unsigned i = 0; i < w->paging->levels; i++)
		w->level[i] = (struct walk_level){
		    .shift = paging_shift(w->paging, i),
		    .leaf = !i || w->paging->leaf_mask >> i & 1,
		    .branch = i,
		    .mask = ((uint64_t)1 << w->paging->index_bits[i]) - 1};
	for (unsigned i = 0; i < w->n_pwcs; i++)
		w->level[w->pwc[i]->level].keeps = w->pwc[i];
}

static void
load_at(struct walker *w, paddr pa, unsigned level, struct walk_result *r)
{
	r->load[r->n_loads++] = (struct walk_load){
	    (uint8_t)level,
	    (uint8_t)cache_path_load(w->path[level % WALK_HOST != 0], pa),
	    false, pa};
}

/* A guest-physical address first has to be found. */
__attribute__((noinline)) static void
find_in_host(struct walker *w, paddr guest, struct walk_result *r)
{
	paddr load[PAGING_MAX_LEVELS];
	unsigned top, n = nested_walk(w->host, guest, &top, load);

	for (unsigned i = 0; i < n; i++)
		load_at(w, load[i], WALK_HOST + top - i, r);
}

static void
load(struct walker *w, paddr pa, unsigned level, struct walk_result *r)
{
	if (__builtin_expect(w->host != NULL, 0))
		find_in_host(w, pa, r);
	load_at(w, pa, level, r);
}

/* The page that the kernel's entry maps, too, has to be found. */
static void
find_page(struct walker *w, vaddr va, unsigned page_shift,
	  struct walk_result *r)
{
	uint64_t offset = va.raw & (((uint64_t)1 << page_shift) - 1);

	if (__builtin_expect(w->host != NULL, 0) && r->end == WALK_MAPPED)
		find_in_host(
		    w, (paddr){pfn_addr(pte_frame(r->entry)).raw + offset}, r);
}

/* The kernel frees no table that a cached entry still points to. */
static uint64_t
load_entry(struct walker *w, pfn table, vaddr va, unsigned level,
	   struct walk_result *r)
{
	const uint64_t *words = physmem_words(w->mem, table);
	const struct walk_level *at = &w->level[level];
	uint64_t i = va.raw >> at->shift & at->mask;
	paddr pa = {pfn_addr(table).raw + i * w->paging->pte_bytes};

	if (!words)
		BUG("walk of %#" PRIx64 ": no table of level %u in frame "
		    "%#" PRIx64,
		    va.raw, level, table.raw);
	load(w, pa, level, r);
	r->at = words + i;
	return words[i];
}

/* An entry with the rights that the levels above it leave. */
static uint64_t
combine(uint64_t above, uint64_t entry)
{
	entry &= above | ~(PTE_W | PTE_U);
	return entry | (above & PTE_NX);
}

static bool
grants(uint64_t entry, enum access acc)
{
	switch (acc) {
	case ACC_WRITE:
		return entry & PTE_W;
	case ACC_EXEC:
		return !(entry & PTE_NX);
	default:
		return true;
	}
}

static bool
is_leaf(const struct walk_level *at, uint64_t entry)
{
	return at->leaf && (!at->branch || (entry & PTE_PS));
}

/* Does a walk end at r->entry, and how?  If not, *above has its rights, too. */
static inline bool
ends(uint64_t *above, bool leaf, enum access acc, struct walk_result *r)
{
	if (!(r->entry & PTE_P)) {
		r->end = WALK_NOT_PRESENT;
		return true;
	}
	*above = combine(*above, r->entry);
	if (leaf)
		r->end = grants(*above, acc) ? WALK_MAPPED : WALK_DENIED;
	return leaf;
}

/* Where to begin: the level of the first entry to load, and its table. */
__attribute__((always_inline)) static inline unsigned
start(struct walker *w, pfn root, unsigned asid, vaddr va, uint64_t *above,
      struct walk_result *r)
{
	for (unsigned i = 0; i < w->n_pwcs; i++) {
		if (!pwc_lookup(w->pwc[i], asid, va, above))
			continue;
		r->pwc = (uint8_t)i;
		return w->pwc[i]->level - 1;
	}
	*above = pte_make(root, PTE_P | PTE_W | PTE_U);
	return w->paging->levels - 1;
}

/* What the kernel's tables say, read without a load. */
static void
read_kernel(const struct walker *w, pfn root, vaddr va, enum access acc,
	    struct walk_result *r)
{
	const struct paging *p = &paging_modes[0];
	uint64_t above = pte_make(root, PTE_P | PTE_W | PTE_U);
	unsigned level = p->levels, shift = paging_shift(p, level);

	do {
		const uint64_t *words = physmem_words(w->mem, pte_frame(above));

		shift -= p->index_bits[--level];
		r->at = words + (va.raw >> shift &
				 (((uint64_t)1 << p->index_bits[level]) - 1));
		r->entry = *r->at;
	} while (!ends(&above, !level || r->entry & PTE_PS, acc, r));
	r->page_shift = (uint8_t)shift;
}

/* The level at which a walk of w's shape finds out what the kernel's entry
 * says: the leaf's, or the lowest that covers all that is not there. */
static unsigned
end_level(const struct walker *w, const struct walk_result *r)
{
	unsigned level = 0;

	if (r->end != WALK_NOT_PRESENT)
		return ptable_leaf(w->paging, r->page_shift);
	while (level < w->paging->levels - 1 &&
	       w->level[level].shift < r->page_shift)
		level++;
	return level;
}

/* The kernel's entry is at hand; the page is one of w's shape. */
static void
end_in_own(const struct walker *w, unsigned level, struct walk_result *r)
{
	r->level = (uint8_t)level;
	if (r->page_shift != w->level[level].shift)
		r->at = NULL;
	r->page_shift = (uint8_t)w->level[level].shift;
}

/* Through the lane's own tables. */
__attribute__((noinline)) static void
walk_own(struct walker *w, pfn root, unsigned asid, vaddr va, enum access acc,
	 struct walk_result *r)
{
	uint64_t above;
	unsigned level, end;

	read_kernel(w, root, va, acc, r);
	end = end_level(w, r);
	for (level = start(w, root, asid, va, &above, r);; level--) {
		load(w, ptable_entry(w->own, w->space, va, level), level, r);
		if (level <= end)
			break;
		if (w->level[level].keeps)
			pwc_fill(w->level[level].keeps, asid, va, above);
	}
	find_page(w, va, r->page_shift, r);
	end_in_own(w, level, r);
}

/* Of loads that go out at once the slowest is waited for. */
static void
hide_faster(struct walk_result *r)
{
	unsigned slowest = 0;

	for (unsigned i = 1; i < r->n_loads; i++)
		if (r->load[i].where > r->load[slowest].where)
			slowest = i;
	for (unsigned i = 0; i < r->n_loads; i++)
		r->load[i].hidden = i != slowest;
}

/* Through a table of the lane's own that is no tree. */
__attribute__((noinline)) static void
walk_hashed(struct walker *w, pfn root, vaddr va, enum access acc,
	    struct walk_result *r)
{
	paddr at[HTABLE_LOADS];
	unsigned level, n;

	read_kernel(w, root, va, acc, r);
	level = end_level(w, r);
	n = htable_walk(w->hash, w->space, level,
			va.raw >> w->level[level].shift,
			r->end != WALK_NOT_PRESENT, at);
	for (unsigned i = 0; i < n; i++)
		load_at(w, at[i], 0, r);
	if (htable_parallel(w->hash))
		hide_faster(r);
	end_in_own(w, level, r);
}

/* Through the kernel's tables. */
static inline void
walk_tables(struct walker *w, pfn root, unsigned asid, vaddr va,
	    enum access acc, struct walk_result *r)
{
	uint64_t above;
	unsigned level;

	for (level = start(w, root, asid, va, &above, r);; level--) {
		r->entry = load_entry(w, pte_frame(above), va, level, r);
		if (ends(&above, is_leaf(&w->level[level], r->entry), acc, r))
			break;
		if (w->level[level].keeps)
			pwc_fill(w->level[level].keeps, asid, va, above);
	}
	r->level = (uint8_t)level;
	r->page_shift = (uint8_t)w->level[level].shift;
	find_page(w, va, r->page_shift, r);
}

void
walk(struct walker *w, pfn root, unsigned asid, vaddr va, enum access acc,
     struct walk_result *r)
{
	r->pwc = WALK_NO_PWC;
	r->n_loads = 0;
	if (w->own)
		walk_own(w, root, asid, va, acc, r);
	else if (w->hash)
		walk_hashed(w, root, va, acc, r);
	else
		walk_tables(w, root, asid, va, acc, r);
}

uint16_t
walk_contiguous(const struct walk_result *r, unsigned part, unsigned shift,
		unsigned bits)
{
	unsigned n = 1u << bits, cover = 1u << part;

	if (r->page_shift >= shift + bits) /* pieces of one page */
		return (uint16_t)((1u << n) - 1);
	if (!r->at || r->page_shift != shift)
		return (uint16_t)cover;
	for (unsigned i = 0; i < n; i++) {
		uint64_t steps = (uint64_t)i - part;

		if (r->at[(int64_t)steps] == r->entry + (steps << shift))
			cover |= 1u << i;
	}
	return (uint16_t)cover;
}
