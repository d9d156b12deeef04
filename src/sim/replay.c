/*
 * replay.c - the life of a reference, from the trace to the lanes.
 *
 *   replay_run()     traces take turns, of a time slice each
 *   take_turn()      the items of one trace, in order
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
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "sim/future.h"
#include "sim/replay_priv.h"

#define MAX_TRIES      16 /* faults for one reference */
#define PROGRESS_INSNS ((uint64_t)2 << 20)

static bool roi_was_met(const struct replay *r);
static struct stream *next_turn(struct replay *r);
static void take_turn(struct replay *r, struct stream *s);
static bool next_item(struct replay *r, struct stream *s);
static bool begin_batch(struct replay *r, struct stream *s);
static bool run_batch(struct replay *r, struct stream *s);
static void jump(struct replay *r, uint64_t insns);
static const uint64_t *run_placed(struct replay *r, uint32_t *i, uint64_t stop,
				  const uint64_t *addr);
static void milestones(struct replay *r);
static void marked(struct replay *r);
static uint64_t next_milestone(const struct replay *r);
static inline const uint64_t *run_block(struct replay *r, struct plan *p,
					const struct part *parts,
					const struct data_slot *slots,
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
static bool take_fault(struct replay *r, uint64_t addr, enum access acc,
		       enum cpu_mode mode, unsigned insn);

/* -------------------------------------------------------- the main loop */

bool
replay_run(struct replay *r, struct err *e)
{
	struct stream *s;

	e->kind = ERR_NONE;
	r->e = e;
	for (unsigned i = 0; r->opt.skip && i < r->n_streams; i++)
		if (!trace_skip_to(r->streams[i].trace, r->opt.skip, e))
			return false;
	if (!r->opt.warmup && !r->opt.roi && !r->counting)
		start_counting(r);
	while (!r->stopped && e->kind == ERR_NONE && (s = next_turn(r)))
		take_turn(r, s);
	flush_visits(r);
	fold_counts(r);
	return e->kind == ERR_NONE && roi_was_met(r);
}

/* A region that never began is a mistake, not an empty result. */
static bool
roi_was_met(const struct replay *r)
{
	return !r->opt.roi || r->counting || r->stopped ||
	       err_set(r->e, ERR_INPUT, "marker %s: not in the trace",
		       r->opt.roi);
}

/* Round about; NULL when all have ended. */
static struct stream *
next_turn(struct replay *r)
{
	size_t at = r->now ? (size_t)(r->now - r->streams) + 1 : 0;

	for (unsigned i = 0; i < r->n_streams; i++) {
		struct stream *s = &r->streams[(at + i) % r->n_streams];

		if (!s->ended)
			return s;
	}
	return NULL;
}

/* Until the time slice, the trace, or all of it is over. */
static void
take_turn(struct replay *r, struct stream *s)
{
	bool fine = true;

	if (r->now != s) {
		flush_visits(r);
		r->now = s;
		settle(r);
	}
	r->slice_end = r->slice ? r->insn + r->slice : UINT64_MAX;
	while (fine && !r->stopped && !s->ended && r->insn < r->slice_end)
		fine = s->next < s->batch.n_ids ? run_batch(r, s)
						: next_item(r, s);
	if (r->slice)
		slice_over(r);
}

static bool
next_item(struct replay *r, struct stream *s)
{
	struct event ev;

	s->next = s->batch.n_ids = 0;
	switch (trace_next(s->trace, &s->batch, &ev, r->e)) {
	case TRACE_END:
		s->ended = true;
		return true;
	case TRACE_REFS:
		return begin_batch(r, s);
	case TRACE_EVENT:
		return apply_event(r, &ev);
	default:
		return false;
	}
}

static bool
begin_batch(struct replay *r, struct stream *s)
{
	const struct trace_batch *b = &s->batch;

	if (!r->task && !os_was_killed(r->os, s->pid))
		return err_set(r->e, ERR_INPUT,
			       "instruction %llu: references of a thread that "
			       "no event has started",
			       (unsigned long long)b->first_insn);
	if (b->chunk != s->chunk || b->dict->n_blocks > s->n_plans)
		plan_blocks(r, s);
	if (b->first_insn != s->insn)
		jump(r, b->first_insn - s->insn);
	s->insn = b->first_insn;
	s->addr = b->addrs;
	return run_batch(r, s);
}

/* Instructions were passed over. */
static void
jump(struct replay *r, uint64_t insns)
{
	flush_visits(r);
	r->counted_from += insns;
	r->insn += insns;
	r->retired_to = r->insn;
}

/* What is left of the batch, as far as the turn goes. */
static bool
run_batch(struct replay *r, struct stream *s)
{
	const struct data_slot *slots = s->batch.dict->slots;
	const struct part *parts = s->parts;
	const uint16_t *ids = s->batch.ids;
	const uint64_t *addr = s->addr;
	struct plan *plans = s->plans;
	uint64_t before = r->insn;
	uint32_t i = s->next, n = s->batch.n_ids;

	while (i < n && !r->stopped && r->insn < r->slice_end) {
		/* The block that reaches it is finished first. */
		uint64_t stop = min_u64(r->slice_end, next_milestone(r));

		if (unlikely(r->places != NULL))
			addr = run_placed(r, &i, stop, addr);
		for (; i < n && r->insn < stop; i++)
			addr = run_block(r, &plans[ids[i]], parts, slots, addr);
		milestones(r);
	}
	s->next = i;
	s->addr = addr;
	s->insn += r->insn - before;
	return r->e->kind == ERR_NONE;
}

/* The instruction at which counting begins or ends, or the next mark;
 * UINT64_MAX: none known.
 * Inlined, it costs the loop of run_batch() a register, 1 instruction a block.
 */
__attribute__((noinline)) static uint64_t
next_milestone(const struct replay *r)
{
	uint64_t n = r->opt.warmup;

	if (r->counting)
		n = min_u64(r->opt.limit ? r->opt.limit : UINT64_MAX, r->mark);
	else if (r->opt.roi)
		n = UINT64_MAX;
	return r->counted_from + min_u64(n, UINT64_MAX - r->counted_from);
}

void
start_counting(struct replay *r)
{
	flush_visits(r);
	fold_counts(r);
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_reset_stats(r->lanes[i]);
	memset(&r->n, 0, sizeof(r->n));
	r->migrations_before = sched_migrations(r->sched);
	r->counted_from = r->next_progress = r->insn;
	r->counting = true;
	r->mark = UINT64_MAX;
	marked(r);
}

static void
marked(struct replay *r)
{
	uint64_t counted = r->insn - r->counted_from;

	if (!r->opt.on_mark)
		return;
	flush_visits(r);
	fold_counts(r);
	if (!r->opt.on_mark(r->opt.mark_ctx, r, counted, &r->mark, r->e))
		r->stopped = true;
}

static void
milestones(struct replay *r)
{
	if (r->insn >= next_milestone(r)) {
		uint64_t counted = r->insn - r->counted_from;

		if (!r->counting)
			start_counting(r);
		else if (r->opt.limit && counted >= r->opt.limit)
			r->stopped = true;
		else
			marked(r);
	}
	if (!r->opt.on_progress || r->insn < r->next_progress)
		return;
	fold_counts(r);
	r->next_progress = r->insn + PROGRESS_INSNS;
	if (!r->opt.on_progress(r->opt.ctx, r->n.instructions, r->n.references))
		r->stopped = true;
}

__attribute__((always_inline)) static inline const uint64_t *
run_block(struct replay *r, struct plan *p, const struct part *parts,
	  const struct data_slot *slots, const uint64_t *addr)
{
	const struct part *part = &parts[p->first_part];
	const struct part *end = part + p->n_parts;
	const struct data_slot *slot = &slots[p->first_slot];

	for (; part < end; part++) {
		fetch(r, part);
		for (unsigned i = part->slots; i; i--)
			data(r, slot++, *addr++);
	}
	p->runs++;
	r->insn += p->insns;
	return addr;
}

/* The blocks of the batch in hand from number *i on, where it matters which
 * instruction a reference is of. */
__attribute__((noinline)) static const uint64_t *
run_placed(struct replay *r, uint32_t *i, uint64_t stop, const uint64_t *addr)
{
	const struct stream *s = r->now;
	const struct trace_batch *b = &s->batch;

	for (; *i < b->n_ids && r->insn < stop; ++*i) {
		r->block = &b->dict->blocks[b->ids[*i]];
		addr = run_block(r, &s->plans[b->ids[*i]], s->parts,
				 b->dict->slots, addr);
	}
	r->block = NULL;
	return addr;
}

/* Instruction number insn of the block that runs. */
static struct code_place
place_of(const struct replay *r, unsigned insn)
{
	const uint8_t *bytes = r->now->batch.dict->insn_bytes;
	struct code_place at = {r->block->start, r->code_area};

	for (unsigned i = 0; i < insn; i++)
		at.ip += bytes[r->block->first_insn + i];
	if (r->moves)
		at.ip = model_address(r, at.ip);
	return at;
}

/* Of the visit about to be opened. */
__attribute__((noinline)) static void
note_place(struct replay *r, const struct side *side, const struct slot *s,
	   unsigned insn)
{
	if (side == &r->code)
		r->code_area = s->area;
	r->places[r->n_visits] =
	    (struct visit_place){r->insn + insn, place_of(r, insn)};
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
	uint64_t unit = addr >> r->unit_shift;
	uint8_t flags = side->flags;
	const struct slot *s;
	struct visit *v;

	if (unlikely(r->n_visits == VISITS))
		flush_visits(r);
	side->unit[REF_LOAD] = side->unit[REF_STORE] = NO_UNIT;
	if (unlikely(r->moves))
		addr = model_address(r, addr);
	s = resolve(r, addr, acc, MODE_USER, insn, &flags);
	if (unlikely(!s)) {
		r->n.skipped += count;
		return;
	}
	if (unlikely(r->places != NULL))
		note_place(r, side, s, insn);
	v = &r->visits[r->n_visits++];
	fill_visit(v, s, addr, r->as, flags);
	v->n[!write] = 0;
	v->n[write] = count;
	side->open = v;
	side->unit[write] = side->unit[REF_LOAD] = unit;
}

/* ------------------------------------------------------------- resolving */

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

__attribute__((noinline)) struct slot *
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

void
charge_fault(struct replay *r, const struct fault *f, uint32_t pid,
	     uint32_t tid, unsigned insn)
{
	struct fault_record rec = {
	    .instruction = r->insn + insn,
	    .counted = r->insn + insn - r->counted_from,
	    .pid = pid,
	    .tid = tid,
	    .fault = f,
	    .measured = r->counting && !r->uncounted,
	};

	if (r->places && f->mode == MODE_USER && r->block)
		rec.at = place_of(r, insn);
	if (r->places && f->access == ACC_EXEC)
		rec.at.area = f->area;
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
	charge_fault(r, &f, r->now->pid, r->now->tid, insn);
	if (f.signal == SIGKILL) /* out of memory */
		settle(r);
	return !f.signal;
}

/* One by one, so that it is known which is being priced. */
static void
tell_visits(struct replay *r, struct lane *l)
{
	for (uint32_t i = 0; i < r->n_visits; i++) {
		r->told = &r->places[i];
		lane_visits(l, r->cpu, &r->visits[i], 1);
	}
}

void
flush_visits(struct replay *r)
{
	for (unsigned i = 0; i < r->n_lanes; i++) {
		if (unlikely(r->places && !i && !r->resting))
			tell_visits(r, r->lanes[i]);
		else if (r->n_visits && !r->resting)
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
