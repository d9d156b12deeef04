/* tlb.c - see tlb.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "hw/tlb.h"

/* Looking pages up one by one beats scanning the array up to so many. */
#define RANGE_PROBES 64

static void
add_size(struct tlb *t, unsigned shift)
{
	t->size_of[shift] = (uint8_t)t->n_sizes;
	t->shift[t->n_sizes++] = (uint8_t)shift;
}

static bool
init_sizes(struct tlb *t, const struct tlb_config *cfg, struct err *e)
{
	memset(t->size_of, TLB_MAX_SIZES, sizeof(t->size_of));
	for (unsigned s = 0; s < 64; s++) {
		if (!(cfg->page_sizes >> s & 1))
			continue;
		if (t->n_sizes == TLB_MAX_SIZES)
			return err_set(e, ERR_INPUT,
				       "tlb %s: more than %d page sizes",
				       cfg->name, TLB_MAX_SIZES);
		add_size(t, s);
	}
	if (!t->n_sizes)
		return err_set(e, ERR_INPUT,
			       "tlb %s: no page sizes: expected at least one",
			       cfg->name);
	return true;
}

static bool
init_coalescing(struct tlb *t, const struct tlb_config *cfg, struct err *e)
{
	if (cfg->coalesce <= 1)
		return true;
	if (!is_pow2(cfg->coalesce) || cfg->coalesce > TLB_MAX_COALESCE)
		return err_set(e, ERR_INPUT,
			       "tlb %s: %u pages coalesced: expected 1, 2, 4, "
			       "8 or %d",
			       cfg->name, cfg->coalesce, TLB_MAX_COALESCE);
	if (cfg->page_sizes & (cfg->page_sizes - 1))
		return err_set(e, ERR_INPUT,
			       "tlb %s: coalesces pages of several sizes: "
			       "expected one",
			       cfg->name);
	t->coalesce = ilog2(cfg->coalesce);
	add_size(t, t->shift[0] + t->coalesce);
	t->cover = xcalloc(assoc_slots(&t->a), sizeof(*t->cover));
	return true;
}

static bool
init_index(struct tlb *t, const struct tlb_config *cfg, struct err *e)
{
	t->hashed = cfg->index == INDEX_HASH;
	t->modulo = !is_pow2(t->a.sets) || t->hashed;
	t->fold = 63;
	if (cfg->index != INDEX_XOR || t->a.sets == 1)
		return true;
	if (t->modulo)
		return err_set(e, ERR_INPUT,
			       "tlb %s: index xor with %" PRIu32
			       " sets: expected a power of two",
			       cfg->name, t->a.sets);
	t->fold = ilog2(t->a.sets);
	return true;
}

bool
tlb_init(struct tlb *t, const struct tlb_config *cfg, struct err *e)
{
	char what[HW_NAME_MAX + 8];

	memset(t, 0, sizeof(*t));
	if (cfg->asids > TLB_MAX_ASIDS)
		return err_set(e, ERR_INPUT,
			       "tlb %s: %u asids: expected at most %d",
			       cfg->name, cfg->asids, TLB_MAX_ASIDS);
	snprintf(what, sizeof(what), "tlb %s", cfg->name);
	if (!assoc_init(&t->a, what, cfg->entries, cfg->ways, cfg->repl, e))
		return false;
	if (!init_sizes(t, cfg, e) || !init_coalescing(t, cfg, e) ||
	    !init_index(t, cfg, e)) {
		tlb_free(t);
		return false;
	}
	t->dirty = xcalloc(assoc_slots(&t->a), 1);
	t->max_asids = cfg->asids;
	return true;
}

void
tlb_free(struct tlb *t)
{
	assoc_free(&t->a);
	free(t->dirty);
	free(t->cover);
	t->dirty = NULL;
	t->cover = NULL;
}

void
tlb_port_init(struct tlb_port *p, struct tlb *t, unsigned shift)
{
	*p = (struct tlb_port){
	    .tags = t->a.tags,
	    .last = t->a.last,
	    .dirty = t->dirty,
	    .set_mask = t->a.set_mask,
	    .low = (uint32_t)t->size_of[shift] << TLB_ASID_BITS,
	    .shift = (uint8_t)shift,
	    .fold = (uint8_t)t->fold,
	    .slow = t->modulo || t->cover,
	    .coalescing = t->cover != NULL,
	    .tlb = t,
	};
}

/* ------------------------------------------------------------- coalescing */

static unsigned
part_of(const struct tlb_port *p, uint64_t va)
{
	return (unsigned)(va >> p->shift) & ((1u << p->tlb->coalesce) - 1);
}

static unsigned
port_asid(const struct tlb_port *p)
{
	return p->low & ((1u << TLB_ASID_BITS) - 1);
}

/* The slot of the group's entry, whatever it holds, or ASSOC_NONE. */
static uint32_t
find_group(const struct tlb_port *p, uint64_t va)
{
	unsigned shift = p->shift + p->tlb->coalesce;

	return tlb_find(p->tlb, port_asid(p), va >> shift, shift);
}

/* Of the entry that has va's page, if one has: the group's, or its own. */
static unsigned
shift_of(const struct tlb_port *p, uint64_t va)
{
	const struct tlb *t = p->tlb;
	uint32_t slot = p->coalescing ? find_group(p, va) : ASSOC_NONE;

	if (slot != ASSOC_NONE && t->cover[slot] >> part_of(p, va) & 1)
		return p->shift + t->coalesce;
	return p->shift;
}

uint32_t
tlb_port_find(const struct tlb_port *p, uint64_t va)
{
	unsigned shift = shift_of(p, va);

	return tlb_find(p->tlb, port_asid(p), va >> shift, shift);
}

uint32_t
tlb_port_group(const struct tlb_port *p, uint64_t va)
{
	unsigned shift = shift_of(p, va);

	return tlb_lookup(p->tlb, port_asid(p), va >> shift, shift);
}

/* The group's entry is for the most pages that go together. */
static bool
for_group(const struct tlb *t, uint32_t group, uint16_t cover)
{
	if (group == ASSOC_NONE || (cover & t->cover[group]) == t->cover[group])
		return true;
	return __builtin_popcount(cover) > __builtin_popcount(t->cover[group]);
}

uint32_t
tlb_port_put(const struct tlb_port *p, uint64_t va, uint16_t cover,
	     enum tlb_took *took)
{
	struct tlb *t = p->tlb;
	bool group = for_group(t, find_group(p, va), cover);
	unsigned shift = p->shift + (group ? t->coalesce : 0);
	uint64_t page = va >> shift, was;
	uint32_t slot = assoc_take(&t->a, tlb_set(t, page, shift),
				   tlb_tag(t, port_asid(p), page, shift), &was);

	t->cover[slot] = cover;
	t->dirty[slot] = 0;
	*took = was == ASSOC_EMPTY ? TLB_FREE : TLB_EVICTED;
	return slot;
}

void
tlb_port_alone(const struct tlb_port *p, uint32_t slot, uint64_t va)
{
	if (p->coalescing)
		p->tlb->cover[slot] = (uint16_t)(1u << part_of(p, va));
}

/* --------------------------------------------------------------- entries */

uint32_t
tlb_find(const struct tlb *t, unsigned asid, uint64_t page, unsigned shift)
{
	return assoc_find(&t->a, tlb_set(t, page, shift),
			  tlb_tag(t, asid, page, shift));
}

bool
tlb_fill(struct tlb *t, unsigned asid, uint64_t page, unsigned shift,
	 bool dirty)
{
	uint64_t was;
	uint32_t slot = assoc_take(&t->a, tlb_set(t, page, shift),
				   tlb_tag(t, asid, page, shift), &was);

	t->dirty[slot] = dirty;
	return was != ASSOC_EMPTY;
}

unsigned
tlb_drop_page(struct tlb *t, unsigned asid, uint64_t page, unsigned shift)
{
	uint32_t slot = tlb_find(t, asid, page, shift);

	if (slot == ASSOC_NONE)
		return 0;
	assoc_drop(&t->a, slot);
	return 1;
}

static bool
in_range(const struct tlb *t, uint64_t tag, uint64_t start, uint64_t last)
{
	unsigned size = tag >> TLB_ASID_BITS & ((1u << TLB_SIZE_BITS) - 1);
	unsigned shift = t->shift[size];
	uint64_t page = tag >> TLB_PAGE_SHIFT;
	uint64_t mask = UINT64_MAX >> TLB_PAGE_SHIFT;

	return page >= (start >> shift & mask) &&
	       page <= (last >> shift & mask);
}

/* Drop the asid's entries that translate a byte of start .. last. */
static unsigned
scan_range(struct tlb *t, unsigned asid, uint64_t start, uint64_t last)
{
	uint32_t slots = assoc_slots(&t->a);
	unsigned dropped = 0;

	for (uint32_t slot = 0; t->a.used && slot < slots; slot++) {
		uint64_t tag = t->a.tags[slot];

		if (tag == ASSOC_EMPTY || (uint16_t)tag != asid ||
		    !in_range(t, tag, start, last))
			continue;
		assoc_drop(&t->a, slot);
		dropped++;
	}
	return dropped;
}

unsigned
tlb_drop_range(struct tlb *t, unsigned asid, uint64_t start, uint64_t bytes)
{
	uint64_t last = start + bytes - 1;
	unsigned dropped = 0;

	if (!bytes || !t->a.used)
		return 0;
	if (last < start)
		last = UINT64_MAX;
	if ((last >> t->shift[0]) - (start >> t->shift[0]) >= RANGE_PROBES)
		return scan_range(t, asid, start, last);
	for (unsigned i = 0; i < t->n_sizes; i++) {
		unsigned s = t->shift[i];

		for (uint64_t p = start >> s; p <= last >> s; p++)
			dropped += tlb_drop_page(t, asid, p, s);
	}
	return dropped;
}

unsigned
tlb_drop_asid(struct tlb *t, unsigned asid)
{
	return scan_range(t, asid, 0, UINT64_MAX);
}

unsigned
tlb_run(struct tlb *t, unsigned asid)
{
	unsigned place = 0, dropped = 0;

	if (!t->max_asids)
		return 0;
	while (place < t->n_asids && t->asids[place] != asid)
		place++;
	if (place == t->max_asids)
		dropped = tlb_drop_asid(t, t->asids[--place]);
	else if (place == t->n_asids)
		t->n_asids++;
	memmove(t->asids + 1, t->asids, place * sizeof(*t->asids));
	t->asids[0] = (uint16_t)asid;
	return dropped;
}

unsigned
tlb_drop_all(struct tlb *t)
{
	unsigned dropped = t->a.used;

	assoc_drop_all(&t->a);
	return dropped;
}
