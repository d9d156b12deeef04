/*
 * unpack.h - a file's bytes, uncompressed whatever it is compressed with.
 *
 * The format is known by its first bytes, not by its name: gzip, xz, bzip2,
 * zstd, and zip archives (their members one after the other).  A library
 * that was not there when pagewalk was built is named in the message.
 * Memory does not depend on the input.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_UNPACK_H
#define TRACE_IMPORT_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_BYTES 65536

struct err;
struct unpack;

/* The file as it is: bytes p[pos .. len) are waiting. */
struct raw {
	const char *path;
	int fd;
	bool eof;
	size_t pos, len;
	uint64_t offset; /* of p[0] in the file */
	uint8_t p[RAW_BYTES];
};

/* What a library did with a piece. */
enum step { STEP_MORE, STEP_END, STEP_BAD };

/* One row a format.  begin() makes the state; step() moves *in and *out on;
 * NULL begin: not built in. */
struct unpack_format {
	const char *name, *library;
	uint8_t magic[6], n_magic;
	void *(*begin)(void);
	enum step (*step)(void *state, const uint8_t **in,
			  const uint8_t *in_end, uint8_t **out,
			  const uint8_t *out_end);
	void (*end)(void *state);
	bool (*read)(struct unpack *u, uint8_t *out, size_t n, size_t *got,
		     struct err *e);
};

struct unpack {
	struct raw raw;
	const struct unpack_format *format; /* NULL: plain */
	void *state;
	bool ended; /* the stream; another may follow */
};

/* path "-": standard input.  NULL and *e if it cannot be had. */
struct unpack *unpack_open(const char *path, struct err *e);
void unpack_close(struct unpack *u);

/* Up to n bytes to out; *got == 0: the end. */
bool unpack_read(struct unpack *u, uint8_t *out, size_t n, size_t *got,
		 struct err *e);

/* For formats: have at least want (<= RAW_BYTES) bytes waiting, if the file
 * has them. */
bool raw_fill(struct raw *r, size_t want, struct err *e);
bool unpack_bad(const struct unpack *u, struct err *e, const char *what);

extern const struct unpack_format unpack_zip;

#endif
