/*
 * visit.h - what the kernel model hands to the lanes.
 *
 * A visit is a run of references by one CPU, on one side (instruction or
 * data), to one page, that the kernel has resolved.  References that repeat
 * the page of the one before on their side are already counted in it: such a
 * repeated hit changes no TLB whose replacement is idempotent on it.  A visit
 * with writes > 0 begins with a write; one with writes == 0 has only reads.
 * So what the first reference of a visit needs, all of them are granted.
 *
 * Inside a batch of visits no page table changes: a lane that misses reads
 * the table itself (struct as_view).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_VISIT_H
#define ARCH_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/addr.h"

enum access { ACC_READ, ACC_WRITE, ACC_EXEC };
enum cpu_mode { MODE_USER, MODE_KERNEL };

#define VISIT_INSN  (1u << 0) /* instruction side; else data side */
#define VISIT_SET_A (1u << 1) /* found the leaf entry's A bit clear, set it */
#define VISIT_SET_D (1u << 2) /* found the leaf entry's D bit clear, set it */

struct visit {
	vaddr va; /* of the first reference */
	paddr pa; /* where that is */
	union {
		struct {
			uint32_t reads;  /* references (fetches, I side) */
			uint32_t writes; /* and writes; the first, if > 0 */
		};
		uint32_t n[2]; /* the same: [false] reads, [true] writes */
	};
	uint32_t area;      /* which mapping, for attribution: struct area id */
	uint16_t as;        /* address space */
	uint8_t page_shift; /* log2 bytes of the page that maps it */
	uint8_t flags;      /* VISIT_* */
};

/* An address space as a walker sees it: CR3. */
struct as_view {
	pfn root;
};

#endif
