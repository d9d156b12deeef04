/* sys_log.c - see sys_log.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "trace/import/import_priv.h"
#include "trace/import/addr_set.h"
#include "trace/import/scan.h"
#include "trace/import/sys_log.h"
#include "trace/import/sys_parse.h"

#define MAX_CALLS   (16u << 20)
#define MAX_THREADS 65536u
#define PATH_BYTES  4096

struct entry {
	struct call call; /* path is ours */
	uint32_t thread;  /* index into threads */
};

/* A thread of the log. */
struct thread {
	uint32_t tid;
	char *unfinished; /* text of a call another line interrupts */
	size_t next;      /* entry to look at for its next mark */
	bool paired;      /* with a thread of the source */
	uint32_t process; /* index of its first thread here */
};

struct sys_log {
	struct entry *v;
	size_t n, cap, next; /* next: to be applied, without marks */
	struct thread *threads;
	size_t n_threads, threads_cap;
	struct map by_tid; /* tid -> index */
	struct map pairs;  /* the source's tid -> index + 1; 0: none */
	struct addr_set mapped, future;
	struct map missing; /* pages that no call maps */
	uint64_t unmatched;
};

void
sys_log_free(struct sys_log *l)
{
	for (size_t i = 0; i < l->n; i++)
		free((char *)(uintptr_t)l->v[i].call.path);
	for (size_t i = 0; i < l->n_threads; i++)
		free(l->threads[i].unfinished);
	free(l->v);
	free(l->threads);
	map_free(&l->by_tid);
	map_free(&l->pairs);
	map_free(&l->missing);
	addr_set_free(&l->mapped);
	addr_set_free(&l->future);
	free(l);
}

/* --------------------------------------------------------------- reading */

static bool
thread_of(struct sys_log *l, uint32_t tid, uint64_t *i, struct input *in,
	  struct err *e)
{
	if (map_get(&l->by_tid, tid, i))
		return true;
	if (l->n_threads >= MAX_THREADS)
		return input_fail(in, 0, e, "more than %u threads",
				  MAX_THREADS);
	l->threads = xgrow(l->threads, l->n_threads, &l->threads_cap,
			   sizeof(*l->threads));
	*i = l->n_threads;
	l->threads[l->n_threads++] =
	    (struct thread){.tid = tid, .process = (uint32_t)*i};
	map_put(&l->by_tid, tid, *i);
	return true;
}

static bool
keep(struct sys_log *l, const struct call *c, uint32_t thread, struct input *in,
     struct err *e)
{
	struct entry *entry;

	if (l->n >= MAX_CALLS)
		return input_fail(in, 0, e, "more than %u calls", MAX_CALLS);
	l->v = xgrow(l->v, l->n, &l->cap, sizeof(*l->v));
	entry = &l->v[l->n++];
	*entry = (struct entry){*c, thread};
	entry->call.path = c->path ? xstrdup(c->path) : NULL;
	return true;
}

/* "clone(...flags=CLONE_VM|...) = 123": is 123 a thread of this process? */
static bool
note_clone(struct sys_log *l, const char *text, uint32_t parent,
	   struct input *in, struct err *e)
{
	const char *result = strrchr(text, '=');
	struct scan s = {result ? result + 1 : ""};
	uint64_t tid, i;

	if (strncmp(text, "clone", 5) || !strstr(text, "CLONE_VM") ||
	    strstr(text, "CLONE_VFORK"))
		return true;
	scan_blank(&s);
	if (!scan_dec(&s, &tid) || !tid || tid > UINT32_MAX)
		return true;
	if (!thread_of(l, (uint32_t)tid, &i, in, e))
		return false;
	l->threads[i].process = l->threads[parent].process;
	return true;
}

static bool
take_call(struct sys_log *l, const char *text, uint32_t thread,
	  struct input *in, struct err *e)
{
	char path[PATH_BYTES];
	const char *why = "";
	struct call c;

	switch (log_call(text, &c, path, sizeof(path), &why)) {
	case PARSED_CALL:
		return keep(l, &c, thread, in, e);
	case PARSED_OTHER:
		return note_clone(l, text, thread, in, e);
	default:
		return input_fail(in, 0, e, "%s expected: %.80s", why, text);
	}
}

/* Lines may cut a call in two: "mmap(NULL, <unfinished ...>" and later
 * "<... mmap resumed>4096, ...) = 0x...". */
static bool
take_line(struct sys_log *l, char *line, struct input *in, struct err *e)
{
	static const char cut[] = "<unfinished ...>";
	struct log_line head;
	struct thread *t;
	const char *rest;
	char *whole, *end;
	uint64_t i;
	bool fine;

	if (!log_leader(line, &head))
		return true;
	if (!thread_of(l, head.tid, &i, in, e))
		return false;
	t = &l->threads[i];
	end = strstr(head.text, cut);
	if (end && !end[sizeof(cut) - 1]) {
		free(t->unfinished);
		t->unfinished = xstrndup(head.text, (size_t)(end - head.text));
		return true;
	}
	if (strncmp(head.text, "<... ", 5))
		return take_call(l, head.text, (uint32_t)i, in, e);
	rest = strstr(head.text, "resumed>");
	if (!rest || !t->unfinished)
		return true; /* its beginning is not in the log */
	whole = xasprintf("%s%s", t->unfinished, rest + 8);
	free(t->unfinished);
	t->unfinished = NULL;
	fine = take_call(l, whole, (uint32_t)i, in, e);
	free(whole);
	return fine;
}

struct sys_log *
sys_log_read(const char *path, struct err *e)
{
	struct sys_log *l = xcalloc(1, sizeof(*l));
	struct input *in = input_open(path, e);
	bool fine = in;
	char *line;

	while (fine && (fine = input_line(in, &line, e)) && line)
		fine = take_line(l, line, in, e);
	if (fine && !l->n)
		fine =
		    input_fail(in, 0, e,
			       "has no system call that changes mappings "
			       "(a log of strace or perf trace is expected)");
	if (in)
		input_close(in);
	if (fine)
		return l;
	sys_log_free(l);
	return NULL;
}

/* ---------------------------------------------------------------- joining */

void
sys_log_begin(struct sys_log *l, const struct maps *maps)
{
	uint64_t start, end;

	for (size_t i = 0; i < maps->n; i++)
		if (!(maps->v[i].flags & MAPD_BLIND))
			addr_set_add(&l->mapped, maps->v[i].start,
				     maps->v[i].end);
	for (size_t i = 0; i < l->n; i++)
		if (call_maps(&l->v[i].call, &start, &end))
			addr_set_add(&l->future, start, end);
}

static bool
apply(struct import *im, struct sys_log *l, const struct call *c)
{
	uint64_t start, end;

	if (c->nr == NR_MUNMAP && c->ret == 0 && c->args[0] < USER_END &&
	    c->args[1] < USER_END)
		addr_set_remove(&l->mapped, c->args[0],
				c->args[0] + align_up(c->args[1], PAGE_SIZE));
	if (call_maps(c, &start, &end))
		addr_set_add(&l->mapped, start, end);
	return import_call(im, c);
}

/* Without marks, the source is the log's first process. */
static bool
of_first_process(const struct sys_log *l, const struct entry *entry)
{
	return l->threads[entry->thread].process ==
	       l->threads[l->v[0].thread].process;
}

static bool
apply_until(struct import *im, struct sys_log *l, size_t end)
{
	for (; l->next < end; l->next++)
		if (of_first_process(l, &l->v[l->next]) &&
		    !apply(im, l, &l->v[l->next].call))
			return false;
	return true;
}

bool
sys_log_reach(struct import *im, uint64_t addr)
{
	struct sys_log *l = im->log;
	uint64_t page = addr >> PAGE_SHIFT, known, start, end;

	if (im->marked || addr_set_has(&l->mapped, addr) ||
	    !addr_set_has(&l->future, addr) ||
	    map_get(&l->missing, page, &known))
		return true;
	for (size_t i = l->next; i < l->n; i++)
		if (of_first_process(l, &l->v[i]) &&
		    call_maps(&l->v[i].call, &start, &end) && addr >= start &&
		    addr < end)
			return apply_until(im, l, i + 1);
	map_put(&l->missing, page, 1);
	return true;
}

/* The log's thread for the one running: of the same number, or the first
 * that nobody has yet. */
static struct thread *
pair(struct import *im, struct sys_log *l)
{
	uint64_t i;

	if (map_get(&l->pairs, im->tid, &i))
		return i ? &l->threads[i - 1] : NULL;
	if (!map_get(&l->by_tid, im->tid, &i) || l->threads[i].paired)
		for (i = 0; i < l->n_threads && l->threads[i].paired; i++)
			;
	if (i < l->n_threads)
		l->threads[i].paired = true;
	map_put(&l->pairs, im->tid, i < l->n_threads ? i + 1 : 0);
	return i < l->n_threads ? &l->threads[i] : NULL;
}

bool
sys_log_marked(struct import *im, uint32_t nr)
{
	struct sys_log *l = im->log;
	struct thread *t;
	uint32_t index;

	if (!l || !call_matters(nr))
		return true;
	t = pair(im, l);
	if (!t) {
		l->unmatched++;
		return true;
	}
	index = (uint32_t)(t - l->threads);
	while (t->next < l->n && l->v[t->next].thread != index)
		t->next++;
	/* A log may hold fewer kinds of calls (strace -e): not its turn. */
	if (t->next >= l->n || l->v[t->next].call.nr != nr) {
		l->unmatched++;
		return true;
	}
	return apply(im, l, &l->v[t->next++].call);
}

bool
sys_log_finish(struct import *im)
{
	struct sys_log *l = im->log;

	import_note(im, "import.syscalls_joined", "%s",
		    im->marked ? "by thread and order" : "at first touch");
	if (!im->marked && im->tid && !apply_until(im, l, l->n))
		return false;
	import_note(im, "import.syscalls", "%llu, %llu marks without a call",
		    (unsigned long long)im->calls,
		    (unsigned long long)l->unmatched);
	return true;
}
