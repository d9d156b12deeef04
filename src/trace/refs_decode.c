/*
 * refs_decode.c - read the references of a chunk.
 *
 * refs_begin() checks everything once, so that refs_next(), the hot loop of
 * the whole program, checks nothing and has no branch that depends on data
 * except the number of slots of each block.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "trace/refs.h"

/* The addresses that the next ones may be near to come along. */
void
refs_output(struct refs_decoder *d, uint64_t *out)
{
	memmove(out, d->out + d->out_n, PRED_MAX_LOOKBACK * sizeof(*out));
	d->out = out;
	d->out_n = 0;
}

void
refs_decoder_init(struct refs_decoder *d, uint64_t *out)
{
	*d = (struct refs_decoder){.out = out};
	d->order = xcalloc(REFS_OUTPUT_WORDS, sizeof(*d->order));
}

void
refs_decoder_free(struct refs_decoder *d)
{
	free(d->blocks);
	free(d->insn_bytes);
	free(d->slots);
	free(d->state);
	free(d->order);
}

/* Room for one at least: callers point into arrays that may be empty. */
static void
dict_room(struct refs_decoder *d, const struct refs_sizes *n)
{
	if (d->blocks_cap <= n->dict_blocks) {
		d->blocks_cap = n->dict_blocks + 1ul;
		d->blocks =
		    xreallocarray(d->blocks, d->blocks_cap, sizeof(*d->blocks));
	}
	if (d->insns_cap <= n->dict_insns) {
		d->insns_cap = n->dict_insns + 1ul;
		d->insn_bytes = xrealloc(d->insn_bytes, d->insns_cap);
	}
	if (d->slots_cap <= n->dict_slots) {
		d->slots_cap = n->dict_slots + 1ul;
		d->slots =
		    xreallocarray(d->slots, d->slots_cap, sizeof(*d->slots));
		d->state =
		    xreallocarray(d->state, d->slots_cap, sizeof(*d->state));
	}
}

static void
decode_slot(struct inbuf *in, struct data_slot *s, struct slot_state *st,
	    unsigned insn)
{
	uint32_t v = (uint32_t)in_varint_max(in, BLOCK_MAX_INSNS << 2 | 3);
	unsigned bytes = (unsigned)in_varint_max(in, REF_MAX_BYTES);
	unsigned pred = in_u8(in);

	in->bad |= (v & 3) > REF_MODIFY || pred > (PRED_LOOKBACK | PRED_DIFF) ||
		   (pred & PRED_LOOKBACK) > PRED_MAX_LOOKBACK || !bytes;
	*s = (struct data_slot){.insn = (uint16_t)(insn + (v >> 2)),
				.bytes = (uint16_t)bytes,
				.op = v & 3};
	*st = (struct slot_state){.lookback = pred & PRED_LOOKBACK,
				  .keep_diff = pred & PRED_DIFF ? -1 : 0};
}

/* Length of all instructions, or 0 when one is of length 0. */
static uint32_t
decode_insns(struct inbuf *in, uint8_t *to, unsigned n)
{
	const uint8_t *p = in_bytes(in, n);
	uint32_t sum = 0, zeros = 0;

	for (unsigned i = 0; p && i < n; i++) {
		to[i] = p[i];
		sum += p[i];
		zeros += !p[i];
	}
	return zeros ? 0 : sum;
}

static void
decode_block(struct refs_decoder *d, struct inbuf *in, struct code_block *b,
	     uint64_t prev_end)
{
	unsigned insn = 0;

	b->start = prev_end + (uint64_t)in_svarint(in);
	b->insns = in_u8(in);
	b->slots = (uint16_t)in_varint_max(in, BLOCK_MAX_SLOTS);
	in->bad |= b->insns > d->n.dict_insns - b->first_insn ||
		   b->slots > d->n.dict_slots - b->first_slot;
	if (in->bad)
		return;
	b->bytes = decode_insns(in, d->insn_bytes + b->first_insn, b->insns);
	in->bad |= !b->bytes || b->start + b->bytes < b->start;
	for (unsigned i = 0; i < b->slots && !in->bad; i++) {
		struct data_slot *s = &d->slots[b->first_slot + i];

		decode_slot(in, s, &d->state[b->first_slot + i], insn);
		insn = s->insn;
	}
	in->bad |= b->slots && insn >= b->insns;
}

static const char *
decode_dict(struct refs_decoder *d, const uint8_t *p, uint32_t n)
{
	struct inbuf in = {.p = p, .end = p + n};
	uint32_t insns = 0, slots = 0;
	uint64_t end = 0;

	dict_room(d, &d->n);
	for (uint32_t i = 0; i < d->n.dict_blocks; i++) {
		struct code_block *b = &d->blocks[i];

		b->first_insn = insns;
		b->first_slot = slots;
		decode_block(d, &in, b, end);
		if (in.bad)
			return "a malformed code block";
		insns += b->insns;
		slots += b->slots;
		end = b->start + b->bytes;
	}
	if (in.p != in.end || insns != d->n.dict_insns ||
	    slots != d->n.dict_slots)
		return "code blocks that differ from their counts";
	d->dict = (struct block_dict){.n_blocks = d->n.dict_blocks,
				      .blocks = d->blocks,
				      .insn_bytes = d->insn_bytes,
				      .slots = d->slots};
	return NULL;
}

static const char *
check_ids(const struct refs_decoder *d)
{
	uint64_t insns = 0, slots = 0;
	unsigned max = 0;

	for (uint32_t i = 0; i < d->n.ids; i++)
		max = d->ids[i] > max ? d->ids[i] : max;
	if (d->n.ids && max >= d->n.dict_blocks)
		return "a reference to a code block that is not defined";
	for (uint32_t i = 0; i < d->n.ids; i++) {
		insns += d->blocks[d->ids[i]].insns;
		slots += d->blocks[d->ids[i]].slots;
	}
	if (insns != d->n.insns || slots != d->n.addrs)
		return "references that differ from their counts";
	return NULL;
}

/* Bytes of the deltas that a control byte stands for. */
static void
group_lengths(uint8_t len[256])
{
	static const uint8_t code_bytes[4] = {0, 1, 2, 8};

	for (unsigned i = 0; i < 256; i++)
		len[i] = (uint8_t)(code_bytes[i & 3] + code_bytes[i >> 2 & 3] +
				   code_bytes[i >> 4 & 3] + code_bytes[i >> 6]);
}

static const char *
check_deltas(const struct refs_decoder *d, uint32_t n_ctl, uint32_t n_deltas)
{
	uint8_t len[256];
	uint64_t sum = 0;

	group_lengths(len);
	for (uint32_t i = 0; i < n_ctl; i++)
		sum += len[d->ctl[i]];
	if (n_ctl && d->n.addrs % 4 && d->ctl[n_ctl - 1] >> d->n.addrs % 4 * 2)
		return "more deltas than data references";
	return sum == n_deltas ? NULL : "deltas that differ from their lengths";
}

const char *
refs_begin(struct refs_decoder *d, const struct refs_sizes *n,
	   uint8_t *const sec[SEC_COUNT], const uint32_t raw[SEC_COUNT])
{
	const char *wrong;

	d->n = *n;
	d->id_pos = d->addr_pos = 0;
	d->out_n = 0;
	memset(d->out, 0, PRED_MAX_LOOKBACK * sizeof(*d->out));
	d->ids = (const uint16_t *)(const void *)sec[SEC_IDS];
	d->ctl = sec[SEC_CTL];
	d->deltas = sec[SEC_DELTAS];
	if (raw[SEC_IDS] != 2 * (uint64_t)n->ids ||
	    raw[SEC_CTL] != ((uint64_t)n->addrs + 3) / 4)
		return "columns that differ from their counts";
	/* What each takes at least: nothing is allocated for more. */
	if (raw[SEC_DICT] <
	    3ull * n->dict_blocks + n->dict_insns + 3ull * n->dict_slots)
		return "code blocks that differ from their counts";
	wrong = decode_dict(d, sec[SEC_DICT], raw[SEC_DICT]);
	if (!wrong)
		wrong = check_ids(d);
	if (!wrong)
		wrong = check_deltas(d, raw[SEC_CTL], raw[SEC_DELTAS]);
	return wrong;
}

typedef uint32_t four_u32
    __attribute__((vector_size(16), aligned(4), may_alias));

/* Write first, first + 1, ... to at least n places of to; groups of eight so
 * that the usual block costs no branch that misses. */
static inline void
count_up(uint32_t *to, uint32_t first, uint32_t n)
{
	four_u32 v = {first, first + 1, first + 2, first + 3};

	for (uint32_t i = 0;; i += 8) {
		*(four_u32 *)(to + i) = v;
		*(four_u32 *)(to + i + 4) = v + 4;
		if (__builtin_expect(i + 8 >= n, 1))
			return;
		v += 8;
	}
}

/* How many blocks go into a batch; lists the slots of their data references,
 * so that the loop over these runs straight through. */
static uint32_t
list_slots(struct refs_decoder *d, uint32_t stop, uint64_t insns,
	   struct refs_batch *b)
{
	const uint16_t *ids = d->ids + d->id_pos;
	uint32_t n = stop - d->id_pos, i, n_addrs = 0;
	uint64_t done = 0;

	if (n > BATCH_BLOCKS)
		n = BATCH_BLOCKS;
	for (i = 0; i < n && n_addrs < BATCH_ADDRS && done < insns; i++) {
		const struct code_block *k = &d->blocks[ids[i]];

		count_up(d->order + n_addrs, k->first_slot, k->slots);
		n_addrs += k->slots;
		done += k->insns;
	}
	b->n_addrs = n_addrs;
	b->insns = done;
	return i;
}

/* How to take a delta of each length: mask it, extend its sign, go on. */
static const struct {
	uint64_t mask, sign, length, pad;
} codes[4] = {
    {0, 0, 0, 0},
    {0xff, 0x80, 1, 0},
    {0xffff, 0x8000, 2, 0},
    {UINT64_MAX, 0, 8, 0},
};

/* n data references from number `at`, to out. */
static const uint8_t *
decode_some(struct slot_state *state, const uint32_t *order, uint64_t ctl,
	    const uint8_t *p, uint64_t *out, uint32_t n)
{
	for (uint32_t j = 0; j < n; j++, ctl >>= 2) {
		struct slot_state *s = &state[order[j]];
		unsigned c = ctl & 3;
		uint64_t v, base, own;

		memcpy(&v, p, 8);
		p += codes[c].length;
		v = ((v & codes[c].mask) ^ codes[c].sign) - codes[c].sign;
		base = out[(int64_t)j - s->lookback];
		own = -(uint64_t)!s->lookback;
		base = (s->last & own) | (base & ~own);
		v += s->diff;
		s->diff = v & (uint64_t)(int64_t)s->keep_diff;
		s->last = out[j] = base + v;
	}
	return p;
}

static void
decode_addrs(struct refs_decoder *d, uint32_t n)
{
	uint64_t *out = d->out + PRED_MAX_LOOKBACK, ctl;
	const uint8_t *p = d->deltas;
	uint32_t at = d->addr_pos, j;

	for (j = 0; j + 16 <= n; j += 16, at += 16) {
		memcpy(&ctl, d->ctl + at / 4, 8);
		p = decode_some(d->state, d->order + j, ctl >> at % 4 * 2, p,
				out + j, 16);
	}
	memcpy(&ctl, d->ctl + at / 4, 8);
	d->deltas = decode_some(d->state, d->order + j, ctl >> at % 4 * 2, p,
				out + j, n - j);
	d->addr_pos = at + n - j;
}

void
refs_next(struct refs_decoder *d, uint32_t stop, uint64_t insns,
	  struct refs_batch *b)
{
	b->ids = d->ids + d->id_pos;
	b->addrs = d->out + PRED_MAX_LOOKBACK;
	memmove(d->out, d->out + d->out_n, PRED_MAX_LOOKBACK * sizeof(*d->out));
	b->n_ids = list_slots(d, stop, insns, b);
	decode_addrs(d, b->n_addrs);
	d->out_n = b->n_addrs;
	d->id_pos += b->n_ids;
}
