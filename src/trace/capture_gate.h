/*
 * capture_gate.h - hold a captured process at chosen system calls.
 *
 * Valgrind runs under a seccomp filter whose listener is ours (Linux 5.14,
 * seccomp(2), seccomp_unotify(2)).  A filtered call waits until we let it
 * go on, which gives three things that reading a log afterwards cannot:
 *  - the log: the "file" that Valgrind creates is a pipe of ours, so the
 *    text is never stored and a writer that is ahead of us waits;
 *  - an image's mappings are read when they are complete and before the
 *    program's first instruction;
 *  - a descriptor is closed, and a process ends, only after everything it
 *    did before has been read, so /proc/PID/fd still says what the
 *    descriptors in the log stood for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CAPTURE_GATE_H
#define TRACE_CAPTURE_GATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct seccomp_notif;

struct gate {
	int listener; /* -1: closed */
	struct seccomp_notif *request;
	size_t request_bytes;
};

/* A call that waits. */
struct gate_call {
	uint64_t id;
	uint32_t tid; /* the thread that makes it */
	uint32_t nr;
	uint64_t args[6];
};

/* Start argv (argv[0] is a path) under the filter, with mask as its signal
 * mask.  The new process's id, or -1 and *e. */
pid_t gate_launch(struct gate *g, char *const *argv, const sigset_t *mask,
		  struct err *e);
void gate_close(struct gate *g);

/* The next call that waits; false if there is none now.  poll(2) on
 * g->listener says when there is. */
bool gate_next(struct gate *g, struct gate_call *call);

/* Is the caller still waiting (and so still the same process)? */
bool gate_valid(const struct gate *g, uint64_t id);

/* Let it go on. */
void gate_pass(const struct gate *g, uint64_t id);

/* It asked to open a file: give it our descriptor fd instead, as its
 * number target (closed on exec).  False if the caller is gone. */
bool gate_give(const struct gate *g, uint64_t id, int fd, int target);

#endif
