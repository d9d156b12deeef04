/*
 * capture_proc.c - the processes being followed, and their logs' pipes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Room for the longest line beside a full pipe. */
#define BUF_BYTES (2 * LACKEY_MAX_LINE + 65536)

struct process *
process_find(struct capture *c, uint32_t pid)
{
	for (struct process *p = c->processes; p; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}

struct process *
process_new(struct capture *c, uint32_t pid)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->cap = c;
	p->pid = pid;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	p->log = -1;
	p->buf = xmalloc(BUF_BYTES);
	lackey_init(&p->parser, &capture_sink, p);
	p->next = c->processes;
	c->processes = p;
	return p;
}

struct thread *
process_thread(struct process *p, uint32_t number)
{
	if (!number || number >= MAX_THREADS)
		return NULL;
	if (!p->threads[number])
		p->threads[number] = xcalloc(1, sizeof(struct thread));
	return p->threads[number];
}

struct thread *
process_thread_by_tid(struct process *p, uint32_t tid)
{
	for (unsigned i = 1; i < MAX_THREADS; i++)
		if (p->threads[i] && p->threads[i]->tid == tid)
			return p->threads[i];
	return NULL;
}

static void
forget_threads(struct process *p)
{
	for (unsigned i = 0; i < MAX_THREADS; i++) {
		if (p->threads[i])
			free(p->threads[i]->vectors.items);
		free(p->threads[i]);
		p->threads[i] = NULL;
	}
	p->n_unstarted = 0;
}

void
process_free(struct process *p)
{
	struct process **at = &p->cap->processes;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->log >= 0)
		close(p->log);
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->cap->current == p)
		p->cap->current = NULL;
	forget_threads(p);
	fds_free(&p->fds);
	free(p->buf);
	free(p);
}

/* A new image, or the first: its one thread has number 1 unless it is the
 * copy that fork made, which keeps its number. */
void
process_set_log(struct process *p, int log)
{
	if (p->log >= 0) {
		close(p->log);
		forget_threads(p);
		lackey_init(&p->parser, &capture_sink, p);
		p->used = 0;
		p->execed = true;
	}
	p->log = log;
	if (!process_thread_by_tid(p, p->pid))
		process_thread(p, 1)->tid = p->pid;
	p->cap->current = NULL;
}

/* all: also an instruction whose data references may still come. */
static void
parse(struct process *p, bool all)
{
	size_t n = all ? p->used : lackey_whole(p->buf, p->used);

	n = lackey_parse(&p->parser, p->buf, n, &p->stopped);

	p->used -= n;
	memmove(p->buf, p->buf + n, p->used);
}

size_t
process_read(struct process *p)
{
	ssize_t n = 0;

	if (p->hold) {
		struct process *child = process_find(p->cap, p->hold);

		if (child && !child->execed && !child->exited && !p->dead)
			return 0;
		p->hold = 0;
	}
	if (p->stopped)
		parse(p, p->dead);
	if (p->stopped || p->log < 0)
		return 0;
	n = read(p->log, p->buf + p->used, BUF_BYTES - p->used);
	if (n <= 0)
		return 0;
	p->used += (size_t)n;
	p->bytes_read += (size_t)n;
	parse(p, p->dead);
	return (size_t)n;
}

void
process_drain(struct process *p)
{
	const struct capture *c = p->cap;

	while (!c->failed && !c->full && (process_read(p) || p->stopped))
		;
	parse(p, true);
}

/* The status of a process whose end the log does not tell. */
static uint32_t
status_of(const struct process *p)
{
	if (p->cap->root == (pid_t)p->pid && p->cap->root_reaped)
		return (uint32_t)p->cap->root_status;
	return p->fatal ? p->fatal : SIGKILL;
}

void
processes_reap(struct capture *c)
{
	for (struct process *p = c->processes; p; p = p->next) {
		struct pollfd f = {.fd = p->pidfd, .events = POLLIN};

		if (p->dead || (p->pidfd >= 0 && poll(&f, 1, 0) != 1))
			continue;
		p->dead = true;
		c->untraced += p->log < 0;
		process_drain(p);
		emit_exit(p, status_of(p));
	}
}
