/* process.c - a process's share: what its mappings cost together.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/map.h"
#include "base/xalloc.h"
#include "report/report.h"
#include "sim/result.h"

static void
add(struct area_stats *sum, const struct area_stats *s)
{
	sum->references += s->references;
	sum->l1_misses += s->l1_misses;
	sum->stlb_hits += s->stlb_hits;
	sum->walks += s->walks;
	sum->walk_cycles += s->walk_cycles;
	sum->faults += s->faults;
	sum->fault_cycles += s->fault_cycles;
}

struct area_stats *
process_stats(const struct run_result *r)
{
	const struct lane_stats *s = r->lanes[0].stats;
	uint32_t n = os_process_count(r->os), areas = os_area_count(r->os);
	struct area_stats *sums = xcalloc(n + 1, sizeof *sums);
	struct map by_pid = {0};
	uint64_t number;

	for (uint32_t i = 0; i < n; i++) {
		struct os_process p;

		os_process(r->os, i, &p);
		map_put(&by_pid, p.pid, i);
	}
	for (uint32_t i = 0; i < areas && i < s->n_areas; i++)
		if (map_get(&by_pid, os_area(r->os, i)->pid, &number))
			add(&sums[number], &s->area[i]);
	map_free(&by_pid);
	return sums;
}
