/*
 * lane_priv.h - what the files of a lane share.
 *
 *   lane.c         visits and faults are priced
 *   lane_events.c  what the kernel does to address spaces, and to the CPUs
 *   lane_new.c     made, asked for its counts, ended
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_LANE_PRIV_H
#define SIM_LANE_PRIV_H

#include "sim/cpu.h"
#include "sim/lane.h"
#include "sim/lane_config.h"
#include "sim/stats.h"
#include "sim/timing.h"

struct lane {
	struct lane_config cfg;
	struct table_source tables;
	unsigned n_levels;
	bool split;          /* loads and stores ask different TLBs */
	struct ptable *own;  /* tables, if not the kernel's */
	struct htable *hash; /* or these, which are no tree */
	struct ptable *host; /* the tables of the host, if there is one */
	struct cpu *cpu;     /* cfg.cpus of them */
	struct cache shared[LANE_MAX_CACHES];
	uint64_t *flush;              /* [space]: number of its last flush */
	uint64_t held[LANE_MAX_TLBS]; /* when counting began */
	struct lane_stats *stats;
	lane_miss_fn *watch; /* or NULL */
	void *watch_ctx;
	struct lane_stats *kept; /* while it does not count: as it will go on */
};

static inline void
happened(struct lane *l, struct lane_event *ev)
{
	timing_charge(&l->cfg, ev, l->stats->by_cause);
	stats_record(l->stats, ev);
}

/* Into the kernel, and out of it. */
void lane_cross(struct lane *l, struct cpu *c);

#endif
