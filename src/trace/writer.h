/*
 * writer.h - make a trace (.pwt).  doc/trace-format.md says what the bytes
 * mean.
 *
 * References and events come in one order: those of the running thread, with
 * EV_SWITCH between threads.  The writer groups references into code blocks,
 * and writes a chunk whenever one is full; what has been written stays valid
 * whatever happens later, and a reader recovers every whole chunk.
 * Chunks are encoded, compressed and written by a thread of their own: a full
 * disk is told of by a later call.  Memory is bounded by two chunks (tens of
 * megabytes).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/event.h"
#include "trace/block.h"

struct err;
struct trace_writer;

struct trace_writer_options {
	int level;           /* zlib level 1..9; 0: the default, 6 */
	uint64_t chunk_refs; /* references in a chunk; 0: the default */
};

struct trace_totals {
	uint64_t references; /* instructions + loads + stores + modifies */
	uint64_t instructions, loads, stores, modifies;
	uint64_t events, chunks;
	uint64_t file_bytes;
};

/* Create path (replacing it) and write the header.  provenance: an array of
 * n pairs key, value (UTF-8); keys are in doc/trace-format.md.
 * NULL and *e if the file cannot be made. */
struct trace_writer *trace_create(const char *path,
				  const struct trace_writer_options *opt,
				  const char *const (*provenance)[2],
				  unsigned n, struct err *e);

/* One reference of the running thread.  A data reference belongs to the last
 * fetch before it.  False and *e when the disk is full or the like: chunks
 * already written stay; call trace_abandon(). */
bool trace_fetch(struct trace_writer *w, uint64_t addr, uint32_t bytes,
		 struct err *e);
bool trace_data(struct trace_writer *w, enum ref_op op, uint64_t addr,
		uint32_t bytes, struct err *e);

/* Many references at once, as a reader or a capture hands them out
 * (reader.h): an order of magnitude faster than one by one.  Between two
 * batches with the same dict and chunk, blocks may be added to the dictionary
 * but none may change. */
struct trace_batch;
bool trace_refs(struct trace_writer *w, const struct trace_batch *b,
		struct err *e);

/* An event at this place in the order. */
bool trace_event(struct trace_writer *w, const struct event *ev, struct err *e);

/* A provenance pair learnt at the end (exit status, counts); goes into the
 * index. */
void trace_note(struct trace_writer *w, const char *key, const char *value);

/* Write out what is pending now, as a chunk. */
bool trace_flush(struct trace_writer *w, struct err *e);

const struct trace_totals *trace_writer_totals(struct trace_writer *w);

/* Flush, write tables and index, close, free.  False and *e on failure; the
 * writer is freed in any case. */
bool trace_finish(struct trace_writer *w, struct err *e);

/* Close and free without index: what was flushed remains readable. */
void trace_abandon(struct trace_writer *w);

#endif
