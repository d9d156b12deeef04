/*
 * reader.c - see reader.h: read the chunks that reader_open.c found.
 *
 * A chunk's events are read on their own; its references only when a batch
 * of them is wanted, so that skipping costs little and a chunk with damaged
 * references still tells what the kernel did.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/log.h"
#include "trace/reader_priv.h"

static const char *
check_chunk(const struct trace_reader *r, const struct chunk_ref *c)
{
	const struct chunk_head *h = &r->chunk;

	if (h->head_crc != c->head_crc || h->n.insns != c->insns ||
	    h->events != c->events)
		return "a chunk that differs from the index";
	if (r->recover
		? h->number < r->next_number || h->first_insn < r->next_insn
		: h->number != r->next_number || h->first_insn != r->next_insn)
		return "a chunk out of order";
	return NULL;
}

/* Header and events of chunk c. */
static const char *
load_chunk(struct trace_reader *r, const struct chunk_ref *c)
{
	uint8_t fixed[PWT_CHUNK_BYTES];
	struct chunk_head *h = &r->chunk;
	const char *wrong;

	r->offset = c->offset;
	if (!reader_get(r, c->offset, fixed, sizeof(fixed)))
		return "the file ends in a chunk's header";
	wrong = chunk_head_get(fixed, h);
	if (!wrong)
		wrong = check_chunk(r, c);
	if (!wrong)
		wrong =
		    reader_expand(r, c->offset + PWT_CHUNK_BYTES, h->codec,
				  h->packed[SEC_EVENTS], h->crc[SEC_EVENTS],
				  h->raw[SEC_EVENTS], &r->now->sec[SEC_EVENTS]);
	return wrong;
}

/* The place of the next event, or the end. */
static const char *
next_place(struct trace_reader *r)
{
	if (!r->events_left) {
		r->event_place = UINT32_MAX;
		return in_left(&r->events) ? "bytes after the last event"
					   : NULL;
	}
	r->event_place += (uint32_t)in_varint_max(
	    &r->events, r->chunk.n.ids - r->event_place);
	return r->events.bad ? "an event out of its place" : NULL;
}

/* Items of the chunk before may still be in use: another room. */
static void
change_room(struct trace_reader *r)
{
	if (!r->ahead)
		return;
	r->now->last_item = ahead_number(r->ahead) - 1;
	r->now = &r->room[r->now == r->room];
	ahead_wait_back(r->ahead, r->now->last_item);
}

static const char *
begin_chunk(struct trace_reader *r, const struct chunk_ref *c)
{
	const struct chunk_head *h = &r->chunk;
	const char *wrong;

	change_room(r);
	wrong = load_chunk(r, c);

	if (wrong)
		return wrong;
	r->next_number = h->number + 1;
	r->next_insn = h->first_insn + h->n.insns;
	r->insn = h->first_insn;
	r->in_chunk = true;
	r->refs_ready = false;
	r->refs_skipped = r->next_insn <= r->skip_to;
	r->now->refs.id_pos = 0;
	r->events = (struct inbuf){.p = r->now->sec[SEC_EVENTS].p,
				   .end = r->now->sec[SEC_EVENTS].p +
					  h->raw[SEC_EVENTS]};
	r->events_left = h->events;
	r->event_place = 0;
	r->seen.instructions += h->n.insns;
	r->seen.loads += h->n.loads;
	r->seen.stores += h->n.stores;
	r->seen.modifies += h->n.modifies;
	return next_place(r);
}

static const char *
load_refs(struct trace_reader *r)
{
	const struct chunk_head *h = &r->chunk;
	uint64_t at = r->offset + PWT_CHUNK_BYTES + h->packed[SEC_EVENTS];
	uint8_t *sec[SEC_COUNT];

	for (unsigned i = SEC_DICT; i < SEC_COUNT; i++) {
		const char *wrong =
		    reader_expand(r, at, h->codec, h->packed[i], h->crc[i],
				  h->raw[i], &r->now->sec[i]);

		if (wrong)
			return wrong;
		at += h->packed[i];
		sec[i] = r->now->sec[i].p;
	}
	r->refs_ready = true;
	refs_output(&r->now->refs, r->out);
	return refs_begin(&r->now->refs, &h->n, sec, h->raw);
}

/* Report or, in recover mode, note damage at the current chunk. */
static bool
damaged(struct trace_reader *r, const char *wrong, struct err *e)
{
	if (r->recover) {
		reader_damage(r, r->offset, wrong);
		return true;
	}
	reader_wrong(r, &r->failed, r->offset, wrong);
	if (e)
		*e = r->failed;
	return false;
}

/* A file that the event names and nothing defined, or FILE_NONE. */
static uint32_t
unknown_file(const struct trace_reader *r, const struct event *ev)
{
	const bool image = ev->kind == EV_PROCESS || ev->kind == EV_EXEC;
	uint64_t seen;

	if (ev->kind == EV_SYSCALL && ev->sys.file != FILE_NONE &&
	    !map_get(&r->files, ev->sys.file, &seen))
		return ev->sys.file;
	if (ev->kind == EV_CACHE && ev->cache.file != FILE_NONE &&
	    !map_get(&r->files, ev->cache.file, &seen))
		return ev->cache.file;
	for (uint32_t i = 0; image && i < ev->image.n_maps; i++) {
		uint32_t file = ev->image.maps[i].file;

		if (file != FILE_NONE && !map_get(&r->files, file, &seen))
			return file;
	}
	return FILE_NONE;
}

/* The definition of a file whose chunk is lost, from the index. */
static bool
table_file(struct trace_reader *r, uint32_t id, struct event *ev)
{
	struct inbuf in = r->tables;
	struct event_scratch none = {0};
	uint64_t at;

	if (!map_get(&r->table_files, id, &at))
		return false;
	in.p += at;
	return !event_decode(&in, ev, &none);
}

/* Take files that nothing defined as no file. */
static void
forget_files(struct trace_reader *r, struct event *ev)
{
	uint64_t seen;

	const bool image = ev->kind == EV_PROCESS || ev->kind == EV_EXEC;

	if (ev->kind == EV_SYSCALL)
		ev->sys.file = FILE_NONE;
	if (ev->kind == EV_CACHE)
		ev->cache.file = FILE_NONE;
	for (uint32_t i = 0; image && i < ev->image.n_maps; i++)
		if (!map_get(&r->files, r->scratch->maps[i].file, &seen))
			r->scratch->maps[i].file = FILE_NONE;
	reader_damage(r, r->offset, "an event names a file never defined");
}

/* In recover mode a lost definition is taken from the index and comes
 * first. */
static const char *
read_event(struct trace_reader *r, struct event *ev)
{
	struct inbuf before = r->events;
	const char *wrong = event_decode(&r->events, ev, r->scratch);
	uint32_t unknown = wrong ? FILE_NONE : unknown_file(r, ev);
	bool added = unknown && table_file(r, unknown, ev);

	if (wrong)
		return wrong;
	if (unknown && !added && !r->recover)
		return "an event that names a file never defined";
	if (unknown && !added)
		forget_files(r, ev);
	if (ev->kind == EV_FILE)
		map_put(&r->files, ev->file.id, 1);
	if (added) {
		r->events = before;
		return NULL;
	}
	r->events_left--;
	return next_place(r);
}

/* Blocks up to the next event: true when *refs is a batch to hand out. */
static bool
read_refs(struct trace_reader *r, struct trace_batch *refs)
{
	uint32_t stop = (uint32_t)min_u64(r->chunk.n.ids, r->event_place);
	bool skip = r->insn < r->skip_to;
	struct refs_batch b;

	refs_output(&r->now->refs, r->out);
	refs_next(&r->now->refs, stop, skip ? r->skip_to - r->insn : UINT64_MAX,
		  &b);
	*refs = (struct trace_batch){.dict = &r->now->refs.dict,
				     .ids = b.ids,
				     .addrs = b.addrs,
				     .n_ids = b.n_ids,
				     .n_addrs = b.n_addrs,
				     .first_insn = r->insn,
				     .chunk = r->chunk.number};
	r->insn += b.insns;
	return !skip;
}

static const char *
totals_wrong(const struct trace_reader *r)
{
	const struct trace_totals *a = &r->seen, *b = &r->totals;

	return a->instructions != b->instructions || a->loads != b->loads ||
		       a->stores != b->stores || a->modifies != b->modifies
		   ? "chunks that differ from the index's totals"
		   : NULL;
}

enum step { STEP_AGAIN, STEP_REFS, STEP_EVENT, STEP_END };

/* One step within or into a chunk; *wrong when something is. */
static enum step
advance(struct trace_reader *r, struct trace_batch *refs, struct event *ev,
	const char **wrong)
{
	if (!r->in_chunk) {
		if (r->next_chunk == r->n_chunks)
			return STEP_END;
		*wrong = begin_chunk(r, &r->chunks[r->next_chunk++]);
		r->in_chunk &= !*wrong;
		return STEP_AGAIN;
	}
	if (r->refs_skipped ? r->events_left
			    : r->event_place <= r->now->refs.id_pos) {
		*wrong = read_event(r, ev);
		r->in_chunk &= !*wrong;
		return *wrong ? STEP_AGAIN : STEP_EVENT;
	}
	if (r->refs_skipped || r->now->refs.id_pos == r->chunk.n.ids) {
		r->in_chunk = false;
		return STEP_AGAIN;
	}
	if (!r->refs_ready) {
		*wrong = load_refs(r);
		r->refs_skipped = *wrong != NULL;
		return STEP_AGAIN;
	}
	return read_refs(r, refs) ? STEP_REFS : STEP_AGAIN;
}

static enum trace_item
from_source(struct trace_reader *r, struct trace_batch *refs, struct event *ev,
	    struct err *e)
{
	enum trace_item item;

	do
		item = r->source(r->source_ctx, refs, ev, e);
	while (item == TRACE_REFS && refs->first_insn < r->skip_to);
	return item;
}

static enum trace_item
from_file(struct trace_reader *r, struct trace_batch *refs, struct event *ev,
	  struct err *e)
{
	enum step step = STEP_AGAIN;

	while (!r->failed.kind && step == STEP_AGAIN) {
		const char *wrong = NULL;

		step = advance(r, refs, ev, &wrong);
		if (step == STEP_END && !r->n_damage)
			wrong = totals_wrong(r);
		if (wrong)
			damaged(r, wrong, e);
	}
	if (r->failed.kind) {
		if (e)
			*e = r->failed;
		return TRACE_ERROR;
	}
	return step == STEP_END    ? TRACE_END
	       : step == STEP_REFS ? TRACE_REFS
				   : TRACE_EVENT;
}

static uint64_t
place(const struct trace_reader *r)
{
	uint64_t done;

	if (!r->in_chunk)
		return r->next_chunk < r->n_chunks
			   ? r->chunks[r->next_chunk].offset
			   : r->size;
	done = r->now->refs.n.ids && r->refs_ready ? r->now->refs.id_pos : 0;
	return r->offset + chunk_packed(&r->chunk) * done /
			       (r->chunk.n.ids ? r->chunk.n.ids : 1);
}

/* In the thread that reads ahead. */
static void
fill(void *ctx, struct ahead_place *p)
{
	struct trace_reader *r = ctx;

	r->scratch = &p->scratch;
	r->out = p->addrs;
	p->item = from_file(r, &p->refs, &p->event, &p->failed);
	p->tell = place(r);
}

static enum trace_item
from_ahead(struct trace_reader *r, struct trace_batch *refs, struct event *ev,
	   struct err *e)
{
	const struct ahead_place *p = ahead_next(r->ahead);

	r->ahead_tell = p->tell;
	if (p->item == TRACE_REFS)
		*refs = p->refs;
	else if (p->item == TRACE_EVENT)
		*ev = p->event;
	else if (p->item == TRACE_ERROR && e)
		*e = p->failed;
	return p->item;
}

/* The thread finds r->ahead there. */
static void
start_ahead(struct trace_reader *r)
{
	r->ahead = ahead_new(fill, r);
	if (ahead_start(r->ahead))
		return;
	ahead_free(r->ahead);
	r->ahead = NULL;
	r->scratch = &r->own_scratch;
}

enum trace_item
trace_next(struct trace_reader *r, struct trace_batch *refs, struct event *ev,
	   struct err *e)
{
	if (r->source)
		return from_source(r, refs, ev, e);
	if (r->read_ahead && !r->asked)
		start_ahead(r);
	r->asked = true;
	return r->ahead ? from_ahead(r, refs, ev, e)
			: from_file(r, refs, ev, e);
}

void
trace_read_ahead(struct trace_reader *r, unsigned busy)
{
	r->read_ahead = !r->recover && sysconf(_SC_NPROCESSORS_ONLN) > busy;
}

bool
trace_skip_to(struct trace_reader *r, uint64_t insn, struct err *e)
{
	BUG_ON(r->ahead);
	if (r->failed.kind) {
		if (e)
			*e = r->failed;
		return false;
	}
	r->skip_to = insn;
	if (r->in_chunk && r->next_insn <= insn)
		r->refs_skipped = true;
	return true;
}

const struct trace_totals *
trace_totals(const struct trace_reader *r)
{
	return &r->totals;
}

const char *
trace_provenance_key(const struct trace_reader *r, unsigned i)
{
	return i < r->n_notes ? r->notes[i].key : NULL;
}

const char *
trace_provenance_value(const struct trace_reader *r, unsigned i)
{
	return i < r->n_notes ? r->notes[i].value : NULL;
}

const char *
trace_provenance(const struct trace_reader *r, const char *key)
{
	for (size_t i = r->n_notes; i > 0; i--)
		if (!strcmp(r->notes[i - 1].key, key))
			return r->notes[i - 1].value;
	return NULL;
}

uint64_t
trace_tell(const struct trace_reader *r)
{
	return r->ahead ? r->ahead_tell : place(r);
}

size_t
trace_damage_count(const struct trace_reader *r)
{
	return r->n_damage;
}

const struct trace_damage *
trace_damage(const struct trace_reader *r, size_t i)
{
	return i < r->n_damage ? &r->damage[i] : NULL;
}

const char *
trace_content_id(const struct trace_reader *r)
{
	return r->content_id;
}
