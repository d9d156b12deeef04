/*
 * cache.h - set-associative caches of physical lines, and a path of them to
 * memory.
 *
 * A line that is loaded is put into every cache it was missing from; caches
 * neither include nor exclude one another, and writing back is not modelled.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_CACHE_H
#define HW_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/addr.h"
#include "hw/assoc.h"
#include "hw/config.h"

#define CACHE_PATH_MAX 8

struct cache {
	struct assoc a;
	unsigned line_shift;
};

/* The caches that a reference of one side asks, nearest first. */
struct cache_path {
	unsigned n;
	struct cache *cache[CACHE_PATH_MAX];
	uint8_t index[CACHE_PATH_MAX]; /* the caller's number of each */
	uint8_t memory; /* the caller's number of what lies beyond */
};

/* False and *e when the shape is impossible.  Release with cache_free(). */
bool cache_init(struct cache *c, const struct cache_config *cfg, struct err *e);
void cache_free(struct cache *c);

/* Is the line there?  Afterwards it is, and used. */
bool cache_access(struct cache *c, paddr pa);

/* Load from pa; returns the caller's number of where it was. */
unsigned cache_path_load(const struct cache_path *p, paddr pa);

#endif
