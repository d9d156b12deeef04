/*
 * cpu.h - the translation hardware of one CPU, put together as a lane's
 * configuration says, and the address-space tags it holds.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/cache.h"
#include "hw/nested.h"
#include "hw/pwc.h"
#include "hw/tlb.h"
#include "hw/walk.h"
#include "sim/lane_config.h"
#include "sim/stats.h"
#include "sim/timing.h"

struct err;

#define CPU_NO_AS (-1)

/* Caches of this level and beyond serve all CPUs of a lane. */
#define CACHE_SHARED_LEVEL 3

/* The TLBs that a side's references to pages of one size ask, level by level.
 * A port's shift is the size of the entry kept there: at the first level a
 * larger page is kept in pieces if no array takes it whole; beyond, it is not
 * kept.  What they met since it
 * was last given to the statistics: n. */
struct route {
	struct tlb_port port[LANE_MAX_LEVELS]; /* .tlb NULL: none at level */
	struct route_counts n;
	uint8_t index[LANE_MAX_LEVELS]; /* in lane_config.tlb[] */
};

/* Which references a route is for: those of a side, or the stores apart where
 * loads and stores have arrays of their own. */
enum asker { ASK_DATA = SIDE_D, ASK_INSN = SIDE_I, ASK_STORE, ASKERS };

static inline enum side
asker_side(enum asker a)
{
	return a == ASK_INSN ? SIDE_I : SIDE_D;
}

/* A tag of the TLBs and whose it is: Linux's dynamic ASIDs. */
struct asid_slot {
	int32_t as;     /* or CPU_NO_AS */
	uint64_t flush; /* the space's last flush that reached this tag */
};

struct cpu {
	struct route *by_shift[ASKERS][64]; /* [page shift], or NULL */
	struct route route[ASKERS][PAGING_MAX_LEVELS]; /* [leaf level] */
	unsigned asid;              /* tag of the space that runs */
	int32_t as;                 /* or CPU_NO_AS */
	pfn root;                   /* of its tables, in a batch of visits */
	uint64_t flush;             /* the running space's last one here */
	bool ran;                   /* some space has run */
	bool lazy;                  /* idle: flushes wait */
	bool fault_walked;          /* since the last fault charged */
	uint64_t fault_walk_cycles; /* of that walk */
	uint64_t near[SIDES];       /* references the nearest cache served */
	struct tlb tlb[LANE_MAX_TLBS];
	struct pwc pwc[LANE_MAX_PWCS];
	struct cache cache[LANE_MAX_CACHES]; /* its own; shared: unused */
	struct cache_path path[SIDES];
	struct cache_path walk_path[2]; /* as walker.path */
	struct walker walker;
	struct nested nested;   /* walker.host, if there is one */
	struct asid_slot *slot; /* asid_limit of them */
	unsigned next_slot;
};

/* shared: the lane's common caches, by number, already made; own: its page
 * tables, or NULL if it walks the kernel's; hash: those that are no tree, or
 * NULL; host: the host's, or NULL.  False
 * and *e when the configuration is impossible.  Release with cpu_free(). */
bool cpu_init(struct cpu *c, const struct lane_config *cfg,
	      struct cache *shared, const struct physmem *mem,
	      struct ptable *own, struct htable *hash, struct ptable *host,
	      struct err *e);
void cpu_free(struct cpu *c, const struct lane_config *cfg);

/* Run as from here on; last_flush is the number of its last flush.  True if
 * translations had to go; dropped[] counts them by TLB. */
bool cpu_switch(struct cpu *c, const struct lane_config *cfg, uint16_t as,
		uint64_t last_flush, uint64_t *dropped);
/* The space that runs was flushed, as flush number. */
void cpu_flushed(struct cpu *c, const struct lane_config *cfg, uint64_t flush);
/* as is no more. */
void cpu_forget(struct cpu *c, const struct lane_config *cfg, uint16_t as);

/* Invalidate in the space that runs, adding to dropped[] by TLB. */
void cpu_drop_fault(struct cpu *c, const struct lane_config *cfg, vaddr va,
		    uint64_t *dropped);
void cpu_drop_range(struct cpu *c, const struct lane_config *cfg, vaddr start,
		    uint64_t bytes, uint64_t *dropped);
void cpu_drop_space(struct cpu *c, const struct lane_config *cfg,
		    uint64_t *dropped);

/* Translations held by TLB i. */
static inline uint64_t
cpu_held(const struct cpu *c, unsigned i)
{
	return c->tlb[i].a.used;
}

#endif
