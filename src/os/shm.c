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

#define SHM_MAX (UINT64_MAX - (1ull << 24)) /* kernel.shmmax */

/* A new segment; whose keys there are outside of the trace is not known. */
void
sys_shmget(struct call *c)
{
	uint64_t key = c->s->args[0], size = c->s->args[1];
	uint64_t fl = c->s->args[2];
	int64_t error = 0;

	if ((uint32_t)key != IPC_PRIVATE)
		return;
	if (!size || size > SHM_MAX)
		error = -EINVAL;
	else if (size > TASK_SIZE)
		error = -ENOSPC;
	else if (!(fl & (SHM_NORESERVE | SHM_HUGETLB)) &&
		 !may_commit(c->os, c->mm, page_of(page_up(size))))
		error = -ENOMEM;
	if (!(fl & SHM_HUGETLB) && c->s->ret != -ENOSPC)
		call_want_error(c, error);
}

/* do_shmat(); access rights to a segment are not known. */
static int64_t
attach_errno(const struct call *c, const struct inode *ino)
{
	uint64_t addr = c->s->args[1], fl = c->s->args[2];
	uint32_t flags = VM_SHARED | (fl & SHM_RDONLY ? 0 : VM_WRITE);
	uint64_t len;

	if ((int32_t)c->s->args[0] < 0)
		return -EINVAL;
	if (!addr && (fl & SHM_REMAP))
		return -EINVAL;
	if ((addr & (PAGE_SIZE - 1)) && !(fl & SHM_RND))
		return -EINVAL;
	if (!ino || ino->backing != BACK_SHM || !ino->size)
		return -EINVAL;
	addr = align_down(addr, PAGE_SIZE);
	len = page_up(min_u64(ino->size, TASK_SIZE));
	if (addr && !(fl & SHM_REMAP) && addr < TASK_SIZE &&
	    vma_overlaps(c->mm, addr, addr + len))
		return -EINVAL;
	if (addr > TASK_SIZE - len ||
	    c->mm->n_vmas > c->os->cfg.max_map_count ||
	    !may_expand(c->os, c->task->proc, flags, page_of(len)))
		return -ENOMEM;
	return 0;
}

uint64_t
shm_place(const struct call *c, struct inode *ino, uint64_t len)
{
	struct place p = {.len = len, .inode = ino, .shared = true};

	return place_find(c->os, c->mm, &p);
}

void
sys_shmat(struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);
	uint64_t addr = (uint64_t)c->s->ret, fl = c->s->args[2], len;
	struct vma v = {.start = addr, .origin = addr, .name = VN_SHM};

	if (c->s->ret != -EACCES && c->s->ret != -EIDRM)
		call_want_error(c, attach_errno(c, ino));
	if (call_failed(c))
		return;
	len = ino ? page_up(min_u64(ino->size, TASK_SIZE)) : 0;
	if (!ino || ino->backing != BACK_SHM || !user_range_ok(addr, len)) {
		call_refuse(c, "shmat of a segment the trace does not name");
		return;
	}
	v.end = addr + len;
	if (!c->s->args[1])
		place_compare(c->os, addr, shm_place(c, ino, len));
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
