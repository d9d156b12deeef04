/*
 * codec.h - compress and expand whole sections.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CODEC_H
#define TRACE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/bytes.h"

struct packer; /* keeps its tables between sections */
struct unpacker;

struct packer *packer_new(int level);
void packer_free(struct packer *p);
/* Append the compressed form of in to out; returns its length. */
size_t packer_run(struct packer *p, const struct outbuf *in,
		  struct outbuf *out);

struct unpacker *unpacker_new(void);
void unpacker_free(struct unpacker *u);
/* Expand n bytes to exactly raw bytes at out; false if they are not that. */
bool unpacker_run(struct unpacker *u, unsigned codec, const uint8_t *in,
		  size_t n, uint8_t *out, size_t raw);

uint32_t bytes_crc(const void *p, size_t n);

/* Is it the CRC of those bytes?  A fuzzer's build says yes to all, so that
 * its files get past the checksums. */
bool crc_good(uint32_t crc, const void *p, size_t n);

#endif
