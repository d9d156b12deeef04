/*
 * cmd.h - subcommands: one file and one row of commands[] each.
 *
 * --help, the man page's check and the completion all read these tables.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

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
extern const struct command cmd_info;
extern const struct command cmd_plot;
extern const struct command cmd_run;

#endif
