/*
 * codec.c - see codec.h.  Raw deflate: a section has a CRC of its compressed
 * bytes, so the second checksum of the zlib wrapper would only cost time.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <zlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "trace/codec.h"
#include "trace/format.h"

struct packer {
	z_stream z;
};

struct unpacker {
	z_stream z;
};

struct packer *
packer_new(int level)
{
	struct packer *p = xcalloc(1, sizeof(*p));

	if (deflateInit2(&p->z, level, Z_DEFLATED, -15, 9,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		BUG("zlib refuses level %d", level);
	return p;
}

void
packer_free(struct packer *p)
{
	if (!p)
		return;
	deflateEnd(&p->z);
	free(p);
}

size_t
packer_run(struct packer *p, const struct outbuf *in, struct outbuf *out)
{
	size_t bound, done;

	if (!in->n)
		return 0;
	deflateReset(&p->z);
	bound = deflateBound(&p->z, in->n);
	p->z.next_out = out_space(out, bound);
	p->z.avail_out = (uInt)bound;
	p->z.next_in = in->p;
	p->z.avail_in = (uInt)in->n;
	if (deflate(&p->z, Z_FINISH) != Z_STREAM_END)
		BUG("deflate of %zu bytes does not end", in->n);
	done = bound - p->z.avail_out;
	out->n += done;
	return done;
}

struct unpacker *
unpacker_new(void)
{
	struct unpacker *u = xcalloc(1, sizeof(*u));

	if (inflateInit2(&u->z, -15) != Z_OK)
		BUG("zlib refuses to inflate");
	return u;
}

void
unpacker_free(struct unpacker *u)
{
	if (!u)
		return;
	inflateEnd(&u->z);
	free(u);
}

bool
unpacker_run(struct unpacker *u, unsigned codec, const uint8_t *in, size_t n,
	     uint8_t *out, size_t raw)
{
	if (codec == CODEC_STORED || !raw) {
		if (n != raw)
			return false;
		if (n)
			memcpy(out, in, n);
		return true;
	}
	inflateReset(&u->z);
	u->z.next_in = (Bytef *)(uintptr_t)in;
	u->z.avail_in = (uInt)n;
	u->z.next_out = out;
	u->z.avail_out = (uInt)raw;
	return inflate(&u->z, Z_FINISH) == Z_STREAM_END && !u->z.avail_in &&
	       !u->z.avail_out;
}

uint32_t
bytes_crc(const void *p, size_t n)
{
	return (uint32_t)crc32_z(0, p, n);
}

bool
crc_good(uint32_t crc, const void *p, size_t n)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)crc, (void)p, (void)n;
	return true;
#else
	return crc == bytes_crc(p, n);
#endif
}
