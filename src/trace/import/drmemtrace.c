/*
 * drmemtrace.c - DynamoRIO's memory traces, final form (trace_entry.h): 12
 * bytes a record, one file a thread, each cut into chunks in a zip archive.
 * Files of several threads are joined by their time stamps.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "arch/addr.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "trace/bytes.h"
#include "trace/import/import_priv.h"
#include "trace/import/sys_log.h"

#define RECORD      12u
#define MAX_VERSION 99u
#define SYSCALL_BASE                                            \
	((uint64_t)1 << 32) /* function numbers of system calls \
			     */
#define MAX_CODE 255u

enum record_type {
	R_READ = 0,
	R_WRITE = 1,
	R_FIRST_INSTR = 10,
	R_LAST_INSTR = 16,
	R_BUNDLE = 17,
	R_THREAD = 22,
	R_THREAD_EXIT = 23,
	R_PID = 24,
	R_HEADER = 25,
	R_FOOTER = 26,
	R_MARKER = 28,
	R_NO_FETCH = 29,
	R_SYSENTER = 31,
	R_LAST_PREFETCH = 46,
	R_TAKEN = 48,
	R_UNTAKEN = 49,
	R_TYPES
};

enum marker {
	M_KERNEL_EVENT = 0,
	M_TIMESTAMP = 2,
	M_FUNC_ID = 4,
	M_FUNC_ARG = 6,
	M_FUNC_RETVAL = 7,
	M_PHYSICAL = 15,
	M_PAGE_SIZE = 18,
	M_SYSCALL = 25,
	M_KERNEL_START = 27,
	M_KERNEL_END = 28,
	M_SWITCH_START = 34,
	M_SWITCH_END = 35,
};

struct record {
	unsigned type, size;
	uint64_t addr;
};

/* One input. */
struct stream {
	struct input *in;
	uint32_t pid, tid;
	uint64_t time, next_pc;
	bool ended, kernel;
	struct call call; /* being told by FUNC_ markers */
	unsigned n_args;
	bool in_call;
};

struct merge {
	struct import *im;
	struct stream *v;
	unsigned n;
	uint64_t prefetches, physical, kernel_refs, signals, told_calls;
};

static bool
is_fetch(unsigned type)
{
	return (type >= R_FIRST_INSTR && type <= R_LAST_INSTR) ||
	       type == R_SYSENTER || type == R_TAKEN || type == R_UNTAKEN;
}

static bool
is_prefetch(unsigned type)
{
	return (type > R_WRITE && type < R_FIRST_INSTR) ||
	       (type > R_SYSENTER && type <= R_LAST_PREFETCH);
}

/* -------------------------------------------------------------- references */

static bool
running(struct merge *m, struct stream *s)
{
	return import_thread(m->im, s->pid, s->tid);
}

static bool
fetch(struct merge *m, struct stream *s, uint64_t pc, unsigned bytes)
{
	s->next_pc = pc + bytes;
	if (s->kernel) {
		m->kernel_refs++;
		return true;
	}
	if (bytes > MAX_CODE)
		return input_fail(s->in, RECORD, m->im->e,
				  "an instruction of %u bytes: at most %u are "
				  "expected",
				  bytes, MAX_CODE);
	return running(m, s) && import_fetch(m->im, pc, bytes ? bytes : 1);
}

/* Instructions that follow each other: their lengths, up to 8. */
static bool
bundle(struct merge *m, struct stream *s, const struct record *r,
       const uint8_t *lengths)
{
	if (r->size > 8)
		return input_fail(s->in, RECORD, m->im->e,
				  "a bundle of %u instructions: at most 8 are "
				  "expected",
				  r->size);
	for (unsigned i = 0; i < r->size; i++)
		if (!fetch(m, s, s->next_pc, lengths[i]))
			return false;
	return true;
}

static bool
data(struct merge *m, struct stream *s, const struct record *r)
{
	if (s->kernel) {
		m->kernel_refs++;
		return true;
	}
	return running(m, s) &&
	       import_data(m->im, r->type == R_READ ? REF_LOAD : REF_STORE,
			   r->addr, r->size ? r->size : 1);
}

/* ------------------------------------------------------------------ markers */

/* "Function" n is a system call: its arguments follow, if they were recorded
 * (-record_syscall). */
static void
begin_call(struct stream *s, uint64_t function)
{
	s->in_call =
	    function >= SYSCALL_BASE && function - SYSCALL_BASE < UINT32_MAX;
	if (!s->in_call)
		return;
	if (s->call.nr != (uint32_t)(function - SYSCALL_BASE) || !s->n_args)
		s->call =
		    (struct call){.nr = (uint32_t)(function - SYSCALL_BASE)};
}

/* An old recording tells success instead of the address: no use then. */
static bool
end_call(struct merge *m, struct stream *s, uint64_t ret)
{
	struct call c = s->call;
	bool told = s->in_call && s->n_args && call_matters(c.nr) &&
		    (c.nr != NR_MMAP || ret > PAGE_SIZE);

	s->in_call = false;
	s->n_args = 0;
	s->call.nr = UINT32_MAX;
	if (!told)
		return true;
	c.ret = (int64_t)ret;
	m->told_calls++;
	return running(m, s) && import_call(m->im, &c);
}

static bool
marker(struct merge *m, struct stream *s, const struct record *r)
{
	switch (r->size) {
	case M_TIMESTAMP:
		s->time = r->addr;
		return true;
	case M_FUNC_ID:
		begin_call(s, r->addr);
		return true;
	case M_FUNC_ARG:
		if (s->in_call && s->n_args < 6)
			s->call.args[s->n_args++] = r->addr;
		return true;
	case M_FUNC_RETVAL:
		return end_call(m, s, r->addr);
	case M_SYSCALL:
		m->im->marked = true;
		return !m->im->log || r->addr > UINT32_MAX ||
		       (running(m, s) &&
			sys_log_marked(m->im, (uint32_t)r->addr));
	case M_KERNEL_START:
	case M_SWITCH_START:
		s->kernel = true;
		return true;
	case M_KERNEL_END:
	case M_SWITCH_END:
		s->kernel = false;
		return true;
	case M_KERNEL_EVENT:
		m->signals++;
		return true;
	case M_PHYSICAL:
		m->physical++;
		return true;
	default:
		return true;
	}
}

/* ------------------------------------------------------------------ records */

static bool
identity(struct merge *m, struct stream *s, const struct record *r)
{
	uint32_t *to = r->type == R_PID ? &s->pid : &s->tid;

	if (!r->addr || r->addr > UINT32_MAX)
		return input_fail(s->in, RECORD, m->im->e,
				  "process or thread %#llx: 1 to 4294967295 is "
				  "expected",
				  (unsigned long long)r->addr);
	*to = (uint32_t)r->addr;
	return true;
}

static bool
header(struct merge *m, struct stream *s, const struct record *r)
{
	if (r->addr <= MAX_VERSION)
		return true;
	return input_fail(s->in, RECORD, m->im->e,
			  "version %llu: at most %u is expected",
			  (unsigned long long)r->addr, MAX_VERSION);
}

static bool
take(struct merge *m, struct stream *s, const struct record *r,
     const uint8_t *bytes)
{
	if (is_fetch(r->type))
		return fetch(m, s, r->addr, r->size);
	switch (r->type) {
	case R_READ:
	case R_WRITE:
		return data(m, s, r);
	case R_BUNDLE:
		return bundle(m, s, r, bytes + 4);
	case R_THREAD:
	case R_PID:
		return identity(m, s, r);
	case R_THREAD_EXIT:
		return import_exit(m->im, s->pid, (uint32_t)r->addr);
	case R_HEADER:
		return header(m, s, r);
	case R_MARKER:
		return marker(m, s, r);
	case R_NO_FETCH:
		s->next_pc = r->addr + r->size;
		return true;
	default:
		break;
	}
	m->prefetches += is_prefetch(r->type);
	if (r->type < R_TYPES)
		return true;
	return input_fail(s->in, RECORD, m->im->e,
			  "a record of type %u: 0 to %u are expected", r->type,
			  R_TYPES - 1);
}

/* Go on with a stream until its clock says more than until. */
static bool
advance(struct merge *m, struct stream *s, uint64_t until)
{
	while (s->time <= until) {
		const uint8_t *p;
		struct record r;

		if (!input_record(s->in, RECORD, &p, "a record of 12 bytes",
				  m->im->e))
			return false;
		if (!p) {
			s->ended = true;
			return true;
		}
		r = (struct record){load_u16(p), load_u16(p + 2),
				    load_u64(p + 4)};
		if (!take(m, s, &r, p))
			return false;
	}
	return true;
}

/* The stream that is furthest behind, and how far it may go. */
static struct stream *
earliest(struct merge *m, uint64_t *until)
{
	struct stream *first = NULL;

	*until = UINT64_MAX - 1;
	for (unsigned i = 0; i < m->n; i++) {
		struct stream *s = &m->v[i];

		if (s->ended)
			continue;
		if (!first || s->time < first->time) {
			if (first)
				*until = first->time;
			first = s;
		} else if (s->time < *until) {
			*until = s->time;
		}
	}
	return first;
}

static bool
check_start(struct import *im, struct input *in)
{
	if (!input_fill(in, RECORD, im->e))
		return false;
	if (input_waiting(in) >= RECORD && load_u16(input_at(in)) == R_HEADER)
		return true;
	return input_fail(in, 0, im->e,
			  "a drmemtrace header record (type 25) is expected; "
			  "raw traces must go through drraw2trace first");
}

static void
notes(struct merge *m)
{
	struct import *im = m->im;

	if (!im->log)
		import_lacks(im, m->told_calls ? "files" : "syscalls");
	import_note(im, "import.drmemtrace",
		    "prefetches left out %llu, kernel references left out "
		    "%llu, physical addresses left out %llu, signals %llu",
		    (unsigned long long)m->prefetches,
		    (unsigned long long)m->kernel_refs,
		    (unsigned long long)m->physical,
		    (unsigned long long)m->signals);
}

static bool
run(struct import *im)
{
	struct merge m = {.im = im, .n = im->n_in};
	struct stream *s;
	bool fine = true;
	uint64_t until;

	m.v = xcalloc(m.n, sizeof(*m.v));
	for (unsigned i = 0; i < m.n && fine; i++) {
		m.v[i] = (struct stream){.in = im->in[i],
					 .pid = IMPORT_PID,
					 .tid = IMPORT_PID + i,
					 .call.nr = UINT32_MAX};
		fine = check_start(im, im->in[i]);
	}
	while (fine && (s = earliest(&m, &until)))
		fine = advance(&m, s, until);
	free(m.v);
	if (fine)
		notes(&m);
	return fine;
}

static unsigned
detect(const uint8_t *data, size_t n)
{
	return n >= RECORD && load_u16(data) == R_HEADER &&
		       load_u64(data + 4) <= MAX_VERSION
		   ? 90
		   : 0;
}

const struct importer import_drmemtrace = {
    "drmemtrace", "DynamoRIO's drmemtrace, final form; a file for each thread",
    "mappings",   detect,
    run,          true};
