/* test_os_hugetlb.c - MAP_HUGETLB: the pool, promises, copy-on-write.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "os_kit.h"

#include "os/internal.h"

#define HUGE     (2ull << 20)
#define AT       (KIT_BASE + 0x200000)
#define PRIVATE  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB)
#define SHARED   (MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB)
#define PAGES(n) ((n)*512)

static void
start(struct kit *k, uint64_t pool)
{
	struct os_config cfg = kit_config();

	cfg.kernel = 618;
	cfg.nr_hugepages = pool;
	kit_start(k, &cfg);
}

static uint64_t
map(struct kit *k, uint64_t at, uint64_t n, int flags)
{
	return kit_mmap(k, at, PAGES(n), PROT_READ | PROT_WRITE, flags, 0, 0);
}

/* An mmap that failed, as the model has it, too. */
static bool
fails(struct kit *k, uint64_t len, int flags, int64_t error)
{
	struct os_stats a, b;

	os_stats(k->os, &a);
	kit_call(k, SYS_mmap, error, 0, len, PROT_READ | PROT_WRITE,
		 (uint64_t)flags, 0, 0);
	os_stats(k->os, &b);
	return a.result_mismatches == b.result_mismatches;
}

static uint64_t
mismatches(struct kit *k)
{
	struct os_stats s;

	os_stats(k->os, &s);
	return s.result_mismatches;
}

static void
test_private(void)
{
	struct mapping m;
	struct kit k;

	start(&k, 4);
	map(&k, AT, 3, PRIVATE);
	ok(fails(&k, 2 * HUGE, PRIVATE, -ENOMEM),
	   "three of four are promised: two more are not to be had");
	ok(!fails(&k, HUGE, PRIVATE, -ENOMEM), "one is");
	is_u64(kit_touch(&k, AT + 5 * PG, ACC_WRITE), 1, "a first write");
	is_u64(k.last.kind, FAULT_HUGETLB, "takes a huge page");
	is_u64(k.last.work.pages_zeroed, 512, "all of it zeroed");
	is_u64(kit_run(&k, AT, 512, ACC_WRITE), 0, "... for all its pages");
	is_u64(kit_touch_map(&k, AT + HUGE, ACC_READ, &m), 1, "a first read");
	ok(m.page_shift == 21 && !m.writable, "maps one read-only");
	is_u64(kit_touch(&k, AT + HUGE, ACC_WRITE), 1, "then written");
	is_u64(k.last.kind, FAULT_COW_REUSE, "its sole owner keeps it");
	kit_call(&k, SYS_munmap, -EINVAL, AT, PG, 0, 0, 0, 0);
	kit_call(&k, SYS_mprotect, -EINVAL, AT, PG, PROT_READ, 0, 0, 0);
	kit_call(&k, SYS_madvise, -EINVAL, AT, HUGE, MADV_FREE, 0, 0, 0);
	kit_call(&k, SYS_mremap, -EINVAL, AT, 3 * HUGE, 4 * HUGE, 1, 0, 0);
	is_u64(mismatches(&k), 1, "what cannot be done to part of one");
	kit_call(&k, SYS_madvise, 0, AT, HUGE + PG, MADV_DONTNEED, 0, 0, 0);
	is_u64(kit_touch(&k, AT, ACC_WRITE), 1, "given back, faults again");
	os_check(k.os);
	kit_call(&k, SYS_munmap, 0, AT, 3 * HUGE, 0, 0, 0, 0);
	ok(!fails(&k, 4 * HUGE, PRIVATE, -ENOMEM), "all four are free again");
	kit_end(&k);
}

static void
test_fork(void)
{
	struct kit k;

	start(&k, 3);
	map(&k, AT, 2, PRIVATE);
	kit_touch(&k, AT, ACC_WRITE);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	is_u64(kit_touch(&k, AT, ACC_READ), 0, "a child has the page");
	is_u64(kit_touch(&k, AT, ACC_WRITE), 1, "and copies it to write");
	ok(k.last.kind == FAULT_COW_COPY && k.last.work.pages_copied == 512,
	   "all of it");
	kit_touch(&k, AT + HUGE, ACC_WRITE);
	ok(k.last.signal == SIGBUS && k.last.si_code == BUS_ADRERR,
	   "nothing is promised to it: SIGBUS");
	k.pid = 100;
	is_u64(kit_touch(&k, AT, ACC_WRITE), 1, "the parent writes");
	is_u64(k.last.kind, FAULT_COW_REUSE, "what nobody else has now");
	is_u64(kit_touch(&k, AT + HUGE, ACC_WRITE), 1, "its promise holds");
	ok(!k.last.signal, "... without a signal");
	os_check(k.os);
	kit_end(&k);
}

/* The pool is empty when the owner wants to copy: the child loses the page. */
static void
test_take_back(void)
{
	struct kit k;

	start(&k, 1);
	map(&k, AT, 1, PRIVATE);
	kit_touch(&k, AT, ACC_WRITE);
	kit_fork(&k, 200, 0);
	is_u64(kit_touch(&k, AT, ACC_WRITE), 1, "the owner writes");
	is_u64(k.last.kind, FAULT_COW_REUSE, "and keeps the only page");
	k.pid = 200;
	kit_touch(&k, AT, ACC_READ);
	is_u64(k.last.signal, SIGBUS, "which its child has lost");
	os_check(k.os);
	kit_end(&k);
}

static void
test_shared(void)
{
	struct kit k;

	start(&k, 2);
	map(&k, AT, 2, SHARED);
	kit_touch(&k, AT, ACC_WRITE);
	os_poke(k.os, os_task(k.os, 100, 100), AT + 7 * PG, 42);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	is_u64(kit_touch(&k, AT + 7 * PG, ACC_READ), 1,
	       "a child finds it by a fault");
	is_u64(os_peek(k.os, os_task(k.os, 200, 200), AT + 7 * PG), 42,
	       "the same page");
	is_u64(kit_touch(&k, AT + HUGE, ACC_WRITE), 1, "the other page");
	ok(!k.last.signal, "was promised to the file");
	ok(fails(&k, HUGE, PRIVATE, -ENOMEM), "so the pool is empty");
	kit_exit(&k, 200);
	k.pid = 100;
	is_u64(kit_touch(&k, AT + HUGE, ACC_WRITE), 1,
	       "what the child had begun is still there");
	is_u64(k.last.work.pages_zeroed, 0, "and not zeroed again");
	os_check(k.os);
	kit_end(&k);
}

static void
test_limits(void)
{
	struct kit k;

	start(&k, 2);
	ok(fails(&k, HUGE, PRIVATE | 30 << 26, -ENOMEM),
	   "the pool of 1 GiB pages is empty");
	ok(fails(&k, HUGE, PRIVATE | 16 << 26, -EINVAL),
	   "there are no pages of 64 KiB");
	ok(fails(&k, HUGE + PG, PRIVATE, -ENOMEM) == false,
	   "a length is rounded up to whole pages");
	ok(fails(&k, 2 * HUGE + PG, PRIVATE, -ENOMEM), "... which count");
	map(&k, AT, 8, PRIVATE | MAP_NORESERVE);
	is_u64(kit_touch(&k, AT, ACC_WRITE), 1, "nothing promised");
	is_u64(kit_touch(&k, AT + HUGE, ACC_WRITE), 1, "while there are some");
	kit_touch(&k, AT + 2 * HUGE, ACC_WRITE);
	is_u64(k.last.signal, SIGBUS, "the third of two: SIGBUS");
	kit_call(&k, SYS_mremap, (int64_t)(AT + 64 * HUGE), AT, HUGE, HUGE,
		 MREMAP_MAYMOVE | MREMAP_FIXED, AT + 64 * HUGE, 0);
	is_u64(kit_touch(&k, AT + 64 * HUGE, ACC_WRITE), 0, "one moves along");
	ok(!kit_call(&k, SYS_munmap, 0, AT + HUGE, PG, 0, 0, 0, 0),
	   "a recorded cut through a page is refused");
	os_check(k.os);
	kit_end(&k);
}

/* A call that succeeded had its pages: the pool was larger than we know. */
static void
test_recorded_wins(void)
{
	struct os_config cfg = kit_config();
	struct os_sink none = {0};
	struct kit k;

	start(&k, 0);
	map(&k, AT, 2, PRIVATE);
	is_u64(mismatches(&k), 1, "the model would have refused");
	is_u64(kit_run(&k, AT, PAGES(2), ACC_WRITE), 2, "the pages are there");
	kit_end(&k);
	cfg.nr_hugepages = 1000;
	ok(!os_new(&cfg, &none, &k.e), "a pool larger than memory");
	ok(strstr(k.e.text, "os.nr_hugepages: 1000") != NULL, "is named: %s",
	   k.e.text);
}

int
main(void)
{
	test_private();
	test_fork();
	test_take_back();
	test_shared();
	test_limits();
	test_recorded_wins();
	return done_testing();
}
