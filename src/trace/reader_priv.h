/*
 * reader_priv.h - what the two halves of the reader share: reader_open.c
 * finds the chunks, reader.c reads them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_READER_PRIV_H
#define TRACE_READER_PRIV_H

#include "base/err.h"
#include "base/map.h"
#include "trace/ahead.h"
#include "trace/chunk.h"
#include "trace/codec.h"
#include "trace/events.h"
#include "trace/reader.h"
#include "trace/refs.h"

struct buffer {
	uint8_t *p;
	size_t cap;
};

struct note {
	const char *key, *value;
};

/* What a chunk is read into. */
struct chunk_room {
	struct buffer sec[SEC_COUNT];
	struct refs_decoder refs;
	uint64_t last_item; /* of the chunk it was used for; with ahead */
};

#define ROOMS 2

struct trace_reader {
	char *path;
	int fd;
	bool recover;
	trace_source *source; /* or NULL: a file */
	void *source_ctx;
	uint64_t size;     /* of the file */
	struct err failed; /* kind != 0: every call fails with this */

	struct buffer head, index; /* provenance and late notes point here */
	struct note *notes;
	size_t n_notes, notes_cap;
	struct inbuf tables; /* events of the index */
	struct trace_totals totals;
	char content_id[17];
	struct trace_damage *damage;
	size_t n_damage, damage_cap;
	struct chunk_ref *chunks;
	size_t n_chunks, chunks_cap;

	/* where we are */
	size_t next_chunk; /* index into chunks[] */
	bool in_chunk, refs_ready, refs_skipped;
	uint64_t offset; /* of the chunk */
	struct chunk_head chunk;
	uint64_t insn; /* instructions before the next block */
	uint64_t skip_to;
	uint64_t next_number, next_insn; /* what the next chunk must say */
	struct inbuf events;
	uint32_t events_left, event_place;
	struct event_scratch *scratch; /* own_scratch, or a place's */
	struct event_scratch own_scratch;
	struct map files;       /* numbers defined so far */
	struct map table_files; /* recover: number to place in tables */
	struct trace_totals seen;

	struct unpacker *unpacker;
	struct buffer packed;
	struct chunk_room room[ROOMS];
	struct chunk_room *now; /* of room[]: has the chunk */
	uint64_t *out;          /* for addresses: own_out, or a place's */
	uint64_t *own_out;

	struct ahead *ahead; /* or NULL: nothing is read ahead */
	bool read_ahead,
	    asked;           /* trace_read_ahead(), trace_next() were called */
	uint64_t ahead_tell; /* behind the item handed out */
};

uint8_t *buffer_room(struct buffer *b, size_t n);

/* n bytes at offset; false when they are not there. */
bool reader_get(const struct trace_reader *r, uint64_t offset, void *to,
		size_t n);

/* False and *e: "file: offset N: reason". */
bool reader_wrong(const struct trace_reader *r, struct err *e, uint64_t offset,
		  const char *reason);
void reader_damage(struct trace_reader *r, uint64_t offset, const char *reason);

/* Read packed bytes at offset, check their checksum, expand to b. */
const char *reader_expand(struct trace_reader *r, uint64_t offset,
			  unsigned codec, uint32_t packed, uint32_t crc,
			  uint32_t raw, struct buffer *b);

#endif
