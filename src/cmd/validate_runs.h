/*
 * validate_runs.h - run a command while the kernel's page faults are recorded:
 * as it is, and captured.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_VALIDATE_RUNS_H
#define CMD_VALIDATE_RUNS_H

#include <stdbool.h>
#include <stdint.h>

struct capture_options;
struct err;
struct kernel_faults;

struct native_run {
	uint64_t minor, major; /* getrusage(2), with its children */
	uint64_t faults;       /* by k's tracepoints, after exec */
	int status;            /* exit status, or 128 + signal */
};

/* Both run argv with no input and with its output thrown away, and record
 * what it does in k, which may be NULL. */
bool run_native(char *const *argv, struct kernel_faults *k,
		struct native_run *out, struct err *e);
bool run_captured(const struct capture_options *opt, char *const *argv,
		  struct kernel_faults *k, int *status, struct err *e);

#endif
