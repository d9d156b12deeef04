/*
 * replay_blocks.c - code blocks, cut into the parts that lie in one unit.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/xalloc.h"
#include "sim/replay_priv.h"

static struct part *
add_part(struct replay *r, struct stream *s, uint64_t at, unsigned insn)
{
	struct part *p;

	s->parts =
	    xgrow(s->parts, s->n_parts, &s->cap_parts, sizeof(*s->parts));
	p = &s->parts[s->n_parts++];
	*p = (struct part){.unit = at >> r->unit_shift,
			   .va = at,
			   .first_insn = (uint16_t)insn};
	return p;
}

static void
count_op(struct plan *p, unsigned op)
{
	uint16_t *n = op == REF_LOAD    ? &p->loads
		      : op == REF_STORE ? &p->stores
					: &p->modifies;

	(*n)++;
}

/* An instruction over the edge of a unit is fetched from both. */
static void
plan_block(struct replay *r, struct stream *s, const struct code_block *b,
	   struct plan *p)
{
	const struct block_dict *dict = s->batch.dict;
	const struct data_slot *slot = &dict->slots[b->first_slot];
	const struct data_slot *end = slot + b->slots;
	uint64_t at = b->start;
	struct part *part = NULL;

	*p = (struct plan){.first_part = (uint32_t)s->n_parts,
			   .first_slot = b->first_slot,
			   .insns = b->insns};
	for (unsigned i = 0; i < b->insns; i++) {
		uint64_t last = at + dict->insn_bytes[b->first_insn + i] - 1;

		if (!part || at >> r->unit_shift != part->unit)
			part = add_part(r, s, at, i);
		part->fetches++;
		while (part->unit != last >> r->unit_shift) {
			part = add_part(r, s, (part->unit + 1) << r->unit_shift,
					i);
			part->fetches++;
		}
		for (; slot < end && slot->insn == i; slot++) {
			part->slots++;
			count_op(p, slot->op);
		}
		at = last + 1;
	}
	p->n_parts = (uint16_t)(s->n_parts - p->first_part);
}

static void
fold_stream(struct replay *r, struct stream *s)
{
	for (uint32_t i = 0; i < s->n_plans; i++) {
		struct plan *p = &s->plans[i];
		uint64_t runs = p->runs;

		p->runs = 0;
		r->n.instructions += runs * p->insns;
		r->n.loads += runs * p->loads;
		r->n.stores += runs * p->stores;
		r->n.modifies += runs * p->modifies;
	}
}

void
fold_counts(struct replay *r)
{
	for (unsigned i = 0; i < r->n_streams; i++)
		fold_stream(r, &r->streams[i]);
	r->n.references =
	    r->n.instructions + r->n.loads + r->n.stores + r->n.modifies;
}

void
plan_blocks(struct replay *r, struct stream *s)
{
	const struct block_dict *dict = s->batch.dict;

	if (s->chunk != s->batch.chunk) {
		fold_stream(r, s);
		s->chunk = s->batch.chunk;
		s->n_parts = 0;
		s->n_plans = 0;
	}
	if (s->cap_plans < dict->n_blocks) {
		s->cap_plans = dict->n_blocks * 2;
		s->plans =
		    xreallocarray(s->plans, s->cap_plans, sizeof(*s->plans));
	}
	while (s->n_plans < dict->n_blocks) {
		plan_block(r, s, &dict->blocks[s->n_plans],
			   &s->plans[s->n_plans]);
		s->n_plans++;
	}
}
