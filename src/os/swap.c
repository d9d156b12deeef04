/*
 * swap.c - the swap area, its cache, and pages brought back from it
 * (mm/swapfile.c, mm/swap_state.c, mm/memory.c:do_swap_page()).
 *
 * A slot counts the entries that name it: of page tables, or the one of the
 * page cache of shared memory.  A frame in the swap cache (FF_SWAPCACHE, owner:
 * the slot) has the slot's contents, or newer ones if it is dirty.  Writing is
 * done when it is asked for, so nothing waits in the cache to be written.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "os/internal.h"

#define CLUSTER(os) ((uint64_t)1 << (os)->cfg.page_cluster)

/* Slots ------------------------------------------------------------------- */

static uint64_t
swap_pages(const struct os *os)
{
	return min_u64(os->cfg.swap_bytes >> PAGE_SHIFT, UINT32_MAX >> 2);
}

static bool
slot_is_free(const struct swap_slot *s)
{
	return !s->entries && !s->fno;
}

bool
swap_has_room(const struct os *os)
{
	return os->swap.used < swap_pages(os);
}

/* A free slot, the next one up from where the last was found: what goes out
 * together lies together.  0: none. */
static uint32_t
slot_take(struct os *os)
{
	struct swap *s = &os->swap;
	uint64_t n = swap_pages(os);

	if (s->used >= n)
		return 0;
	for (;; s->next++) {
		if (s->next > n)
			s->next = 1;
		while (s->next >= s->n) {
			s->slots =
			    xgrow(s->slots, s->n, &s->cap, sizeof(*s->slots));
			s->slots[s->n++] = (struct swap_slot){0};
		}
		if (s->next && slot_is_free(&s->slots[s->next]))
			break;
	}
	s->used++;
	s->peak = max_u64(s->peak, s->used);
	return s->next++;
}

static void
slot_maybe_free(struct os *os, uint32_t slot)
{
	if (slot_is_free(&os->swap.slots[slot]))
		os->swap.used--;
}

void
swap_dup(struct os *os, uint32_t slot)
{
	os->swap.slots[slot].entries++;
}

/* One entry less.  What is left in the cache, mapped by none, goes too. */
void
swap_put(struct os *os, uint32_t slot)
{
	struct swap_slot *s = &os->swap.slots[slot];

	BUG_ON(!s->entries);
	s->entries--;
	if (s->entries)
		return;
	if (!s->fno)
		slot_maybe_free(os, slot);
	else if (!frame_at(os, s->fno)->mapcount)
		swapcache_drop(os, s->fno);
}

void
swap_free(struct os *os)
{
	free(os->swap.slots);
}

/* The cache --------------------------------------------------------------- */

static void
swapcache_add(struct os *os, uint32_t fno, uint32_t slot)
{
	struct frame *f = frame_at(os, fno);

	f->flags |= FF_SWAPCACHE;
	f->owner = slot;
	os->swap.slots[slot].fno = fno;
	frame_get(os, fno);
}

/* The frame lives on by its other references. */
void
swapcache_drop(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	uint32_t slot = f->owner;

	f->flags &= (uint16_t) ~(FF_SWAPCACHE | FF_SWAP_AHEAD | FF_DIRTY);
	f->owner = 0;
	os->swap.slots[slot].fno = 0;
	slot_maybe_free(os, slot);
	frame_put(os, fno);
}

/* Is the frame in the cache for nobody but who maps it? */
bool
swap_sole(const struct os *os, const struct frame *f)
{
	return !os->swap.slots[f->owner].entries;
}

/* The last mapping of a page is gone: nobody will look in the cache. */
void
swapcache_unmapped(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	if ((f->flags & FF_SWAPCACHE) && !f->mapcount &&
	    !os->swap.slots[f->owner].entries)
		swapcache_drop(os, fno);
}

/* Out --------------------------------------------------------------------- */

/* A slot for the frame, the one it has in the cache if it has; 0: no room. */
uint32_t
swap_slot_for(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	uint32_t slot;

	if (f->flags & FF_SWAPCACHE)
		return f->owner;
	slot = slot_take(os);
	if (slot) {
		swapcache_add(os, fno, slot);
		f->flags |= FF_DIRTY;
	}
	return slot;
}

/* Write it if the slot does not have its contents yet.  True: written. */
bool
swap_write(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	if (!(f->flags & FF_DIRTY))
		return false;
	f->flags &= (uint16_t)~FF_DIRTY;
	os->swap.slots[f->owner].content = f->content;
	os->work.pages_written++;
	os->stats.swapped_out++;
	return true;
}

/* Shared memory has no use for the cache: straight to a slot, named once, and
 * back.  0: no room. */
uint32_t
swap_store(struct os *os, uint64_t content)
{
	uint32_t slot = slot_take(os);

	if (!slot)
		return 0;
	os->swap.slots[slot].entries = 1;
	os->swap.slots[slot].content = content;
	os->work.pages_written++;
	os->stats.swapped_out++;
	return slot;
}

uint64_t
swap_load(struct os *os, uint32_t slot)
{
	uint64_t content = os->swap.slots[slot].content;

	os->work.device_reads++;
	os->work.pages_read++;
	os->stats.swapped_in++;
	swap_put(os, slot);
	return content;
}

/* In ---------------------------------------------------------------------- */

/* Read the slot into the cache; 0: out of memory. */
static uint32_t
slot_read(struct os *os, uint32_t slot)
{
	struct swap_slot *s;
	uint32_t fno = frame_alloc(os, 0, FR_ANON);

	s = &os->swap.slots[slot];
	if (!fno)
		return 0;
	/* Making room may have brought it in already, or have dropped it. */
	if (s->fno || !s->entries) {
		frame_put(os, fno);
		return s->fno;
	}
	frame_at(os, fno)->content = s->content;
	swapcache_add(os, fno, slot);
	frame_put(os, fno);
	lru_add(os, fno);
	os->work.pages_read++;
	os->stats.swapped_in++;
	return fno;
}

static void
slot_read_ahead(struct os *os, uint32_t slot)
{
	uint32_t fno;

	if (!slot || slot >= os->swap.n || os->swap.slots[slot].fno ||
	    !os->swap.slots[slot].entries)
		return;
	fno = slot_read(os, slot);
	if (fno)
		frame_at(os, fno)->flags |= FF_SWAP_AHEAD;
}

/* mm/swap_state.c:__swapin_nr_pages() */
static uint64_t
window(uint64_t prev, uint64_t at, uint64_t hits, uint64_t most,
       uint64_t before)
{
	uint64_t pages = hits + 2, round = 4;

	if (pages == 2) {
		if (at != prev + 1 && at != prev - 1)
			pages = 1;
	} else {
		while (round < pages)
			round *= 2;
		pages = round;
	}
	return max_u64(min_u64(pages, most), before / 2);
}

/* swap_cluster_readahead(): the aligned block of slots around. */
static void
cluster_ahead(struct os *os, uint32_t slot)
{
	struct swap_ra *ra = &os->swap.ra;
	uint64_t n = window(ra->prev, slot, ra->hits, CLUSTER(os), ra->win);

	if (!ra->hits)
		ra->prev = slot;
	ra->win = n;
	ra->hits = 0;
	for (uint64_t s = slot & ~(n - 1); n > 1 && s <= (slot | (n - 1)); s++)
		if (s != slot)
			slot_read_ahead(os, (uint32_t)s);
}

/* swap_vma_readahead(): the entries around, in the mapping and the table. */
static void
vma_ahead(struct fctx *c, uint64_t *pte)
{
	struct swap_ra *ra = &c->vma->swap_ra;
	uint64_t page = page_of(c->addr), in = page & (PTES - 1), lo, hi;
	uint64_t hits = ra->win ? ra->hits : SWAP_RA_HITS;
	uint64_t n = window(ra->prev, page, hits, CLUSTER(c->os), ra->win);

	if (page == ra->prev + 1)
		lo = page;
	else if (page + 1 == ra->prev)
		lo = page - min_u64(page, n - 1);
	else
		lo = page - min_u64(page, (n - 1) / 2);
	hi = lo + n;
	*ra = (struct swap_ra){.prev = page, .win = n};
	lo = max_u64(lo, max_u64(page_of(c->vma->start), page - in));
	hi = min_u64(hi, min_u64(page_of(c->vma->end), page - in + PTES));
	for (uint64_t p = lo; n > 1 && p < hi; p++) {
		uint64_t e = pte[(int64_t)(p - page)];

		if (p != page && pte_is_swap(e))
			slot_read_ahead(c->os, swap_slot_of(e));
	}
}

static void
read_ahead(struct fctx *c, uint32_t slot)
{
	switch ((enum os_swap_readahead)c->os->cfg.swap_readahead) {
	case SWAP_RA_CLUSTER:
		cluster_ahead(c->os, slot);
		break;
	case SWAP_RA_VMA:
		vma_ahead(c, c->pte);
		break;
	case SWAP_RA_NONE:
		break;
	}
}

/* swap_cache_get_folio(): a page that readahead brought is asked for, which is
 * worth a larger window. */
static void
count_hit(struct fctx *c, uint32_t fno)
{
	struct frame *f = frame_at(c->os, fno);
	bool hit = f->flags & FF_SWAP_AHEAD;

	f->flags &= (uint16_t)~FF_SWAP_AHEAD;
	if (c->os->cfg.swap_readahead == SWAP_RA_VMA) {
		c->vma->swap_ra.prev = page_of(c->addr);
		c->vma->swap_ra.hits += hit;
	} else {
		c->os->swap.ra.hits += hit;
	}
}

/* The slot's page, held by the caller; *major if it had to be read. */
static uint32_t
swap_in(struct os *os, uint32_t slot, bool *major)
{
	uint32_t fno = os->swap.slots[slot].fno;

	if (!fno) {
		fno = slot_read(os, slot);
		*major = true;
		os->work.device_reads++;
	}
	if (fno)
		frame_get(os, fno);
	return fno;
}

/* should_try_to_free_swap() */
static bool
wants_free(const struct fctx *c)
{
	return c->write || (c->vma->flags & VM_LOCKED) ||
	       c->os->swap.used * 2 > swap_pages(c->os);
}

/* Replace the entry by one that maps the page, which the caller holds. */
static void
map_swapped(struct fctx *c, uint32_t fno, uint64_t entry)
{
	struct os *os = c->os;
	struct frame *f = frame_at(os, fno);
	uint32_t slot = swap_slot_of(entry);
	uint64_t bits = vma_pte_bits(os, c->vma);

	*c->pte = 0;
	c->mm->swapped--;
	os->swap.slots[slot].entries--;
	if (!os->swap.slots[slot].entries && wants_free(c))
		swapcache_drop(os, fno);
	if ((entry & PTE_SWAP_EXCL) || f->refs == 1) {
		f->flags |= FF_EXCLUSIVE;
		if ((c->vma->flags & VM_WRITE) &&
		    (c->write || os->cfg.kernel >= 611))
			bits |= PTE_W | (c->write ? PTE_D : 0);
	}
	pte_install(c, c->addr, c->pte, fno, bits);
}

void
fault_swap(struct fctx *c)
{
	uint64_t entry = *c->pte;
	uint32_t slot = swap_slot_of(entry), fno;

	c->kind = FAULT_SWAP_IN;
	fno = swap_in(c->os, slot, &c->major);
	if (!fno) {
		fault_oom(c);
		return;
	}
	if (c->major)
		read_ahead(c, slot);
	else
		count_hit(c, fno);
	c->major &= !c->gup;
	map_swapped(c, fno, entry);
	frame_put(c->os, fno);
	if (c->write && *c->pte && !(*c->pte & PTE_W)) {
		fault_wp(c);
		c->kind = FAULT_SWAP_IN;
	}
}

/* MADV_WILLNEED: into the cache, no entry is changed. */
void
swap_willneed(struct os *os, struct mm *mm, uint64_t start, uint64_t end)
{
	for (uint64_t a = start; a < end; a += PAGE_SIZE) {
		uint64_t *e = pt_find(os, mm, a, 0);

		if (e && pte_is_swap(*e))
			slot_read_ahead(os, swap_slot_of(*e));
	}
}

/* Check: every slot has as many entries as were found. */
void
swap_check(struct os *os, const uint32_t *found)
{
	uint64_t used = 0;

	for (uint32_t i = 1; i < os->swap.n; i++) {
		struct swap_slot *s = &os->swap.slots[i];

		if (s->entries != found[i])
			BUG("swap slot %u: %u entries, counted %u", i, found[i],
			    s->entries);
		if (s->fno && (frame_at(os, s->fno)->owner != i ||
			       !(frame_at(os, s->fno)->flags & FF_SWAPCACHE)))
			BUG("swap slot %u: frame %u does not know it", i,
			    s->fno);
		used += !slot_is_free(s);
	}
	BUG_ON(used != os->swap.used);
}
