/*
 * attribute.h - whose misses, walks and faults they are: by function, line of
 * source, page, or page and time; or each miss, each load of a walk by itself.
 * Of the first lane. SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_ATTRIBUTE_H
#define REPORT_ATTRIBUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/replay.h"

struct attribution;
struct err;
struct os;

/* specs: n times "KIND=FILE"; NULL and *e if one cannot be. */
struct attribution *attribution_new(const char *const *specs, unsigned n,
				    struct err *e);
/* What was not written leaves no trace. */
void attribution_free(struct attribution *a);

void attribution_miss(struct attribution *a, const struct os *os,
		      const struct miss_record *m);
void attribution_fault(struct attribution *a, const struct fault_record *f);

/* The tables, as CSV, dearest rows first. */
bool attribution_write(struct attribution *a, const struct os *os,
		       struct err *e);

#endif
