/* dict.c - see dict.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/xalloc.h"
#include "trace/dict.h"
#include "trace/format.h"

#define TABLE_SIZE (4u * MAX_DICT_BLOCKS)

void
dict_init(struct dict *d)
{
	*d = (struct dict){.insns_cap = 1u << 16, .slots_cap = 1u << 16};
	d->blocks = xcalloc(MAX_DICT_BLOCKS, sizeof(*d->blocks));
	d->hashes = xcalloc(MAX_DICT_BLOCKS, sizeof(*d->hashes));
	d->table = xcalloc(TABLE_SIZE, sizeof(*d->table));
	d->insn_bytes = xmalloc(d->insns_cap);
	d->slots = xreallocarray(NULL, d->slots_cap, sizeof(*d->slots));
}

void
dict_free(struct dict *d)
{
	free(d->blocks);
	free(d->hashes);
	free(d->table);
	free(d->insn_bytes);
	free(d->slots);
}

void
dict_clear(struct dict *d)
{
	memset(d->table, 0, TABLE_SIZE * sizeof(*d->table));
	d->n_blocks = d->n_insns = d->n_slots = 0;
	d->cur.insns = 0;
}

bool
dict_full(const struct dict *d)
{
	return d->n_blocks == MAX_DICT_BLOCKS ||
	       d->n_insns + BLOCK_MAX_INSNS > MAX_DICT_INSNS ||
	       d->n_slots + BLOCK_MAX_SLOTS > MAX_DICT_SLOTS;
}

static inline uint64_t
mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15u;
	return h ^ (h >> 29);
}

void
dict_begin(struct dict *d, uint64_t start)
{
	while (d->n_insns + BLOCK_MAX_INSNS > d->insns_cap)
		d->insn_bytes =
		    xgrow(d->insn_bytes, d->insns_cap, &d->insns_cap, 1);
	while (d->n_slots + BLOCK_MAX_SLOTS > d->slots_cap)
		d->slots = xgrow(d->slots, d->slots_cap, &d->slots_cap,
				 sizeof(*d->slots));
	d->cur = (struct code_block){
	    .start = start, .first_insn = d->n_insns, .first_slot = d->n_slots};
	d->cur_hash = mix(0, start);
}

void
dict_insn(struct dict *d, uint8_t bytes)
{
	d->insn_bytes[d->n_insns + d->cur.insns++] = bytes;
	d->cur.bytes += bytes;
	d->cur_hash = mix(d->cur_hash, bytes);
}

void
dict_slot(struct dict *d, enum ref_op op, uint16_t bytes)
{
	uint16_t insn = (uint16_t)(d->cur.insns - 1);

	d->slots[d->n_slots + d->cur.slots++] =
	    (struct data_slot){.insn = insn, .bytes = bytes, .op = (uint8_t)op};
	d->cur_hash = mix(d->cur_hash, 0x100u | bytes | (uint64_t)op << 32);
}

static bool
same_slots(const struct data_slot *a, const struct data_slot *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a[i].insn != b[i].insn || a[i].bytes != b[i].bytes ||
		    a[i].op != b[i].op)
			return false;
	return true;
}

static bool
same_block(const struct dict *d, const struct code_block *b)
{
	const struct code_block *c = &d->cur;

	return b->start == c->start && b->bytes == c->bytes &&
	       b->insns == c->insns && b->slots == c->slots &&
	       !memcmp(d->insn_bytes + b->first_insn,
		       d->insn_bytes + c->first_insn, c->insns) &&
	       same_slots(d->slots + b->first_slot, d->slots + c->first_slot,
			  c->slots);
}

uint16_t
dict_end(struct dict *d)
{
	uint64_t h = hash_u64(d->cur_hash);
	uint32_t i = (uint32_t)h & (TABLE_SIZE - 1), id;

	for (; (id = d->table[i]); i = (i + 1) & (TABLE_SIZE - 1))
		if (d->hashes[id - 1] == h && same_block(d, &d->blocks[id - 1]))
			break;
	if (!id) {
		id = d->table[i] = ++d->n_blocks;
		d->blocks[id - 1] = d->cur;
		d->hashes[id - 1] = h;
		d->n_insns += d->cur.insns;
		d->n_slots += d->cur.slots;
	}
	d->cur.insns = 0;
	return (uint16_t)(id - 1);
}
