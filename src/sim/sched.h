/*
 * sched.h - which CPU a thread runs on.
 *
 * A trace keeps one order of all its threads, so only one of them runs at a
 * time here; what the scheduler decides is where.  As Linux does
 * (kernel/sched/fair.c): a new thread goes to the idlest CPU
 * (sched_balance_find_dst_cpu), one that wakes up to its last CPU if that is
 * idle, else to an idle one (select_idle_sibling), and at the end of a time
 * slice a thread leaves a CPU that has at least two threads more than another
 * (load balancing).  A thread that has not run for SCHED_AWAKE slices is taken
 * to sleep.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_SCHED_H
#define SIM_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#define SCHED_AWAKE 10 /* slices; the model's own, see doc/model.md */

struct sched;

/* slice: instructions, at least 1.  Release with sched_free(). */
struct sched *sched_new(unsigned cpus, uint64_t slice);
void sched_free(struct sched *s);

/* Thread tid of process pid runs from instruction now on; its CPU. */
unsigned sched_run(struct sched *s, uint32_t pid, uint32_t tid, uint64_t now);
/* It ends.  Nothing happens if it is not known. */
void sched_end(struct sched *s, uint32_t pid, uint32_t tid);
/* The running thread has had its slice; its CPU from here on. */
unsigned sched_slice_over(struct sched *s, uint64_t now);

/* Has this CPU no thread that is awake? */
bool sched_idle(struct sched *s, unsigned cpu, uint64_t now);

/* Threads that went on on another CPU. */
uint64_t sched_migrations(const struct sched *s);

#endif
