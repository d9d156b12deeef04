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

static uint16_t *
hint_of(const struct assoc *a, uint64_t tag)
{
	return &a->hint[(tag * 0x9e3779b97f4a7c15u) >> a->hint_shift];
}

static inline uint32_t
scan(const uint64_t *tags, uint32_t ways, uint64_t tag)
{
#pragma GCC unroll 16
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

/* A policy on which a repeated hit works must hear of every hit. */
static inline void
remember_last(struct assoc *a, uint32_t set, uint32_t slot)
{
	if (a->repl.policy->idempotent)
		a->last[set] = slot;
}

/* An empty way of the set, the lowest. */
static uint32_t
empty_way(struct assoc *a, uint32_t set)
{
	a->full[set]++;
	a->used++;
	return scan(a->tags + (size_t)set * a->ways, a->ways, ASSOC_EMPTY);
}

/* Any kind, any number of ways. */
static uint32_t
take_any(struct assoc *a, uint32_t set, uint64_t tag, uint64_t *was)
{
	uint32_t way = find_way(a, set, tag), slot;

	if (way != ASSOC_NONE) {
		repl_hit(&a->repl, set, way);
	} else {
		way = a->full[set] == a->ways ? repl_victim(&a->repl, set)
					      : empty_way(a, set);
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

/* One kind and number of ways, known when this is compiled: without calls,
 * all loops unrolled. */
static inline __attribute__((always_inline)) uint32_t
take(struct assoc *a, uint32_t set, uint64_t tag, uint64_t *was,
     enum repl_kind kind, uint32_t ways)
{
	uint64_t *tags = a->tags + (size_t)set * ways;
	uint32_t way = scan(tags, ways, tag);

	if (way == ASSOC_NONE) {
		if (a->full[set] != ways)
			return take_any(a, set, tag, was);
		way = kind == REPL_ORDER ? repl_order_turn(&a->repl, set, ways)
		      : kind == REPL_TREE
			  ? repl_tree_victim(&a->repl, set, ways)
			  : repl_group_victim(&a->repl, set, ways);
	} else if (kind == REPL_ORDER) {
		repl_order_first(&a->repl, set, way);
	}
	if (kind != REPL_ORDER)
		repl_apply_mask(&a->repl, set, way);
	*was = tags[way];
	tags[way] = tag;
	return a->last[set] = set * ways + way;
}

static uint32_t
lookup_any(struct assoc *a, uint32_t set, uint64_t tag)
{
	uint32_t way = find_way(a, set, tag);
	uint32_t slot = set * a->ways + way;

	if (way == ASSOC_NONE)
		return ASSOC_NONE;
	repl_hit(&a->repl, set, way);
	remember_last(a, set, slot);
	return slot;
}

static inline __attribute__((always_inline)) uint32_t
lookup(struct assoc *a, uint32_t set, uint64_t tag, enum repl_kind kind,
       uint32_t ways)
{
	uint32_t way = scan(a->tags + (size_t)set * ways, ways, tag);

	if (way == ASSOC_NONE)
		return ASSOC_NONE;
	if (kind == REPL_ORDER)
		repl_order_first(&a->repl, set, way);
	else
		repl_apply_mask(&a->repl, set, way);
	return a->last[set] = set * ways + way;
}

/* X(kind, ways): what common arrays have. */
#define SHAPES(X)    \
	X(TREE, 4)   \
	X(TREE, 6)   \
	X(TREE, 8)   \
	X(TREE, 12)  \
	X(TREE, 16)  \
	X(ORDER, 4)  \
	X(ORDER, 8)  \
	X(ORDER, 12) \
	X(ORDER, 16) \
	X(GROUPS, 12)

#define X(kind, ways)                                                         \
	static uint32_t take_##kind##_##ways(struct assoc *a, uint32_t set,   \
					     uint64_t tag, uint64_t *was)     \
	{                                                                     \
		return take(a, set, tag, was, REPL_##kind, ways);             \
	}                                                                     \
	static uint32_t lookup_##kind##_##ways(struct assoc *a, uint32_t set, \
					       uint64_t tag)                  \
	{                                                                     \
		return lookup(a, set, tag, REPL_##kind, ways);                \
	}
SHAPES(X)
#undef X

static void
choose_functions(struct assoc *a)
{
	a->take = take_any;
	a->lookup = lookup_any;
#define X(k, n)                                           \
	if (a->repl.kind == REPL_##k && a->ways == (n)) { \
		a->take = take_##k##_##n;                 \
		a->lookup = lookup_##k##_##n;             \
	}
	SHAPES(X)
#undef X
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
	choose_functions(a);
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

uint32_t
assoc_find(const struct assoc *a, uint32_t set, uint64_t tag)
{
	uint32_t way = find_way(a, set, tag);

	return way == ASSOC_NONE ? way : set * a->ways + way;
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
