/*
 * synth.c - the table of patterns, and the program around each: image, code,
 * system calls, exit.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/release.h"
#include "trace/synth_priv.h"

#define FIRST_PID 1000u
#define HEADER_AT 0x400000u /* the ELF header's page; text follows */
#define TEXT_AT   0x401000u
#define STACK_TOP 0x7ffffffff000u
#define STACK_LEN 0x21000u
#define MAP_TOP   0x7ffff7fff000u
#define MAP_FLOOR 0x10000000000u /* 1 TiB: mappings stay above */
#define FIRST_FD  3

#define NR_MMAP    9
#define NR_MADVISE 28
#define NR_EXIT    231
#define NR_OPENAT  257

#define K ((uint64_t)1 << 10)
#define M ((uint64_t)1 << 20)
#define G ((uint64_t)1 << 30)
#define T ((uint64_t)1 << 40)

#define RESIDENT SYNTH_HUGE | SYNTH_INIT

/* A row's numbers are its defaults. */
const struct generator generators[] = {
    {"sequential",
     "a sweep over memory, element by element, again and again",
     SYNTH_STRIDE | SYNTH_WRITES | SYNTH_ONE_PASS | RESIDENT,
     {.footprint = 64 * M, .stride = 8, .writes = 0},
     synth_linear},
    {"strided",
     "a sweep with a long step; the next sweep begins one line on",
     SYNTH_STRIDE | SYNTH_WRITES | RESIDENT,
     {.footprint = G, .refs = 1 << 22, .stride = 4160, .writes = 0},
     synth_linear},
    {"uniform",
     "loads and stores of uniformly random words",
     SYNTH_WRITES | RESIDENT,
     {.footprint = G, .refs = 1 << 22, .writes = 0},
     synth_uniform},
    {"gups",
     "read-modify-write of uniformly random words (RandomAccess)",
     RESIDENT,
     {.footprint = G, .refs = 1 << 22},
     synth_gups},
    {"zipf",
     "random words whose popularity follows Zipf's law, hot ones "
     "scattered",
     SYNTH_WRITES | SYNTH_SKEW | SYNTH_STRIDE | RESIDENT,
     {.footprint = G,
      .refs = 1 << 22,
      .writes = 10,
      .stride = 64,
      .skew = 0.99},
     synth_zipf},
    {"chase",
     "dependent loads along one random cycle through all elements",
     SYNTH_STRIDE | SYNTH_PAGE_RANDOM | RESIDENT,
     {.footprint = 64 * M, .refs = 1 << 22, .stride = 64},
     synth_chase},
    {"file",
     "a mapped file read in order, one load each stride",
     SYNTH_STRIDE | SYNTH_ONE_PASS,
     {.footprint = 16 * G, .stride = 4096},
     synth_file_read},
    {"btree",
     "look-ups of random keys in a B+-tree whose nodes are scattered",
     SYNTH_NODE | SYNTH_WRITES | RESIDENT,
     {.footprint = G, .refs = 1 << 22, .node = 4096, .writes = 5},
     synth_btree},
    {"hashjoin",
     "build a chained hash table from one relation, probe it with "
     "another",
     RESIDENT,
     {.footprint = G, .refs = 1 << 22},
     synth_hashjoin},
    {"sharing",
     "a producer and a consumer process on a ring in shared memory",
     0,
     {.footprint = 16 * M, .refs = 1 << 22},
     synth_sharing},
    {"forks",
     "waves of children that write some of the pages of their parent",
     SYNTH_PROCESSES | SYNTH_WRITES | SYNTH_HUGE,
     {.footprint = 16 * M, .refs = 1 << 18, .processes = 16, .writes = 25},
     synth_forks},
    {"churn",
     "mappings made, used, protected, emptied and removed at random",
     SYNTH_WRITES,
     {.footprint = 256 * M, .refs = 1 << 20, .writes = 50},
     synth_churn},
    {.name = NULL},
};

const struct generator *
generator_find(const char *name)
{
	for (const struct generator *g = generators; g->name; g++)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}

/* --------------------------------------------------------------- options */

static bool
refuse(const struct generator *g, bool given, unsigned flag, const char *name,
       struct err *e)
{
	if (!given || g->takes & flag)
		return true;
	return err_set(e, ERR_USAGE, "--%s does not apply to %s", name,
		       g->name);
}

static bool
applicable(const struct generator *g, const struct synth_options *o,
	   struct err *e)
{
	return refuse(g, o->stride != SYNTH_UNSET, SYNTH_STRIDE, "stride", e) &&
	       refuse(g, o->writes != SYNTH_UNSET, SYNTH_WRITES, "writes", e) &&
	       refuse(g, o->node != SYNTH_UNSET, SYNTH_NODE, "node", e) &&
	       refuse(g, o->processes != SYNTH_UNSET, SYNTH_PROCESSES,
		      "processes", e) &&
	       refuse(g, o->skew >= 0, SYNTH_SKEW, "skew", e) &&
	       refuse(g, o->page_random, SYNTH_PAGE_RANDOM, "page-random", e) &&
	       refuse(g, o->huge, SYNTH_HUGE, "huge", e) &&
	       refuse(g, o->no_init, SYNTH_INIT, "no-init", e);
}

static bool
within(const char *name, uint64_t v, uint64_t min, uint64_t max, struct err *e)
{
	if (v >= min && v <= max)
		return true;
	return err_set(e, ERR_USAGE, "--%s %llu: %llu to %llu is expected",
		       name, (unsigned long long)v, (unsigned long long)min,
		       (unsigned long long)max);
}

static void
fill(uint64_t *v, uint64_t otherwise)
{
	if (*v == SYNTH_UNSET)
		*v = otherwise;
}

bool
synth_settle(const struct generator *g, struct synth_options *o, struct err *e)
{
	const struct synth_options *d = &g->defaults;

	if (!applicable(g, o, e))
		return false;
	fill(&o->footprint, d->footprint);
	fill(&o->stride, d->stride ? d->stride : 8);
	fill(&o->writes, d->writes);
	fill(&o->node, d->node ? d->node : 4096);
	fill(&o->processes, d->processes ? d->processes : 1);
	fill(&o->code, 4 * K);
	fill(&o->seed, 1);
	if (o->skew < 0)
		o->skew = d->skew > 0 ? d->skew : 1;
	if (!within("footprint", o->footprint, 4 * K, 64 * T, e) ||
	    !within("stride", o->stride, 8, o->footprint, e) ||
	    !within("writes", o->writes, 0, 100, e) ||
	    !within("node", o->node, 128, 64 * K, e) ||
	    !within("processes", o->processes, 1, 1000, e) ||
	    !within("code", o->code, 4 * K, G, e))
		return false;
	if (o->skew < 0.01 || o->skew > 10)
		return err_set(e, ERR_USAGE,
			       "--skew %g: 0.01 to 10 is expected", o->skew);
	fill(&o->refs,
	     g->takes & SYNTH_ONE_PASS ? o->footprint / o->stride : d->refs);
	return within("refs", o->refs, 1, T, e);
}

/* ------------------------------------------------------------------ code */

void
synth_place(struct synth *s, struct piece *p)
{
	p->start = s->text_next;
	for (unsigned i = 0; i < p->n; i++)
		s->text_next += p->insns[i].bytes;
	s->text_next = align_up(s->text_next, 16);
	BUG_ON(s->text_next > TEXT_AT + PAGE_SIZE);
}

void
synth_exec(struct synth *s, const struct piece *p, const uint64_t *data)
{
	uint64_t at = p->start + s->turn_shift;

	for (unsigned i = 0; i < p->n && s->fine; i++) {
		const struct insn *in = &p->insns[i];

		s->fine = trace_fetch(s->w, at, in->bytes, s->e);
		if (s->fine && in->op >= 0) {
			s->fine = trace_data(s->w, (enum ref_op)in->op, *data++,
					     in->size, s->e);
			s->refs++;
		}
		at += in->bytes;
	}
}

void
synth_turn(struct synth *s)
{
	s->turn_shift += PAGE_SIZE;
	if (s->turn_shift >= s->text_len)
		s->turn_shift = 0;
}

bool
synth_more(const struct synth *s)
{
	return s->fine && s->refs - s->measured_refs < s->o->refs;
}

/* ---------------------------------------------------------------- events */

static void
event(struct synth *s, const struct event *ev)
{
	if (s->fine)
		s->fine = trace_event(s->w, ev, s->e);
}

void
synth_syscall(struct synth *s, const struct syscall_desc *sys)
{
	static const struct insn enter[] = {INSN(5), INSN(2)};
	const struct piece p = {enter, 2, TEXT_AT};
	struct event ev = {EV_SYSCALL, s->pid, s->pid, {.sys = *sys}};

	synth_exec(s, &p, NULL);
	event(s, &ev);
}

void
synth_call(struct synth *s, uint32_t nr, uint64_t a, uint64_t b, uint64_t c,
	   int64_t ret)
{
	struct syscall_desc sys = {.nr = nr, .args = {a, b, c}, .ret = ret};

	synth_syscall(s, &sys);
}

/* Below what was mapped last, aligned so that huge pages fit. */
static uint64_t
place(struct synth *s, uint64_t len)
{
	uint64_t unit = (uint64_t)1
			<< (len >= 2 * M ? PAGE_SHIFT_2M : PAGE_SHIFT);

	BUG_ON(s->map_top - MAP_FLOOR < len);
	s->map_top = align_down(s->map_top - len, unit);
	return s->map_top;
}

uint64_t
synth_map(struct synth *s, uint64_t len, unsigned prot, unsigned flags,
	  uint32_t file, uint64_t file_size)
{
	uint64_t bytes = align_up(len, PAGE_SIZE), at = place(s, bytes);
	struct syscall_desc sys = {
	    .nr = NR_MMAP,
	    .args = {0, len, prot, flags,
		     file ? (uint64_t)FIRST_FD : UINT64_MAX, 0},
	    .ret = (int64_t)at,
	    .file = file,
	    .file_flags = prot & PROT_WRITE ? 2 : 0, /* O_RDWR, O_RDONLY */
	    .file_size = file_size};

	synth_syscall(s, &sys);
	return at;
}

/* With a hint that is free, which the kernel follows. */
void
synth_map_at(struct synth *s, uint64_t addr, uint64_t len)
{
	struct syscall_desc sys = {.nr = NR_MMAP,
				   .args = {addr, len, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS,
					    UINT64_MAX, 0},
				   .ret = (int64_t)addr};

	synth_syscall(s, &sys);
}

static uint32_t
define_file(struct synth *s, enum file_kind kind, const char *path,
	    uint64_t size)
{
	struct event ev = {.kind = EV_FILE, .pid = s->pid, .tid = s->pid};

	ev.file = (struct file_desc){.id = ++s->files,
				     .kind = (uint8_t)kind,
				     .inode = s->files,
				     .size = size,
				     .path = path};
	event(s, &ev);
	return s->files;
}

uint32_t
synth_file(struct synth *s, enum file_kind kind, const char *path,
	   uint64_t size)
{
	uint32_t file = define_file(s, kind, path, size);
	struct syscall_desc sys = {.nr = NR_OPENAT,
				   .args = {(uint64_t)-100, 0, 0},
				   .ret = FIRST_FD,
				   .file = file,
				   .file_size = size};

	if (kind == FILE_REGULAR)
		synth_syscall(s, &sys);
	return file;
}

void
synth_touch(struct synth *s, uint64_t start, uint64_t bytes)
{
	static const struct insn loop[] = {STORE(4, 8), INSN(7), INSN(3),
					   INSN(2)};
	const struct piece p = {loop, 4, TEXT_AT + 16};

	for (uint64_t at = start; at < start + bytes && s->fine;
	     at += PAGE_SIZE)
		synth_exec(s, &p, &at);
}

uint64_t
synth_arena(struct synth *s, uint64_t bytes)
{
	uint64_t at = synth_map(s, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, FILE_NONE, 0);

	if (s->o->huge)
		synth_call(s, NR_MADVISE, at, align_up(bytes, PAGE_SIZE),
			   MADV_HUGEPAGE, 0);
	if (!s->o->no_init)
		synth_touch(s, at, bytes);
	return at;
}

void
synth_measure(struct synth *s)
{
	struct event ev = {
	    EV_MARKER, s->pid, s->pid, {.text = "measured part begins"}};

	event(s, &ev);
	s->measured_refs = s->refs;
	s->measured_insns = trace_writer_totals(s->w)->instructions;
}

void
synth_fork(struct synth *s, uint32_t child)
{
	struct event ev = {
	    EV_FORK, s->pid, s->pid, {.fork = {child, 17}}}; /* SIGCHLD */
	static const struct insn enter[] = {INSN(5), INSN(2)};
	const struct piece p = {enter, 2, TEXT_AT};

	synth_exec(s, &p, NULL);
	event(s, &ev);
}

void
synth_switch(struct synth *s, uint32_t pid)
{
	struct event ev = {.kind = EV_SWITCH, .pid = pid, .tid = pid};

	s->pid = pid;
	event(s, &ev);
}

void
synth_exit(struct synth *s)
{
	struct event ev = {.kind = EV_EXIT, .pid = s->pid, .tid = s->pid};
	static const struct insn enter[] = {INSN(5), INSN(2)};
	const struct piece p = {enter, 2, TEXT_AT};

	synth_exec(s, &p, NULL);
	event(s, &ev);
}

/* ----------------------------------------------------------- the program */

static void
start_program(struct synth *s, const struct generator *g)
{
	char path[64];
	uint64_t text_end = TEXT_AT + s->text_len;
	uint64_t size = text_end + 2 * PAGE_SIZE - HEADER_AT;
	const uint8_t r = PROT_READ, w = PROT_WRITE, x = PROT_EXEC;
	struct map_desc maps[] = {
	    {HEADER_AT, TEXT_AT, 0, size, 1, r, 0},
	    {TEXT_AT, text_end, PAGE_SIZE, size, 1, r | x, 0},
	    {text_end, text_end + PAGE_SIZE, text_end - HEADER_AT, size, 1, r,
	     0},
	    {text_end + PAGE_SIZE, text_end + 2 * PAGE_SIZE,
	     text_end + PAGE_SIZE - HEADER_AT, size, 1, r | w, 0},
	    {STACK_TOP - STACK_LEN, STACK_TOP, 0, 0, FILE_NONE, r | w,
	     MAPD_STACK},
	};
	struct event ev = {.kind = EV_PROCESS, .pid = s->pid, .tid = s->pid};

	snprintf(path, sizeof(path), "/generated/%s", g->name);
	define_file(s, FILE_REGULAR, path, size);
	ev.image = (struct image_desc){.exe = path,
				       .args = g->name,
				       .start_brk = align_up(text_end, 2 * M),
				       .stack_pointer = STACK_TOP - 0x1000,
				       .stack_limit = 8 * M,
				       .n_maps = sizeof(maps) / sizeof(maps[0]),
				       .maps = maps};
	event(s, &ev);
	synth_switch(s, s->pid);
}

/* What every program does first: arguments, its data, its frame. */
static void
prologue(struct synth *s)
{
	static const struct insn code[] = {LOAD(4, 8),  LOAD(7, 8),
					   STORE(7, 8), STORE(1, 8),
					   STORE(1, 8), INSN(4)};
	const struct piece p = {code, 6, TEXT_AT + 48};
	uint64_t sp = STACK_TOP - 0x1000, data = TEXT_AT + s->text_len;
	const uint64_t at[] = {sp, data, data + PAGE_SIZE, sp - 8, sp - 16};

	synth_exec(s, &p, at);
	s->text_next = TEXT_AT + 96;
}

static void
describe(const struct generator *g, const struct synth_options *o, char *buf,
	 size_t n)
{
	snprintf(buf, n,
		 "footprint=%llu refs=%llu seed=%llu stride=%llu writes=%llu "
		 "node=%llu processes=%llu code=%llu skew=%g%s%s%s",
		 (unsigned long long)o->footprint, (unsigned long long)o->refs,
		 (unsigned long long)o->seed, (unsigned long long)o->stride,
		 (unsigned long long)o->writes, (unsigned long long)o->node,
		 (unsigned long long)o->processes, (unsigned long long)o->code,
		 o->skew, o->page_random ? " page-random" : "",
		 o->huge ? " huge" : "",
		 o->no_init && g->takes & SYNTH_INIT ? " no-init" : "");
}

static bool
run_program(struct synth *s, const struct generator *g)
{
	char number[32];

	rng_seed(&s->rng, s->o->seed);
	s->fine = true;
	start_program(s, g);
	prologue(s);
	if (s->fine && !g->run(s))
		s->fine = false;
	s->turn_shift = 0;
	synth_exit(s);
	snprintf(number, sizeof(number), "%llu",
		 (unsigned long long)s->measured_insns);
	trace_note(s->w, "generate.measured_from", number);
	return s->fine;
}

bool
synth_make(const struct generator *g, const struct synth_options *o,
	   const char *path, const char *command, struct synth_result *out,
	   struct err *e)
{
	char options[512];
	struct stat st;
	const char *const provenance[][2] = {
	    {"capture.backend", "generate"},
	    {"tool.version", pagewalk_version},
	    {"generate.pattern", g->name},
	    {"generate.options", options},
	    {"command", command ? command : g->name},
	};
	struct synth s = {.o = o,
			  .e = e,
			  .pid = FIRST_PID,
			  .text_len = align_up(o->code, PAGE_SIZE),
			  .map_top = MAP_TOP};

	describe(g, o, options, sizeof(options));
	s.w = trace_create(path, NULL, provenance,
			   sizeof(provenance) / sizeof(provenance[0]), e);
	if (!s.w)
		return false;
	if (!run_program(&s, g)) {
		trace_abandon(s.w);
		return false;
	}
	out->totals = *trace_writer_totals(s.w);
	out->data_refs = s.refs - s.measured_refs;
	out->measured_from = s.measured_insns;
	if (!trace_finish(s.w, e))
		return false;
	if (stat(path, &st) == 0)
		out->totals.file_bytes = (uint64_t)st.st_size;
	return true;
}
