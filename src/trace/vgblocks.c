/* vgblocks.c - see vgblocks.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "trace/vgblocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/xalloc.h"

#define DICT_BLOCKS 65536u

static void free_block(struct vg_block *v);

void
vg_blocks_init(struct vg_blocks *b)
{
	*b = (struct vg_blocks){.cap = 4096};
	b->table = xcalloc(b->cap, sizeof(*b->table));
	b->blocks = xcalloc(DICT_BLOCKS, sizeof(*b->blocks));
	b->chunk = 1;
}

void
vg_blocks_free(struct vg_blocks *b)
{
	for (size_t i = 0; i < b->cap; i++) {
		struct vg_block *v = b->table[i], *next;

		for (; v; v = next) {
			next = v->chain;
			free_block(v);
		}
	}
	free(b->table);
	free(b->blocks);
	free(b->insn_bytes);
	free(b->slots);
}

/* --- the set of all blocks --- */

static uint64_t
hash_bytes(uint64_t h, const void *p, size_t n)
{
	const uint8_t *in = p;

	for (; n >= 8; n -= 8, in += 8) {
		uint64_t x;

		memcpy(&x, in, 8);
		h = hash_u64(h ^ x);
	}
	while (n--)
		h = h * 0x100000001b3u ^ *in++;
	return hash_u64(h);
}

/* What makes a block, before it has a place. */
struct shape {
	uint64_t start;
	uint16_t insns, slots;
	const struct vgr_slot_def *defs;
	const uint8_t *insn_bytes;
	uint16_t dyns; /* addresses in its record */
};

static uint64_t
shape_hash(const struct shape *s)
{
	uint64_t h = s->start ^ (uint64_t)s->insns << 48 ^
		     (uint64_t)s->slots << 56 ^ s->dyns;

	h = hash_bytes(h, s->insn_bytes, s->insns);
	return hash_bytes(h, s->defs, s->slots * sizeof(*s->defs));
}

static bool
same(const struct vg_block *b, const struct shape *s, uint64_t hash)
{
	return b->hash == hash && b->start == s->start &&
	       b->insns == s->insns && b->slots == s->slots &&
	       b->record == 4u + 8u * s->dyns &&
	       !memcmp(b->insn_bytes, s->insn_bytes, s->insns) &&
	       (!s->slots ||
		!memcmp(b->defs, s->defs, s->slots * sizeof(*s->defs)));
}

static void
grow_table(struct vg_blocks *b)
{
	struct vg_block **old = b->table;
	size_t n = b->cap;

	b->cap *= 2;
	b->table = xcalloc(b->cap, sizeof(*b->table));
	for (size_t i = 0; i < n; i++) {
		struct vg_block *v = old[i], *next;

		for (; v; v = next) {
			struct vg_block **to =
			    &b->table[v->hash & (b->cap - 1)];

			next = v->chain;
			v->chain = *to;
			*to = v;
		}
	}
	free(old);
}

static void
find_addresses(struct vg_block *v)
{
	v->plain = true;
	for (unsigned i = 0; i < v->slots; i++) {
		const struct vgr_slot_def *d = &v->defs[i];
		bool constant = d->kind == VGS_CONST;

		v->slot[i] = (struct vg_slot){
		    .value = d->value,
		    .mask = constant ? 0 : UINT64_MAX,
		    .at = constant ? 0 : 4u + 8u * d->ref,
		};
		v->conditional |= d->kind == VGS_CONDITIONAL;
		if (d->value || constant || d->ref != i)
			v->plain = false;
	}
	if (v->record != 4u + 8u * v->slots)
		v->plain = false;
}

static struct vg_block *
make_block(const struct shape *s, uint64_t hash)
{
	size_t slots = s->slots * sizeof(struct vg_slot);
	size_t defs = s->slots * sizeof(*s->defs);
	struct vg_block *v = xcalloc(1, sizeof(*v) + slots + defs + s->insns);

	v->start = s->start;
	v->hash = hash;
	v->insns = s->insns;
	v->slots = s->slots;
	v->record = 4u + 8u * s->dyns;
	v->defs = (struct vgr_slot_def *)(void *)((char *)v->slot + slots);
	v->insn_bytes = (uint8_t *)v->defs + defs;
	if (defs)
		memcpy(v->defs, s->defs, defs);
	memcpy(v->insn_bytes, s->insn_bytes, s->insns);
	for (unsigned i = 0; i < v->insns; i++)
		v->bytes += v->insn_bytes[i];
	find_addresses(v);
	return v;
}

static struct vg_block *
intern(struct vg_blocks *b, const struct shape *s)
{
	uint64_t hash = shape_hash(s);
	struct vg_block *v = b->table[hash & (b->cap - 1)];

	while (v && !same(v, s, hash))
		v = v->chain;
	if (!v) {
		if (b->n >= b->cap)
			grow_table(b);
		v = make_block(s, hash);
		v->chain = b->table[hash & (b->cap - 1)];
		b->table[hash & (b->cap - 1)] = v;
		b->n++;
	}
	v->refs++;
	return v;
}

static void
free_block(struct vg_block *v)
{
	struct vg_block *next;

	for (struct vg_block *i = v->variants; i; i = next) {
		next = i->next_variant;
		free(i);
	}
	free(v);
}

static void
drop(struct vg_blocks *b, struct vg_block *v)
{
	struct vg_block **at;

	if (!v || --v->refs)
		return;
	at = &b->table[v->hash & (b->cap - 1)];
	while (*at != v)
		at = &(*at)->chain;
	*at = v->chain;
	b->n--;
	free_block(v);
}

/* --- variants --- */

static bool
not_done(const struct vgr_slot_def *d, const uint8_t *record)
{
	uint64_t addr;

	if (d->kind != VGS_CONDITIONAL)
		return false;
	memcpy(&addr, record + 4 + 8 * d->ref, 8);
	return addr == VGR_NOT_DONE;
}

/* Does v have just those slots of block that were done? */
static bool
fits(const struct vg_block *v, const struct vg_block *block,
     const uint8_t *record)
{
	unsigned j = 0;

	for (unsigned i = 0; i < block->slots; i++) {
		if (not_done(&block->defs[i], record))
			continue;
		if (j == v->slots ||
		    memcmp(&v->defs[j], &block->defs[i], sizeof(*v->defs)) != 0)
			return false;
		j++;
	}
	return j == v->slots;
}

struct vg_block *
vg_variant(struct vg_blocks *b, struct vg_block *block, const uint8_t *record)
{
	struct vgr_slot_def *defs;
	struct shape s = {.start = block->start,
			  .insns = block->insns,
			  .insn_bytes = block->insn_bytes,
			  .dyns = (uint16_t)((block->record - 4) / 8)};
	struct vg_block *v = block->variants;

	(void)b;
	while (v && !fits(v, block, record))
		v = v->next_variant;
	if (v)
		return v;
	defs = xcalloc(block->slots + 1u, sizeof(*defs));
	for (unsigned i = 0; i < block->slots; i++)
		if (!not_done(&block->defs[i], record))
			defs[s.slots++] = block->defs[i];
	s.defs = defs;
	v = make_block(&s, 0);
	free(defs);
	v->next_variant = block->variants;
	block->variants = v;
	return v;
}

/* --- definitions --- */

static uint16_t
count_dyns(const struct vgr_slot_def *d, unsigned slots)
{
	unsigned n = 0;

	for (unsigned i = 0; i < slots; i++)
		n += d[i].kind == VGS_DYNAMIC || d[i].kind == VGS_CONDITIONAL;
	return (uint16_t)n;
}

static bool
slots_good(const struct vgr_def *d, const struct vgr_slot_def *s)
{
	unsigned dyns = 0, insn = 0;

	for (unsigned i = 0; i < d->slots; i++, s++) {
		bool own = s->kind == VGS_DYNAMIC || s->kind == VGS_CONDITIONAL;

		if (s->insn < insn || s->insn >= d->insns || !s->bytes ||
		    s->op > REF_MODIFY || s->kind > VGS_DERIVED)
			return false;
		if (own ? s->ref != dyns
			: s->kind == VGS_DERIVED && s->ref >= dyns)
			return false;
		dyns += own;
		insn = s->insn;
	}
	return true;
}

static bool
def_good(const struct vgr_def *d, const struct vgr_slot_def *slots,
	 const struct vgr_prefix *prefix, const uint8_t *insn_bytes)
{
	if (!d->insns || d->insns > BLOCK_MAX_INSNS ||
	    d->slots > BLOCK_MAX_SLOTS || !d->prefixes || !d->id ||
	    d->id + d->prefixes >= VGR_CONTROL || !slots_good(d, slots))
		return false;
	for (unsigned i = 0; i < d->prefixes; i++)
		if (!prefix[i].insns || prefix[i].insns > d->insns ||
		    prefix[i].slots > d->slots ||
		    (prefix[i].slots &&
		     slots[prefix[i].slots - 1].insn >= prefix[i].insns))
			return false;
	for (unsigned i = 0; i < d->insns; i++)
		if (!insn_bytes[i])
			return false;
	return true;
}

static void
set_number(struct vg_blocks *b, struct vg_numbers *to, uint32_t id,
	   struct vg_block *v)
{
	if (id >= to->cap) {
		size_t was = to->cap;

		to->cap = id + (size_t)id / 2 + 1024;
		to->blocks =
		    xreallocarray(to->blocks, to->cap, sizeof(*to->blocks));
		memset(to->blocks + was, 0,
		       (to->cap - was) * sizeof(*to->blocks));
	}
	if (id >= to->n)
		to->n = id + 1;
	drop(b, to->blocks[id]);
	to->blocks[id] = v;
}

bool
vg_define(struct vg_blocks *b, struct vg_numbers *to, const struct vgr_def *d)
{
	size_t slots = d->slots * sizeof(struct vgr_slot_def);
	size_t prefixes = d->prefixes * sizeof(struct vgr_prefix);
	const uint8_t *p = (const uint8_t *)(d + 1);
	const void *def = p, *prefix = p + slots;
	const uint8_t *insn_bytes = p + slots + prefixes;
	struct shape s = {.start = d->start, .insn_bytes = insn_bytes};

	if (d->h.bytes < sizeof(*d) + slots + prefixes + d->insns ||
	    !def_good(d, def, prefix, insn_bytes))
		return false;
	s.defs = def;
	for (uint32_t i = 0; i < d->prefixes; i++) {
		s.insns = ((const struct vgr_prefix *)prefix)[i].insns;
		s.slots = ((const struct vgr_prefix *)prefix)[i].slots;
		s.dyns = count_dyns(s.defs, s.slots);
		set_number(b, to, d->id + i, intern(b, &s));
	}
	return true;
}

struct vg_block *
vg_prefix(struct vg_blocks *b, const struct vg_block *block, uint16_t insns,
	  uint16_t slots)
{
	struct shape s = {.start = block->start,
			  .insns = insns,
			  .slots = slots,
			  .defs = block->defs,
			  .insn_bytes = block->insn_bytes,
			  .dyns = count_dyns(block->defs, slots)};
	struct vg_block *v = intern(b, &s);

	if (v->refs > 1)
		v->refs--; /* the first of its kind keeps it */
	return v;
}

void
vg_numbers_copy(struct vg_numbers *to, const struct vg_numbers *from)
{
	*to = (struct vg_numbers){.n = from->n, .cap = from->n};
	to->blocks = xreallocarray(NULL, to->cap + 1, sizeof(*to->blocks));
	for (size_t i = 0; i < to->n; i++) {
		to->blocks[i] = from->blocks[i];
		if (to->blocks[i])
			to->blocks[i]->refs++;
	}
}

void
vg_numbers_clear(struct vg_blocks *b, struct vg_numbers *of)
{
	for (size_t i = 0; i < of->n; i++)
		drop(b, of->blocks[i]);
	free(of->blocks);
	*of = (struct vg_numbers){0};
}

/* --- the dictionary --- */

void
vg_blocks_next_chunk(struct vg_blocks *b)
{
	b->chunk++;
	b->dict.n_blocks = 0;
	b->n_insns = b->n_slots = 0;
}

static void
make_room(struct vg_blocks *b, const struct vg_block *v)
{
	while (b->n_insns + v->insns > b->insns_cap)
		b->insn_bytes =
		    xgrow(b->insn_bytes, b->insns_cap, &b->insns_cap, 1);
	while (b->n_slots + v->slots > b->slots_cap)
		b->slots = xgrow(b->slots, b->slots_cap, &b->slots_cap,
				 sizeof(*b->slots));
	b->dict.blocks = b->blocks;
	b->dict.insn_bytes = b->insn_bytes;
	b->dict.slots = b->slots;
}

bool
vg_blocks_place(struct vg_blocks *b, struct vg_block *v)
{
	if (b->dict.n_blocks == DICT_BLOCKS)
		return false;
	make_room(b, v);
	b->blocks[b->dict.n_blocks] =
	    (struct code_block){.start = v->start,
				.bytes = v->bytes,
				.insns = v->insns,
				.slots = v->slots,
				.first_insn = (uint32_t)b->n_insns,
				.first_slot = (uint32_t)b->n_slots};
	memcpy(b->insn_bytes + b->n_insns, v->insn_bytes, v->insns);
	for (unsigned i = 0; i < v->slots; i++)
		b->slots[b->n_slots + i] =
		    (struct data_slot){.insn = v->defs[i].insn,
				       .bytes = v->defs[i].bytes,
				       .op = v->defs[i].op};
	b->n_insns += v->insns;
	b->n_slots += v->slots;
	v->chunk = b->chunk;
	v->id = (uint16_t)b->dict.n_blocks++;
	return true;
}
