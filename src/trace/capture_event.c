/*
 * capture_event.c - what the logs say, as references and events of a trace.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture_int.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/bits.h"
#include "base/progress.h"
#include "base/xalloc.h"
#include "trace/format.h"
#include "trace/image.h"

static bool
running(const struct capture *c)
{
	return !c->failed && !c->full;
}

static void
write_event(struct capture *c, const struct event *ev)
{
	if (running(c) && !trace_event(c->out, ev, &c->err))
		c->failed = true;
	c->fetched = false;
}

static void
switch_to(struct capture *c, const struct process *p, uint32_t tid)
{
	struct event ev = {.kind = EV_SWITCH, .pid = p->pid, .tid = tid};

	if (c->pid == p->pid && c->tid == tid)
		return;
	c->pid = p->pid;
	c->tid = tid;
	write_event(c, &ev);
}

/* About once a second, and only beside other events: it would part an
 * instruction from its data. */
static void
stamp_time(struct capture *c)
{
	struct event ev = {.kind = EV_TIME, .pid = c->pid, .tid = c->tid};
	double at = monotonic_seconds();

	if (at < c->next_time || !c->pid)
		return;
	c->next_time = at + 1;
	ev.time_ns = (uint64_t)((at - c->started) * 1e9);
	write_event(c, &ev);
}

void
emit(struct capture *c, struct process *p, uint32_t tid, struct event *ev)
{
	ev->pid = p->pid;
	ev->tid = tid ? tid : p->pid;
	stamp_time(c);
	/* The first event of all makes the process; there is nobody to
	 * switch to before. */
	if (ev->kind == EV_PROCESS)
		write_event(c, ev);
	switch_to(c, p, ev->tid);
	if (ev->kind != EV_PROCESS)
		write_event(c, ev);
	c->current = NULL;
}

void
emit_file(void *ctx, const struct file_desc *f)
{
	struct capture *c = ctx;
	struct event ev = {.kind = EV_FILE, .file = *f};

	write_event(c, &ev);
	emit_cache(c, f, c->files.link ? c->files.link : f->path);
}

void
emit_cache(struct capture *c, const struct file_desc *f, const char *path)
{
	struct event ev = {.kind = EV_CACHE};

	if (page_cache_look(&c->page_cache, f, path, &ev.cache))
		write_event(c, &ev);
}

void
emit_exit(struct process *p, uint32_t status)
{
	struct event ev = {.kind = EV_EXIT, .status = status};

	if (p->exited)
		return;
	p->exited = true;
	emit(p->cap, p, p->pid, &ev);
}

void
emit_image(struct process *p, uint8_t kind)
{
	struct event ev = {.kind = kind};
	struct image im;

	if (image_read(&im, &p->cap->files, (pid_t)p->pid, p->cap->skip_args)) {
		ev.image = im.desc;
		emit(p->cap, p, p->pid, &ev);
	}
	image_free(&im);
}

/* The running thread of p, before a reference of its is written. */
static void
make_current(struct capture *c, const struct process *p)
{
	const struct thread *t = p->parser.thread < MAX_THREADS
				     ? p->threads[p->parser.thread]
				     : NULL;

	switch_to(c, p, t && t->tid ? t->tid : p->pid);
	c->current = p;
}

/* Is this reference to be written?  *go_on: read further at all. */
static bool
wanted(struct capture *c, const struct process *p, bool fetch, bool *go_on)
{
	*go_on = running(c);
	if (!*go_on || p->exited)
		return false;
	if (c->skip_left) {
		c->skip_left--;
		return false;
	}
	if (c->opt->max_refs && c->refs == c->opt->max_refs) {
		c->full = true;
		*go_on = false;
		return false;
	}
	if (c->current != p)
		make_current(c, p);
	c->fetched |= fetch;
	if (!c->fetched)
		return false; /* its instruction was left out */
	c->refs++;
	return true;
}

static bool
on_fetch(void *ctx, uint64_t addr, uint32_t bytes)
{
	struct process *p = ctx;
	struct capture *c = p->cap;
	bool go_on;

	if (wanted(c, p, true, &go_on) &&
	    !trace_fetch(c->out, addr, bytes, &c->err))
		c->failed = true;
	return go_on;
}

static bool
on_data(void *ctx, enum ref_op op, uint64_t addr, uint32_t bytes)
{
	struct process *p = ctx;
	struct capture *c = p->cap;
	bool go_on;

	if (wanted(c, p, false, &go_on) &&
	    !trace_data(c->out, op, addr, bytes, &c->err))
		c->failed = true;
	return go_on;
}

/* A thread runs that has not been seen: one of those just created.  The
 * oldest is the one, as Valgrind starts them one after the other. */
static bool
on_thread(void *ctx, uint32_t number)
{
	struct process *p = ctx;
	struct thread *t = process_thread(p, number);

	if (t && !t->tid && p->n_unstarted) {
		t->tid = p->unstarted[0].tid;
		t->clear_tid = p->unstarted[0].clear_tid;
		p->n_unstarted--;
		memmove(p->unstarted, p->unstarted + 1,
			p->n_unstarted * sizeof(p->unstarted[0]));
	}
	p->cap->current = NULL;
	return running(p->cap);
}

static bool
same_call(const struct lackey_call *a, const struct lackey_call *b)
{
	return a->nr == b->nr && a->thread == b->thread &&
	       a->n_args <= b->n_args &&
	       !memcmp(a->args, b->args, a->n_args * sizeof(a->args[0]));
}

static bool
on_call(void *ctx, const struct lackey_call *call)
{
	struct process *p = ctx;
	struct thread *t = process_thread(p, call->thread);

	if (!t)
		return true;
	if (t->pending && same_call(&t->call, call)) {
		t->call = *call; /* seen before as a part of its line */
		return true;
	}
	p->cap->lost += t->pending;
	t->pending = true;
	t->call = *call;
	t->vectors.n = 0;
	return true;
}

/* Kernel's clone flags for the calls that make a process. */
static uint64_t
clone_flags(const struct lackey_call *call)
{
	if (call->nr == SYS_vfork)
		return CLONE_VM | CLONE_VFORK | SIGCHLD;
	return call->nr == SYS_clone ? call->args[0] : SIGCHLD;
}

/* The child has a copy of everything; the thread that forked is its only
 * one, and its call is about to return 0 there. */
static struct process *
make_child(struct process *p, const struct thread *t, uint32_t pid,
	   uint32_t number)
{
	struct process *child = process_new(p->cap, pid);
	struct thread *first = process_thread(child, number);

	fds_copy(&child->fds, &p->fds);
	child->parser.thread = number;
	child->parser.last_call = number;
	first->tid = pid;
	first->call = t->call;
	first->pending = true;
	if (t->call.nr == SYS_clone && t->call.args[0] & CLONE_CHILD_CLEARTID)
		first->clear_tid = t->call.args[3];
	return child;
}

bool
begin_fork(struct process *p, uint32_t number, uint32_t pid)
{
	struct thread *t = process_thread(p, number);
	struct event ev = {.kind = EV_FORK, .fork = {.child_pid = pid}};

	if (!t)
		return false;
	ev.fork.flags = t->pending ? clone_flags(&t->call) : SIGCHLD;
	emit(p->cap, p, t->tid, &ev);
	make_child(p, t, pid, number);
	/* The kernel lets a parent go when Valgrind's launcher starts; the
	 * program's own image comes later. */
	if (ev.fork.flags & CLONE_VFORK)
		p->hold = pid;
	return true;
}

uint32_t
pending_fork(struct process *p)
{
	for (uint32_t i = 1; i < MAX_THREADS; i++) {
		const struct thread *t = p->threads[i];

		if (t && t->pending &&
		    (t->call.nr == SYS_fork || t->call.nr == SYS_vfork ||
		     (t->call.nr == SYS_clone &&
		      !(t->call.args[0] & CLONE_THREAD))))
			return i;
	}
	return 0;
}

static bool
on_fork(void *ctx, uint32_t pid)
{
	struct process *p = ctx;
	uint32_t number =
	    p->parser.last_call ? p->parser.last_call : p->parser.thread;

	if (!process_find(p->cap, pid))
		begin_fork(p, number, pid);
	return !p->hold && running(p->cap);
}

static bool
on_signal(void *ctx, const struct lackey_signal *sig)
{
	struct process *p = ctx;
	struct thread *t = process_thread(p, sig->thread);
	struct event ev = {.kind = EV_SIGNAL};

	if (sig->fatal)
		p->fatal = sig->number;
	if (sig->fatal || !t)
		return true;
	ev.signal = sig->number;
	ev.signal_code = sig->code;
	ev.fault_addr = sig->has_address ? sig->address : 0;
	emit(p->cap, p, t->tid, &ev);
	return running(p->cap);
}

/* Which file a call is about, as things stand before it. */
static struct open_file *
file_of(struct process *p, const struct syscall_row *row,
	struct syscall_desc *d)
{
	struct open_file *o;

	if (d->nr == SYS_shmat && d->ret != -1) {
		int id = (int)d->args[0];

		d->file = files_add_sysv(&p->cap->files, id, sysv_size(id));
		d->file_size = files_size(&p->cap->files, d->file);
	}
	if (row->fd < 0 || row->effect == FDE_NEW ||
	    (d->nr == SYS_mmap && d->args[3] & MAP_ANONYMOUS) ||
	    d->args[row->fd] > INT32_MAX)
		return NULL;
	o = fds_get(&p->fds, &p->cap->files, (pid_t)p->pid,
		    (uint32_t)d->args[row->fd]);
	if (!o)
		return NULL;
	d->file = o->file;
	d->file_flags = o->flags;
	d->file_pos = o->pos;
	d->file_size = files_size(&p->cap->files, o->file);
	if (row->effect == FDE_PREAD || row->effect == FDE_PWRITE)
		d->file_pos = d->args[3];
	else if (row->effect == FDE_WRITE && o->flags & O_APPEND)
		d->file_pos = d->file_size;
	return o;
}

/* The file grew, as a write or a look past the known end shows. */
static void
note_transfer(struct process *p, const struct syscall_row *row,
	      const struct syscall_desc *d, struct open_file *o)
{
	uint64_t end = d->file_pos + (uint64_t)d->ret;
	uint8_t kind = files_get(&p->cap->files, d->file)->kind;

	if (kind != FILE_REGULAR && kind != FILE_SHM && kind != FILE_BLOCKDEV)
		return; /* no position */
	if (row->effect == FDE_READ || row->effect == FDE_WRITE)
		o->pos = end;
	if (end > d->file_size)
		files_set_size(&p->cap->files, d->file, end);
}

/* What the successful call did to the descriptors. */
static void
apply_to_fds(struct process *p, const struct syscall_row *row,
	     struct syscall_desc *d, struct open_file *o)
{
	struct files *files = &p->cap->files;
	uint32_t fd = row->fd >= 0 ? (uint32_t)d->args[row->fd] : 0;
	bool dup = row->effect == FDE_DUP;

	if (d->nr == SYS_fallocate && d->args[2] + d->args[3] > d->file_size)
		files_set_size(files, d->file, d->args[2] + d->args[3]);

	if (row->effect == FDE_NEW) {
		fds_opened(&p->fds, files, (pid_t)p->pid, (uint32_t)d->ret);
		o = fds_get(&p->fds, files, (pid_t)p->pid, (uint32_t)d->ret);
		d->file = o ? o->file : FILE_NONE;
		d->file_flags = o ? o->flags : 0;
		d->file_size = files_size(files, d->file);
	} else if (row->effect == FDE_CLOSE) {
		fds_closed(&p->fds, fd);
	} else if (row->effect == FDE_CLOSE_RANGE) {
		fds_closed_range(&p->fds, (uint32_t)d->args[0],
				 (uint32_t)d->args[1]);
	} else if (row->effect == FDE_FCNTL) {
		dup = d->args[1] == F_DUPFD || d->args[1] == F_DUPFD_CLOEXEC;
		if (o && d->args[1] == F_SETFL)
			o->flags = (o->flags & (O_ACCMODE | O_CLOEXEC)) |
				   (uint32_t)d->args[2];
	} else if (o && row->effect == FDE_SEEK) {
		o->pos = (uint64_t)d->ret;
	} else if (o && row->effect == FDE_TRUNCATE) {
		files_set_size(files, d->file, d->args[1]);
	} else if (o && row->effect >= FDE_READ && row->effect <= FDE_PWRITE) {
		note_transfer(p, row, d, o);
	}
	if (dup)
		fds_dup(&p->fds, files, (pid_t)p->pid, fd, (uint32_t)d->ret);
}

/* The kernel does not look at what is written to /dev/null. */
static bool
touches_nothing(const struct capture *c, const struct syscall_row *row,
		const struct syscall_desc *d)
{
	const struct file_desc *f = files_get(&c->files, d->file);

	return (row->effect == FDE_WRITE || row->effect == FDE_PWRITE) && f &&
	       f->kind == FILE_CHARDEV && f->rdev == makedev(1, 3);
}

/* Thread and process identifiers that the kernel stores for clone(2), and
 * clears when the thread ends. */
static void
add_tid_ranges(struct thread *t, const struct syscall_desc *d,
	       struct user_ranges *out)
{
	uint64_t flags = d->nr == SYS_clone ? d->args[0] : 0;

	if (flags & CLONE_PARENT_SETTID && d->ret > 0)
		ranges_add(out, d->args[2], 4, true);
	if (flags & CLONE_CHILD_SETTID && d->ret == 0)
		ranges_add(out, d->args[3], 4, true);
	if (d->nr == SYS_set_tid_address)
		t->clear_tid = d->args[0];
	if (d->nr == SYS_exit)
		ranges_add(out, t->clear_tid, 4, true);
}

/* The log has no limits: as it is now. */
static void
look_at_limit(const struct process *p, struct syscall_desc *d)
{
	uint64_t resource = d->args[d->nr == SYS_prlimit64];
	struct rlimit rl;

	if (d->nr != SYS_setrlimit &&
	    !(d->nr == SYS_prlimit64 && !d->args[0] && d->args[2]))
		return;
	if (resource < RLIM_NLIMITS &&
	    !prlimit((pid_t)p->pid, (__rlimit_resource_t)resource, NULL, &rl)) {
		d->file_pos = rl.rlim_cur;
		d->file_size = rl.rlim_max;
	}
}

static void
add_ranges(struct process *p, struct thread *t, const struct syscall_row *row,
	   struct syscall_desc *d)
{
	struct user_ranges *out = &p->cap->ranges;
	struct syscall_use use = {.ret = d->ret,
				  .vectors = t->vectors.items,
				  .n_vectors = (uint32_t)t->vectors.n};

	memcpy(use.args, d->args, sizeof(use.args));
	memcpy(use.strings, t->call.strings, sizeof(use.strings));
	out->n = 0;
	if (row && !touches_nothing(p->cap, row, d))
		syscall_ranges(row, &use, out);
	add_tid_ranges(t, d, out);
	d->ranges = out->items;
	d->n_ranges = (uint32_t)min_u64(out->n, MAX_RANGES);
}

/* A new thread: number it when it first runs. */
static void
new_thread(struct process *p, const struct syscall_desc *d)
{
	struct event ev = {
	    .kind = EV_THREAD, .pid = p->pid, .tid = (uint32_t)d->ret};

	if (p->n_unstarted < MAX_THREADS) {
		p->unstarted[p->n_unstarted].tid = (uint32_t)d->ret;
		p->unstarted[p->n_unstarted++].clear_tid =
		    d->args[0] & CLONE_CHILD_CLEARTID ? d->args[3] : 0;
	}
	write_event(p->cap, &ev);
}

static void
end_thread(struct process *p, struct thread *t)
{
	struct event ev = {.kind = EV_THREAD_EXIT};

	emit(p->cap, p, t->tid, &ev);
	t->tid = 0;
	t->clear_tid = 0;
}

void
finish_call(struct process *p, struct thread *t, int64_t ret)
{
	struct event ev = {.kind = EV_SYSCALL};
	struct syscall_desc *d = &ev.sys;
	const struct syscall_row *row = syscall_find(t->call.nr);
	struct open_file *o = NULL;

	t->pending = false;
	d->nr = t->call.nr;
	d->ret = ret;
	memcpy(d->args, t->call.args, sizeof(d->args));
	if (row)
		o = file_of(p, row, d);
	look_at_limit(p, d);
	if (row && ret >= 0)
		apply_to_fds(p, row, d, o);
	add_ranges(p, t, row, d);
	emit(p->cap, p, t->tid, &ev);
	if (d->nr == SYS_clone && ret > 0 && d->args[0] & CLONE_THREAD)
		new_thread(p, d);
	if (d->nr == SYS_exit)
		end_thread(p, t);
}

static bool
on_result(void *ctx, uint32_t number, int64_t ret)
{
	struct process *p = ctx;
	struct thread *t = process_thread(p, number);

	if (!t || !t->pending || p->exited)
		return true;
	/* The one waited for ends before the wait does. */
	if (t->call.nr == SYS_wait4 || t->call.nr == SYS_waitid)
		processes_reap(p->cap);
	finish_call(p, t, ret);
	return running(p->cap);
}

const struct lackey_sink capture_sink = {
    .fetch = on_fetch,
    .data = on_data,
    .thread = on_thread,
    .call = on_call,
    .result = on_result,
    .fork = on_fork,
    .signal = on_signal,
};
