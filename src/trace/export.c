/* export.c - see export.h: the reading half.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "trace/export.h"
#include "trace/reader.h"

struct export
{
	const struct exporter *to;
	struct export_state x;
	struct map pids;
	struct one_ref refs[BLOCK_MAX_SLOTS * CONVENTION_MAX];
};

static bool
chosen(const struct export_state *x)
{
	return !x->o->pid || x->pid == x->o->pid;
}

static bool
enough(const struct export_state *x)
{
	return x->o->limit && x->n.instructions >= x->o->limit;
}

/* One block, from its dictionary; returns the addresses behind its own. */
static const uint64_t *
export_block(struct export *ex, const struct trace_batch *b, uint16_t id,
	     const uint64_t *addr)
{
	const struct code_block *c = &b->dict->blocks[id];
	const struct data_slot *slots = b->dict->slots;
	uint32_t at = c->first_slot, end = at + c->slots;
	struct export_state *x = &ex->x;
	uint64_t ip = c->start;

	for (unsigned i = 0; i < c->insns; i++) {
		unsigned bytes = b->dict->insn_bytes[c->first_insn + i], n = 0;

		for (; at < end && slots[at].insn == i; at++, addr++)
			n += convention_apply(&x->o->convention,
					      (enum ref_op)slots[at].op, *addr,
					      slots[at].bytes, ex->refs + n);
		if (!enough(x)) {
			ex->to->insn(x, ip, bytes, ex->refs, n);
			x->n.instructions++;
			x->n.references += n + 1;
		}
		ip += bytes;
		x->insn++;
	}
	return addr;
}

static const uint64_t *
export_whole(struct export *ex, const struct trace_batch *b, uint16_t id,
	     const uint64_t *addr)
{
	const struct code_block *c = &b->dict->blocks[id];

	ex->to->block(&ex->x, c->start, c->insns);
	ex->x.n.instructions += c->insns;
	ex->x.n.references += c->insns;
	ex->x.insn += c->insns;
	return addr + c->slots;
}

static void
export_batch(struct export *ex, const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	ex->x.insn = b->first_insn;
	if (!chosen(&ex->x) || !b->n_ids)
		return;
	map_put(&ex->pids, ex->x.pid, 1);
	for (uint32_t i = 0; i < b->n_ids && !enough(&ex->x); i++)
		addr = ex->to->block ? export_whole(ex, b, b->ids[i], addr)
				     : export_block(ex, b, b->ids[i], addr);
}

static void
export_event(struct export *ex, const struct event *ev)
{
	if (ev->kind == EV_SWITCH || ev->kind == EV_PROCESS) {
		ex->x.pid = ev->pid;
		ex->x.tid = ev->tid;
	}
	if (ex->to->event && (!ex->x.o->pid || ev->pid == ex->x.o->pid))
		ex->to->event(&ex->x, ev);
}

static bool
export_items(struct export *ex, struct trace_reader *r, struct err *e)
{
	struct trace_batch b;
	struct event ev;

	while (!enough(&ex->x) && !ferror(ex->x.f)) {
		switch (trace_next(r, &b, &ev, e)) {
		case TRACE_ERROR:
			return false;
		case TRACE_END:
			return true;
		case TRACE_REFS:
			export_batch(ex, &b);
			break;
		case TRACE_EVENT:
			export_event(ex, &ev);
			break;
		}
	}
	return true;
}

bool
export_run(const struct exporter *to, const struct export_options *o,
	   const char *path, FILE *f, const char *name, struct export_counts *n,
	   struct err *e)
{
	struct trace_reader *r = trace_open(path, false, e);
	struct export *ex;
	bool fine;

	if (!r)
		return false;
	ex = xcalloc(1, sizeof(*ex));
	ex->to = to;
	ex->x = (struct export_state){.f = f, .o = o};
	if (to->begin)
		to->begin(&ex->x);
	fine = export_items(ex, r, e);
	if (to->end)
		to->end(&ex->x);
	if (fine && (fflush(f) || ferror(f)))
		fine = err_set(e, ERR_FAILED, "%s: cannot write: %s", name,
			       strerror(errno));
	*n = ex->x.n;
	n->processes = (uint32_t)ex->pids.used;
	map_free(&ex->pids);
	free(ex);
	trace_close(r);
	return fine;
}
