/* main.c - find the subcommand, run it, see that its output got out.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"

static void
usage(FILE *f)
{
	fputs("Usage: pagewalk COMMAND [OPTION...] [ARGUMENT...]\n"
	      "Replay what real programs did through a model of the MMU and "
	      "of Linux's\nmemory manager, and see where translation time and "
	      "page faults come from.\n\nCommands:\n",
	      f);
	for (unsigned i = 0; commands[i]; i++)
		fprintf(f, "  %-10s%s\n", commands[i]->name,
			commands[i]->summary);
	fputs("  help      what a command does and takes\n\n"
	      "Options:\n"
	      "      --help       print this and exit\n"
	      "      --version    print the version and exit\n\n"
	      "Exit status: 0 done, 1 failed, 2 wrong usage, 3 bad input "
	      "(trace or\nconfiguration), 4 the replayed program did what "
	      "the model refuses.\nThe manual page is pagewalk(1).\n",
	      f);
}

static int
wrong(const char *what)
{
	fprintf(stderr,
		"pagewalk: %s: no such command\nTry 'pagewalk --help'.\n",
		what);
	return ERR_USAGE;
}

static int
help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		usage(stdout);
		return 0;
	}
	c = cmd_find(argv[1]);
	if (!c)
		return wrong(argv[1]);
	cmd_help(c, stdout);
	return 0;
}

static int
dispatch(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		usage(stderr);
		return ERR_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(1, argv);
	if (!strcmp(argv[1], "--version")) {
		printf("pagewalk %s\n", pagewalk_version);
		return 0;
	}
	if (!strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--complete")) {
		cmd_complete(argc - 2, argv + 2, stdout);
		return 0;
	}
	c = cmd_find(argv[1]);
	return c ? c->run(argc - 1, argv + 1) : wrong(argv[1]);
}

int
main(int argc, char **argv)
{
	int status;

	/* Else a result would silently lack what found no memory. */
	json_set_alloc_funcs(xmalloc, free);
	status = dispatch(argc, argv);

	/* A full disk behind standard output is a failure, too. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "pagewalk: standard output: %s\n",
			strerror(errno));
		return status ? status : ERR_FAILED;
	}
	return status;
}
