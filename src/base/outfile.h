/*
 * outfile.h - a file that appears whole or not at all.
 *
 * Written under a temporary name in the same directory and renamed when
 * complete.  What exists and is no regular file (/dev/stdout, a pipe) is
 * written in place; "-" is standard output.  Write errors are found at the
 * latest by outfile_commit().
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_OUTFILE_H
#define BASE_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

struct err;

struct outfile {
	FILE *f;
	char *path, *temporary; /* temporary: NULL if written in place */
};

bool outfile_open(struct outfile *o, const char *path, struct err *e);

/* False and *e (ERR_FAILED) if anything did not reach the file. */
bool outfile_commit(struct outfile *o, struct err *e);

/* Leave no trace of it.  Harmless after outfile_commit(), or on an outfile
 * that is all zero. */
void outfile_discard(struct outfile *o);

#endif
