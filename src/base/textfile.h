/* textfile.h - small text files, read whole and then line by line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PAGEWALK_TEXTFILE_H
#define PAGEWALK_TEXTFILE_H

#include <stdbool.h>

struct err;

/* A whole file as a string, for the caller to free.  NULL and *e if it cannot
 * be read, is larger than 1 MiB or has zero bytes; what says what was expected
 * ("a configuration file"). */
char *textfile_read(const char *path, const char *what, struct err *e);

/* Lines for inih. */
struct text_lines {
	const char *rest; /* not yet read; "" ends the reading */
	int line;         /* number of the one read last, from 1 */
	bool too_long;    /* that one does not fit inih's buffer */
};

/* inih's reader; ctx is a struct text_lines.  Leading blanks go, so that an
 * indented line is not taken for the continuation of the one before; a line
 * that does not fit ends the reading: it is not two lines. */
char *text_next_line(char *buf, int size, void *ctx);

#endif
