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
		if (f != v->flags && !(v->flags & VM_SPECIAL))
			vma_modify(c->os, c->mm, v, start, stop, f);
		start = stop;
	}
	return 0;
}

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

static void
do_lock(struct call *c, uint32_t lock)
{
	uint64_t start, end;
	int64_t error;

	if (!lock_range(c, &start, &end))
		return;
	if (call_failed(c) && c->s->ret != -ENOMEM)
		return;
	error = set_lock(c, start, end, lock);
	call_want(c, error);
	if (!error && (lock & VM_LOCKED))
		populate(c->os, c->task, start, end);
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

void
sys_mlockall(struct call *c)
{
	uint64_t fl = c->s->args[0];
	uint32_t lock = VM_LOCKED | (fl & MCL_ONFAULT ? VM_LOCKONFAULT : 0);

	if (!fl || (fl & ~7ull) || fl == MCL_ONFAULT) {
		call_want(c, -EINVAL);
		return;
	}
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
	else if (!call_failed(c) || c->s->ret == -ENOMEM)
		call_want(c, sync_range(c, start, start + len));
}
