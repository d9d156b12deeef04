/*
 * replay_events.c - what happens beside references: CPUs and address spaces
 * change, the kernel is told of events, the lanes of what it did.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "base/err.h"
#include "sim/replay_priv.h"

/* Linux copies no more in one call (MAX_RW_COUNT). */
#define MAX_COPY 0x7ffff000u

/* ------------------------------------------------------------------ CPUs */

/* The running thread goes on on this CPU. */
static void
run_on(struct replay *r, unsigned cpu)
{
	struct replay_cpu *on = &r->on[cpu];

	r->cpu = cpu;
	r->n.migrations = sched_migrations(r->sched) - r->migrations_before;
	if (on->as == r->as && !on->lazy)
		return;
	on->as = r->as;
	on->lazy = false;
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_switch(r->lanes[i], cpu, r->as);
}

void
settle(struct replay *r)
{
	uint32_t pid = r->now->pid, tid = r->now->tid;

	r->task = os_task(r->os, pid, tid);
	if (!r->task)
		return;
	r->as = os_task_as(r->task);
	run_on(r, sched_run(r->sched, pid, tid, r->insn));
}

void
slice_over(struct replay *r)
{
	flush_visits(r);
	if (r->task)
		run_on(r, sched_slice_over(r->sched, r->insn));
}

/* CPUs whose threads sleep: they hear of no flush until they run again. */
static void
mark_lazy(struct replay *r)
{
	for (unsigned cpu = 0; r->cpus > 1 && cpu < r->cpus; cpu++) {
		if (cpu == r->cpu || r->on[cpu].lazy ||
		    !sched_idle(r->sched, cpu, r->insn))
			continue;
		r->on[cpu].lazy = true;
		for (unsigned i = 0; i < r->n_lanes; i++)
			lane_idle(r->lanes[i], cpu);
	}
}

/* ---------------------------------------------------------------- events */

static void
kernel_visit(struct replay *r, const struct slot *s, uint64_t addr, bool write,
	     uint8_t flags)
{
	struct visit *v;

	if (r->n_visits == VISITS)
		flush_visits(r);
	if (r->places)
		r->places[r->n_visits] = (struct visit_place){.insn = r->insn};
	v = &r->visits[r->n_visits++];
	fill_visit(v, s, addr, r->as, flags);
	v->reads = !write;
	v->writes = write;
}

/* The kernel touches user memory for a system call, page by page; the rest
 * of a range it may not have is not touched (EFAULT). */
static void
touch_range(struct replay *r, const struct user_range *u)
{
	uint64_t len = u->len < MAX_COPY ? u->len : MAX_COPY;
	uint64_t end = u->addr + len;
	enum access acc = u->write ? ACC_WRITE : ACC_READ;

	if (!len || end < u->addr)
		return;
	for (uint64_t a = u->addr; a < end && !r->stopped;
	     a = (a | (PAGE_SIZE - 1)) + 1) {
		uint64_t at = r->moves ? model_address(r, a) : a;
		uint8_t flags = 0;
		const struct slot *s =
		    resolve(r, at, acc, MODE_KERNEL, 0, &flags);

		if (!s)
			return;
		r->n.kernel_pages++;
		if (r->opt.price_kernel_refs)
			kernel_visit(r, s, at, u->write, flags);
	}
}

static void
touch_ranges(struct replay *r, const struct syscall_desc *s, bool write)
{
	for (uint32_t i = 0; r->task && i < s->n_ranges; i++)
		if (s->ranges[i].write == write)
			touch_range(r, &s->ranges[i]);
}

/* The kernel acts; faults it takes on the way have no reference of ours. */
static bool
tell_kernel(struct replay *r, const struct event *ev)
{
	uint32_t pid, tid;
	struct fault f;

	if (!os_event(r->os, ev, r->insn, r->e))
		return false;
	if (ev->kind == EV_THREAD_EXIT || ev->kind == EV_EXIT)
		sched_end(r->sched, ev->pid, ev->tid);
	settle(r);
	while (os_pending_fault(r->os, &f, &pid, &tid))
		charge_fault(r, &f, pid, tid, 0);
	return true;
}

static bool
apply_syscall(struct replay *r, const struct event *ev)
{
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_syscall(r->lanes[i], r->cpu);
	touch_ranges(r, &ev->sys, false);
	flush_visits(r);
	if (!tell_kernel(r, ev))
		return false;
	touch_ranges(r, &ev->sys, true);
	return r->e->kind == ERR_NONE;
}

/* A named place: where the region of interest begins, or the one after. */
static void
apply_marker(struct replay *r, const char *name)
{
	const char *roi = r->opt.roi;

	if (!roi)
		return;
	if (r->counting)
		r->stopped = true;
	else if (!strcmp(name, strcmp(roi, "roi") ? roi : "roi:begin"))
		start_counting(r);
}

bool
apply_event(struct replay *r, struct event *ev)
{
	struct stream *s = r->now;

	r->n.events++;
	if (r->numbers &&
	    !numbers_event(r->numbers, (unsigned)(s - r->streams), ev))
		return true;
	if (ev->kind == EV_MARKER)
		apply_marker(r, ev->text);
	if (ev->kind == EV_TIME || ev->kind == EV_MARKER)
		return true;
	flush_visits(r);
	if (ev->kind == EV_SWITCH || ev->kind == EV_SYSCALL ||
	    ev->kind == EV_PROCESS) {
		s->pid = ev->pid;
		s->tid = ev->tid;
		settle(r);
	}
	if (ev->kind == EV_SYSCALL)
		return apply_syscall(r, ev);
	if (ev->kind == EV_EXIT && r->opt.on_exit)
		r->opt.on_exit(r->opt.ctx, r->os, ev->pid);
	return tell_kernel(r, ev);
}

/* ------------------------------------------- what the kernel tells lanes */

void
sink_kevent(void *ctx, const struct kevent *ev)
{
	struct replay *r = ctx;

	flush_visits(r);
	if (ev->kind == KEV_AS_GONE)
		for (unsigned i = 0; i < r->cpus; i++)
			if (r->on[i].as == ev->as)
				r->on[i].as = UINT32_MAX;
	if (ev->kind == KEV_FLUSH_PAGES || ev->kind == KEV_FLUSH_AS)
		mark_lazy(r);
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_kevent(r->lanes[i], r->cpu, ev);
}

void
sink_forget(void *ctx, uint16_t as, vpn from, uint64_t n)
{
	struct replay *r = ctx;

	if (n >= TABLE_SLOTS) {
		memset(r->table, 0xff, TABLE_SLOTS * sizeof(*r->table));
		return;
	}
	for (uint64_t page = from.raw; page < from.raw + n; page++) {
		struct slot *s = slot_of(r, as, page);

		if (s->key == slot_key(as, page))
			s->key = UINT64_MAX;
	}
}
