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

static uint64_t
all_faults(const struct replay_counts *n)
{
	return n->minor + n->major + n->signals;
}

static void
forget_warmup(struct run_result *r, uint64_t counted)
{
	if (r->faults == counted)
		return;
	r->faults = 0;
	memset(&r->intervals, 0, sizeof r->intervals);
	memset(r->major_by_kind, 0, sizeof r->major_by_kind);
}

void
result_fault(struct run_result *r, const struct replay_counts *n,
	     const struct fault_record *rec)
{
	forget_warmup(r, all_faults(n) - 1);
	r->faults++;
	intervals_add(&r->intervals, rec->counted, rec->fault->kind);
	if (rec->fault->major)
		r->major_by_kind[rec->fault->kind]++;
}

void
result_end(struct run_result *r, const struct replay_counts *n)
{
	forget_warmup(r, all_faults(n));
	intervals_add(&r->intervals, n->instructions, FAULT_KIND_COUNT);
}
