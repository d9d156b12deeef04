/*
 * replay_new.c - a replay is made, asked, and ended.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "sim/replay_priv.h"

static struct as_view
view(void *ctx, uint16_t as)
{
	struct replay *r = ctx;

	return os_as_view(r->os, as);
}

static bool
make_lanes(struct replay *r, const struct lane_config *cfg, unsigned n,
	   struct err *e)
{
	struct table_source tables = {os_physmem(r->os), r, view};

	r->lanes = xcalloc(n, sizeof(struct lane *));
	r->unit_shift = PAGE_SHIFT;
	for (; r->n_lanes < n; r->n_lanes++) {
		struct lane *l = lane_new(&cfg[r->n_lanes], &tables, e);

		if (!l)
			return false;
		r->lanes[r->n_lanes] = l;
		if (lane_wants_lines(l) != lane_wants_lines(r->lanes[0]))
			return err_set(
			    e, ERR_INPUT,
			    "lanes %s and %s differ in cpu.data_caches, or in "
			    "having pages below 4K: lanes of one replay take "
			    "references by page or by line, all of them",
			    cfg[0].name, cfg[r->n_lanes++].name);
	}
	if (n && lane_wants_lines(r->lanes[0]))
		r->unit_shift = LINE_SHIFT;
	return true;
}

static void
make_streams(struct replay *r, struct trace_reader *const *traces, unsigned n)
{
	r->streams = xcalloc(n, sizeof(*r->streams));
	r->n_streams = n;
	for (unsigned i = 0; i < n; i++) {
		r->streams[i].trace = traces[i];
		r->streams[i].chunk = UINT64_MAX;
	}
	if (n > 1)
		r->numbers = numbers_new(n);
}

static void
make_cpus(struct replay *r, unsigned cpus)
{
	r->cpus = cpus;
	r->on = xcalloc(cpus, sizeof(*r->on));
	for (unsigned i = 0; i < cpus; i++)
		r->on[i].as = UINT32_MAX;
	if (r->n_streams > 1 || cpus > 1)
		r->slice = r->opt.slice ? r->opt.slice : REPLAY_SLICE;
	r->sched = sched_new(cpus, r->slice);
}

/* What the first lane missed, if it counts. */
static void
missed(void *ctx, const struct visit *v, const struct lane_access *a)
{
	const struct replay *r = ctx;
	struct miss_record m = {.counted = r->told->insn - r->counted_from,
				.at = r->told->at,
				.visit = v,
				.access = a};

	if (r->counting && !r->uncounted)
		r->opt.on_miss(r->opt.ctx, &m);
}

static void
watch_misses(struct replay *r)
{
	r->places = xcalloc(VISITS, sizeof(*r->places));
	lane_watch(r->lanes[0], missed, r);
}

struct replay *
replay_new(struct trace_reader *const *traces, unsigned n_traces,
	   const struct os_config *os, const struct lane_config *lanes,
	   unsigned n, const struct replay_options *opt, struct err *e)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	struct os_sink sink = {r, sink_kevent, sink_forget};
	struct os_config machine = *os;

	r->opt = *opt;
	r->code.flags = VISIT_INSN;
	make_streams(r, traces, n_traces);
	make_cpus(r, n ? lanes[0].cpus : 1);
	/* So many traces advance at a time. */
	machine.instructions_per_second *= min_u64(r->cpus, n_traces);
	r->visits = xcalloc(VISITS, sizeof(*r->visits));
	r->table = xreallocarray(NULL, TABLE_SLOTS, sizeof(*r->table));
	memset(r->table, 0xff, TABLE_SLOTS * sizeof(*r->table));
	r->os = os_new(&machine, &sink, e);
	if (!r->os || !make_lanes(r, lanes, n, e)) {
		replay_free(r);
		return NULL;
	}
	if (opt->on_miss && n)
		watch_misses(r);
	r->entries = os_wants_entries(r->os);
	r->moves = os->own_addresses;
	if (opt->future)
		os_set_future(r->os, opt->future);
	return r;
}

const struct replay_counts *
replay_counts(const struct replay *r)
{
	return &r->n;
}

const struct os *
replay_os(const struct replay *r)
{
	return r->os;
}

void
replay_go_on(struct replay *r)
{
	for (unsigned i = 0; i < r->n_streams; i++)
		r->streams[i].ended = false;
}

unsigned
replay_lanes(const struct replay *r)
{
	return r->n_lanes;
}

void
replay_lanes_rest(struct replay *r, bool rest)
{
	r->resting = rest;
}

void
replay_lanes_count(struct replay *r, bool on)
{
	if (r->uncounted != on)
		return;
	r->uncounted = !on;
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_count(r->lanes[i], on);
}

const struct lane_stats *
replay_lane_stats(struct replay *r, unsigned lane)
{
	return lane_stats(r->lanes[lane]);
}

bool
replay_origin(const struct replay *r, uint32_t pid, unsigned *trace,
	      uint32_t *recorded)
{
	if (r->numbers)
		return numbers_origin(r->numbers, pid, trace, recorded);
	*trace = 0;
	*recorded = pid;
	return true;
}

static void
free_streams(struct replay *r)
{
	for (unsigned i = 0; i < r->n_streams; i++) {
		free(r->streams[i].plans);
		free(r->streams[i].parts);
	}
	free(r->streams);
	numbers_free(r->numbers);
}

void
replay_free(struct replay *r)
{
	if (r->os)
		os_shutdown(r->os);
	for (unsigned i = 0; i < r->n_lanes; i++)
		lane_free(r->lanes[i]);
	if (r->os)
		os_free(r->os);
	free_streams(r);
	sched_free(r->sched);
	free(r->lanes);
	free(r->on);
	free(r->visits);
	free(r->places);
	free(r->table);
	free(r);
}
