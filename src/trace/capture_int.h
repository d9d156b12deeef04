/*
 * capture_int.h - what the parts of a capture share: the processes being
 * followed, and the one order their events are put in.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CAPTURE_INT_H
#define TRACE_CAPTURE_INT_H

#include "base/err.h"
#include "trace/capture.h"
#include "trace/capture_files.h"
#include "trace/capture_gate.h"
#include "trace/lackey.h"
#include "trace/page_cache.h"
#include "trace/syscalls.h"
#include "trace/writer.h"

#define MAX_THREADS 512  /* Valgrind's own limit is 500 */
#define FD_ROOM     1000 /* descriptors beyond the program's, for Valgrind */

struct thread {
	uint32_t tid; /* the kernel's; 0: no such thread */
	bool pending; /* call has begun and not ended */
	struct lackey_call call;
	struct user_ranges vectors; /* read while call was held */
	uint64_t clear_tid;         /* cleared by the kernel at its end */
};

struct vgstream;

struct process {
	struct capture *cap;
	struct process *next;
	uint32_t pid;
	int pidfd;
	int log; /* our end of the log's pipe, -1: none */
	struct lackey parser;
	char *buf;
	size_t used;
	uint64_t bytes_read; /* of all its logs */
	bool stopped;        /* the parser stands before unread text */
	uint32_t hold;       /* vfork: wait for this child's exec or exit */
	bool execed;         /* since it was made */
	bool exited;         /* EV_EXIT is out */
	bool dead;           /* the kernel says so */
	uint32_t fatal;      /* signal that ends it */
	struct fd_table fds;
	struct thread *threads[MAX_THREADS]; /* by Valgrind's number */
	/* Threads made that have not run yet, oldest first. */
	struct {
		uint32_t tid;
		uint64_t clear_tid;
	} unstarted[MAX_THREADS];
	unsigned n_unstarted;
};

/* A held call that waits until the log before it has been read. */
struct held {
	struct gate_call call;
	uint32_t pid;
	bool opens_log;
	uint32_t parent; /* of a process not known yet */
	uint64_t until;  /* bytes_read of the process, or of its parent */
};

struct capture {
	const struct capture_options *opt;
	struct trace_writer *out;
	struct err err;
	bool failed;         /* err says why */
	int ending;          /* the signal that asked us to stop, or 0 */
	bool full;           /* max_refs reached */
	bool own_tool;       /* not lackey */
	struct vgstream *vg; /* our tool's, or NULL: lackey */
	bool in_roi;         /* its markers say so */
	struct gate gate;
	struct files files;
	struct page_cache page_cache;
	struct map mapped; /* numbers of files that have been mapped */
	struct process *processes;
	pid_t root;
	int root_status;
	bool root_reaped;
	uint64_t fd_limit;  /* soft limit of descriptors that a program gets */
	unsigned skip_args; /* Valgrind's words on a command line */
	char log_prefix[64];
	double started, next_time; /* seconds, monotonic */
	/* Whose references are being written. */
	uint32_t pid, tid;
	const struct process *current;
	bool fetched; /* since the last event: data belongs to something */
	uint64_t skip_left, refs;
	unsigned untraced;         /* processes that never had a log */
	uint64_t lost;             /* calls whose result never came */
	struct user_ranges ranges; /* scratch */
	struct held *held;
	size_t n_held, held_cap;
};

/* capture_proc.c: processes and their logs */
struct process *process_find(struct capture *c, uint32_t pid);
struct process *process_new(struct capture *c, uint32_t pid);
struct thread *process_thread(struct process *p, uint32_t number);
struct thread *process_thread_by_tid(struct process *p, uint32_t tid);
void process_free(struct process *p);
/* Read what there is of p's log, a bounded slice; bytes read. */
size_t process_read(struct process *p);
/* Read all of it; its writer stands still or is dead. */
void process_drain(struct process *p);
void process_set_log(struct process *p, int log);
/* Close the books on every process that is dead. */
void processes_reap(struct capture *c);

/* capture_event.c: what logs say, as events */
extern const struct lackey_sink capture_sink;
void emit(struct capture *c, struct process *p, uint32_t tid, struct event *ev);
void emit_file(void *ctx, const struct file_desc *f);
/* What the page cache has of a file, found at path, if that is news. */
void emit_cache(struct capture *c, const struct file_desc *f, const char *path);
void emit_exit(struct process *p, uint32_t status);
void emit_image(struct process *p, uint8_t kind);
/* Thread number of p makes process pid: say so, and follow it. */
bool begin_fork(struct process *p, uint32_t number, uint32_t pid);
/* The thread whose fork(2) or the like has begun and not ended; 0: none. */
uint32_t pending_fork(struct process *p);
/* The pending call of a thread ended with ret. */
void finish_call(struct process *p, struct thread *t, int64_t ret);

/* capture_vg.c: the back end with our own tool */
extern const char capture_vg_blind[];
bool capture_vg_launch(struct capture *c, const char *valgrind,
		       char *const *argv, const sigset_t *mask);
/* Write some of what comes; false when all has ended. */
bool capture_vg_step(struct capture *c);

/* capture_hold.c: held calls */
/* Take all calls that wait; let those go on whose logs have been read. */
void held_take(struct capture *c);
void held_release(struct capture *c);

#endif
