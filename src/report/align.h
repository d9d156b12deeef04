/*
 * align.h - two sequences of page faults set side by side: ours (a replay's
 * fault log) and the truth (the kernel's tracepoints under Valgrind).
 *
 * Two faults agree when page, write-or-not and present bit are the same; the
 * order is that of the process (Valgrind runs one thread at a time, so a
 * process has one order).  Process identifiers must be the same on both sides.
 *
 * Pure functions on arrays: no files, no output.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_ALIGN_H
#define REPORT_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALIGN_NONE SIZE_MAX

/* What became of a fault. */
enum align_verdict {
	ALIGN_ALONE,     /* nothing like it on the other side */
	ALIGN_SAME,      /* agrees, in order */
	ALIGN_MOVED,     /* agrees, at another place in the order */
	ALIGN_DIFFERENT, /* same page; write or present bit differ */
	ALIGN_ASIDE,     /* truth only: the recording made it (.rule) */
	ALIGN_VERDICTS
};

/* Why a fault of the truth is not the program's, or one of ours cannot be in
 * the truth: X(enumerator, name, help).  Those from CODE_AHEAD on are found by
 * align_faults(), the others by truth_mark(). */
#define ALIGN_RULES(X)                                                         \
	X(NONE, "-", "the program's own")                                      \
	X(LAUNCH, "launch", "before Valgrind's tool was running")              \
	X(MEMORY, "memory", "in Valgrind's own memory")                        \
	X(STACK_PROBE, "stack-probe",                                          \
	  "refused below the stack; Valgrind grows it and repeats")            \
	X(MODIFY, "modify",                                                    \
	  "a read-modify-write made as a load and a store: the load's fault")  \
	X(IMAGE, "image", "Valgrind builds the program's image as exec would") \
	X(COPY_TRIED, "copy-tried",                                            \
	  "write(2) tries its copy with faults off, then faults")              \
	X(CODE_AHEAD, "code-ahead",                                            \
	  "code is read when translated: another page than is run first")      \
	X(NOT_RUN, "not-run", "code translated and then not run")              \
	X(BRK, "brk",                                                          \
	  "Valgrind zeroes what brk gives back, where the kernel unmaps")      \
	X(INHERITED, "inherited",                                              \
	  "ours: a forked child runs its parent's translations, reads no "     \
	  "code")

enum align_rule {
#define X(e, name, help) RULE_##e,
	ALIGN_RULES(X)
#undef X
	    ALIGN_RULE_COUNT
};

extern const char *const align_rule_names[ALIGN_RULE_COUNT];
extern const char *const align_rule_help[ALIGN_RULE_COUNT];

struct align_fault {
	uint64_t addr;
	uint64_t ip; /* truth: of the faulting instruction; ours: 0 */
	uint32_t pid, tid;
	bool write, fetch, present, kernel;

	bool forked; /* truth: the process was forked and has not run exec */
	bool heap;   /* ours: in the brk area; truth: where that can be */

	/* Filled by truth_mark() and align_faults(). */
	uint8_t rule;    /* enum align_rule */
	uint8_t verdict; /* enum align_verdict */
	bool optional;   /* truth: set aside only when nothing agrees with it */
	size_t partner;  /* index on the other side, or ALIGN_NONE */
};

/* Where Valgrind lives. */
struct align_range {
	uint64_t start, end;
};

struct align_valgrind {
	struct align_range image; /* its text: an ip in it is Valgrind's */
	const struct align_range *memory; /* all that is not the program's */
	size_t n_memory;
	struct align_range stack; /* where the program's main stack can be */
};

/* The layout Valgrind 3.x has on amd64, when nothing better is known. */
extern const struct align_valgrind align_valgrind_amd64;

/* Give each fault of the truth the rule that explains it, if one does.
 * ours: needed to tell a read-modify-write from a load and a store of the
 * program's.  The faults must be those after each exec of Valgrind's tool
 * (what comes before is the caller's to mark RULE_LAUNCH). */
void truth_mark(struct align_fault *truth, size_t n_truth,
		const struct align_fault *ours, size_t n_ours,
		const struct align_valgrind *v);

struct align_counts {
	size_t ours, truth;            /* compared: without what is set aside */
	size_t same, moved, different; /* pairs */
	size_t extra, missing;         /* alone: ours; the truth's */
	size_t aside[ALIGN_RULE_COUNT];      /* of the truth */
	size_t aside_ours[ALIGN_RULE_COUNT]; /* of ours */
};

/* Fill verdict and partner of every fault, and *counts. */
void align_faults(struct align_fault *ours, size_t n_ours,
		  struct align_fault *truth, size_t n_truth,
		  const struct align_valgrind *v, struct align_counts *counts);

/* Per cent of faults that agree: of the longer side; in any order, and in
 * order.  100 when both are empty. */
double align_percent(const struct align_counts *c);
double align_percent_ordered(const struct align_counts *c);

#endif
