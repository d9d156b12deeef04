/*
 * cmd_capture.c - pagewalk capture: run a program, record its trace.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "cmd/cmd.h"

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/opt.h"
#include "trace/capture.h"

static const struct opt_spec options[] = {
    {"output", 'o', OPT_STRING, "FILE",
     "write the trace to FILE (default: NAME.pwt, from the command's name)",
     offsetof(struct capture_options, output)},
    {"max-refs", 'n', OPT_U64, "N",
     "stop after N references, ending the program",
     offsetof(struct capture_options, max_refs)},
    {"skip-refs", 's', OPT_U64, "N",
     "leave out the first N references (their events are kept)",
     offsetof(struct capture_options, skip_refs)},
    {"level", 'l', OPT_U64, "N", "zlib level, 1 to 9 (default 6)",
     offsetof(struct capture_options, level)},
    {"backend", 'b', OPT_STRING, "NAME",
     "pagewalk (our own Valgrind tool) or lackey (stock Valgrind; a hundred "
     "times slower)",
     offsetof(struct capture_options, backend)},
    {"roi", 'r', OPT_FLAG, NULL,
     "keep only references between PAGEWALK_ROI_BEGIN() and _END() (all "
     "events are kept)",
     offsetof(struct capture_options, roi)},
    {"quiet", 'q', OPT_FLAG, NULL, "no progress and no closing line",
     offsetof(struct capture_options, quiet)},
    {"progress", 'p', OPT_FLAG, NULL,
     "show progress even if standard error is no terminal",
     offsetof(struct capture_options, progress)},
    {0},
};

static bool
parse(struct capture_options *opt, int argc, char **argv, int *first,
      struct err *e)
{
	if (!opt_parse(options, argc, argv, true, opt, first, e))
		return false;
	if (*first >= argc)
		return err_set(e, ERR_USAGE, "no command given");
	if (opt->level > 9)
		return err_set(e, ERR_USAGE, "--level: %llu is not 1 to 9",
			       (unsigned long long)opt->level);
	return true;
}

static int
run(int argc, char **argv)
{
	struct capture_options opt = {0};
	struct err e = {0};
	int first, status = 0;

	if (!parse(&opt, argc, argv, &first, &e))
		return cmd_fail(&cmd_capture, &e);
	if (capture_run(&opt, argv + first, &status, &e))
		return status;
	cmd_fail(&cmd_capture, &e);
	return status ? status : (int)e.kind;
}

const struct command cmd_capture = {
    .name = "capture",
    .synopsis = "[-o FILE.pwt] [OPTION]... [--] COMMAND [ARG]...",
    .summary = "run a program under Valgrind and record its trace",
    .options = options,
    .run = run,
};
