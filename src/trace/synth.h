/*
 * synth.h - traces of programs that never ran: patterns of references by
 * name, made from a seed.
 *
 * Each pattern is a small program with code, a stack, mappings made by system
 * calls, and an exit, so that everything that reads traces reads these too.
 * Nothing is stored in proportion to the footprint: orders are permutations
 * that are computed, so terabytes cost no memory.
 * The same options give the same bytes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_SYNTH_H
#define TRACE_SYNTH_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/writer.h"

struct err;

#define SYNTH_UNSET UINT64_MAX

/* Fields left at SYNTH_UNSET (skew: negative) take the pattern's default. */
struct synth_options {
	uint64_t footprint; /* bytes */
	uint64_t refs;      /* data references of the measured part */
	uint64_t seed;      /* default 1 */
	uint64_t stride;    /* bytes from one element to the next */
	uint64_t writes;    /* percent of data references that are stores */
	uint64_t node;      /* bytes of a tree's node */
	uint64_t processes; /* alive at once beside the first */
	uint64_t code;      /* bytes of code that the loop is spread over */
	double skew;        /* Zipf's exponent */
	bool page_random;   /* chase: pages in random order, inside in order */
	bool huge;          /* madvise(MADV_HUGEPAGE) on what is mapped */
	bool no_init;       /* leave out the pass that writes each page once */
};

/* Which of these a pattern listens to; the others are refused. */
#define SYNTH_STRIDE      (1u << 0)
#define SYNTH_WRITES      (1u << 1)
#define SYNTH_NODE        (1u << 2)
#define SYNTH_PROCESSES   (1u << 3)
#define SYNTH_SKEW        (1u << 4)
#define SYNTH_PAGE_RANDOM (1u << 5)
#define SYNTH_HUGE        (1u << 6)
#define SYNTH_INIT        (1u << 7) /* takes no_init */
#define SYNTH_ONE_PASS    (1u << 8) /* refs: once over the footprint */

struct synth;

struct generator {
	const char *name, *help;
	unsigned takes; /* SYNTH_* */
	struct synth_options defaults;
	bool (*run)(struct synth *s);
};

extern const struct generator generators[]; /* ends with name == NULL */

const struct generator *generator_find(const char *name); /* or NULL */

struct synth_result {
	struct trace_totals totals;
	uint64_t data_refs;     /* of the measured part */
	uint64_t measured_from; /* instructions before it */
};

/* Fill what is unset from the pattern's defaults, and check: false and *e
 * (ERR_USAGE) where a value is out of range or an option does not apply. */
bool synth_settle(const struct generator *g, struct synth_options *o,
		  struct err *e);

/* Make the trace.  o: settled.  command: for the provenance, or NULL. */
bool synth_make(const struct generator *g, const struct synth_options *o,
		const char *path, const char *command, struct synth_result *out,
		struct err *e);

#endif
