/*
 * page_cache.c - see page_cache.h.
 *
 * mincore(2) says which pages are there.  Touching one gives it an entry in
 * our page table, /proc/self/pagemap the number of its frame, and
 * /proc/kpageflags whether that begins a folio, and how long it is.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/page_cache.h"

#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "base/xalloc.h"
#include "trace/format.h"

#define PIECE_PAGES 16384u /* looked at in one mapping; folios do not cross */
#define MAX_LOOK    ((uint64_t)1 << 36) /* bytes of the largest file looked at */
#define PM_PRESENT  ((uint64_t)1 << 63)
#define PM_FRAME    (((uint64_t)1 << 55) - 1)

/* A part of a file, mapped. */
struct piece {
	volatile const char *base;
	uint64_t first; /* page of the file */
	size_t pages;
	unsigned char resident[PIECE_PAGES];
};

void
page_cache_open(struct page_cache *pc)
{
	*pc = (struct page_cache){.pagemap = -1, .kpageflags = -1};
	pc->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	pc->kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
}

void
page_cache_close(struct page_cache *pc)
{
	if (pc->pagemap >= 0)
		close(pc->pagemap);
	if (pc->kpageflags >= 0)
		close(pc->kpageflags);
	free(pc->runs);
	map_free(&pc->told);
}

static bool
sees_folios(const struct page_cache *pc)
{
	return pc->pagemap >= 0 && pc->kpageflags >= 0;
}

const char *
page_cache_detail(const struct page_cache *pc)
{
	return sees_folios(pc) ? "folios" : "pages";
}

/* File systems of files that live in the page cache and are there to be
 * opened: not proc, sysfs (whose files can be device memory), or a network's.
 */
static bool
has_page_cache(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs))
		return false;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case MSDOS_SUPER_MAGIC:
	case ISOFS_SUPER_MAGIC:
		return true;
	}
	return false;
}

/* The file, if it is still the one meant; -1 if not. */
static int
open_file(const struct file_desc *f, const char *path, uint64_t *size)
{
	struct stat st;
	int fd;

	if ((f->kind != FILE_REGULAR && f->kind != FILE_SHM) ||
	    !has_page_cache(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_dev != f->dev ||
	    st.st_ino != f->inode || (uint64_t)st.st_size > MAX_LOOK) {
		close(fd);
		return -1;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

static uint64_t
word(int fd, uint64_t index)
{
	uint64_t w = 0;

	if (pread(fd, &w, sizeof(w), (off_t)(index * sizeof(w))) != sizeof(w))
		return 0;
	return w;
}

static bool
flag(uint64_t flags, unsigned bit)
{
	return flags >> bit & 1;
}

/* Frame of a resident page; 0 if that is not for us to know. */
static uint64_t
frame_of(const struct page_cache *pc, const struct piece *p, size_t page)
{
	uint64_t at = (uint64_t)(uintptr_t)p->base / PAGE_SIZE + page;
	uint64_t w = word(pc->pagemap, at);

	if (!(w & PM_PRESENT)) {
		(void)p->base[page * PAGE_SIZE];
		w = word(pc->pagemap, at);
	}
	return w & PM_PRESENT ? w & PM_FRAME : 0;
}

/* Order and mark of the folio that begins at this page. */
static void
look_at_folio(struct page_cache *pc, const struct piece *p, size_t page,
	      struct cache_run *r)
{
	uint64_t frame = sees_folios(pc) ? frame_of(pc, p, page) : 0;
	uint64_t flags = frame ? word(pc->kpageflags, frame) : 0, n = 1;

	if (flag(flags, KPF_RECLAIM) && !flag(flags, KPF_WRITEBACK))
		r->flags |= CACHE_MARKER;
	if (!flag(flags, KPF_COMPOUND_HEAD))
		return;
	while (page + n < p->pages &&
	       flag(word(pc->kpageflags, frame + n), KPF_COMPOUND_TAIL))
		n++;
	/* A folio beyond the end of the file shows in part only. */
	r->order = (uint8_t)ilog2(n);
	r->pages = (uint64_t)1 << r->order;
}

/* Append, to the last run if it goes on so.  False: too many. */
static bool
add_run(struct page_cache *pc, const struct cache_run *r)
{
	struct cache_run *last = pc->n_runs ? &pc->runs[pc->n_runs - 1] : NULL;

	if (last && last->first + last->pages == r->first &&
	    last->order == r->order && last->flags == r->flags) {
		last->pages += r->pages;
		return true;
	}
	if (pc->n_runs == MAX_CACHE_RUNS)
		return false;
	pc->runs =
	    xgrow(pc->runs, pc->n_runs, &pc->cap_runs, sizeof(*pc->runs));
	pc->runs[pc->n_runs++] = *r;
	return true;
}

static bool
look_at_piece(struct page_cache *pc, const struct piece *p)
{
	for (size_t i = 0; i < p->pages;) {
		struct cache_run r = {.first = p->first + i, .pages = 1};

		if (!(p->resident[i] & 1)) {
			i++;
			continue;
		}
		look_at_folio(pc, p, i, &r);
		if (r.first & (r.pages - 1)) /* changed under our eyes */
			r.order = 0, r.pages = 1;
		if (!add_run(pc, &r))
			return false;
		i += r.pages;
	}
	return true;
}

static bool
map_piece(int fd, uint64_t first, uint64_t pages, struct piece *p)
{
	size_t bytes;
	void *base;

	p->first = first;
	p->pages = (size_t)min_u64(pages - first, PIECE_PAGES);
	bytes = p->pages * PAGE_SIZE;
	base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd,
		    (off_t)(first * PAGE_SIZE));
	if (base == MAP_FAILED)
		return false;
	p->base = base;
	/* A touch shall not read ahead, nor count as a use of the page. */
	if (!madvise(base, bytes, MADV_RANDOM) &&
	    !mincore(base, bytes, p->resident))
		return true;
	munmap(base, bytes);
	return false;
}

static bool
look_at_file(struct page_cache *pc, int fd, uint64_t size)
{
	uint64_t pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;
	struct piece *p = xmalloc(sizeof(*p));
	bool good = true;

	pc->n_runs = 0;
	for (uint64_t at = 0; good && at < pages; at += PIECE_PAGES) {
		good = map_piece(fd, at, pages, p);
		if (!good)
			break;
		good = look_at_piece(pc, p);
		munmap((void *)(uintptr_t)p->base, p->pages * PAGE_SIZE);
	}
	free(p);
	return good;
}

static uint64_t
hash_runs(const struct page_cache *pc)
{
	uint64_t h = hash_u64(pc->n_runs);

	for (size_t i = 0; i < pc->n_runs; i++) {
		const struct cache_run *r = &pc->runs[i];

		h = hash_u64(h ^ r->first);
		h = hash_u64(h ^ r->pages << 16 ^ (uint64_t)r->order << 8 ^
			     r->flags);
	}
	return h;
}

bool
page_cache_look(struct page_cache *pc, const struct file_desc *f,
		const char *path, struct cache_desc *out)
{
	uint64_t size, hash, before = 0;
	int fd = open_file(f, path, &size);
	bool good;

	if (fd < 0)
		return false;
	good = size && look_at_file(pc, fd, size);
	close(fd);
	if (!good)
		return false;
	hash = hash_runs(pc);
	if (map_get(&pc->told, f->id, &before) && before == hash)
		return false;
	map_put(&pc->told, f->id, hash);
	*out = (struct cache_desc){f->id, (uint32_t)pc->n_runs, pc->runs};
	return true;
}
