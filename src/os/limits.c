/*
 * limits.c - what a process may have (RLIMIT_*), and what the machine may
 * promise to all of them (overcommit): mm/mmap.c and mm/util.c of Linux 6.8.
 *
 * Only the processes of the trace are known to have been promised anything.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/resource.h>

#include "os/internal.h"

#define ADMIN_RESERVE (8u << 20)   /* sysctl_admin_reserve_kbytes, at most */
#define USER_RESERVE  (128u << 20) /* sysctl_user_reserve_kbytes, at most */

/* As its parent's, if that is there. */
void
limits_init(const struct os *os, struct process *p)
{
	const struct process *parent = map_get_ptr(&os->live, p->parent);

	if (parent) {
		for (unsigned i = 0; i < LIMITS; i++)
			p->limit[i] = parent->limit[i];
		return;
	}
	p->limit[LIMIT_DATA] = os->cfg.limit_data;
	p->limit[LIMIT_STACK] = 8u << 20; /* the image says more */
	p->limit[LIMIT_MEMLOCK] = os->cfg.limit_memlock;
	p->limit[LIMIT_AS] = os->cfg.limit_as;
}

bool
may_expand(const struct os *os, const struct process *p, uint32_t flags,
	   uint64_t pages)
{
	bool data = (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;

	(void)os;
	if (p->mm->total_vm + pages > page_of(p->limit[LIMIT_AS]))
		return false;
	return !data || p->mm->data_vm + pages <= page_of(p->limit[LIMIT_DATA]);
}

bool
may_lock_any(const struct os *os, const struct process *p)
{
	return os->cfg.privileged || p->limit[LIMIT_MEMLOCK];
}

bool
may_lock(const struct os *os, const struct process *p, uint32_t flags,
	 uint64_t pages)
{
	return !(flags & VM_LOCKED) || os->cfg.privileged ||
	       p->mm->locked_vm + pages <= page_of(p->limit[LIMIT_MEMLOCK]);
}

/* vm_commit_limit(), less what is kept back. */
static uint64_t
commit_limit(const struct os *os, const struct mm *mm)
{
	uint64_t all = os->n_frames, kept = 0, limit;

	limit = (all - min_u64(all, os->hugetlb.total * PTES)) *
		    os->cfg.overcommit_ratio / 100 +
		page_of(os->cfg.swap_bytes);
	if (!os->cfg.privileged)
		kept = min_u64(all / 32, page_of(ADMIN_RESERVE));
	kept += min_u64(mm->total_vm / 32,
			min_u64(all / 32, page_of(USER_RESERVE)));
	return limit - min_u64(limit, kept);
}

/* mm/util.c:__vm_enough_memory() */
bool
may_commit(const struct os *os, const struct mm *mm, uint64_t pages)
{
	switch (os->cfg.overcommit) {
	case 1:
		return true;
	case 2:
		return os->committed + pages < commit_limit(os, mm);
	default:
		return pages <= os->n_frames + page_of(os->cfg.swap_bytes);
	}
}

int64_t
grow_errno(const struct call *c, uint32_t flags, uint64_t pages)
{
	const struct process *p = c->task->proc;

	if (!may_lock(c->os, p, flags, pages))
		return -EAGAIN;
	if (!may_expand(c->os, p, flags, pages))
		return -ENOMEM;
	if ((flags & VM_ACCOUNT) && !may_commit(c->os, c->mm, pages))
		return -ENOMEM;
	return 0;
}

uint64_t
pages_mapped(struct mm *mm, uint64_t start, uint64_t end, uint32_t flags)
{
	uint64_t n = 0;
	size_t i;

	vma_find_from(mm, start, &i);
	for (; i < mm->n_vmas && mm->vmas[i]->start < end; i++)
		if (!flags || (mm->vmas[i]->flags & flags))
			n += page_of(min_u64(mm->vmas[i]->end, end) -
				     max_u64(mm->vmas[i]->start, start));
	return n;
}

/* Shared memory is promised whole when it is made. */
void
inode_promise(struct os *os, struct inode *ino, uint64_t pages)
{
	os->committed += pages - ino->promised;
	ino->promised = pages;
}

/* The limits that were set stand where a file's position and size would: the
 * soft one and the hard one; both 0 where they are not known. */
static void
set_limit(struct call *c, uint64_t resource)
{
	static const struct {
		int resource;
		enum limit limit;
	} rows[] = {{RLIMIT_AS, LIMIT_AS},
		    {RLIMIT_DATA, LIMIT_DATA},
		    {RLIMIT_STACK, LIMIT_STACK},
		    {RLIMIT_MEMLOCK, LIMIT_MEMLOCK}};

	if (!c->s->file_pos && !c->s->file_size)
		return;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((uint64_t)rows[i].resource == resource)
			c->task->proc->limit[rows[i].limit] = c->s->file_pos;
}

void
sys_setrlimit(struct call *c)
{
	if (!call_failed(c))
		set_limit(c, c->s->args[0]);
}

/* Of itself, where a new limit is given. */
void
sys_prlimit(struct call *c)
{
	uint64_t pid = c->s->args[0];

	if (!call_failed(c) && c->s->args[2] && (!pid || pid == c->task->pid))
		set_limit(c, c->s->args[1]);
}
