/*
 * refs.h - the bytes of a chunk's references: encode, check, decode.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_REFS_H
#define TRACE_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/block.h"
#include "trace/bytes.h"
#include "trace/format.h"

/* What ran: block numbers and data addresses, in order. */
struct refs_in {
	const struct block_dict *dict;
	uint32_t dict_insns, dict_slots;
	const uint16_t *ids;
	const uint64_t *addrs;
	uint32_t n_ids, n_addrs;
};

/* Append sections SEC_DICT .. SEC_DELTAS to sec[]. */
void refs_encode(const struct refs_in *in, struct outbuf sec[SEC_COUNT]);

/* What a slot's prediction needs. */
struct slot_state {
	uint64_t last, diff;
	uint32_t lookback;
	int32_t keep_diff; /* 0: no, -1: yes; a mask */
};

struct refs_sizes {
	uint32_t ids, addrs, dict_blocks, dict_insns, dict_slots;
	uint32_t insns, loads, stores, modifies; /* of what ran */
};

/* Decodes one chunk after the other. */
struct refs_decoder {
	struct block_dict dict;
	struct code_block *blocks;
	uint8_t *insn_bytes;
	struct data_slot *slots;
	struct slot_state *state;
	size_t blocks_cap, insns_cap, slots_cap;
	const uint16_t *ids;
	const uint8_t *ctl, *deltas;
	struct refs_sizes n;
	uint32_t id_pos, addr_pos;
	uint64_t *out; /* PRED_MAX_LOOKBACK earlier addresses, then a batch */
	uint32_t out_n;
	uint32_t *order; /* slots of a batch's data references */
};

#define BATCH_BLOCKS 4096u
#define BATCH_ADDRS  16384u
#define SECTION_PAD  16u /* readable bytes after each section */

/* Where batches are decoded to, one at a time: so many words. */
#define REFS_OUTPUT_WORDS (PRED_MAX_LOOKBACK + BATCH_ADDRS + BLOCK_MAX_SLOTS)

/* Decode to there from now on; what was decoded before stays where it is. */
void refs_output(struct refs_decoder *d, uint64_t *out);

/* out: the caller's, of words that are zero. */
void refs_decoder_init(struct refs_decoder *d, uint64_t *out);
void refs_decoder_free(struct refs_decoder *d);

/* Begin a chunk: its sections inflated, of raw[] bytes and with SECTION_PAD
 * bytes behind each, must stay until the next.  Checks everything; NULL, or
 * what is wrong. */
const char *refs_begin(struct refs_decoder *d, const struct refs_sizes *n,
		       uint8_t *const sec[SEC_COUNT],
		       const uint32_t raw[SEC_COUNT]);

/* Decode at most BATCH_BLOCKS blocks, stopping before block `stop` and once
 * `insns` instructions are reached. */
struct refs_batch {
	const uint16_t *ids;
	const uint64_t *addrs;
	uint32_t n_ids, n_addrs;
	uint64_t insns; /* instructions in them */
};
void refs_next(struct refs_decoder *d, uint32_t stop, uint64_t insns,
	       struct refs_batch *b);

#endif
