/*
 * nested.h - the host's dimension of a two-dimensional page walk: where a
 * guest-physical address is in truth (Intel SDM vol. 3C, 29.3; AMD64 manual
 * vol. 2, 15.25).
 *
 * The host maps all of guest memory with pages of one size in a table of its
 * own, which comes to be as walks reach it.  A nested TLB and caches of upper
 * entries, one a level, spare loads; all are fully associative and LRU, and no
 * event of the guest reaches them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_NESTED_H
#define HW_NESTED_H

#include <stdbool.h>

#include "arch/addr.h"
#include "hw/assoc.h"
#include "hw/config.h"
#include "hw/pwc.h"
#include "hw/ptable.h"

struct nested {
	unsigned leaf;        /* level of the host's entries that map */
	unsigned page_shift;  /* of the host's pages */
	struct ptable *table; /* the host's; the caller's */
	struct assoc tlb;
	unsigned n_pwcs;
	struct pwc pwc[PAGING_MAX_LEVELS]; /* lowest level first */
};

/* False and *e when a shape is impossible.  Release with nested_free(). */
bool nested_init(struct nested *n, const struct nested_config *cfg,
		 struct ptable *host, struct err *e);
void nested_free(struct nested *n);

/* The host's entries that must be loaded to find the address: their number,
 * their places in load[], from level *top down. */
unsigned nested_walk(struct nested *n, paddr guest, unsigned *top,
		     paddr load[PAGING_MAX_LEVELS]);

#endif
