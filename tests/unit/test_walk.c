/* test_walk.c - walks against a recursive reading of the page table.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/map.h"
#include "base/rng.h"
#include "hw/nested.h"
#include "hw/ptable.h"
#include "hw/walk.h"

#include "../tap.h"
#include "pt.h"

#define WALKS 300000

struct fixture {
	struct pt pt;
	struct pwc pwc[3];
	struct cache cache;
	struct cache_path path;
	struct walker w;
	struct rng rng;
};

static void
set_up(struct fixture *f, unsigned n_pwcs)
{
	static const struct {
		uint32_t entries, ways;
	} shape[] = {{32, 4}, {4, 4}, {2, 1}};
	struct cache_config c = cache_cfg("c", 1, SIDE_DATA, 4096, 4, 4);

	memset(f, 0, sizeof(*f));
	rng_seed(&f->rng, n_pwcs);
	pt_init(&f->pt);
	cache_init(&f->cache, &c, NULL);
	f->path = (struct cache_path){.n = 1, .memory = 1};
	f->path.cache[0] = &f->cache;
	f->w = (struct walker){.paging = f->pt.paging,
			       .mem = &f->pt.mem,
			       .path = {&f->path, &f->path},
			       .n_pwcs = n_pwcs};
	for (unsigned i = 0; i < n_pwcs; i++) {
		struct pwc_config p =
		    pwc_cfg("p", i + 1, shape[i].entries, shape[i].ways);

		pwc_init(&f->pwc[i], &p, f->pt.paging, NULL);
		f->w.pwc[i] = &f->pwc[i];
	}
	walker_init(&f->w);
}

static void
tear_down(struct fixture *f)
{
	for (unsigned i = 0; i < f->w.n_pwcs; i++)
		pwc_free(&f->pwc[i]);
	cache_free(&f->cache);
	pt_free(&f->pt);
}

/* Some regions far apart, some pages near one another in each. */
static uint64_t
address_in(struct fixture *f, unsigned roots, unsigned gibs)
{
	uint64_t a = rng_below(&f->rng, roots) << 39 |
		     rng_below(&f->rng, gibs) << 30 |
		     rng_below(&f->rng, 6) << 21 | rng_below(&f->rng, 8) << 12;

	return a | rng_below(&f->rng, PAGE_SIZE);
}

static uint64_t
any_rights(struct fixture *f)
{
	static const uint64_t rights[] = {RW, RW | PTE_NX, PTE_P | PTE_U,
					  PTE_P | PTE_U | PTE_NX, 0};

	return rights[rng_below(&f->rng, 5)];
}

/* Take rights away at an upper level, or hang a 2 MiB page there. */
static void
change_upper(struct fixture *f, unsigned as, unsigned i)
{
	uint64_t a = address_in(f, 4, 3);
	uint64_t *upper = pt_entry(&f->pt, as, a, 1 + i % 3);

	if (i % 3 == 0 && rng_below(&f->rng, 2))
		pt_map(&f->pt, as, a, 1, any_rights(f));
	else if (*upper & PTE_P && i % 2)
		*upper &= ~PTE_W;
	else if (*upper & PTE_P)
		*upper |= PTE_NX;
}

/* Pages of all sizes in the first four regions; the others stay empty. */
static void
fill_tables(struct fixture *f)
{
	for (unsigned as = 1; as <= 2; as++) {
		for (unsigned i = 0; i < 200; i++)
			pt_map(&f->pt, as, address_in(f, 4, 3), 0,
			       any_rights(f));
		for (unsigned i = 0; i < 12; i++)
			change_upper(f, as, i);
		for (uint64_t root = 0; root < 4; root++)
			pt_map(&f->pt, as, root << 39 | 3 * S1G, 2,
			       any_rights(f));
	}
}

struct meaning {
	bool present, write, exec;
	unsigned level; /* of the entry it ends at */
};

/* What an address means, read straight off the tables. */
static struct meaning
read_off(const struct fixture *f, pfn table, unsigned level, uint64_t a)
{
	unsigned shift = 12 + 9 * level;
	uint64_t entry = physmem_words(&f->pt.mem, table)[a >> shift & 511];
	struct meaning m = {.level = level};

	if (!(entry & PTE_P))
		return m;
	m = (struct meaning){true, true, true, level};
	if (level > 0 && !(entry & PTE_PS))
		m = read_off(f, pte_frame(entry), level - 1, a);
	m.write = m.write && entry & PTE_W;
	m.exec = m.exec && !(entry & PTE_NX);
	return m;
}

/* The loads that a walk must make from level top down to level end. */
static bool
loads_right(const struct fixture *f, const struct walk_result *r, unsigned end)
{
	unsigned top = r->pwc == WALK_NO_PWC ? 3 : f->pwc[r->pwc].level - 1;

	if (r->n_loads != top - end + 1)
		return false;
	for (unsigned i = 0; i < r->n_loads; i++)
		if (r->load[i].level != top - i || r->load[i].where > 1)
			return false;
	return true;
}

static unsigned
end_of(const struct meaning *m, enum access acc)
{
	bool granted = acc == ACC_WRITE  ? m->write
		       : acc == ACC_EXEC ? m->exec
					 : true;

	return !m->present ? WALK_NOT_PRESENT
	       : granted   ? WALK_MAPPED
			   : WALK_DENIED;
}

static bool
right(const struct fixture *f, const struct walk_result *r,
      const struct meaning *m, enum access acc)
{
	return r->end == end_of(m, acc) && r->level == m->level &&
	       r->page_shift == 12 + 9 * m->level &&
	       loads_right(f, r, m->level);
}

static struct walk_result
walked(struct walker *w, pfn root, unsigned asid, vaddr va, enum access acc)
{
	struct walk_result r;

	walk(w, root, asid, va, acc, &r);
	return r;
}

static void
test_random_walks(unsigned n_pwcs)
{
	struct fixture f;
	unsigned wrong = 0, ends[3] = {0}, levels[4] = {0}, hits = 0;

	set_up(&f, n_pwcs);
	fill_tables(&f);
	for (unsigned i = 0; i < WALKS; i++) {
		unsigned as = 1 + (unsigned)rng_below(&f.rng, 2);
		enum access acc = (enum access)rng_below(&f.rng, 3);
		uint64_t a = address_in(&f, 5, 5);
		struct meaning m = read_off(&f, f.pt.root[as], 3, a);
		struct walk_result r =
		    walked(&f.w, f.pt.root[as], as, va(a), acc);

		wrong += !right(&f, &r, &m, acc);
		ends[r.end]++;
		levels[r.level]++;
		hits += r.pwc != WALK_NO_PWC;
	}
	is_u64(wrong, 0, "%u caches: %u walks read the tables", n_pwcs, WALKS);
	ok(ends[0] && ends[1] && ends[2] && levels[0] && levels[1] &&
	       levels[2] && levels[3] && !hits == !n_pwcs,
	   "all ends and levels: %u %u %u, %u %u %u %u; %u cache hits", ends[0],
	   ends[1], ends[2], levels[0], levels[1], levels[2], levels[3], hits);
	tear_down(&f);
}

/* Loads are made at the real addresses: eight entries share a line. */
static void
test_addresses(void)
{
	struct fixture f;
	unsigned missed = 0;

	set_up(&f, 3);
	for (uint64_t i = 0; i < 64; i++)
		pt_map(&f.pt, 1, i << 12, 0, RW);
	for (uint64_t i = 0; i < 64; i++) {
		struct walk_result r =
		    walked(&f.w, f.pt.root[1], 1, va(i << 12), ACC_READ);

		missed += r.load[r.n_loads - 1].where;
	}
	is_u64(missed, 8, "64 entries lie in 8 lines");
	/* The line of the frame's first word and nothing else. */
	ok(cache_access(&f.cache, pfn_addr(f.pt.root[1])),
	   "the root's line is at the root's frame");
	tear_down(&f);
}

static void
test_lowest_first(void)
{
	struct fixture f;
	struct walk_result r;

	set_up(&f, 3);
	pt_map(&f.pt, 1, 0, 0, RW);
	pt_map(&f.pt, 1, S2M, 0, RW);
	pt_map(&f.pt, 1, S1G, 0, RW);
	r = walked(&f.w, f.pt.root[1], 1, va(0), ACC_READ);
	is_u64(r.n_loads, 4, "a first walk loads four entries");
	is_u64(r.pwc, WALK_NO_PWC, "no cache helps");
	r = walked(&f.w, f.pt.root[1], 1, va(0), ACC_READ);
	is_u64(r.pwc, 0, "then the PDE cache is asked first");
	is_u64(r.n_loads, 1, "one load");
	r = walked(&f.w, f.pt.root[1], 1, va(S2M), ACC_READ);
	is_u64(r.pwc, 1, "another 2 MiB: the PDPTE cache");
	is_u64(r.n_loads, 2, "two loads");
	r = walked(&f.w, f.pt.root[1], 1, va(S1G), ACC_READ);
	is_u64(r.pwc, 2, "another GiB: the PML4E cache");
	is_u64(r.n_loads, 3, "three loads");
	r = walked(&f.w, f.pt.root[1], 2, va(0), ACC_READ);
	is_u64(r.pwc, WALK_NO_PWC, "another tag: none");
	tear_down(&f);
}

/* Entries of a lane's own tables lie where nothing else does, and those of
 * one table side by side, whatever the shape. */
static void
test_own_entries(const char *name)
{
	enum { N = 20000 };
	struct paging shape;
	struct ptable *t;
	struct map seen = {0};
	struct rng rng;
	unsigned twice = 0, moved = 0, levels = 0;

	rng_seed(&rng, 7);
	ok(paging_parse(name, &shape), "%s is a shape", name);
	t = ptable_new(&shape, (paddr){1ull << 40});
	for (unsigned i = 0; i < N; i++) {
		uint16_t space = (uint16_t)(1 + rng_below(&rng, 3));
		unsigned level = (unsigned)rng_below(&rng, shape.levels);
		unsigned shift = paging_shift(&shape, level);
		uint64_t a = rng_below(&rng, 1 << 14) << 10, was;
		uint64_t me = (a >> shift << 3 | level) << 8 | space;
		uint64_t at = ptable_entry(t, space, va(a), level).raw;

		moved += at != ptable_entry(t, space, va(a), level).raw;
		if (map_get(&seen, at, &was))
			twice += was != me;
		map_put(&seen, at, me);
		levels |= 1u << level;
	}
	ok(!twice && !moved, "%s: no two entries in one place (%u, %u)", name,
	   twice, moved);
	is_u64(levels, (1u << shape.levels) - 1, "%s: at all levels", name);
	is_u64(ptable_entry(t, 1, va(1ull << shape.page_shift), 0).raw -
		   ptable_entry(t, 1, va(0), 0).raw,
	       shape.pte_bytes, "%s: neighbours are neighbours", name);
	map_free(&seen);
	ptable_free(t);
}

/* What the kernel frees goes, and its place is used again. */
static void
test_own_freed(void)
{
	struct paging shape;
	struct ptable *t;
	uint64_t first, peak;

	paging_parse("x86-64-5level", &shape);
	t = ptable_new(&shape, (paddr){1ull << 40});
	first = ptable_entry(t, 1, va(S2M), 0).raw;
	ptable_entry(t, 1, va(2 * S2M), 0);
	peak = ptable_peak(t);
	is_u64(peak, 2 << 12, "two tables of the lowest level");
	ptable_drop_range(t, 1, va(S2M + S4K), S2M);
	is_u64(ptable_entry(t, 1, va(S2M), 0).raw, first,
	       "a table whose span goes in part stays");
	ptable_drop_range(t, 2, va(0), UINT64_MAX);
	is_u64(ptable_entry(t, 1, va(S2M), 0).raw, first,
	       "and so does another space's");
	ptable_drop_range(t, 1, va(S2M), S2M);
	is_u64(ptable_entry(t, 2, va(0), 0).raw, first,
	       "one that goes makes room");
	ptable_drop_space(t, 1);
	ptable_drop_space(t, 2);
	ptable_entry(t, 3, va(0), 0);
	ptable_entry(t, 3, va(S2M), 0);
	is_u64(ptable_peak(t), peak, "spaces that end do, too");
	ptable_free(t);
}

/* A walker over tables of its own means what the kernel's tables say. */
static void
test_own_walks(const char *name, unsigned full, unsigned leaf_4k,
	       unsigned leaf_2m)
{
	struct fixture f;
	struct paging shape;
	unsigned wrong = 0, loads = 0;

	set_up(&f, 0);
	fill_tables(&f);
	paging_parse(name, &shape);
	f.w.paging = &shape;
	f.w.own = ptable_new(&shape, (paddr){1ull << 40});
	walker_init(&f.w);
	for (unsigned i = 0; i < WALKS / 10; i++) {
		enum access acc = (enum access)rng_below(&f.rng, 3);
		uint64_t a = address_in(&f, 5, 5);
		struct meaning m = read_off(&f, f.pt.root[1], 3, a);
		struct walk_result r =
		    walked(&f.w, f.pt.root[1], 1, va(a), acc);

		wrong += r.end != end_of(&m, acc);
		wrong += r.n_loads != full - r.level;
		if (m.present && m.level < 2)
			wrong += r.level != (m.level ? leaf_2m : leaf_4k);
		loads |= 1u << r.n_loads;
	}
	is_u64(wrong, 0, "%s: walks end as the kernel's tables say", name);
	ok(loads & 1u << full, "%s: walks of %u loads", name, full);
	ptable_free(f.w.own);
	tear_down(&f);
}

/* Each 4 KiB of a guest's huge page lies elsewhere in the host, also where the
 * walker's shape maps it in pieces. */
static void
test_nested_pages(const char *name, unsigned guest)
{
	const struct nested_config cfg = {PAGE_SHIFT, 64, 0};
	struct fixture f;
	struct nested host;
	struct paging shape;
	struct walk_result r;
	unsigned wrong = 0;

	set_up(&f, 0);
	pt_map(&f.pt, 1, S2M, 1, RW);
	paging_parse(name, &shape);
	f.w.paging = &shape;
	if (!paging_is_kernel(&shape))
		f.w.own = ptable_new(&shape, (paddr){1ull << 40});
	walker_init(&f.w);
	nested_init(&host, &cfg,
		    ptable_new(&paging_modes[0], (paddr){1ull << 50}), NULL);
	f.w.host = &host;
	r = walked(&f.w, f.pt.root[1], 1, va(S2M), ACC_READ);
	is_u64(r.n_loads, guest + 4 * (guest + 1),
	       "%s: a first walk of two dimensions", name);
	for (unsigned i = 1; i < 32; i++) {
		r = walked(&f.w, f.pt.root[1], 1, va(S2M + i * S4K), ACC_READ);
		wrong += r.n_loads != guest + 4;
		r = walked(&f.w, f.pt.root[1], 1, va(S2M + i * S4K), ACC_READ);
		wrong += r.n_loads != guest;
	}
	is_u64(wrong, 0, "%s: each further 4 KiB is found once", name);
	ptable_free(host.table);
	nested_free(&host);
	ptable_free(f.w.own);
	tear_down(&f);
}

static void
test_shapes(void)
{
	static const char *const bad[] = {"",
					  "x86",
					  "radix",
					  "radix-12",
					  "radix-5-9",
					  "radix-12-0",
					  "radix-12-9-x",
					  "radix-12-9/0",
					  "radix-12-9/3",
					  "radix-12-9-",
					  "radix-12-25",
					  "radix-12-9-9-9-9-9-9-9",
					  "radix-30-24-24"};
	struct paging p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!paging_parse(bad[i], &p), "'%s' is no shape", bad[i]);
	ok(paging_parse("radix-8-4-6/4", &p) && p.levels == 2 &&
	       p.page_shift == 8 && p.index_bits[0] == 6 &&
	       p.index_bits[1] == 4 && p.pte_bytes == 4 && p.leaf_mask == 1,
	   "radix-8-4-6/4: from the root down");
	for (const struct paging *m = paging_modes; m->levels; m++)
		ok(paging_shift(m, m->levels - 1) +
			   m->index_bits[m->levels - 1] <=
		       57,
		   "%s: at most 57 bits", m->name);
}

int
main(void)
{
	test_shapes();
	test_own_entries("x86-64-5level");
	test_own_entries("arm64-16k");
	test_own_entries("radix-8-6-5-6/4");
	test_own_freed();
	test_nested_pages("x86-64-4level", 3);
	test_nested_pages("x86-64-flat", 2);
	test_nested_pages("arm64-16k", 4);
	test_own_walks("x86-64-5level", 5, 0, 1);
	test_own_walks("riscv-sv39", 3, 0, 1);
	test_own_walks("arm64-64k", 3, 0, 0);
	test_own_walks("x86-64-flat", 2, 0, 0);
	test_random_walks(0);
	test_random_walks(3);
	test_addresses();
	test_lowest_first();
	return done_testing();
}
