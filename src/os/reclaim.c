/*
 * reclaim.c - getting frames back when memory runs short.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

void
lru_add(struct os *os, uint32_t fno)
{
	if (frame_at(os, fno)->kind != FR_FILE)
		return;
	frame_at(os, fno)->flags |= FF_LRU;
	list_push(os, &os->lru, fno);
}

void
lru_del(struct os *os, uint32_t fno)
{
	frame_at(os, fno)->flags &= (uint16_t)~FF_LRU;
	list_remove(os, &os->lru, fno);
}

/* Was it used since we last looked?  Clears the marks. */
static bool
test_young(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	bool young = f->flags & FF_REFERENCED;

	f->flags &= (uint16_t)~FF_REFERENCED;
	for (uint32_t i = 0; i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);
		struct mm *mm = os->spaces[at.as];
		uint64_t *e = pt_find(os, mm, at.addr, 0);

		if (!(*e & PTE_A))
			continue;
		young = true;
		forget_page(os, mm, at.addr);
		*e &= ~PTE_A; /* no flush: ptep_clear_flush_young() on x86 */
	}
	return young;
}

static bool
locked(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	for (uint32_t i = 0; i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);
		struct vma *v = vma_find(os->spaces[at.as], at.addr);

		if (v->flags & VM_LOCKED)
			return true;
	}
	return false;
}

/* Take a page of a file out of every page table. */
static void
unmap_file_page(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	while (rmap_count(f)) {
		struct rmap_at at = rmap_get(f, 0);
		struct mm *mm = os->spaces[at.as];
		uint64_t *e = pt_find(os, mm, at.addr, 0), old = *e;

		forget_page(os, mm, at.addr);
		*e = 0;
		flush_page(os, mm, at.addr);
		if (old & PTE_D)
			inode_mark_dirty(os, fno);
		rmap_remove(os, fno, at);
		rss_add(os, mm, fno, -1);
		os->work.ptes_cleared++;
		frame_put(os, fno);
	}
}

static bool
evict(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	struct inode *ino = os->inodes[f->owner];

	if (f->refs != f->mapcount + 1 || locked(os, fno))
		return false;
	unmap_file_page(os, fno);
	if (f->flags & FF_DIRTY)
		inode_writeback(os, ino, f->index, 1);
	cache_remove(os, fno, true);
	return true;
}

bool
reclaim(struct os *os, uint32_t want)
{
	uint64_t scan = os->lru.n * 2;
	uint32_t got = 0;

	while (os->lru.first && got < want + 32 && scan--) {
		uint32_t fno = os->lru.first;

		os->work.pages_scanned++;
		list_remove(os, &os->lru, fno);
		list_push(os, &os->lru, fno);
		if (!test_young(os, fno) && evict(os, fno))
			got++;
	}
	return got;
}
