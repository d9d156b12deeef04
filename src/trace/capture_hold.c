/*
 * capture_hold.c - what is done while a captured process is held at a call.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture_int.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/xalloc.h"

#define MAX_VECTORS 1024 /* UIO_MAXIOV */
#define MAX_STRINGS 65536
#define MAX_STRING  131072 /* MAX_ARG_STRLEN */

/* Read another process's memory; bytes read. */
static size_t
peek(uint32_t pid, uint64_t addr, void *to, size_t n)
{
	struct iovec local = {to, n};
	struct iovec remote = {(void *)(uintptr_t)addr, n};
	ssize_t got = process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* A number from /proc/TID/status: Tgid is the process a thread belongs to,
 * PPid its parent.  0 if it is gone. */
static uint32_t
status_number(uint32_t tid, const char *format)
{
	char name[64], line[128];
	unsigned pid = 0;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%u/status", tid);
	in = fopen(name, "re");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, format, &pid) == 1)
			break;
	if (in)
		fclose(in);
	return pid;
}

/* Does open(2) of this path make a log of ours? */
static bool
is_log(const struct capture *c, const struct gate_call *call)
{
	char path[sizeof(c->log_prefix)] = "";
	size_t n = strlen(c->log_prefix);

	return call->nr == SYS_open &&
	       peek(call->tid, call->args[0], path, n) == n &&
	       !memcmp(path, c->log_prefix, n);
}

/* Valgrind keeps 12 descriptors above the program's limit for itself, and a
 * forked child keeps its parent's log there beside its own: give it more. */
static int
make_room(const struct capture *c, pid_t pid)
{
	struct rlimit rl;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &rl))
		return -1;
	if (rl.rlim_cur < c->fd_limit + FD_ROOM) {
		rl.rlim_cur = min_u64(c->fd_limit + FD_ROOM, rl.rlim_max);
		prlimit(pid, RLIMIT_NOFILE, &rl, NULL);
	}
	return (int)rl.rlim_cur - 1;
}

/* A new image finds the limit as the program knows it. */
static void
restore_limit(const struct capture *c, pid_t pid)
{
	struct rlimit rl;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &rl) ||
	    rl.rlim_cur <= c->fd_limit)
		return;
	rl.rlim_cur = c->fd_limit;
	prlimit(pid, RLIMIT_NOFILE, &rl, NULL);
}

/* Let Valgrind have a pipe of ours for its log. */
static void
give_log(struct capture *c, const struct held *h, struct process *p)
{
	int target = make_room(c, (pid_t)p->pid), ends[2];

	if (target < 0 || pipe2(ends, O_CLOEXEC))
		return gate_pass(&c->gate, h->call.id);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	process_set_log(p, ends[0]);
	if (!gate_give(&c->gate, h->call.id, ends[1], target))
		gate_pass(&c->gate, h->call.id);
	close(ends[1]);
}

/* The thread of p that called execve(2) last, for its record. */
static void
finish_exec(struct process *p)
{
	for (unsigned i = 1; i < MAX_THREADS; i++) {
		struct thread *t = p->threads[i];

		if (t && t->pending &&
		    (t->call.nr == SYS_execve || t->call.nr == SYS_execveat))
			finish_call(p, t, 0);
	}
}

/* A new image, or a copy of its parent's that begins to speak.  A process
 * that nobody followed is said to have made comes from nowhere. */
static void
open_log(struct capture *c, const struct held *h)
{
	struct process *p = process_find(c, h->pid);
	bool first = !p || (c->root == (pid_t)p->pid && p->log < 0);

	if (!p)
		p = process_new(c, h->pid);
	if (first || p->log >= 0) {
		process_drain(p);
		finish_exec(p);
		fds_scan(&p->fds, &c->files, (pid_t)p->pid);
		emit_image(p, first ? EV_PROCESS : EV_EXEC);
	}
	give_log(c, h, p);
}

/* The pending call of the held thread, if it is the one held (Valgrind makes
 * calls of its own). */
static struct thread *
pending_call(struct process *p, const struct held *h)
{
	struct thread *t = process_thread_by_tid(p, h->call.tid);

	return t && t->pending && t->call.nr == h->call.nr ? t : NULL;
}

/* An array of iovec. */
static void
read_iovecs(struct thread *t, uint32_t pid, uint64_t addr, uint64_t n,
	    bool write)
{
	struct iovec iov[64];

	n = min_u64(n, MAX_VECTORS);
	for (uint64_t at = 0; at < n; at += 64) {
		size_t want = min_u64(n - at, 64) * sizeof(iov[0]);
		size_t got = peek(pid, addr + at * sizeof(iov[0]), iov, want);

		for (size_t i = 0; i < got / sizeof(iov[0]); i++)
			ranges_add(&t->vectors, (uintptr_t)iov[i].iov_base,
				   iov[i].iov_len, write);
	}
}

/* n message headers, each followed by its length in an mmsghdr. */
static void
read_messages(struct thread *t, uint32_t pid, uint64_t addr, uint64_t n,
	      size_t stride, bool write)
{
	struct msghdr mh;

	for (uint64_t i = 0; i < min_u64(n, MAX_VECTORS); i++) {
		if (peek(pid, addr + i * stride, &mh, sizeof(mh)) != sizeof(mh))
			return;
		ranges_add(&t->vectors, (uintptr_t)mh.msg_name, mh.msg_namelen,
			   write);
		ranges_add(&t->vectors, (uintptr_t)mh.msg_iov,
			   mh.msg_iovlen * sizeof(struct iovec), false);
		read_iovecs(t, pid, (uintptr_t)mh.msg_iov, mh.msg_iovlen,
			    write);
		ranges_add(&t->vectors, (uintptr_t)mh.msg_control,
			   mh.msg_controllen, write);
	}
}

/* Bytes of the string at addr, with its NUL; 0 if it has no end. */
static uint64_t
string_bytes(uint32_t pid, uint64_t addr)
{
	char part[4096];
	uint64_t n = 0;

	while (n < MAX_STRING) {
		size_t want = 4096 - (addr + n) % 4096;
		size_t got = peek(pid, addr + n, part, want);
		const char *nul = memchr(part, 0, got);

		if (nul)
			return n + (uint64_t)(nul - part) + 1;
		if (got < want)
			return 0;
		n += got;
	}
	return 0;
}

/* argv or envp: the pointers, then the strings. */
static void
read_strings(struct thread *t, uint32_t pid, uint64_t addr)
{
	uint64_t n = 0, p = 0;

	while (addr && n < MAX_STRINGS && peek(pid, addr + n * 8, &p, 8) == 8 &&
	       p)
		n++;
	ranges_add(&t->vectors, addr, (n + 1) * 8, false);
	for (uint64_t i = 0; i < n; i++)
		if (peek(pid, addr + i * 8, &p, 8) == 8)
			ranges_add(&t->vectors, p, string_bytes(pid, p), false);
}

/* What the log does not tell of a call's memory, read while it is held. */
static void
read_vectors(struct process *p, struct thread *t)
{
	const uint64_t *a = t->call.args;

	if (t->vectors.n)
		return; /* the launcher's own execve follows the program's */
	switch (t->call.nr) {
	case SYS_readv:
	case SYS_preadv:
	case SYS_preadv2:
		return read_iovecs(t, p->pid, a[1], a[2], true);
	case SYS_writev:
	case SYS_pwritev:
	case SYS_pwritev2:
	case SYS_vmsplice:
		return read_iovecs(t, p->pid, a[1], a[2], false);
	case SYS_process_vm_readv:
		return read_iovecs(t, p->pid, a[1], a[2], true);
	case SYS_process_vm_writev:
		return read_iovecs(t, p->pid, a[1], a[2], false);
	case SYS_sendmsg:
	case SYS_recvmsg:
		return read_messages(t, p->pid, a[1], 1, 0,
				     t->call.nr == SYS_recvmsg);
	case SYS_sendmmsg:
	case SYS_recvmmsg:
		return read_messages(t, p->pid, a[1], a[2], 64,
				     t->call.nr == SYS_recvmmsg);
	case SYS_execve:
		read_strings(t, p->pid, a[1]);
		return read_strings(t, p->pid, a[2]);
	}
}

/* A file is about to be mapped or cut: its size now is what counts. */
static void
read_size(struct process *p, uint32_t fd)
{
	struct capture *c = p->cap;
	struct open_file *o = fds_get(&p->fds, &c->files, (pid_t)p->pid, fd);
	struct stat st;
	char link[64];

	snprintf(link, sizeof(link), "/proc/%u/fd/%u", p->pid, fd);
	if (o && !stat(link, &st))
		files_set_size(&c->files, o->file, (uint64_t)st.st_size);
}

/* A file is about to be mapped: from here on what is cached of it shows. */
static void
read_mapped(struct process *p, uint32_t fd)
{
	struct capture *c = p->cap;
	const struct open_file *o;
	char link[64];
	uint64_t seen;

	read_size(p, fd);
	o = fds_get(&p->fds, &c->files, (pid_t)p->pid, fd);
	if (!o || map_get(&c->mapped, o->file, &seen))
		return;
	map_put(&c->mapped, o->file, 1);
	snprintf(link, sizeof(link), "/proc/%u/fd/%u", p->pid, fd);
	emit_cache(c, files_get(&c->files, o->file), link);
}

static void
release(struct capture *c, const struct held *h)
{
	struct process *p = process_find(c, h->pid);
	struct thread *t;

	if (h->opens_log)
		return open_log(c, h);
	if (p && h->call.nr == SYS_exit_group)
		emit_exit(p, p->fatal
				 ? p->fatal
				 : (uint32_t)(h->call.args[0] & 0xff) << 8);
	if (p)
		lackey_peek(&p->parser, p->buf, p->used);
	if (h->call.nr == SYS_execve && p)
		restore_limit(c, (pid_t)p->pid);
	t = p ? pending_call(p, h) : NULL;
	if (t && h->call.nr == SYS_mmap)
		read_mapped(p, (uint32_t)t->call.args[4]);
	else if (t &&
		 (h->call.nr == SYS_ftruncate || h->call.nr == SYS_fallocate))
		read_size(p, (uint32_t)t->call.args[0]);
	else if (t && h->call.nr == SYS_close)
		fds_get(&p->fds, &c->files, (pid_t)p->pid,
			(uint32_t)t->call.args[0]);
	else if (t)
		read_vectors(p, t);
	gate_pass(&c->gate, h->call.id);
}

/* A child may speak as soon as its parent's call has been read, which is
 * printed before the call is made; a parent in vfork(2) says no more. */
static bool
adopt(struct capture *c, const struct held *h)
{
	struct process *parent = process_find(c, h->parent);
	uint32_t number;

	if (!parent)
		return true;
	if (parent->bytes_read < h->until && !parent->dead)
		return false;
	lackey_peek(&parent->parser, parent->buf, parent->used);
	number = pending_fork(parent);
	if (number)
		begin_fork(parent, number, h->pid);
	return true;
}

static bool
is_ready(struct capture *c, const struct held *h)
{
	struct process *p = process_find(c, h->pid);

	if (!p)
		return !h->opens_log || adopt(c, h);
	if (h->parent)
		return true; /* its parent's log has told of it meanwhile */
	return p->bytes_read >= h->until && !p->hold && !p->stopped;
}

/* How far a process's log must be read to know what it did so far. */
static uint64_t
written_so_far(const struct process *p)
{
	int unread = 0;

	if (!p || p->log < 0 || ioctl(p->log, FIONREAD, &unread))
		return 0;
	return p->bytes_read + (uint64_t)unread;
}

void
held_take(struct capture *c)
{
	struct held h = {0};

	while (gate_next(&c->gate, &h.call)) {
		struct process *p;

		h.pid = status_number(h.call.tid, "Tgid: %u");
		h.opens_log = is_log(c, &h.call);
		p = process_find(c, h.pid);
		h.parent = p ? 0 : status_number(h.call.tid, "PPid: %u");
		h.until = written_so_far(p ? p : process_find(c, h.parent));
		c->held = xgrow(c->held, c->n_held, &c->held_cap, sizeof(h));
		c->held[c->n_held++] = h;
	}
}

void
held_release(struct capture *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_held; i++) {
		struct held h = c->held[i];

		if (!gate_valid(&c->gate, h.call.id))
			continue;
		if (c->failed || c->full || is_ready(c, &h))
			release(c, &h);
		else
			c->held[kept++] = h;
	}
	c->n_held = kept;
}
