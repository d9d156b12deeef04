/*
 * os.c - the modelled kernel as a whole: made, told of events, ended.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "os/internal.h"

static void
no_kevent(void *ctx, const struct kevent *ev)
{
	(void)ctx;
	(void)ev;
}

static void
no_forget(void *ctx, uint16_t as, vpn from, uint64_t n)
{
	(void)ctx;
	(void)as;
	(void)from;
	(void)n;
}

struct os *
os_new(const struct os_config *cfg, const struct os_sink *sink, struct err *e)
{
	struct os *os = xcalloc(1, sizeof(*os));

	os->cfg = *cfg;
	os->sink = sink ? *sink : (struct os_sink){0};
	if (!os->sink.kevent)
		os->sink.kevent = no_kevent;
	if (!os->sink.forget)
		os->sink.forget = no_forget;
	if (cfg->folio_order > HUGE_ORDER || cfg->folio_max > HUGE_ORDER ||
	    (cfg->fault_around_bytes && !is_pow2(cfg->fault_around_bytes))) {
		err_set(e, ERR_INPUT,
			"os.folio_order: %u, os.folio_max: %u, "
			"os.fault_around_bytes: %llu: expected at most 9, and "
			"a power of two",
			cfg->folio_order, cfg->folio_max,
			(unsigned long long)cfg->fault_around_bytes);
		free(os);
		return NULL;
	}
	if (frames_init(os, e) && hugetlb_init(os, e))
		return os;
	os_free(os);
	return NULL;
}

/* Also after an event that was refused: gives everything back. */
void
os_free(struct os *os)
{
	if (!os)
		return;
	procs_exit_all(os);
	inodes_free(os);
	procs_free(os);
	areas_free(os);
	for (unsigned i = 0; i < MISMATCH_KEPT; i++)
		free(os->mismatch[i]);
	swap_free(os);
	hugetlb_free(os);
	map_free(&os->killed);
	frames_free(os);
	free(os);
}

void
work_flush(struct os *os)
{
	struct kevent ev = {.kind = KEV_WORK, .work = os->work};
	static const struct kwork none;

	if (memcmp(&os->work, &none, sizeof(none)) == 0)
		return;
#define X(field, help) os->stats.work.field += os->work.field;
	KWORK_FIELDS(X)
#undef X
	os->work = none;
	os->sink.kevent(os->sink.ctx, &ev);
}

void
daemons(struct os *os)
{
	if (flusher_is_due(os))
		flusher_run(os);
	if (khugepaged_is_due(os))
		khugepaged_run(os);
}

static bool
sys_event(struct os *os, const struct event *ev, struct err *e)
{
	struct task *t = task_find(os, ev->pid, ev->tid);
	uint64_t swapped_in = os->stats.swapped_in;
	bool done;

	if (!t)
		return err_set(e, ERR_INPUT,
			       "system call %u of process %u, thread %u, which "
			       "is not there",
			       ev->sys.nr, ev->pid, ev->tid);
	os->stats.syscalls++;
	done = syscall_event(os, t, ev, e);
	paging_count(os, t->proc, swapped_in);
	return done;
}

bool
os_event(struct os *os, const struct event *ev, uint64_t insn, struct err *e)
{
	bool done = true;

	os->insn = max_u64(os->insn, insn);
	daemons(os);
	if (oom_skips(os, ev))
		return true;
	os->in_event = true;
	os->acting = map_get_ptr(&os->live, ev->pid);
	switch (ev->kind) {
	case EV_FILE:
		if (ev->file.id == FILE_NONE)
			return err_set(e, ERR_INPUT, "file number 0");
		inode_define(os, &ev->file);
		break;
	case EV_CACHE:
		cache_recorded(os, &ev->cache);
		break;
	case EV_SYSCALL:
		done = sys_event(os, ev, e);
		break;
	case EV_SIGNAL:
	case EV_MARKER:
	case EV_TIME:
	case EV_END:
		break;
	default:
		done = proc_event(os, ev, e);
	}
	if (oom_end_event(os)) {
		*e = (struct err){0};
		done = true;
	}
	work_flush(os);
	if (done && os->event_oom)
		return err_set(e, ERR_REFUSED,
			       "out of modelled memory in an event of process "
			       "%u; %u frames are too few",
			       ev->pid, os->n_frames);
	return done;
}

struct task *
os_task(struct os *os, uint32_t pid, uint32_t tid)
{
	return task_find(os, pid, tid);
}

uint16_t
os_task_as(const struct task *t)
{
	return t->proc->mm->as;
}

struct as_view
os_as_view(const struct os *os, uint16_t as)
{
	BUG_ON(as >= os->n_spaces || !os->spaces[as]);
	return (struct as_view){os->spaces[as]->root};
}

const struct physmem *
os_physmem(const struct os *os)
{
	return &os->mem;
}

/* Faults that an event took ----------------------------------------------- */

void
pending_push(struct os *os, const struct fault *f, const struct task *t)
{
	unsigned at = (os->pending_first + os->pending_n) % PENDING_MAX;

	if (os->pending_n == PENDING_MAX)
		return;
	os->pending[at] =
	    (struct pending){.f = *f, .pid = t->pid, .tid = t->tid};
	os->pending_n++;
}

bool
os_pending_fault(struct os *os, struct fault *f, uint32_t *pid, uint32_t *tid)
{
	struct pending *p = &os->pending[os->pending_first];

	if (!os->pending_n)
		return false;
	*f = p->f;
	*pid = p->pid;
	*tid = p->tid;
	os->pending_first = (os->pending_first + 1) % PENDING_MAX;
	os->pending_n--;
	return true;
}

/* What there is to know --------------------------------------------------- */

uint32_t
os_process_count(const struct os *os)
{
	return (uint32_t)os->n_procs;
}

void
os_process(const struct os *os, uint32_t i, struct os_process *out)
{
	const struct process *p = os->procs[i];
	const struct mm *mm = p->mm;

	*out = (struct os_process){.pid = p->pid,
				   .parent = p->parent,
				   .exe = p->exe,
				   .minor = p->minor,
				   .major = p->major,
				   .max_rss_pages = p->max_rss,
				   .paging = p->paging,
				   .exited = p->exited,
				   .status = p->status};
	if (!mm)
		return;
	out->rss_pages = mm->rss_anon + mm->rss_file + mm->rss_shm;
	out->max_rss_pages = max_u64(p->max_rss, mm->max_rss);
}

void
os_stats(const struct os *os, struct os_stats *out)
{
	*out = os->stats;
	out->frames = os->n_frames;
	out->frames_free = os->n_free;
	out->frames_peak_used = os->peak_used;
	out->page_cache_pages = os->kind_n[FR_FILE] + os->kind_n[FR_SHM];
	out->table_pages = os->kind_n[FR_TABLE];
	out->table_pages_peak = os->peak_tables;
	out->swap_pages = os->swap.used;
	out->swap_pages_peak = os->swap.peak;
}

const char *
os_mismatch(const struct os *os, uint32_t i)
{
	return i < MISMATCH_KEPT ? os->mismatch[i] : NULL;
}

const char *
os_oom_text(const struct os *os)
{
	return os->oom_text[0] ? os->oom_text : NULL;
}

void
os_shutdown(struct os *os)
{
	procs_exit_all(os);
	inodes_drop_caches(os);
	if (os->huge_zero)
		frame_release(os, os->huge_zero, HUGE_ORDER);
	os->huge_zero = 0;
	hugetlb_shutdown(os);
	work_flush(os);
	frames_check(os);
	if (os->swap.used)
		BUG("%llu swap slots were not freed",
		    (unsigned long long)os->swap.used);
	if (os->n_free == os->n_frames - 1)
		return;
	BUG("%llu frames were not freed: %llu anonymous, %llu page cache, "
	    "%llu shared memory, %llu page tables, %llu huge",
	    (unsigned long long)(os->n_frames - 1 - os->n_free),
	    (unsigned long long)os->kind_n[FR_ANON],
	    (unsigned long long)os->kind_n[FR_FILE],
	    (unsigned long long)os->kind_n[FR_SHM],
	    (unsigned long long)os->kind_n[FR_TABLE],
	    (unsigned long long)(os->kind_n[FR_HUGE_ZERO] +
				 os->kind_n[FR_HUGETLB]));
}
