/*
 * opt.h - command-line options from tables, over getopt_long(3).
 *
 * The table parses, prints --help, and feeds the completion and the check of
 * the man page; there is no second list of options anywhere.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>

enum opt_type {
	OPT_FLAG,   /* no argument; sets bool */
	OPT_STRING, /* const char * */
	OPT_U64,    /* uint64_t; takes K, M, G, T suffixes (powers of 1024)
		       and k, m, g (powers of 1000) */
	OPT_LIST,   /* struct opt_list: may be given several times */
};

struct opt_list {
	const char **items; /* the array is the caller's to free() */
	unsigned n;
};

/* Ends with name == NULL.  offset: of the member in the struct that
 * opt_parse() fills, which the caller has set to the defaults. */
struct opt_spec {
	const char *name; /* long name, without dashes */
	char letter;      /* or 0 */
	enum opt_type type;
	const char *arg;  /* "FILE", NULL for a flag */
	const char *help; /* may hold newlines */
	size_t offset;
};

struct err;

/* Parse argv (argv[0] is the subcommand).  Options end at "--" or the first
 * word that is no option when stop_at_word, else may follow words.  Fills
 * *values, sets *first to the index of the first word left.  False and *e
 * (ERR_USAGE) on an unknown option or a bad value; false with ERR_NONE when
 * --help was met, which every table has without saying so (see cmd_fail()).
 * Words before the options are moved behind them unless stop_at_word. */
bool opt_parse(const struct opt_spec *specs, int argc, char **argv,
	       bool stop_at_word, void *values, int *first, struct err *e);

/* The options part of --help, one option a paragraph. */
void opt_help(const struct opt_spec *specs, FILE *f);

/* "64K", "16GiB", "3000", "10m", "0x1000" -> *out.  False if it is not such a
 * number or too large. */
bool parse_u64(const char *s, uint64_t *out);

#endif
