/*
 * dict.h - collect the distinct code blocks of a chunk while it is written.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_DICT_H
#define TRACE_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/block.h"

/* The blocks, and behind them in the same arrays the one under way. */
struct dict {
	struct code_block *blocks; /* room for 65536 */
	uint64_t *hashes;          /* of each block */
	uint8_t *insn_bytes;
	struct data_slot *slots;
	uint32_t *table; /* hash table: block number + 1, 0 is free */
	uint32_t n_blocks, n_insns, n_slots;
	size_t insns_cap, slots_cap;
	struct code_block cur; /* under way; insns == 0: none */
	uint64_t cur_hash;
};

void dict_init(struct dict *d);
void dict_free(struct dict *d);
void dict_clear(struct dict *d);

/* Is there room for another block, whatever its size? */
bool dict_full(const struct dict *d);

void dict_begin(struct dict *d, uint64_t start);
void dict_insn(struct dict *d, uint8_t bytes);
void dict_slot(struct dict *d, enum ref_op op, uint16_t bytes);

/* Finish the block under way: the number of the block that is equal to it,
 * perhaps new. */
uint16_t dict_end(struct dict *d);

#endif
