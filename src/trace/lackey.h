/*
 * lackey.h - read what Valgrind's lackey writes: one log, one process image.
 *
 * The text is that of Valgrind 3.19 with --trace-mem=yes --trace-syscalls=yes
 * --trace-sched=yes --trace-signals=yes: references ("I  addr,size",
 * " L ", " S ", " M "), system calls ("SYSCALL[pid,tid](nr) ..."), and the
 * scheduler's and signal code's remarks ("--pid--   SCHED[n]: ...").
 * A log is not trusted: file names that the program passes to the kernel
 * stand in it unquoted, and it may end anywhere.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_LACKEY_H
#define TRACE_LACKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/block.h"

#define LACKEY_ARGS     6
#define LACKEY_MAX_LINE 65536 /* a longer line is dropped */

/* A system call as printed before it runs. */
struct lackey_call {
	uint32_t thread; /* Valgrind's number, from 1 */
	uint32_t nr;     /* x86-64 */
	unsigned n_args; /* how many were printed */
	uint64_t args[LACKEY_ARGS];
	int64_t strings[LACKEY_ARGS]; /* bytes of the string printed for an
					 argument, without NUL; -1: none */
};

/* A signal delivered to a thread. */
struct lackey_signal {
	uint32_t thread, number;
	int32_t code;
	uint64_t address; /* of the fault, if has_address */
	bool has_address;
	bool fatal; /* the process ends by it */
};

/* What the parser finds, in the order of the log.  Each returns false to
 * stop lackey_parse() after the line it stands on. */
struct lackey_sink {
	bool (*fetch)(void *ctx, uint64_t addr, uint32_t bytes);
	bool (*data)(void *ctx, enum ref_op op, uint64_t addr, uint32_t bytes);
	/* What follows is by this thread. */
	bool (*thread)(void *ctx, uint32_t thread);
	/* A call is about to be made; the same call may come twice. */
	bool (*call)(void *ctx, const struct lackey_call *call);
	/* The pending call of thread returned ret (-errno: failed). */
	bool (*result)(void *ctx, uint32_t thread, int64_t ret);
	bool (*fork)(void *ctx, uint32_t child);
	bool (*signal)(void *ctx, const struct lackey_signal *sig);
};

struct lackey {
	const struct lackey_sink *sink;
	void *ctx;
	uint32_t thread;     /* who is running */
	uint32_t last_call;  /* thread of the call printed last; 0: none open */
	uint64_t fault_addr; /* of the last SIGSEGV or SIGBUS reported */
	bool has_fault;
	int64_t interrupted; /* result of a call a signal interrupted */
	uint32_t interrupted_thread;
	uint64_t lines, references, dropped; /* dropped: lines too long */
};

void lackey_init(struct lackey *p, const struct lackey_sink *sink, void *ctx);

/* Take whole lines from buf; returns the bytes taken.  Stops early (*stopped)
 * where the sink says so. */
size_t lackey_parse(struct lackey *p, const char *buf, size_t n, bool *stopped);

/* How much of buf ends with a whole instruction: data references come on the
 * lines after their fetch, and some may not have been written yet. */
size_t lackey_whole(const char *buf, size_t n);

/* The log stands still in the middle of a line: if that is a system call's,
 * tell the sink (its result will follow with the rest of the line). */
void lackey_peek(struct lackey *p, const char *buf, size_t n);

/* One line that is no reference, without its newline. */
bool lackey_text(struct lackey *p, const char *line, size_t n);

#endif
