/*
 * validate.h - a replay's page faults against those that the kernel took while
 * the trace was captured.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_VALIDATE_H
#define REPORT_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/align.h"
#include "report/resident.h"

struct err;
struct fault_record;
struct kf_record;
struct os;

/* One fault that does not agree. */
struct val_fault {
	uint64_t addr;
	uint32_t pid;
	size_t group; /* its id */
};

/* Faults that do not agree and are alike. */
struct val_group {
	const char *what;    /* "extra" (ours), "missing" (the kernel's),
				"different" (a pair) */
	const char *access;  /* "read", "write", "exec" */
	const char *present; /* "0", "1": bit of the error code */
	char *mapping;       /* "/usr/bin/ls r-xp" */
	char *cause;         /* what each side says it was */
	size_t id, n;
};

struct val_process {
	uint32_t pid;
	char *exe;
	struct align_counts counts; /* without aside */
};

/* One capture, its replay, and how the two agree. */
struct val_run {
	bool compared; /* false: only the counts below are known */
	struct align_counts counts;
	uint64_t lost; /* records of the kernel's that were lost */
	struct val_process *processes;
	struct val_group *groups; /* most frequent first */
	struct val_fault *faults;
	size_t n_processes, n_groups, n_faults, cap_groups, cap_faults;
	uint64_t minor, major;    /* the model's, of all processes */
	struct resident resident; /* no rows: not known */
};

/* The faults of a replay, as they come. */
struct val_ours {
	struct align_fault *faults;
	struct val_cause {
		uint32_t area;
		uint8_t kind;
	} * causes;
	size_t n, cap, cap_causes;
};

void val_ours_add(struct val_ours *o, const struct fault_record *r);
void val_ours_free(struct val_ours *o);

/* Fill *run.  os: after the replay.  records: the kernel's; NULL when they
 * could not be had. */
void val_compare(struct val_run *run, struct val_ours *ours,
		 const struct os *os, const struct kf_record *records,
		 size_t n);
void val_run_free(struct val_run *run);

struct validation {
	const char *command;
	const char *kernel;      /* "6.18.44": where it ran */
	const char *backend;     /* of the capture */
	const char *recorded;    /* settings in force, one line */
	const char *unavailable; /* why only counts are compared, or NULL */
	struct {
		uint64_t minor, major; /* getrusage */
		uint64_t faults;       /* tracepoints, after exec */
		int status;            /* exit status; 128 + signal */
	} native;
	int captured_status;
	struct val_run *runs;
	unsigned n_runs;
};

/* Per cent in agreement of the worst run; where only counts are known, of the
 * counts. */
double val_agreement(const struct validation *v);

/* each: list every fault that does not agree. */
void val_text(const struct validation *v, bool each, FILE *f);
bool val_json(const struct validation *v, const char *path, struct err *e);

#endif
