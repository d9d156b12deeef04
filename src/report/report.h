/*
 * report.h - what a run found, for people and for machines.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/outfile.h"

struct err;
struct fault_record;
struct run_result;

/* Aligned tables; write errors show in ferror(f). */
void report_text(const struct run_result *r, FILE *f);

/* JSON as doc/results.md says; the same bytes for the same run. */
bool report_json(const struct run_result *r, const char *path, struct err *e);

/* The fault log: CSV, one line a fault, in the order of the program. */
struct fault_log {
	struct outfile out;
	uint64_t seq; /* of the next line */
};

bool fault_log_open(struct fault_log *log, const char *path, struct err *e);
bool fault_log_put(struct fault_log *log, const struct fault_record *r,
		   struct err *e);
bool fault_log_close(struct fault_log *log, struct err *e);
void fault_log_discard(struct fault_log *log);

struct area_stats; /* sim/stats.h */

/* What the first lane says of each process, by its number in os_process():
 * its mappings together.  The caller frees it. */
struct area_stats *process_stats(const struct run_result *r);

/* Level n of a page table, as entries are called: "pte", "pde", ... */
const char *level_name(unsigned level);

/* "4K", "2M", "1G". */
const char *page_size_name(unsigned shift, char buf[8]);

#endif
