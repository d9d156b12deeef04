/* map.c - see map.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/xalloc.h"

#define EMPTY UINT64_MAX

void
map_free(struct map *m)
{
	free(m->slots);
	memset(m, 0, sizeof(*m));
}

/* The slot that holds key, or the empty one where it would go. */
static struct map_slot *
probe(const struct map *m, uint64_t key)
{
	size_t i = hash_u64(key) & m->mask;

	while (m->slots[i].key != EMPTY && m->slots[i].key != key)
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

bool
map_get(const struct map *m, uint64_t key, uint64_t *value)
{
	struct map_slot *s;

	if (!m->slots)
		return false;
	s = probe(m, key);
	if (s->key == EMPTY)
		return false;
	*value = s->value;
	return true;
}

void *
map_get_ptr(const struct map *m, uint64_t key)
{
	uint64_t v;

	return map_get(m, key, &v) ? (void *)(uintptr_t)v : NULL;
}

static void
grow(struct map *m)
{
	struct map old = *m;
	size_t n = old.slots ? (old.mask + 1) * 2 : 16;

	m->slots = xreallocarray(NULL, n, sizeof(*m->slots));
	memset(m->slots, 0xff, n * sizeof(*m->slots));
	m->mask = n - 1;
	for (size_t i = 0; old.slots && i <= old.mask; i++)
		if (old.slots[i].key != EMPTY)
			*probe(m, old.slots[i].key) = old.slots[i];
	free(old.slots);
}

void
map_put(struct map *m, uint64_t key, uint64_t value)
{
	struct map_slot *s;

	BUG_ON(key == EMPTY);
	if (!m->slots || (m->used + 1) * 4 > (m->mask + 1) * 3)
		grow(m);
	s = probe(m, key);
	if (s->key == EMPTY)
		m->used++;
	s->key = key;
	s->value = value;
}

void
map_put_ptr(struct map *m, uint64_t key, void *value)
{
	map_put(m, key, (uintptr_t)value);
}

bool
map_remove(struct map *m, uint64_t key)
{
	size_t hole, i;

	if (!m->slots)
		return false;
	hole = (size_t)(probe(m, key) - m->slots);
	if (m->slots[hole].key == EMPTY)
		return false;
	for (i = (hole + 1) & m->mask; m->slots[i].key != EMPTY;
	     i = (i + 1) & m->mask) {
		size_t home = hash_u64(m->slots[i].key) & m->mask;

		if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole].key = EMPTY;
	m->used--;
	return true;
}

bool
map_next(const struct map *m, size_t *i, struct map_slot *out)
{
	if (!m->slots)
		return false;
	for (; *i <= m->mask; (*i)++)
		if (m->slots[*i].key != EMPTY) {
			*out = m->slots[(*i)++];
			return true;
		}
	return false;
}
