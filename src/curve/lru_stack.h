/*
 * lru_stack.h - stack distances: how many other keys since the last time?
 *
 * After Mattson et al., "Evaluation techniques for storage hierarchies" (1970):
 * an LRU memory of N places misses exactly where the distance is N or more, so
 * one pass prices all sizes.  The stack is a Fenwick tree over the times of
 * last use (Bennett and Kruskal, 1975): O(log n) a touch, n distinct keys.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CURVE_LRU_STACK_H
#define CURVE_LRU_STACK_H

#include <stdint.h>

#include "base/map.h"

#define STACK_COLD UINT64_MAX /* never seen before */

/* All zero: an empty stack. */
struct lru_stack {
	struct map last; /* key -> time of its last use, from 1 */
	uint32_t *tree;  /* Fenwick: 1 at each key's last use */
	uint64_t *keys;  /* used at each time */
	uint32_t cap;    /* times there is room for: a power of two, or 0 */
	uint32_t now;    /* the last time given out */
	uint32_t live;   /* distinct keys */
};

/* Distinct other keys since key was last touched, or STACK_COLD.  Keys are
 * below UINT64_MAX; at most 2^30 of them. */
uint64_t lru_stack_touch(struct lru_stack *s, uint64_t key);

void lru_stack_free(struct lru_stack *s);

#endif
