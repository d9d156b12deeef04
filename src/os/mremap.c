/*
 * mremap.c - mappings that grow, shrink and move (mm/mremap.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/mman.h>

#include "os/internal.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

struct move {
	struct os *os;
	struct mm *mm;
	uint64_t from, to, len;
};

static bool
move_pte(struct move *m, uint64_t addr, uint64_t *src)
{
	uint64_t to = addr - m->from + m->to, p;
	uint64_t *dst = pt_make(m->os, m->mm, to, 0);
	uint32_t fno;

	if (!dst)
		return false;
	p = *src; /* reclaim may have come between */
	fno = pte_fno(p);
	*src = 0;
	*dst = p;
	if (!pte_present(p) || (p & PTE_SPECIAL))
		return true;
	rmap_remove(m->os, fno,
		    (struct rmap_at){.as = m->mm->as, .addr = addr});
	rmap_add(m->os, fno, (struct rmap_at){.as = m->mm->as, .addr = to});
	return true;
}

/* A whole page table changes hands; the frames' reverse maps follow. */
static bool
move_table(struct move *m, uint64_t addr)
{
	uint64_t to = addr - m->from + m->to, *pte;

	if ((to & (PMD_SIZE - 1)) || !pt_move_table(m->os, m->mm, addr, to))
		return false;
	pte = pt_find(m->os, m->mm, to, 0);
	for (unsigned i = 0; i < PTES; i++, pte++) {
		struct rmap_at at = {.as = m->mm->as,
				     .addr = addr + i * PAGE_SIZE};

		if (!pte_present(*pte) || (*pte & PTE_SPECIAL))
			continue;
		rmap_remove(m->os, pte_fno(*pte), at);
		at.addr = to + i * PAGE_SIZE;
		rmap_add(m->os, pte_fno(*pte), at);
	}
	return true;
}

static bool
move_huge(struct move *m, uint64_t addr, uint64_t *src)
{
	uint64_t to = addr - m->from + m->to;
	uint64_t *dst =
	    to & (PMD_SIZE - 1) ? NULL : pt_make(m->os, m->mm, to, 1);

	if (!dst || *dst)
		return false;
	huge_move(m->os, m->mm, addr, src, to, dst);
	return true;
}

/* One part, inside 2 MiB of the old range. */
static bool
move_part(struct move *m, struct pt_iter *it)
{
	bool whole = it->hi - it->lo == PMD_SIZE;

	if (!it->pte) {
		if (move_huge(m, it->lo, it->pmd))
			return true;
		huge_split(m->os, m->mm, it->lo, it->pmd);
		it->pte = pt_find(m->os, m->mm, it->lo, 0);
	} else if (whole && move_table(m, it->lo)) {
		return true;
	}
	for (uint64_t a = it->lo; a < it->hi; a += PAGE_SIZE, it->pte++)
		if (*it->pte && !move_pte(m, a, it->pte))
			return false;
	return true;
}

/* Flushes follow each part, as in move_page_tables(). */
static bool
move_tables(struct move *m)
{
	struct pt_iter it = {.addr = m->from, .end = m->from + m->len};
	struct gather g;

	while (pt_next_split(m->os, m->mm, &it)) {
		gather_begin(&g, m->os, m->mm, it.lo, it.hi);
		gather_announce(&g);
		gather_touch(&g, it.lo, it.hi - it.lo);
		if (!move_part(m, &it))
			return false;
		gather_end(&g);
	}
	return true;
}

/* copy_vma(): the new mapping, merged where it can be. */
static struct vma *
copy_vma(struct call *c, struct vma *v, uint64_t from, uint64_t to,
	 uint64_t len)
{
	struct vma n = *v;

	n.start = to;
	n.end = to + len;
	n.pgoff = !v->file && !v->anon ? page_of(to) : vma_index(v, from);
	return vma_add(c->os, c->mm, &n);
}

/* All of the old mapping is unlocked, even what stays out of the move. */
static void
after_dontunmap(struct call *c, uint64_t from, uint64_t len)
{
	struct vma *v = vma_find(c->mm, from);

	if (v->flags & VM_LOCKED)
		vma_set_flags(c->os, c->mm, v,
			      v->flags & ~(VM_LOCKED | VM_LOCKONFAULT));
	if (v->start == from && v->end == from + len)
		v->anon = v->anon_depth = 0;
}

static bool
move_vma(struct call *c, struct vma *v, uint64_t from, uint64_t old_len,
	 uint64_t to, uint64_t new_len)
{
	struct move m = {c->os, c->mm, from, to, min_u64(old_len, new_len)};
	bool locked = v->flags & VM_LOCKED, hugetlb;

	hugetlb = v->flags & VM_HUGETLB;
	copy_vma(c, v, from, to, new_len);
	if (hugetlb)
		hugetlb_moved(c->mm, from, to, m.len);
	if (m.len && !move_tables(&m))
		return call_refuse(c, "out of modelled memory in mremap");
	if (c->s->args[3] & MREMAP_DONTUNMAP)
		after_dontunmap(c, from, old_len);
	else if (old_len)
		vma_unmap(c->os, c->mm, from, from + old_len);
	if (locked && new_len > old_len)
		populate(c->os, c->task, to + old_len, to + new_len);
	return true;
}

/* The mappings of a range.  Where there are holes between, what is at their
 * places there stays. */
static void
move_all(struct call *c, uint64_t from, uint64_t old_len, uint64_t to,
	 uint64_t new_len)
{
	struct vma *v = vma_find(c->mm, from);
	uint64_t end = from + old_len;

	if (v && old_len <= v->end - from) {
		vma_unmap(c->os, c->mm, to, to + new_len);
		v = vma_find(c->mm, from);
		move_vma(c, v, from, old_len, to, new_len);
		return;
	}
	for (uint64_t at = from, stop; at < end && !c->refused; at = stop) {
		v = vma_find_from(c->mm, at, NULL);
		if (!v || v->start >= end)
			break;
		at = max_u64(at, v->start);
		stop = min_u64(v->end, end);
		vma_unmap(c->os, c->mm, to + at - from, to + stop - from);
		move_vma(c, v, at, stop - at, to + at - from, stop - at);
	}
}

/* Growing where it stands. */
static void
expand(struct call *c, struct vma *v, uint64_t from, uint64_t old_len,
       uint64_t new_len)
{
	struct vma n = *v;

	n.start = v->end;
	n.end = from + new_len;
	n.pgoff = vma_index(v, v->end);
	/* The growth joins v whatever else merging would ask for. */
	if (v->end != from + old_len || vma_overlaps(c->mm, n.start, n.end)) {
		call_refuse(c, "mremap grew in place where there is no room");
		return;
	}
	vma_extend(c->os, c->mm, v, n.end);
	if (v->flags & VM_LOCKED)
		populate(c->os, c->task, n.start, n.end);
}

/* Which error the arguments alone deserve. */
static int64_t
argument_errno(const struct call *c, uint64_t old_len, uint64_t new_len)
{
	uint64_t fl = c->s->args[3], from = c->s->args[0];

	if ((fl & ~7ull) || (from & (PAGE_SIZE - 1)) || !new_len)
		return -EINVAL;
	if ((fl & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(fl & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((fl & MREMAP_DONTUNMAP) && old_len != new_len)
		return -EINVAL;
	/* Linux 6.17 looks before it looks for the mapping. */
	if (c->os->cfg.kernel >= 617 && new_len > TASK_SIZE)
		return -EINVAL;
	return 0;
}

/* mremap_to() */
static int64_t
target_errno(const struct call *c, uint64_t old_len, uint64_t new_len)
{
	uint64_t fl = c->s->args[3], from = c->s->args[0], to = c->s->args[4];

	if (!(fl & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if ((to & (PAGE_SIZE - 1)) || new_len > TASK_SIZE ||
	    to > TASK_SIZE - new_len ||
	    (from + old_len > to && to + new_len > from))
		return -EINVAL;
	if ((fl & MREMAP_FIXED) && to < MMAP_MIN_ADDR && !c->os->cfg.privileged)
		return -EPERM;
	if (c->mm->n_vmas + 2 >= c->os->cfg.max_map_count - 3)
		return -ENOMEM;
	return 0;
}

/* Without leave to move: is there room behind it? */
static bool
can_expand(const struct call *c, const struct vma *v, uint64_t old_len,
	   uint64_t new_len)
{
	uint64_t from = c->s->args[0];

	return v->end == from + old_len && from <= TASK_SIZE - new_len &&
	       !vma_overlaps(c->mm, v->end, from + new_len);
}

/* Where Linux would have moved it. */
uint64_t
mremap_away(const struct call *c, const struct vma *v, uint64_t new_len)
{
	struct place p = {.len = new_len,
			  .pgoff = vma_index(v, c->s->args[0]),
			  .shared = v->flags & VM_MAYSHARE,
			  .huge = v->flags & VM_HUGETLB};

	if (v->file && !v->file->inode->anon_shm)
		p.inode = v->file->inode;
	return place_find(c->os, c->mm, &p);
}

/* Same, or where it is, if it can grow there. */
uint64_t
mremap_place(const struct call *c, const struct vma *v, uint64_t new_len)
{
	uint64_t from = c->s->args[0], old_len = page_up(c->s->args[1]);

	if (!(c->s->args[3] & MREMAP_DONTUNMAP) && old_len &&
	    can_expand(c, v, old_len, new_len))
		return from;
	return mremap_away(c, v, new_len);
}

/* Linux 6.17 moves several mappings at once, if none changes its size. */
static bool
moves_many(const struct call *c, uint64_t old_len, uint64_t new_len)
{
	return c->os->cfg.kernel >= 617 && (c->s->args[3] & MREMAP_FIXED) &&
	       new_len == old_len;
}

/* Does it go beyond the mapping?  What a move leaves out is unmapped before
 * that is asked. */
static bool
across(const struct call *c, const struct vma *v, uint64_t old_len,
       uint64_t new_len)
{
	if (c->s->args[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		old_len = min_u64(old_len, new_len);
	return old_len > v->end - c->s->args[0];
}

/* Of munmap(2) for what is left out. */
static int64_t
shrink_errno(const struct call *c, uint64_t old_len, uint64_t new_len)
{
	uint64_t start = c->s->args[0] + new_len;

	if (old_len == new_len || user_range_ok(start, old_len - new_len))
		return 0;
	return -EINVAL;
}

/* vma_to_resize(), and what follows on growth. */
static int64_t
resize_errno(const struct call *c, const struct vma *v, uint64_t old_len,
	     uint64_t new_len)
{
	uint64_t fl = c->s->args[3];
	bool moves = fl & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	int64_t error;

	if (!moves && old_len >= new_len && old_len)
		return shrink_errno(c, old_len, new_len);
	if (!old_len && !(v->flags & (VM_SHARED | VM_MAYSHARE)))
		return -EINVAL;
	if ((fl & MREMAP_DONTUNMAP) && (v->flags & (VM_DONTEXPAND | VM_PFNMAP)))
		return -EINVAL;
	if (across(c, v, old_len, new_len))
		return moves_many(c, old_len, new_len) ? 0 : -EFAULT;
	if (new_len <= old_len)
		return shrink_errno(c, old_len, new_len);
	if (v->flags & (VM_DONTEXPAND | VM_PFNMAP))
		return -EFAULT;
	error = grow_errno(c, v->flags, page_of(new_len - old_len));
	if (error || (fl & MREMAP_MAYMOVE))
		return error || moves || mremap_place(c, v, new_len) ? error
								     : -ENOMEM;
	return can_expand(c, v, old_len, new_len) ? 0 : -ENOMEM;
}

/* Which error, if any, Linux would give. */
static int64_t
mremap_errno(const struct call *c, uint64_t old_len, uint64_t new_len)
{
	uint64_t from = c->s->args[0];
	int64_t error = argument_errno(c, old_len, new_len);
	struct vma *v;

	if (!error && c->os->cfg.kernel >= 617)
		error = target_errno(c, old_len, new_len);
	if (error)
		return error;
	v = from < TASK_SIZE ? vma_find(c->mm, from) : NULL;
	if (!v)
		return -EFAULT;
	if ((v->flags & VM_HUGETLB) && new_len > old_len)
		return -EINVAL;
	error = target_errno(c, old_len, new_len);
	if (!error && pages_mapped(c->mm, from, from + old_len, VM_SEALED))
		error = -EPERM;
	return error ? error : resize_errno(c, v, old_len, new_len);
}

/* What was at a fixed target is gone before the size is looked at; since 6.17
 * only before what is left out is unmapped. */
static void
unmap_target(struct call *c, uint64_t old_len, uint64_t new_len)
{
	uint64_t from = c->s->args[0], to = c->s->args[4];

	if (c->os->cfg.kernel >= 617 &&
	    (old_len <= new_len || c->s->ret != -EINVAL))
		return;
	if ((c->s->args[3] & MREMAP_FIXED) && from < TASK_SIZE &&
	    vma_find(c->mm, from) && !argument_errno(c, old_len, new_len) &&
	    !target_errno(c, old_len, new_len))
		vma_unmap(c->os, c->mm, to, to + new_len);
}

/* Whoever runs the program may have something of its own behind the mapping.
 */
static bool
may_have_no_room(const struct call *c)
{
	return c->s->ret == -ENOMEM && !(c->s->args[3] & MREMAP_MAYMOVE);
}

void
sys_mremap(struct call *c)
{
	uint64_t from = c->s->args[0], fl = c->s->args[3];
	uint64_t old_len = page_up(c->s->args[1]);
	uint64_t new_len = page_up(c->s->args[2]);
	uint64_t to = (uint64_t)c->s->ret;
	struct vma *v = from < TASK_SIZE ? vma_find(c->mm, from) : NULL;
	int64_t error;

	if (v && (v->flags & VM_HUGETLB)) {
		old_len = align_up(old_len, PMD_SIZE);
		new_len = align_up(new_len, PMD_SIZE);
	}
	error = mremap_errno(c, old_len, new_len);
	if (!error && (hugetlb_cuts(c->mm, from, from + old_len) ||
		       hugetlb_cuts(c->mm, to, to + new_len) ||
		       (v->flags & VM_HUGETLB && (to & (PMD_SIZE - 1))))) {
		call_whole(c, -EINVAL);
		return;
	}

	if (!error && !call_failed(c) && (fl & MREMAP_FIXED))
		call_want(c, (int64_t)c->s->args[4]);
	else if (error || !may_have_no_room(c))
		call_want_error(c, error);
	if (call_failed(c) && error == c->s->ret)
		unmap_target(c, old_len, new_len);
	if (call_failed(c) || error == -EINVAL || error == -EFAULT || !v)
		return; /* what only a limit forbids was done */
	if (!user_range_ok(to, new_len) ||
	    (old_len && !user_range_ok(from, old_len))) {
		call_refuse(c, "mremap: recorded result is no range of pages");
		return;
	}
	if (to == from && old_len) {
		if (new_len < old_len)
			vma_unmap(c->os, c->mm, from + new_len, from + old_len);
		else if (new_len > old_len)
			expand(c, v, from, old_len, new_len);
		return;
	}
	if (!(fl & MREMAP_FIXED))
		place_compare(c->os, to, mremap_place(c, v, new_len));
	if (to < from + old_len && from < to + new_len) {
		call_refuse(c, "mremap: result overlaps the old range");
		return;
	}
	if (old_len > new_len) {
		vma_unmap(c->os, c->mm, from + new_len, from + old_len);
		old_len = new_len;
	}
	move_all(c, from, old_len, to, new_len);
}
