/*
 * assoc.h - a set-associative array of 64-bit tags with replacement: what
 * TLBs, paging-structure caches and caches have in common.
 *
 * A slot is set * ways + way.  The slot a set used last is tried first, which
 * is most lookups; the policy hears of it only when another way is used.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_ASSOC_H
#define HW_ASSOC_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/repl.h"

#define ASSOC_NONE  UINT32_MAX /* no slot */
#define ASSOC_EMPTY UINT64_MAX /* the tag of an empty slot */

#define ASSOC_MAX_SLOTS ((uint32_t)1 << 26)

struct assoc;

/* As assoc_take(), of the array's kind. */
typedef uint32_t assoc_take_fn(struct assoc *a, uint32_t set, uint64_t tag,
			       uint64_t *was);
/* As assoc_lookup(). */
typedef uint32_t assoc_lookup_fn(struct assoc *a, uint32_t set, uint64_t tag);

struct assoc {
	uint64_t *tags; /* one more than there are slots, always empty */
	uint32_t *last; /* a set's slot used last, or the one more */
	uint16_t *full; /* a set's slots that are not empty */
	uint32_t sets, ways;
	uint32_t used;     /* slots that are not empty, all sets */
	uint64_t set_mask; /* power-of-two sets: sets - 1; else 0 */
	uint64_t inverse;  /* other numbers of sets: 2^64 / sets */
	uint16_t *hint;    /* many ways: hash of a tag -> way, to be verified */
	unsigned hint_shift;
	assoc_take_fn *take;
	assoc_lookup_fn *lookup;
	struct repl repl;
};

/* False and *e if slots / ways is no number of sets or the policy refuses.
 * what names the structure in messages ("tlb l1d-4k") and seeds policies
 * that draw.  Release with assoc_free(). */
bool assoc_init(struct assoc *a, const char *what, uint64_t slots,
		uint32_t ways, const struct repl_policy *policy, struct err *e);
void assoc_free(struct assoc *a);

/* Where the tag is, and nothing else. */
uint32_t assoc_find(const struct assoc *a, uint32_t set, uint64_t tag);

void assoc_drop(struct assoc *a, uint32_t slot);
void assoc_drop_all(struct assoc *a);

/* The slot that holds the tag, now used, or ASSOC_NONE. */
static inline uint32_t
assoc_lookup(struct assoc *a, uint32_t set, uint64_t tag)
{
	uint32_t slot = a->last[set];

	if (__builtin_expect(a->tags[slot] == tag, 1))
		return slot;
	return a->lookup(a, set, tag);
}

/* The slot that holds the tag, now used; put it there if it is not.  *was:
 * the tag that the slot held before, this one on a hit, or ASSOC_EMPTY. */
static inline uint32_t
assoc_take(struct assoc *a, uint32_t set, uint64_t tag, uint64_t *was)
{
	uint32_t slot = a->last[set];

	if (a->tags[slot] == tag) {
		*was = tag;
		return slot;
	}
	return a->take(a, set, tag, was);
}

/* n modulo the number of sets. */
static inline uint32_t
assoc_modulo(const struct assoc *a, uint64_t n)
{
	uint64_t rest;

	if (a->set_mask || a->sets == 1)
		return (uint32_t)(n & a->set_mask);
	/* The quotient is at most one too small. */
	rest =
	    n - (uint64_t)(((unsigned __int128)n * a->inverse) >> 64) * a->sets;
	return (uint32_t)(rest >= a->sets ? rest - a->sets : rest);
}

static inline uint32_t
assoc_slots(const struct assoc *a)
{
	return a->sets * a->ways;
}

#endif
