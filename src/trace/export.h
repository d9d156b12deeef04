/*
 * export.h - our traces in the forms that other tools read.
 *
 * Those forms know references and nothing else: events are left out (but in
 * CSV), and where a form cannot tell two things apart they become one;
 * doc/import.md says which.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_EXPORT_H
#define TRACE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arch/event.h"
#include "trace/convention.h"

struct err;

struct export_options {
	uint32_t pid;      /* only this process; 0: all */
	uint64_t limit;    /* instructions; 0: all */
	uint64_t interval; /* bbv: instructions a vector */
	struct convention convention;
};

struct export_counts {
	uint64_t instructions, references; /* written */
	uint64_t lost;                     /* not to be said in this form */
	uint32_t processes;                /* whose references were written */
};

/* What a form needs to know between instructions. */
struct export_state {
	FILE *f;
	const struct export_options *o;
	struct export_counts n;
	uint32_t pid, tid;
	uint64_t insn; /* in the trace, of the one at hand */
	/* ChampSim: the record that waits for the next instruction. */
	uint8_t record[64];
	uint64_t next_ip;
	bool waiting;
	struct bbv *bbv;
};

struct exporter {
	const char *name, *help;
	bool binary;
	bool modify_two; /* the convention, unless told otherwise */
	void (*begin)(struct export_state *x);
	/* An instruction and its n data references; or NULL, and block(): a
	 * basic block, by its first instruction and their number. */
	void (*insn)(struct export_state *x, uint64_t ip, unsigned bytes,
		     const struct one_ref *refs, unsigned n);
	void (*block)(struct export_state *x, uint64_t ip, unsigned insns);
	void (*event)(struct export_state *x, const struct event *ev);
	void (*end)(struct export_state *x);
};

extern const struct exporter exporters[]; /* ends with name == NULL */

const struct exporter *exporter_find(const char *name); /* or NULL */

/* Read the trace at path, write to f (name: for messages). */
bool export_run(const struct exporter *to, const struct export_options *o,
		const char *path, FILE *f, const char *name,
		struct export_counts *n, struct err *e);

#endif
