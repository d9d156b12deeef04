/*
 * capture_files.c - files and descriptors of a captured program.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/xalloc.h"

/* Valgrind keeps its own descriptors at the top (12 of them, from the hard
 * limit down); a program is not given those. */
#define VALGRIND_FDS 12

void
files_free(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free((char *)f->items[i].path);
	free(f->items);
	free(f->sizes);
	free(f->next);
	map_free(&f->by_key);
	*f = (struct files){0};
}

const struct file_desc *
files_get(const struct files *f, uint32_t id)
{
	return id && id <= f->n ? &f->items[id - 1] : NULL;
}

uint64_t
files_size(const struct files *f, uint32_t id)
{
	return id && id <= f->n ? f->sizes[id - 1] : 0;
}

void
files_set_size(struct files *f, uint32_t id, uint64_t size)
{
	if (id && id <= f->n)
		f->sizes[id - 1] = size;
}

static uint64_t
file_key(uint8_t kind, uint64_t dev, uint64_t inode)
{
	return hash_u64(dev + kind) ^ hash_u64(~inode) >> 1;
}

static uint32_t
find_file(const struct files *f, uint64_t key, const struct file_desc *want)
{
	uint64_t id = 0;

	map_get(&f->by_key, key, &id);
	for (; id; id = f->next[id - 1]) {
		const struct file_desc *d = &f->items[id - 1];

		if (d->dev == want->dev && d->inode == want->inode &&
		    d->kind == want->kind)
			return (uint32_t)id;
	}
	return FILE_NONE;
}

static uint32_t
add(struct files *f, struct file_desc d)
{
	uint64_t key = file_key(d.kind, d.dev, d.inode) >> 1, head = 0;
	uint32_t id = find_file(f, key, &d);

	if (id)
		return id;
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 16;
		f->items = xreallocarray(f->items, f->cap, sizeof(*f->items));
		f->sizes = xreallocarray(f->sizes, f->cap, sizeof(*f->sizes));
		f->next = xreallocarray(f->next, f->cap, sizeof(*f->next));
	}
	id = (uint32_t)++f->n;
	map_get(&f->by_key, key, &head);
	f->next[id - 1] = (uint32_t)head;
	map_put(&f->by_key, key, id);
	d.id = id;
	d.path = xstrdup(d.path);
	f->items[id - 1] = d;
	f->sizes[id - 1] = d.size;
	if (f->announce)
		f->announce(f->ctx, &f->items[id - 1]);
	return id;
}

uint32_t
files_add(struct files *f, const struct stat *st, uint8_t kind,
	  const char *path)
{
	return add(f, (struct file_desc){.kind = kind,
					 .dev = st->st_dev,
					 .inode = st->st_ino,
					 .rdev = st->st_rdev,
					 .size = (uint64_t)st->st_size,
					 .path = path});
}

uint64_t
sysv_size(int shmid)
{
	struct shmid_ds ds = {0};

	return shmctl(shmid, IPC_STAT, &ds) ? 0 : ds.shm_segsz;
}

uint32_t
files_add_sysv(struct files *f, int shmid, uint64_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "SYSV%08x", (unsigned)shmid);
	return add(f, (struct file_desc){.kind = FILE_SYSV,
					 .inode = (uint64_t)shmid,
					 .size = size,
					 .path = name});
}

static uint8_t
kind_of(const struct stat *st, const char *link)
{
	struct statfs fs;

	switch (st->st_mode & S_IFMT) {
	case S_IFDIR:
		return FILE_DIRECTORY;
	case S_IFCHR:
		return FILE_CHARDEV;
	case S_IFBLK:
		return FILE_BLOCKDEV;
	case S_IFIFO:
		return FILE_PIPE;
	case S_IFSOCK:
		return FILE_SOCKET;
	case S_IFREG:
		if (!statfs(link, &fs) && fs.f_type == TMPFS_MAGIC)
			return FILE_SHM;
		return FILE_REGULAR;
	default:
		return FILE_ANON_FD;
	}
}

uint32_t
files_add_link(struct files *f, const char *link, struct stat *st)
{
	char path[PATH_MAX];
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	uint32_t id;

	if (stat(link, st))
		return FILE_NONE;
	if (n < 0)
		snprintf(path, sizeof(path), "%s", link);
	else
		path[n] = '\0';
	f->link = link;
	id = files_add(f, st, kind_of(st, link), path);
	f->link = NULL;
	return id;
}

static void
drop(struct open_file *o)
{
	if (o && --o->refs == 0)
		free(o);
}

void
fds_free(struct fd_table *t)
{
	struct map_slot s;

	for (size_t i = 0; map_next(&t->fds, &i, &s);)
		drop((struct open_file *)(uintptr_t)s.value);
	map_free(&t->fds);
}

void
fds_copy(struct fd_table *to, const struct fd_table *from)
{
	struct map_slot s;

	*to = (struct fd_table){0};
	for (size_t i = 0; map_next(&from->fds, &i, &s);) {
		struct open_file *o = (struct open_file *)(uintptr_t)s.value;

		o->refs++;
		map_put_ptr(&to->fds, s.key, o);
	}
}

/* flags and pos from /proc/PID/fdinfo/FD. */
static void
read_fdinfo(pid_t pid, uint32_t fd, struct open_file *o)
{
	char name[64], line[128];
	unsigned long long v;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%u", (int)pid, fd);
	in = fopen(name, "re");
	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "pos: %llu", &v) == 1)
			o->pos = v;
		else if (sscanf(line, "flags: %llo", &v) == 1)
			o->flags = (uint32_t)v;
	}
	fclose(in);
}

static struct open_file *
look_up(struct files *f, pid_t pid, uint32_t fd)
{
	struct open_file *o;
	struct stat st;
	char link[64];
	uint32_t id;

	snprintf(link, sizeof(link), "/proc/%d/fd/%u", (int)pid, fd);
	id = files_add_link(f, link, &st);
	if (!id)
		return NULL;
	files_set_size(f, id, (uint64_t)st.st_size);
	o = xcalloc(1, sizeof(*o));
	o->refs = 1;
	o->file = id;
	read_fdinfo(pid, fd, o);
	return o;
}

static void
put(struct fd_table *t, uint32_t fd, struct open_file *o)
{
	fds_closed(t, fd);
	if (o)
		map_put_ptr(&t->fds, fd, o);
}

struct open_file *
fds_get(struct fd_table *t, struct files *f, pid_t pid, uint32_t fd)
{
	struct open_file *o = map_get_ptr(&t->fds, fd);

	if (!o) {
		o = look_up(f, pid, fd);
		put(t, fd, o);
	}
	return o;
}

void
fds_opened(struct fd_table *t, struct files *f, pid_t pid, uint32_t fd)
{
	struct open_file *o = look_up(f, pid, fd);

	if (o)
		o->pos = 0;
	put(t, fd, o);
}

void
fds_closed(struct fd_table *t, uint32_t fd)
{
	drop(map_get_ptr(&t->fds, fd));
	map_remove(&t->fds, fd);
}

void
fds_closed_range(struct fd_table *t, uint32_t first, uint32_t last)
{
	uint32_t *gone = NULL;
	size_t n = 0, cap = 0;
	struct map_slot s;

	for (size_t i = 0; map_next(&t->fds, &i, &s);) {
		if (s.key < first || s.key > last)
			continue;
		gone = xgrow(gone, n, &cap, sizeof(*gone));
		gone[n++] = (uint32_t)s.key;
	}
	while (n > 0)
		fds_closed(t, gone[--n]);
	free(gone);
}

void
fds_dup(struct fd_table *t, struct files *f, pid_t pid, uint32_t from,
	uint32_t to)
{
	struct open_file *o = fds_get(t, f, pid, from);

	if (from == to || !o)
		return;
	o->refs++;
	put(t, to, o);
}

/* What fd is now, keeping the open file shared with others if it is still
 * the same one. */
static void
rescan(struct fd_table *t, const struct fd_table *old, struct files *f,
       pid_t pid, uint32_t fd)
{
	struct open_file *now = look_up(f, pid, fd);
	struct open_file *was = map_get_ptr(&old->fds, fd);

	if (now && was && was->file == now->file &&
	    ((was->flags ^ now->flags) & O_ACCMODE) == 0) {
		was->refs++;
		was->pos = now->pos;
		was->flags = now->flags;
		drop(now);
		now = was;
	}
	put(t, fd, now);
}

void
fds_scan(struct fd_table *t, struct files *f, pid_t pid)
{
	struct fd_table old = *t;
	struct rlimit rl = {RLIM_INFINITY, RLIM_INFINITY};
	struct dirent *d;
	uint64_t limit;
	char name[64];
	DIR *dir;

	*t = (struct fd_table){0};
	prlimit(pid, RLIMIT_NOFILE, NULL, &rl);
	limit = rl.rlim_cur - VALGRIND_FDS;
	snprintf(name, sizeof(name), "/proc/%d/fd", (int)pid);
	dir = opendir(name);
	while (dir && (d = readdir(dir))) {
		char *end;
		unsigned long fd = strtoul(d->d_name, &end, 10);

		if (end == d->d_name || *end || fd >= limit)
			continue;
		rescan(t, &old, f, pid, (uint32_t)fd);
	}
	if (dir)
		closedir(dir);
	fds_free(&old);
}
