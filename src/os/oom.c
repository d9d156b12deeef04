/*
 * oom.c - out of memory: who is killed, and what is left out after it
 * (mm/oom_kill.c).
 *
 * Whoever finds no frame and nothing to reclaim kills the process with the most
 * pages: resident, in swap, and page tables (oom_badness(); all have an
 * oom_score_adj of 0).  What the trace says of it from then on did not happen.
 * If it is the one that asked, it gets no frame, and dies when its fault or its
 * event is over.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <signal.h>
#include <stdio.h>

#include "os/internal.h"

static uint64_t
badness(const struct mm *mm)
{
	return mm->rss_anon + mm->rss_file + mm->rss_shm + mm->swapped +
	       mm->tables;
}

static struct process *
worst(struct os *os)
{
	struct process *best = NULL;

	for (size_t i = 0; i < os->n_procs; i++) {
		struct process *p = os->procs[i];

		if (p->mm && (!best || badness(p->mm) > badness(best->mm)))
			best = p;
	}
	return best;
}

static void
tell(struct os *os, const struct process *p)
{
	const struct mm *mm = p->mm;

	if (os->stats.oom_kills++)
		return; /* the first says why */
	snprintf(
	    os->oom_text, sizeof(os->oom_text),
	    "out of modelled memory: killed process %u (%s): pages: %llu "
	    "anonymous, %llu of files, %llu shared, %llu in swap, %llu "
	    "page tables; of %u frames %llu are free, %llu anonymous, "
	    "%llu page cache, %llu shared memory, %llu page tables",
	    p->pid, p->exe, (unsigned long long)mm->rss_anon,
	    (unsigned long long)mm->rss_file, (unsigned long long)mm->rss_shm,
	    (unsigned long long)mm->swapped, (unsigned long long)mm->tables,
	    os->n_frames, (unsigned long long)os->n_free,
	    (unsigned long long)os->kind_n[FR_ANON],
	    (unsigned long long)os->kind_n[FR_FILE],
	    (unsigned long long)os->kind_n[FR_SHM],
	    (unsigned long long)os->kind_n[FR_TABLE]);
}

/* All that share its memory die with it. */
static void
kill_all_of(struct os *os, struct mm *mm)
{
	for (size_t i = 0; i < os->n_procs; i++) {
		struct process *p = os->procs[i];

		if (p->mm != mm)
			continue;
		map_put(&os->killed, p->pid, 1);
		proc_exit(os, p, SIGKILL);
	}
}

/* Whose fault or event is being handled; NULL: nobody's. */
static struct mm *
asking(const struct os *os)
{
	if (os->in_event)
		return os->acting ? os->acting->mm : NULL;
	return os->faulting;
}

/* True: somebody's memory is free now, ask again.  False: it is the one that
 * asked, or there is nobody to kill. */
bool
oom_kill(struct os *os)
{
	struct mm *mm = asking(os);
	struct process *p = worst(os);

	if (os->doomed || (!mm && !os->in_event))
		return false;
	if (!p) {
		os->event_oom = true;
		return false;
	}
	tell(os, p);
	if (p->mm == mm || p->mm == os->newborn) {
		os->doomed = true;
		return false;
	}
	kill_all_of(os, p->mm);
	return true;
}

/* A fault has ended; if it was taken inside an event that one goes on. */
void
oom_finish(struct os *os)
{
	struct mm *mm = os->faulting;

	os->faulting = NULL;
	if (os->in_event)
		return;
	if (os->doomed)
		kill_all_of(os, mm);
	os->doomed = false;
}

/* An event has ended.  True: of somebody who is dead now, whatever it said. */
bool
oom_end_event(struct os *os)
{
	struct process *p = os->acting;

	os->in_event = false;
	os->acting = NULL;
	if (!os->doomed)
		return false;
	os->doomed = false;
	if (p && p->mm)
		kill_all_of(os, p->mm);
	return p;
}

/* Is this event of somebody who was killed?  Its children never were. */
bool
oom_skips(struct os *os, const struct event *ev)
{
	uint64_t killed;

	if (!os->killed.used || !map_get(&os->killed, ev->pid, &killed))
		return false;
	if (ev->kind == EV_PROCESS || ev->kind == EV_FILE ||
	    ev->kind == EV_CACHE)
		return false;
	if (ev->kind == EV_FORK)
		map_put(&os->killed, ev->fork.child_pid, 1);
	if (ev->kind == EV_EXIT)
		map_remove(&os->killed, ev->pid);
	os->stats.oom_skipped_events++;
	return true;
}

bool
os_was_killed(const struct os *os, uint32_t pid)
{
	uint64_t killed;

	return os->killed.used && map_get(&os->killed, pid, &killed);
}
