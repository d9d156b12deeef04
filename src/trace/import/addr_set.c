/* addr_set.c - see addr_set.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/xalloc.h"
#include "trace/import/addr_set.h"

void
addr_set_free(struct addr_set *r)
{
	free(r->v);
	*r = (struct addr_set){0};
}

/* The first range that ends behind addr. */
static size_t
find(const struct addr_set *r, uint64_t addr)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (r->v[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Replace ranges [from, to) by n others. */
static void
splice(struct addr_set *r, size_t from, size_t to,
       const struct addr_range *with, size_t n)
{
	for (size_t i = to - from; i < n; i++)
		r->v = xgrow(r->v, r->n + n, &r->cap, sizeof(*r->v));
	memmove(r->v + from + n, r->v + to, (r->n - to) * sizeof(*r->v));
	if (n)
		memcpy(r->v + from, with, n * sizeof(*with));
	r->n = r->n - (to - from) + n;
	r->last = 0;
}

void
addr_set_add(struct addr_set *r, uint64_t start, uint64_t end)
{
	size_t from = find(r, start ? start - 1 : 0), to = from;
	struct addr_range one = {start, end};

	for (; to < r->n && r->v[to].start <= end; to++) {
		one.start = min_u64(one.start, r->v[to].start);
		one.end = max_u64(one.end, r->v[to].end);
	}
	splice(r, from, to, &one, 1);
}

void
addr_set_remove(struct addr_set *r, uint64_t start, uint64_t end)
{
	size_t from = find(r, start), to = from;
	struct addr_range rest[2];
	size_t n = 0;

	for (; to < r->n && r->v[to].start < end; to++)
		;
	if (from == to)
		return;
	if (r->v[from].start < start)
		rest[n++] = (struct addr_range){r->v[from].start, start};
	if (r->v[to - 1].end > end)
		rest[n++] = (struct addr_range){end, r->v[to - 1].end};
	splice(r, from, to, rest, n);
}

bool
addr_set_has(struct addr_set *r, uint64_t addr)
{
	if (r->last < r->n && addr >= r->v[r->last].start &&
	    addr < r->v[r->last].end)
		return true;
	r->last = find(r, addr);
	return r->last < r->n && addr >= r->v[r->last].start;
}
