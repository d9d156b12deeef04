/*
 * cmd.h - subcommands: one file and one row of commands[] each.
 *
 * --help, the man page's check and the completion all read these tables.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdio.h>

struct err;
struct opt_spec; /* base/opt.h */

struct command {
	const char *name;
	const char *synopsis; /* "TRACE [-c CONFIG]..." */
	const char *summary;  /* one line */
	const struct opt_spec *options;
	int (*run)(int argc, char **argv); /* exit status: enum err_kind */
};

extern const struct command *const commands[]; /* ends with NULL */

extern const struct command cmd_capture;
extern const struct command cmd_config;
extern const struct command cmd_curve;
extern const struct command cmd_diff;
extern const struct command cmd_export;
extern const struct command cmd_generate;
extern const struct command cmd_import;
extern const struct command cmd_info;
extern const struct command cmd_plot;
extern const struct command cmd_run;
extern const struct command cmd_sweep;
extern const struct command cmd_validate;

const struct command *cmd_find(const char *name); /* or NULL */

/* What `pagewalk help NAME` prints. */
void cmd_help(const struct command *c, FILE *f);

/* End a command because of e: prints the message (and, after a usage error,
 * where the usage is), or the help if opt_parse() met --help.  Returns the
 * exit status: `return cmd_fail(&cmd_run, &e);`. */
int cmd_fail(const struct command *c, const struct err *e);

/* "pagewalk NAME WORD...", for a trace's provenance; free() it. */
char *cmd_words(int argc, char **argv);

/* pagewalk --complete WORD...: candidates for the last word, one a line. */
void cmd_complete(int n, char **words, FILE *f);

#endif
