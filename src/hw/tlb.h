/*
 * tlb.h - one set-associative array of translations.
 *
 * An entry is tagged by ASID and by page number at the page's size, and knows
 * whether the page was dirty.  Where the page is in memory need not be kept:
 * the kernel has told the visit.
 * Page numbers are addresses shifted right by the page's shift.
 *
 * In an array that coalesces, one entry of a group of neighbouring pages holds
 * those that its cover says; others of the group have entries of their own, in
 * the same set.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_TLB_H
#define HW_TLB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "hw/assoc.h"
#include "hw/config.h"

#define TLB_MAX_SIZES 7 /* page sizes in one array */

#define TLB_MAX_ASIDS 16 /* of an array that holds few */

#define TLB_MAX_COALESCE 16 /* pages of a group */

#define TLB_ASID_BITS  16
#define TLB_SIZE_BITS  3
#define TLB_PAGE_SHIFT (TLB_ASID_BITS + TLB_SIZE_BITS)

struct tlb {
	struct assoc a;
	unsigned fold; /* index: page ^ page >> fold; 63 folds nothing */
	bool modulo;   /* index: modulo the number of sets, of the page or */
	bool hashed;   /* of its hash */
	unsigned coalesce; /* log2 pages of a group */
	uint16_t *cover;   /* of each slot of a group: pages held, a bit each;
			      NULL: it does not coalesce */
	unsigned n_sizes;
	uint8_t shift[TLB_MAX_SIZES]; /* of page size i, growing */
	uint8_t size_of[64];          /* page shift -> i; or TLB_MAX_SIZES */
	uint8_t *dirty;               /* of each slot */
	unsigned max_asids;           /* held at a time; 0: any number */
	unsigned n_asids;
	uint16_t asids[TLB_MAX_ASIDS]; /* that ran last, latest first */
};

/* False and *e when the shape is impossible.  Release with tlb_free(). */
bool tlb_init(struct tlb *t, const struct tlb_config *cfg, struct err *e);
void tlb_free(struct tlb *t);

/* Of a page of 2^shift bytes; all of a group have that of the group. */
static inline uint32_t
tlb_set(const struct tlb *t, uint64_t page, unsigned shift)
{
	if (__builtin_expect(t->cover != NULL, 0))
		page >>= t->shift[1] - shift;
	if (__builtin_expect(t->modulo, 0))
		return assoc_modulo(&t->a, t->hashed ? hash_u64(page) : page);
	return (uint32_t)((page ^ page >> t->fold) & t->a.set_mask);
}

static inline uint64_t
tlb_tag(const struct tlb *t, unsigned asid, uint64_t page, unsigned shift)
{
	return page << TLB_PAGE_SHIFT |
	       (uint64_t)t->size_of[shift] << TLB_ASID_BITS | asid;
}

/* The slot that translates the page, now used, or ASSOC_NONE. */
static inline uint32_t
tlb_lookup(struct tlb *t, unsigned asid, uint64_t page, unsigned shift)
{
	return assoc_lookup(&t->a, tlb_set(t, page, shift),
			    tlb_tag(t, asid, page, shift));
}

/* A way into a TLB for one page size and one ASID: what the first compare of
 * a lookup needs, close together. */
struct tlb_port {
	const uint64_t *tags;
	const uint32_t *last;
	uint8_t *dirty;
	uint64_t set_mask;
	uint32_t low; /* of the tag: page size and ASID */
	uint8_t shift, fold;
	bool slow;       /* more than one compare is needed */
	bool coalescing; /* then tlb_port_take() takes no place for a page */
	struct tlb *tlb;
};

void tlb_port_init(struct tlb_port *p, struct tlb *t, unsigned shift);

static inline void
tlb_port_set_asid(struct tlb_port *p, unsigned asid)
{
	p->low = (p->low & ~((1u << TLB_ASID_BITS) - 1)) | asid;
}

/* The slot if it is the one its set used last, else ASSOC_NONE: it may be in
 * another, tlb_port_take() says. */
static inline uint32_t
tlb_port_try(const struct tlb_port *p, uint64_t va)
{
	uint64_t page = va >> p->shift;
	uint32_t slot;

	if (__builtin_expect(p->slow, 0))
		return ASSOC_NONE;
	slot = p->last[(page ^ page >> p->fold) & p->set_mask];
	if (__builtin_expect(p->tags[slot] == (page << TLB_PAGE_SHIFT | p->low),
			     1))
		return slot;
	return ASSOC_NONE;
}

enum tlb_took { TLB_HIT, TLB_FREE, TLB_EVICTED };

/* The slot that has va's page, or ASSOC_NONE; nobody notices. */
uint32_t tlb_port_find(const struct tlb_port *p, uint64_t va);

/* In an array that coalesces: the slot that has va's page, now used, or
 * ASSOC_NONE; and put it there, with those of its group that cover says (its
 * own among them): clean, where there was room or another had to go. */
uint32_t tlb_port_group(const struct tlb_port *p, uint64_t va);
uint32_t tlb_port_put(const struct tlb_port *p, uint64_t va, uint16_t cover,
		      enum tlb_took *took);
/* The slot holds va's page alone. */
void tlb_port_alone(const struct tlb_port *p, uint32_t slot, uint64_t va);

/* The slot of the page that va is in, now used; a page that is not there is
 * put there, clean, where there was room or another had to go: *took.  An
 * array that coalesces waits for tlb_port_put(): ASSOC_NONE and TLB_FREE. */
static inline uint32_t
tlb_port_take(const struct tlb_port *p, uint64_t va, enum tlb_took *took)
{
	struct tlb *t = p->tlb;
	uint64_t page = va >> p->shift, was;
	uint64_t tag = page << TLB_PAGE_SHIFT | p->low;
	uint32_t slot;

	if (__builtin_expect(p->coalescing, 0)) {
		slot = tlb_port_group(p, va);
		*took = slot == ASSOC_NONE ? TLB_FREE : TLB_HIT;
		return slot;
	}
	slot = t->a.take(&t->a, tlb_set(t, page, p->shift), tag, &was);
	if (was == tag) {
		*took = TLB_HIT;
		return slot;
	}
	*took = was == ASSOC_EMPTY ? TLB_FREE : TLB_EVICTED;
	p->dirty[slot] = 0;
	return slot;
}

/* As tlb_lookup(), but nobody notices. */
uint32_t tlb_find(const struct tlb *t, unsigned asid, uint64_t page,
		  unsigned shift);

/* Put a translation that is not there; true if another had to go. */
bool tlb_fill(struct tlb *t, unsigned asid, uint64_t page, unsigned shift,
	      bool dirty);

/* Each returns how many translations went. */
unsigned tlb_drop_page(struct tlb *t, unsigned asid, uint64_t page,
		       unsigned shift);
/* Those of any size that translate a byte of [start, start + bytes). */
unsigned tlb_drop_range(struct tlb *t, unsigned asid, uint64_t start,
			uint64_t bytes);
unsigned tlb_drop_asid(struct tlb *t, unsigned asid);
/* This tag runs from here on: in an array that holds few, the one that ran
 * longest ago may have to go. */
unsigned tlb_run(struct tlb *t, unsigned asid);
unsigned tlb_drop_all(struct tlb *t);

#endif
