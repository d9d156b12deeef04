/*
 * unpack_zip.c - the members of a zip archive, in the order they stand,
 * without its directory: so it can be read from a pipe, and an archive cut
 * off gives what is there.  PKWARE's APPNOTE 6.3, 4.3.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "trace/bytes.h"
#include "trace/import/unpack.h"

#define LOCAL_HEADER  0x04034b50u
#define DIRECTORY     0x02014b50u
#define DIRECTORY_END 0x06054b50u
#define END_64        0x06064b50u
#define DESCRIPTOR    0x08074b50u
#define LOCAL_BYTES   30u
#define MAX_NAME      (RAW_BYTES / 4)
#define ENCRYPTED     1u
#define SIZES_LATER   8u /* in a descriptor behind the data */
#define IN_EXTRA      0xffffffffu

enum place { AT_HEADER, IN_STORED, IN_DEFLATED, AT_END };

struct zip {
	enum place place;
	z_stream z;
	uint64_t left; /* of a stored member */
	uint32_t crc, want_crc;
	bool descriptor;
};

static void *
zip_begin(void)
{
	struct zip *z = xcalloc(1, sizeof(*z));

	if (inflateInit2(&z->z, -15) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static void
zip_end(void *state)
{
	struct zip *z = state;

	inflateEnd(&z->z);
	free(z);
}

/* The true size of a stored member whose header says 0xffffffff: the second
 * number of extra field 1. */
static bool
size_in_extra(const uint8_t *p, size_t n, uint64_t *size)
{
	while (n >= 4 && load_u16(p + 2) <= n - 4) {
		size_t len = load_u16(p + 2);

		if (load_u16(p) == 1 && len >= 16) {
			*size = load_u32(p + 12) | (uint64_t)load_u32(p + 16)
						       << 32;
			return true;
		}
		p += 4 + len;
		n -= 4 + len;
	}
	return false;
}

/* A member's header is waiting. */
static bool
member(struct unpack *u, struct zip *z, struct err *e)
{
	const uint8_t *p;
	uint32_t flags, method, name, extra;

	if (!raw_fill(&u->raw, LOCAL_BYTES, e))
		return false;
	if (u->raw.len - u->raw.pos < LOCAL_BYTES)
		return unpack_bad(u, e, "ends in a member's header");
	p = u->raw.p + u->raw.pos;
	name = load_u16(p + 26);
	extra = load_u16(p + 28);
	if (name > MAX_NAME || extra > MAX_NAME)
		return unpack_bad(u, e, "a member's name is too long");
	if (!raw_fill(&u->raw, LOCAL_BYTES + name + extra, e))
		return false;
	p = u->raw.p + u->raw.pos;
	if (u->raw.len - u->raw.pos < LOCAL_BYTES + name + extra)
		return unpack_bad(u, e, "ends in a member's header");
	flags = load_u16(p + 6);
	method = load_u16(p + 8);
	z->want_crc = load_u32(p + 14);
	z->left = load_u32(p + 18);
	z->descriptor = flags & SIZES_LATER;
	z->crc = 0;
	if (flags & ENCRYPTED)
		return unpack_bad(u, e, "a member is encrypted");
	if (method != 8 && (method != 0 || z->descriptor))
		return unpack_bad(u, e,
				  "a member is neither deflated nor stored");
	if (z->left == IN_EXTRA && method == 0 &&
	    !size_in_extra(p + LOCAL_BYTES + name, extra, &z->left))
		return unpack_bad(u, e, "a member has no size");
	z->place = method == 8 ? IN_DEFLATED : IN_STORED;
	inflateReset(&z->z);
	u->raw.pos += LOCAL_BYTES + name + extra;
	return true;
}

static bool
is_boundary(uint32_t signature)
{
	return signature == LOCAL_HEADER || signature == DIRECTORY ||
	       signature == DIRECTORY_END || signature == END_64;
}

/* A descriptor has a signature or not, and sizes of 4 or 8 bytes; what fits
 * is what another part of the archive follows. */
static bool
descriptor(struct unpack *u, struct zip *z, struct err *e)
{
	static const uint8_t lengths[] = {16, 24, 12, 20};
	const uint8_t *p;

	if (!raw_fill(&u->raw, 28, e))
		return false;
	p = u->raw.p + u->raw.pos;
	for (unsigned i = 0; i < sizeof(lengths); i++) {
		size_t len = lengths[i];
		bool signature = i < 2;

		if (u->raw.len - u->raw.pos < len + 4 ||
		    !is_boundary(load_u32(p + len)) ||
		    (signature && load_u32(p) != DESCRIPTOR))
			continue;
		z->want_crc = load_u32(p + (signature ? 4 : 0));
		u->raw.pos += len;
		return true;
	}
	return unpack_bad(u, e, "ends behind a member's data");
}

static bool
member_done(struct unpack *u, struct zip *z, struct err *e)
{
	z->place = AT_HEADER;
	if (z->descriptor && !descriptor(u, z, e))
		return false;
	if (z->crc != z->want_crc)
		return unpack_bad(u, e, "a member's checksum is wrong");
	return true;
}

static bool
stored(struct unpack *u, struct zip *z, uint8_t *out, size_t n, size_t *got,
       struct err *e)
{
	*got = min_u64(min_u64(n, z->left), u->raw.len - u->raw.pos);
	if (!*got && z->left)
		return unpack_bad(u, e, "ends in the middle");
	memcpy(out, u->raw.p + u->raw.pos, *got);
	u->raw.pos += *got;
	z->left -= *got;
	z->crc = (uint32_t)crc32(z->crc, out, (uInt)*got);
	return z->left || member_done(u, z, e);
}

static bool
deflated(struct unpack *u, struct zip *z, uint8_t *out, size_t n, size_t *got,
	 struct err *e)
{
	size_t waiting = u->raw.len - u->raw.pos;
	int r;

	z->z.next_in = u->raw.p + u->raw.pos;
	z->z.avail_in = (uInt)waiting;
	z->z.next_out = out;
	z->z.avail_out = (uInt)n;
	r = inflate(&z->z, Z_NO_FLUSH);
	*got = n - z->z.avail_out;
	u->raw.pos = u->raw.len - z->z.avail_in;
	z->crc = (uint32_t)crc32(z->crc, out, (uInt)*got);
	if (r == Z_STREAM_END)
		return member_done(u, z, e);
	if (r != Z_OK && r != Z_BUF_ERROR)
		return unpack_bad(u, e, "damaged data");
	if (!waiting && !*got)
		return unpack_bad(u, e, "ends in the middle");
	return true;
}

/* Which part of the archive comes next? */
static bool
next_part(struct unpack *u, struct zip *z, struct err *e)
{
	uint32_t signature;

	if (!raw_fill(&u->raw, 4, e))
		return false;
	if (u->raw.len - u->raw.pos < 4)
		return unpack_bad(u, e, "ends without its directory");
	signature = load_u32(u->raw.p + u->raw.pos);
	if (signature == LOCAL_HEADER)
		return member(u, z, e);
	if (!is_boundary(signature))
		return unpack_bad(u, e,
				  "a member or the directory is expected");
	z->place = AT_END;
	return true;
}

static bool
zip_read(struct unpack *u, uint8_t *out, size_t n, size_t *got, struct err *e)
{
	struct zip *z = u->state;
	bool fine = true;

	*got = 0;
	while (fine && !*got && z && z->place != AT_END) {
		if (z->place == AT_HEADER) {
			fine = next_part(u, z, e);
			continue;
		}
		fine = raw_fill(&u->raw, 1, e) &&
		       (z->place == IN_STORED ? stored : deflated)(u, z, out, n,
								   got, e);
	}
	return fine;
}

const struct unpack_format unpack_zip = {"zip",     "zlib", "PK\3\4", 4,
					 zip_begin, NULL,   zip_end,  zip_read};
