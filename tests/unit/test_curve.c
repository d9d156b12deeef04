/* test_curve.c - stack distances, curves and working sets against the slow
 * and obvious.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "curve/curve.h"
#include "tests/tap.h"

/* A list with the last used first. */
struct list {
	uint64_t *keys;
	size_t n;
};

static uint64_t
list_touch(struct list *l, uint64_t key)
{
	size_t i = 0;
	bool old;

	while (i < l->n && l->keys[i] != key)
		i++;
	old = i < l->n;
	l->n += !old;
	memmove(l->keys + 1, l->keys, i * sizeof(*l->keys));
	l->keys[0] = key;
	return old ? i : STACK_COLD;
}

/* Pages near each other and hot, now and then a far one. */
static uint64_t
some_page(struct rng *r, uint64_t n)
{
	uint64_t a = rng_below(r, n);

	return rng_below(r, 4) ? a * a / n / 8 : a;
}

static void
test_distances(uint64_t pages, unsigned touches)
{
	struct list list = {.keys = xcalloc(pages, sizeof(uint64_t))};
	struct lru_stack stack = {0};
	unsigned wrong = 0;
	struct rng r;

	rng_seed(&r, pages);
	for (unsigned i = 0; i < touches; i++) {
		uint64_t page = some_page(&r, pages);

		wrong +=
		    lru_stack_touch(&stack, page) != list_touch(&list, page);
	}
	is_u64(wrong, 0, "%u distances among %" PRIu64 " pages", touches,
	       pages);
	is_u64(stack.live, list.n, "and as many pages");
	lru_stack_free(&stack);
	free(list.keys);
}

/* An LRU memory of so many ways in each set. */
static uint64_t
misses_of_memory(uint32_t sets, unsigned ways, unsigned n, uint64_t seed)
{
	struct list *at = xcalloc(sets, sizeof(*at));
	uint64_t misses = 0;
	struct rng r;

	for (uint32_t i = 0; i < sets; i++)
		at[i].keys = xcalloc(ways + 1u, sizeof(uint64_t));
	rng_seed(&r, seed);
	for (unsigned i = 0; i < n; i++) {
		uint64_t page = some_page(&r, 3000);
		struct list *l = &at[page % sets];

		misses += list_touch(l, page) == STACK_COLD;
		l->n = l->n > ways ? ways : l->n;
	}
	for (uint32_t i = 0; i < sets; i++)
		free(at[i].keys);
	free(at);
	return misses;
}

static void
test_sets(uint32_t sets)
{
	const struct curve_options o = {.sets = sets, .sample = CURVE_ALL};
	struct curves cs = {.options = o};
	struct curve c = {0};
	struct rng r;

	curve_init(&o, &c);
	rng_seed(&r, sets);
	for (unsigned i = 0; i < 30000; i++)
		curve_refer(&o, &c, 1, some_page(&r, 3000), false);
	curve_finish(&c);
	for (unsigned ways = 1; ways <= 64; ways *= 2)
		is_u64((uint64_t)curve_misses(&cs, &c, ways).misses,
		       misses_of_memory(sets, ways, 30000, sets),
		       "%u sets of %u ways", sets, ways);
	is_u64((uint64_t)curve_misses(&cs, &c, 1000000).misses, c.pages,
	       "first touches miss everywhere");
	curve_release(&o, &c);
}

static void
test_spaces(void)
{
	const struct curve_options o = {.sets = 1, .sample = CURVE_ALL};
	struct curves cs = {.options = o};
	struct curve c = {0};

	curve_init(&o, &c);
	for (unsigned i = 0; i < 10; i++)
		curve_refer(&o, &c, 1 + i % 2, 7, false);
	curve_finish(&c);
	is_u64(c.pages, 2, "a page of two address spaces is two");
	is_u64((uint64_t)curve_misses(&cs, &c, 1).misses, 10, "they thrash");
	is_u64((uint64_t)curve_misses(&cs, &c, 2).misses, 2, "or fit");
	curve_release(&o, &c);
}

/* Distinct pages of the window that ends at each reference. */
static double
slow_working_set(const uint64_t *pages, unsigned n, unsigned window)
{
	uint64_t sum = 0;

	for (unsigned end = 0; end < n; end++) {
		bool seen[64] = {false};

		for (unsigned i = 0; i < window && i <= end; i++) {
			sum += !seen[pages[end - i]];
			seen[pages[end - i]] = true;
		}
	}
	return (double)sum / n;
}

static void
test_windows(void)
{
	const struct curve_options o = {
	    .sets = 1, .sample = CURVE_ALL, .working_set = true};
	struct curves cs = {.options = o};
	struct curve c = {0};
	uint64_t pages[2000];
	struct rng r;

	curve_init(&o, &c);
	rng_seed(&r, 5);
	for (unsigned i = 0; i < 2000; i++) {
		pages[i] = some_page(&r, 64);
		curve_refer(&o, &c, 0, pages[i], false);
	}
	curve_finish(&c);
	for (unsigned k = 0; k < 12; k++) {
		double got = curve_working_set(&cs, &c, k);
		double want = slow_working_set(pages, 2000, 1u << k);

		ok(fabs(got - want) < 1e-9, "window of %u: %.4f, %.4f", 1u << k,
		   got, want);
	}
	curve_release(&o, &c);
}

/* A working set beside it changes no curve. */
static void
test_apart(void)
{
	const struct curve_options o = {.sets = 1, .sample = CURVE_ALL};
	const struct curve_options windows = {
	    .sets = 1, .sample = CURVE_ALL, .working_set = true};
	struct curves cs = {.options = o};
	struct curve a = {0}, b = {0};
	unsigned differ = 0;
	struct rng r;

	curve_init(&o, &a);
	curve_init(&o, &b);
	rng_seed(&r, 9);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t page = some_page(&r, 300);
		bool again = rng_below(&r, 2) && i;

		curve_refer(&o, &a, 0, page, again);
		curve_refer(&windows, &b, 0, page, again);
	}
	curve_finish(&a);
	curve_finish(&b);
	for (unsigned ways = 1; ways <= 300; ways++)
		differ += curve_misses(&cs, &a, ways).misses !=
			  curve_misses(&cs, &b, ways).misses;
	is_u64(differ, 0, "the same curve with and without a working set");
	is_u64(a.references, b.references, "of as many references");
	curve_release(&o, &a);
	curve_release(&o, &b);
}

/* Of 40 sizes and samples, the interval has the truth nearly always. */
static void
test_sample(uint32_t sample)
{
	const struct curve_options all = {.sets = 1, .sample = CURVE_ALL};
	const struct curve_options some = {.sets = 1, .sample = sample};
	struct curves exact = {.options = all}, cs = {.options = some};
	unsigned inside = 0, points = 0;

	for (unsigned seed = 1; seed <= 5; seed++) {
		struct curve a = {0}, b = {0};
		struct rng r;

		curve_init(&all, &a);
		curve_init(&some, &b);
		rng_seed(&r, seed);
		for (unsigned i = 0; i < 300000; i++) {
			uint64_t page = some_page(&r, 30000);

			curve_refer(&all, &a, seed, page, false);
			curve_refer(&some, &b, seed, page, false);
		}
		curve_finish(&a);
		curve_finish(&b);
		for (unsigned ways = 64; ways <= 8192; ways *= 2) {
			struct curve_point p = curve_misses(&cs, &b, ways);
			double truth = curve_misses(&exact, &a, ways).misses;

			inside += fabs(p.misses - truth) <= p.error;
			points++;
		}
		curve_release(&all, &a);
		curve_release(&some, &b);
	}
	ok(inside * 100 >= points * 85 && points == 40,
	   "a sample of 1/%u: %u of %u intervals have the truth",
	   CURVE_ALL / sample, inside, points);
}

int
main(void)
{
	test_distances(1, 100);
	test_distances(17, 100000);
	test_distances(3000, 200000);
	test_sets(1);
	test_sets(16);
	test_sets(12);
	test_spaces();
	test_windows();
	test_apart();
	test_sample(CURVE_ALL / 4);
	test_sample(CURVE_ALL / 20);
	return done_testing();
}
