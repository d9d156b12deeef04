/*
 * format.h - constants of a .pwt file, version 1; doc/trace-format.md is the
 * specification.  All numbers in a file are little-endian.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include <stdint.h>

#define PWT_VERSION 1u

/* Eight bytes each; the first has a byte above 127 and both kinds of line
 * end, so that a transfer as text shows. */
#define PWT_MAGIC       "\x89PWT\r\n\x1a\n"
#define PWT_CHUNK_MAGIC "\xc3PWChnk\n"
#define PWT_INDEX_MAGIC "\xc3PWIndx\n"
#define PWT_END_MAGIC   "\xc3PWEnd.\n"

#define PWT_HEAD_BYTES  24u  /* file header before the provenance */
#define PWT_CHUNK_BYTES 144u /* chunk header */
#define PWT_INDEX_BYTES 32u  /* index header */
#define PWT_END_BYTES   24u  /* trailer */

enum pwt_section {
	SEC_EVENTS,
	SEC_DICT,   /* code blocks */
	SEC_IDS,    /* which blocks ran: u16 each */
	SEC_CTL,    /* lengths of the deltas: 2 bits each */
	SEC_DELTAS, /* data addresses less their prediction */
	SEC_COUNT
};

enum pwt_codec { CODEC_STORED = 0, CODEC_DEFLATE = 1 };

/* Limits: a reader refuses more, a writer never makes more. */
#define MAX_STRING        65535u /* bytes, without the final NUL */
#define MAX_MAPS          65530u /* mappings of an image */
#define MAX_RANGES        65536u /* user ranges of a system call */
#define MAX_CACHE_RUNS    65536u /* of an EV_CACHE */
#define MAX_CACHE_ORDER   18u    /* folios of 1 GiB */
#define MAX_FILE_PAGES    ((uint64_t)1 << 40)
#define MAX_HEAD          (4u << 20) /* provenance, all pairs */
#define MAX_NOTES         1024u      /* provenance pairs, late ones too */
#define MAX_CHUNK_REFS    (1u << 24) /* options.chunk_refs at most */
#define MAX_CHUNK_COUNT   (1u << 25) /* blocks, addresses, insns */
#define MAX_DICT_BLOCKS   65536u
#define MAX_DICT_INSNS    (1u << 23)
#define MAX_DICT_SLOTS    (1u << 22)
#define MAX_EVENTS_RAW    (32u << 20) /* events of a chunk, inflated */
#define MAX_DICT_RAW      (64u << 20)
#define MAX_INDEX_RAW     (256u << 20)
#define MAX_DEFLATE_RATIO 1040u /* deflate cannot do better than 1032 */

#define DEFAULT_CHUNK_REFS (4u << 20)

/* How the address of a data slot is predicted: a base, the slot's own last
 * address (LOOKBACK 0) or the LOOKBACKth data address before, and, with
 * PRED_DIFF, the difference to the base seen last time. */
#define PRED_LOOKBACK     0x1fu
#define PRED_DIFF         0x20u
#define PRED_MAX_LOOKBACK 16u

#endif
