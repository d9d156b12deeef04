/*
 * bench.h - what the benchmarks share: a replay from beginning to end.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "sim/conf.h"
#include "sim/replay.h"
#include "trace/reader.h"

_Noreturn static inline void
die(const struct err *e)
{
	fprintf(stderr, "bench: %s\n", e->text);
	exit(1);
}

static inline struct trace_reader *
open_trace(const char *path)
{
	struct err e;
	struct trace_reader *t = trace_open(path, false, &e);

	if (!t)
		die(&e);
	return t;
}

/* A whole replay with so many lanes alike; ahead: read on another CPU. */
static inline struct replay_counts
run_all(const char *path, const struct conf *conf, unsigned lanes, bool ahead)
{
	struct trace_reader *t = open_trace(path);
	struct replay_options opt = {0};
	struct conf_resolved c;
	struct lane_config *lane = xcalloc(lanes, sizeof(*lane));
	struct replay_counts n;
	struct replay *r;
	struct err e;

	if (ahead)
		trace_read_ahead(t, 1);
	if (!conf_resolve(conf, &c, &e))
		die(&e);
	for (unsigned i = 0; i < lanes; i++)
		lane[i] = c.lane;
	r = replay_new(&t, 1, &c.os, lane, lanes, &opt, &e);
	if (!r || !replay_run(r, &e))
		die(&e);
	n = *replay_counts(r);
	replay_free(r);
	trace_close(t);
	free(lane);
	return n;
}

#endif
