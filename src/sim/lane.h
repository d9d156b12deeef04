/*
 * lane.h - one hardware configuration, pricing what the kernel decided.
 *
 * A lane has, for each CPU, TLBs, paging-structure caches and a walker; a
 * cache hierarchy; a clock; its counters.  It never faults and never changes
 * what the kernel holds.  Its results are the same alone or among others.
 *
 * The order of calls is the order of the program:
 *   lane_visits()     a batch; page tables do not change inside it
 *   lane_fault_walk() the access that will fault: lookup and failing walk,
 *                     before the kernel edits anything
 *   lane_fault()      what the kernel then did about it, to be charged
 *   lane_kevent()     invalidations and kernel work outside faults
 *   lane_switch()     another address space runs on this CPU
 *   lane_idle()       nothing runs on it until the next lane_switch()
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_LANE_H
#define SIM_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/kernel.h"
#include "arch/paging.h"
#include "arch/physmem.h"
#include "arch/visit.h"

struct err;
struct lane;
struct lane_config; /* sim/lane_config.h */
struct lane_stats;  /* sim/stats.h */

/* How a lane reaches the page tables. */
struct table_source {
	const struct physmem *mem;
	void *ctx;
	struct as_view (*view)(void *ctx, uint16_t as);
};

/* NULL and *e when the geometry is impossible.  cfg is copied. */
struct lane *lane_new(const struct lane_config *cfg,
		      const struct table_source *tables, struct err *e);
void lane_free(struct lane *l);

void lane_visits(struct lane *l, unsigned cpu, const struct visit *v,
		 uint32_t n);
void lane_fault_walk(struct lane *l, unsigned cpu, uint16_t as, vaddr va,
		     enum access acc);
/* Returns the cycles charged for this fault, its failing walk included. */
uint64_t lane_fault(struct lane *l, unsigned cpu, const struct fault *f);
void lane_kevent(struct lane *l, unsigned cpu, const struct kevent *ev);
void lane_switch(struct lane *l, unsigned cpu, uint16_t as);
void lane_idle(struct lane *l, unsigned cpu);
void lane_retire(struct lane *l, unsigned cpu, uint64_t instructions);
void lane_syscall(struct lane *l, unsigned cpu); /* entry and exit cost */

/* Forget the counts (not the contents): the end of warm-up. */
void lane_reset_stats(struct lane *l);

/* Have fn called for each translation that no array of the first level had, in
 * order; v may be a part of the visit. */
struct lane_access; /* sim/timing.h */
typedef void lane_miss_fn(void *ctx, const struct visit *v,
			  const struct lane_access *a);
void lane_watch(struct lane *l, lane_miss_fn *fn, void *ctx);

/* Count no longer (but go on in everything else), and count again. */
void lane_count(struct lane *l, bool on);

/* Check the identities (hits + misses = lookups, ...; BUG() if one fails)
 * and hand out the counters; they belong to the lane. */
const struct lane_stats *lane_stats(struct lane *l);

/* True if the lane wants each line of 64 bytes as its own visit (data caches
 * on): visits are then collapsed by line, not by page. */
bool lane_wants_lines(const struct lane *l);

#endif
