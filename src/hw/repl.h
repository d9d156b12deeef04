/*
 * repl.h - replacement policies of set-associative arrays, as a const table.
 *
 * A policy orders the ways of a set; it neither knows what they hold nor
 * which are empty: an array fills an empty way before it asks for a victim.
 * State is a few words a set, laid out by the policy.
 * Sources: doc/model-hw.md.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_REPL_H
#define HW_REPL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

struct err;
struct repl_policy;

struct repl {
	const struct repl_policy *policy;
	uint32_t sets, ways;
	uint32_t stride; /* words a set */
	uint64_t *words;
	struct repl_mask *masks; /* policies that mask; [way], or NULL */
	uint64_t clock;          /* policies that stamp */
	struct rng rng;          /* policies that draw */
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
	 * nothing: visits may be collapsed, the last way is tried first. */
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

#endif
