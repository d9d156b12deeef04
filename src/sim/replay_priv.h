/*
 * replay_priv.h - what the files of one replay share.
 *
 *   replay.c         the life of a reference
 *   replay_blocks.c  code blocks cut at pages, once a chunk
 *   replay_events.c  threads have CPUs, events go to the kernel, its answers
 *                    to the lanes
 *   replay_new.c     made and ended
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_REPLAY_PRIV_H
#define SIM_REPLAY_PRIV_H

#include "sim/lane.h"
#include "sim/numbers.h"
#include "sim/replay.h"
#include "sim/sched.h"
#include "trace/reader.h"

#define VISITS      4096 /* in a batch handed to the lanes */
#define TABLE_SLOTS 1024 /* of the small table; a power of two */
#define LINE_SHIFT  6    /* data caches: visits are lines */
#define NO_UNIT     UINT64_MAX

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The small table in front of the page table: what a page resolved to.
 * Rights sit in the low bits of the frame's address. */
#define OK_READ   ((uint64_t)1)
#define OK_WRITE  ((uint64_t)2) /* writable, and the entry is dirty already */
#define OK_EXEC   ((uint64_t)4)
#define OK_RIGHTS ((uint64_t)0xfff)

struct slot {
	uint64_t key; /* slot_key() */
	uint64_t page_rights;
	uint32_t area;
	uint8_t page_shift;
};

/* The instructions of a block that lie in one unit (page or line), and the
 * data references that come before the next unit is fetched. */
struct part {
	uint64_t unit;
	uint64_t va; /* of its first byte */
	uint16_t fetches, slots;
	uint16_t first_insn; /* in the block */
};

struct plan {
	uint32_t first_part, first_slot;
	uint16_t n_parts, insns, loads, stores, modifies;
	uint32_t runs; /* since fold_counts() */
};

/* The filter's memory of one side: the open visit, and for each enum ref_op
 * the unit whose references join it.  A write joins only a visit that began
 * with a write; a modify, being two accesses, never does as a whole. */
struct side {
	uint64_t unit[3];
	struct visit *open;
	uint8_t flags; /* VISIT_INSN or 0 */
};

/* One of the traces: where it stands. */
struct stream {
	struct trace_reader *trace;
	uint32_t pid, tid; /* the running thread, by the machine's numbers */
	uint64_t insn;     /* instructions of the trace before the next block */
	bool ended;

	/* The batch in hand, and what of it comes next. */
	struct trace_batch batch;
	uint32_t next;
	const uint64_t *addr;

	/* The dictionary of its chunk, cut at units. */
	uint64_t chunk;
	struct plan *plans;
	uint32_t n_plans, cap_plans;
	struct part *parts;
	size_t n_parts, cap_parts;
};

/* What a CPU runs. */
struct replay_cpu {
	uint32_t as; /* UINT32_MAX: nothing yet */
	bool lazy;   /* its threads sleep */
};

/* Where a visit is from; kept if on_miss wants to know. */
struct visit_place {
	uint64_t insn; /* instructions before its own */
	struct code_place at;
};

struct replay {
	struct stream *streams;
	unsigned n_streams;
	struct numbers *numbers; /* NULL: one trace, which has its own */
	struct sched *sched;
	uint64_t slice;     /* instructions a turn; 0: nobody else waits */
	uint64_t slice_end; /* .insn at which this turn is over */
	uint64_t migrations_before; /* counting began */
	struct os *os;
	struct lane **lanes;
	unsigned n_lanes, cpus;
	struct replay_options opt;

	/* The running thread. */
	struct stream *now;
	struct task *task;
	uint16_t as;
	unsigned cpu;
	struct replay_cpu *on;

	/* The path of a reference. */
	unsigned unit_shift; /* 12: visits are pages; 6: lines */
	bool moves;          /* os.addresses=model: translate */
	bool entries;        /* the kernel wants to know of each page entered */
	struct side code, data;
	struct visit *visits;
	uint32_t n_visits;
	struct slot *table;
	struct visit_place *places;     /* of visits[], or NULL */
	const struct visit_place *told; /* of the visit being priced */
	const struct code_block *block; /* that runs, with places; or NULL */
	uint32_t code_area;             /* of its page, with places */

	/* Where we are. */
	uint64_t insn; /* instructions of all traces before this block */
	uint64_t counted_from;  /* .insn where counting began */
	uint64_t retired_to;    /* .insn up to which the lanes have retired */
	uint64_t next_progress; /* .insn */
	uint64_t mark;          /* the next one, in instructions counted */
	bool counting, stopped;
	bool resting, uncounted; /* the lanes */
	struct replay_counts n;
	struct err *e; /* of the replay_run() under way */
};

/* replay.c ---------------------------------------------------------------- */
/* Hand the batch to the lanes.  Closes the open visits: a later reference to
 * the same page begins another one, which finds it as it was. */
void flush_visits(struct replay *r);
/* Forget what was counted so far. */
void start_counting(struct replay *r);
/* resolve(), when the small table does not have it. */
struct slot *resolve_slow(struct replay *r, uint64_t addr, enum access acc,
			  enum cpu_mode mode, unsigned insn, uint8_t *flags);
/* The lanes pay for what the kernel did, the log gets a line. */
void charge_fault(struct replay *r, const struct fault *f, uint32_t pid,
		  uint32_t tid, unsigned insn);

/* Where the kernel has what the running thread knows by this address. */
static inline uint64_t
model_address(const struct replay *r, uint64_t recorded)
{
	return os_translate(r->os, r->task, va(recorded)).raw;
}

static inline uint64_t
slot_key(uint16_t as, uint64_t page)
{
	return page ^ ((uint64_t)as << 48);
}

static inline struct slot *
slot_of(struct replay *r, uint16_t as, uint64_t page)
{
	return &r->table[(page ^ ((uint64_t)as << 4)) % TABLE_SLOTS];
}

/* What addr maps to, or NULL if the program (or the kernel on its behalf) may
 * not have it.  Adds VISIT_SET_* to *flags. */
static inline struct slot *
resolve(struct replay *r, uint64_t addr, enum access acc, enum cpu_mode mode,
	unsigned insn, uint8_t *flags)
{
	static const uint64_t needs[] = {
	    [ACC_READ] = OK_READ, [ACC_WRITE] = OK_WRITE, [ACC_EXEC] = OK_EXEC};
	uint64_t page = addr >> PAGE_SHIFT;
	struct slot *s = slot_of(r, r->as, page);

	if (likely(s->key == slot_key(r->as, page) &&
		   s->page_rights & needs[acc]))
		return s;
	return resolve_slow(r, addr, acc, mode, insn, flags);
}

static inline void
fill_visit(struct visit *v, const struct slot *s, uint64_t addr, uint16_t as,
	   uint8_t flags)
{
	v->va = va(addr);
	v->pa.raw = (s->page_rights & ~OK_RIGHTS) | (addr & (PAGE_SIZE - 1));
	v->area = s->area;
	v->as = as;
	v->page_shift = s->page_shift;
	v->flags = flags;
}

/* replay_blocks.c --------------------------------------------------------- */
/* The batch in hand is of another chunk, or has new blocks. */
void plan_blocks(struct replay *r, struct stream *s);
/* Counts are kept by block while a chunk is under way. */
void fold_counts(struct replay *r);

/* replay_events.c --------------------------------------------------------- */
/* The running thread, its CPU and address space, after anything that may
 * have changed them. */
void settle(struct replay *r);
/* The running thread has had its time slice. */
void slice_over(struct replay *r);
bool apply_event(struct replay *r, struct event *ev);
/* How the kernel answers; ctx is the replay. */
void sink_kevent(void *ctx, const struct kevent *ev);
void sink_forget(void *ctx, uint16_t as, vpn from, uint64_t n);

#endif
