/*
 * rmap.c - reverse mapping: which page-table entries map a frame.
 *
 * Linux finds them through the VMAs of an anon_vma or of a file; here every
 * frame has the list itself: none, one in the frame (bit 0 set), or a
 * pointer to an array.  An entry is space << 41 | huge << 40 | page, shifted
 * left by one.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "os/internal.h"

struct rmap_chain {
	uint32_t n, cap;
	uint64_t at[];
};

static uint64_t
encode(struct rmap_at at)
{
	uint64_t v = (uint64_t)at.as << 40 | (uint64_t)at.huge << 39 |
		     at.addr >> PAGE_SHIFT;

	return v << 1 | 1;
}

static struct rmap_at
decode(uint64_t v)
{
	v >>= 1;
	return (struct rmap_at){
	    .as = (uint16_t)(v >> 40),
	    .huge = v >> 39 & 1,
	    .addr = (v & (((uint64_t)1 << 39) - 1)) << PAGE_SHIFT,
	};
}

static struct rmap_chain *
chain_of(const struct frame *f)
{
	return (struct rmap_chain *)(uintptr_t)f->rmap;
}

void
rmap_add(struct os *os, uint32_t fno, struct rmap_at at)
{
	struct frame *f = frame_at(os, fno);
	struct rmap_chain *c;
	uint64_t first = f->rmap;

	f->mapcount++;
	if (!f->rmap) {
		f->rmap = encode(at);
		return;
	}
	if (f->rmap & 1) {
		c = xmalloc(sizeof(*c) + 4 * sizeof(c->at[0]));
		*c = (struct rmap_chain){.n = 1, .cap = 4};
		c->at[0] = first;
	} else {
		c = chain_of(f);
		if (c->n == c->cap) {
			c->cap *= 2;
			c = xrealloc(c, sizeof(*c) + c->cap * sizeof(c->at[0]));
		}
	}
	c->at[c->n++] = encode(at);
	f->rmap = (uintptr_t)c;
}

void
rmap_remove(struct os *os, uint32_t fno, struct rmap_at at)
{
	struct frame *f = frame_at(os, fno);
	struct rmap_chain *c = chain_of(f);
	uint64_t want = encode(at);
	uint32_t i;

	BUG_ON(!f->mapcount);
	f->mapcount--;
	if (f->rmap & 1) {
		BUG_ON(f->rmap != want);
		f->rmap = 0;
		return;
	}
	for (i = 0; i < c->n && c->at[i] != want; i++)
		;
	BUG_ON(i == c->n);
	c->at[i] = c->at[--c->n];
	if (c->n == 1) {
		f->rmap = c->at[0];
		free(c);
	}
}

uint32_t
rmap_count(const struct frame *f)
{
	return !f->rmap ? 0 : f->rmap & 1 ? 1 : chain_of(f)->n;
}

struct rmap_at
rmap_get(const struct frame *f, uint32_t i)
{
	return decode(f->rmap & 1 ? f->rmap : chain_of(f)->at[i]);
}
