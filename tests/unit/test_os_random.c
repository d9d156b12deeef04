/*
 * test_os_random.c - the kernel model against a slow, obvious one: arrays
 * with one entry a page, under random operations.
 *
 * Held after every reference: the signal is the expected one, and a load sees
 * what was stored last, through copies, forks, files, reclaim and write-back.
 * Held all the time: what was resolved and not told to be forgotten still is
 * so, and what a TLB could hold and was not told to flush is no wider than
 * the page table.  Every few hundred operations all structures are compared.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/rng.h"
#include "os/internal.h"
#include "os_kit.h"

#define PAGES  1536u /* of address space that is used: 6 MiB */
#define PROCS  4u
#define OBJS   5u /* four files, one tmpfs file */
#define OPAGES 96u
#define BASE   0x7f0000000000ull /* aligned to 2 MiB */

struct rpage {
	bool mapped, shared, own, maybe_zero, dontfork, wipe;
	uint8_t prot;
	int8_t obj; /* -1: anonymous; else which object */
	uint32_t index;
	uint64_t version; /* if own */
};

struct robj {
	uint32_t file, pages;
	uint64_t version[OPAGES];
};

struct seen { /* what a cache of resolutions, or a TLB, holds */
	bool valid;
	uint64_t page;
	uint8_t shift;
	bool writable, executable;
};

struct world {
	struct kit k;
	struct rng rng;
	struct os_config cfg;
	bool live[PROCS];
	struct rpage page[PROCS][PAGES];
	struct robj obj[OBJS];
	struct seen cache[PROCS][PAGES], tlb[PROCS][PAGES];
	uint16_t as[PROCS];
	uint64_t next_version, anon_budget;
	uint64_t forgiven; /* mismatched results that are no surprise */
	unsigned bad;
};

static struct world w;

static void
complain(const char *what, unsigned p, unsigned i)
{
	if (w.bad++ < 10)
		printf("# process %u page %u: %s\n", p, i, what);
}

/* The announcements ------------------------------------------------------- */

static void
drop(struct seen (*s)[PAGES], uint16_t as, uint64_t from, uint64_t n)
{
	uint64_t first = BASE / PG;

	for (unsigned p = 0; p < PROCS; p++)
		for (unsigned i = 0; w.as[p] == as && i < PAGES; i++) {
			/* A huge entry goes with any of its pages. */
			uint64_t lo = first + i, hi = lo + 1;

			if (s[p][i].shift == 21) {
				lo &= ~511ull;
				hi = lo + 512;
			}
			if (n == UINT64_MAX || (hi > from && lo < from + n))
				s[p][i].valid = false;
		}
}

static void
on_forget(void *ctx, uint16_t as, vpn from, uint64_t n)
{
	(void)ctx;
	drop(w.cache, as, from.raw, n);
}

static void
on_kevent(void *ctx, const struct kevent *ev)
{
	kit_kevent(ctx, ev);
	if (ev->kind == KEV_FLUSH_AS || ev->kind == KEV_AS_GONE)
		drop(w.tlb, ev->as, 0, UINT64_MAX);
	else if (ev->kind == KEV_FLUSH_PAGES)
		drop(w.tlb, ev->as, ev->va.raw / PG,
		     ev->pages << (ev->shift - 12));
}

static uint64_t
entry_of(uint16_t as, uint64_t addr, unsigned *shift)
{
	struct mm *mm = w.k.os->spaces[as];
	uint64_t *e = pt_find(w.k.os, mm, addr, 0);

	*shift = 12;
	if (!e) {
		e = pt_find(w.k.os, mm, addr, 1);
		*shift = 21;
	}
	return e ? *e : 0;
}

static void
check_page(unsigned p, unsigned i)
{
	struct seen *c = &w.cache[p][i], *t = &w.tlb[p][i];
	unsigned shift;
	uint64_t e = entry_of(w.as[p], BASE + i * PG, &shift);

	if (c->valid &&
	    (!(e & PTE_P) || (e & PTE_ADDR) != c->page || shift != c->shift ||
	     !(e & PTE_A) || (c->writable && (~e & (PTE_W | PTE_D))) ||
	     c->executable != !(e & PTE_NX)))
		complain("changed and nobody was told", p, i);
	if (t->valid &&
	    (!(e & PTE_P) || (t->shift == shift && (e & PTE_ADDR) != t->page) ||
	     (t->writable && (~e & (PTE_W | PTE_D))) ||
	     (t->executable && (e & PTE_NX))))
		complain("a TLB entry is stale", p, i);
}

static void
check_seen(void)
{
	for (unsigned p = 0; p < PROCS; p++)
		for (unsigned i = 0; w.live[p] && i < PAGES; i++)
			check_page(p, i);
}

/* References -------------------------------------------------------------- */

static int
want_signal(const struct rpage *r, enum access acc)
{
	int need = acc == ACC_WRITE  ? PROT_WRITE
		   : acc == ACC_EXEC ? PROT_EXEC
				     : 0;

	if (!r->mapped || !r->prot || (need && !(r->prot & need)))
		return SIGSEGV;
	if (r->obj >= 0 && !r->own && r->index >= w.obj[r->obj].pages)
		return SIGBUS;
	return 0;
}

static uint64_t
want_version(const struct rpage *r)
{
	if (r->own)
		return r->version;
	return r->obj < 0 ? 0 : w.obj[r->obj].version[r->index];
}

static void
remember(unsigned p, unsigned i, const struct mapping *m)
{
	struct seen s = {.valid = true,
			 .page = m->page.raw,
			 .shift = m->page_shift,
			 .writable = m->writable,
			 .executable = m->executable};

	w.cache[p][i] = s;
	if (rng_below(&w.rng, 2)) /* else it was another CPU's */
		w.tlb[p][i] = s;
}

static void
store(struct rpage *r, struct task *t, uint64_t addr)
{
	uint64_t v = ++w.next_version;

	os_poke(w.k.os, t, addr, v);
	r->maybe_zero = false;
	if (r->shared && r->obj >= 0) {
		w.obj[r->obj].version[r->index] = v;
	} else {
		r->own = true;
		r->version = v;
	}
}

static void
op_touch(unsigned p, unsigned i)
{
	static const enum access accs[] = {ACC_READ,  ACC_READ,  ACC_WRITE,
					   ACC_WRITE, ACC_WRITE, ACC_EXEC};
	enum access acc = accs[rng_below(&w.rng, 6)];
	struct rpage *r = &w.page[p][i];
	int want = want_signal(r, acc), got;
	uint64_t addr = BASE + i * PG;
	struct task *t;
	struct mapping m;
	unsigned n;

	w.k.pid = 100 + p;
	t = os_task(w.k.os, w.k.pid, w.k.pid);
	n = kit_touch_map(&w.k, addr, acc, &m);
	check_page(p, i);
	got = n ? w.k.last.signal : 0;
	/* A NX fetch beyond the end of a file is told of the end first. */
	if (got == SIGBUS && want == SIGSEGV && acc == ACC_EXEC && r->prot &&
	    r->mapped)
		want = SIGBUS;
	if (os_oom_text(w.k.os))
		return;
	if (got != want)
		complain("another signal than expected", p, i);
	if (got || want)
		return;
	if (m.writable &&
	    (!(r->prot & PROT_WRITE) ||
	     (r->obj >= 0 && !r->shared && !r->own && acc != ACC_WRITE)))
		complain("writable too early", p, i);
	if (os_peek(w.k.os, t, addr) != want_version(r) &&
	    !(r->maybe_zero && !os_peek(w.k.os, t, addr)))
		complain("a load would not see the last store", p, i);
	if (acc == ACC_WRITE)
		store(r, t, addr);
	remember(p, i, &m);
}

/* Operations -------------------------------------------------------------- */

static void
pick_range(unsigned *first, unsigned *n)
{
	unsigned max = rng_below(&w.rng, 8) ? 40 : 700;

	*first = (unsigned)rng_below(&w.rng, PAGES);
	*n = 1 + (unsigned)rng_below(&w.rng, max);
	if (*first + *n > PAGES)
		*n = PAGES - *first;
}

static unsigned
anon_pages(void)
{
	unsigned n = 0;

	for (unsigned p = 0; p < PROCS; p++)
		for (unsigned i = 0; i < PAGES; i++)
			n += w.live[p] && w.page[p][i].mapped &&
			     !w.page[p][i].shared &&
			     ((w.page[p][i].prot & PROT_WRITE) ||
			      w.page[p][i].own);
	return n;
}

static void
op_mmap(unsigned p)
{
	static const int prots[] = {PROT_READ,
				    PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_EXEC,
				    PROT_NONE,
				    PROT_READ | PROT_WRITE | PROT_EXEC};
	int prot = prots[rng_below(&w.rng, 6)], flags = MAP_PRIVATE;
	int obj = (int)rng_below(&w.rng, 9) - 4;
	unsigned first, n, index = 0;

	pick_range(&first, &n);
	if (obj < 0)
		obj = -1;
	else if (n > OPAGES)
		n = OPAGES;
	if (obj >= 0 && rng_below(&w.rng, 2))
		index = (unsigned)rng_below(&w.rng, OPAGES - n + 1);
	if (obj >= 0 && rng_below(&w.rng, 2))
		flags = MAP_SHARED;
	if (flags == MAP_PRIVATE && (prot & PROT_WRITE) &&
	    anon_pages() + n > w.anon_budget)
		return;
	w.k.pid = 100 + p;
	if (!rng_below(&w.rng, 8))
		flags |= MAP_POPULATE;
	kit_mmap(&w.k, BASE + first * PG, n, prot,
		 flags | (obj < 0 ? MAP_ANONYMOUS : 0),
		 obj < 0 ? 0 : w.obj[obj].file, index);
	for (unsigned i = 0; i < n; i++)
		w.page[p][first + i] =
		    (struct rpage){.mapped = true,
				   .shared = (flags & 3) == MAP_SHARED,
				   .prot = (uint8_t)prot,
				   .obj = (int8_t)obj,
				   .index = index + i};
	if (!(flags & MAP_POPULATE) || obj < 0 || !(prot & PROT_WRITE) ||
	    (flags & 3) == MAP_SHARED)
		return;
	/* Populating writes: copies of the file as it is now. */
	for (unsigned i = 0; i < n && index + i < w.obj[obj].pages; i++) {
		w.page[p][first + i].own = true;
		w.page[p][first + i].version = w.obj[obj].version[index + i];
	}
}

static void
op_munmap(unsigned p)
{
	unsigned first, n;

	pick_range(&first, &n);
	w.k.pid = 100 + p;
	kit_call(&w.k, SYS_munmap, 0, BASE + first * PG, n * PG, 0, 0, 0, 0);
	memset(&w.page[p][first], 0, n * sizeof(struct rpage));
}

static void
op_mprotect(unsigned p)
{
	static const int prots[] = {
	    PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
	    PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};
	int prot = prots[rng_below(&w.rng, 5)];
	unsigned first, n, i;

	pick_range(&first, &n);
	if ((prot & PROT_WRITE) && anon_pages() + n > w.anon_budget)
		return;
	for (i = 0; i < n && w.page[p][first + i].mapped; i++)
		w.page[p][first + i].prot = (uint8_t)prot;
	w.k.pid = 100 + p;
	kit_call(&w.k, SYS_mprotect, i < n ? -ENOMEM : 0, BASE + first * PG,
		 n * PG, (uint64_t)prot, 0, 0, 0);
}

static void
op_madvise(unsigned p)
{
	static const int what[] = {MADV_DONTNEED,      MADV_FREE,
				   MADV_DONTFORK,      MADV_DOFORK,
				   MADV_WIPEONFORK,    MADV_KEEPONFORK,
				   MADV_RANDOM,        MADV_NORMAL,
				   MADV_SEQUENTIAL,    MADV_HUGEPAGE,
				   MADV_WILLNEED,      25 /* COLLAPSE */,
				   MADV_POPULATE_READ, 20 /* COLD */,
				   21 /* PAGEOUT */,   21};
	int adv = what[rng_below(&w.rng, 16)];
	unsigned first, n;
	bool anon = true, hole = false;
	struct os_stats before, after;

	pick_range(&first, &n);
	for (unsigned i = first; i < first + n; i++) {
		anon &= w.page[p][i].mapped && w.page[p][i].obj < 0;
		hole |= !w.page[p][i].mapped;
	}
	if (!anon && (adv == MADV_FREE || adv == MADV_WIPEONFORK ||
		      adv == MADV_POPULATE_READ))
		return;
	w.k.pid = 100 + p;
	os_stats(w.k.os, &before);
	kit_call(&w.k, SYS_madvise, hole ? -ENOMEM : 0, BASE + first * PG,
		 n * PG, (uint64_t)adv, 0, 0, 0);
	os_stats(w.k.os, &after);
	if (adv == 25 || adv == MADV_POPULATE_READ) /* may say EINVAL */
		w.forgiven +=
		    after.result_mismatches - before.result_mismatches;
	for (unsigned i = first; i < first + n; i++) {
		struct rpage *r = &w.page[p][i];

		if (adv == MADV_DONTNEED)
			r->own = false;
		r->maybe_zero |= adv == MADV_FREE;
		if (adv == MADV_DONTFORK || adv == MADV_DOFORK)
			r->dontfork = r->mapped && adv == MADV_DONTFORK;
		if (adv == MADV_WIPEONFORK || adv == MADV_KEEPONFORK)
			r->wipe = r->mapped && adv == MADV_WIPEONFORK;
	}
}

/* Move a uniform run of one mapping somewhere else. */
static void
op_mremap(unsigned p)
{
	unsigned from, n, to, max = 1;
	struct rpage save[PAGES];
	struct vma *v;
	struct mm *mm = w.k.os->spaces[w.as[p]];

	pick_range(&from, &n);
	v = vma_find(mm, BASE + from * PG);
	if (!v)
		return;
	max = (unsigned)((v->end - BASE) / PG) - from;
	n = n < max ? n : max;
	to = (unsigned)rng_below(&w.rng, PAGES - n + 1);
	if (!rng_below(&w.rng, 3) && n >= 512)
		to = to / 512 * 512;
	if (to + n > PAGES || (to < from + n && from < to + n))
		return;
	w.k.pid = 100 + p;
	kit_call(&w.k, SYS_mremap, (int64_t)(BASE + to * PG), BASE + from * PG,
		 n * PG, n * PG, 3, BASE + to * PG, 0);
	memcpy(save, &w.page[p][from], n * sizeof(save[0]));
	memset(&w.page[p][from], 0, n * sizeof(save[0]));
	memcpy(&w.page[p][to], save, n * sizeof(save[0]));
}

static void
op_fork(unsigned p)
{
	unsigned c = (unsigned)rng_below(&w.rng, PROCS), own = 0;

	for (unsigned i = 0; i < PAGES; i++)
		own += w.page[p][i].mapped && !w.page[p][i].shared &&
		       ((w.page[p][i].prot & PROT_WRITE) || w.page[p][i].own);
	if (w.live[c] || anon_pages() + own > w.anon_budget)
		return;
	w.k.pid = 100 + p;
	kit_fork(&w.k, 100 + c, 0);
	w.as[c] = os_task_as(os_task(w.k.os, 100 + c, 100 + c));
	w.live[c] = true;
	memcpy(w.page[c], w.page[p], sizeof(w.page[c]));
	memset(w.cache[c], 0, sizeof(w.cache[c]));
	memset(w.tlb[c], 0, sizeof(w.tlb[c]));
	for (unsigned i = 0; i < PAGES; i++) {
		struct rpage *r = &w.page[c][i];

		if (r->dontfork)
			memset(r, 0, sizeof(*r));
		else if (r->wipe)
			r->own = false;
	}
}

static void
op_exit(unsigned p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PROCS; i++)
		n += w.live[i];
	if (n < 2)
		return;
	w.live[p] = false;
	kit_exit(&w.k, 100 + p);
	w.as[p] = UINT16_MAX;
	memset(w.page[p], 0, sizeof(w.page[p]));
}

static void
op_file(unsigned p)
{
	unsigned o = (unsigned)rng_below(&w.rng, OBJS), pages;
	struct robj *obj = &w.obj[o];
	bool hole = false;

	w.k.pid = 100 + p;
	switch (rng_below(&w.rng, 4)) {
	case 0: /* ftruncate */
		pages = (unsigned)rng_below(&w.rng, OPAGES + 1);
		kit_call(&w.k, SYS_ftruncate, 0, 0, pages * PG, 0, 0, obj->file,
			 0);
		for (unsigned i = pages; i < OPAGES; i++)
			obj->version[i] = 0;
		for (unsigned q = 0; pages < obj->pages && q < PROCS; q++)
			for (unsigned i = 0; i < PAGES; i++)
				if (w.page[q][i].mapped &&
				    w.page[q][i].obj == (int)o &&
				    w.page[q][i].index >= pages)
					w.page[q][i].own = false;
		obj->pages = pages;
		break;
	case 1: /* punch a hole */
		pages = (unsigned)rng_below(&w.rng, OPAGES);
		kit_call(&w.k, SYS_fallocate, 0, 0, 3, pages * PG, 8 * PG,
			 obj->file, 0);
		for (unsigned i = pages; i < pages + 8 && i < OPAGES; i++)
			obj->version[i] = 0;
		break;
	case 2:
		kit_call(&w.k, SYS_fsync, 0, 0, 0, 0, 0, obj->file, 0);
		break;
	default:
		for (unsigned i = 0; i < PAGES; i++)
			hole |= !w.page[p][i].mapped;
		kit_call(&w.k, SYS_msync, hole ? -ENOMEM : 0, BASE, PAGES * PG,
			 MS_SYNC, 0, 0, 0);
	}
}

static void
operate(void)
{
	unsigned p, dice = (unsigned)rng_below(&w.rng, 1000);

	do
		p = (unsigned)rng_below(&w.rng, PROCS);
	while (!w.live[p]);
	if (dice < 900) {
		unsigned first, n;

		pick_range(&first, &n);
		for (unsigned i = 0; i < (n < 8 ? n : 8); i++)
			op_touch(p, first + i);
	} else if (dice < 925) {
		op_mmap(p);
	} else if (dice < 935) {
		op_munmap(p);
	} else if (dice < 955) {
		op_mprotect(p);
	} else if (dice < 970) {
		op_madvise(p);
	} else if (dice < 980) {
		op_mremap(p);
	} else if (dice < 988) {
		op_fork(p);
	} else if (dice < 992) {
		op_exit(p);
	} else {
		op_file(p);
	}
}

static void
begin(uint64_t seed)
{
	struct os_sink sink = {&w.k, on_kevent, on_forget};
	struct event ev = {.kind = EV_PROCESS, .pid = 100, .tid = 100};
	static const uint8_t kinds[] = {FILE_REGULAR, FILE_SHM, FILE_REGULAR,
					FILE_REGULAR, FILE_REGULAR};

	rng_seed(&w.rng, seed);
	w.k = (struct kit){.pid = 100, .next_file = 1};
	w.k.os = os_new(&w.cfg, &sink, &w.k.e);
	BUG_ON(!w.k.os);
	ev.image.exe = ev.image.args = "test";
	os_event(w.k.os, &ev, 0, &w.k.e);
	memset(w.live, 0, sizeof(w.live));
	memset(w.page, 0, sizeof(w.page));
	memset(w.cache, 0, sizeof(w.cache));
	memset(w.tlb, 0, sizeof(w.tlb));
	memset(w.as, 0xff, sizeof(w.as));
	w.live[0] = true;
	w.as[0] = os_task_as(os_task(w.k.os, 100, 100));
	w.bad = 0;
	w.forgiven = 0;
	w.next_version = 0;
	for (unsigned i = 0; i < OBJS; i++) {
		memset(&w.obj[i], 0, sizeof(w.obj[i]));
		w.obj[i].pages = OPAGES;
		w.obj[i].file = kit_file(&w.k, kinds[i], OPAGES * PG);
	}
}

static void
run(const char *name, uint64_t seed, unsigned ops)
{
	struct os_stats st;

	begin(seed);
	for (unsigned n = 0; n < ops && w.bad < 10; n++) {
		operate();
		check_seen();
		if (n % 256 == 0)
			os_check(w.k.os);
		if (os_oom_text(w.k.os))
			break;
	}
	os_stats(w.k.os, &st);
	ok(!w.bad,
	   "%s: %" PRIu64 " faults, %" PRIu64 " pages scanned, %" PRIu64
	   " of %" PRIu64 " frames",
	   name, w.k.raised, st.work.pages_scanned, st.frames_peak_used,
	   st.frames);
	ok(!os_oom_text(w.k.os), "%s: memory suffices", name);
	is_u64(st.result_mismatches, w.forgiven, "%s: results as expected",
	       name);
	for (unsigned i = 0; os_mismatch(w.k.os, i); i++)
		printf("# %s\n", os_mismatch(w.k.os, i));
	os_check(w.k.os);
	os_shutdown(w.k.os);
	os_free(w.k.os);
}

/* Too little memory, with swap, under every policy. */
static void
pressure(uint64_t seed, unsigned ops)
{
	static const struct {
		const char *name;
		unsigned reclaim, frames, readahead, kernel;
	} rows[] = {
	    {"linux", RECLAIM_LINUX, 0, SWAP_RA_VMA, 608},
	    {"linux, clusters", RECLAIM_LINUX, 0, SWAP_RA_CLUSTER, 618},
	    {"mglru", RECLAIM_MGLRU, 0, SWAP_RA_VMA, 608},
	    {"fifo", RECLAIM_FIFO, 40, SWAP_RA_NONE, 608},
	    {"lru", RECLAIM_LRU, 12, SWAP_RA_NONE, 608},
	    {"clock", RECLAIM_CLOCK, 100, SWAP_RA_VMA, 608},
	    {"second-chance", RECLAIM_SECOND_CHANCE, 30, SWAP_RA_NONE, 608},
	    {"nru", RECLAIM_NRU, 30, SWAP_RA_NONE, 608},
	    {"aging", RECLAIM_AGING, 30, SWAP_RA_NONE, 608},
	    {"wsclock", RECLAIM_WSCLOCK, 30, SWAP_RA_NONE, 608},
	    {"random", RECLAIM_RANDOM, 30, SWAP_RA_NONE, 608},
	    {"opt", RECLAIM_OPT, 30, SWAP_RA_NONE, 608},
	};

	w.cfg = kit_config();
	w.cfg.page_cache = CACHE_COLD;
	w.cfg.swap_bytes = 64u << 20;
	w.cfg.page_cluster = 3;
	w.cfg.instructions_per_second = 100; /* the flusher, too */
	w.cfg.dirty_writeback = 50;
	w.cfg.dirty_expire = 200;
	w.cfg.reclaim_tick = 100;
	w.cfg.working_set = 300;
	w.anon_budget = 3000;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w.cfg.reclaim = rows[i].reclaim;
		w.cfg.frames = rows[i].frames;
		w.cfg.swap_readahead = rows[i].readahead;
		w.cfg.kernel = rows[i].kernel;
		w.cfg.memory_bytes =
		    (uint64_t)(rows[i].reclaim > RECLAIM_MGLRU ? 64 : 1) << 20;
		run(rows[i].name, seed + i, ops / 2);
	}
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned ops = argc > 2 ? (unsigned)atoi(argv[2]) : 6000;

	w.cfg = kit_config();
	w.anon_budget = 4000;
	run("ample", seed, ops);
	w.cfg.page_cache = CACHE_COLD;
	run("cold", seed + 1, ops);
	w.cfg.memory_bytes = 1u << 20;
	w.anon_budget = 60;
	run("small", seed + 2, ops);
	w.cfg.page_cache = CACHE_WARM;
	w.cfg.folio_order = 4;
	w.cfg.kernel = 618;
	run("small, large folios", seed + 3, ops);
	w.cfg.memory_bytes = 64u << 20;
	w.cfg.thp = THP_ALWAYS;
	w.anon_budget = 6000;
	run("huge pages", seed + 4, ops);
	w.cfg.instructions_per_second = 20000; /* khugepaged every 20 */
	w.cfg.khugepaged_scan_sleep = 1;
	w.cfg.khugepaged_pages = 4096;
	w.cfg.max_ptes_none = w.cfg.max_ptes_swap = 511;
	w.cfg.mthp[1] = w.cfg.mthp[4] = MTHP_ALWAYS;
	run("khugepaged, folios between", seed + 7, ops);
	w.cfg.khugepaged_scan_sleep = 0;
	w.cfg.mthp[1] = w.cfg.mthp[4] = MTHP_NEVER;
	w.cfg.instructions_per_second = 1000000000;
	w.cfg.kernel = 601;
	w.cfg.folio_order = 0;
	run("huge pages, 6.1", seed + 5, ops);
	pressure(seed + 6, ops);
	return done_testing();
}
