/*
 * input.h - a fuzz target's bytes as a file that has a path.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One file in memory; all zero: not there yet. */
struct memory_file {
	int fd;
	char path[40];
};

/* Give it these contents. */
static inline void
memory_file_fill(struct memory_file *m, const void *data, size_t size)
{
	if (!m->fd)
		m->fd = memfd_create("fuzz", 0);
	snprintf(m->path, sizeof(m->path), "/proc/self/fd/%d", m->fd);
	if (m->fd <= 0 || ftruncate(m->fd, 0) ||
	    pwrite(m->fd, data, size, 0) != (ssize_t)size)
		abort();
}

#endif
