/*
 * addr_set.h - a set of addresses, as ranges in order.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_ADDR_SET_H
#define TRACE_IMPORT_ADDR_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr_range {
	uint64_t start, end;
};

/* All-zero: empty.  v is sorted, its ranges apart. */
struct addr_set {
	struct addr_range *v;
	size_t n, cap, last; /* last: where the last look-up was */
};

void addr_set_free(struct addr_set *r);
void addr_set_add(struct addr_set *r, uint64_t start, uint64_t end);
void addr_set_remove(struct addr_set *r, uint64_t start, uint64_t end);
bool addr_set_has(struct addr_set *r, uint64_t addr);

#endif
