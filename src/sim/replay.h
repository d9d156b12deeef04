/*
 * replay.h - one replay: decode, resolve once, price in every lane.
 *
 * The life of a reference reads from top to bottom in replay.c: a turn of a
 * trace, a batch of it, the page filter of its side, the kernel's resolution
 * (or its fault), a visit, the lanes. SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/kernel.h"
#include "os/os.h"
#include "sim/lane_config.h"

struct err;
struct lane_access; /* sim/timing.h */
struct map;
struct trace_reader;
struct replay;
struct visit; /* arch/visit.h */

/* An instruction; zero: the kernel's own access. */
struct code_place {
	uint64_t ip;
	uint32_t area; /* that it is in: os_area() */
};

/* One line of the fault log. */
struct fault_record {
	uint64_t instruction; /* instructions before its own, in the trace */
	uint64_t counted;     /* instructions counted before its own */
	uint32_t pid, tid;
	const struct fault *fault;
	uint64_t cycles;      /* in the first lane, failing walk included */
	bool measured;        /* not of a warm-up, or of a rest */
	struct code_place at; /* with on_miss */
};

/* A translation that no array of the first level had. */
struct miss_record {
	uint64_t counted; /* instructions counted before its own */
	struct code_place at;
	const struct visit *visit;        /* what was translated */
	const struct lane_access *access; /* how, and what it took */
};

/* About the 2.8 ms that Linux gives a thread (kernel/sched/fair.c:
 * sysctl_sched_base_slice on 8 CPUs or more), at a nominal 1 GHz. */
#define REPLAY_SLICE 2800000u

/* The replay has come to a mark: counted is instructions counted so far, at 0
 * when counting begins; *next will be the next mark (UINT64_MAX: none).
 * Counts are up to date.  False stops the replay, with *e set. */
typedef bool replay_mark_fn(void *ctx, struct replay *r, uint64_t counted,
			    uint64_t *next, struct err *e);

struct replay_options {
	uint64_t skip;        /* instructions passed over: events only; of each
				 trace */
	uint64_t warmup;      /* instructions replayed before counting begins */
	uint64_t limit;       /* instructions counted; 0: all */
	const char *roi;      /* count from the first marker of this name to
				 the next of any; "roi": from "roi:begin".
				 In place of warmup; or NULL */
	uint64_t slice;       /* instructions a thread runs before others come
				 into question; 0: REPLAY_SLICE */
	bool modify_is_write; /* a modify is one write; else load, store */
	bool price_kernel_refs; /* the kernel's accesses to user memory go
				   through the lanes, not only their faults */
	/* Called for each fault (signals included) in program order; false
	 * stops the replay with *e.  May be NULL.  replay_counts() is then up
	 * to date in its faults, not in its references. */
	bool (*on_fault)(void *ctx, const struct fault_record *r,
			 struct err *e);
	/* Called for what the first lane counts as missed in its first level,
	 * in program order.  May be NULL; it costs time. */
	void (*on_miss)(void *ctx, const struct miss_record *m);
	/* Called before a process ends.  May be NULL. */
	void (*on_exit)(void *ctx, const struct os *os, uint32_t pid);
	/* Called about every 4 M references; false stops it, as Ctrl-C does.
	 * May be NULL. */
	bool (*on_progress)(void *ctx, uint64_t instructions,
			    uint64_t references);
	void *ctx;
	replay_mark_fn *on_mark; /* may be NULL */
	void *mark_ctx;
	/* os.reclaim=opt: note when each page is entered; or have it from an
	 * earlier replay (sim/future.h).  Or NULL, both. */
	struct map *record;
	const struct map *future;
};

struct replay_counts {
	uint64_t references; /* instructions + loads + stores + modifies */
	uint64_t instructions, loads, stores, modifies;
	uint64_t kernel_pages; /* pages the kernel touched for system calls */
	uint64_t visits;       /* what was left after the page filter */
	uint64_t events;
	uint64_t minor, major, signals;
	uint64_t by_kind[FAULT_KIND_COUNT];
	uint64_t skipped;    /* references that a signal kept from happening */
	uint64_t migrations; /* threads that went on on another CPU */
};

/* The traces (at least one) run together on one machine; instructions are
 * those of all of them.  lanes[0 .. n-1] price the same replay; each gets its
 * own struct lane.  NULL and *e when a configuration is impossible. */
struct replay *replay_new(struct trace_reader *const *traces, unsigned n_traces,
			  const struct os_config *os,
			  const struct lane_config *lanes, unsigned n,
			  const struct replay_options *opt, struct err *e);

/* Replay to the end, the limit, or a stop.  False and *e on bad input or when
 * the model refuses; counts so far remain valid. */
bool replay_run(struct replay *r, struct err *e);
/* Traces that ended have gone on since: the next replay_run() asks again. */
void replay_go_on(struct replay *r);

const struct replay_counts *replay_counts(const struct replay *r);
const struct os *replay_os(const struct replay *r);
/* Which trace a process or thread is from, and its number there: of several
 * traces not all can keep theirs.  False if there is none such. */
bool replay_origin(const struct replay *r, uint32_t pid, unsigned *trace,
		   uint32_t *recorded);
const struct lane_stats *replay_lane_stats(struct replay *r, unsigned lane);
unsigned replay_lanes(const struct replay *r);

/* At a mark: lanes are handed nothing that is to be priced, or again; what
 * the kernel does to address spaces reaches them all the same. */
void replay_lanes_rest(struct replay *r, bool rest);
/* At a mark, or when the replay is over: lanes count nothing, or again. */
void replay_lanes_count(struct replay *r, bool on);

/* Exits what still runs and checks that every frame is free; then frees. */
void replay_free(struct replay *r);

#endif
