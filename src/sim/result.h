/*
 * result.h - what one replay found: the only input of the reports.
 *
 * The replay owns everything a run_result points to (lanes, kernel, reader);
 * it stays valid until the replay is freed.  Counts are those after warm-up,
 * of the measured part of the trace, unless a name says otherwise.
 * Units: instructions, references, cycles, 4 KiB pages.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_RESULT_H
#define SIM_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/kernel.h"

struct conf;         /* sim/conf.h */
struct lane_config;  /* sim/lane_config.h */
struct lane_stats;   /* sim/stats.h */
struct os;           /* os/os.h */
struct trace_reader; /* trace/reader.h */

/* References of the measured part, as the trace has them: a modify counts
 * once.  references = instructions + loads + stores + modifies. */
struct ref_totals {
	uint64_t instructions, loads, stores, modifies;
};

/* One process's references, in order of appearance. */
struct process_refs {
	uint32_t pid;
	struct ref_totals refs;
};

#define INTERVALS_MAX 200

/* Faults over time.  Row i covers instructions [i, i+1) * width of the
 * measured part; when the rows are used up, width doubles and pairs of rows
 * are joined, so memory is bounded and the result depends on nothing else. */
struct intervals {
	uint64_t width; /* instructions a row; 0: not begun */
	unsigned n;     /* rows used */
	uint64_t faults[INTERVALS_MAX][FAULT_KIND_COUNT];
};

/* Count one fault of this kind at instruction insn (from the start of the
 * measured part).  Also extends n to cover insn; kind == FAULT_KIND_COUNT
 * only extends (call it so once at the end). */
void intervals_add(struct intervals *iv, uint64_t insn, unsigned kind);

/* One line of the fault log (CSV, --fault-log). */
struct fault_record {
	uint64_t seq;         /* from 0, whole run, warm-up included */
	uint64_t instruction; /* in the trace */
	uint32_t pid, tid;
	const struct fault *fault;
	uint64_t cycles; /* charged by the first lane */
};

struct result_lane {
	const char *name;
	const struct conf *conf; /* for the echo; NULL: as the first lane's */
	const struct lane_config *config;
	const struct lane_stats *stats;
};

struct run_result {
	/* Where it came from. */
	const char *trace_path;
	const struct trace_reader *trace; /* provenance, totals, damage */
	const struct conf *conf;          /* of the run: os, machine, replay */

	/* Part of the trace that was replayed, in instructions. */
	uint64_t skipped;  /* passed over, events applied */
	uint64_t warmup;   /* replayed, not counted */
	uint64_t end_insn; /* instruction at which it ended */
	bool limited;      /* --limit ended it, not the trace */

	struct ref_totals refs;
	uint64_t kernel_refs; /* accesses to user memory by system calls */
	uint64_t lost_refs;   /* refused by a signal: did not happen */
	uint64_t visits;      /* after collapsing */
	uint64_t events;

	uint64_t faults_minor, faults_major;
	uint64_t fault_kinds[FAULT_KIND_COUNT]; /* minor + major + refused */
	uint64_t fault_kinds_major[FAULT_KIND_COUNT];
	struct intervals intervals;

	const struct process_refs *processes; /* n_processes of them */
	uint32_t n_processes;

	const struct os *os; /* areas, processes, totals */
	const struct result_lane *lanes;
	unsigned n_lanes;

	double seconds; /* wall time of the replay; for people only, never in
			   the JSON, whose bytes are the same every time */
};

static inline uint64_t
ref_total(const struct ref_totals *r)
{
	return r->instructions + r->loads + r->stores + r->modifies;
}

#endif
