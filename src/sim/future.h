/*
 * future.h - when each page of a replay will be entered, for the offline
 * optimum (os.reclaim = opt): the policy that nobody can have, to hold the
 * others against.
 *
 * What a program touches does not depend on which pages are in memory, so one
 * replay with memory for all finds it out, and a second one uses it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_FUTURE_H
#define SIM_FUTURE_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct map;
struct os_config;
struct replay_options;
struct trace_reader;

/* Into *out (os_page_key() -> struct os_future), 8 bytes an entry.  opt: of the
 * replay to come; its callbacks are not called. */
bool future_find(struct trace_reader *const *traces, unsigned n_traces,
		 const struct os_config *os, const struct replay_options *opt,
		 struct map *out, struct err *e);
void future_add(struct map *m, uint64_t key, uint64_t insn);
void future_free(struct map *m);

#endif
