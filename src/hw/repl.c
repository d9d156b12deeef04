/* repl.c - see repl.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "hw/repl.h"

/* An order of ways, most recent first: up to 16 ways as nibbles of one word,
 * more as one time stamp each. */

#define NIBBLE_WAYS 16

static uint32_t
order_stride(uint32_t ways)
{
	return ways <= NIBBLE_WAYS ? 1 : ways;
}

/* At first way 0 is the oldest. */
static void
order_init(struct repl *r, uint32_t set)
{
	uint64_t *w = repl_words(r, set);

	for (uint32_t i = 0; i < r->ways; i++) {
		if (r->ways <= NIBBLE_WAYS)
			w[0] |= (uint64_t)i << (4 * (r->ways - 1 - i));
		else
			w[i] = ++r->clock;
	}
}

static void
order_first(struct repl *r, uint32_t set, uint32_t way)
{
	if (r->ways <= NIBBLE_WAYS)
		repl_order_first(r, set, way);
	else
		repl_words(r, set)[way] = ++r->clock;
}

/* fifo does not: its hits do nothing. */
static void
lru_prepare(struct repl *r)
{
	if (r->ways <= NIBBLE_WAYS)
		r->kind = REPL_ORDER;
}

static uint32_t
order_last(struct repl *r, uint32_t set)
{
	const uint64_t *w = repl_words(r, set);
	uint32_t oldest = 0;

	if (r->ways <= NIBBLE_WAYS)
		return w[0] >> (4 * (r->ways - 1)) & 0xf;
	for (uint32_t i = 1; i < r->ways; i++)
		if (w[i] < w[oldest])
			oldest = i;
	return oldest;
}

/*
 * Tree-PLRU over ways [lo, hi): the left half has one way more when their
 * number is odd.  The node that splits before way mid is bit mid; 1 says that
 * the victim is in the right half.  For 2^n ways it is the usual tree.
 */

static uint32_t
tree_split(uint32_t lo, uint32_t hi)
{
	return lo + (hi - lo + 1) / 2;
}

static void
tree_away(uint64_t *bits, uint32_t lo, uint32_t hi, uint32_t way)
{
	while (hi - lo > 1) {
		uint32_t mid = tree_split(lo, hi);
		uint64_t bit = (uint64_t)1 << mid % 64;

		if (way < mid) {
			bits[mid / 64] |= bit;
			hi = mid;
		} else {
			bits[mid / 64] &= ~bit;
			lo = mid;
		}
	}
}

/* Without branches on the bits, which nothing could predict. */
static uint32_t
tree_follow(const uint64_t *bits, uint32_t lo, uint32_t hi)
{
	while (hi - lo > 1) {
		uint32_t mid = tree_split(lo, hi);
		uint32_t right = -(uint32_t)(bits[mid / 64] >> mid % 64 & 1);

		lo += (mid - lo) & right;
		hi = mid + ((hi - mid) & right);
	}
	return lo;
}

static uint32_t
bit_stride(uint32_t ways)
{
	return (ways + 63) / 64;
}

/* Up to so many ways, using one is two operations on the set's only word;
 * its highest byte is left for skylake-stlb. */
#define MASK_WAYS 56

static void
add_masks(struct repl *r)
{
	if (r->ways > MASK_WAYS)
		return;
	r->masks = xcalloc(r->ways, sizeof(*r->masks));
	for (uint32_t way = 0; way < r->ways; way++)
		r->masks[way].keep = UINT64_MAX;
}

/* What tree_away() for this way clears and sets. */
static void
add_tree_mask(struct repl_mask *m, uint32_t lo, uint32_t hi, uint32_t way)
{
	uint64_t zeros = 0, ones = UINT64_MAX;

	tree_away(&zeros, lo, hi, way);
	tree_away(&ones, lo, hi, way);
	m->keep &= ones;
	m->set |= zeros;
}

/* The victim of a tree of up to 8 ways for all bits it can have. */
static void
fill_victims(uint8_t *victims, uint32_t first, uint32_t ways)
{
	for (uint64_t bits = 0; bits < 256; bits++)
		victims[bits] = (uint8_t)(first + tree_follow(&bits, 0, ways));
}

#define TABLE_WAYS 8 /* of one table */

static void
tree_prepare(struct repl *r)
{
	uint32_t half;

	add_masks(r);
	for (uint32_t way = 0; r->masks && way < r->ways; way++)
		add_tree_mask(&r->masks[way], 0, r->ways, way);
	if (r->ways > 2 * TABLE_WAYS)
		return;
	r->kind = REPL_TREE;
	r->victims = xmalloc(2 * 256);
	half = r->ways > TABLE_WAYS ? tree_split(0, r->ways) : 0;
	fill_victims(r->victims, 0, half ? half : r->ways);
	fill_victims(r->victims + 256, half, r->ways - half);
}

static void
tree_touch(struct repl *r, uint32_t set, uint32_t way)
{
	if (r->masks)
		repl_apply_mask(r, set, way);
	else
		tree_away(repl_words(r, set), 0, r->ways, way);
}

static uint32_t
tree_victim(struct repl *r, uint32_t set)
{
	return tree_follow(repl_words(r, set), 0, r->ways);
}

/* Groups of four ways, each a tree (bits 4g .. 4g+3).  The highest byte of
 * the last word is the group used last. */

static uint32_t
group_stride(uint32_t ways)
{
	return (ways + 7) / 64 + 1;
}

static void
group_prepare(struct repl *r)
{
	add_masks(r);
	for (uint32_t way = 0; r->masks && way < r->ways; way++) {
		struct repl_mask *m = &r->masks[way];
		uint32_t first = way - way % REPL_GROUP_WAYS;

		add_tree_mask(m, first, first + REPL_GROUP_WAYS, way);
		m->keep &= ((uint64_t)1 << REPL_GROUP_SHIFT) - 1;
		m->set |= (uint64_t)(way / REPL_GROUP_WAYS) << REPL_GROUP_SHIFT;
	}
	if (!r->masks)
		return;
	r->kind = REPL_GROUPS;
	r->victims = xmalloc(256);
	fill_victims(r->victims, 0, REPL_GROUP_WAYS);
}

static void
group_touch(struct repl *r, uint32_t set, uint32_t way)
{
	uint64_t *w = repl_words(r, set), *last = &w[r->stride - 1];
	uint32_t group = way / REPL_GROUP_WAYS;

	if (r->masks) {
		repl_apply_mask(r, set, way);
		return;
	}
	tree_away(w, group * REPL_GROUP_WAYS, (group + 1) * REPL_GROUP_WAYS,
		  way);
	*last &= ((uint64_t)1 << REPL_GROUP_SHIFT) - 1;
	*last |= (uint64_t)group << REPL_GROUP_SHIFT;
}

static uint32_t
group_victim(struct repl *r, uint32_t set)
{
	const uint64_t *w = repl_words(r, set);
	uint32_t group = (uint32_t)(w[r->stride - 1] >> REPL_GROUP_SHIFT) + 1;

	if (group >= r->ways / REPL_GROUP_WAYS)
		group = 0;
	return tree_follow(w, group * REPL_GROUP_WAYS,
			   (group + 1) * REPL_GROUP_WAYS);
}

/* One bit a way: used since the bits were last cleared. */

static uint32_t
first_clear(const struct repl *r, const uint64_t *w)
{
	for (uint32_t i = 0; i < r->stride; i++)
		if (~w[i])
			return i * 64 + (uint32_t)__builtin_ctzll(~w[i]);
	return r->stride * 64;
}

static void
used_set(struct repl *r, uint32_t set, uint32_t way)
{
	repl_words(r, set)[way / 64] |= (uint64_t)1 << way % 64;
}

static void
used_clear_all(struct repl *r, uint32_t set)
{
	memset(repl_words(r, set), 0, r->stride * sizeof(*r->words));
}

/* bit-PLRU: the access that would set the last clear bit clears the others. */
static void
bit_touch(struct repl *r, uint32_t set, uint32_t way)
{
	used_set(r, set, way);
	if (first_clear(r, repl_words(r, set)) < r->ways)
		return;
	used_clear_all(r, set);
	used_set(r, set, way);
}

static uint32_t
bit_victim(struct repl *r, uint32_t set)
{
	uint32_t way = first_clear(r, repl_words(r, set));

	return way < r->ways ? way : 0; /* a set of one way */
}

/* NRU: bits are cleared only when a victim is wanted and none is clear. */
static uint32_t
nru_victim(struct repl *r, uint32_t set)
{
	uint32_t way = first_clear(r, repl_words(r, set));

	if (way < r->ways)
		return way;
	used_clear_all(r, set);
	return 0;
}

/* RRIP: a byte a way, how far off its next use is taken to be, 0 to 3. */
#define RRPV_FAR 3

static uint32_t
rrip_stride(uint32_t ways)
{
	return (ways + 7) / 8;
}

static uint8_t *
rrpv(const struct repl *r, uint32_t set)
{
	return (uint8_t *)repl_words(r, set);
}

static void
rrip_init(struct repl *r, uint32_t set)
{
	memset(rrpv(r, set), RRPV_FAR, r->ways);
}

static void
rrip_hit(struct repl *r, uint32_t set, uint32_t way)
{
	rrpv(r, set)[way] = 0;
}

static void
srrip_fill(struct repl *r, uint32_t set, uint32_t way)
{
	rrpv(r, set)[way] = RRPV_FAR - 1;
}

/* Nearly always as far off as can be. */
static void
brrip_fill(struct repl *r, uint32_t set, uint32_t way)
{
	rrpv(r, set)[way] = RRPV_FAR - !rng_below(&r->rng, 32);
}

/* The first that is as far off as can be; all move away until one is. */
static uint32_t
rrip_victim(struct repl *r, uint32_t set)
{
	uint8_t *v = rrpv(r, set), far = 0;

	for (uint32_t i = 0; i < r->ways; i++)
		far = v[i] > far ? v[i] : far;
	for (uint32_t i = 0; i < r->ways; i++)
		v[i] = (uint8_t)(v[i] + RRPV_FAR - far);
	return (uint32_t)((uint8_t *)memchr(v, RRPV_FAR, r->ways) - v);
}

static uint32_t
no_stride(uint32_t ways)
{
	(void)ways;
	return 0;
}

static void
no_fill(struct repl *r, uint32_t set, uint32_t way)
{
	(void)r;
	(void)set;
	(void)way;
}

static uint32_t
random_victim(struct repl *r, uint32_t set)
{
	(void)set;
	return (uint32_t)rng_below(&r->rng, r->ways);
}

const struct repl_policy repl_policies[] = {
    {"lru",
     "true least recently used",
     {order_stride, lru_prepare, order_init, order_first, order_first,
      order_last},
     true,
     1},
    {"tree-plru",
     "a binary tree of bits that point away from what was used",
     {bit_stride, tree_prepare, NULL, tree_touch, tree_touch, tree_victim},
     true,
     1},
    {"bit-plru",
     "a bit a way, cleared for the others when all would be set",
     {bit_stride, NULL, NULL, bit_touch, bit_touch, bit_victim},
     true,
     1},
    {"nru",
     "not recently used: a bit a way, cleared when a victim is wanted",
     {bit_stride, NULL, NULL, used_set, used_set, nru_victim},
     true,
     1},
    {"fifo",
     "first in, first out: hits do not count",
     {order_stride, NULL, order_init, NULL, order_first, order_last},
     true,
     1},
    {"random",
     "any way, drawn from a seeded generator",
     {no_stride, NULL, NULL, NULL, no_fill, random_victim},
     true,
     1},
    {"skylake-stlb",
     "groups of 4 ways: the group after the last used, "
     "tree-plru inside ((MRU+1)%3 PLRU4)",
     {group_stride, group_prepare, NULL, group_touch, group_touch,
      group_victim},
     true,
     REPL_GROUP_WAYS},
    {"srrip",
     "re-reference interval prediction, 2 bits, hit priority: new ones are "
     "the next but one to go",
     {rrip_stride, NULL, rrip_init, rrip_hit, srrip_fill, rrip_victim},
     false,
     1},
    {"brrip",
     "as srrip, but 31 of 32 new ones are the next to go",
     {rrip_stride, NULL, rrip_init, rrip_hit, brrip_fill, rrip_victim},
     false,
     1},
    {NULL, NULL, {NULL, NULL, NULL, NULL, NULL, NULL}, false, 0},
};

const struct repl_policy *
repl_find(const char *name)
{
	for (const struct repl_policy *p = repl_policies; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

bool
repl_init(struct repl *r, const struct repl_policy *policy, uint32_t sets,
	  uint32_t ways, uint64_t seed, struct err *e)
{
	memset(r, 0, sizeof(*r));
	if (ways % policy->ways_multiple)
		return err_set(e, ERR_INPUT,
			       "%" PRIu32 " ways with replacement %s: expected "
			       "a multiple of %" PRIu32,
			       ways, policy->name, policy->ways_multiple);
	r->policy = policy;
	r->sets = sets;
	r->ways = ways;
	r->stride = policy->ops.stride(ways);
	r->words = xcalloc((size_t)sets * r->stride + 1, sizeof(*r->words));
	rng_seed(&r->rng, seed);
	if (policy->ops.prepare)
		policy->ops.prepare(r);
	for (uint32_t set = 0; policy->ops.init && set < sets; set++)
		policy->ops.init(r, set);
	return true;
}

void
repl_free(struct repl *r)
{
	free(r->words);
	free(r->masks);
	free(r->victims);
	r->words = NULL;
	r->masks = NULL;
	r->victims = NULL;
}
