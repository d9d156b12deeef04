/*
 * config.h - shapes of hardware structures, as plain data.
 *
 * Units: sizes of caches in bytes, of TLBs in entries; latencies in cycles.
 * A page-size mask has bit s set for pages of 2^s bytes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_CONFIG_H
#define HW_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define HW_NAME_MAX 24

struct repl_policy; /* hw/repl.h: one row of repl_policies[] */

#define SIDE_INSN  (1u << 0)
#define SIDE_LOAD  (1u << 1)
#define SIDE_STORE (1u << 2)
#define SIDE_DATA  (SIDE_LOAD | SIDE_STORE)
#define SIDE_WALK  (1u << 3) /* caches: page walks, and nothing else */

struct tlb_config {
	char name[HW_NAME_MAX]; /* "l1d-4k"; names the counters */
	unsigned level;         /* 1: probed first */
	unsigned sides;         /* SIDE_* */
	uint64_t page_sizes;    /* mask */
	uint32_t entries, ways; /* entries / ways sets; any number */
	const struct repl_policy *repl;
	unsigned index;      /* enum hw_index */
	uint32_t hit_cycles; /* added when the translation is found here */
	unsigned asids;      /* address-space tags it holds at a time; 0: any */
	unsigned coalesce;   /* neighbouring pages an entry may hold; 0 or 1:
				 one page, else 2, 4, 8 or 16 */
};

enum hw_index { INDEX_LINEAR, INDEX_XOR, INDEX_HASH };

/* A paging-structure cache: remembers entries at one level of the table. */
struct pwc_config {
	char name[HW_NAME_MAX];
	unsigned level; /* of the entries kept: 1 = PDE, 2 = PDPTE, 3 = PML4E */
	uint32_t entries, ways;
	const struct repl_policy *repl;
	uint32_t hit_cycles;
};

/* How page tables are organised: hw/ptable.h, hw/htable.h. */
enum table_kind {
	TABLES_RADIX,
	TABLES_HASHED,
	TABLES_CLUSTERED,
	TABLES_CUCKOO,
	TABLES_INVERTED,
};

/* The host's dimension of page walks. */
struct nested_config {
	unsigned page_shift;  /* of the host's pages; 0: no host */
	uint32_t tlb_entries; /* of the nested TLB; 0: none */
	uint32_t pwc_entries; /* that each upper level caches; 0: none */
};

struct cache_config {
	char name[HW_NAME_MAX]; /* "l1d", "l2", "l3" */
	unsigned level;
	unsigned sides;
	uint64_t bytes;
	uint32_t ways, line_bytes;
	const struct repl_policy *repl;
	uint32_t hit_cycles; /* load to use */
	unsigned walks;      /* enum cache_walks; with SIDE_DATA or SIDE_WALK */
};

/* Which loads of page walks look here: of all entries, of those of upper
 * levels (not the last), of none. */
enum cache_walks { WALKS_ALL, WALKS_UPPER, WALKS_NONE };

/* Loads of level 0 of a table, or of another? */
static inline bool
cache_takes_walks(const struct cache_config *c, bool upper)
{
	return c->sides & (SIDE_DATA | SIDE_WALK) &&
	       (c->walks == WALKS_ALL || (upper && c->walks == WALKS_UPPER));
}

#endif
