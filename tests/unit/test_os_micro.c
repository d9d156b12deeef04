/*
 * test_os_micro.c - counts that were measured on Linux, step by step.
 *
 * Linux 6.18.44, ext4, page cache of single pages unless said, read-ahead
 * 128 KiB; each line says what the program did.  Where the real count varies
 * by one with the timing of the disk, the one without waiting is asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"
#include "os_kit.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define B    KIT_BASE

static void
counts(struct kit *k, const char *what, uint64_t minor, uint64_t major)
{
	static struct kit_counts last;
	static const struct kit *of;
	static uint32_t pid;
	struct kit_counts now = kit_counts(k);

	if (of != k || pid != k->pid || now.minor < last.minor)
		last = (struct kit_counts){0, 0};
	if (what) {
		is_u64(now.minor - last.minor, minor, "%s: minor", what);
		is_u64(now.major - last.major, major, "%s: major", what);
	}
	last = now;
	of = k;
	pid = k->pid;
}

static void
begin(struct kit *k, const struct os_config *cfg)
{
	kit_start(k, cfg);
	counts(k, NULL, 0, 0);
}

static void
advise(struct kit *k, uint64_t at, uint64_t pages, int advice)
{
	kit_call(k, SYS_madvise, 0, at, pages * PG, (uint64_t)advice, 0, 0, 0);
}

static void
protect(struct kit *k, uint64_t at, uint64_t pages, int prot)
{
	kit_call(k, SYS_mprotect, 0, at, pages * PG, (uint64_t)prot, 0, 0, 0);
}

static void
anon(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	begin(&k, &cfg);
	kit_anon(&k, B, 1000);
	kit_run(&k, B, 1000, ACC_READ);
	counts(&k, "read 1000", 1000, 0);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "write after read", 1000, 0);
	kit_anon(&k, B, 1000);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "write first", 1000, 0);
	advise(&k, B, 1000, MADV_DONTNEED);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "after DONTNEED", 1000, 0);
	advise(&k, B, 1000, MADV_FREE);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "after FREE", 0, 0);
	protect(&k, B, 1000, PROT_READ);
	protect(&k, B, 1000, RW);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "mprotect RO, RW", 0, 0);
	protect(&k, B, 1000, PROT_NONE);
	protect(&k, B, 1000, RW);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "mprotect NONE, RW", 0, 0);
	kit_call(&k, SYS_mremap, (int64_t)(B + 8192 * PG), B, 1000 * PG,
		 1000 * PG, MREMAP_MAYMOVE, 0, 0);
	kit_run(&k, B + 8192 * PG, 1000, ACC_WRITE);
	counts(&k, "mremap move", 0, 0);
	kit_end(&k);
}

/* A kernel without the shared zero page (measured on one whose command line
 * says pvm_no_zero_page). */
static void
no_zero_page(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.zero_page = false;
	cfg.thp = THP_MADVISE;
	begin(&k, &cfg);
	kit_anon(&k, B, 1000);
	kit_run(&k, B, 1000, ACC_READ);
	counts(&k, "no zero page, read 1000", 1000, 0);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "write after read", 0, 0);
	kit_mmap(&k, B, 100, PROT_READ, ANON, 0, 0);
	kit_run(&k, B, 100, ACC_READ);
	counts(&k, "read-only, read 100", 100, 0);
	protect(&k, B, 100, RW);
	kit_run(&k, B, 100, ACC_WRITE);
	counts(&k, "made writable, written", 0, 0);
	kit_anon(&k, B, 100);
	advise(&k, B, 100, 22);
	counts(&k, "POPULATE_READ", 100, 0);
	kit_run(&k, B, 100, ACC_WRITE);
	counts(&k, "then write", 0, 0);
	kit_anon(&k, B, 512);
	advise(&k, B, 512, MADV_HUGEPAGE);
	kit_run(&k, B, 512, ACC_READ);
	counts(&k, "huge, read", 1, 0);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "huge, write after read", 0, 0);
	kit_end(&k);
}

/* MADV_PAGEOUT to a swap area, and back.  Measured on 6.18.44: after a read
 * the page is writable if it is nobody else's; clean pages are not written
 * again.  What was measured while pages were still being written is not asked
 * for: here they have gone at once. */
static void
swapped(void)
{
	struct os_config cfg = kit_config();
	struct os_stats s;
	struct kit k;

	cfg.swap_bytes = 16u << 20;
	cfg.swap_readahead = SWAP_RA_NONE;
	cfg.kernel = 618;
	begin(&k, &cfg);
	kit_anon(&k, B, 64);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "write 64", 64, 0);
	advise(&k, B, 64, MADV_PAGEOUT);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "swapped, read", 0, 64);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "then written", 0, 0);
	advise(&k, B, 64, MADV_PAGEOUT);
	kit_run(&k, B, 64, ACC_READ);
	advise(&k, B, 64, MADV_PAGEOUT);
	os_stats(k.os, &s);
	is_u64(s.swapped_out, 128, "a clean page is not written again");
	is_u64(s.swap_pages, 64, "... and keeps its slot");
	counts(&k, NULL, 0, 0);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "a child reads", 0, 64);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "a child writes", 64, 0);
	kit_exit(&k, 200);
	k.pid = 100;
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "its parent reads", 64, 0);
	kit_call(&k, SYS_munmap, 0, B, 64 * PG, 0, 0, 0, 0);
	os_stats(k.os, &s);
	is_u64(s.swap_pages, 0, "unmapped: no slot is left");
	os_check(k.os);
	kit_end(&k);
}

/* The windows of swap readahead, from 6.8's sources. */
static void
swap_ahead(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.swap_bytes = 16u << 20;
	cfg.page_cluster = 3;
	begin(&k, &cfg);
	kit_anon(&k, B, 64);
	kit_run(&k, B, 64, ACC_WRITE);
	advise(&k, B, 64, MADV_PAGEOUT);
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "by mapping: 5 pages, then 8 at a time", 55, 9);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "6.8: then written", 64, 0);
	advise(&k, B, 64, MADV_PAGEOUT);
	advise(&k, B, 64, MADV_WILLNEED);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "WILLNEED brings all in", 64, 0);
	kit_end(&k);
	cfg.swap_readahead = SWAP_RA_CLUSTER;
	begin(&k, &cfg);
	kit_anon(&k, B, 64);
	kit_run(&k, B, 64, ACC_WRITE);
	advise(&k, B, 64, MADV_PAGEOUT);
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "by slots, aligned to 8", 55, 9);
	kit_end(&k);
}

static void
swapped_huge(void)
{
	struct os_config cfg = kit_config();
	struct task *t;
	unsigned wrong = 0;
	struct kit k;

	cfg.swap_bytes = 16u << 20;
	cfg.thp = THP_ALWAYS;
	begin(&k, &cfg);
	t = os_task(k.os, 100, 100);
	kit_anon(&k, B, 512);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "a huge page", 1, 0);
	for (uint64_t i = 0; i < 512; i++)
		os_poke(k.os, t, B + i * PG, 1000 + i);
	advise(&k, B, 512, MADV_PAGEOUT);
	os_check(k.os);
	kit_run(&k, B, 512, ACC_READ);
	for (uint64_t i = 0; i < 512; i++)
		wrong += os_peek(k.os, t, B + i * PG) != 1000 + i;
	is_u64(wrong, 0, "split, swapped and read again: the same");
	kit_end(&k);
}

/* The flusher: thirty seconds after a file became dirty, at its next waking,
 * and at once beyond its share of memory. */
static void
flushed(void)
{
	struct os_config cfg = kit_config();
	struct os_stats s;
	struct kit k;
	uint32_t file;

	cfg.dirty_writeback = 500;
	cfg.dirty_expire = 3000;
	begin(&k, &cfg);
	file = kit_file(&k, FILE_REGULAR, 64 * PG);
	kit_mmap(&k, B, 64, RW, MAP_SHARED, file, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, NULL, 0, 0);
	k.insn += 20 * cfg.instructions_per_second;
	kit_anon(&k, B + 1024 * PG, 1);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "after 20 seconds, written again", 0, 0);
	k.insn += 16 * cfg.instructions_per_second;
	kit_anon(&k, B + 1024 * PG, 1); /* something happens */
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "after 36 seconds: cleaned, so it faults", 64, 0);
	os_stats(k.os, &s);
	is_u64(s.flushed_files, 1, "written once");
	os_check(k.os);
	kit_end(&k);

	cfg.memory_bytes = 4u << 20;
	begin(&k, &cfg);
	file = kit_file(&k, FILE_REGULAR, 256 * PG);
	kit_mmap(&k, B, 256, RW, MAP_SHARED, file, 0);
	kit_run(&k, B, 256, ACC_WRITE);
	os_stats(k.os, &s);
	ok(s.flushed_files > 1, "more than a tenth of memory dirty: written");
	is_u64(s.throttled, 0, "before anybody waits");
	kit_end(&k);
}

/* 1024 frames; 10 and 20 %: beyond 15 % of what is free or cached. */
static void
throttled(void)
{
	struct os_config cfg = kit_config();
	struct os_stats s;
	struct kit k;
	uint32_t file;

	cfg.memory_bytes = 4u << 20;
	begin(&k, &cfg);
	file = kit_file(&k, FILE_REGULAR, 0);
	kit_call(&k, SYS_write, 140 * PG, 3, 0, 140 * PG, 0, file, 0);
	os_stats(k.os, &s);
	is_u64(s.throttled, 0, "a write of 14 %% of memory goes on");
	is_u64(s.work.pages_written, 0, "without writing");
	kit_call(&k, SYS_fsync, 0, 3, 0, 0, 0, file, 0);
	kit_call(&k, SYS_write, 300 * PG, 3, 0, 300 * PG, 0, file, 0);
	os_stats(k.os, &s);
	is_u64(s.throttled, 1, "one of 30 %% waits");
	ok(s.work.pages_written > 280, "for what it has written so far");
	cfg.dirty_ratio = 90;
	kit_end(&k);
	begin(&k, &cfg);
	file = kit_file(&k, FILE_REGULAR, 0);
	kit_call(&k, SYS_write, 300 * PG, 3, 0, 300 * PG, 0, file, 0);
	os_stats(k.os, &s);
	is_u64(s.throttled, 0, "where more may be dirty it does not");
	kit_end(&k);
}

/* Memory runs out: the largest process goes, whoever asked. */
static void
out_of_memory(void)
{
	struct os_config cfg = kit_config();
	struct os_stats s;
	struct kit k;

	cfg.memory_bytes = 1u << 20; /* 256 frames */
	begin(&k, &cfg);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	kit_anon(&k, B, 150);
	kit_run(&k, B, 150, ACC_WRITE);
	k.pid = 100;
	kit_anon(&k, B, 120);
	kit_run(&k, B, 120, ACC_WRITE);
	os_stats(k.os, &s);
	is_u64(s.oom_kills, 1, "too much for both: one is killed");
	ok(os_was_killed(k.os, 200), "the larger, which did not ask");
	ok(!os_task(k.os, 200, 200), "its threads are gone");
	ok(os_task(k.os, 100, 100) != NULL, "the one that asked goes on");
	ok(os_oom_text(k.os) && strstr(os_oom_text(k.os), "process 200"),
	   "it is said who");
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 120, ACC_WRITE);
	counts(&k, "with all its pages", 0, 0);
	k.pid = 200;
	kit_anon(&k, B, 10);
	kit_exit(&k, 200);
	os_stats(k.os, &s);
	is_u64(s.oom_skipped_events, 2,
	       "what the dead one does is passed over");
	ok(!os_was_killed(k.os, 200), "up to its end");
	k.pid = 100;
	kit_anon(&k, B, 400);
	for (unsigned i = 0; i < 400 && os_task(k.os, 100, 100); i++)
		kit_touch(&k, B + i * PG, ACC_WRITE);
	is_u64(k.last.signal, 9, "alone, it is the one to go");
	ok(os_was_killed(k.os, 100), "and does");
	os_check(k.os);
	kit_end(&k);
}

static void
populated(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint64_t raised;

	begin(&k, &cfg);
	kit_mmap(&k, B, 1000, RW, ANON | MAP_POPULATE, 0, 0);
	counts(&k, "MAP_POPULATE", 1000, 0);
	kit_mmap(&k, B, 1000, PROT_READ, ANON | MAP_POPULATE, 0, 0);
	counts(&k, "PROT_READ populate", 1000, 0);
	kit_anon(&k, B, 1000);
	advise(&k, B, 1000, 22);
	raised = k.raised;
	is_u64(raised, 0, "populating raises nothing");
	counts(&k, "POPULATE_READ", 1000, 0);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "then write", 1000, 0);
	kit_anon(&k, B, 1000);
	advise(&k, B, 1000, 23);
	counts(&k, "POPULATE_WRITE", 1000, 0);
	kit_run(&k, B, 1000, ACC_WRITE);
	counts(&k, "then write", 0, 0);
	kit_anon(&k, B, 64);
	kit_call(&k, SYS_mlock, 0, B, 64 * PG, 0, 0, 0, 0);
	counts(&k, "mlock 64", 64, 0);
	kit_end(&k);
}

/* Which of pages [0, n) of the mapping at B an access finds mapped. */
static bool
mapped_is(struct kit *k, unsigned n, unsigned lo, unsigned hi)
{
	struct task *t = os_task(k->os, k->pid, k->pid);
	struct mapping m;
	bool same = true;

	for (unsigned i = 0; i < n; i++) {
		bool there = os_resolve(k->os, t, va(B + i * PG), ACC_READ,
					&m) == RES_OK;

		same &= there == (i >= lo && i <= hi);
	}
	return same;
}

static void
file_warm(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	begin(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 1024 * PG);
	kit_mmap(&k, B, 1024, PROT_READ, MAP_PRIVATE, f, 0);
	kit_run(&k, B, 1024, ACC_READ);
	counts(&k, "1024 cached pages", 64, 0);
	kit_mmap(&k, B, 1024, PROT_READ, MAP_PRIVATE, f, 0);
	kit_touch(&k, B + 100 * PG, ACC_READ);
	ok(mapped_is(&k, 1024, 96, 111), "touch 100: 96..111");
	kit_mmap(&k, B, 1024, RW, MAP_PRIVATE, f, 0);
	kit_touch(&k, B + 300 * PG, ACC_WRITE);
	ok(mapped_is(&k, 1024, 300, 300), "private write 300: that one");
	kit_mmap(&k, B, 1024, RW, MAP_SHARED, f, 0);
	kit_touch(&k, B + 400 * PG, ACC_WRITE);
	ok(mapped_is(&k, 1024, 400, 400), "shared write 400: that one");
	/* Windows follow the address, not the file. */
	kit_call(&k, SYS_munmap, 0, B, 1024 * PG, 0, 0, 0, 0);
	kit_mmap(&k, B + 5 * PG, 100, PROT_READ, MAP_PRIVATE, f, 0);
	kit_touch(&k, B + 7 * PG, ACC_READ);
	ok(mapped_is(&k, 200, 5, 20), "base 5 mod 16, touch 2: 0..15");
	kit_call(&k, SYS_munmap, 0, B, 1024 * PG, 0, 0, 0, 0);
	kit_mmap(&k, B + 6 * PG, 100, PROT_READ, MAP_PRIVATE, f, 0);
	kit_touch(&k, B + 46 * PG, ACC_READ);
	ok(mapped_is(&k, 200, 32, 47), "base 6 mod 16, touch 40: 26..41");
	kit_mmap(&k, B + 504 * PG, 100, PROT_READ, MAP_PRIVATE, f, 0);
	kit_call(&k, SYS_munmap, 0, B, 504 * PG, 0, 0, 0, 0);
	kit_touch(&k, B + 505 * PG, ACC_READ);
	ok(mapped_is(&k, 700, 504, 511), "never beyond a page table");
	kit_end(&k);
}

static unsigned
cold_read(struct os_config *cfg, int advice, const char *what, uint64_t minor,
	  uint64_t major)
{
	struct kit k;
	uint32_t f;

	begin(&k, cfg);
	f = kit_file(&k, FILE_REGULAR, 4096 * PG);
	kit_mmap(&k, B, 4096, PROT_READ, MAP_SHARED, f, 0);
	advise(&k, B, 4096, advice);
	kit_run(&k, B, 4096, ACC_READ);
	counts(&k, what, minor, major);
	kit_end(&k);
	return 0;
}

static void
file_cold(void)
{
	struct os_config cfg = kit_config();
	struct os_stats st;
	struct kit k;
	uint32_t f;

	cfg.page_cache = CACHE_COLD;
	cold_read(&cfg, MADV_NORMAL, "cold 4096, NORMAL", 256, 1);
	cold_read(&cfg, MADV_SEQUENTIAL, "cold 4096, SEQUENTIAL", 255, 1);
	cold_read(&cfg, MADV_RANDOM, "cold 4096, RANDOM", 0, 4096);

	begin(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 4096 * PG);
	kit_mmap(&k, B, 4096, PROT_READ, MAP_SHARED, f, 0);
	kit_touch(&k, B + 1000 * PG, ACC_READ);
	ok(mapped_is(&k, 4096, 992, 1007), "cold read 1000: maps 992..1007");
	os_stats(k.os, &st);
	is_u64(st.page_cache_pages, 32, "and caches 32");
	counts(&k, "cold read 1000", 0, 1);
	kit_touch(&k, B + 1008 * PG, ACC_READ);
	os_stats(k.os, &st);
	is_u64(st.page_cache_pages, 64, "the marker at 1008 reads 32 more");
	kit_touch(&k, B + 1016 * PG, ACC_READ);
	os_stats(k.os, &st);
	is_u64(st.page_cache_pages, 96, "so does the one at 1016");
	counts(&k, "markers", 2, 0);
	kit_touch(&k, B + 3000 * PG, ACC_READ);
	counts(&k, "elsewhere", 0, 1);
	kit_end(&k);

	for (int shared = 0; shared < 2; shared++) {
		begin(&k, &cfg);
		f = kit_file(&k, FILE_REGULAR, 4096 * PG);
		kit_mmap(&k, B, 4096, RW, shared ? MAP_SHARED : MAP_PRIVATE, f,
			 0);
		kit_touch(&k, B + 100 * PG, ACC_WRITE);
		counts(&k, "cold write 100", 0, 1);
		ok(mapped_is(&k, 4096, 100, 100), "maps that page");
		os_stats(k.os, &st);
		is_u64(st.page_cache_pages, 32, "reads 32 around it");
		kit_end(&k);
	}
}

static void
memfd(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;
	uint64_t n;

	begin(&k, &cfg);
	f = kit_file(&k, FILE_SHM, 128 * PG);
	kit_mmap(&k, B, 128, RW, MAP_SHARED, f, 0);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "memfd: read 64 holes", 64, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "then write", 0, 0);
	kit_run(&k, B, 128, ACC_WRITE);
	counts(&k, "the others", 64, 0);
	kit_mmap(&k, B, 128, RW, MAP_SHARED, f, 0);
	n = kit_run(&k, B, 128, ACC_READ);
	is_u64(n, 8, "128 cached pages, mapped again");
	kit_end(&k);
}

static void
forks(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	begin(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 512 * PG);
	kit_anon(&k, B, 200);
	kit_run(&k, B, 200, ACC_WRITE);
	kit_mmap(&k, B + 1024 * PG, 256, RW, MAP_PRIVATE, f, 0);
	kit_run(&k, B + 1024 * PG, 256, ACC_READ);
	kit_mmap(&k, B + 2048 * PG, 256, RW, MAP_PRIVATE, f, 0);
	kit_run(&k, B + 2048 * PG, 256, ACC_READ);
	kit_touch(&k, B + 2048 * PG, ACC_WRITE);
	kit_anon(&k, B + 4096 * PG, 100); /* zero pages only */
	kit_run(&k, B + 4096 * PG, 100, ACC_READ);
	kit_anon(&k, B + 8192 * PG, 100); /* half of it written */
	kit_run(&k, B + 8192 * PG, 50, ACC_WRITE);
	kit_run(&k, B + 8242 * PG, 50, ACC_READ);
	kit_anon(&k, B + 16384 * PG, 10);
	kit_run(&k, B + 16384 * PG, 10, ACC_WRITE);
	advise(&k, B + 16384 * PG, 10, MADV_WIPEONFORK);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 50, ACC_WRITE);
	counts(&k, "child writes 50 of 200", 50, 0);
	kit_run(&k, B + 1024 * PG, 256, ACC_READ);
	counts(&k, "private file, no anon_vma", 16, 0);
	kit_run(&k, B + 2048 * PG, 256, ACC_READ);
	counts(&k, "private file, with anon_vma", 0, 0);
	kit_run(&k, B + 4096 * PG, 100, ACC_READ);
	counts(&k, "zero pages only", 100, 0);
	kit_run(&k, B + 8192 * PG, 100, ACC_READ);
	counts(&k, "written and read pages", 0, 0);
	kit_run(&k, B + 16384 * PG, 10, ACC_READ);
	counts(&k, "WIPEONFORK", 10, 0);
	kit_end(&k);
}

static void
thp(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.kernel = 618;
	cfg.thp = THP_MADVISE;
	begin(&k, &cfg);
	kit_anon(&k, B, 512);
	advise(&k, B, 512, MADV_HUGEPAGE);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "THP: write 2 MiB", 1, 0);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "child writes it", 512, 0);
	kit_exit(&k, 200);
	k.pid = 100;
	counts(&k, NULL, 0, 0);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "parent after that", 1, 0);
	kit_anon(&k, B, 512);
	advise(&k, B, 512, MADV_HUGEPAGE);
	kit_run(&k, B, 512, ACC_READ);
	counts(&k, "THP: read 2 MiB", 1, 0);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "then write", 1, 0);
	protect(&k, B, 512, PROT_READ);
	protect(&k, B, 512, RW);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "mprotect RO, RW", 0, 0);
	protect(&k, B, 1, PROT_READ);
	kit_run(&k, B + PG, 511, ACC_WRITE);
	counts(&k, "split by mprotect", 0, 0);
	kit_end(&k);

	cfg.kernel = 608;
	begin(&k, &cfg);
	kit_anon(&k, B, 512);
	advise(&k, B, 512, MADV_HUGEPAGE);
	kit_run(&k, B, 512, ACC_READ);
	counts(&k, "6.8: read 2 MiB", 1, 0);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "then write, by small pages", 512, 0);
	advise(&k, B, 512, 25);
	kit_run(&k, B, 512, ACC_WRITE);
	counts(&k, "collapsed", 0, 0);
	kit_end(&k);
}

/* Large folios in the page cache, as ext4 of 6.18 has them. */
static void
folios(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	cfg.kernel = 618;
	cfg.folio_order = 6;
	begin(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 1024 * PG);
	kit_mmap(&k, B, 1024, PROT_READ, MAP_SHARED, f, 0);
	kit_touch(&k, B + 302 * PG, ACC_READ);
	ok(mapped_is(&k, 1024, 256, 319), "read 302 maps 256..319");
	kit_end(&k);
	cfg.folio_order = 7;
	begin(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 1024 * PG);
	kit_mmap(&k, B, 1024, RW, MAP_SHARED, f, 0);
	kit_touch(&k, B + 400 * PG, ACC_WRITE);
	ok(mapped_is(&k, 1024, 384, 511), "shared write 400 maps 384..511");
	kit_run(&k, B + 401 * PG, 3, ACC_WRITE);
	counts(&k, "and writes to 401..403 are free", 1, 0);
	kit_end(&k);
}

static void
notify(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	begin(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 64 * PG);
	kit_mmap(&k, B, 64, RW, MAP_SHARED, f, 0);
	kit_run(&k, B, 64, ACC_READ);
	counts(&k, "shared file: read 64", 4, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "write 64", 64, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "again", 0, 0);
	kit_call(&k, SYS_msync, 0, B, 64 * PG, MS_ASYNC, 0, 0, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "after MS_ASYNC", 0, 0);
	kit_call(&k, SYS_msync, 0, B, 10 * PG, MS_SYNC, 0, 0, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "after MS_SYNC of 10", 10, 0);
	kit_call(&k, SYS_fsync, 0, 0, 0, 0, 0, f, 0);
	kit_run(&k, B, 64, ACC_WRITE);
	counts(&k, "after fsync", 64, 0);
	kit_call(&k, SYS_ftruncate, 0, 0, 32 * PG + 1, 0, 0, f, 0);
	kit_run(&k, B, 33, ACC_READ);
	counts(&k, "truncated", 0, 0);
	is_u64(kit_touch(&k, B + 33 * PG, ACC_READ), 1, "beyond the end");
	ok(k.last.signal == SIGBUS, "SIGBUS");
	kit_end(&k);
}

/* A stack that grows page by page, a break, and what bounds them. */
static void
stack(void)
{
	struct map_desc maps[] = {
	    {.start = 0x7ffffff00000,
	     .end = 0x7ffffff22000,
	     .prot = RW,
	     .flags = MAPD_STACK},
	};
	struct os_config cfg = kit_config();
	struct event ev = {.kind = EV_EXEC, .pid = 100, .tid = 100};
	struct kit k;
	uint64_t at = 0x7ffffff00000;

	begin(&k, &cfg);
	ev.image = (struct image_desc){.exe = "/bin/x",
				       .args = "x",
				       .start_brk = 0x10000000,
				       .stack_pointer = 0x7ffffff20800,
				       .stack_limit = 8u << 20,
				       .n_maps = 1,
				       .maps = maps};
	kit_event(&k, &ev);
	counts(&k, "exec: two pages of arguments", 2, 0);
	is_u64(k.raised, 0, "not raised");
	for (unsigned i = 1; i <= 200; i++)
		kit_touch(&k, at - i * PG, ACC_WRITE);
	counts(&k, "stack: 200 pages down", 200, 0);
	is_u64(k.kinds[FAULT_STACK_GROW], 200, "each grows it");
	kit_touch(&k, 0x7ffffff22000 - (8u << 20) - PG, ACC_WRITE);
	ok(k.last.signal == SIGSEGV, "not beyond its limit");
	kit_touch(&k, 0x7ffffff22000 - (8u << 20), ACC_WRITE);
	ok(!k.last.signal, "but up to it");
	kit_event(&k, &ev);
	kit_anon(&k, at - 400 * PG, 1);
	kit_touch(&k, at - 200 * PG, ACC_WRITE);
	ok(k.last.signal == SIGSEGV, "a gap of 256 pages is kept");
	kit_touch(&k, at - 143 * PG, ACC_WRITE);
	ok(!k.last.signal, "below that it grows");
	counts(&k, NULL, 0, 0);
	kit_call(&k, SYS_brk, 0x10000000 + 98 * 4096, 0x10000000 + 98 * 4096, 0,
		 0, 0, 0, 0);
	kit_run(&k, 0x10000000, 98, ACC_WRITE);
	counts(&k, "brk: 98 pages", 98, 0);
	kit_end(&k);
}

/* What the kernel does itself while it starts a program. */
static void
exec(void)
{
	struct map_desc maps[] = {
	    {.start = 0x400000, .end = 0x402000, .prot = PROT_READ | PROT_EXEC},
	    {.start = 0x402000, .end = 0x404000, .offset = 0x2000, .prot = RW},
	    {.start = 0x404000, .end = 0x408000, .prot = RW, .flags = MAPD_BSS},
	    {.start = 0x7ffffff00000,
	     .end = 0x7ffffff22000,
	     .prot = RW,
	     .flags = MAPD_STACK},
	};
	struct os_config cfg = kit_config();
	struct event ev = {.kind = EV_EXEC, .pid = 100, .tid = 100};
	struct fault f;
	uint32_t pid, tid;
	struct kit k;

	begin(&k, &cfg);
	maps[0].file = maps[1].file = kit_file(&k, FILE_REGULAR, 4 * PG);
	ev.image = (struct image_desc){.exe = "/bin/x",
				       .args = "x",
				       .stack_pointer = 0x7ffffff21800,
				       .n_maps = 4,
				       .maps = maps};
	ok(kit_event(&k, &ev), "exec");
	ok(os_pending_fault(k.os, &f, &pid, &tid), "the kernel faulted");
	ok(f.va.raw >> 12 == 0x403 && f.mode == MODE_KERNEL &&
	       f.access == ACC_WRITE && f.kind == FAULT_FILE_PRIVATE_COPY &&
	       pid == 100 && tid == 100,
	   "clearing the tail of the data segment");
	ok(!os_pending_fault(k.os, &f, &pid, &tid), "once");
	counts(&k, "with one page of arguments", 2, 0);
	is_u64(kit_touch(&k, 0x403000, ACC_WRITE), 0, "that page is there");
	is_u64(kit_touch(&k, 0x400000, ACC_EXEC), 1, "the program is not");
	ok(kit_fork(&k, 200, 0x4100), "vfork");
	is_u64(os_task_as(os_task(k.os, 200, 200)),
	       os_task_as(os_task(k.os, 100, 100)), "shares the space");
	k.pid = 200;
	ev.pid = ev.tid = 200;
	ok(kit_event(&k, &ev), "until it executes");
	ok(os_task_as(os_task(k.os, 200, 200)) !=
	       os_task_as(os_task(k.os, 100, 100)),
	   "and has one of its own");
	kit_end(&k);
}

int
main(void)
{
	exec();
	anon();
	no_zero_page();
	flushed();
	throttled();
	out_of_memory();
	swapped();
	swap_ahead();
	swapped_huge();
	populated();
	file_warm();
	file_cold();
	memfd();
	forks();
	thp();
	folios();
	notify();
	stack();
	return done_testing();
}
