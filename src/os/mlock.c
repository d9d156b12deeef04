/*
 * mlock.c - memory that stays (mm/mlock.c), and msync.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/mman.h>

#include "os/internal.h"

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

#define LOCK_FLAGS (VM_LOCKED | VM_LOCKONFAULT)

/* Failed, and not part way. */
static bool
not_begun(const struct call *c)
{
	return call_failed(c) && c->s->ret != -ENOMEM && c->s->ret != -EAGAIN;
}

/* Give [start, end) these lock flags: -ENOMEM at the first hole. */
static int64_t
set_lock(struct call *c, uint64_t start, uint64_t end, uint32_t lock)
{
	while (start < end) {
		struct vma *v = vma_find(c->mm, start);
		uint64_t stop;
		uint32_t f;

		if (!v)
			return -ENOMEM;
		stop = min_u64(v->end, end);
		f = (v->flags & ~LOCK_FLAGS) | lock;
		if (f != v->flags && (start > v->start || stop < v->end) &&
		    c->mm->n_vmas >= c->os->cfg.max_map_count)
			return -ENOMEM;
		if (f != v->flags && !(v->flags & VM_SPECIAL) && !not_begun(c))
			vma_modify(c->os, c->mm, v, start, stop, f);
		start = stop;
	}
	return 0;
}

/* False: there is nothing to do, which is what it wants. */
static bool
lock_range(struct call *c, uint64_t *start, uint64_t *end)
{
	uint64_t low = c->s->args[0] & (PAGE_SIZE - 1);
	uint64_t len = page_up(c->s->args[1] + low);

	*start = c->s->args[0] - low;
	if (!len && c->s->args[1] <= TASK_SIZE) {
		call_want(c, 0);
		return false;
	}
	if (len < c->s->args[1] || !user_range_ok(*start, len)) {
		call_want(c, c->s->args[1] > TASK_SIZE ? -EINVAL : -ENOMEM);
		return false;
	}
	*end = *start + len;
	return true;
}

/* do_mlock(): the limit, less what of the range is locked already. */
static int64_t
limit_errno(const struct call *c, uint64_t start, uint64_t end)
{
	uint64_t there = pages_mapped(c->mm, start, end, VM_LOCKED);

	return may_lock(c->os, c->task->proc, VM_LOCKED,
			page_of(end - start) - there)
		   ? 0
		   : -ENOMEM;
}

/* What mlock(2) says of pages that it could not bring in
 * (__mlock_posix_error_return()). */
static int64_t
populate_errno(const struct call *c, uint64_t start, uint64_t end)
{
	if (populate(c->os, c->task, start, end))
		return 0;
	return c->os->doomed ? -EAGAIN : -ENOMEM;
}

static void
do_lock(struct call *c, uint32_t lock)
{
	uint64_t start, end;
	bool valid = lock_range(c, &start, &end);
	int64_t error = 0, done;

	if (lock && !may_lock_any(c->os, c->task->proc))
		error = -EPERM;
	else if (lock && valid)
		error = limit_errno(c, start, end);
	else if (lock && !may_lock(c->os, c->task->proc, VM_LOCKED,
				   page_of(page_up(c->s->args[1]))))
		error = -ENOMEM; /* the limit is asked before the range */
	if (error)
		call_want(c, error);
	if (!valid || (error && call_failed(c)))
		return;
	done = set_lock(c, start, end, lock);
	if (!done && (lock & VM_LOCKED) && !(lock & VM_LOCKONFAULT) &&
	    !not_begun(c))
		done = populate_errno(c, start, end);
	if (!error)
		call_want(c, done);
}

void
sys_mlock(struct call *c)
{
	do_lock(c, VM_LOCKED);
}

void
sys_mlock2(struct call *c)
{
	if (c->s->args[2] & ~1ull)
		call_want(c, -EINVAL);
	else
		do_lock(c, c->s->args[2] ? LOCK_FLAGS : VM_LOCKED);
}

void
sys_munlock(struct call *c)
{
	do_lock(c, 0);
}

static void
lock_all(struct call *c, uint32_t lock)
{
	for (size_t i = 0; i < c->mm->n_vmas; i++) {
		struct vma *v = c->mm->vmas[i];
		uint32_t f = (v->flags & ~LOCK_FLAGS) | lock;

		if (f == v->flags || (v->flags & VM_SPECIAL))
			continue;
		v = vma_modify(c->os, c->mm, v, v->start, v->end, f);
		vma_find_from(c->mm, v->start, &i);
	}
}

static int64_t
all_errno(const struct call *c)
{
	const struct process *p = c->task->proc;

	if (!may_lock_any(c->os, p))
		return -EPERM;
	if ((c->s->args[0] & MCL_CURRENT) && !c->os->cfg.privileged &&
	    c->mm->total_vm > page_of(p->limit[LIMIT_MEMLOCK]))
		return -ENOMEM;
	return 0;
}

void
sys_mlockall(struct call *c)
{
	uint64_t fl = c->s->args[0];
	uint32_t lock = VM_LOCKED | (fl & MCL_ONFAULT ? VM_LOCKONFAULT : 0);

	if (!fl || (fl & ~7ull) || fl == MCL_ONFAULT) {
		call_want(c, -EINVAL);
		return;
	}
	call_want(c, all_errno(c));
	if (call_failed(c))
		return;
	c->mm->def_flags &= ~LOCK_FLAGS;
	if (fl & MCL_FUTURE)
		c->mm->def_flags |= lock;
	if (!(fl & MCL_CURRENT))
		return;
	lock_all(c, lock);
	populate(c->os, c->task, 0, TASK_SIZE);
}

void
sys_munlockall(struct call *c)
{
	if (call_failed(c))
		return;
	c->mm->def_flags &= ~LOCK_FLAGS;
	lock_all(c, 0);
}

/* msync: only MS_SYNC does anything, to shared files. */
static int64_t
sync_range(struct call *c, uint64_t start, uint64_t end)
{
	uint64_t fl = c->s->args[2];
	int64_t hole = 0;

	while (start < end) {
		struct vma *v = vma_find_from(c->mm, start, NULL);
		uint64_t stop;

		if (!v || v->start >= end)
			return -ENOMEM;
		if (v->start > start) {
			hole = -ENOMEM;
			start = v->start;
		}
		stop = min_u64(v->end, end);
		if ((fl & MS_INVALIDATE) && (v->flags & VM_LOCKED))
			return -EBUSY;
		if ((fl & MS_SYNC) && v->file && (v->flags & VM_SHARED))
			inode_writeback(c->os, v->file->inode,
					vma_index(v, start),
					page_of(stop - start));
		start = stop;
	}
	return hole;
}

void
sys_msync(struct call *c)
{
	uint64_t start = c->s->args[0], len = page_up(c->s->args[1]);
	uint64_t fl = c->s->args[2];

	if ((fl & ~7ull) || (start & (PAGE_SIZE - 1)) ||
	    (fl & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		call_want(c, -EINVAL);
	else if (len < c->s->args[1] || start + len < start)
		call_want(c, -ENOMEM);
	else if (!len)
		call_want(c, 0);
	else if (c->s->ret != -EIO && c->s->ret != -ENOSPC)
		call_want(c, sync_range(c, start, start + len));
}
