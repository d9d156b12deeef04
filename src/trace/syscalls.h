/*
 * syscalls.h - x86-64 Linux system calls: which user memory each reads and
 * writes, and what it does with descriptors.
 *
 * Sources: the manual pages (section 2) for arguments and lengths; the
 * kernel's own code (fs/, kernel/, mm/, net/ of Linux 6.1) for the order in
 * which user memory is touched.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_SYSCALLS_H
#define TRACE_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/event.h"

/* What a successful call does to the caller's descriptors. */
enum fd_effect {
	FDE_NONE,
	FDE_NEW,   /* the result is a new descriptor, at the file's start */
	FDE_DUP,   /* the result is another name of the one in .fd */
	FDE_CLOSE, /* .fd is gone */
	FDE_CLOSE_RANGE,
	FDE_FCNTL, /* FDE_DUP if the command is one of F_DUPFD* */
	FDE_READ,  /* moves the file's position by the result */
	FDE_WRITE, /* the same, and may make the file longer */
	FDE_PREAD, /* position is an argument: the fourth */
	FDE_PWRITE,
	FDE_SEEK,
	FDE_TRUNCATE, /* new size in the second argument */
};

struct syscall_row {
	uint16_t nr;
	int8_t fd; /* which argument is a descriptor; -1: none */
	uint8_t effect;
	const char *name;
	const char *memory; /* see syscalls.c */
};

/* NULL: not in the table. */
const struct syscall_row *syscall_find(uint32_t nr);
const struct syscall_row *syscall_row(size_t i); /* all; NULL at the end */

/* A call as far as it is known. */
struct syscall_use {
	uint64_t args[6];
	int64_t strings[6]; /* lengths without NUL, -1 unknown */
	int64_t ret;
	/* Contents of the vectors it uses (iovec, msghdr), in order. */
	const struct user_range *vectors;
	uint32_t n_vectors;
};

/* A growing array; an all-zero one is empty.  free(.items). */
struct user_ranges {
	struct user_range *items;
	size_t n, cap;
};

/* Add a range; one that continues the last is joined to it. */
void ranges_add(struct user_ranges *r, uint64_t addr, uint64_t len, bool write);

/* Append the user memory that the call touched, in order. */
void syscall_ranges(const struct syscall_row *row,
		    const struct syscall_use *use, struct user_ranges *out);

/* Is .memory well formed?  For the test. */
bool syscall_row_valid(const struct syscall_row *row);

#endif
