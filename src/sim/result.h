/*
 * result.h - what one run found: the only input of the reports.
 *
 * Assembled by the command that ran the replay; everything pointed to
 * belongs to the replay, the reader and the configurations and must outlive
 * it.  Counts are of the measured part of the trace, after warm-up.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_RESULT_H
#define SIM_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/kernel.h"
#include "sim/conf.h"
#include "sim/replay.h"
#include "sim/stats.h"
#include "sim/windows.h"

struct trace_reader; /* trace/reader.h */

#define INTERVALS_MAX 200

/* Faults over time.  Row i covers instructions [i, i+1) * width of the
 * measured part; when the rows are used up, width doubles and pairs of rows
 * are joined, so memory is bounded and the result depends on nothing else. */
struct intervals {
	uint64_t width; /* instructions a row; 0: not begun */
	unsigned n;     /* rows used */
	uint64_t faults[INTERVALS_MAX][FAULT_KIND_COUNT];
};

/* Count one fault of this kind at instruction insn.  Also extends n to cover
 * insn; kind == FAULT_KIND_COUNT only extends (call it so once at the end). */
void intervals_add(struct intervals *iv, uint64_t insn, unsigned kind);

struct run_result;

/* Each fault as it comes, n being up to date; then the end.  Faults of the
 * warm-up are forgotten when the replay has forgotten them. */
void result_fault(struct run_result *r, const struct replay_counts *n,
		  const struct fault_record *rec);
void result_end(struct run_result *r, const struct replay_counts *n);

struct result_lane {
	const char *name; /* unique in the run */
	const struct conf *conf;
	const struct conf_resolved *config;
	const struct lane_stats *stats;
	unsigned lane; /* its number in the replay */
	bool what_if;  /* the first one with other pages: --what-if */
};

/* One of the traces replayed together. */
struct result_trace {
	const char *path;
	const struct trace_reader *reader; /* provenance, totals, damage */
};

struct run_result {
	const struct result_trace *traces;
	unsigned n_traces;
	const struct replay *replay; /* whose processes are from which */

	/* What was asked for, in instructions. */
	uint64_t skip, warmup, limit;
	const char *roi; /* counted from this marker on, or NULL */
	const struct windows *windows; /* sim/windows.h; NULL: all is one */
	bool complete; /* the trace was replayed to its end or the limit */

	const struct replay_counts *counts;
	uint64_t major_by_kind[FAULT_KIND_COUNT];
	struct intervals intervals;
	uint64_t faults;     /* in both; see result_fault() */
	const struct os *os; /* areas, processes, totals */

	const struct result_lane *lanes; /* the first one gives the totals */
	unsigned n_lanes;

	double seconds; /* wall time; for people only, never in the JSON,
			   whose bytes are the same every time */
};

#endif
