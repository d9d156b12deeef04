/*
 * vgstream.h - run a program under our Valgrind tool and take in what it
 * does: batches of references and events in one order, as a reader of a
 * trace hands them out.
 *
 * The tool writes to a ring of shared memory for each process (vgring.h) and
 * waits when it is full, so memory is bounded; nothing is stored on the way.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_VGSTREAM_H
#define TRACE_VGSTREAM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/event.h"
#include "trace/reader.h"

struct err;
struct vgstream;

/* The directory with our tool: beside the program in a build tree, else
 * where it is installed; PAGEWALK_VGTOOL_DIR overrides both.  NULL if there
 * is none: built without Valgrind's development files.  free() it. */
char *vgstream_tool_dir(void);

struct vgstream_options {
	const char *valgrind; /* path of Valgrind's launcher */
	const char *tool_dir;
	const char *const *words; /* more of Valgrind's options, or NULL */
	const char *smaps;        /* as in struct capture_options */
	const sigset_t *mask;     /* the program's signal mask, or NULL */
};

/* Start argv.  NULL and *e if that cannot be done. */
struct vgstream *vgstream_start(const struct vgstream_options *o,
				char *const *argv, struct err *e);
pid_t vgstream_root(const struct vgstream *s); /* the first process */

enum vg_item { VG_ERROR, VG_END, VG_WAIT, VG_REFS, VG_EVENT };

/* What comes next, as trace_next(); VG_WAIT: nothing within timeout_ms.
 * A batch's dictionary may grow from one batch to the next of its chunk;
 * blocks in it never change.  VG_END: every process has ended. */
enum vg_item vgstream_next(struct vgstream *s, int timeout_ms,
			   struct trace_batch *refs, struct event *ev,
			   struct err *e);

/* A process was seen to end (waitpid(2)): what it could not say itself. */
void vgstream_reaped(struct vgstream *s, pid_t pid, int status);

/* Signal every process there is. */
void vgstream_kill(const struct vgstream *s, int sig);

/* References seen so far, and bytes they took in the rings. */
uint64_t vgstream_references(const struct vgstream *s);
uint64_t vgstream_ring_bytes(const struct vgstream *s);

/* Release everything.  Processes that still run go on unrecorded. */
void vgstream_free(struct vgstream *s);

#endif
