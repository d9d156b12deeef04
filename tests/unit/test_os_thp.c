/* test_os_thp.c - khugepaged, and folios between a page and a huge page.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "os_kit.h"

#include "os/internal.h"

#define HUGE  (2ull << 20)
#define AT    (KIT_BASE + 0x200000)
#define SLEEP 10 /* ms: 10 M instructions */

static struct os_config
config(void)
{
	struct os_config cfg = kit_config();

	cfg.thp = THP_ALWAYS;
	cfg.khugepaged_scan_sleep = SLEEP;
	cfg.khugepaged_pages = 4096;
	cfg.max_ptes_none = 511;
	cfg.max_ptes_swap = 64;
	cfg.max_ptes_shared = 256;
	return cfg;
}

/* Small pages, then allowed to be huge. */
static void
small_pages(struct kit *k, uint64_t at, uint64_t pages)
{
	kit_anon(k, at, 512);
	kit_call(k, SYS_madvise, 0, at, HUGE, MADV_NOHUGEPAGE, 0, 0, 0);
	kit_run(k, at, pages, ACC_WRITE);
	kit_call(k, SYS_madvise, 0, at, HUGE, MADV_HUGEPAGE, 0, 0, 0);
}

/* So many periods later; how many huge pages khugepaged has made. */
static uint64_t
later(struct kit *k, uint64_t periods)
{
	struct os_stats s;

	for (uint64_t i = 0; i < periods; i++) {
		k->insn += SLEEP * 1000000;
		kit_call(k, SYS_munmap, -EINVAL, 0, 0, 0, 0, 0, 0);
	}
	os_check(k->os);
	os_stats(k->os, &s);
	return s.khugepaged_collapsed;
}

static void
test_khugepaged(void)
{
	struct os_config cfg = config();
	struct mapping m;
	struct kit k;

	kit_start(&k, &cfg);
	small_pages(&k, AT, 100);
	os_poke(k.os, os_task(k.os, 100, 100), AT + 7 * PG, 42);
	is_u64(later(&k, 3), 1, "it makes a huge page of a hundred small ones");
	is_u64(kit_touch_map(&k, AT + 300 * PG, ACC_WRITE, &m), 0,
	       "which has them all");
	is_u64(m.page_shift, 21, "one entry of 2 MiB");
	is_u64(os_peek(k.os, os_task(k.os, 100, 100), AT + 7 * PG), 42,
	       "what was stored is there");
	is_u64(later(&k, 3), 1, "once is enough");
	kit_end(&k);
}

static void
test_limits(void)
{
	struct os_config cfg = config();
	struct kit k;

	cfg.max_ptes_none = 100;
	kit_start(&k, &cfg);
	small_pages(&k, AT, 411);
	is_u64(later(&k, 3), 0, "101 pages that are not there are too many");
	kit_touch(&k, AT + 411 * PG, ACC_WRITE);
	is_u64(later(&k, 3), 1, "100 are not");
	small_pages(&k, AT + HUGE, 512);
	kit_fork(&k, 200, 0);
	is_u64(later(&k, 3), 1, "shared ones are left alone");
	kit_exit(&k, 200);
	kit_run(&k, AT + HUGE, 1, ACC_WRITE);
	is_u64(later(&k, 3), 2, "until they are not shared");
	kit_end(&k);
	cfg.khugepaged_scan_sleep = 0;
	kit_start(&k, &cfg);
	small_pages(&k, AT, 512);
	is_u64(later(&k, 3), 0, "without a period it never runs");
	kit_end(&k);
}

/* It goes on where it stopped. */
static void
test_round(void)
{
	struct os_config cfg = config();
	struct kit k;

	cfg.khugepaged_pages = 512;
	kit_start(&k, &cfg);
	for (unsigned i = 0; i < 6; i++)
		small_pages(&k, AT + i * HUGE, 64);
	is_u64(later(&k, 1), 1, "512 entries: one at a time");
	is_u64(later(&k, 2), 3, "then the next ones");
	is_u64(later(&k, 30), 6, "all in the end");
	kit_end(&k);
}

/* ---- folios of 16 KiB to 1 MiB */

static void
test_sizes(void)
{
	struct os_config cfg = config();
	struct kit k;

	cfg.kernel = 618;
	cfg.thp = THP_MADVISE;
	cfg.mthp[2] = MTHP_ALWAYS;  /* 64 KiB */
	cfg.mthp[0] = MTHP_ALWAYS;  /* 16 KiB */
	cfg.mthp[4] = MTHP_INHERIT; /* 256 KiB: where advised */
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 100);
	is_u64(kit_touch(&k, AT + 20 * PG, ACC_WRITE), 1, "a write");
	is_u64(k.last.work.pages_zeroed, 16, "gets 64 KiB");
	is_u64(kit_run(&k, AT + 16 * PG, 16, ACC_WRITE), 0, "all mapped");
	kit_touch(&k, AT + 97 * PG, ACC_WRITE);
	is_u64(k.last.work.pages_zeroed, 4, "16 KiB where 64 do not fit");
	kit_touch(&k, AT + 33 * PG, ACC_READ);
	is_u64(k.last.kind, FAULT_ZERO_READ, "a read gets the zero page");
	kit_touch(&k, AT + 36 * PG, ACC_WRITE);
	is_u64(k.last.work.pages_zeroed, 4, "which is in the way of 64 KiB");
	kit_call(&k, SYS_madvise, 0, AT, 100 * PG, MADV_DONTNEED, 0, 0, 0);
	kit_call(&k, SYS_madvise, 0, AT, 100 * PG, MADV_HUGEPAGE, 0, 0, 0);
	kit_touch(&k, AT + 5 * PG, ACC_WRITE);
	is_u64(k.last.work.pages_zeroed, 64, "256 KiB where huge is wanted");
	kit_call(&k, SYS_madvise, 0, AT, 100 * PG, MADV_DONTNEED, 0, 0, 0);
	kit_call(&k, SYS_madvise, 0, AT, 100 * PG, MADV_NOHUGEPAGE, 0, 0, 0);
	kit_touch(&k, AT + 5 * PG, ACC_WRITE);
	is_u64(k.last.work.pages_zeroed, 1, "one page where it is not");
	os_check(k.os);
	kit_end(&k);
}

/* Whose page it is after a child has ended. */
static void
test_reuse(unsigned kernel, unsigned kind)
{
	struct os_config cfg = config();
	struct kit k;

	cfg.kernel = kernel;
	cfg.thp = THP_NEVER;
	cfg.mthp[2] = MTHP_ALWAYS;
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 16);
	kit_touch(&k, AT, ACC_WRITE);
	kit_fork(&k, 200, 0);
	kit_exit(&k, 200);
	kit_touch(&k, AT, ACC_WRITE);
	is_u64(k.last.kind, kernel < 608 ? FAULT_COW_REUSE : kind,
	       "Linux %u: a page of a folio that a child had", kernel);
	os_check(k.os);
	kit_end(&k);
}

int
main(void)
{
	test_khugepaged();
	test_limits();
	test_round();
	test_sizes();
	test_reuse(601, FAULT_COW_REUSE);
	test_reuse(608, FAULT_COW_COPY);
	test_reuse(618, FAULT_COW_REUSE);
	return done_testing();
}
