/*
 * repl.h - replacement policies of set-associative arrays, as a const table.
 *
 * A policy orders the ways of a set; it neither knows what they hold nor
 * which are empty: an array fills an empty way before it asks for a victim.
 * State is a few words a set, laid out by the policy.
 * Sources: doc/model.md.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_REPL_H
#define HW_REPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

struct err;
struct repl_policy;

/* Shapes of state that arrays know, to do without calls. */
enum repl_kind {
	REPL_OTHER,  /* the policy's own functions */
	REPL_ORDER,  /* up to 16 ways as nibbles, the most recent lowest */
	REPL_TREE,   /* up to 16 ways, a tree of bits */
	REPL_GROUPS, /* up to 56 ways, a tree for each four */
};

#define REPL_NIBBLES     0x1111111111111111u
#define REPL_GROUP_WAYS  4
#define REPL_GROUP_SHIFT 56 /* the group used last, in the last word */

struct repl {
	const struct repl_policy *policy;
	enum repl_kind kind;
	uint32_t sets, ways;
	uint32_t stride; /* words a set */
	uint64_t *words;
	struct repl_mask *masks; /* policies that mask; [way], or NULL */
	uint8_t *victims; /* low byte of a tree's bits -> way; REPL_TREE of
			     more than 8 ways: left half, then right */
	uint64_t clock;   /* policies that stamp */
	struct rng rng;   /* policies that draw */
};

/* What using a way does to the set's word: (word & keep) | set. */
struct repl_mask {
	uint64_t keep, set;
};

struct repl_ops {
	uint32_t (*stride)(uint32_t ways);
	void (*prepare)(struct repl *r); /* or NULL: once, all sets zero */
	void (*init)(struct repl *r, uint32_t set); /* or NULL: all zero */
	void (*hit)(struct repl *r, uint32_t set, uint32_t way); /* or NULL */
	void (*fill)(struct repl *r, uint32_t set, uint32_t way);
	uint32_t (*victim)(struct repl *r, uint32_t set);
};

struct repl_policy {
	const char *name, *help;
	struct repl_ops ops;
	/* A hit on the way that this set used last (hit or filled) changes
	 * nothing: visits may be collapsed, the last way is tried first.  Of
	 * others the second hit in a row changes nothing. */
	bool idempotent;
	uint32_t ways_multiple; /* ways must be a multiple of this */
};

extern const struct repl_policy repl_policies[]; /* ends with name == NULL */

const struct repl_policy *repl_find(const char *name); /* NULL: unknown */

/* False and *e if the policy cannot order so many ways.  seed: of policies
 * that draw.  Release with repl_free(). */
bool repl_init(struct repl *r, const struct repl_policy *policy, uint32_t sets,
	       uint32_t ways, uint64_t seed, struct err *e);
void repl_free(struct repl *r);

static inline uint64_t *
repl_words(const struct repl *r, uint32_t set)
{
	return r->words + (size_t)set * r->stride;
}

static inline void
repl_apply_mask(struct repl *r, uint32_t set, uint32_t way)
{
	const struct repl_mask *m = &r->masks[way];
	uint64_t *w = repl_words(r, set);

	*w = (*w & m->keep) | m->set;
}

static inline void
repl_hit(struct repl *r, uint32_t set, uint32_t way)
{
	if (r->policy->ops.hit)
		r->policy->ops.hit(r, set, way);
}

static inline void
repl_fill(struct repl *r, uint32_t set, uint32_t way)
{
	r->policy->ops.fill(r, set, way);
}

/* The way to give up.  May change state (random, NRU). */
static inline uint32_t
repl_victim(struct repl *r, uint32_t set)
{
	return r->policy->ops.victim(r, set);
}

/* The same where kind and ways are known when this is compiled. */

static inline uint32_t
repl_tree_victim(const struct repl *r, uint32_t set, uint32_t ways)
{
	uint32_t half = ways > 8 ? (ways + 1) / 2 : 0;
	uint64_t w = *repl_words(r, set);
	uint32_t right = w >> half & 1; /* bit 0 is always clear */

	w >>= -right & half;
	return r->victims[right << 8 | (w & 0xff)];
}

static inline uint32_t
repl_group_victim(const struct repl *r, uint32_t set, uint32_t ways)
{
	uint64_t w = *repl_words(r, set);
	uint32_t first = (uint32_t)(w >> REPL_GROUP_SHIFT) * REPL_GROUP_WAYS;

	first = first + REPL_GROUP_WAYS < ways ? first + REPL_GROUP_WAYS : 0;
	return first + r->victims[w >> first & 0xff];
}

/* The way of the oldest, now the most recent. */
static inline uint32_t
repl_order_turn(struct repl *r, uint32_t set, uint32_t ways)
{
	uint64_t *w = repl_words(r, set);
	unsigned top = 4 * (ways - 1);
	uint32_t way = *w >> top & 0xf;

	*w = (*w & ~((uint64_t)0xf << top)) << 4 | way;
	return way;
}

/* Which nibble of an order holds way: 0 is the most recent. */
static inline unsigned
repl_order_rank(uint64_t order, uint32_t way)
{
	uint64_t x = order ^ (REPL_NIBBLES * way);
	uint64_t low = REPL_NIBBLES * 7;

	/* The high bit of each nibble of x that is zero; no carries. */
	x = ~(((x & low) + low) | x | low);
	return (unsigned)__builtin_ctzll(x) / 4;
}

static inline void
repl_order_first(struct repl *r, uint32_t set, uint32_t way)
{
	uint64_t *w = repl_words(r, set);
	uint64_t below = ((uint64_t)1 << (4 * repl_order_rank(*w, way))) - 1;

	*w = (*w & ~(below << 4 | 0xf)) | (*w & below) << 4 | way;
}

#endif
