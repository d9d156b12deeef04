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

#define OUT_WORDS (PRED_MAX_LOOKBACK + BATCH_ADDRS + BLOCK_MAX_SLOTS)

void
refs_decoder_init(struct refs_decoder *d)
{
	*d = (struct refs_decoder){0};
	d->out = xcalloc(OUT_WORDS, sizeof(*d->out));
}

void
refs_decoder_free(struct refs_decoder *d)
{
	free(d->blocks);
	free(d->insn_bytes);
	free(d->slots);
	free(d->state);
	free(d->out);
}

static void
dict_room(struct refs_decoder *d, const struct refs_sizes *n)
{
	if (d->blocks_cap < n->dict_blocks) {
		d->blocks_cap = n->dict_blocks;
		d->blocks =
		    xreallocarray(d->blocks, d->blocks_cap, sizeof(*d->blocks));
	}
	if (d->insns_cap < n->dict_insns) {
		d->insns_cap = n->dict_insns;
		d->insn_bytes = xrealloc(d->insn_bytes, d->insns_cap);
	}
	if (d->slots_cap < n->dict_slots) {
		d->slots_cap = n->dict_slots;
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
	*st =
	    (struct slot_state){.lookback = pred & PRED_LOOKBACK,
				.use_diff = pred & PRED_DIFF ? UINT32_MAX : 0};
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
	wrong = decode_dict(d, sec[SEC_DICT], raw[SEC_DICT]);
	if (!wrong)
		wrong = check_ids(d);
	if (!wrong)
		wrong = check_deltas(d, raw[SEC_CTL], raw[SEC_DELTAS]);
	return wrong;
}

/* How many blocks fit into a batch; their data references and instructions.
 */
static uint32_t
measure(const struct refs_decoder *d, uint32_t stop, uint64_t insns,
	struct refs_batch *b)
{
	const uint16_t *ids = d->ids + d->id_pos;
	uint32_t n = stop - d->id_pos, i;

	if (n > BATCH_BLOCKS)
		n = BATCH_BLOCKS;
	b->n_addrs = 0;
	b->insns = 0;
	for (i = 0; i < n && b->n_addrs < BATCH_ADDRS && b->insns < insns;
	     i++) {
		b->n_addrs += d->blocks[ids[i]].slots;
		b->insns += d->blocks[ids[i]].insns;
	}
	return i;
}

static void
decode_addrs(struct refs_decoder *d, const uint16_t *ids, uint32_t n)
{
	static const uint64_t mask[4] = {0, 0xff, 0xffff, UINT64_MAX};
	static const uint64_t sign[4] = {0, 0x80, 0x8000, 0};
	static const uint8_t length[4] = {0, 1, 2, 8};
	const uint8_t *p = d->deltas, *ctl = d->ctl;
	uint64_t *out = d->out + PRED_MAX_LOOKBACK;
	uint32_t j = d->addr_pos;

	for (uint32_t i = 0; i < n; i++) {
		const struct code_block *b = &d->blocks[ids[i]];
		struct slot_state *s = d->state + b->first_slot;

		for (unsigned k = b->slots; k; k--, s++, j++) {
			unsigned c = ctl[j / 4] >> j % 4 * 2 & 3;
			uint64_t v, base;

			memcpy(&v, p, 8);
			p += length[c];
			v = ((v & mask[c]) ^ sign[c]) - sign[c];
			base =
			    s->lookback ? out[-(int64_t)s->lookback] : s->last;
			v += s->diff & (uint64_t)(int64_t)(int32_t)s->use_diff;
			s->diff = v;
			s->last = *out++ = base + v;
		}
	}
	d->deltas = p;
	d->addr_pos = j;
}

void
refs_next(struct refs_decoder *d, uint32_t stop, uint64_t insns,
	  struct refs_batch *b)
{
	b->ids = d->ids + d->id_pos;
	b->addrs = d->out + PRED_MAX_LOOKBACK;
	memmove(d->out, d->out + d->out_n, PRED_MAX_LOOKBACK * sizeof(*d->out));
	b->n_ids = measure(d, stop, insns, b);
	decode_addrs(d, b->ids, b->n_ids);
	d->out_n = b->n_addrs;
	d->id_pos += b->n_ids;
}
