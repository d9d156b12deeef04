/*
 * ahead.h - a few items of a trace, read ahead by a thread of its own.
 *
 * A ring of places: the thread fills them in order, trace_next() empties them.
 * Everything that an item points to lives in its place or in the room of its
 * chunk (struct chunk_room), and stays until the item after it is asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_AHEAD_H
#define TRACE_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "trace/events.h"
#include "trace/reader.h"

struct ahead;

/* Where an item is made, and what it is. */
struct ahead_place {
	enum trace_item item;
	struct trace_batch refs;
	struct event event;
	struct err failed; /* item TRACE_ERROR */
	uint64_t tell;     /* trace_tell() behind it */
	struct event_scratch scratch;
	uint64_t *addrs; /* for a decoder's output */
};

/* Fills a place, in the thread; its last is TRACE_END or TRACE_ERROR. */
typedef void ahead_fill(void *ctx, struct ahead_place *p);

struct ahead *ahead_new(ahead_fill *fill, void *ctx);
/* False if there can be no thread: then only ahead_free() may follow. */
bool ahead_start(struct ahead *a);
void ahead_free(struct ahead *a); /* or NULL */

/* The next item; the one before it is given back.  The last one stays. */
const struct ahead_place *ahead_next(struct ahead *a);

/* In the thread: the number of the item it is filling, from 1, and until
 * item number n has been given back. */
uint64_t ahead_number(const struct ahead *a);
void ahead_wait_back(struct ahead *a, uint64_t n);

#endif
