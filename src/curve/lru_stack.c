/* lru_stack.c - see lru_stack.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "curve/lru_stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define FIRST_CAP 16u

static void
tree_add(struct lru_stack *s, uint32_t at, uint32_t change)
{
	for (; at <= s->cap; at += at & -at)
		s->tree[at] += change;
}

/* How many keys were last used at time at or before. */
static uint32_t
tree_sum(const struct lru_stack *s, uint32_t at)
{
	uint32_t sum = 0;

	for (; at; at &= at - 1)
		sum += s->tree[at];
	return sum;
}

/* Number the last uses anew from 1, keeping their order, with room for as
 * many again. */
static void
renumber(struct lru_stack *s)
{
	uint32_t cap = s->cap ? s->cap : FIRST_CAP, n = 0;
	uint64_t *keys, last;

	while (cap / 2 <= s->live)
		cap *= 2;
	keys = xreallocarray(NULL, cap + 1u, sizeof(*keys));
	for (uint32_t at = 1; at <= s->now; at++) {
		if (!map_get(&s->last, s->keys[at], &last) || last != at)
			continue;
		keys[++n] = s->keys[at];
		map_put(&s->last, keys[n], n);
	}
	free(s->keys);
	free(s->tree);
	s->keys = keys;
	s->tree = xcalloc(cap + 1u, sizeof(*s->tree));
	s->cap = cap;
	s->now = n;
	for (uint32_t at = 1; at <= n; at++)
		tree_add(s, at, 1);
}

uint64_t
lru_stack_touch(struct lru_stack *s, uint64_t key)
{
	uint64_t last, distance = STACK_COLD;

	if (s->now && s->keys[s->now] == key)
		return 0;
	if (s->now == s->cap)
		renumber(s);
	if (map_get(&s->last, key, &last)) {
		distance = s->live - tree_sum(s, (uint32_t)last);
		tree_add(s, (uint32_t)last, -1u);
	} else {
		s->live++;
	}
	s->now++;
	s->keys[s->now] = key;
	map_put(&s->last, key, s->now);
	tree_add(s, s->now, 1);
	return distance;
}

void
lru_stack_free(struct lru_stack *s)
{
	map_free(&s->last);
	free(s->tree);
	free(s->keys);
	memset(s, 0, sizeof(*s));
}
