/*
 * import_priv.h - what every importer builds on: processes that appear with
 * their first reference, references, and what is known not to be known.
 *
 * All return false once something failed; im->e says what.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_PRIV_H
#define TRACE_IMPORT_PRIV_H

#include "arch/event.h"
#include "base/map.h"
#include "trace/import.h"
#include "trace/import/calls.h"
#include "trace/import/input.h"

#define IMPORT_PID 1000u /* where the source does not number them */
#define USER_END   0x7ffffffff000u
/* References without instructions are made by one at this address. */
#define FAKE_CODE 0x7fffffffe000u

struct sys_log;

struct maps {
	struct map_desc *v;
	size_t n, cap;
	struct file_desc *files; /* ids count from 1 */
	size_t n_files, files_cap;
};

struct import {
	const struct import_options *o;
	const struct importer *from;
	struct input **in; /* n_in of them */
	unsigned n_in;
	struct trace_writer *w;
	struct err *e;

	struct maps maps;     /* from option maps */
	struct sys_log *log;  /* from option syscalls, or NULL */
	bool marked;          /* the source marks its system calls */
	struct map threads;   /* (pid << 32 | tid) -> 1 */
	struct map processes; /* pid -> 1 */
	uint32_t pid, tid;    /* running; 0: nobody yet */
	bool fetched;         /* since the last event: data may follow */
	struct descriptors descriptors;
	uint64_t dropped, fakes, calls;
	char blind[256];
};

/* Say that the source lacks this too. */
void import_lacks(struct import *im, const char *what);

/* pid/tid runs from here on; both begin to exist if they are new. */
bool import_thread(struct import *im, uint32_t pid, uint32_t tid);
bool import_exit(struct import *im, uint32_t pid, uint32_t tid);

/* References of the running thread (of IMPORT_PID if there is none).  Those
 * beyond user addresses are dropped and counted. */
bool import_fetch(struct import *im, uint64_t addr, uint32_t bytes);
bool import_data(struct import *im, enum ref_op op, uint64_t addr,
		 uint32_t bytes);
/* As import_data(), by an instruction nobody knows. */
bool import_bare(struct import *im, enum ref_op op, uint64_t addr,
		 uint32_t bytes);

bool import_event(struct import *im, struct event *ev);
void import_note(struct import *im, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* maps.c: read a /proc/PID/maps file; fill the holes (not strict). */
bool maps_read(struct maps *m, const char *path, struct err *e);
void maps_cover(struct maps *m);
void maps_code(struct maps *m); /* before maps_cover() */
void maps_free(struct maps *m);

/* The importers. */
extern const struct importer import_lackey, import_din, import_xdin,
    import_dinb, import_champsim, import_cloudsuite, import_drmemtrace,
    import_gem5, import_pinatrace, import_rw, import_pages, import_perf_mem,
    import_perf_script;

#endif
