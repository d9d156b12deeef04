/* writer.c - see writer.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "trace/bytes.h"
#include "trace/chunk.h"
#include "trace/chunk_out.h"
#include "trace/codec.h"
#include "trace/events.h"
#include "trace/reader.h" /* struct trace_batch */
#include "trace/writer.h"

/* A chunk ends when its events have this many bytes, so that one more event
 * of any size stays within MAX_EVENTS_RAW. */
#define EVENTS_ENOUGH (8u << 20)
/* A block ends at the next fetch when it has this many data references, so
 * that one instruction can make the rest. */
#define SLOTS_ENOUGH 768

struct trace_writer {
	char *path;
	struct chunk_out *out;
	struct err failed; /* kind != 0: nothing more is written */
	uint64_t chunk_refs;

	/* the chunk under way */
	struct chunk_parts now;
	uint32_t insns, ops[3], events;
	uint32_t event_place; /* block number of the last event */
	uint64_t next_fetch;  /* end of the block under way */

	/* what trace_refs() knows of the dictionary it is given: the number of
	 * a block in ours plus 1, and the operations in one of ours */
	const struct block_dict *from;
	uint64_t from_chunk;
	uint32_t *known;
	uint16_t (*block_ops)[3];

	/* the file so far */
	uint64_t first_insn, first_ref;
	struct outbuf tables, notes;
	uint32_t n_notes;
	struct trace_totals totals;
};

/* Keep what went wrong: everything after it fails the same way. */
static bool
fail(struct trace_writer *w, struct err *e)
{
	if (e)
		*e = w->failed;
	return false;
}

/* Keep the first thing that goes wrong. */
static bool
keep(struct trace_writer *w, bool good, struct err *e)
{
	return good || fail(w, e);
}

static bool
write_head(struct trace_writer *w, const char *const (*pairs)[2], unsigned n,
	   struct err *e)
{
	struct outbuf o = {0};
	bool good;

	memset(out_space(&o, PWT_HEAD_BYTES), 0, PWT_HEAD_BYTES);
	o.n = PWT_HEAD_BYTES;
	for (unsigned i = 0; i < n; i++) {
		out_str(&o, pairs[i][0]);
		out_str(&o, pairs[i][1]);
	}
	if (o.n - PWT_HEAD_BYTES > MAX_HEAD || n > MAX_NOTES) {
		err_set(&w->failed, ERR_INPUT,
			"%s: too much provenance: %u pairs of %zu bytes "
			"(at most %u of %u)",
			w->path, n, o.n, MAX_NOTES, MAX_HEAD);
		out_free(&o);
		return fail(w, e);
	}
	memcpy(o.p, PWT_MAGIC, 8);
	store_u32(o.p + 12, PWT_VERSION);
	store_u32(o.p + 16, (uint32_t)(o.n - PWT_HEAD_BYTES));
	store_u32(o.p + 20, n);
	store_u32(o.p + 8, bytes_crc(o.p + 12, o.n - 12));
	good = chunk_out_piece(w->out, &o, &w->failed);
	out_free(&o);
	return keep(w, good, e);
}

/* False and *e if the file could not be closed. */
static bool
writer_free(struct trace_writer *w, struct err *e)
{
	bool good = !w->out || chunk_out_close(w->out, e);

	chunk_parts_free(&w->now);
	free(w->known);
	free(w->block_ops);
	out_free(&w->tables);
	out_free(&w->notes);
	free(w->path);
	free(w);
	return good;
}

struct trace_writer *
trace_create(const char *path, const struct trace_writer_options *opt,
	     const char *const (*provenance)[2], unsigned n, struct err *e)
{
	struct trace_writer_options o =
	    opt ? *opt : (struct trace_writer_options){0};
	struct trace_writer *w;

	if (o.level < 0 || o.level > 9 || o.chunk_refs > MAX_CHUNK_REFS) {
		err_set(e, ERR_USAGE,
			"%s: level %d, chunk of %llu references (expected "
			"level 1 to 9, at most %u references)",
			path, o.level, (unsigned long long)o.chunk_refs,
			MAX_CHUNK_REFS);
		return NULL;
	}
	w = xcalloc(1, sizeof(*w));
	w->path = xstrdup(path);
	w->chunk_refs = o.chunk_refs ? o.chunk_refs : DEFAULT_CHUNK_REFS;
	chunk_parts_init(&w->now);
	w->out = chunk_out_new(path, o.level ? o.level : 6, e);
	if (w->out && write_head(w, provenance, n, e))
		return w;
	writer_free(w, NULL);
	return NULL;
}

static void
end_block(struct trace_writer *w)
{
	if (!w->now.dict.cur.insns)
		return;
	w->now.ids = xgrow(w->now.ids, w->now.n_ids, &w->now.ids_cap,
			   sizeof(*w->now.ids));
	w->now.ids[w->now.n_ids++] = dict_end(&w->now.dict);
}

static void
fill_head(const struct trace_writer *w, struct chunk_head *h)
{
	*h = (struct chunk_head){
	    .codec = CODEC_DEFLATE,
	    .number = w->totals.chunks,
	    .first_insn = w->first_insn,
	    .first_ref = w->first_ref,
	    .events = w->events,
	    .n = {.ids = w->now.n_ids,
		  .addrs = w->now.n_addrs,
		  .dict_blocks = w->now.dict.n_blocks,
		  .dict_insns = w->now.dict.n_insns,
		  .dict_slots = w->now.dict.n_slots,
		  .insns = w->insns,
		  .loads = w->ops[REF_LOAD],
		  .stores = w->ops[REF_STORE],
		  .modifies = w->ops[REF_MODIFY]},
	};
}

static void
clear_chunk(struct trace_writer *w, uint32_t addrs)
{
	w->first_insn += w->insns;
	w->first_ref += (uint64_t)w->insns + addrs;
	w->insns = w->events = w->event_place = 0;
	memset(w->ops, 0, sizeof(w->ops));
	w->from = NULL;
}

/* Hand the chunk over, when those before it are written. */
static bool
close_chunk(struct trace_writer *w, struct err *e)
{
	uint32_t addrs = w->now.n_addrs;

	if (w->failed.kind)
		return fail(w, e);
	end_block(w);
	if (!w->now.n_ids && !w->events)
		return true;
	if (!keep(w, chunk_out_wait(w->out, &w->failed), e))
		return false;
	fill_head(w, &w->now.head);
	chunk_out_put(w->out, &w->now);
	w->totals.chunks++;
	clear_chunk(w, addrs);
	return true;
}

bool
trace_flush(struct trace_writer *w, struct err *e)
{
	return close_chunk(w, e) &&
	       keep(w, chunk_out_wait(w->out, &w->failed), e);
}

static bool
refuse(struct trace_writer *w, struct err *e, const char *what, uint64_t addr,
       uint64_t bytes)
{
	return err_set(e, ERR_INPUT,
		       "%s: after instruction %llu: %s (address %#llx, %llu "
		       "bytes)",
		       w->path, (unsigned long long)w->totals.instructions,
		       what, (unsigned long long)addr,
		       (unsigned long long)bytes);
}

/* Begin a block at addr, perhaps in a new chunk. */
static bool
begin_block(struct trace_writer *w, uint64_t addr, struct err *e)
{
	end_block(w);
	if (((uint64_t)w->insns + w->now.n_addrs >= w->chunk_refs ||
	     dict_full(&w->now.dict)) &&
	    !close_chunk(w, e))
		return false;
	dict_begin(&w->now.dict, addr);
	return true;
}

bool
trace_fetch(struct trace_writer *w, uint64_t addr, uint32_t bytes,
	    struct err *e)
{
	const struct code_block *cur = &w->now.dict.cur;

	if (w->failed.kind)
		return fail(w, e);
	if (!bytes || bytes > 255 || addr + bytes < addr)
		return refuse(w, e, "impossible fetch", addr, bytes);
	if ((addr != w->next_fetch || !cur->insns ||
	     cur->insns == BLOCK_MAX_INSNS || cur->slots >= SLOTS_ENOUGH) &&
	    !begin_block(w, addr, e))
		return false;
	dict_insn(&w->now.dict, (uint8_t)bytes);
	w->next_fetch = addr + bytes;
	w->insns++;
	w->totals.instructions++;
	w->totals.references++;
	return true;
}

bool
trace_data(struct trace_writer *w, enum ref_op op, uint64_t addr,
	   uint32_t bytes, struct err *e)
{
	uint64_t *count[] = {&w->totals.loads, &w->totals.stores,
			     &w->totals.modifies};

	if (w->failed.kind)
		return fail(w, e);
	if (!bytes || bytes > REF_MAX_BYTES || op > REF_MODIFY)
		return refuse(w, e, "impossible data reference", addr, bytes);
	if (!w->now.dict.cur.insns)
		return refuse(w, e, "data reference without a fetch before it",
			      addr, bytes);
	if (w->now.dict.cur.slots == BLOCK_MAX_SLOTS)
		return refuse(w, e, "too many data references in a block", addr,
			      bytes);
	dict_slot(&w->now.dict, op, (uint16_t)bytes);
	w->now.addrs = xgrow(w->now.addrs, w->now.n_addrs, &w->now.addrs_cap,
			     sizeof(*w->now.addrs));
	w->now.addrs[w->now.n_addrs++] = addr;
	w->ops[op]++;
	++*count[op];
	w->totals.references++;
	return true;
}

/* --- many at once --- */

static bool
chunk_full(const struct trace_writer *w)
{
	return (uint64_t)w->insns + w->now.n_addrs >= w->chunk_refs ||
	       dict_full(&w->now.dict);
}

/* The next blocks are of this dictionary. */
static void
begin_dict(struct trace_writer *w, const struct trace_batch *b)
{
	if (w->from == b->dict && w->from_chunk == b->chunk)
		return;
	if (!w->known) {
		w->known = xcalloc(MAX_DICT_BLOCKS, sizeof(*w->known));
		w->block_ops = xcalloc(MAX_DICT_BLOCKS, sizeof(*w->block_ops));
	}
	memset(w->known, 0, MAX_DICT_BLOCKS * sizeof(*w->known));
	w->from = b->dict;
	w->from_chunk = b->chunk;
}

/* Put a block of another dictionary into ours; its number there plus 1. */
static uint32_t
adopt(struct trace_writer *w, const struct block_dict *from,
      const struct code_block *b)
{
	const struct data_slot *slot = from->slots + b->first_slot;
	uint16_t ops[3] = {0}, id;
	unsigned k = 0;

	dict_begin(&w->now.dict, b->start);
	for (unsigned i = 0; i < b->insns; i++) {
		dict_insn(&w->now.dict, from->insn_bytes[b->first_insn + i]);
		for (; k < b->slots && slot[k].insn == i; k++) {
			dict_slot(&w->now.dict, slot[k].op, slot[k].bytes);
			ops[slot[k].op]++;
		}
	}
	id = dict_end(&w->now.dict);
	memcpy(w->block_ops[id], ops, sizeof(ops));
	return id + 1u;
}

/* Room for what a batch can add. */
static void
reserve(struct trace_writer *w, const struct trace_batch *b)
{
	while (w->now.ids_cap < (size_t)w->now.n_ids + b->n_ids)
		w->now.ids = xgrow(w->now.ids, w->now.ids_cap, &w->now.ids_cap,
				   sizeof(*w->now.ids));
	while (w->now.addrs_cap < (size_t)w->now.n_addrs + b->n_addrs)
		w->now.addrs = xgrow(w->now.addrs, w->now.addrs_cap,
				     &w->now.addrs_cap, sizeof(*w->now.addrs));
}

static void
count(struct trace_writer *w, const struct code_block *b, const uint16_t *ops)
{
	w->insns += b->insns;
	for (int i = 0; i < 3; i++)
		w->ops[i] += ops[i];
}

static void
add_totals(struct trace_writer *w, uint32_t insns, const uint32_t ops[3])
{
	struct trace_totals *t = &w->totals;

	t->instructions += w->insns - insns;
	t->loads += w->ops[REF_LOAD] - ops[REF_LOAD];
	t->stores += w->ops[REF_STORE] - ops[REF_STORE];
	t->modifies += w->ops[REF_MODIFY] - ops[REF_MODIFY];
	t->references = t->instructions + t->loads + t->stores + t->modifies;
}

/* Blocks of b from i on, until the chunk is full; returns where it stopped.
 * *addr follows the addresses. */
static uint32_t
add_blocks(struct trace_writer *w, const struct trace_batch *b, uint32_t i,
	   const uint64_t **addr)
{
	for (; i < b->n_ids; i++) {
		const struct code_block *block = &b->dict->blocks[b->ids[i]];
		uint32_t *known = &w->known[b->ids[i]];

		if ((uint64_t)w->insns + w->now.n_addrs >= w->chunk_refs ||
		    (!*known && dict_full(&w->now.dict)))
			break;
		if (!*known)
			*known = adopt(w, b->dict, block);
		w->now.ids[w->now.n_ids++] = (uint16_t)(*known - 1);
		memcpy(w->now.addrs + w->now.n_addrs, *addr,
		       block->slots * sizeof(**addr));
		w->now.n_addrs += block->slots;
		*addr += block->slots;
		count(w, block, w->block_ops[*known - 1]);
	}
	return i;
}

bool
trace_refs(struct trace_writer *w, const struct trace_batch *b, struct err *e)
{
	const uint64_t *addr = b->addrs;
	uint32_t i = 0;

	if (w->failed.kind)
		return fail(w, e);
	end_block(w);
	while (i < b->n_ids) {
		uint32_t insns, ops[3];

		if (chunk_full(w) && !close_chunk(w, e))
			return false;
		begin_dict(w, b);
		reserve(w, b);
		insns = w->insns;
		memcpy(ops, w->ops, sizeof(ops));
		i = add_blocks(w, b, i, &addr);
		add_totals(w, insns, ops);
	}
	return true;
}

/* What a reader needs to know of files and processes if the chunk that says
 * it is lost. */
static void
remember(struct trace_writer *w, const struct event *ev)
{
	if ((ev->kind == EV_FILE || ev->kind == EV_PROCESS ||
	     ev->kind == EV_EXEC) &&
	    w->tables.n < EVENTS_ENOUGH)
		event_encode(&w->tables, ev);
}

bool
trace_event(struct trace_writer *w, const struct event *ev, struct err *e)
{
	if (w->failed.kind)
		return fail(w, e);
	if (!event_check(ev, e))
		return err_prefix(e, "%s", w->path);
	end_block(w);
	if (w->now.events.n >= EVENTS_ENOUGH && !close_chunk(w, e))
		return false;
	out_varint(&w->now.events, w->now.n_ids - w->event_place);
	event_encode(&w->now.events, ev);
	w->event_place = w->now.n_ids;
	w->events++;
	w->totals.events++;
	remember(w, ev);
	return true;
}

void
trace_note(struct trace_writer *w, const char *key, const char *value)
{
	if (w->n_notes == MAX_NOTES)
		return;
	out_str(&w->notes, key);
	out_str(&w->notes, value);
	w->n_notes++;
}

const struct trace_totals *
trace_writer_totals(struct trace_writer *w)
{
	w->totals.file_bytes = chunk_out_bytes(w->out);
	return &w->totals;
}

static void
encode_index(const struct trace_writer *w, struct outbuf *o)
{
	const struct trace_totals *t = &w->totals;
	const struct outbuf *index = chunk_out_index(w->out);

	out_varint(o, t->instructions);
	out_varint(o, t->loads);
	out_varint(o, t->stores);
	out_varint(o, t->modifies);
	out_varint(o, t->events);
	out_varint(o, t->chunks);
	out_bytes(o, index->p, index->n);
	out_varint(o, w->n_notes);
	out_bytes(o, w->notes.p, w->notes.n);
	out_varint(o, w->tables.n);
	out_bytes(o, w->tables.p, w->tables.n);
}

static bool
write_index(struct trace_writer *w)
{
	struct index_head h = {.codec = CODEC_DEFLATE};
	struct outbuf raw = {0}, o = {0};
	uint64_t at = chunk_out_bytes(w->out);
	uint8_t *tail;
	bool good;

	encode_index(w, &raw);
	h.raw = (uint32_t)raw.n;
	out_space(&o, PWT_INDEX_BYTES);
	o.n = PWT_INDEX_BYTES;
	h.packed = (uint32_t)chunk_out_pack(w->out, &raw, &o);
	out_free(&raw);
	h.crc = bytes_crc(o.p + PWT_INDEX_BYTES, h.packed);
	index_head_put(o.p, &h);
	tail = out_space(&o, PWT_END_BYTES);
	memcpy(tail, PWT_END_MAGIC, 8);
	store_u64(tail + 8, at);
	store_u64(tail + 16, at + o.n + PWT_END_BYTES);
	o.n += PWT_END_BYTES;
	good = chunk_out_piece(w->out, &o, &w->failed);
	out_free(&o);
	return good;
}

bool
trace_finish(struct trace_writer *w, struct err *e)
{
	bool good = trace_flush(w, e) && keep(w, write_index(w), e);

	return writer_free(w, good ? e : NULL) && good;
}

void
trace_abandon(struct trace_writer *w)
{
	writer_free(w, NULL);
}
