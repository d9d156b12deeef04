/*
 * ranges.h - a set of addresses, as ranges in order.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_IMPORT_RANGES_H
#define TRACE_IMPORT_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr_range {
	uint64_t start, end;
};

/* All-zero: empty.  v is sorted, its ranges apart. */
struct ranges {
	struct addr_range *v;
	size_t n, cap, last; /* last: where the last look-up was */
};

void ranges_free(struct ranges *r);
void ranges_add(struct ranges *r, uint64_t start, uint64_t end);
void ranges_remove(struct ranges *r, uint64_t start, uint64_t end);
bool ranges_has(struct ranges *r, uint64_t addr);

#endif
