/*
 * cache_record.c - the page cache as it was recorded (EV_CACHE), and the
 * folios that calls of the program itself make in it.
 *
 * What was recorded of a file is kept as runs; a page gets its frame, with all
 * of its folio, when something first looks for it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "os/internal.h"

struct recorded {
	size_t n;
	struct cache_run runs[];
};

void
recorded_free(struct inode *ino)
{
	free(ino->recorded);
	ino->recorded = NULL;
}

static const struct cache_run *
run_of(const struct recorded *r, uint64_t index)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct cache_run *run = &r->runs[mid];

		if (index < run->first)
			hi = mid;
		else if (index >= run->first + run->pages)
			lo = mid + 1;
		else
			return run;
	}
	return NULL;
}

uint32_t
recorded_find(struct os *os, struct inode *ino, uint64_t index)
{
	const struct cache_run *run = run_of(ino->recorded, index);
	uint32_t fno;

	if (!run)
		return 0;
	fno = cache_fill(os, ino, index, run->first + run->pages,
			 (unsigned)min_u64(run->order, HUGE_ORDER));
	if (fno && (run->flags & CACHE_MARKER))
		folio_head(os, fno)->flags |= FF_MARKER;
	return fno;
}

/* What the model has of the file and nobody uses makes room for what was
 * seen; pages that were dirty stay so. */
static uint64_t *
take_out(struct os *os, struct inode *ino, size_t *n_dirty)
{
	size_t n;
	uint64_t *list = cache_pages(ino, 0, UINT64_MAX, &n);

	*n_dirty = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t fno = cache_find(os, ino, list[i]);
		struct frame *f = frame_at(os, fno);
		bool dirty = f->flags & FF_DIRTY;

		if (f->refs > 1)
			continue;
		if (f->content)
			map_put(&ino->disk, list[i], f->content);
		cache_remove(os, fno, false);
		if (dirty)
			list[(*n_dirty)++] = list[i];
	}
	return list;
}

void
cache_recorded(struct os *os, const struct cache_desc *c)
{
	struct inode *ino = inode_of_file(os, c->file);
	size_t bytes = c->n_runs * sizeof(*c->runs), n_dirty;
	struct recorded *r;
	uint64_t *dirty;

	if (!ino || os->cfg.page_cache != CACHE_RECORDED ||
	    (ino->backing != BACK_FS && ino->backing != BACK_SHM))
		return;
	dirty = take_out(os, ino, &n_dirty);
	recorded_free(ino);
	r = xmalloc(sizeof(*r) + bytes);
	r->n = c->n_runs;
	if (bytes)
		memcpy(r->runs, c->runs, bytes);
	ino->recorded = r;
	/* Beyond the last page there is nothing, whatever happens to the file;
	 * holes are marked one by one (inode.c). */
	ino->warm_pages =
	    r->n ? r->runs[r->n - 1].first + r->runs[r->n - 1].pages : 0;
	for (size_t i = 0; i < n_dirty; i++) {
		uint32_t fno = cache_find(os, ino, dirty[i]);

		if (fno)
			inode_mark_dirty(os, fno);
	}
	free(dirty);
}

/* mm/filemap.c:generic_perform_write(), fgf_set_order(): the folio for what is
 * left of a write is as large as that, as far as it is aligned in the file. */
unsigned
write_folio_order(const struct os *os, uint64_t pos, uint64_t left)
{
	uint64_t largest = PAGE_SIZE << os->cfg.folio_max;
	uint64_t index = page_of(pos);
	unsigned order;

	left = min_u64(left, largest - (pos & (largest - 1)));
	order = left >= PAGE_SIZE ? ilog2(left) - PAGE_SHIFT : 0;
	while (index & (((uint64_t)1 << order) - 1))
		order--;
	return order;
}
