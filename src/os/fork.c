/*
 * fork.c - copying an address space (kernel/fork.c:dup_mmap(),
 * mm/memory.c:copy_page_range()).
 *
 * Page tables are copied only where the child could not find the page again
 * by faulting: mappings that have anonymous pages, or none to fault in.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/xalloc.h"
#include "os/internal.h"

struct copy {
	struct os *os;
	struct mm *from, *to;
	struct vma *v, *child;
};

static void
copy_pte(struct copy *k, uint64_t addr, uint64_t *src, uint64_t *dst)
{
	struct os *os = k->os;
	uint64_t p = *src;
	uint32_t fno = pte_fno(p);

	if (pte_present(p) && !(p & PTE_SPECIAL)) {
		if (frame_at(os, fno)->kind == FR_ANON)
			frame_at(os, fno)->flags &= (uint16_t)~FF_EXCLUSIVE;
		frame_get(os, fno);
		rmap_add(os, fno,
			 (struct rmap_at){.as = k->to->as, .addr = addr});
		rss_add(os, k->to, fno, 1);
	}
	if (pte_is_swap(p)) {
		p &= ~PTE_SWAP_EXCL;
		*src = *dst = p;
		swap_dup(os, swap_slot_of(p));
		k->to->swapped++;
		return;
	}
	if (vma_is_cow(k->v) && (p & PTE_W)) {
		p &= ~PTE_W;
		*src = p;
	}
	if (k->v->flags & VM_SHARED)
		p &= ~PTE_D;
	*dst = p & ~PTE_A;
	os->work.ptes_set++;
}

static bool
copy_tables(struct copy *k)
{
	struct pt_iter it = {.addr = k->v->start, .end = k->v->end};

	while (pt_next(k->os, k->from, &it)) {
		uint64_t *dst = NULL;

		if (!it.pte &&
		    !huge_copy(k->os, k->to, it.lo, it.pmd, vma_is_cow(k->v)))
			return false;
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++) {
			if (!*it.pte)
				continue;
			dst = pt_make(k->os, k->to, a, 0);
			if (!dst)
				return false;
			if (*it.pte) /* reclaim may have come between */
				copy_pte(k, a, it.pte, dst);
		}
	}
	return true;
}

static bool
needs_copy(const struct vma *v)
{
	return v->anon || (v->flags & (VM_PFNMAP | VM_MIXEDMAP));
}

static bool
copy_vma(struct copy *k)
{
	struct vma child = *k->v;

	child.flags &= ~(VM_LOCKED | VM_LOCKONFAULT | VM_HUGE_OWNER);
	if (child.flags & VM_WIPEONFORK) {
		child.anon = child.anon_depth = 0;
	} else if (child.anon) {
		child.anon = ++k->os->next_anon;
		child.anon_depth++;
	}
	k->child = vma_insert(k->os, k->to, &child);
	area_assign(k->os, k->to, k->child);
	if ((child.flags & VM_WIPEONFORK) || !needs_copy(k->v))
		return true;
	return copy_tables(k);
}

static void
copy_files(struct mm *from, struct mm *to)
{
	struct map_slot s;

	for (size_t i = 0; map_next(&from->files, &i, &s);) {
		((struct ofile *)(uintptr_t)s.value)->refs++;
		map_put(&to->files, s.key, s.value);
	}
}

/* False: out of memory; to is then complete enough to be dropped. */
bool
mm_copy(struct os *os, struct mm *from, struct mm *to)
{
	struct copy k = {.os = os, .from = from, .to = to};
	struct gather g;
	bool done = true;

	to->start_brk = from->start_brk;
	to->brk = from->brk;
	to->pkeys = from->pkeys;
	to->thp_disabled = from->thp_disabled;
	to->mmap_base = from->mmap_base;
	copy_files(from, to);
	moved_copy(from, to);
	gather_begin(&g, os, from, 0, TASK_SIZE);
	g.whole = true;
	gather_announce(&g);
	for (size_t i = 0; done && i < from->n_vmas; i++) {
		k.v = from->vmas[i];
		if (!(k.v->flags & VM_DONTCOPY))
			done = copy_vma(&k);
	}
	gather_touch(&g, 0, TASK_SIZE);
	gather_end(&g);
	return done;
}
