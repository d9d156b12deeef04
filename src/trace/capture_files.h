/*
 * capture_files.h - what a captured program's descriptors stand for.
 *
 * The log has descriptor numbers; a trace has files.  An entry is looked up
 * in /proc/PID/fd when it is first used, which is exact: the gate holds every
 * close until what came before it has been read (capture_gate.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_CAPTURE_FILES_H
#define TRACE_CAPTURE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "arch/event.h"
#include "base/map.h"

/* All files of a capture, numbered from 1. */
struct files {
	struct file_desc *items; /* items[i].id == i + 1; paths are owned */
	uint64_t *sizes;         /* as last known */
	size_t n, cap;
	struct map by_key; /* hash of (dev, inode) -> id, chained by next */
	uint32_t *next;
	/* Called once for each file, before its number is handed out. */
	void (*announce)(void *ctx, const struct file_desc *f);
	void *ctx;
	const char *link; /* in announce(): a path to the file, or NULL */
};

void files_free(struct files *f);

/* The number of the file behind st; path is copied if it is new. */
uint32_t files_add(struct files *f, const struct stat *st, uint8_t kind,
		   const char *path);

/* The number of a System V segment of so many bytes. */
uint32_t files_add_sysv(struct files *f, int shmid, uint64_t size);
/* How large it is now; 0 if it does not exist. */
uint64_t sysv_size(int shmid);

/* Stat a /proc/PID/{fd,map_files}/NAME link or a path; 0 if it fails. */
uint32_t files_add_link(struct files *f, const char *link, struct stat *st);

const struct file_desc *files_get(const struct files *f, uint32_t id);
uint64_t files_size(const struct files *f, uint32_t id);
void files_set_size(struct files *f, uint32_t id, uint64_t size);

/* An open file: what open(2) makes and dup(2) and fork(2) share. */
struct open_file {
	unsigned refs;
	uint32_t file;
	uint32_t flags; /* O_* */
	uint64_t pos;
};

/* One process's descriptors, as far as they have been needed. */
struct fd_table {
	struct map fds; /* number -> struct open_file * */
};

void fds_free(struct fd_table *t);
void fds_copy(struct fd_table *to, const struct fd_table *from);

/* The open file of descriptor fd of process pid; NULL if there is none. */
struct open_file *fds_get(struct fd_table *t, struct files *f, pid_t pid,
			  uint32_t fd);
/* fd was just opened: at the start of its file.  Looks it up. */
void fds_opened(struct fd_table *t, struct files *f, pid_t pid, uint32_t fd);
void fds_closed(struct fd_table *t, uint32_t fd);
void fds_closed_range(struct fd_table *t, uint32_t first, uint32_t last);
void fds_dup(struct fd_table *t, struct files *f, pid_t pid, uint32_t from,
	     uint32_t to);

/* Look at all descriptors of a process that stands still (at its start, or
 * at exec): positions are exact then, those closed on exec are gone. */
void fds_scan(struct fd_table *t, struct files *f, pid_t pid);

#endif
