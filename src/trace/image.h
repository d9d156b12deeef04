/*
 * image.h - a program's memory as it is when its first instruction runs.
 *
 * Under Valgrind the program's own mappings and Valgrind's share one address
 * space; image_read() tells them apart.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMAGE_H
#define TRACE_IMAGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "arch/event.h"

struct files;

struct image {
	struct image_desc desc; /* points into what follows */
	struct map_desc *maps;
	size_t cap;
	char *exe, *args;
};

/* Read the image of process pid, which must stand still.  skip_args: words
 * at the start of its command line that are Valgrind's.  False if the process
 * is gone or shows nothing. */
bool image_read(struct image *im, struct files *files, pid_t pid,
		unsigned skip_args);
void image_free(struct image *im);

/* Is a mapping at start..end one of Valgrind's own?  path: of its file, ""
 * if anonymous. */
bool image_is_valgrinds(uint64_t start, uint64_t end, const char *path);

#endif
