/*
 * shm.c - System V shared memory (ipc/shm.c).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "base/xalloc.h"
#include "os/internal.h"

/* An open file that lives as long as its mappings. */
struct ofile *
ofile_private(struct inode *ino)
{
	struct ofile *f = xcalloc(1, sizeof(*f));

	f->inode = ino;
	ino->handles++;
	return f; /* no reference yet: the mapping takes the first */
}

void
sys_shmat(struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);
	uint64_t addr = (uint64_t)c->s->ret, fl = c->s->args[2], len;
	struct vma v = {.start = addr, .origin = addr, .name = VN_SHM};

	if (call_failed(c))
		return;
	len = ino ? page_up(min_u64(ino->size, TASK_SIZE)) : 0;
	if (!ino || ino->backing != BACK_SHM || !user_range_ok(addr, len)) {
		call_refuse(c, "shmat of a segment the trace does not name");
		return;
	}
	v.end = addr + len;
	if (hugetlb_cuts(c->mm, addr, v.end)) {
		call_whole(c, -EINVAL);
		return;
	}
	v.flags = VM_READ | VM_MAYACCESS | VM_SHARED | VM_MAYSHARE;
	if (fl & SHM_RDONLY)
		v.flags &= ~(VM_MAYWRITE | VM_SHARED);
	else
		v.flags |= VM_WRITE;
	v.flags |= fl & SHM_EXEC ? VM_EXEC : 0;
	v.file = ofile_private(ino);
	v.file->refs++; /* what is unmapped may be the same segment */
	vma_unmap(c->os, c->mm, v.start, v.end);
	vma_add(c->os, c->mm, &v);
	ofile_put(c->os, v.file);
}

/* Every piece of the attachment that began at addr, wherever it was cut. */
void
sys_shmdt(struct call *c)
{
	uint64_t addr = c->s->args[0], end;
	struct inode *ino = NULL;
	size_t i;
	int64_t want = -EINVAL;

	if ((addr & (PAGE_SIZE - 1)) || addr >= TASK_SIZE) {
		call_want(c, want);
		return;
	}
	vma_find_from(c->mm, addr, &i);
	for (end = TASK_SIZE; i < c->mm->n_vmas;) {
		struct vma *v = c->mm->vmas[i];

		if (v->start >= end)
			break;
		if (v->name == VN_SHM && v->start >= addr &&
		    page_of(v->start - addr) == v->pgoff &&
		    (!ino || v->file->inode == ino)) {
			if (!ino)
				end = addr + page_up(v->file->inode->size);
			ino = v->file->inode;
			want = 0;
			if (!call_failed(c)) {
				bool last = ino->vmas == 1;

				vma_unmap(c->os, c->mm, v->start, v->end);
				if (last)
					break; /* the inode may be gone */
				continue;
			}
		}
		i++;
	}
	call_want(c, want);
}

void
sys_shmctl(struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);

	if (call_failed(c) || !ino || (c->s->args[1] & 0xff) != IPC_RMID)
		return;
	if (ino->kind != FILE_SYSV)
		return;
	ino->removed = true;
	inode_maybe_free(c->os, ino);
}
