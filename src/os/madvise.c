/*
 * madvise.c - advice, by mapping (mm/madvise.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/mman.h>

#include "os/internal.h"

/* Not in every libc's header. */
#define ADV_COLD            20
#define ADV_PAGEOUT         21
#define ADV_POPULATE_READ   22
#define ADV_POPULATE_WRITE  23
#define ADV_DONTNEED_LOCKED 24
#define ADV_COLLAPSE        25
#define ADV_HWPOISON        100
#define ADV_SOFT_OFFLINE    101
#define ADV_GUARD_INSTALL   102
#define ADV_GUARD_REMOVE    103

/* One piece of advice for [start, end) of v; 0 or -errno. */
typedef int64_t advise_fn(struct call *c, struct vma *v, uint64_t start,
			  uint64_t end);

/* Is there anything of huge pages of the pool that this advice is for? */
static bool
for_hugetlb(uint64_t advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case ADV_DONTNEED_LOCKED:
	case MADV_REMOVE:
	case MADV_WILLNEED:
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case ADV_POPULATE_READ:
	case ADV_POPULATE_WRITE:
		return true;
	default:
		return false;
	}
}

/* Advice that changes flags only ------------------------------------------ */

static int64_t
advise_flags(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	uint32_t f = v->flags;

	switch (c->s->args[2]) {
	case MADV_NORMAL:
		f &= ~(VM_RAND_READ | VM_SEQ_READ);
		break;
	case MADV_SEQUENTIAL:
		f = (f & ~VM_RAND_READ) | VM_SEQ_READ;
		break;
	case MADV_RANDOM:
		f = (f & ~VM_SEQ_READ) | VM_RAND_READ;
		break;
	case MADV_DONTFORK:
		f |= VM_DONTCOPY;
		break;
	case MADV_DOFORK:
		if (f & VM_IO)
			return -EINVAL;
		f &= ~VM_DONTCOPY;
		break;
	case MADV_WIPEONFORK:
		if (v->file || (f & VM_SHARED))
			return -EINVAL;
		f |= VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK:
		f &= ~VM_WIPEONFORK;
		break;
	case MADV_DONTDUMP:
		f |= VM_DONTDUMP;
		break;
	case MADV_DODUMP:
		if (f & VM_SPECIAL)
			return -EINVAL;
		f &= ~VM_DONTDUMP;
		break;
	case MADV_HUGEPAGE:
		f = (f & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		break;
	case MADV_NOHUGEPAGE:
		f = (f & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		break;
	case MADV_MERGEABLE:
		f |= VM_MERGEABLE;
		break;
	default: /* MADV_UNMERGEABLE */
		f &= ~VM_MERGEABLE;
	}
	if (f != v->flags && (start > v->start || end < v->end) &&
	    call_failed(c) && c->mm->n_vmas >= c->os->cfg.max_map_count)
		return -EAGAIN;
	if (f != v->flags)
		vma_modify(c->os, c->mm, v, start, end, f);
	return 0;
}

/* Advice that takes pages away -------------------------------------------- */

static int64_t
advise_dontneed(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	uint32_t no = VM_LOCKED | VM_PFNMAP;
	struct gather g;

	if (c->s->args[2] == ADV_DONTNEED_LOCKED)
		no &= ~VM_LOCKED;
	if (v->flags & no)
		return -EINVAL;
	if (v->flags & VM_HUGETLB) { /* whole pages of it, not beyond */
		if (start & (PMD_SIZE - 1))
			return -EINVAL;
		end = align_down(end, PMD_SIZE);
	}
	gather_begin(&g, c->os, c->mm, start, end);
	g.keep_guards = true;
	zap_range(&g, start, end);
	gather_end(&g);
	return 0;
}

/* The page stays, clean and old, until memory is wanted or it is written. */
static void
free_pte(struct gather *g, uint64_t addr, uint64_t *e)
{
	struct frame *f;

	if (pte_is_swap(*e)) {
		zap_pte(g, addr, e);
		return;
	}
	if (!pte_present(*e) || (*e & PTE_SPECIAL))
		return;
	f = frame_at(g->os, pte_fno(*e));
	if (f->kind != FR_ANON || f->mapcount != 1)
		return;
	f->flags |= FF_LAZYFREE;
	if (!(*e & (PTE_A | PTE_D)))
		return;
	gather_announce(g);
	*e &= ~(PTE_A | PTE_D);
	gather_touch(g, addr, PAGE_SIZE);
}

static int64_t
advise_free(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	struct pt_iter it = {.addr = start, .end = end};
	struct gather g;

	if (v->file || (v->flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)))
		return -EINVAL;
	gather_begin(&g, c->os, c->mm, start, end);
	while (pt_next_split(c->os, c->mm, &it)) {
		if (!it.pte)
			free_pte(&g, it.lo, it.pmd);
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++)
			free_pte(&g, a, it.pte);
	}
	gather_end(&g);
	return 0;
}

static int64_t
advise_remove(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	uint32_t may;

	if (v->flags & VM_LOCKED)
		return -EINVAL;
	if (!v->file)
		return -EINVAL;
	may = VM_SHARED | (c->os->cfg.kernel < 607 ? VM_WRITE : VM_MAYWRITE);
	if ((v->flags & may) != may)
		return -EACCES;
	if (v->flags & VM_HUGETLB) {
		call_refuse(c, "MADV_REMOVE of huge pages of the pool");
		return 0;
	}
	inode_punch(c->os, v->file->inode, vma_index(v, start),
		    page_of(end - start));
	return 0;
}

/* Advice that brings pages in --------------------------------------------- */

static int64_t
advise_willneed(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	if (v->file && v->file->inode->backing == BACK_FS)
		ra_range(c->os, v->file->inode, vma_index(v, start),
			 page_of(end - start));
	else if (!v->file)
		swap_willneed(c->os, c->mm, start, end);
	return 0;
}

/* mm/madvise.c: madvise_pageout(); pages of files only if the caller could
 * write them, which is taken to be so. */
static int64_t
advise_pageout(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	if (v->flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB))
		return -EINVAL;
	if (!v->file && !c->os->cfg.swap_bytes)
		return 0;
	for (uint64_t a = start; a < end; a += PAGE_SIZE)
		reclaim_page(c->os, c->mm, a);
	return 0;
}

/* mm/madvise.c: madvise_cold(): old, and inactive. */
static int64_t
advise_cold(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	if (v->flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB))
		return -EINVAL;
	for (uint64_t a = start; a < end; a += PAGE_SIZE)
		reclaim_deactivate(c->os, c->mm, a);
	return 0;
}

static int64_t
advise_populate(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	bool write = c->s->args[2] == ADV_POPULATE_WRITE;

	if ((v->flags & (VM_IO | VM_PFNMAP)) ||
	    !(v->flags & (write ? VM_WRITE : VM_READ)))
		return -EINVAL;
	for (uint64_t a = start; a < end; a += PAGE_SIZE)
		if (!gup_touch(c->os, c->task, v, a, write))
			return -EFAULT;
	return 0;
}

static int64_t
advise_collapse(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	uint64_t first = align_up(start, PMD_SIZE);
	uint64_t last = align_down(end, PMD_SIZE);

	if (first >= last || c->mm->thp_disabled)
		return -EINVAL;
	for (uint64_t a = first; a < last; a += PMD_SIZE)
		huge_collapse(c->os, c->mm, v, a, true);
	return 0;
}

/* Guard pages: markers that raise SIGSEGV (6.13 on). */
static int64_t
advise_guard(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	if (v->flags & (VM_SPECIAL | VM_HUGETLB | VM_LOCKED))
		return -EINVAL;
	advise_dontneed(c, v, start, end);
	for (uint64_t a = start; a < end; a += PAGE_SIZE) {
		uint64_t *pte = pt_make(c->os, c->mm, a, 0);

		if (!pte) {
			call_refuse(c, "out of modelled memory: guard pages");
			return 0;
		}
		*pte = PTE_GUARD;
	}
	return 0;
}

static int64_t
advise_unguard(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	struct pt_iter it = {.addr = start, .end = end};

	if (v->flags & (VM_SPECIAL | VM_HUGETLB))
		return -EINVAL;
	while (pt_next(c->os, c->mm, &it))
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++)
			if (*it.pte == PTE_GUARD)
				*it.pte = 0;
	return 0;
}

/* A page that is to be thought broken. */
static int64_t
advise_poison(struct call *c, struct vma *v, uint64_t start, uint64_t end)
{
	(void)v;
	(void)start;
	(void)end;
	if (!c->os->cfg.privileged)
		return -EPERM;
	if (!call_failed(c))
		call_refuse(c, "memory failure is not modelled");
	return 0;
}

static const struct {
	uint32_t advice;
	advise_fn *fn;
	uint32_t since; /* Linux, as os.kernel counts */
} advice[] = {
    {MADV_NORMAL, advise_flags, 0},
    {MADV_RANDOM, advise_flags, 0},
    {MADV_SEQUENTIAL, advise_flags, 0},
    {MADV_WILLNEED, advise_willneed, 0},
    {MADV_DONTNEED, advise_dontneed, 0},
    {MADV_FREE, advise_free, 0},
    {MADV_REMOVE, advise_remove, 0},
    {MADV_DONTFORK, advise_flags, 0},
    {MADV_DOFORK, advise_flags, 0},
    {MADV_MERGEABLE, advise_flags, 0},
    {MADV_UNMERGEABLE, advise_flags, 0},
    {MADV_HUGEPAGE, advise_flags, 0},
    {MADV_NOHUGEPAGE, advise_flags, 0},
    {MADV_DONTDUMP, advise_flags, 0},
    {MADV_DODUMP, advise_flags, 0},
    {MADV_WIPEONFORK, advise_flags, 0},
    {MADV_KEEPONFORK, advise_flags, 0},
    {ADV_COLD, advise_cold, 0},
    {ADV_PAGEOUT, advise_pageout, 0},
    {ADV_POPULATE_READ, advise_populate, 0},
    {ADV_POPULATE_WRITE, advise_populate, 0},
    {ADV_DONTNEED_LOCKED, advise_dontneed, 0},
    {ADV_COLLAPSE, advise_collapse, 0},
    {ADV_HWPOISON, advise_poison, 0},
    {ADV_SOFT_OFFLINE, advise_poison, 0},
    {ADV_GUARD_INSTALL, advise_guard, 613},
    {ADV_GUARD_REMOVE, advise_unguard, 613},
};

static advise_fn *
find_advice(const struct call *c, uint64_t a)
{
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (advice[i].advice == a &&
		    (advice[i].since <= c->os->cfg.kernel || !call_failed(c)))
			return advice[i].fn;
	return NULL;
}

/* What may not be lost of a sealed mapping that cannot be written. */
static bool
is_sealed(const struct vma *v, uint64_t what)
{
	if (!(v->flags & VM_SEALED) || v->file || (v->flags & VM_WRITE))
		return false;
	return what == MADV_DONTNEED || what == ADV_DONTNEED_LOCKED ||
	       what == MADV_FREE || what == MADV_REMOVE ||
	       what == MADV_DONTFORK || what == MADV_WIPEONFORK ||
	       what == ADV_GUARD_INSTALL;
}

/* Mapping by mapping; holes are stepped over, and reported at the end. */
static int64_t
walk(struct call *c, advise_fn *fn, uint64_t start, uint64_t end)
{
	int64_t hole = 0, error;

	while (start < end) {
		struct vma *v = vma_find_from(c->mm, start, NULL);
		uint64_t stop;

		if (!v || v->start >= end)
			return -ENOMEM;
		if (v->start > start) {
			hole = -ENOMEM;
			start = v->start;
			if (fn == advise_populate)
				return hole;
		}
		stop = min_u64(v->end, end);
		if ((v->flags & VM_HUGETLB) && !for_hugetlb(c->s->args[2]))
			return -EINVAL;
		if (is_sealed(v, c->s->args[2]))
			return -EPERM;
		error = fn(c, v, start, stop);
		if (error || c->refused)
			return error;
		start = stop;
	}
	return hole;
}

/* Failures that come part way: what was before them is done. */
static bool
said_by_walk(int64_t ret)
{
	return ret == -ENOMEM || ret == -EINVAL || ret == -EACCES ||
	       ret == -EPERM || ret == -EFAULT || ret == -EAGAIN;
}

void
sys_madvise(struct call *c)
{
	uint64_t start = c->s->args[0], len = page_up(c->s->args[1]);
	advise_fn *fn = find_advice(c, (uint32_t)c->s->args[2]);

	if (!fn || (start & (PAGE_SIZE - 1)) || len < c->s->args[1]) {
		call_want(c, -EINVAL);
	} else if (!len) {
		call_want(c, 0);
	} else if (!user_range_ok(start, len)) {
		call_want(c, -EINVAL);
	} else if (fn == advise_flags &&
		   hugetlb_cuts(c->mm, start, start + len)) {
		call_whole(c, -EINVAL);
	} else if (!call_failed(c) || said_by_walk(c->s->ret)) {
		call_want(c, walk(c, fn, start, start + len));
	}
}

/* process_madvise(2).  Which ranges, and of which process, stands in memory
 * that a trace does not have: advice that only prepares is passed over. */
void
sys_process_madvise(struct call *c)
{
	uint64_t a = c->s->args[3];
	bool prepares = a == MADV_WILLNEED || a == ADV_COLD ||
			a == ADV_PAGEOUT || a == ADV_COLLAPSE;

	if (c->s->args[4] ||
	    (!prepares && (c->os->cfg.kernel < 613 || !find_advice(c, a))))
		call_want(c, -EINVAL);
	else if (!prepares && !call_failed(c))
		call_refuse(c, "process_madvise that discards is not modelled");
}
