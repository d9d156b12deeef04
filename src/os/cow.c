/*
 * cow.c - writes to a page that is mapped read-only
 * (mm/memory.c:do_wp_page() of Linux 5.19 on).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

static void
make_writable(struct fctx *c)
{
	*c->pte |= PTE_A | PTE_D;
	if (c->vma->flags & VM_WRITE)
		*c->pte |= PTE_W;
}

static void
wp_shared(struct fctx *c, uint64_t pte)
{
	if (!(pte & PTE_SPECIAL) &&
	    frame_at(c->os, pte_fno(pte))->kind == FR_FILE)
		inode_mark_dirty(c->os, pte_fno(pte));
	make_writable(c);
	c->kind = FAULT_WRITE_NOTIFY;
}

/* Sole owner: exclusive, or nobody else refers to the frame any longer. */
static bool
can_reuse(struct fctx *c, uint64_t pte)
{
	struct frame *f;

	if (pte & PTE_SPECIAL)
		return false;
	f = frame_at(c->os, pte_fno(pte));
	if (f->kind != FR_ANON)
		return false;
	if (f->flags & FF_EXCLUSIVE)
		return true;
	/* wp_can_reuse_anon_folio(): not of a larger folio before 6.15 */
	if ((f->flags & FF_LARGE) && c->os->cfg.kernel < 615)
		return false;
	/* The swap cache's reference is not one */
	if (f->refs == 2 && (f->flags & FF_SWAPCACHE) && swap_sole(c->os, f))
		swapcache_drop(c->os, pte_fno(pte));
	return f->refs == 1;
}

static uint8_t
copy_kind(struct fctx *c, uint64_t pte)
{
	if (pte & PTE_SPECIAL)
		return FAULT_COW_ZERO;
	return frame_at(c->os, pte_fno(pte))->kind == FR_ANON
		   ? FAULT_COW_COPY
		   : FAULT_FILE_PRIVATE_COPY;
}

static void
wp_copy(struct fctx *c, uint64_t pte)
{
	struct os *os = c->os;
	uint32_t old = pte_fno(pte), copy;
	bool zero = pte & PTE_SPECIAL;

	vma_need_anon(os, c->mm, c->vma);
	if (!zero)
		frame_get(os, old);
	copy = frame_alloc(os, 0, FR_ANON);
	if (!copy) {
		if (!zero)
			frame_put(os, old);
		fault_oom(c);
		return;
	}
	c->kind = copy_kind(c, pte);
	frame_at(os, copy)->flags |= FF_EXCLUSIVE;
	forget_page(os, c->mm, c->addr);
	if (!zero)
		frame_at(os, copy)->content = frame_at(os, old)->content;
	if (pte_present(*c->pte) && !zero) {
		rmap_remove(os, old,
			    (struct rmap_at){.as = c->mm->as, .addr = c->addr});
		rss_add(os, c->mm, old, -1);
		swapcache_unmapped(os, old);
		frame_put(os, old);
	}
	if (zero) {
		os->work.pages_zeroed++;
	} else {
		frame_put(os, old);
		os->work.pages_copied++;
	}
	*c->pte = 0;
	pte_install(c, c->addr, c->pte, copy,
		    vma_pte_bits(os, c->vma) | PTE_D |
			(c->vma->flags & VM_WRITE ? PTE_W : 0));
	lru_add(os, copy);
	frame_put(os, copy);
	flush_page(os, c->mm, c->addr);
}

void
fault_wp(struct fctx *c)
{
	uint64_t pte = *c->pte;

	if (c->vma->flags & VM_SHARED) {
		wp_shared(c, pte);
	} else if (can_reuse(c, pte)) {
		frame_at(c->os, pte_fno(pte))->flags |= FF_EXCLUSIVE;
		make_writable(c);
		c->kind = FAULT_COW_REUSE;
	} else {
		wp_copy(c, pte);
	}
}
