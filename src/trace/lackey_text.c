/*
 * lackey_text.c - the slow half of the log's parser: system calls, signals,
 * changes of thread.
 *
 * A call is printed in pieces, "SYSCALL[pid,tid](nr) name ( args )" before it
 * runs and " --> [kind] result" after, and other remarks may come between,
 * even on the same line; so nothing here relies on a line's end.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/lackey.h"

#include <string.h>

/* A piece of text; never NUL-terminated. */
struct text {
	const char *s, *end;
};

static bool
skip(struct text *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->s) < n || memcmp(t->s, word, n))
		return false;
	t->s += n;
	return true;
}

static const char *
find(const struct text *t, const char *word)
{
	return memmem(t->s, (size_t)(t->end - t->s), word, strlen(word));
}

/* Place t behind the first occurrence of word. */
static bool
skip_past(struct text *t, const char *word)
{
	const char *at = find(t, word);

	if (at)
		t->s = at + strlen(word);
	return at;
}

/* Behind the last one: what the program wrote into the line comes before
 * what Valgrind adds. */
static const char *
find_last(const struct text *t, const char *word)
{
	const char *last = NULL;
	struct text rest = *t;

	while (skip_past(&rest, word))
		last = rest.s - strlen(word);
	return last;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Digits of base, at least one; wraps around beyond 64 bits. */
static bool
digits(struct text *t, unsigned base, uint64_t *out)
{
	const char *first = t->s;
	uint64_t v = 0;

	for (; t->s < t->end && digit(*t->s) < (int)base; t->s++)
		v = v * base + (uint64_t)digit(*t->s);
	*out = v;
	return t->s > first;
}

/* 0x1f, 31, -31. */
static bool
number(struct text *t, uint64_t *out)
{
	if (skip(t, "0x"))
		return digits(t, 16, out);
	if (skip(t, "-")) {
		bool fine = digits(t, 10, out);

		*out = -*out;
		return fine;
	}
	return digits(t, 10, out);
}

static bool
number32(struct text *t, uint32_t *out)
{
	uint64_t v;

	if (!digits(t, 10, &v) || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

static bool parse_args(struct lackey_call *c, unsigned i, struct text t);

/* The string printed for argument i starts at t; it may hold anything, so
 * its end is the first place from which the other arguments can be read. */
static bool
parse_string(struct lackey_call *c, unsigned i, struct text t)
{
	struct text rest = t;

	while (skip_past(&rest, ")")) {
		if (!parse_args(c, i + 1, rest))
			continue;
		c->strings[i] = rest.s - 1 - t.s;
		return true;
	}
	/* Cut off: as much as there is. */
	c->strings[i] = t.end - t.s;
	c->n_args = i + 1;
	return true;
}

/* Arguments from number i on; t starts before the separator. */
static bool
parse_args(struct lackey_call *c, unsigned i, struct text t)
{
	while (skip(&t, " "))
		;
	if (t.s == t.end || i == LACKEY_ARGS) {
		c->n_args = i;
		return true;
	}
	if (i > 0 && !skip(&t, ","))
		return false;
	while (skip(&t, " "))
		;
	if ((c->nr == 56 && i == 0) || (c->nr == 158 && i == 1)) {
		/* clone's flags, arch_prctl's address: without the 0x */
		if (!digits(&t, 16, &c->args[i]))
			return false;
	} else if (!number(&t, &c->args[i])) {
		/* A name in place of a number (EPOLL_CTL_ADD). */
		while (t.s < t.end && *t.s != ',' && *t.s != ' ')
			t.s++;
	}
	c->strings[i] = -1;
	if (skip(&t, "("))
		return parse_string(c, i, t);
	return parse_args(c, i + 1, t);
}

/* Where the arguments end: before the result, or what is printed between. */
static const char *
args_end(const struct text *t)
{
	static const char *const after[] = {"[sync] --> ", "--> [async] ",
					    "--> [pre-",
					    "  clone(fork): ", "  fork: proc"};
	struct text args = *t;
	const char *at;

	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		at = find_last(&args, after[i]);
		if (at)
			args.end = at;
	}
	at = find_last(&args, ")--"); /* "( 4 )--123-- do_setmask" */
	if (at)
		args.end = at + 1;
	while (args.end > args.s && args.end[-1] == ' ')
		args.end--;
	if (args.end > args.s && args.end[-1] == ')')
		args.end--;
	return args.end;
}

/* "name ( args )", and set t behind it. */
static bool
parse_call(struct lackey *p, struct lackey_call *c, struct text *t)
{
	struct text args = *t;

	args.end = args_end(t);
	t->s = args.end;
	for (unsigned i = 0; i < LACKEY_ARGS; i++)
		c->strings[i] = -1;
	/* "sys_fcntl[ARG3=='arg'] ( 4, 0, 50 )" */
	if (!skip_past(&args, "("))
		args.s = args.end;
	if (!parse_args(c, 0, args))
		c->n_args = 0;
	p->last_call = c->thread;
	return p->sink->call(p->ctx, c);
}

/* "Success(0x1f)", "Failure(0x2)", "NoWriteResult" */
static bool
parse_result(struct text *t, int64_t *ret)
{
	uint64_t v = 0;
	bool failed = skip(t, "Failure(");

	*ret = 0;
	if (!failed && !skip(t, "Success("))
		return skip(t, "NoWriteResult");
	if (!number(t, &v) || !skip(t, ")"))
		return false;
	*ret = failed ? -(int64_t)(v & 0xfff) : (int64_t)v;
	return true;
}

/* The result of the call printed last, if it is in t. */
static bool
find_result(struct lackey *p, struct text t)
{
	static const char *const marks[] = {"[sync] --> ", "--> [pre-success] ",
					    "--> [pre-fail] "};
	uint32_t thread = p->last_call;
	int64_t ret;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		struct text r = t;

		if (!skip_past(&r, marks[i]) || !parse_result(&r, &ret))
			continue;
		p->last_call = 0;
		return !thread || p->sink->result(p->ctx, thread, ret);
	}
	if (find(&t, "--> [async] "))
		p->last_call = 0; /* it names its thread when it ends */
	return true;
}

/* "SYSCALL[pid,tid](nr) ..." from behind the first bracket. */
static bool
syscall_line(struct lackey *p, struct text *t)
{
	struct lackey_call c = {0};
	uint32_t pid;
	int64_t ret;

	if (!number32(t, &pid) || !skip(t, ",") || !number32(t, &c.thread) ||
	    !skip(t, "](") || !number32(t, &c.nr) || !skip(t, ") "))
		return true;
	if (!skip(t, "... [async] --> "))
		return parse_call(p, &c, t);
	return !parse_result(t, &ret) || p->sink->result(p->ctx, c.thread, ret);
}

/* "SCHED[3]:  acquired lock (...)" anywhere in t */
static bool
find_thread(struct lackey *p, struct text t)
{
	uint32_t thread;

	while (skip_past(&t, "SCHED[")) {
		if (!number32(&t, &thread) || !skip(&t, "]:  acquired lock"))
			continue;
		p->thread = thread;
		return p->sink->thread(p->ctx, thread);
	}
	return true;
}

/* "clone(fork): process 1 created child 2", "fork: process 1 created ..." */
static bool
find_fork(struct lackey *p, struct text t)
{
	uint32_t child;

	if (!skip_past(&t, "fork") || !skip_past(&t, ": process ") ||
	    !skip_past(&t, " created child ") || !number32(&t, &child))
		return true;
	return p->sink->fork(p->ctx, child);
}

/* "delivering signal 11 (SIGSEGV):1 to thread 1" */
static bool
delivered(struct lackey *p, struct text t)
{
	struct lackey_signal sig = {.address = p->fault_addr,
				    .has_address = p->has_fault};
	uint64_t code;

	if (!number32(&t, &sig.number) || !skip_past(&t, "):") ||
	    !number(&t, &code) || !skip(&t, " to thread ") ||
	    !number32(&t, &sig.thread))
		return true;
	sig.code = (int32_t)code;
	p->has_fault = false;
	return p->sink->signal(p->ctx, &sig);
}

/* "Process terminating with default action of signal 15 (SIGTERM)" */
static bool
terminated(struct lackey *p, struct text t)
{
	struct lackey_signal sig = {.thread = p->thread, .fatal = true};

	if (!number32(&t, &sig.number))
		return true;
	return p->sink->signal(p->ctx, &sig);
}

/* "SIGSEGV: si_code=1 faultaddr=0x0 tid=1 ..."; the stack growing is one too,
 * and then no delivery follows. */
static void
note_fault(struct lackey *p, struct text t)
{
	p->has_fault =
	    skip_past(&t, "faultaddr=") && number(&t, &p->fault_addr);
}

/* "interrupted_syscall: tid=1, ..., sres.isErr=False, sres.val=0": a signal
 * came during a call; the next line says what becomes of it. */
static void
note_interrupted(struct lackey *p, struct text t)
{
	uint64_t v;
	bool failed;

	p->interrupted_thread = 0;
	if (!skip_past(&t, "tid=") || !number32(&t, &p->interrupted_thread) ||
	    !skip_past(&t, "sres.isErr="))
		return;
	failed = skip(&t, "True");
	if (!skip_past(&t, "sres.val=") || !number(&t, &v))
		v = 0;
	p->interrupted = failed ? -(int64_t)(v & 0xfff) : (int64_t)v;
}

static bool
interrupted(struct lackey *p, int64_t ret)
{
	uint32_t thread = p->interrupted_thread;

	p->interrupted_thread = 0;
	return !thread || p->sink->result(p->ctx, thread, ret);
}

/* What follows "--pid-- " or "==pid== ". */
static bool
remark(struct lackey *p, struct text t)
{
	struct text r = t;

	if (skip_past(&r, "delivering signal "))
		return delivered(p, r);
	if (skip_past(&r, "default action of signal "))
		return terminated(p, r);
	if (find(&t, "faultaddr="))
		note_fault(p, t);
	else if (skip_past(&r, "interrupted_syscall: "))
		note_interrupted(p, r);
	else if (find(&t, "uncommitted: committing"))
		return interrupted(p, p->interrupted);
	else if (find(&t, "returning EINTR"))
		return interrupted(p, -4);
	else if (find(&t, "extended stack base"))
		p->has_fault = false;
	return true;
}

bool
lackey_text(struct lackey *p, const char *line, size_t n)
{
	struct text t = {line, line + n};
	bool go_on = true;

	if (skip(&t, "SYSCALL["))
		go_on = syscall_line(p, &t);
	else if (n > 2 && (!memcmp(line, "==", 2) || !memcmp(line, "--", 2)))
		go_on = remark(p, t);
	go_on &= find_fork(p, t);
	go_on &= find_result(p, t);
	return go_on & find_thread(p, t);
}

void
lackey_peek(struct lackey *p, const char *buf, size_t n)
{
	const char *nl = memrchr(buf, '\n', n);
	struct text t = {nl ? nl + 1 : buf, buf + n};

	if (skip(&t, "SYSCALL["))
		syscall_line(p, &t);
}
