/* commands.c - the table of subcommands.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"

const struct command *const commands[] = {
    &cmd_capture, &cmd_run,    &cmd_sweep, &cmd_validate, &cmd_info,
    &cmd_plot,    &cmd_diff,   &cmd_curve, &cmd_config,   &cmd_generate,
    &cmd_import,  &cmd_export, NULL,
};

const struct command *
cmd_find(const char *name)
{
	for (unsigned i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

void
cmd_help(const struct command *c, FILE *f)
{
	fprintf(f, "Usage: pagewalk %s %s\n%c%s.\n\nOptions:\n", c->name,
		c->synopsis, toupper((unsigned char)c->summary[0]),
		c->summary + 1);
	opt_help(c->options, f);
}

int
cmd_fail(const struct command *c, const struct err *e)
{
	if (e->kind == ERR_NONE) {
		cmd_help(c, stdout);
		return 0;
	}
	fprintf(stderr, "pagewalk %s: %s\n", c->name, e->text);
	if (e->kind == ERR_USAGE)
		fprintf(stderr, "Try 'pagewalk help %s'.\n", c->name);
	return (int)e->kind;
}

char *
cmd_words(int argc, char **argv)
{
	char *all = xstrdup("pagewalk");

	for (int i = 0; i < argc; i++) {
		char *longer = xasprintf("%s %s", all, argv[i]);

		free(all);
		all = longer;
	}
	return all;
}
