/*
 * reader.h - read a trace (.pwt): batches of references, and events between.
 *
 * A trace is untrusted.  Every length is checked before it is believed, every
 * section has a checksum, and a damaged chunk is either refused or, where the
 * caller asks for recovery, skipped and counted with its offset and reason.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/event.h"
#include "trace/block.h"
#include "trace/writer.h" /* struct trace_totals */

struct err;
struct trace_reader;

enum trace_item { TRACE_ERROR, TRACE_END, TRACE_REFS, TRACE_EVENT };

/* References of one thread without an event between them.  Block number
 * ids[i] is dict->blocks[ids[i]]; its data references take the next
 * blocks[].slots addresses of addrs, in slot order.  Arrays belong to the
 * reader and are valid until the next call; dict stays the same object for
 * all batches of a chunk (compare chunk to see a new one). */
struct trace_batch {
	const struct block_dict *dict;
	const uint16_t *ids;
	const uint64_t *addrs;
	uint32_t n_ids;
	uint32_t n_addrs;
	uint64_t first_insn; /* instructions before this batch, in the trace */
	uint64_t chunk;      /* number of the chunk it is from */
};

struct trace_damage {
	uint64_t offset;
	char reason[120];
};

/* Open and check header and, if there, index.  recover: skip damaged chunks
 * instead of failing.  NULL and *e when it is not a trace, or of a version
 * this program does not read. */
struct trace_reader *trace_open(const char *path, bool recover, struct err *e);
void trace_close(struct trace_reader *r);

/* Instead of a file: one that asks next() for each item, as trace_next() is
 * asked, with ctx.  The pairs are copied.  trace_skip_to() then goes by whole
 * batches, and the totals stay 0. */
typedef enum trace_item trace_source(void *ctx, struct trace_batch *refs,
				     struct event *ev, struct err *e);
struct trace_reader *trace_of_source(trace_source *next, void *ctx,
				     const char *const (*provenance)[2],
				     unsigned n);

/* Read ahead from the first item on, by a thread of its own, if there are more
 * CPUs than busy ones.  What trace_next() gives is the same.  Not in recover
 * mode, and not from a source: then nothing changes. */
void trace_read_ahead(struct trace_reader *r, unsigned busy);

/* The next item: a batch of at most 4096 blocks, or an event. */
enum trace_item trace_next(struct trace_reader *r, struct trace_batch *refs,
			   struct event *ev, struct err *e);

/* Continue at the first block that begins at or after instruction insn
 * (counted over the whole trace).  Events passed over are still returned by
 * trace_next(), in order, since the kernel's state depends on them; their
 * references are not decoded.  Only forwards from the current place; where
 * items are read ahead, only before the first. */
bool trace_skip_to(struct trace_reader *r, uint64_t insn, struct err *e);

/* What the index says; if it is missing, found by scanning (all chunks'
 * headers, not their references). */
const struct trace_totals *trace_totals(const struct trace_reader *r);

/* Provenance pairs, in order; NULL beyond the last. */
const char *trace_provenance_key(const struct trace_reader *r, unsigned i);
const char *trace_provenance_value(const struct trace_reader *r, unsigned i);
const char *trace_provenance(const struct trace_reader *r, const char *key);

/* Where in the file we are, for progress bars: bytes. */
uint64_t trace_tell(const struct trace_reader *r);

/* Damage met so far (recover mode), or the missing index. */
size_t trace_damage_count(const struct trace_reader *r);
const struct trace_damage *trace_damage(const struct trace_reader *r, size_t i);

/* A hash over the header and the chunks' checksums: names the content. */
const char *trace_content_id(const struct trace_reader *r);

#endif
