/*
 * replay.c - the life of a reference, from the trace to the lanes.
 *
 *   replay_run()     takes the items of the trace in order
 *   run_block()      one code block: its fetches and its data references
 *   fetch(), data()  the page filter: is it the page before it, again?
 *   enter_page()     no: resolve it, and open a visit
 *   resolve()        the small table; else the page table; else
 *   take_fault()     a fault: lanes price the failing walk, the kernel acts
 *   flush_visits()   the lanes price the batch
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "sim/future.h"
#include "sim/lane.h"
#include "sim/replay.h"
#include "trace/reader.h"

#define VISITS         4096 /* in a batch handed to the lanes */
#define TABLE_SLOTS    1024 /* of the small table; a power of two */
#define LINE_SHIFT     6    /* data caches: visits are lines */
#define MAX_TRIES      16   /* faults for one reference */
#define PROGRESS_INSNS ((uint64_t)2 << 20)
#define NO_UNIT        UINT64_MAX
/* Linux copies no more in one call (MAX_RW_COUNT). */
#define MAX_COPY 0x7ffff000u

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

struct replay {
	struct trace_reader *trace;
	struct os *os;
	struct lane **lanes;
	unsigned n_lanes, cpus;
	struct replay_options opt;

	/* The running thread. */
	struct task *task;
	uint32_t pid, tid;
	uint16_t as;
	unsigned cpu;
	uint32_t *cpu_as; /* what each CPU runs; UINT32_MAX: nothing yet */

	/* The path of a reference. */
	unsigned unit_shift; /* 12: visits are pages; 6: lines */
	bool entries;        /* the kernel wants to know of each page entered */
	struct side code, data;
	struct visit *visits;
	uint32_t n_visits;
	struct slot *table;

	/* The dictionary of the current chunk, cut at units. */
	uint64_t chunk;
	const struct block_dict *dict;
	struct plan *plans;
	uint32_t n_plans;
	struct part *parts;
	size_t n_parts, cap_parts;

	/* Where we are. */
	uint64_t insn;         /* instructions of the trace before this block */
	uint64_t counted_from; /* .insn where counting began */
	uint64_t retired_to;   /* .insn up to which the lanes have retired */
	uint64_t next_progress; /* .insn */
	bool counting, stopped;
	struct replay_counts n;
	struct err *e; /* of the replay_run() under way */
};

static bool run_batch(struct replay *r, const struct trace_batch *b);
static void jump_to(struct replay *r, uint64_t insn);
static void milestones(struct replay *r);
static void start_counting(struct replay *r);
static uint64_t next_stop(const struct replay *r);
static inline const uint64_t *run_block(struct replay *r, struct plan *p,
					const uint64_t *addr);
static inline void fetch(struct replay *r, const struct part *p);
static inline void data(struct replay *r, const struct data_slot *s,
			uint64_t addr);
static void data_slow(struct replay *r, const struct data_slot *s,
		      uint64_t addr);
static void data_access(struct replay *r, uint64_t addr, bool write,
			unsigned insn);
static void enter_page(struct replay *r, struct side *side, uint64_t addr,
		       enum access acc, uint32_t count, unsigned insn);
static struct slot *resolve(struct replay *r, uint64_t addr, enum access acc,
			    enum cpu_mode mode, unsigned insn, uint8_t *flags);
static bool take_fault(struct replay *r, uint64_t addr, enum access acc,
		       enum cpu_mode mode, unsigned insn);
static inline void fill_visit(struct visit *v, const struct slot *s,
			      uint64_t addr, uint16_t as, uint8_t flags);
static void flush_visits(struct replay *r);
static void fold_counts(struct replay *r);
static void plan_chunk(struct replay *r, const struct trace_batch *b);
static void settle(struct replay *r);
static bool apply_event(struct replay *r, const struct event *ev);

/* -------------------------------------------------------- the main loop */

bool
replay_run(struct replay *r, struct err *e)
{
	struct trace_batch refs;
	struct event ev;
	bool fine = true;

	e->kind = ERR_NONE;
	r->e = e;
	if (r->opt.skip && !trace_skip_to(r->trace, r->opt.skip, e))
		return false;
	if (!r->opt.warmup && !r->counting)
		start_counting(r);
	while (fine && !r->stopped) {
		enum trace_item item = trace_next(r->trace, &refs, &ev, e);

		if (item == TRACE_END)
			break;
		if (item == TRACE_REFS)
			fine = run_batch(r, &refs);
		else
			fine = item == TRACE_EVENT && apply_event(r, &ev);
	}
	flush_visits(r);
	fold_counts(r);
	return fine && e->kind == ERR_NONE;
}

/* Instructions were passed over. */
static void
jump_to(struct replay *r, uint64_t insn)
{
	flush_visits(r);
	r->counted_from += insn - r->insn;
	r->insn = r->retired_to = insn;
}

static bool
run_batch(struct replay *r, const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	if (!r->task && !os_was_killed(r->os, r->pid))
		return err_set(r->e, ERR_INPUT,
			       "instruction %llu: references of a thread that "
			       "no event has started",
			       (unsigned long long)b->first_insn);
	if (b->chunk != r->chunk)
		plan_chunk(r, b);
	if (b->first_insn != r->insn) /* passed over some */
		jump_to(r, b->first_insn);
	for (uint32_t i = 0; i < b->n_ids && !r->stopped;) {
		uint64_t stop = next_stop(r);

		for (; i < b->n_ids && r->insn < stop; i++)
			addr = run_block(r, &r->plans[b->ids[i]], addr);
		milestones(r);
	}
	return r->e->kind == ERR_NONE;
}

/* The instruction at which something changes.  The block that reaches it is
 * finished first. */
static uint64_t
next_stop(const struct replay *r)
{
	if (!r->counting)
		return r->counted_from + r->opt.warmup;
	return r->opt.limit ? r->counted_from + r->opt.limit : UINT64_MAX;
}

static void
start_counting(struct replay *r)
{
	flush_visits(r);
	fold_counts(r);
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_reset_stats(r->lanes[i]);
	memset(&r->n, 0, sizeof(r->n));
	r->counted_from = r->next_progress = r->insn;
	r->counting = true;
}

static void
milestones(struct replay *r)
{
	if (r->insn >= next_stop(r)) {
		if (r->counting)
			r->stopped = true;
		else
			start_counting(r);
	}
	if (!r->opt.on_progress || r->insn < r->next_progress)
		return;
	fold_counts(r);
	r->next_progress = r->insn + PROGRESS_INSNS;
	if (!r->opt.on_progress(r->opt.ctx, r->n.instructions, r->n.references))
		r->stopped = true;
}

static inline const uint64_t *
run_block(struct replay *r, struct plan *p, const uint64_t *addr)
{
	const struct part *part = &r->parts[p->first_part];
	const struct part *end = part + p->n_parts;
	const struct data_slot *slot = &r->dict->slots[p->first_slot];

	for (; part < end; part++) {
		fetch(r, part);
		for (unsigned i = part->slots; i; i--)
			data(r, slot++, *addr++);
	}
	p->runs++;
	r->insn += p->insns;
	return addr;
}

/* ------------------------------------------------------- the page filter */

static inline void
fetch(struct replay *r, const struct part *p)
{
	if (likely(p->unit == r->code.unit[REF_LOAD]))
		r->code.open->reads += p->fetches;
	else
		enter_page(r, &r->code, p->va, ACC_EXEC, p->fetches,
			   p->first_insn);
}

static inline void
data(struct replay *r, const struct data_slot *s, uint64_t addr)
{
	uint64_t unit = r->data.unit[s->op];
	uint64_t first = addr >> r->unit_shift;
	uint64_t last = (addr + s->bytes - 1) >> r->unit_shift;

	if (((first ^ unit) | (last ^ unit)) == 0)
		r->data.open->n[s->op]++;
	else if (likely(first == last && s->op != REF_MODIFY))
		enter_page(r, &r->data, addr,
			   s->op == REF_STORE ? ACC_WRITE : ACC_READ, 1,
			   s->insn);
	else
		data_slow(r, s, addr);
}

/* A modify is a load and a store, unless it is to be one write; a reference
 * over the edge of a unit looks up each unit it touches. */
static void
data_slow(struct replay *r, const struct data_slot *s, uint64_t addr)
{
	uint64_t edge = ((uint64_t)1 << r->unit_shift) - 1;
	uint64_t last = addr + s->bytes - 1;
	bool read = s->op == REF_LOAD ||
		    (s->op == REF_MODIFY && !r->opt.modify_is_write);

	if (last < addr) /* over the end of the address space */
		last = addr;
	for (uint64_t a = addr; read && a <= last; a = (a | edge) + 1)
		data_access(r, a, false, s->insn);
	for (uint64_t a = addr; s->op != REF_LOAD && a <= last;
	     a = (a | edge) + 1)
		data_access(r, a, true, s->insn);
}

static void
data_access(struct replay *r, uint64_t addr, bool write, unsigned insn)
{
	if (addr >> r->unit_shift == r->data.unit[write])
		r->data.open->n[write]++;
	else
		enter_page(r, &r->data, addr, write ? ACC_WRITE : ACC_READ, 1,
			   insn);
}

/* Open a visit.  Where the page cannot be had (a signal), the references do
 * not happen and no visit is open. */
static void
enter_page(struct replay *r, struct side *side, uint64_t addr, enum access acc,
	   uint32_t count, unsigned insn)
{
	bool write = acc == ACC_WRITE;
	uint8_t flags = side->flags;
	const struct slot *s;
	struct visit *v;

	if (unlikely(r->n_visits == VISITS))
		flush_visits(r);
	side->unit[REF_LOAD] = side->unit[REF_STORE] = NO_UNIT;
	s = resolve(r, addr, acc, MODE_USER, insn, &flags);
	if (unlikely(!s)) {
		r->n.skipped += count;
		return;
	}
	v = &r->visits[r->n_visits++];
	fill_visit(v, s, addr, r->as, flags);
	v->n[!write] = 0;
	v->n[write] = count;
	side->open = v;
	side->unit[write] = side->unit[REF_LOAD] = addr >> r->unit_shift;
}

/* ------------------------------------------------------------- resolving */

static const uint64_t needs[] = {
    [ACC_READ] = OK_READ,
    [ACC_WRITE] = OK_WRITE,
    [ACC_EXEC] = OK_EXEC,
};

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

static void
slot_fill(struct slot *s, uint64_t key, uint64_t page, const struct mapping *m)
{
	uint64_t offset =
	    (page << PAGE_SHIFT) & (((uint64_t)1 << m->page_shift) - 1);

	s->key = key;
	s->page_rights = (m->page.raw + offset) | OK_READ |
			 (m->writable ? OK_WRITE : 0) |
			 (m->executable ? OK_EXEC : 0);
	s->area = m->area;
	s->page_shift = m->page_shift;
}

static struct slot *resolve_slow(struct replay *r, uint64_t addr,
				 enum access acc, enum cpu_mode mode,
				 unsigned insn, uint8_t *flags);

/* What addr maps to, or NULL if the program (or the kernel on its behalf) may
 * not have it.  Adds VISIT_SET_* to *flags. */
static inline struct slot *
resolve(struct replay *r, uint64_t addr, enum access acc, enum cpu_mode mode,
	unsigned insn, uint8_t *flags)
{
	uint64_t page = addr >> PAGE_SHIFT;
	struct slot *s = slot_of(r, r->as, page);

	if (likely(s->key == slot_key(r->as, page) &&
		   s->page_rights & needs[acc]))
		return s;
	return resolve_slow(r, addr, acc, mode, insn, flags);
}

/* The kernel's replacement policy counts uses.  Every one comes by here: what
 * was resolved is not kept. */
static void
tell_entry(struct replay *r, uint64_t addr, unsigned insn)
{
	os_entered(r->os, r->task, va(addr), r->insn + insn);
	if (r->opt.record)
		future_add(r->opt.record, os_page_key(r->os, r->task, va(addr)),
			   r->insn + insn);
}

static __attribute__((noinline)) struct slot *
resolve_slow(struct replay *r, uint64_t addr, enum access acc,
	     enum cpu_mode mode, unsigned insn, uint8_t *flags)
{
	uint64_t page = addr >> PAGE_SHIFT;
	struct slot *s = slot_of(r, r->as, page);
	struct mapping m;

	if (!r->task) /* killed */
		return NULL;
	for (unsigned tries = 0;
	     os_resolve(r->os, r->task, va(addr), acc, &m) != RES_OK;) {
		if (++tries > MAX_TRIES)
			BUG("address %#llx still faults after %d tries",
			    (unsigned long long)addr, MAX_TRIES);
		if (!take_fault(r, addr, acc, mode, insn))
			return NULL;
	}
	if (unlikely(r->entries))
		tell_entry(r, addr, insn);
	slot_fill(s, r->entries ? UINT64_MAX : slot_key(r->as, page), page, &m);
	*flags |= (uint8_t)((m.set_a ? VISIT_SET_A : 0) |
			    (m.set_d ? VISIT_SET_D : 0));
	return s;
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

/* The lanes pay for what the kernel did, the log gets a line. */
static void
charge_fault(struct replay *r, const struct fault *f, uint32_t pid,
	     uint32_t tid, unsigned insn)
{
	struct fault_record rec = {
	    .instruction = r->insn + insn,
	    .counted = r->insn + insn - r->counted_from,
	    .pid = pid,
	    .tid = tid,
	    .fault = f,
	};

	for (unsigned i = r->n_lanes; i-- > 0;)
		rec.cycles = lane_fault(r->lanes[i], r->cpu, f);
	r->n.by_kind[f->kind]++;
	if (f->signal)
		r->n.signals++;
	else if (f->major)
		r->n.major++;
	else
		r->n.minor++;
	if (r->opt.on_fault && !r->opt.on_fault(r->opt.ctx, &rec, r->e))
		r->stopped = true;
}

/* The lanes see the world as it was, the kernel changes it, the lanes pay.
 * False if it ended in a signal. */
static bool
take_fault(struct replay *r, uint64_t addr, enum access acc, enum cpu_mode mode,
	   unsigned insn)
{
	struct fault f;

	flush_visits(r);
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_fault_walk(r->lanes[i], r->cpu, r->as, va(addr), acc);
	os_fault(r->os, r->task, va(addr), acc, mode, r->insn + insn, &f);
	charge_fault(r, &f, r->pid, r->tid, insn);
	if (f.signal == SIGKILL) /* out of memory */
		settle(r);
	return !f.signal;
}

/* Hand the batch to the lanes.  Closes the open visits: a later reference to
 * the same page begins another one, which finds it as it was. */
static void
flush_visits(struct replay *r)
{
	for (unsigned i = 0; i < r->n_lanes; i++) {
		if (r->n_visits)
			lane_visits(r->lanes[i], r->cpu, r->visits,
				    r->n_visits);
		if (r->insn != r->retired_to)
			lane_retire(r->lanes[i], r->cpu,
				    r->insn - r->retired_to);
	}
	r->n.visits += r->n_visits;
	r->n_visits = 0;
	r->retired_to = r->insn;
	for (unsigned op = 0; op < 3; op++)
		r->code.unit[op] = r->data.unit[op] = NO_UNIT;
}

/* ----------------------------------------------------- cutting the blocks */

static struct part *
add_part(struct replay *r, uint64_t at, unsigned insn)
{
	struct part *p;

	r->parts =
	    xgrow(r->parts, r->n_parts, &r->cap_parts, sizeof(*r->parts));
	p = &r->parts[r->n_parts++];
	*p = (struct part){.unit = at >> r->unit_shift,
			   .va = at,
			   .first_insn = (uint16_t)insn};
	return p;
}

static void
count_op(struct plan *p, unsigned op)
{
	uint16_t *n = op == REF_LOAD    ? &p->loads
		      : op == REF_STORE ? &p->stores
					: &p->modifies;

	(*n)++;
}

/* An instruction over the edge of a unit is fetched from both. */
static void
plan_block(struct replay *r, const struct code_block *b, struct plan *p)
{
	const struct data_slot *slot = &r->dict->slots[b->first_slot];
	const struct data_slot *end = slot + b->slots;
	uint64_t at = b->start;
	struct part *part = NULL;

	*p = (struct plan){.first_part = (uint32_t)r->n_parts,
			   .first_slot = b->first_slot,
			   .insns = b->insns};
	for (unsigned i = 0; i < b->insns; i++) {
		uint64_t last = at + r->dict->insn_bytes[b->first_insn + i] - 1;

		if (!part || at >> r->unit_shift != part->unit)
			part = add_part(r, at, i);
		part->fetches++;
		while (part->unit != last >> r->unit_shift) {
			part =
			    add_part(r, (part->unit + 1) << r->unit_shift, i);
			part->fetches++;
		}
		for (; slot < end && slot->insn == i; slot++) {
			part->slots++;
			count_op(p, slot->op);
		}
		at = last + 1;
	}
	p->n_parts = (uint16_t)(r->n_parts - p->first_part);
}

/* Counts are kept by block while a chunk is under way. */
static void
fold_counts(struct replay *r)
{
	for (uint32_t i = 0; i < r->n_plans; i++) {
		struct plan *p = &r->plans[i];
		uint64_t runs = p->runs;

		p->runs = 0;
		r->n.instructions += runs * p->insns;
		r->n.loads += runs * p->loads;
		r->n.stores += runs * p->stores;
		r->n.modifies += runs * p->modifies;
	}
	r->n.references =
	    r->n.instructions + r->n.loads + r->n.stores + r->n.modifies;
}

static void
plan_chunk(struct replay *r, const struct trace_batch *b)
{
	fold_counts(r);
	r->chunk = b->chunk;
	r->dict = b->dict;
	r->n_parts = 0;
	r->n_plans = b->dict->n_blocks;
	r->plans =
	    xreallocarray(r->plans, b->dict->n_blocks, sizeof(*r->plans));
	for (uint32_t i = 0; i < r->n_plans; i++)
		plan_block(r, &b->dict->blocks[i], &r->plans[i]);
}

/* ---------------------------------------------------------------- events */

/* The running thread, its CPU and address space, after anything that may
 * have changed them. */
static void
settle(struct replay *r)
{
	r->task = os_task(r->os, r->pid, r->tid);
	if (!r->task)
		return;
	r->as = os_task_as(r->task);
	r->cpu = r->tid % r->cpus;
	if (r->cpu_as[r->cpu] == r->as)
		return;
	r->cpu_as[r->cpu] = r->as;
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_switch(r->lanes[i], r->cpu, r->as);
}

static void
kernel_visit(struct replay *r, const struct slot *s, uint64_t addr, bool write,
	     uint8_t flags)
{
	struct visit *v;

	if (r->n_visits == VISITS)
		flush_visits(r);
	v = &r->visits[r->n_visits++];
	fill_visit(v, s, addr, r->as, flags);
	v->reads = !write;
	v->writes = write;
}

/* The kernel touches user memory for a system call, page by page; the rest
 * of a range it may not have is not touched (EFAULT). */
static void
touch_range(struct replay *r, const struct user_range *u)
{
	uint64_t len = u->len < MAX_COPY ? u->len : MAX_COPY;
	uint64_t end = u->addr + len;
	enum access acc = u->write ? ACC_WRITE : ACC_READ;

	if (!len || end < u->addr)
		return;
	for (uint64_t a = u->addr; a < end && !r->stopped;
	     a = (a | (PAGE_SIZE - 1)) + 1) {
		uint8_t flags = 0;
		const struct slot *s =
		    resolve(r, a, acc, MODE_KERNEL, 0, &flags);

		if (!s)
			return;
		r->n.kernel_pages++;
		if (r->opt.price_kernel_refs)
			kernel_visit(r, s, a, u->write, flags);
	}
}

static void
touch_ranges(struct replay *r, const struct syscall_desc *s, bool write)
{
	for (uint32_t i = 0; r->task && i < s->n_ranges; i++)
		if (s->ranges[i].write == write)
			touch_range(r, &s->ranges[i]);
}

/* The kernel acts; faults it takes on the way have no reference of ours. */
static bool
tell_kernel(struct replay *r, const struct event *ev)
{
	uint32_t pid, tid;
	struct fault f;

	if (!os_event(r->os, ev, r->insn, r->e))
		return false;
	settle(r);
	while (os_pending_fault(r->os, &f, &pid, &tid))
		charge_fault(r, &f, pid, tid, 0);
	return true;
}

static bool
apply_syscall(struct replay *r, const struct event *ev)
{
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_syscall(r->lanes[i], r->cpu);
	touch_ranges(r, &ev->sys, false);
	flush_visits(r);
	if (!tell_kernel(r, ev))
		return false;
	touch_ranges(r, &ev->sys, true);
	return r->e->kind == ERR_NONE;
}

static bool
apply_event(struct replay *r, const struct event *ev)
{
	r->n.events++;
	if (ev->kind == EV_TIME || ev->kind == EV_MARKER)
		return true;
	flush_visits(r);
	if (ev->kind == EV_SWITCH || ev->kind == EV_SYSCALL ||
	    ev->kind == EV_PROCESS) {
		r->pid = ev->pid;
		r->tid = ev->tid;
		settle(r);
	}
	if (ev->kind == EV_SYSCALL)
		return apply_syscall(r, ev);
	return tell_kernel(r, ev);
}

/* ------------------------------------------- what the kernel tells lanes */

static void
sink_kevent(void *ctx, const struct kevent *ev)
{
	struct replay *r = ctx;

	flush_visits(r);
	if (ev->kind == KEV_AS_GONE)
		for (unsigned i = 0; i < r->cpus; i++)
			if (r->cpu_as[i] == ev->as)
				r->cpu_as[i] = UINT32_MAX;
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_kevent(r->lanes[i], r->cpu, ev);
}

static void
sink_forget(void *ctx, uint16_t as, vpn from, uint64_t n)
{
	struct replay *r = ctx;

	if (n >= TABLE_SLOTS) {
		memset(r->table, 0xff, TABLE_SLOTS * sizeof(*r->table));
		return;
	}
	for (uint64_t page = from.raw; page < from.raw + n; page++) {
		struct slot *s = slot_of(r, as, page);

		if (s->key == slot_key(as, page))
			s->key = UINT64_MAX;
	}
}

static struct as_view
view(void *ctx, uint16_t as)
{
	struct replay *r = ctx;

	return os_as_view(r->os, as);
}

/* ------------------------------------------------------ making and ending */

static bool
make_lanes(struct replay *r, const struct lane_config *cfg, unsigned n,
	   struct err *e)
{
	struct table_source tables = {os_physmem(r->os), r, view};

	r->lanes = xcalloc(n, sizeof(struct lane *));
	r->unit_shift = PAGE_SHIFT;
	for (; r->n_lanes < n; r->n_lanes++) {
		struct lane *l = lane_new(&cfg[r->n_lanes], &tables, e);

		if (!l)
			return false;
		r->lanes[r->n_lanes] = l;
		if (lane_wants_lines(l) != lane_wants_lines(r->lanes[0]))
			return err_set(
			    e, ERR_INPUT,
			    "lanes %s and %s differ in cpu.data_caches: lanes "
			    "of one replay take references by page or by "
			    "line, all of them",
			    cfg[0].name, cfg[r->n_lanes++].name);
	}
	if (n && lane_wants_lines(r->lanes[0]))
		r->unit_shift = LINE_SHIFT;
	return true;
}

struct replay *
replay_new(struct trace_reader *trace, const struct os_config *os,
	   const struct lane_config *lanes, unsigned n,
	   const struct replay_options *opt, struct err *e)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	struct os_sink sink = {r, sink_kevent, sink_forget};

	r->trace = trace;
	r->opt = *opt;
	r->chunk = UINT64_MAX;
	r->code.flags = VISIT_INSN;
	r->cpus = n ? lanes[0].cpus : 1;
	r->cpu_as = xreallocarray(NULL, r->cpus, sizeof(*r->cpu_as));
	memset(r->cpu_as, 0xff, r->cpus * sizeof(*r->cpu_as));
	r->visits = xcalloc(VISITS, sizeof(*r->visits));
	r->table = xreallocarray(NULL, TABLE_SLOTS, sizeof(*r->table));
	memset(r->table, 0xff, TABLE_SLOTS * sizeof(*r->table));
	r->os = os_new(os, &sink, e);
	if (!r->os || !make_lanes(r, lanes, n, e)) {
		replay_free(r);
		return NULL;
	}
	r->entries = os_wants_entries(r->os);
	if (opt->future)
		os_set_future(r->os, opt->future);
	return r;
}

const struct replay_counts *
replay_counts(const struct replay *r)
{
	return &r->n;
}

const struct os *
replay_os(const struct replay *r)
{
	return r->os;
}

const struct lane_stats *
replay_lane_stats(struct replay *r, unsigned lane)
{
	return lane_stats(r->lanes[lane]);
}

void
replay_free(struct replay *r)
{
	if (r->os)
		os_shutdown(r->os);
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_free(r->lanes[i]);
	if (r->os)
		os_free(r->os);
	free(r->lanes);
	free(r->cpu_as);
	free(r->visits);
	free(r->table);
	free(r->plans);
	free(r->parts);
	free(r);
}
