/*
 * descriptor.c - which descriptors keep a file (fs/file.c), for files without
 * a name: their pages go when nothing has them open or mapped any more.
 *
 * A descriptor that was there before the trace, or was passed on a socket, is
 * known from its first use on.  The inode stays, empty: somebody may have been
 * overlooked.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "os/internal.h"

#define CLOEXEC_BIT 1u /* in the value, beside the pointer to the inode */

static struct inode *
inode_in(uint64_t value)
{
	return (struct inode *)(uintptr_t)(value & ~(uint64_t)CLOEXEC_BIT);
}

/* Does it have pages that a name, a mapping or a descriptor keeps? */
static bool
is_kept(const struct inode *ino)
{
	return ino->kind == FILE_REGULAR || ino->kind == FILE_SHM;
}

void
inode_unused(struct os *os, struct inode *ino)
{
	if (ino->nameless && !ino->fds && !ino->vmas && is_kept(ino))
		inode_empty(os, ino);
}

static void
let_go(struct os *os, struct inode *ino)
{
	ino->fds--;
	inode_unused(os, ino);
}

static void
fd_close(struct os *os, struct process *p, uint32_t fd)
{
	uint64_t value;

	if (!map_get(&p->fds, fd, &value))
		return;
	map_remove(&p->fds, fd);
	let_go(os, inode_in(value));
}

static void
fd_open(struct os *os, struct process *p, uint32_t fd, struct inode *ino,
	bool cloexec)
{
	bool keep = ino && is_kept(ino);

	if (keep)
		ino->fds++; /* before it loses the one in its place */
	fd_close(os, p, fd);
	if (keep)
		map_put(&p->fds, fd,
			(uint64_t)(uintptr_t)ino | (cloexec ? CLOEXEC_BIT : 0));
}

void
fd_seen(struct call *c, uint64_t fd)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);
	uint64_t value;

	if (!ino || fd > INT32_MAX)
		return;
	if (map_get(&c->task->proc->fds, fd, &value) && inode_in(value) == ino)
		return;
	fd_open(c->os, c->task->proc, (uint32_t)fd, ino, false);
}

void
fd_new(struct call *c, bool cloexec)
{
	if (!call_failed(c) && c->s->ret <= INT32_MAX)
		fd_open(c->os, c->task->proc, (uint32_t)c->s->ret,
			inode_of_file(c->os, c->s->file), cloexec);
}

/* Processes --------------------------------------------------------------- */

void
fds_fork(const struct process *from, struct process *to)
{
	struct map_slot s;

	for (size_t i = 0; map_next(&from->fds, &i, &s);) {
		inode_in(s.value)->fds++;
		map_put(&to->fds, s.key, s.value);
	}
}

/* All, or those that close on exec; what is kept moves to a new table. */
static void
drop(struct os *os, struct process *p, bool all)
{
	struct map old = p->fds;
	struct map_slot s;

	p->fds = (struct map){0};
	for (size_t i = 0; map_next(&old, &i, &s);)
		if (!all && !(s.value & CLOEXEC_BIT))
			map_put(&p->fds, s.key, s.value);
	for (size_t i = 0; map_next(&old, &i, &s);)
		if (all || (s.value & CLOEXEC_BIT))
			let_go(os, inode_in(s.value));
	map_free(&old);
}

void
fds_exec(struct os *os, struct process *p)
{
	drop(os, p, false);
}

void
fds_exit(struct os *os, struct process *p)
{
	drop(os, p, true);
}

/* Calls ------------------------------------------------------------------- */

void
sys_close(struct call *c)
{
	if (!call_failed(c) && c->s->args[0] <= INT32_MAX)
		fd_close(c->os, c->task->proc, (uint32_t)c->s->args[0]);
}

void
sys_close_range(struct call *c)
{
	struct process *p = c->task->proc;
	uint64_t first = c->s->args[0], last = c->s->args[1];
	bool close = !(c->s->args[2] & 4); /* CLOSE_RANGE_CLOEXEC */
	struct map old = p->fds;
	struct map_slot s;

	if (call_failed(c))
		return;
	p->fds = (struct map){0};
	for (size_t i = 0; map_next(&old, &i, &s);) {
		bool in = s.key >= first && s.key <= last;

		if (!in || !close)
			map_put(&p->fds, s.key,
				s.value | (in ? CLOEXEC_BIT : 0));
	}
	for (size_t i = 0; close && map_next(&old, &i, &s);)
		if (s.key >= first && s.key <= last)
			let_go(c->os, inode_in(s.value));
	map_free(&old);
}

void
sys_dup(struct call *c)
{
	if (c->s->nr == SYS_dup2 && c->s->args[0] == c->s->args[1])
		return;
	fd_new(c, c->s->nr == SYS_dup3 && (c->s->args[2] & O_CLOEXEC));
}

/* Copies of descriptors, what becomes of them at exec, seals of a memfd. */
void
sys_fcntl(struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);
	struct process *p = c->task->proc;
	uint64_t value;

	if (call_failed(c))
		return;
	switch (c->s->args[1]) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		fd_new(c, c->s->args[1] == F_DUPFD_CLOEXEC);
		break;
	case F_SETFD:
		if (map_get(&p->fds, c->s->args[0], &value))
			map_put(&p->fds, c->s->args[0],
				(value & ~(uint64_t)CLOEXEC_BIT) |
				    (c->s->args[2] & FD_CLOEXEC));
		break;
	case F_ADD_SEALS:
		if (ino)
			ino->seals |= (uint8_t)c->s->args[2];
		break;
	}
}
