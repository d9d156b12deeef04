/* lib_trace.c - traces, item by item.  SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/release.h"
#include "base/xalloc.h"
#include "lib/lib_priv.h"
#include "trace/events.h"
#include "trace/reader.h"

struct pagewalk_trace {
	struct trace_reader *reader;
	uint32_t pid, tid;
	/* The batch in hand, and what of it comes next. */
	struct trace_batch batch;
	uint32_t block;
	unsigned insn, slot; /* of the block */
	bool fetched;        /* insn itself has been handed out */
	const uint64_t *addr;
	uint64_t insns; /* before insn */
	uint64_t ip;
};

unsigned
pagewalk_api_version(void)
{
	return PAGEWALK_API_VERSION;
}

const char *
pagewalk_release(void)
{
	return pagewalk_version;
}

pagewalk_trace *
pagewalk_open(const char *path, struct pagewalk_error *e)
{
	struct err why;
	struct trace_reader *r = trace_open(path, false, &why);
	pagewalk_trace *t;

	if (!r) {
		lib_fail(e, &why);
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->reader = r;
	return t;
}

void
pagewalk_close(pagewalk_trace *t)
{
	if (!t)
		return;
	trace_close(t->reader);
	free(t);
}

const char *
pagewalk_provenance(const pagewalk_trace *t, const char *key)
{
	return trace_provenance(t->reader, key);
}

static void
begin_block(pagewalk_trace *t)
{
	t->insn = t->slot = 0;
	t->fetched = false;
	if (t->block < t->batch.n_ids)
		t->ip = t->batch.dict->blocks[t->batch.ids[t->block]].start;
}

static void
give_fetch(pagewalk_trace *t, const struct code_block *b,
	   struct pagewalk_item *item)
{
	item->kind = PAGEWALK_FETCH;
	item->address = t->ip;
	item->bytes = t->batch.dict->insn_bytes[b->first_insn + t->insn];
	t->fetched = true;
}

static void
give_data(pagewalk_trace *t, const struct data_slot *s,
	  struct pagewalk_item *item)
{
	item->kind = (enum pagewalk_kind)(PAGEWALK_LOAD + s->op);
	item->address = *t->addr++;
	item->bytes = s->bytes;
	t->slot++;
}

/* The next reference of the batch in hand; false if there is none. */
static bool
give_reference(pagewalk_trace *t, struct pagewalk_item *item)
{
	const struct trace_batch *b = &t->batch;

	while (t->block < b->n_ids) {
		const struct code_block *c = &b->dict->blocks[b->ids[t->block]];
		const struct data_slot *s =
		    &b->dict->slots[c->first_slot + t->slot];

		*item = (struct pagewalk_item){
		    .pid = t->pid, .tid = t->tid, .instruction = t->insns};
		if (!t->fetched) {
			give_fetch(t, c, item);
			return true;
		}
		if (t->slot < c->slots && s->insn == t->insn) {
			give_data(t, s, item);
			return true;
		}
		t->ip += b->dict->insn_bytes[c->first_insn + t->insn];
		t->insns++;
		t->fetched = false;
		if (++t->insn == c->insns) {
			t->block++;
			begin_block(t);
		}
	}
	return false;
}

static void
give_event(pagewalk_trace *t, const struct event *ev,
	   struct pagewalk_item *item)
{
	*item = (struct pagewalk_item){.kind = PAGEWALK_EVENT,
				       .pid = ev->pid,
				       .tid = ev->tid,
				       .instruction = t->insns,
				       .event = event_kind_names[ev->kind]};
	if (ev->kind == EV_SYSCALL) {
		item->kind = PAGEWALK_SYSCALL;
		item->nr = ev->sys.nr;
		memcpy(item->args, ev->sys.args, sizeof(item->args));
		item->result = ev->sys.ret;
	}
	if (ev->kind == EV_SWITCH || ev->kind == EV_PROCESS) {
		t->pid = ev->pid;
		t->tid = ev->tid;
	}
}

int
pagewalk_next(pagewalk_trace *t, struct pagewalk_item *item,
	      struct pagewalk_error *e)
{
	struct event ev;
	struct err why;

	while (!give_reference(t, item)) {
		switch (trace_next(t->reader, &t->batch, &ev, &why)) {
		case TRACE_ERROR:
			lib_fail(e, &why);
			return -1;
		case TRACE_END:
			t->batch.n_ids = 0;
			return 0;
		case TRACE_EVENT:
			t->batch.n_ids = t->block = 0;
			give_event(t, &ev, item);
			return 1;
		case TRACE_REFS:
			t->block = 0;
			t->addr = t->batch.addrs;
			t->insns = t->batch.first_insn;
			begin_block(t);
		}
	}
	return 1;
}
