/*
 * convention.h - what tools disagree on when they count references.
 *
 * A modify is one reference or a load and a store; a reference over the edge
 * of a page is one or two.  The default is one in both: what was executed.
 * (Whether a replay looks up two pages for one is another matter: it does.)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CONVENTION_H
#define TRACE_CONVENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/block.h"

struct err;

struct convention {
	bool modify_two;   /* a modify is a load, then a store */
	bool straddle_two; /* one reference for each page */
};

#define CONVENTION_MAX 4 /* references that one may become */

struct one_ref {
	enum ref_op op;
	uint64_t addr;
	uint32_t bytes;
};

/* What a reference is under a convention: returns how many. */
unsigned convention_apply(const struct convention *c, enum ref_op op,
			  uint64_t addr, uint32_t bytes,
			  struct one_ref out[CONVENTION_MAX]);

/* "one" or "two" -> *two; option names the option for the message. */
bool convention_parse(const char *option, const char *word, bool *two,
		      struct err *e);

#endif
