/*
 * page_cache.h - which pages of a file this machine has in its page cache,
 * and in which folios.
 *
 * Looked at through a mapping of our own, without changing it: no page that is
 * not there is read, none counts as used.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_PAGE_CACHE_H
#define TRACE_PAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "arch/event.h"
#include "base/map.h"

struct page_cache {
	int pagemap, kpageflags; /* -1: sizes of folios cannot be told */
	struct cache_run *runs;
	size_t n_runs, cap_runs;
	struct map told; /* file number -> hash of the runs last told */
};

void page_cache_open(struct page_cache *pc);
void page_cache_close(struct page_cache *pc);

/* What can be told here: "folios", "pages" (all taken as single ones). */
const char *page_cache_detail(const struct page_cache *pc);

/* Fill *out for file f, found at path (a link of /proc will do).  False when
 * there is nothing to tell: not a file with a page cache, not allowed, or the
 * same as last time.  out->runs is valid until the next call. */
bool page_cache_look(struct page_cache *pc, const struct file_desc *f,
		     const char *path, struct cache_desc *out);

#endif
