/*
 * sys_log.h - system calls from a log of strace or perf trace, joined to a
 * reference trace.
 *
 * Where the source marks its system calls, each mark takes the next call of
 * that number from its thread's part of the log; threads pair up by number,
 * else in order of appearance.  Where it does not, a call takes its place
 * before the first reference that needs it: calls up to the one that maps
 * the page are applied when a page outside all known mappings is touched.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_SYS_LOG_H
#define TRACE_IMPORT_SYS_LOG_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct import;
struct maps;
struct sys_log;

/* Keeps what changes mappings, drops the rest.  NULL and *e. */
struct sys_log *sys_log_read(const char *path, struct err *e);
void sys_log_free(struct sys_log *l);

/* What is mapped before the first call. */
void sys_log_begin(struct sys_log *l, const struct maps *maps);

/* The running thread is about to touch addr. */
bool sys_log_reach(struct import *im, uint64_t addr);

/* The running thread made call nr, says the source. */
bool sys_log_marked(struct import *im, uint32_t nr);

/* The rest, and what did not fit (as notes). */
bool sys_log_finish(struct import *im);

#endif
