/*
 * ptable.h - page tables of a lane's own, of another shape than the kernel's.
 *
 * What an address means stays in the kernel's tables; these say which entries
 * a walker of this shape loads, and where they are: in physical memory beyond
 * the kernel's.  A table comes to be when a walk first reaches it and goes
 * when the kernel has unmapped all of its span or ends the space.
 *
 * Addresses beyond what the shape covers share the root's entries; the tables
 * below are each address's own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_PTABLE_H
#define HW_PTABLE_H

#include <stdint.h>

#include "arch/addr.h"
#include "arch/paging.h"

struct ptable;

/* shape is copied; tables lie from base on.  Release with ptable_free(). */
struct ptable *ptable_new(const struct paging *shape, paddr base);
void ptable_free(struct ptable *t);

/* The level of the leaf that maps va's page of 2^page_shift bytes: the
 * largest page of the shape that is no larger, or its smallest one. */
unsigned ptable_leaf(const struct paging *shape, unsigned page_shift);

/* Where the entry of va at level is, in a space. */
paddr ptable_entry(struct ptable *t, uint16_t space, vaddr va, unsigned level);

/* The kernel freed tables of [start, start + bytes) in a space, or all. */
void ptable_drop_range(struct ptable *t, uint16_t space, vaddr start,
		       uint64_t bytes);
void ptable_drop_space(struct ptable *t, uint16_t space);

/* Bytes of all tables, when they were most. */
uint64_t ptable_peak(const struct ptable *t);

#endif
