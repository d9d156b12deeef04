/*
 * export_forms.c - the table of forms, and how each is written.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/plain.h"
#include "base/xalloc.h"
#include "trace/events.h"
#include "trace/export.h"
#include "trace/syscalls.h"

const struct exporter *
exporter_find(const char *name)
{
	for (const struct exporter *t = exporters; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

/* ---------------------------------------------------------------- lackey */

static void
lackey_insn(struct export_state *x, uint64_t ip, unsigned bytes,
	    const struct one_ref *refs, unsigned n)
{
	fprintf(x->f, "I  %08" PRIx64 ",%u\n", ip, bytes);
	for (unsigned i = 0; i < n; i++)
		fprintf(x->f, " %c %08" PRIx64 ",%" PRIu32 "\n",
			"LSM"[refs[i].op], refs[i].addr, refs[i].bytes);
}

/* --------------------------------------------------------------- Dinero */

/* A modify that is one reference is a write. */
static void
din_insn(struct export_state *x, uint64_t ip, unsigned bytes,
	 const struct one_ref *refs, unsigned n)
{
	(void)bytes;
	fprintf(x->f, "2 %" PRIx64 "\n", ip);
	for (unsigned i = 0; i < n; i++)
		fprintf(x->f, "%d %" PRIx64 "\n", refs[i].op != REF_LOAD,
			refs[i].addr);
}

static void
xdin_insn(struct export_state *x, uint64_t ip, unsigned bytes,
	  const struct one_ref *refs, unsigned n)
{
	fprintf(x->f, "i %" PRIx64 " %x\n", ip, bytes);
	for (unsigned i = 0; i < n; i++)
		fprintf(x->f, "%c %" PRIx64 " %" PRIx32 "\n",
			refs[i].op == REF_LOAD ? 'r' : 'w', refs[i].addr,
			refs[i].bytes);
}

/* -------------------------------------------------------------- ChampSim */

#define CS_BRANCH  8
#define CS_TAKEN   9
#define CS_DST_REG 10
#define CS_SRC_REG 12
#define CS_DST     16
#define CS_N_DST   2
#define CS_SRC     32
#define CS_N_SRC   4
#define REG_IP     26

static void
put64(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static bool
is_zero(const uint8_t *p)
{
	static const uint8_t zero[8];

	return !memcmp(p, zero, 8);
}

/* Into the first free slot; false if all are taken.  An address that is
 * there already stays alone, as with ChampSim's own tracer. */
static bool
put_slot(uint8_t *slots, unsigned n, uint64_t addr)
{
	uint8_t want[8];

	put64(want, addr);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *p = slots + 8 * i;

		if (!memcmp(p, want, 8))
			return true;
		if (is_zero(p)) {
			memcpy(p, want, 8);
			return true;
		}
	}
	return false;
}

/* The record that waits is written once it is known whether it jumped: a
 * jump shows as a direct one, the kind that needs no register. */
static void
cs_release(struct export_state *x, uint64_t next_ip)
{
	if (!x->waiting)
		return;
	if (next_ip && next_ip != x->next_ip) {
		x->record[CS_BRANCH] = x->record[CS_TAKEN] = 1;
		x->record[CS_DST_REG] = x->record[CS_SRC_REG] = REG_IP;
	}
	fwrite(x->record, sizeof(x->record), 1, x->f);
	x->waiting = false;
}

static void
cs_begin_record(struct export_state *x, uint64_t ip)
{
	memset(x->record, 0, sizeof(x->record));
	put64(x->record, ip);
	x->waiting = true;
}

static bool
cs_put(struct export_state *x, const struct one_ref *r)
{
	bool fine = true;

	if (r->op != REF_STORE)
		fine = put_slot(x->record + CS_SRC, CS_N_SRC, r->addr);
	if (fine && r->op != REF_LOAD)
		fine = put_slot(x->record + CS_DST, CS_N_DST, r->addr);
	return fine;
}

/* More references than slots: more records of the same instruction. */
static void
cs_insn(struct export_state *x, uint64_t ip, unsigned bytes,
	const struct one_ref *refs, unsigned n)
{
	cs_release(x, ip);
	cs_begin_record(x, ip);
	for (unsigned i = 0; i < n; i++) {
		if (!refs[i].addr) {
			x->n.lost++;
			continue;
		}
		if (cs_put(x, &refs[i]))
			continue;
		cs_release(x, 0);
		cs_begin_record(x, ip);
		cs_put(x, &refs[i]);
	}
	x->next_ip = ip + bytes;
}

/* Who runs next says nothing about where this one went. */
static void
cs_event(struct export_state *x, const struct event *ev)
{
	if (ev->kind == EV_SWITCH)
		cs_release(x, 0);
}

static void
cs_end(struct export_state *x)
{
	cs_release(x, 0);
}

/* ------------------------------------------------------------------- CSV */

static void
csv_begin(struct export_state *x)
{
	fputs("instruction,pid,tid,kind,address,bytes,detail\n", x->f);
}

static void
csv_row(struct export_state *x, const char *kind, uint64_t addr, uint64_t bytes)
{
	fprintf(x->f,
		"%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%s,0x%" PRIx64 ",%" PRIu64
		",\n",
		x->insn, x->pid, x->tid, kind, addr, bytes);
}

static void
csv_insn(struct export_state *x, uint64_t ip, unsigned bytes,
	 const struct one_ref *refs, unsigned n)
{
	static const char *const kinds[] = {"load", "store", "modify"};

	csv_row(x, "fetch", ip, bytes);
	for (unsigned i = 0; i < n; i++)
		csv_row(x, kinds[refs[i].op], refs[i].addr, refs[i].bytes);
}

static void
csv_syscall(FILE *f, const struct syscall_desc *s)
{
	const struct syscall_row *row = syscall_find(s->nr);

	fprintf(f, "\"%s(", row ? row->name : "syscall");
	for (unsigned i = 0; i < 6; i++)
		fprintf(f, "%s0x%" PRIx64, i ? " " : "", s->args[i]);
	if (s->ret < 0)
		fprintf(f, ") = %" PRId64 "\"", s->ret);
	else
		fprintf(f, ") = 0x%" PRIx64 "\"", (uint64_t)s->ret);
}

static void
csv_detail(FILE *f, const struct event *ev)
{
	switch (ev->kind) {
	case EV_FILE:
		put_csv_text(ev->file.path, f);
		return;
	case EV_PROCESS:
	case EV_EXEC:
		put_csv_text(ev->image.exe, f);
		return;
	case EV_SYSCALL:
		csv_syscall(f, &ev->sys);
		return;
	case EV_MARKER:
		put_csv_text(ev->text, f);
		return;
	case EV_FORK:
		fprintf(f, "child %" PRIu32, ev->fork.child_pid);
		return;
	case EV_EXIT:
		fprintf(f, "status %" PRIu32, ev->status);
		return;
	case EV_SIGNAL:
		fprintf(f, "signal %" PRIu32, ev->signal);
		return;
	case EV_TIME:
		fprintf(f, "%" PRIu64 " ns", ev->time_ns);
		return;
	}
}

static void
csv_event(struct export_state *x, const struct event *ev)
{
	fprintf(x->f, "%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%s,,,", x->insn,
		ev->pid, ev->tid, event_kind_names[ev->kind]);
	csv_detail(x->f, ev);
	putc('\n', x->f);
}

/* ------------------------------------------------------------------- BBV */

/* Vectors of how often basic blocks ran, times their instructions, as
 * SimPoint reads them: "T:1:40 :2:60", blocks numbered from 1 as they come. */
struct bbv {
	struct map ids;  /* [ip and instructions] -> number */
	uint64_t *count; /* [number - 1]: in this interval */
	size_t n, cap;
	uint64_t next; /* instructions written when it is over */
};

static void
bbv_begin(struct export_state *x)
{
	x->bbv = xcalloc(1, sizeof(*x->bbv));
	x->bbv->next = x->o->interval;
}

static void
bbv_vector(struct export_state *x)
{
	struct bbv *b = x->bbv;

	putc('T', x->f);
	for (size_t i = 0; i < b->n; i++)
		if (b->count[i]) {
			fprintf(x->f, ":%zu:%" PRIu64 " ", i + 1, b->count[i]);
			b->count[i] = 0;
		}
	putc('\n', x->f);
}

static uint64_t
bbv_number(struct bbv *b, uint64_t ip, unsigned insns)
{
	uint64_t key = ip ^ (uint64_t)insns << 48, number;

	if (map_get(&b->ids, key, &number))
		return number;
	b->count = xgrow(b->count, b->n, &b->cap, sizeof(*b->count));
	b->count[b->n++] = 0;
	map_put(&b->ids, key, b->n);
	return b->n;
}

/* The block that reaches an interval's end is still in it, as in run. */
static void
bbv_block(struct export_state *x, uint64_t ip, unsigned insns)
{
	struct bbv *b = x->bbv;
	uint64_t number = bbv_number(b, ip, insns);

	b->count[number - 1] += insns;
	if (x->n.instructions + insns < b->next)
		return;
	bbv_vector(x);
	b->next += x->o->interval;
}

/* What is left is no whole interval, but the trace's end. */
static void
bbv_end(struct export_state *x)
{
	struct bbv *b = x->bbv;

	if (x->n.instructions > b->next - x->o->interval)
		bbv_vector(x);
	map_free(&b->ids);
	free(b->count);
	free(b);
}

const struct exporter exporters[] = {
    {.name = "lackey",
     .help = "the text of Valgrind's lackey: I, L, S and M lines",
     .insn = lackey_insn},
    {.name = "din",
     .help = "Dinero's classic text: 'LABEL ADDRESS'",
     .modify_two = true,
     .insn = din_insn},
    {.name = "xdin",
     .help = "Dinero IV's extended text: 'r ADDRESS SIZE'",
     .modify_two = true,
     .insn = xdin_insn},
    {.name = "champsim",
     .help = "ChampSim's records of 64 bytes",
     .binary = true,
     .modify_two = true,
     .insn = cs_insn,
     .event = cs_event,
     .end = cs_end},
    {.name = "csv",
     .help = "a table of all references and events",
     .begin = csv_begin,
     .insn = csv_insn,
     .event = csv_event},
    {.name = "bbv",
     .help = "basic-block vectors of --interval N, for SimPoint",
     .begin = bbv_begin,
     .block = bbv_block,
     .end = bbv_end},
    {.name = NULL},
};
