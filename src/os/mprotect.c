/*
 * mprotect.c - changing rights of mappings and of the pages in them
 * (mm/mprotect.c of Linux 6.8).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

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

#define PROT_SEM_BIT 8u

static uint32_t
new_flags(const struct os *os, const struct vma *v, uint64_t prot)
{
	uint32_t f = v->flags & ~VM_ACCESS;

	f |= prot & PROT_READ ? VM_READ : 0;
	f |= prot & PROT_WRITE ? VM_WRITE : 0;
	f |= prot & PROT_EXEC ? VM_EXEC : 0;
	if (f & VM_HUGETLB)
		return f;
	if ((f & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE)
		f |= VM_ACCOUNT;
	/* What was never used is promised no longer (Linux 6.7). */
	else if (os->cfg.kernel >= 607 && !v->file && !v->anon &&
		 !(f & (VM_WRITE | VM_SHARED)))
		f &= ~VM_ACCOUNT;
	return f;
}

/* mprotect_fixup(): what it may not have. */
static int64_t
change_errno(const struct call *c, const struct vma *v, uint32_t flags,
	     uint64_t start, uint64_t stop)
{
	uint64_t n = page_of(stop - start);
	bool parts = start > v->start || stop < v->end;

	if (v->flags & VM_SEALED)
		return -EPERM;
	if (flags & VM_ACCESS & ~(v->flags >> 4))
		return -EACCES;
	if ((flags & VM_WRITE) && !may_expand(c->os, c->task->proc, flags, n) &&
	    may_expand(c->os, c->task->proc, v->flags, n))
		return -ENOMEM;
	if ((flags & ~v->flags & VM_ACCOUNT) && !may_commit(c->os, c->mm, n))
		return -ENOMEM;
	if (parts && flags != v->flags &&
	    c->mm->n_vmas >= c->os->cfg.max_map_count)
		return -ENOMEM;
	return 0;
}

/* One mapping after the other, as far as they go without a hole; a failure part
 * way keeps what was changed before it.  What was done is done, whether it
 * should have been allowed or not. */
static int64_t
apply(struct call *c, uint64_t start, uint64_t end)
{
	uint64_t prot = c->s->args[2];
	bool only_judge =
	    call_failed(c) && c->s->ret != -ENOMEM && c->s->ret != -EACCES;
	int64_t error, first = 0;

	while (start < end) {
		struct vma *v = vma_find(c->mm, start);
		uint64_t stop;
		uint32_t flags;

		if (!v)
			return -ENOMEM;
		stop = min_u64(v->end, end);
		flags = new_flags(c->os, v, prot);
		error = change_errno(c, v, flags, start, stop);
		if (error && (call_failed(c) || error == -EACCES))
			return error;
		first = first ? first : error;
		if (flags != v->flags && !only_judge) {
			v = vma_modify(c->os, c->mm, v, start, stop, flags);
			change_protection(c->os, c->mm, v, start, stop);
		}
		start = stop;
	}
	return first;
}

/* What the arguments decide; 1: nothing yet. */
static int64_t
early_result(const struct call *c)
{
	uint64_t start = c->s->args[0], len = c->s->args[1];
	uint64_t prot = c->s->args[2], key = c->s->args[3];
	const uint64_t grows = PROT_GROWSDOWN | PROT_GROWSUP;

	if ((prot & grows) == grows || (start & (PAGE_SIZE - 1)))
		return -EINVAL;
	if (!len)
		return 0;
	if (!user_range_ok(start, page_up(len)))
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM_BIT | grows))
		return -EINVAL;
	if (c->s->nr == SYS_pkey_mprotect && (int32_t)key != -1 &&
	    (key >= 16 || !(c->mm->pkeys >> key & 1)))
		return -EINVAL;
	return 1;
}

/* PROT_GROWSDOWN: from where the mapping begins.  Nothing grows up here. */
static int64_t
grow_range(const struct call *c, uint64_t *start, uint64_t end)
{
	const struct vma *v = vma_find_from(c->mm, *start, NULL);
	uint64_t prot = c->s->args[2];

	if (!v || v->start >= end)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) {
		*start = v->start;
		return v->flags & VM_GROWSDOWN ? 0 : -EINVAL;
	}
	if (v->start > *start)
		return -ENOMEM;
	return prot & PROT_GROWSUP ? -EINVAL : 0;
}

void
sys_mprotect(struct call *c)
{
	uint64_t start = c->s->args[0];
	uint64_t end = start + page_up(c->s->args[1]);
	int64_t result = early_result(c);

	if (result == 1)
		result = grow_range(c, &start, end);
	if (result || !c->s->args[1]) {
		call_want(c, result);
		return;
	}
	if (hugetlb_cuts(c->mm, start, end)) {
		call_whole(c, -EINVAL);
		return;
	}
	call_want(c, apply(c, start, end));
}

/* mseal(2), Linux 6.10: mappings that stay as they are. */
void
sys_mseal(struct call *c)
{
	uint64_t start = c->s->args[0], len = page_up(c->s->args[1]), end;

	if (c->s->args[2] || (start & (PAGE_SIZE - 1)) || len < c->s->args[1] ||
	    start + len < start) {
		call_want(c, -EINVAL);
		return;
	}
	end = start + len;
	if (pages_mapped(c->mm, start, end, 0) < page_of(len)) {
		call_want(c, -ENOMEM);
		return;
	}
	call_want(c, 0);
	while (!call_failed(c) && start < end) {
		struct vma *v = vma_find(c->mm, start);
		uint64_t stop = min_u64(v->end, end);

		if (!(v->flags & VM_SEALED))
			vma_modify(c->os, c->mm, v, start, stop,
				   v->flags | VM_SEALED);
		start = stop;
	}
}

/* Protection keys: only which there are. */
void
sys_pkey_alloc(struct call *c)
{
	if (!call_failed(c) && c->s->ret < 16)
		c->mm->pkeys |= (uint16_t)(1u << c->s->ret);
	else if (c->s->args[0] || c->s->args[1] & ~3ull)
		call_want(c, -EINVAL);
}

void
sys_pkey_free(struct call *c)
{
	uint64_t key = c->s->args[0];
	bool there = key < 16 && (c->mm->pkeys >> key & 1);

	call_want(c, there ? 0 : -EINVAL);
	if (there && !call_failed(c))
		c->mm->pkeys &= (uint16_t) ~(1u << key);
}
