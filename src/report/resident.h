/*
 * resident.h - which pages were in memory when a process ended: the replay's
 * count against the kernel's, mapping by mapping.
 *
 * The kernel's is /proc/PID/smaps, kept as each process was about to end
 * (capture_options.smaps).  Under Valgrind its mappings are cut otherwise, so
 * each is held against what the replay has in the same range of addresses;
 * those where the replay has none are Valgrind's own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_RESIDENT_H
#define REPORT_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct os;

/* A mapping by smaps. */
struct resident_range {
	uint32_t pid;
	uint64_t start, end; /* bytes */
	uint64_t pages;      /* Rss */
};

struct resident_row {
	uint32_t pid;
	char *mapping;           /* "/usr/bin/ls r-xp" */
	uint64_t kernel, replay; /* pages */
};

struct resident {
	struct resident_range *ranges; /* as read */
	size_t n_ranges, cap_ranges;
	struct resident_row *rows; /* compared; in order of pid, address */
	size_t n_rows, cap_rows;
	uint64_t kernel, replay; /* sums */
};

/* Read what capture kept.  A file that is not there is no error: nothing is
 * compared. */
bool resident_read(struct resident *r, const char *path, struct err *e);
/* pid is about to end in the replay. */
void resident_compare(struct resident *r, const struct os *os, uint32_t pid);
void resident_free(struct resident *r);

#endif
