/*
 * synth_priv.h - the small program that a pattern pretends to be: its code,
 * its mappings, its processes.  Only synth*.c include this.
 *
 * Every call does nothing once the writer has failed (s->fine is false), so
 * patterns check only in their loops.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_SYNTH_PRIV_H
#define TRACE_SYNTH_PRIV_H

#include "arch/event.h"
#include "base/rng.h"
#include "trace/synth.h"

struct synth {
	struct trace_writer *w;
	struct err *e;
	bool fine;
	const struct synth_options *o;
	struct rng rng;
	uint32_t pid; /* running; its one thread has the same number */
	uint32_t files;
	uint64_t text_next;            /* where the next piece of code goes */
	uint64_t text_len, turn_shift; /* copies of a loop, a page apart */
	uint64_t map_top;              /* mappings go below */
	uint64_t refs;                 /* data references so far */
	uint64_t measured_refs, measured_insns; /* before the measured part */
};

/* One instruction of a piece of code: op is -1 or an enum ref_op. */
struct insn {
	uint8_t bytes;
	int8_t op;
	uint8_t size; /* of its data */
};

#define INSN(n)          \
	{                \
		n, -1, 0 \
	}
#define LOAD(n, s)             \
	{                      \
		n, REF_LOAD, s \
	}
#define STORE(n, s)             \
	{                       \
		n, REF_STORE, s \
	}
#define MODIFY(n, s)             \
	{                        \
		n, REF_MODIFY, s \
	}

/* A straight piece of code: PIECE(array) before use, synth_place() once. */
struct piece {
	const struct insn *insns;
	unsigned n;
	uint64_t start;
};

#define PIECE(array)                                         \
	{                                                    \
		array, sizeof(array) / sizeof((array)[0]), 0 \
	}

void synth_place(struct synth *s, struct piece *p);

/* Run it once; data: an address for each instruction that has data. */
void synth_exec(struct synth *s, const struct piece *p, const uint64_t *data);

/* The next copy of the loop (option code). */
void synth_turn(struct synth *s);

/* System calls by the running process.  synth_map() returns the address. */
void synth_syscall(struct synth *s, const struct syscall_desc *sys);
uint64_t synth_map(struct synth *s, uint64_t len, unsigned prot, unsigned flags,
		   uint32_t file, uint64_t file_size);
void synth_map_at(struct synth *s, uint64_t addr, uint64_t len);
void synth_call(struct synth *s, uint32_t nr, uint64_t a, uint64_t b,
		uint64_t c, int64_t ret);

/* A file of its own, opened: its number. */
uint32_t synth_file(struct synth *s, enum file_kind kind, const char *path,
		    uint64_t size);

/* Anonymous private memory of the footprint, made huge and written once a
 * page as the options say. */
uint64_t synth_arena(struct synth *s, uint64_t bytes);

/* Write one word in each page, in order. */
void synth_touch(struct synth *s, uint64_t start, uint64_t bytes);

/* Preparations end here. */
void synth_measure(struct synth *s);

/* More data references to make? */
bool synth_more(const struct synth *s);

void synth_fork(struct synth *s, uint32_t child);
void synth_switch(struct synth *s, uint32_t pid);
void synth_exit(struct synth *s); /* of the running process */

/* The patterns. */
bool synth_linear(struct synth *s);
bool synth_uniform(struct synth *s);
bool synth_zipf(struct synth *s);
bool synth_gups(struct synth *s);
bool synth_chase(struct synth *s);
bool synth_file_read(struct synth *s);
bool synth_btree(struct synth *s);
bool synth_hashjoin(struct synth *s);
bool synth_sharing(struct synth *s);
bool synth_forks(struct synth *s);
bool synth_churn(struct synth *s);

#endif
