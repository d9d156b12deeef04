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

struct assoc {
	uint64_t *tags; /* one more than there are slots, always empty */
	uint32_t *last; /* a set's slot used last, or the one more */
	uint32_t sets, ways;
	uint32_t used;  /* slots that are not empty */
	uint16_t *hint; /* many ways: hash of a tag -> way, to be verified */
	unsigned hint_shift;
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

/* Put a tag that is not there: its slot.  *evicted is the tag it replaced,
 * or ASSOC_EMPTY. */
uint32_t assoc_fill(struct assoc *a, uint32_t set, uint64_t tag,
		    uint64_t *evicted);

void assoc_drop(struct assoc *a, uint32_t slot);
void assoc_drop_all(struct assoc *a);

uint32_t assoc_lookup_others(struct assoc *a, uint32_t set, uint64_t tag);

/* The slot that holds the tag, now used, or ASSOC_NONE. */
static inline uint32_t
assoc_lookup(struct assoc *a, uint32_t set, uint64_t tag)
{
	uint32_t slot = a->last[set];

	if (__builtin_expect(a->tags[slot] == tag, 1))
		return slot;
	return assoc_lookup_others(a, set, tag);
}

static inline uint32_t
assoc_slots(const struct assoc *a)
{
	return a->sets * a->ways;
}

#endif
