/*
 * zap.c - taking pages out of page tables, and the flushes that follow.
 *
 * A gather is Linux's mmu_gather: it remembers the span of the entries that
 * were cleared, and ends with one flush of that span.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

static void
emit_flush(struct os *os, struct mm *mm, uint64_t lo, uint64_t hi,
	   bool frees_tables)
{
	struct kevent ev = {.kind = KEV_FLUSH_PAGES,
			    .shift = PAGE_SHIFT,
			    .frees_tables = frees_tables,
			    .as = mm->as,
			    .va = va(lo),
			    .pages = (hi - lo) >> PAGE_SHIFT};

	if (ev.pages > FLUSH_CEILING) {
		ev.kind = KEV_FLUSH_AS;
		ev.shift = 0;
		ev.pages = 0;
		ev.va = va(0);
	}
	os->sink.kevent(os->sink.ctx, &ev);
}

void
forget_page(struct os *os, struct mm *mm, uint64_t addr)
{
	os->sink.forget(os->sink.ctx, mm->as, (vpn){page_of(addr)}, 1);
}

void
flush_page(struct os *os, struct mm *mm, uint64_t addr)
{
	emit_flush(os, mm, addr, addr + PAGE_SIZE, false);
}

void
gather_begin(struct gather *g, struct os *os, struct mm *mm, uint64_t start,
	     uint64_t end)
{
	*g = (struct gather){
	    .os = os, .mm = mm, .start = start, .end = end, .lo = UINT64_MAX};
}

/* Say, once and before the first change, what will not hold any longer. */
void
gather_announce(struct gather *g)
{
	uint64_t n = page_of(g->end - g->start);

	if (g->announced)
		return;
	g->announced = true;
	g->os->sink.forget(g->os->sink.ctx, g->mm->as, (vpn){page_of(g->start)},
			   g->whole ? UINT64_MAX : n);
}

void
gather_touch(struct gather *g, uint64_t addr, uint64_t bytes)
{
	g->lo = min_u64(g->lo, addr);
	g->hi = max_u64(g->hi, addr + bytes);
}

void
gather_end(struct gather *g)
{
	if (g->hi <= g->lo || g->lo == UINT64_MAX)
		return;
	if (g->whole)
		emit_flush(g->os, g->mm, 0, TASK_SIZE, g->tables);
	else
		emit_flush(g->os, g->mm, g->lo, g->hi, g->tables);
}

void
gather_end_huge(struct gather *g)
{
	struct kevent ev = {.kind = KEV_FLUSH_PAGES,
			    .shift = PAGE_SHIFT_2M,
			    .as = g->mm->as,
			    .va = va(g->lo),
			    .pages = 1};

	g->os->sink.kevent(g->os->sink.ctx, &ev);
}

void
rss_add(struct os *os, struct mm *mm, uint32_t fno, int64_t n)
{
	uint64_t rss;

	switch (frame_at(os, fno)->kind) {
	case FR_ANON:
		mm->rss_anon += (uint64_t)n;
		break;
	case FR_SHM:
		mm->rss_shm += (uint64_t)n;
		break;
	default:
		mm->rss_file += (uint64_t)n;
		break;
	}
	rss = mm->rss_anon + mm->rss_shm + mm->rss_file;
	mm->max_rss = max_u64(mm->max_rss, rss);
}

/* Drop what the present entry pte at addr maps; the entry is cleared. */
static void
zap_frame(struct os *os, struct mm *mm, uint64_t addr, uint64_t pte)
{
	uint32_t fno = pte_fno(pte);
	struct frame *f = frame_at(os, fno);

	if (pte & PTE_SPECIAL)
		return;
	if ((pte & PTE_D) && f->kind == FR_FILE)
		inode_mark_dirty(os, fno);
	else if ((pte & PTE_D) && (f->flags & FF_SWAPCACHE))
		f->flags |= FF_DIRTY;
	if (f->kind != FR_ANON && (pte & PTE_A))
		f->flags |= FF_REFERENCED;
	rmap_remove(os, fno, (struct rmap_at){.as = mm->as, .addr = addr});
	rss_add(os, mm, fno, -1);
	swapcache_unmapped(os, fno);
	frame_put(os, fno);
}

void
zap_pte(struct gather *g, uint64_t addr, uint64_t *e)
{
	uint64_t old = *e;

	if (!old || (old == PTE_GUARD && g->keep_guards))
		return;
	if (pte_present(old)) {
		gather_announce(g);
		gather_touch(g, addr, PAGE_SIZE);
		*e = 0;
		zap_frame(g->os, g->mm, addr, old);
	} else {
		*e = 0;
		if (pte_is_swap(old)) {
			g->mm->swapped--;
			swap_put(g->os, swap_slot_of(old));
		}
	}
	g->os->work.ptes_cleared++;
}

void
zap_range(struct gather *g, uint64_t start, uint64_t end)
{
	struct pt_iter it = {.addr = start, .end = end};

	while (pt_next_split(g->os, g->mm, &it)) {
		if (!it.pte)
			huge_zap(g, it.lo, it.pmd);
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++)
			zap_pte(g, a, it.pte);
	}
}

/* The part of v that maps pages [first, first + n) of its file. */
static bool
vma_part(const struct vma *v, uint64_t first, uint64_t n, uint64_t *lo,
	 uint64_t *hi)
{
	uint64_t from = max_u64(first, v->pgoff);
	uint64_t last = v->pgoff + vma_pages(v);
	uint64_t to = n > last - first ? last : min_u64(first + n, last);

	if (first >= last || from >= to)
		return false;
	*lo = v->start + ((from - v->pgoff) << PAGE_SHIFT);
	*hi = v->start + ((to - v->pgoff) << PAGE_SHIFT);
	return true;
}

/* An anonymous page in a mapping of a file, here or in swap. */
static bool
is_private_copy(struct os *os, uint64_t pte)
{
	if (pte_is_swap(pte))
		return true;
	return pte_present(pte) && !(pte & PTE_SPECIAL) &&
	       frame_at(os, pte_fno(pte))->kind == FR_ANON;
}

static void
zap_vma_part(struct os *os, struct mm *mm, uint64_t lo, uint64_t hi,
	     bool even_private)
{
	struct pt_iter it = {.addr = lo, .end = hi};
	struct gather g;

	gather_begin(&g, os, mm, lo, hi);
	while (pt_next(os, mm, &it))
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++)
			if (even_private || !is_private_copy(os, *it.pte))
				zap_pte(&g, a, it.pte);
	gather_end(&g);
}

/* unmap_mapping_range(): every mapping of these pages of the file. */
void
zap_inode(struct os *os, struct inode *ino, uint64_t first, uint64_t n,
	  bool even_private)
{
	uint64_t lo, hi;

	for (size_t s = 0; ino->vmas && s < os->n_spaces; s++) {
		struct mm *mm = os->spaces[s];

		for (size_t i = 0; mm && i < mm->n_vmas; i++) {
			struct vma *v = mm->vmas[i];

			if (v->file && v->file->inode == ino &&
			    vma_part(v, first, n, &lo, &hi))
				zap_vma_part(os, mm, lo, hi, even_private);
		}
	}
}
