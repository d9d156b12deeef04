/*
 * refs_encode.c - write the references of a chunk.
 *
 * The whole chunk is at hand, so each static data slot gets the predictor
 * that would have cost the fewest bytes over the chunk.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "trace/refs.h"

/* Predictors tried for each slot, cheapest to decode first. */
static const uint8_t candidates[] = {
    0,
    PRED_DIFF,
    1 | PRED_DIFF,
    2 | PRED_DIFF,
    3 | PRED_DIFF,
    4 | PRED_DIFF,
    5 | PRED_DIFF,
    6 | PRED_DIFF,
    7 | PRED_DIFF,
    8 | PRED_DIFF,
    10 | PRED_DIFF,
    12 | PRED_DIFF,
    16 | PRED_DIFF,
};
#define N_CAND (sizeof(candidates) / sizeof(candidates[0]))

/* A slot is judged by its first references and by a sample of the others:
 * of each SAMPLE_EVERY the last, the one before it giving its differences. */
#define SAMPLE_FIRST 64u
#define SAMPLE_EVERY 16u

struct slot_cost {
	uint64_t last, diff[N_CAND];
	uint32_t cost[N_CAND], seen;
};

static const uint8_t code_bytes[4] = {0, 1, 2, 8};

static unsigned
delta_code(uint64_t d)
{
	int64_t s = (int64_t)d;

	if (!d)
		return 0;
	if (s == (int8_t)s)
		return 1;
	return s == (int16_t)s ? 2 : 3;
}

static uint64_t
base_of(const struct refs_in *in, uint32_t j, unsigned lookback, uint64_t last)
{
	if (!lookback)
		return last;
	return j >= lookback ? in->addrs[j - lookback] : 0;
}

/* Cost in bits, near enough: the control bits compress well when zero. */
static void
try_candidates(const struct refs_in *in, struct slot_cost *s, uint32_t j,
	       uint32_t weight)
{
	static const uint8_t bits[4] = {1, 10, 18, 52};
	uint64_t addr = in->addrs[j];

	for (unsigned c = 0; c < N_CAND; c++) {
		uint64_t base =
		    base_of(in, j, candidates[c] & PRED_LOOKBACK, s->last);
		uint64_t diff = addr - base;
		uint64_t guess = candidates[c] & PRED_DIFF ? s->diff[c] : 0;

		s->cost[c] += weight * bits[delta_code(diff - guess)];
		s->diff[c] = diff;
	}
}

static void
judge(const struct refs_in *in, struct slot_cost *s, uint32_t j)
{
	uint32_t phase = s->seen++ % SAMPLE_EVERY;

	if (s->seen <= SAMPLE_FIRST)
		try_candidates(in, s, j, 1);
	else if (phase == SAMPLE_EVERY - 2)
		try_candidates(in, s, j, 0);
	else if (phase == SAMPLE_EVERY - 1)
		try_candidates(in, s, j, SAMPLE_EVERY);
	s->last = in->addrs[j];
}

/* One predictor for each slot of the dictionary, to be freed. */
static uint8_t *
choose(const struct refs_in *in)
{
	struct slot_cost *cost = xcalloc(in->dict_slots + 1, sizeof(*cost));
	uint8_t *pred = xcalloc(in->dict_slots + 1, 1);
	uint32_t j = 0;

	for (uint32_t i = 0; i < in->n_ids; i++) {
		const struct code_block *b = &in->dict->blocks[in->ids[i]];

		for (unsigned k = 0; k < b->slots; k++)
			judge(in, &cost[b->first_slot + k], j++);
	}
	for (uint32_t i = 0; i < in->dict_slots; i++) {
		unsigned best = 0;

		for (unsigned c = 1; c < N_CAND; c++)
			if (cost[i].cost[c] < cost[i].cost[best])
				best = c;
		pred[i] = candidates[best];
	}
	free(cost);
	return pred;
}

static void
encode_block(struct outbuf *o, const struct block_dict *d,
	     const struct code_block *b, uint64_t prev_end, const uint8_t *pred)
{
	unsigned insn = 0;

	out_svarint(o, (int64_t)(b->start - prev_end));
	out_u8(o, b->insns);
	out_varint(o, b->slots);
	out_bytes(o, d->insn_bytes + b->first_insn, b->insns);
	for (unsigned i = 0; i < b->slots; i++) {
		const struct data_slot *s = &d->slots[b->first_slot + i];

		out_varint(o, (s->insn - insn) << 2 | s->op);
		out_varint(o, s->bytes);
		out_u8(o, pred[b->first_slot + i]);
		insn = s->insn;
	}
}

static void
encode_dict(const struct refs_in *in, const uint8_t *pred, struct outbuf *o)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < in->dict->n_blocks; i++) {
		const struct code_block *b = &in->dict->blocks[i];

		encode_block(o, in->dict, b, end, pred);
		end = b->start + b->bytes;
	}
}

static void
encode_ids(const struct refs_in *in, struct outbuf *o)
{
	uint8_t *p = out_space(o, in->n_ids * 2);

	for (uint32_t i = 0; i < in->n_ids; i++) {
		p[2 * i] = (uint8_t)in->ids[i];
		p[2 * i + 1] = (uint8_t)(in->ids[i] >> 8);
	}
	o->n += in->n_ids * 2;
}

struct delta_out {
	uint8_t *ctl, *deltas;
	size_t n;
};

static void
put_delta(struct delta_out *o, uint32_t j, uint64_t delta)
{
	unsigned code = delta_code(delta);

	o->ctl[j / 4] = (uint8_t)(o->ctl[j / 4] | code << j % 4 * 2);
	store_u64(o->deltas + o->n, delta);
	o->n += code_bytes[code];
}

static void
encode_addrs(const struct refs_in *in, const uint8_t *pred, struct outbuf *ctl,
	     struct outbuf *deltas)
{
	struct slot_state *state = xcalloc(in->dict_slots + 1, sizeof(*state));
	size_t n_ctl = (in->n_addrs + 3) / 4;
	struct delta_out o = {.ctl = out_space(ctl, n_ctl),
			      .deltas =
				  out_space(deltas, in->n_addrs * 8ul + 8)};
	uint32_t j = 0;

	memset(o.ctl, 0, n_ctl);
	for (uint32_t i = 0; i < in->n_ids; i++) {
		const struct code_block *b = &in->dict->blocks[in->ids[i]];

		for (unsigned k = 0; k < b->slots; k++, j++) {
			uint32_t slot = b->first_slot + k;
			struct slot_state *s = &state[slot];
			uint64_t base =
			    base_of(in, j, pred[slot] & PRED_LOOKBACK, s->last);
			uint64_t diff = in->addrs[j] - base;

			put_delta(&o, j,
				  pred[slot] & PRED_DIFF ? diff - s->diff
							 : diff);
			s->diff = diff;
			s->last = in->addrs[j];
		}
	}
	ctl->n += n_ctl;
	deltas->n += o.n;
	free(state);
}

void
refs_encode(const struct refs_in *in, struct outbuf sec[SEC_COUNT])
{
	uint8_t *pred = choose(in);

	encode_dict(in, pred, &sec[SEC_DICT]);
	encode_ids(in, &sec[SEC_IDS]);
	encode_addrs(in, pred, &sec[SEC_CTL], &sec[SEC_DELTAS]);
	free(pred);
}
