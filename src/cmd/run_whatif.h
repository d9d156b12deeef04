/*
 * run_whatif.h - what if all memory were in pages of another size?
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_RUN_WHATIF_H
#define CMD_RUN_WHATIF_H

#include <stdbool.h>

#include "sim/conf.h"

struct err;

/* "64K" -> 16; 0 and *e unless it is a power of two from 8K to 1G. */
unsigned whatif_shift(const char *size, struct err *e);

/* Let c, which resolves to r, have pages of 2^shift bytes: page tables of that
 * shape, in arrays that are for such pages; where none is, those for the
 * smallest pages take them. */
bool whatif_apply(struct conf *c, const struct conf_resolved *r, unsigned shift,
		  struct err *e);

#endif
