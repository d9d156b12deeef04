/* test_result.c - faults over time against a plain count.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/rng.h"
#include "sim/result.h"
#include "../tap.h"

#define FAULTS 20000

/* All rows together, and each row against the list it came from. */
static void
compare(const struct intervals *iv, const uint64_t *insn, const unsigned *kind)
{
	uint64_t rows[INTERVALS_MAX][FAULT_KIND_COUNT] = {{0}};
	bool same = true;

	for (unsigned i = 0; i < FAULTS; i++)
		rows[insn[i] / iv->width][kind[i]]++;
	for (unsigned r = 0; r < INTERVALS_MAX; r++)
		for (unsigned k = 0; k < FAULT_KIND_COUNT; k++)
			same = same && rows[r][k] == iv->faults[r][k];
	ok(same, "every row holds the faults of its instructions");
}

static void
test_random(uint64_t step)
{
	static struct intervals iv;
	static uint64_t insn[FAULTS];
	static unsigned kind[FAULTS];
	struct rng rng;
	uint64_t at = 0;

	iv = (struct intervals){0};
	rng_seed(&rng, step);
	for (unsigned i = 0; i < FAULTS; i++) {
		at += rng_below(&rng, step);
		insn[i] = at;
		kind[i] = (unsigned)rng_below(&rng, FAULT_KIND_COUNT);
		intervals_add(&iv, at, kind[i]);
	}
	compare(&iv, insn, kind);
	intervals_add(&iv, at + step, FAULT_KIND_COUNT);
	is_u64(iv.n, (at + step) / iv.width + 1, "rows reach the end");
	ok(iv.n <= INTERVALS_MAX, "and no further than there is room");
}

int
main(void)
{
	test_random(3);
	test_random(1000);
	test_random(1000000);
	test_random((uint64_t)1 << 48);
	return done_testing();
}
