/*
 * readahead.c - what a fault on a file reads beside its own page.
 *
 * mm/filemap.c:do_sync_mmap_readahead(), do_async_mmap_readahead() and
 * mm/readahead.c:ondemand_readahead() of Linux 6.8.  Reads complete at once:
 * a page is either not cached or up to date.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

#define MMAP_LOTSAMISS 100
#define MMAP_MISS_CAP  (MMAP_LOTSAMISS * 10)

/* Read [start, start + size) where it is not cached, in folios of at most
 * 2^order pages; the one that holds page marker gets PG_readahead. */
static void
read_pages(struct os *os, struct inode *ino, uint64_t start, uint64_t size,
	   uint64_t marker, unsigned order)
{
	uint64_t end = min_u64(start + size, inode_pages(ino)), n = 0;

	for (uint64_t i = start; i < end; i++) {
		uint64_t before = ino->cached;
		unsigned fit = order;
		uint32_t fno;

		if (cache_find(os, ino, i))
			continue;
		while (i & (((uint64_t)1 << fit) - 1))
			fit--;
		fno = cache_add(os, ino, i, end, fit);
		if (!fno)
			break;
		n += ino->cached - before;
		if (marker - i < ino->cached - before)
			frame_at(os, fno)->flags |= FF_MARKER;
	}
	os->work.pages_read += n;
}

static uint32_t
initial_size(uint32_t req, uint32_t max)
{
	uint32_t n = req > 1 ? 2u << ilog2(req - 1) : 1;

	if (n <= max / 32)
		return n * 4;
	if (n <= max / 4)
		return n * 2;
	return max;
}

static uint32_t
next_size(uint32_t cur, uint32_t max)
{
	if (cur < max / 16)
		return cur * 4;
	if (cur <= max / 2)
		return cur * 2;
	return max;
}

static uint32_t
ra_max(const struct os *os)
{
	return (uint32_t)min_u64(os->cfg.readahead_bytes >> PAGE_SHIFT, 65536);
}

/* mm/readahead.c:page_cache_ra_order(); single pages go through
 * do_page_cache_ra(), which cuts at the end of the file before it counts back
 * to the marker. */
static void
submit(struct os *os, struct inode *ino, struct ra *ra)
{
	uint64_t end = ra->start + ra->size;

	ra->order = (unsigned)min_u64(min_u64(ra->order, os->cfg.folio_max),
				      ra->size ? ilog2(ra->size) : 0);
	if (!ra->order)
		end = min_u64(end, inode_pages(ino));
	read_pages(os, ino, ra->start, ra->size,
		   end >= ra->start + ra->async_size ? end - ra->async_size
						     : UINT64_MAX,
		   ra->order);
}

/* What was asked for by a marker ends where a folio would
 * (page_cache_async_ra() from 6.16 on). */
static void
end_on_folio(struct ra *ra)
{
	uint64_t end = ra->start + ra->size;
	uint64_t aligned =
	    align_down(end, (uint64_t)1 << min_u64(ra->order, 32));

	if (aligned > ra->start)
		ra->size -= (uint32_t)(end - aligned);
	ra->async_size = ra->size;
}

/* ondemand_readahead() for req pages at index, hit: index has the marker. */
static void
ondemand(struct os *os, struct ofile *f, uint64_t index, uint32_t req, bool hit)
{
	struct ra *ra = &f->ra;
	uint32_t max = ra_max(os) ? ra_max(os) : 1;

	if (index && (index == ra->start + ra->size - ra->async_size ||
		      index == ra->start + ra->size)) {
		ra->start += ra->size;
		ra->size = next_size(ra->size, max);
		ra->async_size = ra->size;
	} else if (hit) {
		uint64_t start = index + 1;

		while (start - index <= max && cache_find(os, f->inode, start))
			start++;
		if (start - index > max)
			return;
		ra->start = start;
		ra->size = next_size((uint32_t)(start - index) + req, max);
		ra->async_size = ra->size;
	} else {
		ra->start = index;
		ra->size = initial_size(req, max);
		ra->async_size = ra->size > req ? ra->size - req : ra->size;
	}
	if (index == ra->start && ra->size == ra->async_size) {
		uint32_t add = next_size(ra->size, max);

		if (ra->size + add <= max) {
			ra->async_size = add;
			ra->size += add;
		} else {
			ra->size = max;
			ra->async_size = max / 2;
		}
	}
	ra->order = hit ? ra->order + 2 : 0;
	if (hit && os->cfg.kernel >= 616)
		end_on_folio(ra);
	submit(os, f->inode, ra);
}

void
ra_sync(struct os *os, struct vma *v, uint64_t index)
{
	struct ofile *f = v->file;
	struct ra *ra = &f->ra;
	uint32_t max = ra_max(os);

	os->work.device_reads++;
	if ((v->flags & VM_RAND_READ) || !max) {
		read_pages(os, f->inode, index, 1, UINT64_MAX, 0);
		return;
	}
	if (v->flags & VM_SEQ_READ) {
		ondemand(os, f, index, max, false);
	} else {
		if (ra->mmap_miss < MMAP_MISS_CAP)
			ra->mmap_miss++;
		if (ra->mmap_miss <= MMAP_LOTSAMISS) {
			ra->start = index > max / 2 ? index - max / 2 : 0;
			ra->size = max;
			ra->async_size = max / 4;
			ra->order = 0;
			submit(os, f->inode, ra);
		}
	}
	if (!cache_find(os, f->inode, index))
		read_pages(os, f->inode, index, 1, UINT64_MAX, 0);
}

/* Page index was found in the cache: true if it had the marker, so that more
 * was asked for. */
bool
ra_async(struct os *os, struct vma *v, uint64_t index, uint32_t fno)
{
	struct ofile *f = v->file;

	if ((v->flags & VM_RAND_READ) || !ra_max(os))
		return false;
	if (f->ra.mmap_miss)
		f->ra.mmap_miss--;
	if (!(folio_head(os, fno)->flags & FF_MARKER))
		return false;
	folio_head(os, fno)->flags &= (uint16_t)~FF_MARKER;
	ondemand(os, f, index, ra_max(os), true);
	return true;
}

/* MADV_WILLNEED, readahead(2): exactly that range, no marker. */
void
ra_range(struct os *os, struct inode *ino, uint64_t first, uint64_t n)
{
	uint64_t pages = inode_pages(ino);

	n = min_u64(n, os->n_frames); /* no more than could stay */
	if (first < pages)
		read_pages(os, ino, first, min_u64(n, pages - first),
			   UINT64_MAX, 0);
}

/* read(2) wants page index and req - 1 more (mm/filemap.c:filemap_get_pages).
 */
void
ra_read(struct os *os, struct ofile *f, uint64_t index, uint64_t req)
{
	uint32_t want = (uint32_t)min_u64(req, 65536);
	uint32_t fno = cache_find(os, f->inode, index);

	os->stats.read_hits += !!fno;
	os->stats.read_misses += !fno;
	if (!fno) {
		os->work.device_reads++;
		if (f->ra.size || ra_max(os))
			ondemand(os, f, index, want, false);
		if (!cache_find(os, f->inode, index))
			read_pages(os, f->inode, index, 1, UINT64_MAX, 0);
	} else if (folio_head(os, fno)->flags & FF_MARKER) {
		folio_head(os, fno)->flags &= (uint16_t)~FF_MARKER;
		ondemand(os, f, index, want, true);
	}
	f->ra.prev_page = index;
}
