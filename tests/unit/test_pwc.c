/* test_pwc.c - a paging-structure cache against a slow list under random
 * operations.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "hw/pwc.h"

#include "../tap.h"
#include "pt.h"

#define STEPS 150000

/* Sets as lists, most recent first: LRU. */
struct entry {
	bool valid;
	unsigned asid;
	uint64_t region, value;
};

struct model {
	uint32_t sets, ways;
	unsigned shift;
	struct entry *entries;
};

static struct entry *
model_find(struct model *m, unsigned asid, uint64_t region)
{
	struct entry *set = m->entries + region % m->sets * m->ways;

	for (unsigned i = 0; i < m->ways; i++)
		if (set[i].valid && set[i].asid == asid &&
		    set[i].region == region)
			return &set[i];
	return NULL;
}

static void
model_use(struct model *m, struct entry *at, struct entry e)
{
	struct entry *set = m->entries + e.region % m->sets * m->ways;

	for (; at > set; at--)
		at[0] = at[-1];
	set[0] = e;
}

/* An invalid entry goes first, wherever it stands. */
static struct entry *
model_victim(struct model *m, uint64_t region)
{
	struct entry *set = m->entries + region % m->sets * m->ways;

	for (unsigned i = 0; i < m->ways; i++)
		if (!set[i].valid)
			return &set[i];
	return &set[m->ways - 1];
}

static bool
step_use(struct pwc *p, struct model *m, struct rng *rng, uint64_t *hits)
{
	unsigned asid = (unsigned)rng_below(rng, 3);
	uint64_t region = rng_below(rng, m->sets * m->ways), value = 0;
	uint64_t addr = region << m->shift | rng_below(rng, 1ull << m->shift);
	struct entry *e = model_find(m, asid, region);
	bool hit = pwc_lookup(p, asid, va(addr), &value);

	if (hit != (e != NULL) || (hit && value != e->value))
		return false;
	*hits += hit;
	if (hit) {
		model_use(m, e, *e);
		return true;
	}
	value = rng_u64(rng);
	pwc_fill(p, asid, va(addr), value);
	model_use(m, model_victim(m, region),
		  (struct entry){true, asid, region, value});
	return true;
}

static void
step_drop(struct pwc *p, struct model *m, struct rng *rng)
{
	unsigned asid = (unsigned)rng_below(rng, 3);
	uint64_t region = rng_below(rng, m->sets * m->ways);
	unsigned what = (unsigned)rng_below(rng, 40);

	if (what == 0)
		pwc_drop_all(p);
	else if (what == 1)
		pwc_drop_asid(p, asid);
	else
		pwc_drop_page(p, asid, va(region << m->shift | 5));
	for (uint32_t i = 0; i < m->sets * m->ways; i++) {
		struct entry *e = &m->entries[i];

		if (what == 0 ||
		    (e->asid == asid && (what == 1 || e->region == region)))
			e->valid = false;
	}
}

static void
test_agrees(unsigned level, uint32_t entries, uint32_t ways)
{
	struct pwc_config cfg = pwc_cfg("p", level, entries, ways);
	const struct paging *paging = &paging_modes[0];
	struct model m = {entries / ways, ways, paging_shift(paging, level),
			  NULL};
	struct pwc p;
	struct rng rng;
	uint64_t hits = 0;
	bool same = true;

	rng_seed(&rng, entries);
	m.entries = xcalloc(entries, sizeof(*m.entries));
	if (!pwc_init(&p, &cfg, paging, NULL))
		BUG("refused");
	for (unsigned i = 0; same && i < STEPS; i++) {
		if (rng_below(&rng, 20))
			same = step_use(&p, &m, &rng, &hits);
		else
			step_drop(&p, &m, &rng);
	}
	ok(same && hits, "level %u, %u entries, %u ways: %llu hits of %u",
	   level, entries, ways, (unsigned long long)hits, STEPS);
	pwc_free(&p);
	free(m.entries);
}

static void
refused(unsigned level, const char *want)
{
	struct pwc_config cfg = pwc_cfg("p", level, 4, 4);
	struct err e = {0};
	struct pwc p;

	if (ok(!pwc_init(&p, &cfg, &paging_modes[0], &e), "level %u is refused",
	       level))
		is_str(e.text, want, "says so");
}

int
main(void)
{
	test_agrees(1, 32, 4);
	test_agrees(2, 4, 4);
	test_agrees(3, 1, 1);
	test_agrees(1, 24, 24);
	test_agrees(2, 15, 3);
	refused(0, "pwc p: level 0: expected 1 to 3 with paging x86-64-4level");
	refused(4, "pwc p: level 4: expected 1 to 3 with paging x86-64-4level");
	return done_testing();
}
