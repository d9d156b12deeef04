/* curve_read.c - see curve.h: a trace's references, in their order.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <linux/sched.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/progress.h"
#include "base/xalloc.h"
#include "curve/curve.h"
#include "trace/reader.h"

#define MAX_SPACES 0xffefu /* address spaces that a key can tell apart */

struct reading {
	struct curves *c;
	const char *path;
	struct trace_reader *trace;
	struct map spaces; /* pid -> address space, from 1 */
	uint64_t last_space, space;
	/* As in a replay, a side's repeated page is touched once. */
	uint64_t open[CURVE_MAX_SHIFTS][CURVE_BOTH];
	uint64_t open_space[CURVE_BOTH];
	struct progress progress;
};

static void
page_reference(struct reading *r, enum curve_side side, uint64_t addr)
{
	const struct curve_options *o = &r->c->options;
	bool same_space = r->open_space[side] == r->space;
	struct curve *c = r->c->at;

	for (unsigned v = 0; v < o->n_shifts; v++) {
		uint64_t page = addr >> o->shifts[v];
		bool again = same_space && r->open[v][side] == page;

		for (unsigned i = r->c->per_size; i; i--, c++)
			if (c->side == side || c->side == CURVE_BOTH)
				curve_refer(o, c, r->space, page, again);
		r->open[v][side] = page;
	}
	r->open_space[side] = r->space;
}

/* One lookup in each 4 KiB page it touches, as a replay has it. */
static void
reference(struct reading *r, enum curve_side side, uint64_t addr,
	  uint32_t bytes)
{
	uint64_t last = addr + (bytes ? bytes - 1 : 0);

	page_reference(r, side, addr);
	if (last >> 12 != addr >> 12 && last > addr)
		page_reference(r, side, last);
}

static const uint64_t *
read_block(struct reading *r, const struct trace_batch *b, uint16_t id,
	   const uint64_t *addr)
{
	const struct code_block *c = &b->dict->blocks[id];
	const struct data_slot *slots = b->dict->slots;
	uint32_t at = c->first_slot, end = at + c->slots;
	uint64_t ip = c->start;

	for (unsigned i = 0; i < c->insns; i++) {
		unsigned bytes = b->dict->insn_bytes[c->first_insn + i];

		reference(r, CURVE_CODE, ip, bytes);
		for (; at < end && slots[at].insn == i; at++)
			reference(r, CURVE_DATA, *addr++, slots[at].bytes);
		ip += bytes;
	}
	r->c->instructions += c->insns;
	return addr;
}

static bool
enough(const struct reading *r)
{
	const struct curve_options *o = &r->c->options;

	return o->limit && r->c->instructions >= o->limit;
}

static void
read_batch(struct reading *r, const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	for (uint32_t i = 0; i < b->n_ids && !enough(r); i++)
		addr = read_block(r, b, b->ids[i], addr);
	progress_update(&r->progress, r->c->instructions, b->first_insn,
			trace_totals(r->trace)->instructions, NULL);
}

/* A new address space for pid. */
static bool
new_space(struct reading *r, uint32_t pid, struct err *e)
{
	if (r->last_space == MAX_SPACES)
		return err_set(e, ERR_INPUT,
			       "%s: more than %u address spaces (processes and "
			       "execs); curves cannot tell more apart",
			       r->path, MAX_SPACES);
	map_put(&r->spaces, pid, ++r->last_space);
	return true;
}

/* vfork(2)'s child runs in its parent's address space. */
static bool
fork_space(struct reading *r, const struct event *ev, struct err *e)
{
	uint64_t parent;

	if (!(ev->fork.flags & CLONE_VM) ||
	    !map_get(&r->spaces, ev->pid, &parent))
		return new_space(r, ev->fork.child_pid, e);
	map_put(&r->spaces, ev->fork.child_pid, parent);
	return true;
}

static bool
read_event(struct reading *r, const struct event *ev, struct err *e)
{
	switch (ev->kind) {
	case EV_FORK:
		return fork_space(r, ev, e);
	case EV_PROCESS:
	case EV_EXEC:
		if (!new_space(r, ev->pid, e))
			return false;
		break;
	case EV_SWITCH:
		if (!map_get(&r->spaces, ev->pid, &r->space) &&
		    !new_space(r, ev->pid, e))
			return false;
		break;
	default:
		return true;
	}
	map_get(&r->spaces, ev->pid, &r->space);
	return true;
}

static bool
read_items(struct reading *r, struct err *e)
{
	const struct curve_options *o = &r->c->options;
	enum trace_item item = TRACE_EVENT;
	struct trace_batch b;
	struct event ev;

	if (o->skip && !trace_skip_to(r->trace, o->skip, e))
		return false;
	while (item != TRACE_END && !enough(r)) {
		item = trace_next(r->trace, &b, &ev, e);
		if (item == TRACE_ERROR ||
		    (item == TRACE_EVENT && !read_event(r, &ev, e)))
			return false;
		if (item == TRACE_REFS)
			read_batch(r, &b);
	}
	return true;
}

static struct curves *
curves_new(const struct curve_options *o)
{
	struct curves *cs = xcalloc(1, sizeof(*cs));

	cs->options = *o;
	cs->per_size = (unsigned)__builtin_popcount(o->sides);
	cs->at = xcalloc(o->n_shifts * cs->per_size, sizeof(*cs->at));
	for (unsigned v = 0; v < o->n_shifts; v++)
		for (unsigned side = 0; side < CURVE_SIDES; side++) {
			struct curve *c = &cs->at[cs->n];

			if (!(o->sides & 1u << side))
				continue;
			curve_init(o, c);
			c->side = (enum curve_side)side;
			c->shift = o->shifts[v];
			cs->n++;
		}
	return cs;
}

struct curves *
curves_read(const char *path, const struct curve_options *o, struct err *e)
{
	struct reading r = {.path = path,
			    .trace = trace_open(path, false, e),
			    .open_space = {UINT64_MAX, UINT64_MAX}};
	struct curves *c;
	bool fine;

	if (!r.trace)
		return NULL;
	trace_read_ahead(r.trace, 1);
	c = r.c = curves_new(o);
	progress_begin(&r.progress, "curve", "instructions", o->quiet);
	fine = read_items(&r, e);
	progress_end(&r.progress);
	for (unsigned i = 0; fine && i < c->n; i++)
		curve_finish(&c->at[i]);
	map_free(&r.spaces);
	trace_close(r.trace);
	if (fine)
		return c;
	curves_free(c);
	return NULL;
}

void
curves_free(struct curves *c)
{
	for (unsigned i = 0; i < c->n; i++)
		curve_release(&c->options, &c->at[i]);
	free(c->at);
	free(c);
}
