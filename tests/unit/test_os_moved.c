/*
 * test_os_moved.c - os.addresses=model changes addresses and nothing else: two
 * machines are told the same, one has mappings where they were recorded, the
 * other where Linux puts them, and every load, store and violation is the same.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/rng.h"
#include "os/internal.h"
#include "os_kit.h"

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGES 512 /* of recorded addresses, where all happens */

static struct kit as_recorded, moved;
static struct rng rng;
static uint64_t stores, bad;

static uint64_t
page_at(uint64_t page)
{
	return KIT_BASE + page * PG;
}

/* Tell both; want is what was recorded. */
static void
call(uint32_t nr, int64_t want, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
     uint64_t e)
{
	if (!kit_call(&as_recorded, nr, want, a, b, c, d, e, 0))
		printf("# as recorded: %s\n", as_recorded.e.text);
	if (!kit_call(&moved, nr, want, a, b, c, d, e, 0))
		printf("# moved: %s\n", moved.e.text);
}

/* The page's content, or a signal: negative. */
static int64_t
look(struct kit *k, uint64_t addr, bool write)
{
	struct task *t = os_task(k->os, k->pid, k->pid);
	uint64_t at = os_translate(k->os, t, va(addr)).raw;

	k->last.signal = 0;
	kit_touch(k, at, write ? ACC_WRITE : ACC_READ);
	if (k->last.signal)
		return -(int64_t)k->last.signal;
	if (write)
		os_poke(k->os, t, at, stores);
	return (int64_t)os_peek(k->os, t, at);
}

static void
touch(uint64_t addr, bool write)
{
	int64_t a, b;

	stores += write;
	a = look(&as_recorded, addr, write);
	b = look(&moved, addr, write);
	if (a != b && bad++ < 5)
		printf("# 0x%llx, %s: %lld as recorded, %lld moved\n",
		       (unsigned long long)addr, write ? "store" : "load",
		       (long long)a, (long long)b);
}

static bool
mapped(uint64_t page)
{
	struct task *t =
	    os_task(as_recorded.os, as_recorded.pid, as_recorded.pid);

	return vma_find(t->proc->mm, page_at(page)) != NULL;
}

/* A free run of so many pages, if there is one near a random place. */
static bool
free_run(uint64_t n, uint64_t *at)
{
	uint64_t first = rng_below(&rng, PAGES - n), i;

	for (i = first; i < first + n && !mapped(i); i++)
		;
	*at = page_at(first);
	return i == first + n;
}

static void
do_mmap(void)
{
	uint64_t n = 1 + rng_below(&rng, 24), at, flags = ANON;

	if (!rng_below(&rng, 4))
		flags = MAP_SHARED | MAP_ANONYMOUS;
	if (rng_below(&rng, 3)) {
		if (free_run(n, &at))
			call(SYS_mmap, (int64_t)at, 0, n * PG, RW, flags,
			     UINT64_MAX);
		return;
	}
	at = page_at(rng_below(&rng, PAGES - n));
	call(SYS_mmap, (int64_t)at, at, n * PG, RW, flags | MAP_FIXED,
	     UINT64_MAX);
}

static void
do_range(void)
{
	uint64_t n = 1 + rng_below(&rng, 40);
	uint64_t first = rng_below(&rng, PAGES - n), at = page_at(first);
	bool whole = true;

	for (uint64_t i = first; i < first + n; i++)
		whole &= mapped(i);
	switch (rng_below(&rng, 4)) {
	case 0:
		call(SYS_munmap, 0, at, n * PG, 0, 0, 0);
		break;
	case 1:
		call(SYS_madvise, whole ? 0 : -ENOMEM, at, n * PG,
		     MADV_DONTNEED, 0, 0);
		break;
	default:
		call(SYS_mprotect, whole ? 0 : -ENOMEM, at, n * PG,
		     rng_below(&rng, 2) ? RW : PROT_READ, 0, 0);
	}
}

/* Moves, grows or shrinks part of one mapping. */
static void
do_mremap(void)
{
	uint64_t from = page_at(rng_below(&rng, PAGES)), to;
	uint64_t n = 1 + rng_below(&rng, 24), old;
	struct task *t =
	    os_task(as_recorded.os, as_recorded.pid, as_recorded.pid);
	struct vma *v = vma_find(t->proc->mm, from);
	uint64_t end;

	if (!v || !free_run(n, &to))
		return;
	/* What is one mapping there may be two here. */
	end = v->end;
	for (uint64_t a = from; a < end; a += PG)
		if (os_translate(moved.os,
				 os_task(moved.os, moved.pid, moved.pid), va(a))
			    .raw -
			os_translate(moved.os,
				     os_task(moved.os, moved.pid, moved.pid),
				     va(from))
			    .raw !=
		    a - from)
			end = a;
	old = 1 + rng_below(&rng, (end - from) / PG);
	call(SYS_mremap, (int64_t)to, from, old * PG, n * PG, MREMAP_MAYMOVE,
	     0);
}

static void
do_fork(void)
{
	static uint32_t child = 200;

	child++;
	kit_fork(&as_recorded, child, 0);
	kit_fork(&moved, child, 0);
	kit_exit(&as_recorded, as_recorded.pid);
	kit_exit(&moved, moved.pid);
	as_recorded.pid = moved.pid = child;
}

static void
run(uint64_t seed)
{
	struct os_config cfg = kit_config();
	struct os_stats st;

	rng_seed(&rng, seed);
	bad = stores = 0;
	kit_start(&as_recorded, &cfg);
	cfg.own_addresses = true;
	kit_start(&moved, &cfg);
	for (unsigned i = 0; i < 4000 && bad < 5; i++) {
		uint64_t what = rng_below(&rng, 100);

		if (what < 20)
			do_mmap();
		else if (what < 40)
			do_range();
		else if (what < 45)
			do_mremap();
		else if (what < 46)
			do_fork();
		else
			touch(page_at(rng_below(&rng, PAGES)), what < 75);
	}
	for (uint64_t i = 0; i < PAGES; i++)
		touch(page_at(i), false);
	is_u64(bad, 0, "%llu stores: all loads and violations are the same",
	       (unsigned long long)stores);
	os_stats(moved.os, &st);
	/* One that mremap(2) leaves may have to go all the same. */
	ok(st.placed > 100 && st.placed_as_linux * 10 >= st.placed * 9,
	   "%llu of %llu mappings are where Linux puts them",
	   (unsigned long long)st.placed_as_linux,
	   (unsigned long long)st.placed);
	os_check(moved.os);
	kit_end(&as_recorded);
	kit_end(&moved);
}

/* Mappings that lay side by side, and do not any more. */
static void
test_apart(void)
{
	struct os_config cfg = kit_config();
	struct kit *k = &moved;
	struct task *t;
	uint64_t low, high;

	cfg.own_addresses = true;
	kit_start(k, &cfg);
	t = os_task(k->os, 100, 100);
	kit_call(k, SYS_mmap, KIT_BASE, 0, 4 * PG, RW, ANON, UINT64_MAX, 0);
	kit_call(k, SYS_mmap, KIT_BASE + 4 * PG, 0, 4 * PG, RW, ANON,
		 UINT64_MAX, 0);
	low = os_translate(k->os, t, va(KIT_BASE)).raw;
	high = os_translate(k->os, t, va(KIT_BASE + 4 * PG)).raw;
	is_u64(low, 0x7ffff7fff000 - 4 * PG, "the first is at the top");
	is_u64(high, low - 4 * PG, "the next below, not above");
	is_u64(os_translate(k->os, t, va(KIT_BASE + 5 * PG + 7)).raw,
	       high + PG + 7, "with all its bytes");
	is_u64(os_translate(k->os, t, va(KIT_BASE + 8 * PG)).raw,
	       KIT_BASE + 8 * PG, "nothing else is moved");
	kit_call(k, SYS_munmap, 0, KIT_BASE + 2 * PG, 4 * PG, 0, 0, 0, 0);
	is_u64(kit_touch(k, low + 2 * PG, ACC_READ), 1, "unmapped: the end");
	ok(k->last.signal == SIGSEGV, "of the first");
	is_u64(kit_touch(k, high, ACC_READ), 1, "and the beginning");
	ok(k->last.signal == SIGSEGV, "of the second");
	kit_touch(k, high + 2 * PG, ACC_WRITE);
	is_u64(k->last.signal, 0, "no more");
	ok(!kit_call(k, SYS_mremap, KIT_BASE + 99 * PG, KIT_BASE, 8 * PG,
		     8 * PG, MREMAP_MAYMOVE, 0, 0),
	   "an mremap of both is refused");
	ok(k->e.kind == ERR_REFUSED, "clearly: %s", k->e.text);
	os_free(k->os);
}

int
main(void)
{
	test_apart();
	for (uint64_t seed = 1; seed <= 20; seed++)
		run(seed);
	return done_testing();
}
