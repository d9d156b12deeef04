/* chunk_out.c - see chunk_out.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "trace/chunk_out.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "trace/codec.h"
#include "trace/refs.h"

struct chunk_out {
	char *path;
	int fd;
	struct packer *packer;
	struct err failed; /* kind != 0: nothing more is written */
	uint64_t offset;
	struct outbuf index; /* a line for each chunk */
	struct outbuf sec[SEC_COUNT], packed;

	/* The thread has .parts and all of the above while .busy. */
	struct chunk_parts parts;
	pthread_t thread;
	bool has_thread, busy, quit;
	pthread_mutex_t lock;
	pthread_cond_t change;
};

void
chunk_parts_init(struct chunk_parts *p)
{
	memset(p, 0, sizeof(*p));
	dict_init(&p->dict);
}

void
chunk_parts_free(struct chunk_parts *p)
{
	dict_free(&p->dict);
	free(p->ids);
	free(p->addrs);
	out_free(&p->events);
}

/* Bytes to the file ------------------------------------------------------- */

static bool
write_all(struct chunk_out *o, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t got = write(o->fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(&o->failed, ERR_FAILED,
				       "%s: cannot write: %s", o->path,
				       strerror(got ? errno : EIO));
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
write_piece(struct chunk_out *o, const struct outbuf *piece)
{
	if (o->failed.kind)
		return false;
	if (!write_all(o, piece->p, piece->n)) {
		/* If this fails too, a reader finds the torn piece. */
		int ignored = ftruncate(o->fd, (off_t)o->offset);

		(void)ignored;
		return false;
	}
	__atomic_store_n(&o->offset, o->offset + piece->n, __ATOMIC_RELAXED);
	return true;
}

/* A chunk to bytes -------------------------------------------------------- */

static void
encode(struct chunk_out *o)
{
	const struct chunk_parts *p = &o->parts;
	const struct block_dict view = {.n_blocks = p->dict.n_blocks,
					.blocks = p->dict.blocks,
					.insn_bytes = p->dict.insn_bytes,
					.slots = p->dict.slots};
	const struct refs_in in = {.dict = &view,
				   .dict_insns = p->dict.n_insns,
				   .dict_slots = p->dict.n_slots,
				   .ids = p->ids,
				   .addrs = p->addrs,
				   .n_ids = p->n_ids,
				   .n_addrs = p->n_addrs};

	for (unsigned i = 0; i < SEC_COUNT; i++)
		o->sec[i].n = 0;
	out_bytes(&o->sec[SEC_EVENTS], p->events.p, p->events.n);
	refs_encode(&in, o->sec);
}

size_t
chunk_out_pack(struct chunk_out *o, const struct outbuf *in, struct outbuf *out)
{
	return packer_run(o->packer, in, out);
}

static void
pack_sections(struct chunk_out *o)
{
	struct chunk_head *h = &o->parts.head;
	struct outbuf *to = &o->packed;

	to->n = 0;
	out_space(to, PWT_CHUNK_BYTES);
	to->n = PWT_CHUNK_BYTES;
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		h->raw[i] = (uint32_t)o->sec[i].n;
		h->packed[i] = (uint32_t)chunk_out_pack(o, &o->sec[i], to);
		h->crc[i] =
		    bytes_crc(to->p + to->n - h->packed[i], h->packed[i]);
	}
	chunk_head_put(to->p, h);
}

static void
list_chunk(struct chunk_out *o)
{
	const struct chunk_head *h = &o->parts.head;

	out_varint(&o->index, PWT_CHUNK_BYTES + chunk_packed(h));
	out_varint(&o->index, h->n.insns);
	out_varint(&o->index, h->events);
	out_u32(&o->index, h->head_crc);
}

static void
write_chunk(struct chunk_out *o)
{
	if (o->failed.kind)
		return;
	encode(o);
	pack_sections(o);
	if (write_piece(o, &o->packed))
		list_chunk(o);
}

/* The thread -------------------------------------------------------------- */

static void *
work(void *ctx)
{
	struct chunk_out *o = ctx;

	pthread_mutex_lock(&o->lock);
	for (;;) {
		while (!o->busy && !o->quit)
			pthread_cond_wait(&o->change, &o->lock);
		if (!o->busy)
			break;
		pthread_mutex_unlock(&o->lock);
		write_chunk(o);
		pthread_mutex_lock(&o->lock);
		o->busy = false;
		pthread_cond_broadcast(&o->change);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* Without a thread we do the work ourselves. */
static void
start_thread(struct chunk_out *o)
{
	o->has_thread = thread_start(&o->thread, work, o);
}

static void
await(struct chunk_out *o)
{
	pthread_mutex_lock(&o->lock);
	while (o->busy)
		pthread_cond_wait(&o->change, &o->lock);
	pthread_mutex_unlock(&o->lock);
}

void
chunk_out_put(struct chunk_out *o, struct chunk_parts *p)
{
	struct chunk_parts empty;

	await(o);
	empty = o->parts;
	o->parts = *p;
	*p = empty;
	p->n_ids = p->n_addrs = 0;
	p->events.n = 0;
	dict_clear(&p->dict);
	if (!o->has_thread)
		start_thread(o);
	if (!o->has_thread) {
		write_chunk(o);
		return;
	}
	pthread_mutex_lock(&o->lock);
	o->busy = true;
	pthread_cond_broadcast(&o->change);
	pthread_mutex_unlock(&o->lock);
}

bool
chunk_out_wait(struct chunk_out *o, struct err *e)
{
	await(o);
	if (o->failed.kind && e)
		*e = o->failed;
	return !o->failed.kind;
}

bool
chunk_out_piece(struct chunk_out *o, const struct outbuf *piece, struct err *e)
{
	await(o);
	write_piece(o, piece);
	return chunk_out_wait(o, e);
}

const struct outbuf *
chunk_out_index(const struct chunk_out *o)
{
	return &o->index;
}

uint64_t
chunk_out_bytes(const struct chunk_out *o)
{
	return __atomic_load_n(&o->offset, __ATOMIC_RELAXED);
}

/* Made and ended ---------------------------------------------------------- */

struct chunk_out *
chunk_out_new(const char *path, int level, struct err *e)
{
	struct chunk_out *o = xcalloc(1, sizeof(*o));

	o->path = xstrdup(path);
	o->packer = packer_new(level);
	chunk_parts_init(&o->parts);
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->change, NULL);
	o->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (o->fd >= 0)
		return o;
	err_set(e, ERR_FAILED, "%s: cannot create: %s", path, strerror(errno));
	chunk_out_close(o, NULL);
	return NULL;
}

static void
end_thread(struct chunk_out *o)
{
	if (!o->has_thread)
		return;
	pthread_mutex_lock(&o->lock);
	o->quit = true;
	pthread_cond_broadcast(&o->change);
	pthread_mutex_unlock(&o->lock);
	pthread_join(o->thread, NULL);
}

bool
chunk_out_close(struct chunk_out *o, struct err *e)
{
	bool good;

	end_thread(o);
	good = o->fd < 0 || !close(o->fd) ||
	       (e && err_set(e, ERR_FAILED, "%s: cannot write: %s", o->path,
			     strerror(errno)));
	packer_free(o->packer);
	chunk_parts_free(&o->parts);
	for (unsigned i = 0; i < SEC_COUNT; i++)
		out_free(&o->sec[i]);
	out_free(&o->packed);
	out_free(&o->index);
	pthread_mutex_destroy(&o->lock);
	pthread_cond_destroy(&o->change);
	free(o->path);
	free(o);
	return good;
}
