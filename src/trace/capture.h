/*
 * capture.h - run a program and record its trace.
 *
 * Back ends: our own Valgrind tool (fast; where it has been built), or stock
 * Valgrind's lackey.  Either follows every process and thread the program
 * makes, joined into one order.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CAPTURE_H
#define TRACE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct capture_options {
	const char *output;  /* NULL: NAME.pwt after the command */
	uint64_t max_refs;   /* stop after so many; 0: no limit */
	uint64_t skip_refs;  /* leave out so many first, keep their events */
	uint64_t level;      /* zlib, 0: default */
	const char *backend; /* pagewalk or lackey; NULL: the best there is */
	const char *smaps;   /* where /proc/PID/smaps of each process goes, as
				it is about to end; our tool only.  Or NULL */
	bool roi;            /* references between markers of a region only */
	bool quiet;          /* no closing line, no progress */
	bool progress;       /* progress even if stderr is no terminal */
};

/* Run argv (NULL-terminated) and write its trace.  *status: what the
 * program's own end asks of ours (exit status, 128 + signal).  False and *e
 * when the capture failed; a trace may be there, valid up to that point. */
bool capture_run(const struct capture_options *opt, char *const *argv,
		 int *status, struct err *e);

/* Run argv and hand out what it does, as it does it (our tool only; of *opt,
 * .backend counts).  NULL, *e and maybe *status (126, 127) if it cannot be
 * started. */
struct capture_live;
struct trace_reader;
struct capture_live *capture_live_start(const struct capture_options *opt,
					char *const *argv, int *status,
					struct err *e);
/* The trace it is; yours to close, before capture_live_end(). */
struct trace_reader *capture_live_trace(struct capture_live *cl);
/* End it; a program that still runs is killed.  What its own end asks of
 * ours; 0 if we ended it. */
int capture_live_end(struct capture_live *cl);

/* Where Valgrind is, by PATH; NULL and *e (what to install) if it is not
 * there.  Release with free(). */
char *capture_find_valgrind(struct err *e);

/* Facts about this machine and this run for a trace's provenance: pairs of
 * key, value, owned by the list. */
struct facts {
	const char *(*pairs)[2];
	unsigned n;
	size_t cap;
};

void facts_add(struct facts *f, const char *key, const char *value);
void facts_free(struct facts *f);
/* Kernel, CPU, memory, and the settings a memory manager obeys; path: a file
 * of the file system the program works on. */
void facts_add_machine(struct facts *f, const char *path);
/* Variables that change what a program does with memory. */
void facts_add_environment(struct facts *f);

#endif
