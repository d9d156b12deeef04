/*
 * lib_machine.c - a machine that is fed, or replays a trace.
 *
 * What is fed waits in a queue that a replay reads like a trace: one block of
 * code for each instruction; before a system call, when the queue is full and
 * when a counter is read, the replay goes on until the queue is empty.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/xalloc.h"
#include "lib/lib_priv.h"
#include "sim/conf.h"
#include "sim/replay.h"
#include "sim/stats.h"
#include "trace/reader.h"

#define BLOCKS 4096
#define ADDRS  16384
#define PID    1

/* Everything below the stack's end is anonymous memory. */
#define SPACE_START ((uint64_t)0x10000)
#define SPACE_END   ((uint64_t)0x7ffffffff000)

/* Data references before any instruction are of one here. */
#define FIRST_IP ((uint64_t)0x400000)

struct queue {
	struct code_block blocks[BLOCKS];
	uint8_t bytes[BLOCKS]; /* of the instruction of each */
	struct data_slot slots[ADDRS];
	uint64_t addrs[ADDRS];
	uint16_t ids[BLOCKS];
	struct block_dict dict;
	uint32_t n, n_addrs;
	uint64_t insns, chunk; /* handed on before */
	uint64_t last_ip;      /* of the instruction fetched last */
	uint8_t last_bytes;
	struct event event; /* after the references; kind EV_END: none */
};

struct pagewalk_machine {
	struct conf *conf;
	struct conf_resolved resolved;
	struct trace_reader *trace;
	struct replay *replay;
	struct queue *queue; /* NULL: it replays a trace */
};

/* ------------------------------------------------------------- the queue */

static enum trace_item
give(void *ctx, struct trace_batch *refs, struct event *ev, struct err *e)
{
	struct queue *q = ctx;

	(void)e;
	if (q->n) {
		q->dict.n_blocks = q->n;
		*refs = (struct trace_batch){.dict = &q->dict,
					     .ids = q->ids,
					     .addrs = q->addrs,
					     .n_ids = q->n,
					     .n_addrs = q->n_addrs,
					     .first_insn = q->insns,
					     .chunk = q->chunk++};
		q->insns += q->n;
		q->n = q->n_addrs = 0;
		return TRACE_REFS;
	}
	if (q->event.kind == EV_END)
		return TRACE_END;
	*ev = q->event;
	q->event.kind = EV_END;
	return TRACE_EVENT;
}

static struct queue *
queue_new(void)
{
	struct queue *q = xcalloc(1, sizeof(*q));

	q->last_ip = FIRST_IP;
	q->last_bytes = 1;
	for (unsigned i = 0; i < BLOCKS; i++)
		q->ids[i] = (uint16_t)i;
	q->dict = (struct block_dict){
	    .blocks = q->blocks, .insn_bytes = q->bytes, .slots = q->slots};
	return q;
}

static bool
run(pagewalk_machine *m, struct pagewalk_error *e)
{
	struct err why;

	replay_go_on(m->replay);
	return replay_run(m->replay, &why) || lib_fail(e, &why);
}

static bool
tell(pagewalk_machine *m, const struct event *ev, struct pagewalk_error *e)
{
	m->queue->event = *ev;
	m->queue->event.pid = m->queue->event.tid = PID;
	return run(m, e);
}

/* ------------------------------------------------------------ making one */

static bool
make_replay(pagewalk_machine *m, struct pagewalk_error *e)
{
	const struct conf_resolved *c = &m->resolved;
	struct replay_options opt = {
	    .slice = c->replay.slice,
	    .modify_is_write = c->replay.modify_is_write,
	    .price_kernel_refs = c->replay.price_kernel_refs};
	struct err why;

	m->replay = replay_new(&m->trace, 1, &c->os, &c->lane, 1, &opt, &why);
	return m->replay || lib_fail(e, &why);
}

/* The process that is fed, once something is. */
static bool
begin_feeding(pagewalk_machine *m, struct pagewalk_error *e)
{
	static const struct map_desc all = {.start = SPACE_START,
					    .end = SPACE_END,
					    .prot = PROT_READ | PROT_WRITE |
						    PROT_EXEC,
					    .flags = MAPD_BLIND};
	static const char *const notes[][2] = {{"command", "fed"}};
	struct event ev = {.kind = EV_PROCESS,
			   .image = {.exe = "/fed",
				     .args = "fed",
				     .stack_limit = UINT64_MAX,
				     .n_maps = 1,
				     .maps = &all}};

	if (m->queue)
		return true;
	if (m->trace) {
		struct err why;

		err_set(&why, ERR_USAGE,
			"a machine that replayed a trace cannot be fed");
		return lib_fail(e, &why);
	}
	m->queue = queue_new();
	m->trace = trace_of_source(give, m->queue, notes, 1);
	if (!make_replay(m, e) || !tell(m, &ev, e))
		return false;
	ev = (struct event){.kind = EV_SWITCH};
	return tell(m, &ev, e);
}

static bool
configure(pagewalk_machine *m, const char *config, const char *const *settings,
	  size_t n, struct err *why)
{
	bool good =
	    conf_load(m->conf, config ? config : CONF_DEFAULT_PRESET, why);

	for (size_t i = 0; good && i < n; i++)
		good = conf_set(m->conf, settings[i], "setting", why);
	if (!good || !conf_resolve(m->conf, &m->resolved, why))
		return false;
	snprintf(m->resolved.lane.name, sizeof(m->resolved.lane.name), "%s",
		 "machine");
	return m->resolved.lane.n_tlbs ||
	       err_set(why, ERR_INPUT, "%s: no TLB in this configuration",
		       config);
}

pagewalk_machine *
pagewalk_machine_new(const char *config, const char *const *settings, size_t n,
		     struct pagewalk_error *e)
{
	pagewalk_machine *m = xcalloc(1, sizeof(*m));
	struct err why;

	m->conf = conf_new();
	if (configure(m, config, settings, n, &why))
		return m;
	lib_fail(e, &why);
	pagewalk_machine_free(m);
	return NULL;
}

void
pagewalk_machine_free(pagewalk_machine *m)
{
	if (!m)
		return;
	if (m->replay)
		replay_free(m->replay);
	if (m->trace)
		trace_close(m->trace);
	conf_free(m->conf);
	free(m->queue);
	free(m);
}

/* ---------------------------------------------------------- what it does */

bool
pagewalk_replay(pagewalk_machine *m, const char *trace,
		struct pagewalk_error *e)
{
	struct err why;

	if (m->trace) {
		err_set(&why, ERR_USAGE, "%s: the machine is in use", trace);
		return lib_fail(e, &why);
	}
	m->trace = trace_open(trace, false, &why);
	if (!m->trace)
		return lib_fail(e, &why);
	if (!make_replay(m, e))
		return false;
	return replay_run(m->replay, &why) || lib_fail(e, &why);
}

static void
add_instruction(struct queue *q, uint64_t ip, uint8_t bytes)
{
	q->bytes[q->n] = bytes;
	q->blocks[q->n] = (struct code_block){.start = ip,
					      .bytes = bytes,
					      .insns = 1,
					      .first_insn = q->n,
					      .first_slot = q->n_addrs};
	q->n++;
}

static void
add_data(struct queue *q, enum ref_op op, uint64_t address, uint16_t bytes)
{
	struct code_block *b = &q->blocks[q->n - 1];

	q->slots[q->n_addrs] =
	    (struct data_slot){.bytes = bytes, .op = (uint8_t)op};
	q->addrs[q->n_addrs++] = address;
	b->slots++;
}

static bool
check(enum pagewalk_kind kind, uint32_t bytes, struct pagewalk_error *e)
{
	uint32_t most = kind == PAGEWALK_FETCH ? UINT8_MAX : REF_MAX_BYTES;
	struct err why;

	if (kind > PAGEWALK_MODIFY)
		err_set(&why, ERR_USAGE,
			"kind %d: expected PAGEWALK_FETCH to _MODIFY",
			(int)kind);
	else if (!bytes || bytes > most)
		err_set(&why, ERR_USAGE, "%u bytes: expected 1 to %u", bytes,
			most);
	else
		return true;
	return lib_fail(e, &why);
}

/* Does the instruction take one more data reference? */
static bool
has_instruction(const struct queue *q)
{
	return q->n && q->blocks[q->n - 1].slots < BLOCK_MAX_SLOTS;
}

/* A batch is run before an instruction that it may not have room for. */
static bool
fetch(pagewalk_machine *m, uint64_t ip, uint8_t bytes, struct pagewalk_error *e)
{
	struct queue *q = m->queue;

	if ((q->n == BLOCKS || q->n_addrs + BLOCK_MAX_SLOTS > ADDRS) &&
	    !run(m, e))
		return false;
	q->last_ip = ip;
	q->last_bytes = bytes;
	add_instruction(q, ip, bytes);
	return true;
}

bool
pagewalk_reference(pagewalk_machine *m, enum pagewalk_kind kind,
		   uint64_t address, uint32_t bytes, struct pagewalk_error *e)
{
	struct queue *q;

	if (!check(kind, bytes, e) || !begin_feeding(m, e))
		return false;
	q = m->queue;
	if (kind == PAGEWALK_FETCH)
		return fetch(m, address, (uint8_t)bytes, e);
	if (!has_instruction(q) && !fetch(m, q->last_ip, q->last_bytes, e))
		return false;
	add_data(q, (enum ref_op)(kind - PAGEWALK_LOAD), address,
		 (uint16_t)bytes);
	return true;
}

bool
pagewalk_syscall(pagewalk_machine *m, uint32_t nr, const uint64_t args[6],
		 int64_t result, struct pagewalk_error *e)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .sys = {.nr = nr, .ret = result}};

	memcpy(ev.sys.args, args, sizeof(ev.sys.args));
	return begin_feeding(m, e) && tell(m, &ev, e);
}

/* -------------------------------------------------------------- counters */

static const char *const kernel_counters[] = {"minor", "major", "signals"};

#define KERNEL_COUNTERS \
	(unsigned)(sizeof(kernel_counters) / sizeof(*kernel_counters))

const char *
pagewalk_counter_name(unsigned i)
{
	if (i < KERNEL_COUNTERS)
		return kernel_counters[i];
	i -= KERNEL_COUNTERS;
	for (const struct stat_desc *d = stat_descs; d->name; d++)
		if (!i--)
			return d->name;
	return NULL;
}

static uint64_t
counter_value(pagewalk_machine *m, unsigned i)
{
	const struct replay_counts *n = replay_counts(m->replay);
	const uint64_t kernel[] = {n->minor, n->major, n->signals};

	if (i < KERNEL_COUNTERS)
		return kernel[i];
	return stat_value(replay_lane_stats(m->replay, 0),
			  &stat_descs[i - KERNEL_COUNTERS]);
}

bool
pagewalk_counter(pagewalk_machine *m, const char *name, uint64_t *value,
		 struct pagewalk_error *e)
{
	struct err why;
	unsigned i = 0;

	while (pagewalk_counter_name(i) &&
	       strcmp(pagewalk_counter_name(i), name) != 0)
		i++;
	if (!pagewalk_counter_name(i)) {
		err_set(&why, ERR_USAGE, "%s: there is no such counter", name);
		return lib_fail(e, &why);
	}
	if (m->queue && !run(m, e))
		return false;
	*value = m->replay ? counter_value(m, i) : 0;
	return true;
}
