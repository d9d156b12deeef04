/* bytes.c - see bytes.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/xalloc.h"
#include "trace/bytes.h"
#include "trace/format.h"

void
out_free(struct outbuf *o)
{
	free(o->p);
	*o = (struct outbuf){0};
}

uint8_t *
out_space(struct outbuf *o, size_t n)
{
	if (!o->p || o->cap - o->n < n) {
		o->cap = (o->cap + n) * 3 / 2 + 64;
		o->p = xrealloc(o->p, o->cap);
	}
	return o->p + o->n;
}

void
out_bytes(struct outbuf *o, const void *p, size_t n)
{
	if (!n)
		return;
	memcpy(out_space(o, n), p, n);
	o->n += n;
}

void
out_u8(struct outbuf *o, unsigned v)
{
	*out_space(o, 1) = (uint8_t)v;
	o->n++;
}

void
out_u32(struct outbuf *o, uint32_t v)
{
	store_u32(out_space(o, 4), v);
	o->n += 4;
}

void
out_u64(struct outbuf *o, uint64_t v)
{
	store_u64(out_space(o, 8), v);
	o->n += 8;
}

void
out_varint(struct outbuf *o, uint64_t v)
{
	uint8_t *p = out_space(o, 10);

	for (; v >= 0x80; v >>= 7) {
		*p++ = (uint8_t)(v | 0x80);
		o->n++;
	}
	*p = (uint8_t)v;
	o->n++;
}

void
out_svarint(struct outbuf *o, int64_t v)
{
	out_varint(o, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

/* The NUL goes along, so that a reader can point into its buffer. */
void
out_str(struct outbuf *o, const char *s)
{
	size_t n = s ? strnlen(s, MAX_STRING) : 0;

	out_varint(o, n);
	out_bytes(o, s, n);
	out_u8(o, 0);
}

const uint8_t *
in_bytes(struct inbuf *in, size_t n)
{
	const uint8_t *p = in->p;

	if (in->bad || in_left(in) < n) {
		in->bad = true;
		return NULL;
	}
	in->p += n;
	return p;
}

uint8_t
in_u8(struct inbuf *in)
{
	const uint8_t *p = in_bytes(in, 1);

	return p ? *p : 0;
}

uint32_t
in_u32(struct inbuf *in)
{
	const uint8_t *p = in_bytes(in, 4);

	return p ? load_u32(p) : 0;
}

uint64_t
in_u64(struct inbuf *in)
{
	const uint8_t *p = in_bytes(in, 8);

	return p ? load_u64(p) : 0;
}

uint64_t
in_varint(struct inbuf *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t b = in_u8(in);

		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return in->bad ? 0 : v;
	}
	in->bad = true;
	return 0;
}

uint64_t
in_varint_max(struct inbuf *in, uint64_t max)
{
	uint64_t v = in_varint(in);

	if (v <= max)
		return v;
	in->bad = true;
	return 0;
}

int64_t
in_svarint(struct inbuf *in)
{
	uint64_t v = in_varint(in);

	return (int64_t)((v >> 1) ^ -(v & 1));
}

const char *
in_str(struct inbuf *in)
{
	size_t n = (size_t)in_varint_max(in, MAX_STRING);
	const uint8_t *p = in_bytes(in, n + 1);

	if (p && memchr(p, 0, n + 1) == p + n)
		return (const char *)p;
	in->bad = true;
	return "";
}
