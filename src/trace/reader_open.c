/*
 * reader_open.c - open a trace: header, index, or a scan for chunks.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "trace/reader_priv.h"

#define MAX_DAMAGE 1000 /* places listed */

uint8_t *
buffer_room(struct buffer *b, size_t n)
{
	if (b->cap < n) {
		free(b->p);
		b->p = xmalloc(n);
		b->cap = n;
	}
	return b->p;
}

bool
reader_get(const struct trace_reader *r, uint64_t offset, void *to, size_t n)
{
	uint8_t *p = to;

	if (offset > r->size || n > r->size - offset)
		return false;
	while (n) {
		ssize_t got = pread(r->fd, p, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		offset += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

bool
reader_wrong(const struct trace_reader *r, struct err *e, uint64_t offset,
	     const char *reason)
{
	return err_set(e, ERR_INPUT, "%s: offset %" PRIu64 ": %s", r->path,
		       offset, reason);
}

void
reader_damage(struct trace_reader *r, uint64_t offset, const char *reason)
{
	struct trace_damage *d;

	if (r->n_damage == MAX_DAMAGE)
		reason = "more damage, not listed";
	else if (r->n_damage > MAX_DAMAGE)
		return;
	r->damage =
	    xgrow(r->damage, r->n_damage, &r->damage_cap, sizeof(*r->damage));
	d = &r->damage[r->n_damage++];
	d->offset = offset;
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
}

const char *
reader_expand(struct trace_reader *r, uint64_t offset, unsigned codec,
	      uint32_t packed, uint32_t crc, uint32_t raw, struct buffer *b)
{
	uint8_t *to;

	if (offset > r->size || packed > r->size - offset)
		return "the file ends within a section";
	if (!reader_get(r, offset, buffer_room(&r->packed, packed + 1ul),
			packed))
		return "a section that cannot be read";
	if (!crc_good(crc, r->packed.p, packed))
		return "a section with a wrong checksum";
	to = buffer_room(b, (size_t)raw + SECTION_PAD);
	if (!unpacker_run(r->unpacker, codec, r->packed.p, packed, to, raw))
		return "a section that does not expand to its length";
	memset(to + raw, 0, SECTION_PAD);
	return NULL;
}

/* ---- provenance */

static bool
take_notes(struct trace_reader *r, struct inbuf *in, uint32_t n)
{
	for (uint32_t i = 0; i < n && !in->bad; i++) {
		r->notes = xgrow(r->notes, r->n_notes, &r->notes_cap,
				 sizeof(*r->notes));
		r->notes[r->n_notes].key = in_str(in);
		r->notes[r->n_notes++].value = in_str(in);
	}
	return !in->bad;
}

static bool
read_head(struct trace_reader *r, uint32_t *crc, uint64_t *end, struct err *e)
{
	uint8_t fixed[PWT_HEAD_BYTES];
	uint32_t bytes, n;
	struct inbuf in;

	if (!reader_get(r, 0, fixed, sizeof(fixed)) ||
	    memcmp(fixed, PWT_MAGIC, 8) != 0)
		return reader_wrong(r, e, 0,
				    "not a pagewalk trace (expected a file "
				    "that begins with \\x89PWT)");
	if (load_u32(fixed + 12) != PWT_VERSION)
		return err_set(e, ERR_INPUT,
			       "%s: offset 12: format version %u (this "
			       "program reads version %u)",
			       r->path, load_u32(fixed + 12), PWT_VERSION);
	bytes = load_u32(fixed + 16);
	n = load_u32(fixed + 20);
	if (bytes > MAX_HEAD || n > MAX_NOTES)
		return reader_wrong(r, e, 16, "too much provenance");
	if (bytes > r->size - PWT_HEAD_BYTES)
		return reader_wrong(r, e, 16, "the file ends in its header");
	*end = PWT_HEAD_BYTES + bytes;
	if (!reader_get(r, 0, buffer_room(&r->head, *end), *end))
		return reader_wrong(r, e, 0, "the header cannot be read");
	*crc = load_u32(fixed + 8);
	if (!crc_good(*crc, r->head.p + 12, *end - 12))
		return reader_wrong(r, e, 8,
				    "a file header with a wrong checksum");
	in = (struct inbuf){.p = r->head.p + PWT_HEAD_BYTES,
			    .end = r->head.p + *end};
	if (!take_notes(r, &in, n) || in.p != in.end)
		return reader_wrong(r, e, PWT_HEAD_BYTES,
				    "malformed provenance");
	return true;
}

/* ---- index */

static void
add_chunk(struct trace_reader *r, const struct chunk_ref *c)
{
	r->chunks =
	    xgrow(r->chunks, r->n_chunks, &r->chunks_cap, sizeof(*r->chunks));
	r->chunks[r->n_chunks++] = *c;
}

/* Chunks follow each other from `offset` and must end where the index
 * begins. */
static bool
index_chunks(struct trace_reader *r, struct inbuf *in, uint64_t offset,
	     uint64_t end)
{
	struct trace_totals *t = &r->totals;
	uint64_t insn = 0, events = 0;

	if (t->chunks > in_left(in) / 7)
		return false;
	for (uint64_t i = 0; i < t->chunks && !in->bad; i++) {
		struct chunk_ref c = {.offset = offset, .first_insn = insn};
		uint64_t bytes = in_varint_max(in, end - offset);

		c.insns = (uint32_t)in_varint_max(in, MAX_CHUNK_COUNT);
		c.events = (uint32_t)in_varint_max(in, UINT32_MAX);
		c.head_crc = in_u32(in);
		if (bytes < PWT_CHUNK_BYTES)
			return false;
		add_chunk(r, &c);
		offset += bytes;
		insn += c.insns;
		events += c.events;
	}
	return !in->bad && offset == end && insn == t->instructions &&
	       events == t->events;
}

static bool
take_index(struct trace_reader *r, uint32_t raw, uint64_t first, uint64_t end)
{
	struct inbuf in = {.p = r->index.p, .end = r->index.p + raw};
	struct trace_totals *t = &r->totals;
	const uint64_t max = UINT64_MAX / 8;
	size_t bytes;

	t->instructions = in_varint_max(&in, max);
	t->loads = in_varint_max(&in, max);
	t->stores = in_varint_max(&in, max);
	t->modifies = in_varint_max(&in, max);
	t->events = in_varint_max(&in, max);
	t->chunks = in_varint_max(&in, max);
	if (!index_chunks(r, &in, first, end))
		return false;
	if (!take_notes(r, &in, (uint32_t)in_varint_max(&in, MAX_NOTES)))
		return false;
	bytes = (size_t)in_varint_max(&in, in_left(&in));
	r->tables = (struct inbuf){.p = in.p, .end = in.p + bytes};
	return !in.bad && bytes == in_left(&in);
}

/* Where each file of the index's tables is first described. */
static void
note_tables(struct trace_reader *r)
{
	struct inbuf in = r->tables;
	struct event ev;
	uint64_t first;

	while (in_left(&in)) {
		uint64_t at = (uint64_t)(in.p - r->tables.p);

		if (event_decode(&in, &ev, r->scratch))
			return;
		if (ev.kind == EV_FILE &&
		    !map_get(&r->table_files, ev.file.id, &first))
			map_put(&r->table_files, ev.file.id, at);
	}
}

/* The index at offset; chunks begin at first.  NULL, or what is wrong. */
static const char *
load_index(struct trace_reader *r, uint64_t offset, uint64_t first)
{
	size_t notes = r->n_notes;
	uint8_t fixed[PWT_INDEX_BYTES];
	struct index_head h;
	const char *wrong;

	if (!reader_get(r, offset, fixed, sizeof(fixed)))
		return "the file ends in its index";
	wrong = index_head_get(fixed, &h);
	if (!wrong)
		wrong = reader_expand(r, offset + PWT_INDEX_BYTES, h.codec,
				      h.packed, h.crc, h.raw, &r->index);
	if (wrong)
		return wrong;
	if (take_index(r, h.raw, first, offset)) {
		if (r->recover)
			note_tables(r);
		return NULL;
	}
	r->n_notes = notes;
	r->n_chunks = 0;
	r->totals = (struct trace_totals){0};
	r->tables = (struct inbuf){0};
	return "a malformed index";
}

static const char *
find_index(struct trace_reader *r, uint64_t first)
{
	uint8_t end[PWT_END_BYTES];
	uint64_t offset;

	if (r->size < first + PWT_INDEX_BYTES + PWT_END_BYTES ||
	    !reader_get(r, r->size - PWT_END_BYTES, end, sizeof(end)) ||
	    memcmp(end, PWT_END_MAGIC, 8) != 0)
		return "no index at the end of the file: the capture did not "
		       "end properly, or the file was cut";
	offset = load_u64(end + 8);
	if (load_u64(end + 16) != r->size || offset < first ||
	    offset > r->size - PWT_END_BYTES)
		return "an end of file that points nowhere";
	return load_index(r, offset, first);
}

/* ---- scan */

/* The next chunk magic at or after offset, or the file's size. */
static uint64_t
find_magic(const struct trace_reader *r, uint64_t offset)
{
	uint8_t buf[65536];

	while (offset + 8 <= r->size) {
		size_t n = sizeof(buf);
		const uint8_t *hit;

		if (n > r->size - offset)
			n = r->size - offset;
		if (!reader_get(r, offset, buf, n))
			break;
		hit = memmem(buf, n, PWT_CHUNK_MAGIC, 8);
		if (hit)
			return offset + (uint64_t)(hit - buf);
		offset += n - 7;
	}
	return r->size;
}

static void
count_chunk(struct trace_totals *t, const struct chunk_head *h)
{
	t->instructions += h->n.insns;
	t->loads += h->n.loads;
	t->stores += h->n.stores;
	t->modifies += h->n.modifies;
	t->events += h->events;
	t->chunks++;
}

/* The chunk at offset goes into the list.  NULL, or what is wrong. */
static const char *
scan_chunk(struct trace_reader *r, uint64_t offset, uint64_t *next)
{
	uint8_t fixed[PWT_CHUNK_BYTES];
	struct chunk_head h;
	const char *wrong;

	if (!reader_get(r, offset, fixed, sizeof(fixed)))
		return "the file ends in a chunk's header";
	wrong = chunk_head_get(fixed, &h);
	if (wrong)
		return wrong;
	if (chunk_packed(&h) > r->size - offset - PWT_CHUNK_BYTES)
		return "the file ends within a chunk";
	add_chunk(r, &(struct chunk_ref){.offset = offset,
					 .first_insn = h.first_insn,
					 .insns = h.n.insns,
					 .events = h.events,
					 .head_crc = h.head_crc});
	count_chunk(&r->totals, &h);
	*next = offset + PWT_CHUNK_BYTES + chunk_packed(&h);
	return NULL;
}

static bool
is_index(const struct trace_reader *r, uint64_t offset)
{
	uint8_t magic[8];

	return reader_get(r, offset, magic, 8) &&
	       !memcmp(magic, PWT_INDEX_MAGIC, 8);
}

static bool
scan(struct trace_reader *r, uint64_t offset, struct err *e)
{
	while (offset < r->size && !is_index(r, offset)) {
		const char *wrong = scan_chunk(r, offset, &offset);

		if (!wrong)
			continue;
		if (!r->recover)
			return reader_wrong(r, e, offset, wrong);
		reader_damage(r, offset, wrong);
		offset = find_magic(r, offset + 1);
	}
	return true;
}

static bool
find_chunks(struct trace_reader *r, uint64_t first, struct err *e)
{
	const char *wrong = find_index(r, first);

	if (wrong) {
		reader_damage(r, r->size, wrong);
		if (!scan(r, first, e))
			return false;
	}
	r->totals.references = r->totals.instructions + r->totals.loads +
			       r->totals.stores + r->totals.modifies;
	r->totals.file_bytes = r->size;
	return true;
}

static bool
open_file(struct trace_reader *r, struct err *e)
{
	struct stat st;

	r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st))
		return err_set(e, ERR_INPUT, "%s: cannot open: %s", r->path,
			       strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT,
			       "%s: not a regular file (expected a trace)",
			       r->path);
	r->size = (uint64_t)st.st_size;
	return true;
}

struct trace_reader *
trace_open(const char *path, bool recover, struct err *e)
{
	struct trace_reader *r = xcalloc(1, sizeof(*r));
	uint64_t first = 0, id;
	uint32_t crc = 0;

	r->path = xstrdup(path);
	r->recover = recover;
	r->unpacker = unpacker_new();
	r->scratch = &r->own_scratch;
	r->out = r->own_out = xcalloc(REFS_OUTPUT_WORDS, sizeof(*r->out));
	r->now = r->room;
	for (unsigned i = 0; i < ROOMS; i++)
		refs_decoder_init(&r->room[i].refs, r->out);
	if (!open_file(r, e) || !read_head(r, &crc, &first, e) ||
	    !find_chunks(r, first, e)) {
		trace_close(r);
		return NULL;
	}
	id = content_id_add(CONTENT_ID_START, crc);
	for (size_t i = 0; i < r->n_chunks; i++)
		id = content_id_add(id, r->chunks[i].head_crc);
	snprintf(r->content_id, sizeof(r->content_id), "%016" PRIx64, id);
	return r;
}

struct trace_reader *
trace_of_source(trace_source *next, void *ctx,
		const char *const (*provenance)[2], unsigned n)
{
	struct trace_reader *r = xcalloc(1, sizeof(*r));

	r->fd = -1;
	r->path = xstrdup("live");
	r->source = next;
	r->source_ctx = ctx;
	r->notes = xcalloc(n, sizeof(*r->notes));
	r->n_notes = n;
	for (unsigned i = 0; i < n; i++)
		r->notes[i] = (struct note){xstrdup(provenance[i][0]),
					    xstrdup(provenance[i][1])};
	return r;
}

/* Those of a file point into its head and index. */
static void
free_notes(struct trace_reader *r)
{
	for (size_t i = 0; r->source && i < r->n_notes; i++) {
		free((char *)(uintptr_t)r->notes[i].key);
		free((char *)(uintptr_t)r->notes[i].value);
	}
	free(r->notes);
}

static void
free_room(struct chunk_room *room)
{
	refs_decoder_free(&room->refs);
	for (unsigned i = 0; i < SEC_COUNT; i++)
		free(room->sec[i].p);
}

void
trace_close(struct trace_reader *r)
{
	if (!r)
		return;
	ahead_free(r->ahead);
	if (r->fd >= 0)
		close(r->fd);
	unpacker_free(r->unpacker);
	for (unsigned i = 0; i < ROOMS; i++)
		free_room(&r->room[i]);
	free(r->own_out);
	event_scratch_free(&r->own_scratch);
	map_free(&r->files);
	map_free(&r->table_files);
	free(r->packed.p);
	free(r->head.p);
	free(r->index.p);
	free_notes(r);
	free(r->damage);
	free(r->chunks);
	free(r->path);
	free(r);
}
