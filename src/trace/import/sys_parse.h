/*
 * sys_parse.h - one line of a log of strace or perf trace.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_SYS_PARSE_H
#define TRACE_IMPORT_SYS_PARSE_H

#include "trace/import/calls.h"

/* A line's front: who, and what follows. */
struct log_line {
	uint32_t tid;     /* 0: the line does not say */
	const char *text; /* "mmap(NULL, ..." or "<... mmap resumed>..." */
};

/* False: neither a call nor the rest of one (a signal, an exit, a remark). */
bool log_leader(const char *line, struct log_line *l);

enum parsed {
	PARSED_CALL,
	PARSED_OTHER, /* a call that does not matter, or did not return */
	PARSED_BAD,
};

/* "name(args) = result ..."; path goes to the buffer of n bytes.  BAD: *why
 * says what was expected. */
enum parsed log_call(const char *text, struct call *c, char *path, size_t n,
		     const char **why);

#endif
