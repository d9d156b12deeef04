/*
 * symbols.h - what a place in a program file is called: its function, and the
 * line of source if there is debug information (elfutils' libdwfl).
 *
 * The file is the one that has the path now; a trace does not hold it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_SYMBOLS_H
#define REPORT_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct symbols;

struct symbol {
	const char *function; /* NULL: not known; valid until symbols_free() */
	const char *file;     /* of source; NULL: not known */
	int line;
};

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);

/* What is at this offset of the file at path. */
struct symbol symbols_find(struct symbols *s, const char *path,
			   uint64_t offset);

#endif
