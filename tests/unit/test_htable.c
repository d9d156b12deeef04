/* test_htable.c - page tables that are no trees, against sets of pages.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/rng.h"
#include "hw/htable.h"

#include "../tap.h"

#define BASE   ((uint64_t)1 << 44)
#define SPACES 4
#define PAGES  3000
#define FRAMES 2000 /* fewer than pages: some are shared */
#define STEPS  200000

static const struct {
	const char *name;
	enum table_kind kind;
	unsigned group;
} kinds[] = {
    {"hashed", TABLES_HASHED, 1},
    {"clustered", TABLES_CLUSTERED, 8},
    {"cuckoo", TABLES_CUCKOO, 8},
    {"inverted", TABLES_INVERTED, 1},
};

/* Which pages are there. */
static bool there[SPACES][PAGES];

static size_t
entries(unsigned group)
{
	size_t n = 0;

	for (unsigned s = 0; s < SPACES; s++)
		for (unsigned p = 0; p < PAGES; p += group) {
			bool any = false;

			for (unsigned i = p; i < p + group && i < PAGES; i++)
				any |= there[s][i];
			n += any;
		}
	return n;
}

static void
step(struct htable *t, struct rng *rng)
{
	uint16_t space = (uint16_t)rng_below(rng, SPACES);
	uint64_t page = rng_below(rng, PAGES);
	paddr load[HTABLE_LOADS];

	switch (rng_below(rng, 2000)) {
	case 0:
		htable_drop_space(t, space);
		memset(there[space], 0, sizeof(there[space]));
		return;
	default:
		if (rng_below(rng, 3)) {
			htable_walk(t, space, 0, page, true, load);
			there[space][page] = true;
		} else {
			htable_drop_page(t, space, 0, page);
			there[space][page] = false;
		}
	}
}

/* Every page that is there is found: told once more, it adds nothing. */
static bool
all_found(struct htable *t)
{
	size_t before = htable_entries(t);
	paddr load[HTABLE_LOADS];

	for (uint16_t s = 0; s < SPACES; s++)
		for (uint64_t p = 0; p < PAGES; p++)
			if (there[s][p])
				htable_walk(t, s, 0, p, true, load);
	return htable_entries(t) == before;
}

/* Loads are in the table, at lines; a page is looked up in the same places as
 * long as nothing changes. */
static bool
sane_loads(struct htable *t, uint16_t space, uint64_t page)
{
	paddr a[HTABLE_LOADS], b[HTABLE_LOADS];
	unsigned n = htable_walk(t, space, 0, page, false, a);
	bool good = n && n == htable_walk(t, space, 0, page, false, b);

	for (unsigned i = 0; good && i < n; i++)
		good = a[i].raw == b[i].raw && a[i].raw >= BASE &&
		       a[i].raw % 64 == 0;
	return good;
}

static void
test_random(size_t k)
{
	struct htable *t = htable_new(kinds[k].kind, (paddr){BASE}, FRAMES);
	bool same = true, found = true, sane = true;
	struct rng rng;

	memset(there, 0, sizeof(there));
	rng_seed(&rng, k);
	for (unsigned i = 0; same && i < STEPS; i++) {
		step(t, &rng);
		if (i % 5000 == 0) {
			same = htable_entries(t) == entries(kinds[k].group);
			found = found && all_found(t);
		}
		sane = sane && sane_loads(t, (uint16_t)(i % SPACES), i % PAGES);
	}
	ok(same, "%s: as many entries as pages say", kinds[k].name);
	ok(found, "%s: every page is found", kinds[k].name);
	ok(sane, "%s: loads are lines of the table", kinds[k].name);
	for (uint16_t s = 0; s < SPACES; s++)
		htable_drop_space(t, s);
	is_u64(htable_entries(t), 0, "%s: empty in the end", kinds[k].name);
	ok(htable_peak(t) >= 1024, "%s: it has been larger", kinds[k].name);
	htable_free(t);
}

/* The number of loads of walks to pages in order that are all there. */
static double
mean_loads(enum table_kind kind, uint64_t pages)
{
	struct htable *t = htable_new(kind, (paddr){BASE}, 1 << 20);
	paddr load[HTABLE_LOADS];
	uint64_t n = 0;

	for (uint64_t p = 0; p < pages; p++)
		htable_walk(t, 1, 0, p, true, load);
	for (uint64_t p = 0; p < pages; p++)
		n += htable_walk(t, 1, 0, p, false, load);
	htable_free(t);
	return (double)n / (double)pages;
}

/* Linear probing finds an entry after (1 + 1 / (1 - a)) / 2 probes, a being
 * the share of slots in use (Knuth, vol. 3, 6.4): 1.5 at one half.  Chains of
 * n / m = a hold 1 + a / 2 before the one that is wanted, itself included. */
static void
test_lengths(void)
{
	double m = mean_loads(TABLES_CLUSTERED, 8 * 65535);

	ok(m > 1.4 && m < 1.6, "clustered: %.3f loads when half full", m);
	m = mean_loads(TABLES_CLUSTERED, 8 * 66000);
	ok(m > 1.1 && m < 1.25, "clustered: %.3f when a quarter full", m);
	m = mean_loads(TABLES_CUCKOO, 100000);
	ok(m == 3, "cuckoo: %.3f loads", m);
	m = mean_loads(TABLES_INVERTED, 1 << 20);
	ok(m > 2.45 && m < 2.55, "inverted: %.3f loads, all frames in use", m);
	m = mean_loads(TABLES_HASHED, 65535);
	ok(m > 1.05 && m < 1.25, "hashed: %.3f lines, four entries each", m);
}

int
main(void)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		test_random(k);
	test_lengths();
	return done_testing();
}
