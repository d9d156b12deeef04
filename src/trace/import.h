/*
 * import.h - traces that others made, as traces of ours.
 *
 * What a source does not say is written into the trace: provenance
 * "capture.blind" lists it, and reports repeat it.  doc/import.md explains
 * the formats and what is made of them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_H
#define TRACE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/convention.h"
#include "trace/writer.h"

struct err;
struct import;
struct input;

struct import_options {
	const char *from; /* an importer's name; NULL: find out */
	const char *output;
	const char *maps;     /* file like /proc/PID/maps, or NULL */
	const char *syscalls; /* log of strace or perf trace, or NULL */
	const char *command;  /* for the provenance, or NULL */
	struct convention convention;
	bool strict;        /* nothing is mapped that nobody mapped */
	bool samples;       /* accept what is a sample */
	uint64_t period;    /* of samples: events each stands for */
	uint64_t page_size; /* of page numbers; 0: 4096 */
	unsigned radix;     /* of page numbers; 0: 10, or 16 after 0x */
	const char *reads;  /* gem5: command numbers, "1,22"; NULL: usual */
	const char *writes;
};

struct importer {
	const char *name, *help;
	const char *lacks; /* what the format never says, for capture.blind */
	/* How sure: 0 no, 100 certain.  data: the first bytes, n of them. */
	unsigned (*detect)(const uint8_t *data, size_t n);
	bool (*run)(struct import *im);
	bool many; /* takes several inputs: one a thread */
};

const struct importer *importer_at(unsigned i); /* NULL: beyond the last */
const struct importer *importer_find(const char *name); /* or NULL */

struct import_result {
	const struct importer *from;
	struct trace_totals totals;
	uint64_t dropped; /* references beyond user addresses */
	char blind[256];
};

/* Read inputs (n of them), write o->output.  On failure nothing is left
 * there. */
bool import_run(const struct import_options *o, const char *const *inputs,
		unsigned n, struct import_result *out, struct err *e);

#endif
