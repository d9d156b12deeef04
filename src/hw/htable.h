/*
 * htable.h - page tables of a lane's own that are no trees.
 *
 *   hashed     open addressing, an entry of 16 bytes for each page
 *   clustered  open addressing, an entry of 64 bytes for 8 pages (Talluri et
 *              al., SOSP 1995; Yaniv & Tsafrir, SIGMETRICS 2016)
 *   cuckoo     three tables looked up at once, entries as clustered's
 *              (Skarlatos et al., "Elastic cuckoo page tables", ASPLOS 2020)
 *   inverted   an anchor table, chains of entries of 16 bytes by frame (Chang &
 *              Mergen, "801 Storage", TOCS 1988)
 *
 * What an address means stays in the kernel's tables; these say which lines a
 * walker loads.  All spaces share one table.  A page's entry comes to be when
 * a walk finds the page mapped, and goes when the kernel invalidates it.
 * Tables double when they are 0.6 full (open addressing: half).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_HTABLE_H
#define HW_HTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/addr.h"
#include "hw/config.h"

#define HTABLE_LOADS 32 /* of a walk that are told */

struct htable;

/* It lies from base on; frames: of the memory, for TABLES_INVERTED.  Release
 * with htable_free(). */
struct htable *htable_new(enum table_kind kind, paddr base, uint64_t frames);
void htable_free(struct htable *t);

/* A page by its number, its size by the level it is mapped at: where the walk
 * loads from, in order.  mapped: the kernel has it, so it is there now.
 * Returns how many loads. */
unsigned htable_walk(struct htable *t, uint16_t space, unsigned level,
		     uint64_t page, bool mapped, paddr load[HTABLE_LOADS]);
/* All loads of a walk go out at once? */
bool htable_parallel(const struct htable *t);

void htable_drop_page(struct htable *t, uint16_t space, unsigned level,
		      uint64_t page);
void htable_drop_space(struct htable *t, uint16_t space);

/* Entries that hold a page. */
size_t htable_entries(const struct htable *t);

/* Bytes of all tables, when they were most. */
uint64_t htable_peak(const struct htable *t);

#endif
