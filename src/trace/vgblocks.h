/*
 * vgblocks.h - the code blocks that our Valgrind tool defines, and the
 * dictionary in which a batch of references names them.
 *
 * A block is stored once whatever processes and translations define it; a
 * process holds references to those its numbers stand for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_VGBLOCKS_H
#define TRACE_VGBLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/block.h"
#include "trace/vgring.h"

/* How to find one data address. */
struct vg_slot {
	uint64_t value; /* to add */
	uint64_t mask;  /* of the address in the record: all ones, or 0 */
	uint32_t at;    /* byte offset of that address in the record */
};

struct vg_block {
	uint64_t chunk; /* id is of this chunk's dictionary */
	uint16_t id;
	uint16_t slots, insns;
	bool plain;       /* the record has just the addresses, in order */
	bool conditional; /* some may be VGR_NOT_DONE */
	uint32_t record;  /* bytes of a record */
	uint32_t bytes;   /* of code */
	uint32_t refs;
	uint64_t start, hash;
	struct vg_block *chain;    /* next of the same hash */
	struct vg_block *variants; /* of a conditional one, by next_variant */
	struct vg_block *next_variant;
	struct vgr_slot_def *defs;
	uint8_t *insn_bytes;
	struct vg_slot slot[];
};

struct vg_blocks {
	/* all there are */
	struct vg_block **table;
	size_t n, cap;
	/* the dictionary of the current chunk */
	struct block_dict dict;
	struct code_block *blocks;
	uint8_t *insn_bytes;
	struct data_slot *slots;
	size_t insns_cap, slots_cap, n_insns, n_slots;
	uint64_t chunk;
};

void vg_blocks_init(struct vg_blocks *b);
void vg_blocks_free(struct vg_blocks *b);

/* Put block into the dictionary: chunk and id are set.  False if there is no
 * room; vg_blocks_next_chunk() makes some. */
bool vg_blocks_place(struct vg_blocks *b, struct vg_block *block);
void vg_blocks_next_chunk(struct vg_blocks *b);

/* The numbers of one process. */
struct vg_numbers {
	struct vg_block **blocks;
	size_t n, cap;
};

/* Take in a definition; false if it is malformed. */
bool vg_define(struct vg_blocks *b, struct vg_numbers *to,
	       const struct vgr_def *def);
void vg_numbers_copy(struct vg_numbers *to, const struct vg_numbers *from);
void vg_numbers_clear(struct vg_blocks *b, struct vg_numbers *of);

static inline struct vg_block *
vg_number(const struct vg_numbers *of, uint32_t id)
{
	return id < of->n ? of->blocks[id] : NULL;
}

/* The variant of a conditional block without what the record says was not
 * done; its slots find their addresses in the same record. */
struct vg_block *vg_variant(struct vg_blocks *b, struct vg_block *block,
			    const uint8_t *record);

/* The first insns instructions and slots references of a block: stays. */
struct vg_block *vg_prefix(struct vg_blocks *b, const struct vg_block *block,
			   uint16_t insns, uint16_t slots);

#endif
