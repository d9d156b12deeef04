/*
 * lane_config.h - all of one lane, resolved from configuration keys.
 * Prices are in cycles unless the name says otherwise; sim/conf.c has each
 * key's range, default and source.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_LANE_CONFIG_H
#define SIM_LANE_CONFIG_H

#include "arch/paging.h"
#include "hw/config.h"

#define LANE_MAX_TLBS   16
#define LANE_MAX_PWCS   4
#define LANE_MAX_CACHES 8
#define LANE_MAX_LEVELS 4 /* of TLBs */
#define LANE_MAX_CPUS   1024
#define LANE_MAX_ASIDS  4095 /* 12-bit PCIDs, less one */

/* Prices of kernel work: X(field, key, default-free help). */
#define COST_FIELDS(X)                                                    \
	X(fault_entry, "exception entry, up to the handler")              \
	X(fault_exit, "return from the exception")                        \
	X(fault_handler, "finding the mapping and deciding")              \
	X(syscall, "entry and exit of a system call")                     \
	X(page_zero, "zeroing a 4 KiB page")                              \
	X(page_copy, "copying a 4 KiB page")                              \
	X(table_alloc, "allocating a page-table page")                    \
	X(table_free, "freeing a page-table page")                        \
	X(pte_set, "writing a further entry (fault-around, fork)")        \
	X(pte_clear, "clearing an entry")                                 \
	X(device_read, "waiting for the backing device, each request")    \
	X(page_read, "transferring a 4 KiB page from the device")         \
	X(page_write, "transferring a 4 KiB page to the device")          \
	X(page_scan, "examining a page in reclaim")                       \
	X(copy_kib, "copying 1 KiB between user memory and page cache")   \
	X(vma_change, "making, splitting, merging or removing a mapping") \
	X(invlpg, "invalidating one page")                                \
	X(flush_all, "flushing an address space")                         \
	X(cr3_write, "switching page tables at a border of the kernel")   \
	X(ipi, "interrupting another CPU for a shootdown, each receiver") \
	X(broadcast, "invalidating on all CPUs at once, each time")       \
	X(context_switch, "switching address spaces")

struct cost_config {
#define X(field, help) uint32_t field;
	COST_FIELDS(X)
#undef X
};

struct lane_config {
	char name[HW_NAME_MAX];
	struct paging paging;
	unsigned tables; /* enum table_kind */
	unsigned cpus;
	double frequency_ghz; /* only turns cycles into time */
	double cpi;           /* cycles an instruction takes without stalls */
	unsigned n_tlbs, n_pwcs, n_caches;
	struct tlb_config tlb[LANE_MAX_TLBS];
	struct pwc_config pwc[LANE_MAX_PWCS];
	struct cache_config cache[LANE_MAX_CACHES];
	struct nested_config nested;
	uint32_t memory_cycles;  /* beyond the last cache */
	bool data_caches;        /* references go through the caches too */
	unsigned asid_limit;     /* PCIDs the kernel uses at a time; 0: none, a
				    switch flushes */
	unsigned broadcast_from; /* other CPUs from which on invalidations are
				    broadcast; 0: never, each is interrupted */
	bool kpti;               /* the kernel has page tables of its own */
	uint32_t ad_assist_cycles;  /* setting A or D in an entry */
	uint32_t walk_start_cycles; /* fixed part of every walk */
	struct cost_config cost;
};

struct err;

/* False and *e when the parts do not make one machine: names and levels given
 * twice, page sizes that the paging has not, a level left out.  lane_new()
 * asks this, and then each structure about its own shape. */
bool lane_config_check(const struct lane_config *cfg, struct err *e);

/* Order the paging-structure caches and caches by level, as lanes number
 * them; those of one level stay in the order given. */
void lane_config_sort(struct lane_config *cfg);

#endif
