/* unpack.c - see unpack.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_BZ2
#include <bzlib.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "base/bits.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "trace/import/unpack.h"

#define LZMA_MEMORY \
	((uint64_t)1 << 30) /* a stream that wants more is refused */

/* -------------------------------------------------------------- the file */

bool
raw_fill(struct raw *r, size_t want, struct err *e)
{
	if (r->len - r->pos >= want || r->eof)
		return true;
	memmove(r->p, r->p + r->pos, r->len - r->pos);
	r->offset += r->pos;
	r->len -= r->pos;
	r->pos = 0;
	while (r->len < want && !r->eof) {
		ssize_t n = read(r->fd, r->p + r->len, RAW_BYTES - r->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_FAILED, "%s: cannot read: %s",
				       r->path, strerror(errno));
		r->len += (size_t)n;
		r->eof = n == 0;
	}
	return true;
}

bool
unpack_bad(const struct unpack *u, struct err *e, const char *what)
{
	return err_set(e, ERR_INPUT, "%s: offset %llu: %s: %s", u->raw.path,
		       (unsigned long long)(u->raw.offset + u->raw.pos),
		       u->format ? u->format->name : "file", what);
}

static bool
plain_read(struct unpack *u, uint8_t *out, size_t n, size_t *got, struct err *e)
{
	if (!raw_fill(&u->raw, 1, e))
		return false;
	*got = min_u64(n, u->raw.len - u->raw.pos);
	memcpy(out, u->raw.p + u->raw.pos, *got);
	u->raw.pos += *got;
	return true;
}

/* ------------------------------------------------------------------ zlib */

static void *
gz_begin(void)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	if (inflateInit2(z, 15 + 16) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static enum step
gz_step(void *state, const uint8_t **in, const uint8_t *in_end, uint8_t **out,
	const uint8_t *out_end)
{
	z_stream *z = state;
	int r;

	z->next_in = (Bytef *)(uintptr_t)*in;
	z->avail_in = (uInt)(in_end - *in);
	z->next_out = *out;
	z->avail_out = (uInt)(out_end - *out);
	r = inflate(z, Z_NO_FLUSH);
	*in = z->next_in;
	*out = z->next_out;
	if (r == Z_STREAM_END)
		return STEP_END;
	return r == Z_OK || r == Z_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static void
gz_end(void *state)
{
	inflateEnd(state);
	free(state);
}

/* ------------------------------------------------------------------ lzma */

#ifdef HAVE_LZMA
static void *
xz_begin(void)
{
	lzma_stream *z = xcalloc(1, sizeof(*z));

	if (lzma_stream_decoder(z, LZMA_MEMORY, 0) == LZMA_OK)
		return z;
	free(z);
	return NULL;
}

static enum step
xz_step(void *state, const uint8_t **in, const uint8_t *in_end, uint8_t **out,
	const uint8_t *out_end)
{
	lzma_stream *z = state;
	lzma_ret r;

	z->next_in = *in;
	z->avail_in = (size_t)(in_end - *in);
	z->next_out = *out;
	z->avail_out = (size_t)(out_end - *out);
	r = lzma_code(z, LZMA_RUN);
	*in = z->next_in;
	*out = z->next_out;
	if (r == LZMA_STREAM_END)
		return STEP_END;
	return r == LZMA_OK || r == LZMA_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static void
xz_end(void *state)
{
	lzma_end(state);
	free(state);
}
#else
#define xz_begin NULL
#define xz_step  NULL
#define xz_end   NULL
#endif

/* ----------------------------------------------------------------- bzip2 */

#ifdef HAVE_BZ2
static void *
bz_begin(void)
{
	bz_stream *z = xcalloc(1, sizeof(*z));

	if (BZ2_bzDecompressInit(z, 0, 0) == BZ_OK)
		return z;
	free(z);
	return NULL;
}

static enum step
bz_step(void *state, const uint8_t **in, const uint8_t *in_end, uint8_t **out,
	const uint8_t *out_end)
{
	bz_stream *z = state;
	int r;

	z->next_in = (char *)(uintptr_t)*in;
	z->avail_in = (unsigned)(in_end - *in);
	z->next_out = (char *)*out;
	z->avail_out = (unsigned)(out_end - *out);
	r = BZ2_bzDecompress(z);
	*in = (const uint8_t *)z->next_in;
	*out = (uint8_t *)z->next_out;
	if (r == BZ_STREAM_END)
		return STEP_END;
	return r == BZ_OK ? STEP_MORE : STEP_BAD;
}

static void
bz_end(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}
#else
#define bz_begin NULL
#define bz_step  NULL
#define bz_end   NULL
#endif

/* ------------------------------------------------------------------ zstd */

#ifdef HAVE_ZSTD
static void *
zst_begin(void)
{
	return ZSTD_createDStream();
}

static enum step
zst_step(void *state, const uint8_t **in, const uint8_t *in_end, uint8_t **out,
	 const uint8_t *out_end)
{
	ZSTD_inBuffer i = {*in, (size_t)(in_end - *in), 0};
	ZSTD_outBuffer o = {*out, (size_t)(out_end - *out), 0};
	size_t r = ZSTD_decompressStream(state, &o, &i);

	*in += i.pos;
	*out += o.pos;
	if (ZSTD_isError(r))
		return STEP_BAD;
	return r == 0 ? STEP_END : STEP_MORE;
}

static void
zst_end(void *state)
{
	ZSTD_freeDStream(state);
}
#else
#define zst_begin NULL
#define zst_step  NULL
#define zst_end   NULL
#endif

/* ------------------------------------------------------------- the table */

static bool stream_read(struct unpack *u, uint8_t *out, size_t n, size_t *got,
			struct err *e);

static const struct unpack_format formats[] = {
    {"gzip", "zlib", {0x1f, 0x8b}, 2, gz_begin, gz_step, gz_end, stream_read},
    {"xz",
     "liblzma",
     {0xfd, '7', 'z', 'X', 'Z', 0},
     6,
     xz_begin,
     xz_step,
     xz_end,
     stream_read},
    {"bzip2", "libbz2", "BZh", 3, bz_begin, bz_step, bz_end, stream_read},
    {"zstd",
     "libzstd",
     {0x28, 0xb5, 0x2f, 0xfd},
     4,
     zst_begin,
     zst_step,
     zst_end,
     stream_read},
};

/* Unpack something, one stream after the other. */
static bool
stream_read(struct unpack *u, uint8_t *out, size_t n, size_t *got,
	    struct err *e)
{
	uint8_t *to = out;

	while (to == out) {
		const uint8_t *in;
		enum step done;

		if (!raw_fill(&u->raw, 1, e))
			return false;
		if (u->raw.pos == u->raw.len && u->ended)
			break;
		if (u->ended) {
			u->format->end(u->state);
			u->state = u->format->begin();
			u->ended = false;
		}
		if (!u->state)
			return unpack_bad(u, e, "cannot begin to unpack");
		in = u->raw.p + u->raw.pos;
		done = u->format->step(u->state, &in, u->raw.p + u->raw.len,
				       &to, out + n);
		if (done == STEP_BAD)
			return unpack_bad(u, e, "damaged data");
		u->ended = done == STEP_END;
		if (!u->ended && to == out && in == u->raw.p + u->raw.pos)
			return unpack_bad(u, e, "ends in the middle");
		u->raw.pos = (size_t)(in - u->raw.p);
	}
	*got = (size_t)(to - out);
	return true;
}

static bool
choose(struct unpack *u, struct err *e)
{
	const uint8_t *p = u->raw.p;
	size_t n = u->raw.len;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (n >= formats[i].n_magic &&
		    !memcmp(p, formats[i].magic, formats[i].n_magic))
			u->format = &formats[i];
	if (n >= 4 && !memcmp(p, unpack_zip.magic, unpack_zip.n_magic))
		u->format = &unpack_zip;
	if (!u->format)
		return true;
	if (!u->format->begin)
		return err_set(
		    e, ERR_INPUT,
		    "%s: compressed with %s, which this pagewalk was "
		    "built without (%s was missing)",
		    u->raw.path, u->format->name, u->format->library);
	u->state = u->format->begin();
	return true;
}

struct unpack *
unpack_open(const char *path, struct err *e)
{
	struct unpack *u = xcalloc(1, sizeof(*u));
	bool in = !strcmp(path, "-");

	u->raw.path = in ? "standard input" : path;
	u->raw.fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (u->raw.fd < 0)
		err_set(e, ERR_FAILED, "%s: cannot open: %s", path,
			strerror(errno));
	if (u->raw.fd < 0 || !raw_fill(&u->raw, 8, e) || !choose(u, e)) {
		unpack_close(u);
		return NULL;
	}
	return u;
}

void
unpack_close(struct unpack *u)
{
	if (u->state)
		u->format->end(u->state);
	if (u->raw.fd > STDIN_FILENO)
		close(u->raw.fd);
	free(u);
}

bool
unpack_read(struct unpack *u, uint8_t *out, size_t n, size_t *got,
	    struct err *e)
{
	return (u->format ? u->format->read : plain_read)(u, out, n, got, e);
}
