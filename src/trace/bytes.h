/*
 * bytes.h - build and take apart byte strings: little-endian numbers,
 * LEB128 integers, strings.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_BYTES_H
#define TRACE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Grows by itself; all-zero is empty. */
struct outbuf {
	uint8_t *p;
	size_t n, cap;
};

void out_free(struct outbuf *o);
uint8_t *out_space(struct outbuf *o, size_t n); /* room for n, not yet used */
void out_bytes(struct outbuf *o, const void *p, size_t n);
void out_u8(struct outbuf *o, unsigned v);
void out_u32(struct outbuf *o, uint32_t v);
void out_u64(struct outbuf *o, uint64_t v);
void out_varint(struct outbuf *o, uint64_t v);
void out_svarint(struct outbuf *o, int64_t v);
void out_str(struct outbuf *o, const char *s); /* NULL: as "" */

/* Reading past the end, or anything malformed, sets bad and gives zeros. */
struct inbuf {
	const uint8_t *p, *end;
	bool bad;
};

const uint8_t *in_bytes(struct inbuf *in, size_t n); /* NULL: not there */
uint8_t in_u8(struct inbuf *in);
uint32_t in_u32(struct inbuf *in);
uint64_t in_u64(struct inbuf *in);
uint64_t in_varint(struct inbuf *in);
uint64_t in_varint_max(struct inbuf *in, uint64_t max); /* more is bad */
int64_t in_svarint(struct inbuf *in);
const char *in_str(struct inbuf *in); /* points into the buffer */

static inline size_t
in_left(const struct inbuf *in)
{
	return (size_t)(in->end - in->p);
}

static inline uint16_t
load_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
load_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static inline uint64_t
load_u64(const uint8_t *p)
{
	return load_u32(p) | (uint64_t)load_u32(p + 4) << 32;
}

static inline void
store_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static inline void
store_u64(uint8_t *p, uint64_t v)
{
	store_u32(p, (uint32_t)v);
	store_u32(p + 4, (uint32_t)(v >> 32));
}

#endif
