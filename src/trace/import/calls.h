/*
 * calls.h - system calls that a source tells of, made into events; and the
 * descriptors' files, followed through open, dup and close.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_CALLS_H
#define TRACE_IMPORT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"

struct import;

#define NR_READ       0
#define NR_OPEN       2
#define NR_CLOSE      3
#define NR_FSTAT      5
#define NR_MMAP       9
#define NR_MPROTECT   10
#define NR_MUNMAP     11
#define NR_BRK        12
#define NR_MREMAP     25
#define NR_MADVISE    28
#define NR_DUP        32
#define NR_DUP2       33
#define NR_OPENAT     257
#define NR_NEWFSTATAT 262
#define NR_DUP3       292

struct call {
	uint32_t nr;
	uint64_t args[6];
	int64_t ret;
	const char *path; /* of the file opened, or behind args[4] of an mmap;
			     NULL: not told */
	uint64_t size;    /* of that file; 0: not told */
	/* Lengths of strings that arguments point to (-1: unknown), or NULL. */
	const int64_t *strings;
};

/* A file the source mentioned: path is ours. */
struct seen_file {
	char *path;
	uint32_t id; /* 0: no event has defined it yet */
	uint64_t size;
};

struct descriptors {
	struct map open; /* pid << 32 | fd -> index + 1 into files */
	struct seen_file *files;
	size_t n, cap;
};

void descriptors_free(struct descriptors *d);

/* Does this call change mappings (or descriptors that mappings need)? */
bool call_matters(uint32_t nr);

/* The running thread made this call: remember what it says of descriptors,
 * write the event if it changes mappings or has the kernel touch user
 * memory. */
bool import_call(struct import *im, const struct call *c);

/* What an mmap, brk or mremap that worked maps: false if nothing. */
bool call_maps(const struct call *c, uint64_t *start, uint64_t *end);

#endif
