/*
 * timing.h - what happened -> cycles.  Nothing else makes cycles.
 *
 * In order: every latency is added, nothing overlaps.  Reference of zero is a
 * first-level hit, whose time is in the cycles an instruction takes (cpi).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_TIMING_H
#define SIM_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/kernel.h"
#include "hw/walk.h"
#include "sim/lane_config.h"

/* Where cycles go: X(enumerator, name in results, meaning).
 * Names are part of the results' schema (doc/results.md). */
#define CAUSES(X)                                                            \
	X(BASE, "base", "instructions without stalls")                       \
	X(STLB_HIT, "stlb_hit", "translation found beyond the first level")  \
	X(WALK, "walk", "page walks")                                        \
	X(AD_ASSIST, "ad_assist", "setting accessed and dirty bits")         \
	X(DATA_CACHE, "data_cache", "references beyond the nearest cache")   \
	X(FAULT_ENTRY, "fault_entry", "page faults: exception entry")        \
	X(FAULT_HANDLER, "fault_handler", "page faults: deciding")           \
	X(FAULT_EXIT, "fault_exit", "page faults: return")                   \
	X(ZERO, "zero", "zeroing pages")                                     \
	X(COPY, "copy", "copying pages")                                     \
	X(TABLES, "tables", "allocating and freeing page-table pages")       \
	X(ENTRIES, "entries", "writing and clearing further entries")        \
	X(DEVICE, "device", "the backing device")                            \
	X(RECLAIM, "reclaim", "examining pages for reclaim")                 \
	X(COPY_USER, "copy_user", "copying between user and page cache")     \
	X(VMA, "vma", "making, splitting, merging, removing mappings")       \
	X(SYSCALL, "syscall", "entry and exit of system calls")              \
	X(KPTI, "kpti", "page-table isolation: CR3 written at each of both") \
	X(SWITCH, "switch", "switching address spaces")                      \
	X(INVALIDATE, "invalidate", "invalidating translations")             \
	X(IPI, "ipi", "interrupting other CPUs for invalidations")

enum cause {
#define X(e, name, help) CAUSE_##e,
	CAUSES(X)
#undef X
	    CAUSE_COUNT
};

extern const char *const cause_names[CAUSE_COUNT];
extern const char *const cause_help[CAUSE_COUNT];

#define LANE_NO_TLB 0xff

enum lane_event_kind {
	LEV_DATA,  /* a reference beyond the nearest cache */
	LEV_FAULT, /* what the kernel did; its walk's cycles in
		      walk_cycles, charged before */
	LEV_WORK,  /* what it did outside faults */
	LEV_SYSCALL,
	LEV_SWITCH, /* count: 1 if it flushed */
	LEV_INVLPG, /* count pages, on one CPU */
	LEV_FLUSH,  /* an address space, on one CPU */
	LEV_IPI,    /* count receivers */
	LEV_BROADCAST,
	LEV_DROP, /* translations dropped by a fault */
};

/* A translation not in the first level, or an assist: what lanes do most. */
struct lane_access {
	bool assist;   /* an A or D bit was set */
	bool walked;   /* .walk says how */
	bool failed;   /* the walk ended in a fault, which has the area */
	uint8_t found; /* TLB beyond the first level, or LANE_NO_TLB */
	uint32_t area;
	uint64_t cycles, walk_cycles; /* filled by timing_access() */
	struct walk_result walk;
};

/* One thing that happened, filled on its way through a lane. */
struct lane_event {
	uint8_t kind; /* enum lane_event_kind */
	bool insn;
	bool walked;     /* LEV_FAULT: for .walk_cycles */
	uint8_t where;   /* LEV_DATA: number of the cache, or of memory */
	uint8_t nearest; /* LEV_DATA: the cache whose time is in the cpi */
	const struct fault *fault;
	const struct kwork *work;
	const uint64_t *dropped; /* translations dropped, by TLB; or NULL */
	uint64_t count;
	uint64_t walk_cycles;
	uint64_t cycles; /* filled by timing_charge() */
};

/* Fill a->cycles and a->walk_cycles, and add to by_cause[]. */
void timing_access(const struct lane_config *cfg, struct lane_access *a,
		   uint64_t by_cause[CAUSE_COUNT]);

/* Fill ev->cycles, and add to by_cause[]. */
void timing_charge(const struct lane_config *cfg, struct lane_event *ev,
		   uint64_t by_cause[CAUSE_COUNT]);

/* Cycles of a load that was served from where. */
uint32_t timing_load(const struct lane_config *cfg, unsigned where);

/* Cycles of n instructions without stalls. */
uint64_t timing_base(const struct lane_config *cfg, uint64_t n);

#endif
