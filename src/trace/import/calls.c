/* calls.c - see calls.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "base/xalloc.h"
#include "trace/import/calls.h"
#include "trace/import/import_priv.h"
#include "trace/syscalls.h"

#define FIRST_ID  70000u /* beyond the files of a mappings list */
#define MAX_FILES 65536u

void
descriptors_free(struct descriptors *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->files[i].path);
	free(d->files);
	map_free(&d->open);
}

static bool
changes_mappings(uint32_t nr)
{
	return nr == NR_MMAP || nr == NR_MPROTECT || nr == NR_MUNMAP ||
	       nr == NR_BRK || nr == NR_MREMAP || nr == NR_MADVISE;
}

bool
call_matters(uint32_t nr)
{
	return changes_mappings(nr) || nr == NR_OPEN || nr == NR_OPENAT ||
	       nr == NR_CLOSE || nr == NR_FSTAT || nr == NR_NEWFSTATAT ||
	       nr == NR_DUP || nr == NR_DUP2 || nr == NR_DUP3;
}

bool
call_maps(const struct call *c, uint64_t *start, uint64_t *end)
{
	uint64_t at = (uint64_t)c->ret, len = 0;

	if (c->ret <= 1)
		return false;
	if (c->nr == NR_MMAP)
		len = c->args[1];
	else if (c->nr == NR_MREMAP)
		len = c->args[2];
	else
		return false;
	*start = at;
	*end = at + align_up(len, PAGE_SIZE);
	return len && len < USER_END && *end <= USER_END;
}

/* -------------------------------------------------------------- descriptors */

static uint64_t
fd_key(const struct import *im, uint64_t fd)
{
	return (uint64_t)im->pid << 32 | (uint32_t)fd;
}

/* The same path is the same file; what has no path is a file of its own. */
static uint64_t
file_of_path(struct descriptors *d, const char *path)
{
	for (size_t i = 0; path && i < d->n; i++)
		if (!strcmp(d->files[i].path, path))
			return i + 1;
	if (d->n >= MAX_FILES)
		return 0;
	d->files = xgrow(d->files, d->n, &d->cap, sizeof(*d->files));
	d->files[d->n++] = (struct seen_file){
	    .path = path ? xstrdup(path)
			 : xasprintf("(unknown file %zu)", d->n + 1)};
	return d->n;
}

static struct seen_file *
file_of_fd(struct import *im, uint64_t fd, const char *path)
{
	struct descriptors *d = &im->descriptors;
	uint64_t i;

	if (path || !map_get(&d->open, fd_key(im, fd), &i)) {
		i = file_of_path(d, path);
		map_put(&d->open, fd_key(im, fd), i);
	}
	return i ? &d->files[i - 1] : NULL;
}

static void
follow(struct import *im, const struct call *c)
{
	struct descriptors *d = &im->descriptors;
	struct seen_file *f;
	uint64_t i;

	switch (c->nr) {
	case NR_OPEN:
	case NR_OPENAT:
		map_remove(&d->open, fd_key(im, (uint64_t)c->ret));
		file_of_fd(im, (uint64_t)c->ret, c->path);
		return;
	case NR_CLOSE:
		map_remove(&d->open, fd_key(im, c->args[0]));
		return;
	case NR_DUP:
	case NR_DUP2:
	case NR_DUP3:
		if (map_get(&d->open, fd_key(im, c->args[0]), &i))
			map_put(&d->open, fd_key(im, (uint64_t)c->ret), i);
		return;
	case NR_FSTAT:
	case NR_NEWFSTATAT:
		f = c->size ? file_of_fd(im, c->args[0], c->path) : NULL;
		if (f)
			f->size = max_u64(f->size, c->size);
		return;
	}
}

/* ------------------------------------------------------------------ events */

/* The file has at least what is mapped of it, for all one knows. */
static bool
name_file(struct import *im, const struct call *c, struct syscall_desc *sys)
{
	struct seen_file *f = file_of_fd(im, c->args[4], c->path);
	struct event ev = {.kind = EV_FILE, .pid = im->pid, .tid = im->tid};
	uint64_t end;

	if (!f || __builtin_add_overflow(c->args[5], c->args[1], &end))
		return true;
	f->size = max_u64(f->size, c->size ? c->size : end);
	sys->file_flags = c->args[2] & PROT_WRITE && c->args[3] & MAP_SHARED
			      ? 2 /* O_RDWR */
			      : 0;
	sys->file_size = f->size;
	sys->file = f->id;
	if (f->id)
		return true;
	f->id = FIRST_ID + (uint32_t)(f - im->descriptors.files);
	sys->file = f->id;
	ev.file = (struct file_desc){.id = f->id,
				     .kind = FILE_REGULAR,
				     .inode = f->id,
				     .size = f->size,
				     .path = f->path};
	return import_event(im, &ev);
}

/* What the kernel reads and writes for it, as far as the arguments say. */
static void
find_memory(const struct call *c, struct user_ranges *out)
{
	const struct syscall_row *row = syscall_find(c->nr);
	struct syscall_use use = {.ret = c->ret,
				  .strings = {-1, -1, -1, -1, -1, -1}};

	memcpy(use.args, c->args, sizeof(use.args));
	if (c->strings)
		memcpy(use.strings, c->strings, sizeof(use.strings));
	if (row)
		syscall_ranges(row, &use, out);
}

bool
import_call(struct import *im, const struct call *c)
{
	struct event ev = {.kind = EV_SYSCALL};
	struct user_ranges memory = {0};
	bool fine;

	if (!im->tid && !import_thread(im, IMPORT_PID, IMPORT_PID))
		return false;
	if (c->ret >= 0)
		follow(im, c);
	find_memory(c, &memory);
	if (!changes_mappings(c->nr) && !memory.n)
		return true;
	ev.pid = im->pid;
	ev.tid = im->tid;
	ev.sys = (struct syscall_desc){.nr = c->nr,
				       .ret = c->ret,
				       .n_ranges = (uint32_t)memory.n,
				       .ranges = memory.items};
	memcpy(ev.sys.args, c->args, sizeof(ev.sys.args));
	fine = c->nr != NR_MMAP || c->ret <= 0 || c->args[3] & MAP_ANONYMOUS ||
	       name_file(im, c, &ev.sys);
	im->calls++;
	fine = fine && import_event(im, &ev);
	free(memory.items);
	return fine;
}
