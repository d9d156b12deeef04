/*
 * input.h - what an importer reads: lines or records, with the place for
 * messages.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_INPUT_H
#define TRACE_IMPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_BYTES    ((size_t)1 << 20)
#define INPUT_MAX_LINE 65536u

struct err;
struct unpack;

struct input {
	const char *path;
	struct unpack *unpack;
	uint8_t *buf;
	size_t pos, len; /* buf[pos .. len) is waiting */
	uint64_t offset; /* of buf[0], uncompressed */
	uint64_t line;   /* number of the line read last, from 1 */
	bool eof;
};

struct input *input_open(const char *path, struct err *e);
void input_close(struct input *in);

/* Have at least want (<= INPUT_BYTES / 2) bytes waiting if there are so many;
 * input_waiting() says how many there are. */
bool input_fill(struct input *in, size_t want, struct err *e);

static inline size_t
input_waiting(const struct input *in)
{
	return in->len - in->pos;
}

static inline const uint8_t *
input_at(const struct input *in)
{
	return in->buf + in->pos;
}

/* The next line, without its end, NUL-terminated, changeable until the next
 * call; NULL at the end.  A line of more than INPUT_MAX_LINE bytes is an
 * error. */
bool input_line(struct input *in, char **line, struct err *e);

/* The next n bytes; NULL at the end.  An end inside the record is an error
 * that names what. */
bool input_record(struct input *in, size_t n, const uint8_t **p,
		  const char *what, struct err *e);

/* "path: line 7: ..." if lines were read, else "path: offset 640: ...", where
 * the offset is that of the byte `back` before the current place. */
bool input_fail(const struct input *in, size_t back, struct err *e,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
