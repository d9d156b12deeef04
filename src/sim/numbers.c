/* numbers.c - see numbers.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/numbers.h"

#include <stdlib.h>
#include <string.h>

#include "arch/event.h"
#include "base/bits.h"
#include "base/map.h"
#include "base/xalloc.h"

#define NO_SUCH_FILE UINT32_MAX

/* The trace's number -> the machine's. */
struct own {
	struct map ids, files;
};

struct numbers {
	unsigned n;
	struct own *own;    /* [trace] */
	struct map origin;  /* of a process or thread: trace << 32 | number */
	struct map by_name; /* hash of what names a file -> its number */
	struct map first;   /* file -> the trace that named it first */
	uint32_t files;
	struct map_desc *maps; /* of the event in hand */
	size_t cap_maps;
};

struct numbers *
numbers_new(unsigned traces)
{
	struct numbers *n = xcalloc(1, sizeof(*n));

	n->n = traces;
	n->own = xcalloc(traces, sizeof(*n->own));
	return n;
}

void
numbers_free(struct numbers *n)
{
	if (!n)
		return;
	for (unsigned i = 0; i < n->n; i++) {
		map_free(&n->own[i].ids);
		map_free(&n->own[i].files);
	}
	map_free(&n->origin);
	map_free(&n->by_name);
	map_free(&n->first);
	free(n->own);
	free(n->maps);
	free(n);
}

/* Processes and threads --------------------------------------------------- */

static uint32_t
id_of(struct numbers *n, unsigned trace, uint32_t recorded)
{
	uint64_t id;

	if (map_get(&n->own[trace].ids, recorded, &id))
		return (uint32_t)id;
	id = recorded;
	while (map_get(&n->origin, id, &(uint64_t){0}))
		id = id + 1 < UINT32_MAX ? id + 1 : 1;
	map_put(&n->own[trace].ids, recorded, id);
	map_put(&n->origin, id, (uint64_t)trace << 32 | recorded);
	return (uint32_t)id;
}

bool
numbers_origin(const struct numbers *n, uint32_t id, unsigned *trace,
	       uint32_t *recorded)
{
	uint64_t origin;

	if (!map_get(&n->origin, id, &origin))
		return false;
	*trace = (unsigned)(origin >> 32);
	*recorded = (uint32_t)origin;
	return true;
}

/* Files ------------------------------------------------------------------- */

static uint64_t
name_of(const struct file_desc *d)
{
	uint64_t h = hash_u64(d->dev ^ hash_u64(d->inode ^ hash_u64(d->kind)));

	for (const char *s = d->path; *s; s++)
		h = hash_u64(h ^ (unsigned char)*s);
	return h == UINT64_MAX ? 0 : h;
}

static uint32_t
file_of(const struct numbers *n, unsigned trace, uint32_t recorded)
{
	uint64_t file;

	if (recorded == FILE_NONE)
		return FILE_NONE;
	return map_get(&n->own[trace].files, recorded, &file) ? (uint32_t)file
							      : NO_SUCH_FILE;
}

/* Is what the machine knows of it this trace's to say? */
static bool
is_first(const struct numbers *n, unsigned trace, uint32_t file)
{
	uint64_t first;

	return map_get(&n->first, file, &first) && first == trace;
}

static bool
define_file(struct numbers *n, unsigned trace, struct file_desc *d)
{
	uint64_t name = name_of(d), file;

	if (d->id == FILE_NONE) /* the kernel refuses it */
		return true;
	if (!map_get(&n->by_name, name, &file)) {
		file = ++n->files;
		map_put(&n->by_name, name, file);
		map_put(&n->first, file, trace);
	}
	map_put(&n->own[trace].files, d->id, file);
	d->id = (uint32_t)file;
	return is_first(n, trace, d->id);
}

static void
image(struct numbers *n, unsigned trace, struct image_desc *d)
{
	if (d->n_maps > n->cap_maps) {
		n->cap_maps = d->n_maps;
		n->maps = xreallocarray(n->maps, n->cap_maps, sizeof(*n->maps));
	}
	for (uint32_t i = 0; i < d->n_maps; i++) {
		n->maps[i] = d->maps[i];
		n->maps[i].file = file_of(n, trace, d->maps[i].file);
	}
	d->maps = n->maps;
}

bool
numbers_event(struct numbers *n, unsigned trace, struct event *ev)
{
	if (ev->kind == EV_FILE)
		return define_file(n, trace, &ev->file);
	if (ev->kind == EV_CACHE) {
		ev->cache.file = file_of(n, trace, ev->cache.file);
		return is_first(n, trace, ev->cache.file);
	}
	if (ev->kind == EV_MARKER || ev->kind == EV_TIME)
		return true;
	ev->pid = id_of(n, trace, ev->pid);
	ev->tid = id_of(n, trace, ev->tid);
	if (ev->kind == EV_PROCESS || ev->kind == EV_EXEC)
		image(n, trace, &ev->image);
	if (ev->kind == EV_PROCESS && ev->parent)
		ev->parent = id_of(n, trace, ev->parent);
	if (ev->kind == EV_FORK)
		ev->fork.child_pid = id_of(n, trace, ev->fork.child_pid);
	if (ev->kind == EV_SYSCALL)
		ev->sys.file = file_of(n, trace, ev->sys.file);
	return true;
}
