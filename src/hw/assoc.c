/* assoc.c - see assoc.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hw/assoc.h"

/* From here on, looking a way up by hash beats scanning the set. */
#define HINT_WAYS 17

static uint64_t
seed_of(const char *what)
{
	uint64_t h = 0;

	for (; *what; what++)
		h = hash_u64(h ^ (unsigned char)*what);
	return h;
}

static bool
check_geometry(const char *what, uint64_t slots, uint32_t ways,
	       const struct repl_policy *policy, struct err *e)
{
	if (!policy)
		return err_set(e, ERR_INPUT, "%s: no replacement policy", what);
	if (!slots || slots > ASSOC_MAX_SLOTS)
		return err_set(e, ERR_INPUT,
			       "%s: %" PRIu64
			       " entries: expected 1 to %" PRIu32,
			       what, slots, ASSOC_MAX_SLOTS);
	if (!ways || ways > slots || slots % ways)
		return err_set(e, ERR_INPUT,
			       "%s: %" PRIu64 " entries in %" PRIu32
			       " ways: expected a whole number of sets",
			       what, slots, ways);
	if (ways > UINT16_MAX)
		return err_set(e, ERR_INPUT,
			       "%s: %" PRIu32 " ways: expected at most %d",
			       what, ways, UINT16_MAX);
	return true;
}

bool
assoc_init(struct assoc *a, const char *what, uint64_t slots, uint32_t ways,
	   const struct repl_policy *policy, struct err *e)
{
	memset(a, 0, sizeof(*a));
	if (!check_geometry(what, slots, ways, policy, e))
		return false;
	a->ways = ways;
	a->sets = (uint32_t)(slots / ways);
	if (!repl_init(&a->repl, policy, a->sets, ways, seed_of(what), e))
		return err_prefix(e, "%s", what);
	a->tags = xreallocarray(NULL, slots + 1, sizeof(*a->tags));
	a->last = xreallocarray(NULL, a->sets, sizeof(*a->last));
	a->full = xcalloc(a->sets, sizeof(*a->full));
	if (is_pow2(a->sets))
		a->set_mask = a->sets - 1;
	else
		a->inverse = UINT64_MAX / a->sets;
	if (ways >= HINT_WAYS) {
		unsigned bits = ilog2(slots) + 3;

		a->hint_shift = 64 - bits;
		a->hint = xcalloc((size_t)1 << bits, sizeof(*a->hint));
	}
	a->used = 1;
	assoc_drop_all(a);
	return true;
}

void
assoc_free(struct assoc *a)
{
	free(a->tags);
	free(a->last);
	free(a->full);
	free(a->hint);
	repl_free(&a->repl);
	memset(a, 0, sizeof(*a));
}

static uint16_t *
hint_of(const struct assoc *a, uint64_t tag)
{
	return &a->hint[(tag * 0x9e3779b97f4a7c15u) >> a->hint_shift];
}

static inline uint32_t
scan(const uint64_t *tags, uint32_t ways, uint64_t tag)
{
	for (uint32_t way = 0; way < ways; way++)
		if (tags[way] == tag)
			return way;
	return ASSOC_NONE;
}

/* The way of the set that holds the tag; common numbers of ways unrolled. */
static inline uint32_t
find_way(const struct assoc *a, uint32_t set, uint64_t tag)
{
	const uint64_t *tags = a->tags + (size_t)set * a->ways;

	switch (a->ways) {
	case 4:
		return scan(tags, 4, tag);
	case 8:
		return scan(tags, 8, tag);
	case 12:
		return scan(tags, 12, tag);
	default:
		if (a->hint) {
			uint32_t way = *hint_of(a, tag);

			if (tags[way] == tag)
				return way;
		}
		return scan(tags, a->ways, tag);
	}
}

uint32_t
assoc_find(const struct assoc *a, uint32_t set, uint64_t tag)
{
	uint32_t way = find_way(a, set, tag);

	return way == ASSOC_NONE ? way : set * a->ways + way;
}

/* A policy on which a repeated hit works must hear of every hit. */
static inline void
remember_last(struct assoc *a, uint32_t set, uint32_t slot)
{
	if (a->repl.policy->idempotent)
		a->last[set] = slot;
}

uint32_t
assoc_lookup_others(struct assoc *a, uint32_t set, uint64_t tag)
{
	uint32_t way = find_way(a, set, tag);
	uint32_t slot = set * a->ways + way;

	if (way == ASSOC_NONE)
		return ASSOC_NONE;
	repl_hit(&a->repl, set, way);
	remember_last(a, set, slot);
	return slot;
}

static uint32_t
way_to_fill(struct assoc *a, uint32_t set)
{
	if (a->full[set] == a->ways)
		return repl_victim(&a->repl, set);
	a->full[set]++;
	a->used++;
	return scan(a->tags + (size_t)set * a->ways, a->ways, ASSOC_EMPTY);
}

uint32_t
assoc_take_others(struct assoc *a, uint32_t set, uint64_t tag, uint64_t *was)
{
	uint32_t way = find_way(a, set, tag), slot;

	if (way != ASSOC_NONE) {
		repl_hit(&a->repl, set, way);
	} else {
		way = way_to_fill(a, set);
		repl_fill(&a->repl, set, way);
		if (a->hint)
			*hint_of(a, tag) = (uint16_t)way;
	}
	slot = set * a->ways + way;
	*was = a->tags[slot];
	a->tags[slot] = tag;
	remember_last(a, set, slot);
	return slot;
}

void
assoc_drop(struct assoc *a, uint32_t slot)
{
	BUG_ON(a->tags[slot] == ASSOC_EMPTY);
	a->tags[slot] = ASSOC_EMPTY;
	a->full[slot / a->ways]--;
	a->used--;
}

void
assoc_drop_all(struct assoc *a)
{
	if (!a->used)
		return;
	for (uint32_t i = 0; i <= assoc_slots(a); i++)
		a->tags[i] = ASSOC_EMPTY;
	for (uint32_t set = 0; set < a->sets; set++)
		a->last[set] = assoc_slots(a);
	memset(a->full, 0, a->sets * sizeof(*a->full));
	a->used = 0;
}
