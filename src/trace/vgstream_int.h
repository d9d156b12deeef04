/*
 * vgstream_int.h - what the parts of vgstream share.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_VGSTREAM_INT_H
#define TRACE_VGSTREAM_INT_H

#include <stdio.h>

#include "base/err.h"
#include "base/map.h"
#include "trace/capture_files.h"
#include "trace/page_cache.h"
#include "trace/vgblocks.h"
#include "trace/vgring.h"
#include "trace/vgstream.h"

#define BATCH_BLOCKS_MOST 4096u
#define BATCH_ADDRS_MOST  16384u
#define EVENTS_MOST       8u

/* One traced process, and its ring. */
struct stream {
	struct stream *next;
	struct vgring_slot *slot;
	uint32_t slot_nr;
	uint8_t *ring;
	uint64_t pos;   /* read up to here */
	uint64_t clear; /* zero, and given back, up to here */
	uint64_t head;  /* committed up to here, when last looked */
	uint64_t seq;   /* of the segment under way */
	uint64_t bound; /* what comes next has at least this number */
	uint32_t pid, tid;
	struct vg_numbers numbers;
	bool exited;          /* EV_EXIT is out */
	bool dead;            /* its process is gone */
	bool remains;         /* what it had not committed is counted in */
	int status;           /* from waitpid(2); -1 unknown */
	double silent;        /* since when it held others up; 0: it does not */
	struct stream *hold;  /* vfork: until this child's exec or exit; wait:
				 until its exit */
	bool execed;          /* since it was made */
	struct map clear_tid; /* thread -> where its number is cleared */
	/* being put together */
	struct user_range *ranges;
	size_t n_ranges, ranges_cap;
	struct map_desc *maps;
	size_t n_maps, maps_cap;
	struct image_desc image;
	char *exe, *args;
	struct syscall_desc exec; /* the call that makes it; n_ranges apart */
	uint32_t exec_tid;        /* who called; 0: nobody */
	uint32_t parent;
	bool is_exec;
};

struct vgstream {
	pid_t root;
	int fd;
	struct vgring_ctl *ctl;
	struct stream *streams;
	struct vg_blocks blocks;
	struct files files;
	struct page_cache page_cache;
	FILE *smaps;         /* or NULL */
	struct map mapped;   /* numbers of files that have been mapped */
	struct map file_ids; /* file_key() of device and inode -> number */
	uint64_t until;      /* segments up to this number may be read */
	double looked;       /* when processes were last looked after */
	struct err err;
	bool failed;

	/* what is handed out */
	uint32_t pid, tid; /* whose references these are, as last said */
	uint16_t *ids;
	uint64_t *addrs;
	uint32_t n_ids, n_addrs;
	bool flush; /* the batch must go out before anything else */
	uint64_t insns, first_insn, references, ring_bytes;
	struct event events[EVENTS_MOST]; /* ready, after the batch */
	unsigned n_events, next_event;
	uint64_t time_base, time_last;
	char *text;

	uint8_t *record; /* the control record, aligned */
};

/* vgrecord.c: read records of st up to st->head, until a batch is full, an
 * event is ready, or a segment begins beyond vs->until. */
void read_records(struct vgstream *vs, struct stream *st);
/* Count as committed what a process wrote and was killed before it could
 * commit. */
void commit_remains(struct stream *st);
void put_exit(struct vgstream *vs, struct stream *st, uint32_t status);
void put_file_event(void *ctx, const struct file_desc *f);

/* vgstream.c */
struct vgstream *vgstream_open(struct err *e); /* rings, and no program yet */
struct stream *stream_new(struct vgstream *vs, uint32_t slot);
void set_dead(struct stream *st); /* what it wrote is all there is */

#endif
