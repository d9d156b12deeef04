/*
 * chunk.h - the fixed headers of a .pwt file.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CHUNK_H
#define TRACE_CHUNK_H

#include <stdint.h>

#include "trace/format.h"
#include "trace/refs.h"

struct chunk_head {
	uint32_t codec;
	uint64_t number; /* of the chunk, from 0 */
	uint64_t first_insn, first_ref;
	uint32_t events;
	struct refs_sizes n;
	uint32_t raw[SEC_COUNT], packed[SEC_COUNT], crc[SEC_COUNT];
	uint32_t head_crc; /* of this header, which covers the others */
};

/* Also sets h->head_crc. */
void chunk_head_put(uint8_t out[PWT_CHUNK_BYTES], struct chunk_head *h);

/* NULL, or what is wrong with it. */
const char *chunk_head_get(const uint8_t in[PWT_CHUNK_BYTES],
			   struct chunk_head *h);

/* Bytes of all sections as stored. */
uint64_t chunk_packed(const struct chunk_head *h);

struct index_head {
	uint32_t codec, raw, packed, crc;
};

void index_head_put(uint8_t out[PWT_INDEX_BYTES], const struct index_head *h);
const char *index_head_get(const uint8_t in[PWT_INDEX_BYTES],
			   struct index_head *h);

/* What the index says of a chunk. */
struct chunk_ref {
	uint64_t offset, first_insn;
	uint32_t insns, events, head_crc;
};

/* A name for the content: over the file header's CRC, then each chunk's. */
#define CONTENT_ID_START 0x7077743a636f6e74u
uint64_t content_id_add(uint64_t id, uint32_t crc);

#endif
