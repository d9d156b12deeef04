/*
 * block.h - code blocks: the instruction side of a trace, by reference.
 *
 * A code block is a straight run of instructions at consecutive addresses
 * and the data references they make, in program order.  The same bytes with
 * other data references (a conditional store) are another block.  A trace
 * names each executed block by number; only the data addresses come with it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_BLOCK_H
#define TRACE_BLOCK_H

#include <stdint.h>

enum ref_op { REF_LOAD, REF_STORE, REF_MODIFY };

#define BLOCK_MAX_INSNS 255 /* a longer run is several blocks */
#define BLOCK_MAX_SLOTS 1024
#define REF_MAX_BYTES   65535

struct data_slot {
	uint16_t insn; /* which instruction of the block, from 0; never falls */
	uint16_t bytes;
	uint8_t op; /* enum ref_op */
};

struct code_block {
	uint64_t start; /* address of the first instruction */
	uint32_t bytes;
	uint16_t insns, slots;
	uint32_t first_insn; /* index into block_dict.insn_bytes */
	uint32_t first_slot; /* index into block_dict.slots */
};

/* All blocks that a span of references uses. */
struct block_dict {
	uint32_t n_blocks;
	const struct code_block *blocks;
	const uint8_t *insn_bytes; /* length of each instruction, 1..255 */
	const struct data_slot *slots;
};

#endif
