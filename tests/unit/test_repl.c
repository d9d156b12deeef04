/* test_repl.c - every replacement policy against a slow, obvious model, and
 * against permutations measured on hardware.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "hw/repl.h"

#include "../tap.h"

#define MAX_WAYS 96
#define SETS     3
#define STEPS    60000

/* Models: one set each.  A list of ways, most recent first; or flags; or a
 * tree of nodes, each with its own direction. */
struct node {
	unsigned lo, hi; /* ways below it */
	bool right;      /* the victim is in the right half */
	struct node *child[2];
};

struct model {
	unsigned ways;
	unsigned list[MAX_WAYS];
	bool flag[MAX_WAYS];
	struct node *tree[MAX_WAYS];
	unsigned group;
	unsigned away[MAX_WAYS];
};

static struct node *
grow(unsigned lo, unsigned hi)
{
	struct node *n = calloc(1, sizeof(*n));
	unsigned mid = hi - (hi - lo) / 2; /* left has the odd one */

	n->lo = lo;
	n->hi = hi;
	if (hi - lo > 1) {
		n->child[0] = grow(lo, mid);
		n->child[1] = grow(mid, hi);
	}
	return n;
}

static void
fell(struct node *n)
{
	if (!n)
		return;
	fell(n->child[0]);
	fell(n->child[1]);
	free(n);
}

static void
point_away(struct node *n, unsigned way)
{
	if (!n->child[0])
		return;
	n->right = way < n->child[1]->lo;
	point_away(n->child[!n->right], way);
}

static unsigned
follow(const struct node *n)
{
	return n->child[0] ? follow(n->child[n->right]) : n->lo;
}

static void
list_first(struct model *m, unsigned way)
{
	unsigned i = 0;

	while (m->list[i] != way)
		i++;
	for (; i > 0; i--)
		m->list[i] = m->list[i - 1];
	m->list[0] = way;
}

static bool
all_flags(const struct model *m)
{
	for (unsigned i = 0; i < m->ways; i++)
		if (!m->flag[i])
			return false;
	return true;
}

static unsigned
first_unflagged(const struct model *m)
{
	unsigned i = 0;

	while (i < m->ways && m->flag[i])
		i++;
	return i;
}

struct model_ops {
	const char *name;
	void (*hit)(struct model *m, unsigned way);
	void (*fill)(struct model *m, unsigned way);
	unsigned (*victim)(struct model *m);
};

static void
ignore(struct model *m, unsigned way)
{
	(void)m;
	(void)way;
}

static unsigned
list_last(struct model *m)
{
	return m->list[m->ways - 1];
}

static void
tree_used(struct model *m, unsigned way)
{
	point_away(m->tree[0], way);
}

static unsigned
tree_choose(struct model *m)
{
	return follow(m->tree[0]);
}

static void
bit_used(struct model *m, unsigned way)
{
	m->flag[way] = true;
	if (all_flags(m)) {
		memset(m->flag, 0, sizeof(m->flag));
		m->flag[way] = true;
	}
}

static unsigned
bit_choose(struct model *m)
{
	return first_unflagged(m) % m->ways;
}

static void
nru_used(struct model *m, unsigned way)
{
	m->flag[way] = true;
}

static unsigned
nru_choose(struct model *m)
{
	if (all_flags(m))
		memset(m->flag, 0, sizeof(m->flag));
	return first_unflagged(m);
}

static void
group_used(struct model *m, unsigned way)
{
	m->group = way / 4;
	point_away(m->tree[m->group], way);
}

static unsigned
group_choose(struct model *m)
{
	return follow(m->tree[(m->group + 1) % (m->ways / 4)]);
}

/* How far away the next use is taken to be, 0 to 3. */
static void
rrip_used(struct model *m, unsigned way)
{
	m->away[way] = 0;
}

static void
rrip_new(struct model *m, unsigned way)
{
	m->away[way] = 2;
}

static unsigned
rrip_choose(struct model *m)
{
	for (;;) {
		for (unsigned i = 0; i < m->ways; i++)
			if (m->away[i] == 3)
				return i;
		for (unsigned i = 0; i < m->ways; i++)
			m->away[i]++;
	}
}

static const struct model_ops models[] = {
    {"lru", list_first, list_first, list_last},
    {"tree-plru", tree_used, tree_used, tree_choose},
    {"bit-plru", bit_used, bit_used, bit_choose},
    {"nru", nru_used, nru_used, nru_choose},
    {"fifo", ignore, list_first, list_last},
    {"skylake-stlb", group_used, group_used, group_choose},
    {"srrip", rrip_used, rrip_new, rrip_choose},
};

static void
model_init(struct model *m, const struct model_ops *ops, unsigned ways)
{
	memset(m, 0, sizeof(*m));
	m->ways = ways;
	for (unsigned i = 0; i < ways; i++)
		m->list[i] = ways - 1 - i;
	for (unsigned i = 0; i < ways; i++)
		m->away[i] = 3;
	if (!strcmp(ops->name, "tree-plru"))
		m->tree[0] = grow(0, ways);
	for (unsigned g = 0; !strcmp(ops->name, "skylake-stlb") && g < ways / 4;
	     g++)
		m->tree[g] = grow(4 * g, 4 * g + 4);
}

static void
model_free(struct model *m)
{
	for (unsigned i = 0; i < MAX_WAYS; i++)
		fell(m->tree[i]);
}

/* Both must name the same victim after every step. */
static bool
agree(const struct model_ops *ops, unsigned ways)
{
	struct model m[SETS];
	struct repl r;
	struct rng rng;
	bool same = true;

	rng_seed(&rng, ways);
	repl_init(&r, repl_find(ops->name), SETS, ways, 1, NULL);
	for (unsigned s = 0; s < SETS; s++)
		model_init(&m[s], ops, ways);
	for (unsigned i = 0; same && i < STEPS; i++) {
		uint32_t set = (uint32_t)rng_below(&rng, SETS);
		uint32_t way = (uint32_t)rng_below(&rng, ways);

		if (rng_below(&rng, 3)) {
			repl_hit(&r, set, way);
			ops->hit(&m[set], way);
		} else {
			way = repl_victim(&r, set);
			same = way == ops->victim(&m[set]);
			repl_fill(&r, set, way);
			ops->fill(&m[set], way);
		}
	}
	for (unsigned s = 0; s < SETS; s++) {
		same = same && repl_victim(&r, s) == ops->victim(&m[s]);
		model_free(&m[s]);
	}
	repl_free(&r);
	return same;
}

static void
test_models(void)
{
	static const unsigned ways[] = {1,  2,  3,  4,  5,  6,  8, 11,
					12, 15, 16, 17, 24, 64, 96};

	for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(*ways); j++)
			if (ways[j] %
				repl_find(models[i].name)->ways_multiple ==
			    0)
				ok(agree(&models[i], ways[j]),
				   "%s of %u ways is its model", models[i].name,
				   ways[j]);
}

/* A hit on what was used last changes nothing: the next victims stay.  Of
 * policies for which it does, the second such hit changes nothing. */
static void
test_idempotent(void)
{
	for (const struct repl_policy *p = repl_policies; p->name; p++) {
		struct repl once, twice;
		struct rng rng;
		bool same = true;

		rng_seed(&rng, 7);
		repl_init(&once, p, 1, 12, 9, NULL);
		repl_init(&twice, p, 1, 12, 9, NULL);
		for (unsigned i = 0; same && i < STEPS; i++) {
			uint32_t way = (uint32_t)rng_below(&rng, 12);

			if (rng_below(&rng, 2)) {
				repl_hit(&once, 0, way);
				repl_hit(&twice, 0, way);
			} else {
				way = repl_victim(&once, 0);
				same = way == repl_victim(&twice, 0);
				repl_fill(&once, 0, way);
				repl_fill(&twice, 0, way);
			}
			if (!p->idempotent) {
				repl_hit(&once, 0, way);
				repl_hit(&twice, 0, way);
			}
			for (uint64_t n = rng_below(&rng, 3); n; n--)
				repl_hit(&twice, 0, way);
		}
		ok(same, "%s: a repeated hit changes nothing", p->name);
		repl_free(&once);
		repl_free(&twice);
	}
}

static void
test_random(void)
{
	const struct repl_policy *p = repl_find("random");
	struct repl a, b, c;
	unsigned seen[12] = {0}, same_ab = 0, same_ac = 0, least = UINT32_MAX;

	repl_init(&a, p, 1, 12, 5, NULL);
	repl_init(&b, p, 1, 12, 5, NULL);
	repl_init(&c, p, 1, 12, 6, NULL);
	for (unsigned i = 0; i < 12000; i++) {
		uint32_t way = repl_victim(&a, 0);

		BUG_ON(way >= 12);
		seen[way]++;
		same_ab += way == repl_victim(&b, 0);
		same_ac += way == repl_victim(&c, 0);
	}
	for (unsigned i = 0; i < 12; i++)
		least = seen[i] < least ? seen[i] : least;
	is_u64(same_ab, 12000, "random: one seed, one sequence");
	ok(same_ac < 2000, "random: another seed, another sequence");
	ok(least > 800, "random: every way has its share");
	repl_free(&a);
	repl_free(&b);
	repl_free(&c);
}

/* brrip: one new entry in 32 stays longer than the next. */
static void
test_brrip(void)
{
	unsigned stayed = 0;
	struct repl r;

	repl_init(&r, repl_find("brrip"), 1, 4, 1, NULL);
	for (unsigned i = 0; i < 4; i++) {
		repl_fill(&r, 0, i);
		repl_hit(&r, 0, i);
	}
	for (unsigned i = 0; i < 3200; i++) {
		repl_fill(&r, 0, 3);
		repl_hit(&r, 0, 0);
		repl_hit(&r, 0, 1);
		repl_hit(&r, 0, 2);
		/* Far at once, or one step off. */
		stayed += ((const uint8_t *)r.words)[3] != 3;
		if (!i)
			is_u64(repl_victim(&r, 0), 3,
			       "brrip: the new one goes");
	}
	ok(stayed > 50 && stayed < 170, "brrip: one in 32 stays: %u of 3200",
	   stayed);
	repl_free(&r);
}

static void
copy_set(struct repl *to, const struct repl *from)
{
	memcpy(to->words, from->words, from->stride * sizeof(*from->words));
	to->clock = from->clock;
}

/* The order in which misses would push the ways out, last one first. */
static void
eviction_order(const struct repl *r, uint8_t *order)
{
	struct repl copy;

	repl_init(&copy, r->policy, 1, r->ways, 1, NULL);
	copy_set(&copy, r);
	for (uint32_t i = r->ways; i-- > 0;) {
		order[i] = (uint8_t)repl_victim(&copy, 0);
		repl_fill(&copy, 0, order[i]);
	}
	repl_free(&copy);
}

/*
 * Permutations measured on a Skylake by TLB;DR (vusec/tlbdr, TLB/README.md at
 * 53a6daa): a hit on the element at place i of the eviction order (the last
 * is next to go) brings the one from place pi[i][j] to place j.
 */
static const uint8_t stlb_pi[12][12] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
    {1, 2, 0, 4, 5, 3, 7, 8, 6, 10, 11, 9},
    {2, 0, 1, 5, 3, 4, 8, 6, 7, 11, 9, 10},
    {3, 1, 2, 0, 4, 5, 9, 7, 8, 6, 10, 11},
    {4, 2, 0, 1, 5, 3, 10, 8, 6, 7, 11, 9},
    {5, 0, 1, 2, 3, 4, 11, 6, 7, 8, 9, 10},
    {6, 1, 2, 3, 4, 5, 0, 7, 8, 9, 10, 11},
    {7, 2, 0, 4, 5, 3, 1, 8, 6, 10, 11, 9},
    {8, 0, 1, 5, 3, 4, 2, 6, 7, 11, 9, 10},
    {9, 1, 2, 0, 4, 5, 3, 7, 8, 6, 10, 11},
    {10, 2, 0, 1, 5, 3, 4, 8, 6, 7, 11, 9},
    {11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
};
static const uint8_t dtlb_pi[4][4] = {
    {0, 1, 2, 3}, {1, 0, 3, 2}, {2, 1, 0, 3}, {3, 0, 1, 2}};
static const uint8_t itlb_pi[8][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6},
    {2, 1, 0, 3, 6, 5, 4, 7}, {3, 0, 1, 2, 7, 4, 5, 6},
    {4, 1, 2, 3, 0, 5, 6, 7}, {5, 0, 3, 2, 1, 4, 7, 6},
    {6, 1, 0, 3, 2, 5, 4, 7}, {7, 0, 1, 2, 3, 4, 5, 6}};

static unsigned
permuted(const struct repl *r, const uint8_t *pi, unsigned place)
{
	uint8_t before[16], after[16];
	struct repl copy;
	unsigned wrong = 0;

	eviction_order(r, before);
	repl_init(&copy, r->policy, 1, r->ways, 1, NULL);
	copy_set(&copy, r);
	repl_hit(&copy, 0, before[place]);
	eviction_order(&copy, after);
	for (unsigned j = 0; j < r->ways; j++)
		wrong += after[j] != before[pi[j]];
	repl_free(&copy);
	return wrong;
}

static void
test_permutations(const char *name, unsigned ways, const uint8_t *pi,
		  const char *what)
{
	unsigned wrong = 0;
	struct repl r;
	struct rng rng;

	rng_seed(&rng, 3);
	repl_init(&r, repl_find(name), 1, ways, 1, NULL);
	for (unsigned i = 0; i < 500; i++) {
		for (unsigned place = 0; place < ways; place++)
			wrong += permuted(&r, pi + place * ways, place);
		repl_hit(&r, 0, (uint32_t)rng_below(&rng, ways));
		repl_fill(&r, 0, repl_victim(&r, 0));
	}
	is_u64(wrong, 0, "%s permutes as measured on %s", name, what);
	repl_free(&r);
}

static void
test_names(void)
{
	struct repl r;
	struct err e = {0};

	ok(!repl_find("mru"), "an unknown policy is unknown");
	for (const struct repl_policy *p = repl_policies; p->name; p++)
		ok(repl_find(p->name) == p && *p->help, "%s is found", p->name);
	ok(!repl_init(&r, repl_find("skylake-stlb"), 1, 6, 1, &e),
	   "skylake-stlb takes no 6 ways");
	is_str(e.text,
	       "6 ways with replacement skylake-stlb: expected a multiple of 4",
	       "and says what it takes");
}

int
main(void)
{
	test_models();
	test_idempotent();
	test_random();
	test_brrip();
	test_permutations("skylake-stlb", 12, stlb_pi[0], "the STLB");
	test_permutations("tree-plru", 4, dtlb_pi[0], "the DTLB");
	test_permutations("tree-plru", 8, itlb_pi[0], "the ITLB");
	test_names();
	return done_testing();
}
