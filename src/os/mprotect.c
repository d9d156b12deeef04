/*
 * mprotect.c - changing rights of mappings and of the pages in them
 * (mm/mprotect.c of Linux 6.8).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/mman.h>

#include "os/internal.h"

/* May the entry become writable at once, without asking by a fault? */
static bool
can_write_now(struct os *os, const struct vma *v, uint64_t p)
{
	struct frame *f;

	if (!(v->flags & VM_WRITE) || (p & PTE_PROTNONE) || (p & PTE_SPECIAL))
		return false;
	f = frame_at(os, pte_fno(p));
	if (v->flags & VM_SHARED)
		return vma_write_notify(os, v) && (p & PTE_D);
	if (os->cfg.kernel < 602 && !(p & PTE_D))
		return false;
	return f->kind == FR_ANON && (f->flags & FF_EXCLUSIVE);
}

/* pte_flags_need_flush(): rights changed, or a bit went away. */
static bool
needs_flush(uint64_t old, uint64_t now)
{
	if (!(old & PTE_P))
		return false;
	return ((old ^ now) & (PTE_W | PTE_NX | PTE_U | PTE_G)) ||
	       (old & ~now & (PTE_P | PTE_D));
}

static void
change_pte(struct gather *g, struct vma *v, uint64_t bits, uint64_t addr,
	   uint64_t *e)
{
	uint64_t old = *e, now;

	if (!pte_present(old))
		return;
	now = (old & (PTE_ADDR | PTE_A | PTE_D | PTE_SPECIAL)) | bits;
	if (!(now & PTE_W) && can_write_now(g->os, v, now))
		now |= PTE_W;
	if (now == old)
		return;
	gather_announce(g);
	*e = now;
	g->os->work.ptes_set++;
	if (needs_flush(old, now))
		gather_touch(g, addr, PAGE_SIZE);
}

static void
change_huge(struct gather *g, struct vma *v, uint64_t bits, uint64_t addr,
	    uint64_t *e)
{
	uint64_t old = *e, now;
	struct frame *f = frame_at(g->os, pte_fno(old));

	now = (old & (PTE_ADDR | PTE_A | PTE_D | PTE_SPECIAL | PTE_PS)) | bits;
	if ((v->flags & VM_WRITE) && (now & PTE_P) && !(now & PTE_SPECIAL) &&
	    f->kind == FR_ANON && (f->flags & FF_EXCLUSIVE) &&
	    (g->os->cfg.kernel >= 602 || (now & PTE_D)))
		now |= PTE_W;
	if (now == old)
		return;
	gather_announce(g);
	*e = now;
	g->os->work.ptes_set++;
	if (needs_flush(old, now))
		gather_touch(g, addr, PMD_SIZE);
}

/* Rewrite what is mapped in [start, end) to v's rights. */
void
change_protection(struct os *os, struct mm *mm, struct vma *v, uint64_t start,
		  uint64_t end)
{
	struct pt_iter it = {.addr = start, .end = end};
	uint64_t bits = vma_pte_bits(os, v) & ~PTE_A;
	struct gather g;

	gather_begin(&g, os, mm, start, end);
	while (pt_next_split(os, mm, &it)) {
		if (!it.pte)
			change_huge(&g, v, bits, it.lo, it.pmd);
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++)
			change_pte(&g, v, bits, a, it.pte);
	}
	gather_end(&g);
}

static uint32_t
new_flags(const struct vma *v, uint64_t prot)
{
	uint32_t f = v->flags & ~VM_ACCESS;

	f |= prot & PROT_READ ? VM_READ : 0;
	f |= prot & PROT_WRITE ? VM_WRITE : 0;
	f |= prot & PROT_EXEC ? VM_EXEC : 0;
	if ((f & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE)
		f |= VM_ACCOUNT;
	return f;
}

/* One mapping after the other, as far as they go without a hole. */
static int64_t
apply(struct call *c, uint64_t start, uint64_t end)
{
	uint64_t prot = c->s->args[2];

	while (start < end) {
		struct vma *v = vma_find(c->mm, start);
		uint64_t stop;
		uint32_t flags;

		if (!v)
			return -ENOMEM;
		stop = min_u64(v->end, end);
		flags = new_flags(v, prot);
		if (flags & VM_ACCESS & ~(v->flags >> 4))
			return -EACCES;
		if (flags != v->flags) {
			v = vma_modify(c->os, c->mm, v, start, stop, flags);
			change_protection(c->os, c->mm, v, start, stop);
		}
		start = stop;
	}
	return 0;
}

void
sys_mprotect(struct call *c)
{
	uint64_t start = c->s->args[0], len = c->s->args[1];
	uint64_t prot = c->s->args[2], grows;
	struct vma *v;

	grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	if ((start & (PAGE_SIZE - 1)) ||
	    grows == (PROT_GROWSDOWN | PROT_GROWSUP) ||
	    (prot &
	     ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC | 8 | grows))) {
		call_want(c, -EINVAL);
		return;
	}
	if (!len) {
		call_want(c, 0);
		return;
	}
	len = (len + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	if (!user_range_ok(start, len)) {
		call_want(c, -ENOMEM);
		return;
	}
	if (hugetlb_cuts(c->mm, start, start + len)) {
		call_whole(c, -EINVAL);
		return;
	}
	v = vma_find(c->mm, start);
	if (v && (grows & PROT_GROWSDOWN) && (v->flags & VM_GROWSDOWN)) {
		len += start - v->start;
		start = v->start;
	}
	/* A failure part way keeps what was changed before it. */
	if (!call_failed(c) || c->s->ret == -ENOMEM || c->s->ret == -EACCES)
		call_want(c, apply(c, start, start + len));
}
