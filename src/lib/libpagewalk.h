/*
 * libpagewalk.h - pagewalk as a library: read traces, build machines, feed
 * them references and system calls, read their counters.
 *
 *   cc program.c $(pkg-config --cflags --libs libpagewalk)
 *
 * Functions that can fail return false, NULL or -1 and fill *e (which may be
 * NULL); running out of memory ends the program.  Nothing is shared between
 * objects: each may be used by a thread of its own.  Addresses and lengths are
 * in bytes.  The manual is libpagewalk(3).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef LIBPAGEWALK_H
#define LIBPAGEWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One more for each addition; what is there keeps its meaning. */
#define PAGEWALK_API_VERSION 1

unsigned pagewalk_api_version(void); /* of the library that is linked */
const char *pagewalk_release(void);  /* "0.1.0+g1234567" */

struct pagewalk_error {
	char text[1024]; /* names the file, the place, and what was expected */
};

/* ---- traces */

typedef struct pagewalk_trace pagewalk_trace;

enum pagewalk_kind {
	PAGEWALK_FETCH, /* an instruction */
	PAGEWALK_LOAD,
	PAGEWALK_STORE,
	PAGEWALK_MODIFY,  /* one operand read and written */
	PAGEWALK_SYSCALL, /* .nr, .args, .result */
	PAGEWALK_EVENT,   /* .event */
};

struct pagewalk_item {
	enum pagewalk_kind kind;
	uint32_t pid, tid;
	uint64_t instruction; /* instructions before it, in the trace */
	uint64_t address;     /* references only */
	uint32_t bytes;
	uint32_t nr; /* x86-64's number of the call */
	uint64_t args[6];
	int64_t result;    /* of the call: >= 0, or -errno */
	const char *event; /* "fork", "exec", "exit", ...; a constant */
};

/* The file is checked as it is read; close with pagewalk_close(). */
pagewalk_trace *pagewalk_open(const char *path, struct pagewalk_error *e);
void pagewalk_close(pagewalk_trace *t);

/* What was recorded of it, such as "command"; NULL: nothing. */
const char *pagewalk_provenance(const pagewalk_trace *t, const char *key);

/* 1 and the next item, in program order; 0 at the end; -1 on damage. */
int pagewalk_next(pagewalk_trace *t, struct pagewalk_item *item,
		  struct pagewalk_error *e);

/* ---- machines */

typedef struct pagewalk_machine pagewalk_machine;

/* config: a preset's name or a file's, NULL: the default.  settings: n times
 * "KEY=VALUE", laid over it (may be NULL if n is 0). */
pagewalk_machine *pagewalk_machine_new(const char *config,
				       const char *const *settings, size_t n,
				       struct pagewalk_error *e);
void pagewalk_machine_free(pagewalk_machine *m);

/* Replay a whole trace, on a machine that has seen nothing yet. */
bool pagewalk_replay(pagewalk_machine *m, const char *trace,
		     struct pagewalk_error *e);

/* Or feed it: one process, whose whole address space is anonymous memory
 * until it maps something else.  A data reference belongs to the instruction
 * fetched before it; where there is none since the last system call or look at
 * a counter, or it had 1024 already, that instruction is fetched once more. */
bool pagewalk_reference(pagewalk_machine *m, enum pagewalk_kind kind,
			uint64_t address, uint32_t bytes,
			struct pagewalk_error *e);
/* A call of x86-64 Linux and what it returned; files cannot be named. */
bool pagewalk_syscall(pagewalk_machine *m, uint32_t nr, const uint64_t args[6],
		      int64_t result, struct pagewalk_error *e);

/* A counter by its name in doc/results.md: of `counters` ("walk_cycles"), or
 * the kernel's "minor", "major" and "signals".  So far; reading one costs
 * about as much as a hundred references. */
bool pagewalk_counter(pagewalk_machine *m, const char *name, uint64_t *value,
		      struct pagewalk_error *e);
/* All names, from 0 up; NULL after the last. */
const char *pagewalk_counter_name(unsigned i);

#ifdef __cplusplus
}
#endif

#endif
