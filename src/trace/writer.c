/* writer.c - see writer.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "trace/bytes.h"
#include "trace/chunk.h"
#include "trace/codec.h"
#include "trace/dict.h"
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
	int fd;
	struct err failed; /* kind != 0: nothing more is written */
	struct packer *packer;
	uint64_t chunk_refs;

	/* the chunk under way */
	struct dict dict;
	uint16_t *ids;
	uint64_t *addrs;
	uint32_t n_ids, n_addrs;
	size_t ids_cap, addrs_cap;
	uint32_t insns, ops[3], events;
	uint32_t event_place; /* block number of the last event */
	uint64_t next_fetch;  /* end of the block under way */
	struct outbuf event_bytes, sec[SEC_COUNT], packed;

	/* what trace_refs() knows of the dictionary it is given: the number of
	 * a block in ours plus 1, and the operations in one of ours */
	const struct block_dict *from;
	uint64_t from_chunk;
	uint32_t *known;
	uint16_t (*block_ops)[3];

	/* the file so far */
	uint64_t offset, first_insn, first_ref;
	struct outbuf index, tables, notes;
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

static bool
write_all(struct trace_writer *w, const uint8_t *p, size_t n, struct err *e)
{
	while (n) {
		ssize_t got = write(w->fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err_set(&w->failed, ERR_FAILED, "%s: cannot write: %s",
				w->path, strerror(got ? errno : EIO));
			return fail(w, e);
		}
		p += got;
		n -= (size_t)got;
	}
	return true;
}

/* Write a whole piece or, as far as the disk lets us, nothing of it. */
static bool
write_piece(struct trace_writer *w, const struct outbuf *o, struct err *e)
{
	if (!write_all(w, o->p, o->n, e)) {
		/* If this fails too, a reader finds the torn piece. */
		int ignored = ftruncate(w->fd, (off_t)w->offset);

		(void)ignored;
		return false;
	}
	w->offset += o->n;
	w->totals.file_bytes = w->offset;
	return true;
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
	good = write_piece(w, &o, e);
	out_free(&o);
	return good;
}

static void
writer_free(struct trace_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	packer_free(w->packer);
	dict_free(&w->dict);
	free(w->ids);
	free(w->addrs);
	free(w->known);
	free(w->block_ops);
	for (unsigned i = 0; i < SEC_COUNT; i++)
		out_free(&w->sec[i]);
	out_free(&w->event_bytes);
	out_free(&w->packed);
	out_free(&w->index);
	out_free(&w->tables);
	out_free(&w->notes);
	free(w->path);
	free(w);
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
	w->packer = packer_new(o.level ? o.level : 6);
	w->chunk_refs = o.chunk_refs ? o.chunk_refs : DEFAULT_CHUNK_REFS;
	dict_init(&w->dict);
	w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0)
		err_set(e, ERR_FAILED, "%s: cannot create: %s", path,
			strerror(errno));
	if (w->fd < 0 || !write_head(w, provenance, n, e)) {
		writer_free(w);
		return NULL;
	}
	return w;
}

static void
end_block(struct trace_writer *w)
{
	if (!w->dict.cur.insns)
		return;
	w->ids = xgrow(w->ids, w->n_ids, &w->ids_cap, sizeof(*w->ids));
	w->ids[w->n_ids++] = dict_end(&w->dict);
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
	    .n = {.ids = w->n_ids,
		  .addrs = w->n_addrs,
		  .dict_blocks = w->dict.n_blocks,
		  .dict_insns = w->dict.n_insns,
		  .dict_slots = w->dict.n_slots,
		  .insns = w->insns,
		  .loads = w->ops[REF_LOAD],
		  .stores = w->ops[REF_STORE],
		  .modifies = w->ops[REF_MODIFY]},
	};
}

static void
pack_sections(struct trace_writer *w, struct chunk_head *h)
{
	struct outbuf *o = &w->packed;

	o->n = 0;
	out_space(o, PWT_CHUNK_BYTES);
	o->n = PWT_CHUNK_BYTES;
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		h->raw[i] = (uint32_t)w->sec[i].n;
		h->packed[i] = (uint32_t)packer_run(w->packer, &w->sec[i], o);
		h->crc[i] = bytes_crc(o->p + o->n - h->packed[i], h->packed[i]);
	}
	chunk_head_put(o->p, h);
}

static void
encode_chunk(struct trace_writer *w)
{
	const struct block_dict view = {.n_blocks = w->dict.n_blocks,
					.blocks = w->dict.blocks,
					.insn_bytes = w->dict.insn_bytes,
					.slots = w->dict.slots};
	const struct refs_in in = {.dict = &view,
				   .dict_insns = w->dict.n_insns,
				   .dict_slots = w->dict.n_slots,
				   .ids = w->ids,
				   .addrs = w->addrs,
				   .n_ids = w->n_ids,
				   .n_addrs = w->n_addrs};

	for (unsigned i = 0; i < SEC_COUNT; i++)
		w->sec[i].n = 0;
	out_bytes(&w->sec[SEC_EVENTS], w->event_bytes.p, w->event_bytes.n);
	refs_encode(&in, w->sec);
}

static void
index_chunk(struct trace_writer *w, const struct chunk_head *h)
{
	out_varint(&w->index, PWT_CHUNK_BYTES + chunk_packed(h));
	out_varint(&w->index, h->n.insns);
	out_varint(&w->index, h->events);
	out_u32(&w->index, h->head_crc);
}

static void
clear_chunk(struct trace_writer *w)
{
	w->first_insn += w->insns;
	w->first_ref += (uint64_t)w->insns + w->n_addrs;
	w->n_ids = w->n_addrs = w->insns = w->events = w->event_place = 0;
	memset(w->ops, 0, sizeof(w->ops));
	w->event_bytes.n = 0;
	w->from = NULL;
	dict_clear(&w->dict);
}

bool
trace_flush(struct trace_writer *w, struct err *e)
{
	struct chunk_head h;

	if (w->failed.kind)
		return fail(w, e);
	end_block(w);
	if (!w->n_ids && !w->events)
		return true;
	fill_head(w, &h);
	encode_chunk(w);
	pack_sections(w, &h);
	if (!write_piece(w, &w->packed, e))
		return false;
	index_chunk(w, &h);
	w->totals.chunks++;
	clear_chunk(w);
	return true;
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
	if (((uint64_t)w->insns + w->n_addrs >= w->chunk_refs ||
	     dict_full(&w->dict)) &&
	    !trace_flush(w, e))
		return false;
	dict_begin(&w->dict, addr);
	return true;
}

bool
trace_fetch(struct trace_writer *w, uint64_t addr, uint32_t bytes,
	    struct err *e)
{
	const struct code_block *cur = &w->dict.cur;

	if (w->failed.kind)
		return fail(w, e);
	if (!bytes || bytes > 255 || addr + bytes < addr)
		return refuse(w, e, "impossible fetch", addr, bytes);
	if ((addr != w->next_fetch || !cur->insns ||
	     cur->insns == BLOCK_MAX_INSNS || cur->slots >= SLOTS_ENOUGH) &&
	    !begin_block(w, addr, e))
		return false;
	dict_insn(&w->dict, (uint8_t)bytes);
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
	if (!w->dict.cur.insns)
		return refuse(w, e, "data reference without a fetch before it",
			      addr, bytes);
	if (w->dict.cur.slots == BLOCK_MAX_SLOTS)
		return refuse(w, e, "too many data references in a block", addr,
			      bytes);
	dict_slot(&w->dict, op, (uint16_t)bytes);
	w->addrs =
	    xgrow(w->addrs, w->n_addrs, &w->addrs_cap, sizeof(*w->addrs));
	w->addrs[w->n_addrs++] = addr;
	w->ops[op]++;
	++*count[op];
	w->totals.references++;
	return true;
}

/* --- many at once --- */

static bool
chunk_full(const struct trace_writer *w)
{
	return (uint64_t)w->insns + w->n_addrs >= w->chunk_refs ||
	       dict_full(&w->dict);
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

	dict_begin(&w->dict, b->start);
	for (unsigned i = 0; i < b->insns; i++) {
		dict_insn(&w->dict, from->insn_bytes[b->first_insn + i]);
		for (; k < b->slots && slot[k].insn == i; k++) {
			dict_slot(&w->dict, slot[k].op, slot[k].bytes);
			ops[slot[k].op]++;
		}
	}
	id = dict_end(&w->dict);
	memcpy(w->block_ops[id], ops, sizeof(ops));
	return id + 1u;
}

/* Room for what a batch can add. */
static void
reserve(struct trace_writer *w, const struct trace_batch *b)
{
	while (w->ids_cap < (size_t)w->n_ids + b->n_ids)
		w->ids =
		    xgrow(w->ids, w->ids_cap, &w->ids_cap, sizeof(*w->ids));
	while (w->addrs_cap < (size_t)w->n_addrs + b->n_addrs)
		w->addrs = xgrow(w->addrs, w->addrs_cap, &w->addrs_cap,
				 sizeof(*w->addrs));
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

		if ((uint64_t)w->insns + w->n_addrs >= w->chunk_refs ||
		    (!*known && dict_full(&w->dict)))
			break;
		if (!*known)
			*known = adopt(w, b->dict, block);
		w->ids[w->n_ids++] = (uint16_t)(*known - 1);
		memcpy(w->addrs + w->n_addrs, *addr,
		       block->slots * sizeof(**addr));
		w->n_addrs += block->slots;
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

		if (chunk_full(w) && !trace_flush(w, e))
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
	if (w->event_bytes.n >= EVENTS_ENOUGH && !trace_flush(w, e))
		return false;
	out_varint(&w->event_bytes, w->n_ids - w->event_place);
	event_encode(&w->event_bytes, ev);
	w->event_place = w->n_ids;
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
trace_writer_totals(const struct trace_writer *w)
{
	return &w->totals;
}

static void
encode_index(const struct trace_writer *w, struct outbuf *o)
{
	const struct trace_totals *t = &w->totals;

	out_varint(o, t->instructions);
	out_varint(o, t->loads);
	out_varint(o, t->stores);
	out_varint(o, t->modifies);
	out_varint(o, t->events);
	out_varint(o, t->chunks);
	out_bytes(o, w->index.p, w->index.n);
	out_varint(o, w->n_notes);
	out_bytes(o, w->notes.p, w->notes.n);
	out_varint(o, w->tables.n);
	out_bytes(o, w->tables.p, w->tables.n);
}

static bool
write_index(struct trace_writer *w, struct err *e)
{
	struct index_head h = {.codec = CODEC_DEFLATE};
	struct outbuf raw = {0}, *o = &w->packed;
	uint8_t *tail;

	encode_index(w, &raw);
	h.raw = (uint32_t)raw.n;
	o->n = 0;
	out_space(o, PWT_INDEX_BYTES);
	o->n = PWT_INDEX_BYTES;
	h.packed = (uint32_t)packer_run(w->packer, &raw, o);
	out_free(&raw);
	h.crc = bytes_crc(o->p + PWT_INDEX_BYTES, h.packed);
	index_head_put(o->p, &h);
	tail = out_space(o, PWT_END_BYTES);
	memcpy(tail, PWT_END_MAGIC, 8);
	store_u64(tail + 8, w->offset);
	store_u64(tail + 16, w->offset + o->n + PWT_END_BYTES);
	o->n += PWT_END_BYTES;
	return write_piece(w, o, e);
}

bool
trace_finish(struct trace_writer *w, struct err *e)
{
	bool good = trace_flush(w, e) && write_index(w, e);
	int fd = w->fd;

	w->fd = -1;
	if (close(fd) && good)
		good = err_set(e, ERR_FAILED, "%s: cannot write: %s", w->path,
			       strerror(errno));
	writer_free(w);
	return good;
}

void
trace_abandon(struct trace_writer *w)
{
	writer_free(w);
}
