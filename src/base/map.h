/*
 * map.h - a hash map from uint64_t to uint64_t (or to pointers).
 *
 * Open addressing, linear probing, grows at 3/4; removal keeps probe chains
 * whole by shifting.  The key UINT64_MAX is reserved.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t key, value;
};

struct map {
	struct map_slot *slots; /* NULL while empty */
	size_t mask, used;
};

/* An all-zero struct map is an empty map. */
void map_free(struct map *m); /* leaves it empty */
bool map_get(const struct map *m, uint64_t key, uint64_t *value);
void *map_get_ptr(const struct map *m, uint64_t key);      /* NULL: not there */
void map_put(struct map *m, uint64_t key, uint64_t value); /* or replace */
void map_put_ptr(struct map *m, uint64_t key, void *value);
bool map_remove(struct map *m, uint64_t key); /* was it there? */

/* Visit all: for (size_t i = 0; map_next(m, &i, &slot);) ... in no order.
 * The map must not change meanwhile. */
bool map_next(const struct map *m, size_t *i, struct map_slot *out);

#endif
