/*
 * process.c - processes, threads and their address spaces: made, copied,
 * replaced, ended.  Traces are untrusted: an event that makes no sense is
 * refused before anything changes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/xalloc.h"
#include "os/internal.h"

#define CLONE_VM_FLAG    0x100u
#define CLONE_VFORK_FLAG 0x4000u
#define MAX_SPACES       65535u

/* Address spaces ---------------------------------------------------------- */

static bool
space_number(struct os *os, uint16_t *as)
{
	if (os->free_as_n &&
	    (os->free_as_n > 64 || os->n_spaces >= MAX_SPACES)) {
		/* The one that has been free longest. */
		*as = os->free_as[os->free_as_first];
		os->free_as_first = (os->free_as_first + 1) % os->cap_free_as;
		os->free_as_n--;
		return true;
	}
	if (os->n_spaces >= MAX_SPACES)
		return false;
	os->spaces = xgrow(os->spaces, os->n_spaces, &os->cap_spaces,
			   sizeof(*os->spaces));
	*as = (uint16_t)os->n_spaces++;
	os->spaces[*as] = NULL;
	return true;
}

static void
space_free(struct os *os, uint16_t as)
{
	size_t at;

	if (!os->free_as) {
		os->cap_free_as = MAX_SPACES + 1;
		os->free_as = xcalloc(os->cap_free_as, sizeof(*os->free_as));
	}
	at = (os->free_as_first + os->free_as_n++) % os->cap_free_as;
	os->free_as[at] = as;
	os->spaces[as] = NULL;
}

static void
emit_space(struct os *os, uint16_t as, enum kevent_kind kind)
{
	struct kevent ev = {.kind = (uint8_t)kind, .as = as};

	os->sink.kevent(os->sink.ctx, &ev);
}

struct mm *
mm_new(struct os *os, struct err *e)
{
	struct mm *mm = xcalloc(1, sizeof(*mm));

	if (!space_number(os, &mm->as)) {
		free(mm);
		err_set(e, ERR_REFUSED, "more than %u live processes",
			MAX_SPACES);
		return NULL;
	}
	mm->users = 1;
	mm->mmap_base = MMAP_BASE;
	mm->pkeys = 1;
	if (!pt_new_root(os, mm)) {
		space_free(os, mm->as);
		free(mm);
		err_set(e, ERR_REFUSED,
			"out of modelled memory: no frame for "
			"a page table");
		return NULL;
	}
	os->spaces[mm->as] = mm;
	emit_space(os, mm->as, KEV_AS_NEW);
	return mm;
}

void
mm_put(struct os *os, struct mm *mm)
{
	struct map_slot s;

	if (--mm->users)
		return;
	vma_drop_all(os, mm);
	os->sink.forget(os->sink.ctx, mm->as, (vpn){0}, UINT64_MAX);
	emit_space(os, mm->as, KEV_FLUSH_AS);
	emit_space(os, mm->as, KEV_AS_GONE);
	for (size_t i = 0; map_next(&mm->files, &i, &s);)
		ofile_put(os, (struct ofile *)(uintptr_t)s.value);
	map_free(&mm->files);
	BUG_ON(mm->deposit.used);
	map_free(&mm->deposit);
	map_free(&mm->huge_promised);
	moved_free(mm);
	pt_free_root(os, mm);
	space_free(os, mm->as);
	free(mm);
}

/* Threads and processes --------------------------------------------------- */

static uint64_t
task_key(uint32_t pid, uint32_t tid)
{
	return (uint64_t)pid << 32 | tid;
}

struct task *
task_find(struct os *os, uint32_t pid, uint32_t tid)
{
	uint64_t key = task_key(pid, tid);

	return key == UINT64_MAX ? NULL : map_get_ptr(&os->tasks, key);
}

static struct task *
task_new(struct os *os, struct process *p, uint32_t tid)
{
	struct task *t = xcalloc(1, sizeof(*t));

	*t = (struct task){
	    .proc = p, .next = p->tasks, .pid = p->pid, .tid = tid};
	p->tasks = t;
	map_put_ptr(&os->tasks, task_key(p->pid, tid), t);
	return t;
}

static void
task_free(struct os *os, struct task *t)
{
	struct task **at = &t->proc->tasks;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	map_remove(&os->tasks, task_key(t->pid, t->tid));
	free(t);
}

static struct process *
live_process(struct os *os, uint32_t pid)
{
	return map_get_ptr(&os->live, pid);
}

static struct process *
proc_new(struct os *os, uint32_t pid, uint32_t parent, const char *exe,
	 struct mm *mm)
{
	struct process *p = xcalloc(1, sizeof(*p));

	p->pid = pid;
	p->parent = parent;
	p->exe = xstrdup(exe);
	p->mm = mm;
	limits_init(os, p);
	os->procs =
	    xgrow(os->procs, os->n_procs, &os->cap_procs, sizeof(*os->procs));
	os->procs[os->n_procs++] = p;
	map_put_ptr(&os->live, pid, p);
	task_new(os, p, pid);
	return p;
}

static void
leave_mm(struct os *os, struct process *p)
{
	p->max_rss = max_u64(p->max_rss, p->mm->max_rss);
	mm_put(os, p->mm);
	p->mm = NULL;
}

void
proc_exit(struct os *os, struct process *p, uint32_t status)
{
	while (p->tasks)
		task_free(os, p->tasks);
	fds_exit(os, p);
	leave_mm(os, p);
	p->exited = true;
	p->status = status;
	map_remove(&os->live, p->pid);
	os->stats.exits++;
}

/* PR_SET_THP_DISABLE, which exec and fork keep. */
void
sys_prctl(struct call *c)
{
	if (c->s->args[0] != PR_SET_THP_DISABLE)
		return;
	/* Linux 6.18: a second argument leaves out what was advised. */
	if (c->os->cfg.kernel < 618 && (c->s->args[2] | c->s->args[3]))
		call_want(c, -EINVAL);
	if (!call_failed(c) && !(c->s->args[1] && c->s->args[2]))
		c->mm->thp_disabled = c->s->args[1];
}

/* Images ------------------------------------------------------------------ */

static bool
check_map(struct os *os, const struct map_desc *m, uint64_t after,
	  struct err *e)
{
	uint64_t mask = PAGE_SIZE - 1;

	if (((m->start | m->end | m->offset) & mask) || m->start >= m->end ||
	    m->end > TASK_SIZE || m->start < after)
		return err_set(e, ERR_INPUT,
			       "image: mapping 0x%llx-0x%llx, offset 0x%llx: "
			       "expected page-aligned, rising, below 0x%llx",
			       (unsigned long long)m->start,
			       (unsigned long long)m->end,
			       (unsigned long long)m->offset,
			       (unsigned long long)TASK_SIZE);
	if (m->file != FILE_NONE && !inode_of_file(os, m->file))
		return err_set(e, ERR_INPUT,
			       "image: mapping 0x%llx: file %u is not defined",
			       (unsigned long long)m->start, m->file);
	return true;
}

/* The vsyscall page, where a layout lists it, is the kernel's. */
static bool
above_user(const struct map_desc *m)
{
	return m->start >= TASK_SIZE;
}

static bool
check_image(struct os *os, const struct image_desc *im, struct err *e)
{
	uint64_t after = 0;

	for (uint32_t i = 0; i < im->n_maps; i++) {
		if (above_user(&im->maps[i]))
			continue;
		if (!check_map(os, &im->maps[i], after, e))
			return false;
		after = im->maps[i].end;
	}
	return true;
}

static uint32_t
image_flags(const struct map_desc *m)
{
	uint32_t f = VM_MAYACCESS;

	f |= m->prot & PROT_READ ? VM_READ : 0;
	f |= m->prot & PROT_WRITE ? VM_WRITE : 0;
	f |= m->prot & PROT_EXEC ? VM_EXEC : 0;
	if (m->flags & MAPD_SHARED)
		f |= VM_SHARED | VM_MAYSHARE;
	else if (m->flags & MAPD_BLIND)
		f |= VM_BLIND | VM_NORESERVE;
	else if (m->prot & PROT_WRITE)
		f |= VM_ACCOUNT;
	if ((m->flags & MAPD_STACK) && m->file == FILE_NONE &&
	    !(m->flags & MAPD_SHARED))
		f |= VM_GROWSDOWN | VM_ACCOUNT;
	if (m->flags & MAPD_VDSO)
		f |= VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;
	return f;
}

static enum vma_name
image_name(const struct map_desc *m)
{
	if (m->flags & MAPD_STACK)
		return VN_STACK;
	if (m->flags & MAPD_HEAP)
		return VN_HEAP;
	if (m->flags & MAPD_VDSO)
		return VN_VDSO;
	if (m->flags & MAPD_BLIND)
		return VN_BLIND;
	return m->file == FILE_NONE ? VN_ANON : VN_FILE;
}

static bool
image_map(struct os *os, struct mm *mm, const struct map_desc *m)
{
	struct inode *ino = inode_of_file(os, m->file);
	struct vma v = {.start = m->start,
			.end = m->end,
			.origin = m->start,
			.pgoff = ino ? page_of(m->offset) : page_of(m->start),
			.flags = image_flags(m),
			.name = (uint8_t)image_name(m)};
	struct vma *at;

	if (ino) {
		v.file = ofile_get(os, mm, ino);
		if (m->file_size && ino->backing == BACK_FS)
			ino->size = min_u64(m->file_size, INT64_MAX);
	} else if (m->flags & MAPD_SHARED) {
		v.file = anon_shared(os, m->end - m->start, true);
		v.pgoff = 0;
	}
	at = vma_insert(os, mm, &v);
	area_assign(os, mm, at);
	return !(at->flags & VM_PFNMAP) || map_device(os, mm, at);
}

/* The kernel's own accesses while it starts a program: the arguments (not
 * raised), and the tail of a segment's last file page (raised). */
static void
image_touch(struct os *os, struct task *t, const struct image_desc *im)
{
	struct mm *mm = t->proc->mm;

	for (uint32_t i = 0; i < im->n_maps; i++) {
		const struct map_desc *m = &im->maps[i];
		uint64_t at = m->file != FILE_NONE ? m->end : m->start;
		struct vma *v = NULL;

		if (above_user(m))
			continue;
		if (m->flags & MAPD_BSS)
			v = vma_find(mm, at - PAGE_SIZE);
		if (v && v->file && (v->flags & VM_WRITE))
			kernel_write(os, t, at - PAGE_SIZE);
		if ((m->flags & MAPD_STACK) && im->stack_pointer < m->end &&
		    im->stack_pointer >= m->start)
			populate_stack(os, t,
				       align_down(im->stack_pointer, PAGE_SIZE),
				       m->end);
	}
}

/* Where mappings begin, going down: the kernel puts the dynamic loader there
 * first.  Of a program without one: as without randomization. */
static uint64_t
image_mmap_base(const struct image_desc *im)
{
	uint64_t base = 0;

	for (uint32_t i = 0; i < im->n_maps; i++) {
		const struct map_desc *m = &im->maps[i];

		if ((m->flags & MAPD_STACK) || above_user(m))
			break;
		if (!(m->flags & (MAPD_VDSO | MAPD_HEAP)))
			base = m->end;
	}
	return base > TASK_SIZE / 2 ? base : MMAP_BASE;
}

static bool
load_image(struct os *os, struct task *t, const struct image_desc *im,
	   struct err *e)
{
	struct mm *mm = t->proc->mm;
	bool done = true;

	mm->owner = t->proc;
	mm->start_brk = mm->brk = im->start_brk;
	mm->mmap_base = image_mmap_base(im);
	if (im->stack_limit)
		t->proc->limit[LIMIT_STACK] = im->stack_limit;
	for (uint32_t i = 0; done && i < im->n_maps; i++) {
		const struct map_desc *m = &im->maps[i];

		if (above_user(m))
			continue;
		done = image_map(os, mm, m);
		if (m->flags & MAPD_HEAP) {
			mm->start_brk =
			    im->start_brk ? im->start_brk : m->start;
			mm->brk = m->end;
		}
	}
	if (done)
		image_touch(os, t, im);
	if (!done)
		return err_set(e, ERR_REFUSED,
			       "out of modelled memory while starting %s",
			       im->exe);
	return true;
}

/* Events ------------------------------------------------------------------ */

static bool
bad_process(struct err *e, const struct event *ev, const char *what)
{
	return err_set(e, ERR_INPUT, "process %u, thread %u: %s", ev->pid,
		       ev->tid, what);
}

static bool
ev_process(struct os *os, const struct event *ev, struct err *e)
{
	struct process *p;
	struct mm *mm;

	if (ev->pid == UINT32_MAX || live_process(os, ev->pid))
		return bad_process(e, ev, "starts, but is there already");
	if (!check_image(os, &ev->image, e))
		return false;
	mm = mm_new(os, e);
	if (!mm)
		return false;
	p = proc_new(os, ev->pid, ev->parent, ev->image.exe, mm);
	os->acting = p;
	return load_image(os, p->tasks, &ev->image, e);
}

static bool
ev_exec(struct os *os, const struct event *ev, struct err *e)
{
	struct process *p = live_process(os, ev->pid);
	struct task *t = task_find(os, ev->pid, ev->pid);
	struct mm *mm;

	if (!p)
		return bad_process(e, ev, "executes, but is not there");
	if (!check_image(os, &ev->image, e))
		return false;
	mm = mm_new(os, e);
	if (!mm)
		return false;
	if (!t)
		t = task_new(os, p, ev->pid);
	while (p->tasks->next || p->tasks != t)
		task_free(os, p->tasks == t ? t->next : p->tasks);
	mm->thp_disabled = p->mm->thp_disabled;
	leave_mm(os, p);
	fds_exec(os, p);
	p->mm = mm;
	free(p->exe);
	p->exe = xstrdup(ev->image.exe);
	os->stats.execs++;
	return load_image(os, t, &ev->image, e);
}

static bool
shares_memory(const struct os *os, uint64_t flags)
{
	return (flags & CLONE_VM_FLAG) &&
	       !((flags & CLONE_VFORK_FLAG) && os->cfg.vfork_copies);
}

static bool
ev_fork(struct os *os, const struct event *ev, struct err *e)
{
	struct process *p = live_process(os, ev->pid), *c;
	uint32_t pid = ev->fork.child_pid;
	struct mm *mm;
	bool done;

	if (!p)
		return bad_process(e, ev, "forks, but is not there");
	if (pid == UINT32_MAX || live_process(os, pid))
		return bad_process(e, ev, "forks a process that is there");
	os->stats.forks++;
	if (shares_memory(os, ev->fork.flags)) {
		p->mm->users++;
		fds_fork(p, proc_new(os, pid, p->pid, p->exe, p->mm));
		return true;
	}
	mm = mm_new(os, e);
	if (!mm)
		return false;
	c = proc_new(os, pid, p->pid, p->exe, mm);
	mm->owner = c;
	fds_fork(p, c);
	os->newborn = mm;
	done = mm_copy(os, p->mm, mm);
	os->newborn = NULL;
	if (!done) { /* it was never made */
		map_put(&os->killed, pid, 1);
		proc_exit(os, c, SIGKILL);
		return err_set(e, ERR_REFUSED,
			       "out of modelled memory in fork of process %u",
			       p->pid);
	}
	return true;
}

static bool
ev_thread(struct os *os, const struct event *ev, struct err *e)
{
	struct process *p = live_process(os, ev->pid);
	struct task *t = task_find(os, ev->pid, ev->tid);

	switch (ev->kind) {
	case EV_THREAD:
		if (!p || t || ev->tid == UINT32_MAX)
			return bad_process(e, ev,
					   "thread starts: no such "
					   "process, or there already");
		task_new(os, p, ev->tid);
		return true;
	case EV_THREAD_EXIT:
		if (!t)
			return bad_process(e, ev, "ends, but is not there");
		task_free(os, t);
		return true;
	default:
		return t ? true : bad_process(e, ev, "is not there");
	}
}

static bool
ev_exit(struct os *os, const struct event *ev, struct err *e)
{
	struct process *p = live_process(os, ev->pid);

	if (!p)
		return bad_process(e, ev, "exits, but is not there");
	proc_exit(os, p, ev->status);
	return true;
}

bool
proc_event(struct os *os, const struct event *ev, struct err *e)
{
	switch (ev->kind) {
	case EV_PROCESS:
		return ev_process(os, ev, e);
	case EV_EXEC:
		return ev_exec(os, ev, e);
	case EV_FORK:
		return ev_fork(os, ev, e);
	case EV_EXIT:
		return ev_exit(os, ev, e);
	default:
		return ev_thread(os, ev, e);
	}
}

void
procs_exit_all(struct os *os)
{
	for (size_t i = 0; i < os->n_procs; i++)
		if (os->procs[i]->mm)
			proc_exit(os, os->procs[i], os->procs[i]->status);
}

void
procs_free(struct os *os)
{
	for (size_t i = 0; i < os->n_procs; i++) {
		free(os->procs[i]->exe);
		free(os->procs[i]);
	}
	free(os->procs);
	map_free(&os->live);
	map_free(&os->tasks);
	free(os->spaces);
	free(os->free_as);
}
