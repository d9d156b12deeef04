/* test_lane_stats.c - prices, histograms and the counters that are derived.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "sim/lane.h"
#include "sim/stats.h"
#include "sim/timing.h"

#include "../tap.h"
#include "pt.h"

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The quantile as its definition says, from the sorted values. */
static uint64_t
slow_quantile(const uint64_t *sorted, uint64_t n, unsigned permille)
{
	uint64_t i = 0;

	while ((i + 1) * 1000 < n * permille)
		i++;
	return sorted[i];
}

/* Exact below 4096; above, not under and at most 1/64 over. */
static void
test_quantiles(uint64_t n, uint64_t below)
{
	static const unsigned permille[] = {1, 10, 500, 501, 990, 999, 1000};
	struct hist *h = xcalloc(1, sizeof(*h));
	uint64_t *v = xcalloc(n, sizeof(*v));
	bool right = true;
	struct rng rng;

	rng_seed(&rng, n);
	for (uint64_t i = 0; i < n; i++) {
		v[i] = rng_below(&rng, below);
		hist_add(h, v[i]);
	}
	qsort(v, n, sizeof(*v), by_value);
	for (unsigned i = 0; i < sizeof(permille) / sizeof(*permille); i++) {
		uint64_t want = slow_quantile(v, n, permille[i]);
		uint64_t got = hist_quantile(h, permille[i]);
		uint64_t slack = want < HIST_EXACT ? 0 : want >> HIST_SUB_BITS;

		right = right && got >= want && got <= want + slack;
	}
	ok(right && h->max == v[n - 1],
	   "%llu values below %llu: quantiles of the sorted list",
	   (unsigned long long)n, (unsigned long long)below);
	free(v);
	free(h);
}

static void
test_hist(void)
{
	struct hist *h = xcalloc(1, sizeof(*h));

	is_u64(hist_quantile(h, 500), 0, "no values: 0");
	hist_add(h, UINT64_MAX);
	is_u64(hist_quantile(h, 500), UINT64_MAX, "the largest value there is");
	free(h);
	test_quantiles(1, 10);
	test_quantiles(2, 4096);
	test_quantiles(999, 4096);
	test_quantiles(1000, 4097);
	test_quantiles(1001, 300);
	test_quantiles(5000, 1 << 20);
	test_quantiles(5000, (uint64_t)1 << 40);
}

static void
charged(const struct lane_config *cfg, const struct kwork *w, enum cause cause,
	uint64_t cycles, const char *what)
{
	struct lane_event ev = {.kind = LEV_WORK, .work = w};
	uint64_t by_cause[CAUSE_COUNT] = {0};

	timing_charge(cfg, &ev, by_cause);
	is_u64(by_cause[cause], cycles, "%s: charged to %s", what,
	       cause_names[cause]);
	is_u64(ev.cycles, cycles, "%s: nothing else", what);
}

/* Each count at its own price, under its own cause: prices are distinct, so
 * that a mix-up shows. */
static void
test_work(void)
{
	struct lane_config cfg = skylake_lane();
	struct cost_config *c = &cfg.cost;
	uint32_t price = 101;

#define X(field, help) c->field = (price += 10);
	COST_FIELDS(X)
#undef X
#define CHECK(field, n, cause, want) \
	charged(&cfg, &(struct kwork){.field = (n)}, cause, want, #field)
	CHECK(pages_zeroed, 3, CAUSE_ZERO, 3 * c->page_zero);
	CHECK(pages_copied, 5, CAUSE_COPY, 5 * c->page_copy);
	CHECK(tables_allocated, 7, CAUSE_TABLES, 7 * c->table_alloc);
	CHECK(tables_freed, 2, CAUSE_TABLES, 2 * c->table_free);
	CHECK(ptes_set, 15, CAUSE_ENTRIES, 15 * c->pte_set);
	CHECK(ptes_cleared, 4, CAUSE_ENTRIES, 4 * c->pte_clear);
	CHECK(device_reads, 1, CAUSE_DEVICE, c->device_read);
	CHECK(pages_read, 32, CAUSE_DEVICE, 32 * c->page_read);
	CHECK(pages_written, 8, CAUSE_DEVICE, 8 * c->page_write);
	CHECK(pages_scanned, 9, CAUSE_RECLAIM, 9 * c->page_scan);
	CHECK(bytes_copied, 1024, CAUSE_COPY_USER, c->copy_kib);
	CHECK(bytes_copied, 1, CAUSE_COPY_USER, 1);
	CHECK(vmas_changed, 6, CAUSE_VMA, 6 * c->vma_change);
#undef CHECK
}

static void
test_base(void)
{
	struct pt pt;
	struct lane_config cfg = skylake_lane();
	struct table_source tables = {&pt.mem, &pt, pt_view};
	struct lane *l;

	pt_init(&pt);
	cfg.cpi = 0.37;
	l = lane_new(&cfg, &tables, NULL);
	for (unsigned i = 0; i < 1000; i++)
		lane_retire(l, 0, 1);
	is_u64(lane_stats(l)->cycles, 370, "1000 instructions at 0.37");
	is_u64(lane_stats(l)->by_cause[CAUSE_BASE], 370, "asked again");
	lane_retire(l, 0, 1000);
	is_u64(lane_stats(l)->cycles, 740, "another 1000");
	lane_syscall(l, 0);
	is_u64(lane_stats(l)->by_cause[CAUSE_SYSCALL], 700, "a system call");
	lane_reset_stats(l);
	is_u64(lane_stats(l)->cycles, 0, "nothing after forgetting");
	is_u64(lane_stats(l)->instructions, 0, "no instructions either");
	lane_free(l);
	pt_free(&pt);
}

/* Page-table isolation is paid at each entry and exit, and empties TLBs that
 * have no tags. */
static void
test_kpti(unsigned asids, uint64_t invalidated)
{
	struct fault f = {.kind = FAULT_ANON_ALLOC};
	struct pt pt;
	struct lane_config cfg = skylake_lane();
	struct table_source tables = {&pt.mem, &pt, pt_view};
	struct visit v = {.va = va(0x1000), .as = 1, .page_shift = 12};
	const struct lane_stats *s;
	uint64_t gone = 0;
	struct lane *l;

	pt_init(&pt);
	pt_map(&pt, 1, 0x1000, 0, RW);
	cfg.kpti = true;
	cfg.asid_limit = asids;
	cfg.cost.cr3_write = 100;
	l = lane_new(&cfg, &tables, NULL);
	v.reads = 1;
	v.pa.raw = 0;
	lane_visits(l, 0, &v, 1);
	lane_syscall(l, 0);
	lane_fault(l, 0, &f);
	s = lane_stats(l);
	is_u64(s->by_cause[CAUSE_KPTI], 400, "%u tags: in and out, twice",
	       asids);
	for (unsigned i = 0; i < cfg.n_tlbs; i++)
		gone += s->tlb[i].invalidated;
	is_u64(gone, invalidated, "... translations that went");
	lane_free(l);
	pt_free(&pt);
}

/* With data caches, each reference that is not nearest pays the difference. */
static void
test_data_caches(void)
{
	struct pt pt;
	struct lane_config cfg = skylake_lane();
	struct table_source tables = {&pt.mem, &pt, pt_view};
	struct visit v = {.va = {S4K},
			  .pa = {0x123440},
			  .reads = 3,
			  .as = 1,
			  .page_shift = 12};
	const struct lane_stats *s;
	struct lane *l;

	pt_init(&pt);
	pt_map(&pt, 1, S4K, 0, RW);
	cfg.data_caches = true;
	l = lane_new(&cfg, &tables, NULL);
	ok(lane_wants_lines(l), "data caches want lines");
	lane_visits(l, 0, &v, 1);
	s = lane_stats(l);
	is_u64(s->data_at[SIDE_D][4], 1, "the first reference is in memory");
	is_u64(s->data_at[SIDE_D][1], 2, "the other two are in l1d");
	is_u64(s->by_cause[CAUSE_DATA_CACHE], 279 - 4, "memory beyond l1d");
	is_u64(s->cache[1].lookups, 3, "three lookups in l1d");
	is_u64(s->cache[1].misses, 1, "one miss");
	is_u64(s->cache[2].lookups, 1, "one lookup in l2");
	v.flags = VISIT_INSN;
	lane_visits(l, 0, &v, 1);
	s = lane_stats(l);
	is_u64(s->data_at[SIDE_I][2], 1, "fetched: found in l2, not l1i");
	is_u64(s->cache[0].lookups, 3, "three lookups in l1i");
	is_u64(s->by_cause[CAUSE_DATA_CACHE], 279 - 4 + 14 - 4, "l2 - l1i");
	lane_free(l);
	pt_free(&pt);
}

static void
test_descriptions(void)
{
	unsigned n = 0, bad = 0;

	for (const struct stat_desc *d = stat_descs; d->name; d++, n++)
		bad +=
		    !*d->unit || !*d->meaning || d->offset % sizeof(uint64_t);
	ok(n > 20 && !bad, "%u scalars, each with unit and meaning", n);
	for (unsigned i = 0; i < CAUSE_COUNT; i++)
		bad += !cause_names[i] || !*cause_names[i] || !*cause_help[i];
	ok(!bad, "each cause has a name and a meaning");
}

int
main(void)
{
	test_hist();
	test_work();
	test_base();
	test_kpti(6, 0);
	test_kpti(0, 2);
	test_data_caches();
	test_descriptions();
	return done_testing();
}
