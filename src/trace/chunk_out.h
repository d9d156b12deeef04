/*
 * chunk_out.h - the file that a writer makes.  Chunks that are complete are
 * encoded, compressed and written by a thread of its own while the next one is
 * filled.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CHUNK_OUT_H
#define TRACE_CHUNK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/bytes.h"
#include "trace/chunk.h"
#include "trace/dict.h"

struct err;
struct chunk_out;

/* What a chunk is made of. */
struct chunk_parts {
	struct dict dict;
	uint16_t *ids;
	uint64_t *addrs;
	uint32_t n_ids, n_addrs;
	size_t ids_cap, addrs_cap;
	struct outbuf events;   /* encoded */
	struct chunk_head head; /* all but what encoding finds out */
};

void chunk_parts_init(struct chunk_parts *p);
void chunk_parts_free(struct chunk_parts *p);

/* Create path, or NULL and *e.  level: zlib's, 1 to 9. */
struct chunk_out *chunk_out_new(const char *path, int level, struct err *e);

/* Take a chunk and give an empty one in its place.  Waits for the chunk before
 * it; what went wrong with that one is told by chunk_out_wait(). */
void chunk_out_put(struct chunk_out *o, struct chunk_parts *p);

/* Until all that was put is written.  False and *e if something was not; then
 * nothing after it is written either. */
bool chunk_out_wait(struct chunk_out *o, struct err *e);

/* Write a piece of the file that is no chunk: whole or, as far as the disk
 * lets us, nothing of it. */
bool chunk_out_piece(struct chunk_out *o, const struct outbuf *piece,
		     struct err *e);

/* As chunks are compressed.  After chunk_out_wait(), as the next one. */
size_t chunk_out_pack(struct chunk_out *o, const struct outbuf *in,
		      struct outbuf *out);
const struct outbuf *chunk_out_index(const struct chunk_out *o);

uint64_t chunk_out_bytes(const struct chunk_out *o); /* written so far */

/* Close; what is under way is finished first.  False and *e (or NULL) if the
 * file could not be closed; *o is gone in any case. */
bool chunk_out_close(struct chunk_out *o, struct err *e);

#endif
