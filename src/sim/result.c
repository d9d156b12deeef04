/* result.c - faults over time in a bounded number of rows.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "sim/result.h"

#define FIRST_WIDTH 1000

static void
halve(struct intervals *iv)
{
	for (unsigned i = 0; i < INTERVALS_MAX / 2; i++)
		for (unsigned k = 0; k < FAULT_KIND_COUNT; k++)
			iv->faults[i][k] =
			    iv->faults[2 * i][k] + iv->faults[2 * i + 1][k];
	memset(iv->faults[INTERVALS_MAX / 2], 0, sizeof iv->faults / 2);
	iv->width *= 2;
	iv->n = (iv->n + 1) / 2;
}

void
intervals_add(struct intervals *iv, uint64_t insn, unsigned kind)
{
	unsigned row;

	if (!iv->width)
		iv->width = FIRST_WIDTH;
	while (insn / iv->width >= INTERVALS_MAX)
		halve(iv);
	row = (unsigned)(insn / iv->width);
	if (row >= iv->n)
		iv->n = row + 1;
	if (kind < FAULT_KIND_COUNT)
		iv->faults[row][kind]++;
}
