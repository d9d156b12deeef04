/*
 * inode.c - files and their page cache.
 *
 * A chunk holds the frames of 64 consecutive pages.  Of a warm cache the
 * pages a file had when it was first seen are there from the start; they get
 * a frame when something first looks for them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "os/internal.h"

static void drop_warm(struct inode *ino, uint64_t first, uint64_t last);

#define PUNCH_MARKS (1u << 16) /* pages of a hole remembered one by one */

uint64_t
inode_pages(const struct inode *ino)
{
	return (ino->size >> PAGE_SHIFT) + !!(ino->size & (PAGE_SIZE - 1));
}

struct inode *
inode_new(struct os *os, enum backing backing)
{
	struct inode *ino = xcalloc(1, sizeof(*ino));

	os->inodes = xgrow(os->inodes, os->n_inodes, &os->cap_inodes,
			   sizeof(*os->inodes));
	ino->no = (uint32_t)os->n_inodes;
	ino->backing = (uint8_t)backing;
	os->inodes[os->n_inodes++] = ino;
	return ino;
}

struct inode *
inode_of_file(struct os *os, uint32_t file)
{
	return file == FILE_NONE ? NULL : map_get_ptr(&os->file_ids, file);
}

static enum backing
backing_of(const struct file_desc *d)
{
	switch (d->kind) {
	case FILE_CHARDEV:
		return d->rdev == (1 << 8 | 5) ? BACK_ZERO : BACK_DEVICE;
	case FILE_SHM:
	case FILE_SYSV:
		return BACK_SHM;
	case FILE_PIPE:
	case FILE_SOCKET:
	case FILE_ANON_FD:
		return BACK_DRIVER;
	default:
		return BACK_FS;
	}
}

void
inode_define(struct os *os, const struct file_desc *d)
{
	struct inode *ino = inode_of_file(os, d->id);

	if (!ino) {
		ino = inode_new(os, backing_of(d));
		map_put_ptr(&os->file_ids, d->id, ino);
	}
	free(ino->path);
	ino->path = xstrdup(d->path);
	ino->kind = d->kind;
	if (d->kind == FILE_SYSV)
		inode_promise(os, ino,
			      page_of(page_up(min_u64(d->size, TASK_SIZE))));
	ino->dev = d->dev;
	ino->ino = d->inode;
	ino->rdev = d->rdev;
	if (d->kind == FILE_BLOCKDEV && !d->size)
		ino->size = INT64_MAX;
	else
		ino->size = min_u64(d->size, INT64_MAX);
	if (ino->backing == BACK_FS && os->cfg.page_cache != CACHE_COLD)
		ino->warm_pages = inode_pages(ino);
}

/* Chunks ------------------------------------------------------------------ */

static uint32_t *
slot_find(const struct inode *ino, uint64_t index)
{
	struct chunk *c = map_get_ptr(&ino->chunks, index >> CHUNK_BITS);

	return c ? &c->fno[index % CHUNK_PAGES] : NULL;
}

static void
slot_set(struct inode *ino, uint64_t index, uint32_t fno)
{
	struct chunk *c = map_get_ptr(&ino->chunks, index >> CHUNK_BITS);
	uint32_t *slot;

	if (!c) {
		if (!fno)
			return;
		c = xcalloc(1, sizeof(*c));
		map_put_ptr(&ino->chunks, index >> CHUNK_BITS, c);
	}
	slot = &c->fno[index % CHUNK_PAGES];
	c->used += !!fno;
	c->used -= !!*slot;
	*slot = fno;
	if (!c->used) {
		map_remove(&ino->chunks, index >> CHUNK_BITS);
		free(c);
	}
}

static int
cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t
cached_in_chunk(const struct chunk *c, uint64_t key, uint64_t first,
		uint64_t last, uint64_t *list)
{
	size_t n = 0;

	for (unsigned j = 0; c && j < CHUNK_PAGES; j++) {
		uint64_t index = (key << CHUNK_BITS) + j;

		if (cache_is_frame(c->fno[j]) && index >= first && index < last)
			list[n++] = index;
	}
	return n;
}

uint64_t *
cache_pages(const struct inode *ino, uint64_t first, uint64_t n, size_t *count)
{
	uint64_t last = n > UINT64_MAX - first ? UINT64_MAX : first + n;
	uint64_t lo = first >> CHUNK_BITS, hi = (last - 1) >> CHUNK_BITS;
	uint64_t *list = xreallocarray(
	    NULL, min_u64(ino->cached, last - first) + 1, sizeof(*list));
	struct map_slot s;

	*count = 0;
	if (hi - lo < ino->chunks.used) { /* few: look each one up */
		for (; lo <= hi && first < last; lo++)
			*count +=
			    cached_in_chunk(map_get_ptr(&ino->chunks, lo), lo,
					    first, last, list + *count);
		return list;
	}
	for (size_t i = 0; map_next(&ino->chunks, &i, &s);)
		*count +=
		    cached_in_chunk((const struct chunk *)(uintptr_t)s.value,
				    s.key, first, last, list + *count);
	qsort(list, *count, sizeof(*list), cmp_u64);
	return list;
}

/* The cache --------------------------------------------------------------- */

/* Is none of them cached, nor (fresh) was? */
static bool
range_free(const struct inode *ino, uint64_t first, uint64_t n, bool fresh)
{
	for (uint64_t i = first; i < first + n; i++) {
		uint32_t *slot = slot_find(ino, i);

		if (slot && *slot && (fresh || *slot != CACHE_EVICTED))
			return false;
	}
	return true;
}

static void
cache_insert(struct os *os, struct inode *ino, uint64_t index, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	uint64_t content;

	f->owner = ino->no;
	f->index = index;
	if (map_get(&ino->disk, index, &content))
		f->content = content;
	slot_set(ino, index, fno);
	ino->cached++;
	lru_add(os, fno);
}

static uint32_t
cache_add_folio(struct os *os, struct inode *ino, uint64_t index,
		uint64_t limit, unsigned order, bool fresh)
{
	enum frame_kind kind = ino->backing == BACK_SHM ? FR_SHM : FR_FILE;
	uint64_t base = index;
	uint32_t fno = 0;

	for (;; order--) {
		uint64_t n = (uint64_t)1 << order;

		base = align_down(index, n);
		if (order &&
		    (base + n > limit || !range_free(ino, base, n, fresh)))
			continue;
		fno = order ? frame_alloc_noreclaim(os, order, kind)
			    : frame_alloc(os, 0, kind);
		if (fno || !order)
			break;
	}
	if (!fno)
		return 0;
	for (uint32_t i = 0; i < 1u << order; i++)
		cache_insert(os, ino, base + i, fno + i);
	return fno + (uint32_t)(index - base);
}

uint32_t
cache_add(struct os *os, struct inode *ino, uint64_t index, uint64_t limit,
	  unsigned order)
{
	return cache_add_folio(os, ino, index, limit, order, false);
}

uint32_t
cache_fill(struct os *os, struct inode *ino, uint64_t index, uint64_t limit,
	   unsigned order)
{
	return cache_add_folio(os, ino, index, limit, order, true);
}

uint32_t
cache_find(struct os *os, struct inode *ino, uint64_t index)
{
	uint32_t *slot = slot_find(ino, index);
	uint64_t pages;

	if (slot && *slot)
		return cache_is_frame(*slot) ? *slot : 0;
	pages = inode_pages(ino);
	if (index >= ino->warm_pages || index >= pages)
		return 0;
	if (ino->recorded)
		return recorded_find(os, ino, index);
	return cache_fill(
	    os, ino, index, pages,
	    os->cfg.page_cache == CACHE_RECORDED ? 0 : os->cfg.folio_order);
}

uint32_t
cache_swap_in(struct os *os, struct inode *ino, uint64_t index, bool *major)
{
	uint32_t *slot = slot_find(ino, index), fno, at;

	if (!slot || !cache_is_swapped(*slot))
		return 0;
	fno = frame_alloc(os, 0, FR_SHM);
	if (!fno)
		return 0;
	at = *slot_find(ino, index) & ~CACHE_SWAPPED;
	cache_insert(os, ino, index, fno);
	frame_at(os, fno)->content = swap_load(os, at);
	*major = true;
	return fno;
}

void
cache_swap_out(struct os *os, uint32_t fno, uint32_t slot)
{
	struct frame *f = frame_at(os, fno);
	struct inode *ino = os->inodes[f->owner];
	uint64_t index = f->index;

	cache_remove(os, fno, true);
	slot_set(ino, index, CACHE_SWAPPED | slot);
}

/* Its pages are on their own from now on. */
void
folio_split(struct os *os, uint32_t fno)
{
	uint32_t head = frame_at(os, fno)->head;
	uint32_t n = 1u << frame_at(os, head)->order;

	for (uint32_t i = head; n > 1 && i < head + n; i++) {
		frame_at(os, i)->head = i;
		frame_at(os, i)->order = 0;
	}
}

static void
not_dirty(struct os *os, struct inode *ino, struct frame *f)
{
	if (!(f->flags & FF_DIRTY))
		return;
	f->flags &= (uint16_t)~FF_DIRTY;
	ino->dirty--;
	os->n_dirty--;
}

void
cache_remove(struct os *os, uint32_t fno, bool evicted)
{
	struct frame *f = frame_at(os, fno);
	struct inode *ino = os->inodes[f->owner];

	BUG_ON(f->mapcount);
	folio_split(os, fno);
	slot_set(ino, f->index, evicted ? CACHE_EVICTED : 0);
	ino->cached--;
	not_dirty(os, ino, f);
	frame_put(os, fno);
}

/* Dirty pages ------------------------------------------------------------- */

void
inode_mark_dirty(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	struct inode *ino = os->inodes[f->owner];

	if (f->flags & FF_DIRTY)
		return;
	f->flags |= FF_DIRTY;
	if (!ino->dirty++)
		ino->dirtied = os->insn;
	os->n_dirty++;
}

/* folio_mkclean(): write-protect and clean every shared mapping of a page.
 * Was one of them dirty? */
static bool
make_clean(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	bool dirty = false;

	for (uint32_t i = 0; i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);
		struct mm *mm = os->spaces[at.as];
		struct vma *v = vma_find(mm, at.addr);
		uint64_t *e = pt_find(os, mm, at.addr, 0);

		if (!(v->flags & VM_SHARED) || !(*e & (PTE_W | PTE_D)))
			continue;
		dirty |= *e & PTE_D;
		forget_page(os, mm, at.addr);
		*e &= ~(PTE_D | (vma_write_notify(os, v) ? PTE_W : 0));
		flush_page(os, mm, at.addr);
	}
	return dirty;
}

static void
write_page(struct os *os, struct inode *ino, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	if (!make_clean(os, fno) && !(f->flags & FF_DIRTY))
		return;
	not_dirty(os, ino, f);
	if (f->content)
		map_put(&ino->disk, f->index, f->content);
	os->work.pages_written++;
}

void
inode_writeback(struct os *os, struct inode *ino, uint64_t first, uint64_t n)
{
	uint64_t *list;
	size_t count;

	if (ino->backing != BACK_FS || !ino->cached ||
	    (os->cfg.write_notify && !ino->dirty))
		return;
	list = cache_pages(ino, first, n, &count);
	for (size_t i = 0; i < count; i++)
		write_page(os, ino, *slot_find(ino, list[i]));
	free(list);
}

/* posix_fadvise(DONTNEED): clean pages that nothing maps go. */
void
inode_invalidate(struct os *os, struct inode *ino, uint64_t first,
		 uint64_t last)
{
	size_t count;
	uint64_t *list;

	if (last <= first || !ino->cached)
		return;
	list = cache_pages(ino, first, last - first, &count);
	for (size_t i = 0; i < count; i++) {
		uint32_t fno = *slot_find(ino, list[i]);
		struct frame *f = frame_at(os, fno);

		if (f->refs == 1 && !(f->flags & FF_DIRTY))
			cache_remove(os, fno, true);
	}
	free(list);
	drop_warm(ino, first, last);
}

/* Shrinking and going away ------------------------------------------------ */

static void
drop_swapped(struct os *os, struct inode *ino, uint64_t first, uint64_t n)
{
	struct map_slot s;

	for (size_t i = 0; map_next(&ino->chunks, &i, &s);) {
		struct chunk *c = (struct chunk *)(uintptr_t)s.value;

		for (unsigned j = 0; j < CHUNK_PAGES; j++) {
			uint64_t index = (s.key << CHUNK_BITS) + j;

			if (!cache_is_swapped(c->fno[j]) || index < first ||
			    index - first >= n)
				continue;
			swap_put(os, c->fno[j] & ~CACHE_SWAPPED);
			c->fno[j] = CACHE_EVICTED; /* a new one is zero */
		}
	}
}

static void
drop_pages(struct os *os, struct inode *ino, uint64_t first, uint64_t n)
{
	size_t count;
	uint64_t *list = cache_pages(ino, first, n, &count);

	for (size_t i = 0; i < count; i++)
		cache_remove(os, *slot_find(ino, list[i]), false);
	free(list);
	if (ino->backing == BACK_SHM && os->swap.used)
		drop_swapped(os, ino, first, n);
}

static void
drop_disk(struct inode *ino, uint64_t first, uint64_t last)
{
	struct map keep = {0};
	struct map_slot s;

	for (size_t i = 0; map_next(&ino->disk, &i, &s);)
		if (s.key < first || s.key >= last)
			map_put(&keep, s.key, s.value);
	map_free(&ino->disk);
	ino->disk = keep;
}

/* A hole is not in a warm cache any more. */
static void
drop_warm(struct inode *ino, uint64_t first, uint64_t last)
{
	if (first >= ino->warm_pages)
		return;
	if (last >= ino->warm_pages || last - first > PUNCH_MARKS) {
		ino->warm_pages = first;
		return;
	}
	for (uint64_t i = first; i < last; i++) {
		uint32_t *slot = slot_find(ino, i);

		if (!slot || !*slot)
			slot_set(ino, i, CACHE_EVICTED);
	}
}

void
inode_punch(struct os *os, struct inode *ino, uint64_t first, uint64_t n)
{
	uint64_t last = n > UINT64_MAX - first ? UINT64_MAX : first + n;

	zap_inode(os, ino, first, n, false);
	drop_pages(os, ino, first, n);
	drop_disk(ino, first, last);
	drop_warm(ino, first, last);
}

void
inode_truncate(struct os *os, struct inode *ino, uint64_t size)
{
	uint64_t old = inode_pages(ino), first;

	ino->size = min_u64(size, INT64_MAX);
	first = inode_pages(ino);
	if (first >= old)
		return;
	zap_inode(os, ino, first, UINT64_MAX - first, true);
	drop_pages(os, ino, first, UINT64_MAX - first);
	drop_disk(ino, first, UINT64_MAX);
	drop_warm(ino, first, UINT64_MAX);
}

void
inode_empty(struct os *os, struct inode *ino)
{
	drop_pages(os, ino, 0, UINT64_MAX);
	drop_disk(ino, 0, UINT64_MAX);
	drop_warm(ino, 0, UINT64_MAX);
}

/* The size that was seen; pages beyond a smaller one go. */
void
inode_resize(struct os *os, struct inode *ino, uint64_t size)
{
	if (size < ino->size)
		inode_truncate(os, ino, size);
	else
		ino->size = min_u64(size, INT64_MAX);
}

static void
inode_free(struct os *os, struct inode *ino)
{
	struct map_slot s;

	drop_pages(os, ino, 0, UINT64_MAX);
	inode_promise(os, ino, 0);
	hugetlb_drop_inode(os, ino);
	for (size_t i = 0; map_next(&ino->chunks, &i, &s);)
		free((void *)(uintptr_t)s.value);
	map_free(&ino->chunks);
	map_free(&ino->disk);
	recorded_free(ino);
	os->inodes[ino->no] = NULL;
	free(ino->path);
	free(ino);
}

/* Of shared memory without a name the last mapping was all there was. */
void
inode_maybe_free(struct os *os, struct inode *ino)
{
	struct map_slot s;

	if (!(ino->anon_shm || ino->removed) || ino->vmas || ino->handles)
		return;
	for (size_t i = 0; map_next(&os->file_ids, &i, &s);)
		if ((struct inode *)(uintptr_t)s.value == ino) {
			map_remove(&os->file_ids, s.key);
			break;
		}
	inode_free(os, ino);
}

void
inodes_drop_caches(struct os *os)
{
	for (size_t i = 0; i < os->n_inodes; i++)
		if (os->inodes[i])
			drop_pages(os, os->inodes[i], 0, UINT64_MAX);
}

void
inodes_free(struct os *os)
{
	for (size_t i = 0; i < os->n_inodes; i++)
		if (os->inodes[i])
			inode_free(os, os->inodes[i]);
	free(os->inodes);
	map_free(&os->file_ids);
}

/* Open files -------------------------------------------------------------- */

/* The trace does not tell one open of a file from another: all mappings that
 * a process makes between two opens share one, and so read-ahead state. */
struct ofile *
ofile_open(struct os *os, struct mm *mm, struct inode *ino)
{
	struct ofile *old = map_get_ptr(&mm->files, ino->no), *f;

	f = xcalloc(1, sizeof(*f));
	f->inode = ino;
	f->refs = 1;
	f->ra.prev_page = UINT64_MAX;
	ino->handles++;
	map_put_ptr(&mm->files, ino->no, f);
	if (old)
		ofile_put(os, old);
	return f;
}

struct ofile *
ofile_get(struct os *os, struct mm *mm, struct inode *ino)
{
	struct ofile *f = map_get_ptr(&mm->files, ino->no);

	return f ? f : ofile_open(os, mm, ino);
}

void
ofile_put(struct os *os, struct ofile *f)
{
	struct inode *ino = f->inode;

	if (--f->refs)
		return;
	free(f);
	ino->handles--;
	inode_maybe_free(os, ino);
}
