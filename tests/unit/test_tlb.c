/* test_tlb.c - TLBs of every policy and index against a slow list of entries
 * under random operations; the shapes that are refused.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "hw/tlb.h"

#include "../tap.h"

#define S4K ((uint64_t)1 << 12)
#define S2M ((uint64_t)1 << 21)
#define S1G ((uint64_t)1 << 30)

/* The model: every field apart, nothing packed, every hit told to the
 * policy, every search from the first way. */
struct entry {
	bool valid, dirty;
	unsigned asid, shift;
	uint64_t page;
};

struct model {
	uint32_t sets, ways;
	bool folded;
	struct repl repl;
	struct entry *entries;
};

static void
model_init(struct model *m, const struct tlb_config *cfg, const struct tlb *t)
{
	m->sets = cfg->entries / cfg->ways;
	m->ways = cfg->ways;
	m->folded = cfg->index == INDEX_XOR;
	repl_init(&m->repl, cfg->repl, m->sets, m->ways, 0, NULL);
	m->repl.rng = t->a.repl.rng; /* draw the same */
	m->entries = xcalloc(cfg->entries, sizeof(*m->entries));
}

static void
model_free(struct model *m)
{
	repl_free(&m->repl);
	free(m->entries);
}

static uint32_t
model_set(const struct model *m, uint64_t page)
{
	uint64_t low = page % m->sets, next = page / m->sets % m->sets;

	return (uint32_t)(m->folded ? low ^ next : low);
}

static struct entry *
model_find(struct model *m, unsigned asid, uint64_t page, unsigned shift)
{
	struct entry *e = m->entries + (size_t)model_set(m, page) * m->ways;

	for (uint32_t i = 0; i < m->ways; i++, e++)
		if (e->valid && e->asid == asid && e->page == page &&
		    e->shift == shift)
			return e;
	return NULL;
}

static struct entry *
model_lookup(struct model *m, unsigned asid, uint64_t page, unsigned shift)
{
	struct entry *e = model_find(m, asid, page, shift);
	uint32_t i = e ? (uint32_t)(e - m->entries) : 0;

	if (e)
		repl_hit(&m->repl, i / m->ways, i % m->ways);
	return e;
}

static bool
model_fill(struct model *m, unsigned asid, uint64_t page, unsigned shift,
	   bool dirty)
{
	uint32_t set = model_set(m, page), way = 0;
	struct entry *e = m->entries + (size_t)set * m->ways;
	bool evicted;

	while (way < m->ways && e[way].valid)
		way++;
	evicted = way == m->ways;
	if (evicted)
		way = repl_victim(&m->repl, set);
	repl_fill(&m->repl, set, way);
	e[way] = (struct entry){true, dirty, asid, shift, page};
	return evicted;
}

/* Entries of an asid (or all: UINT_MAX) that translate start .. last. */
static unsigned
model_drop(struct model *m, unsigned asid, uint64_t start, uint64_t last)
{
	unsigned dropped = 0;

	for (uint32_t i = 0; i < m->sets * m->ways; i++) {
		struct entry *e = &m->entries[i];
		uint64_t first = e->page << e->shift;
		uint64_t end = first + (((uint64_t)1 << e->shift) - 1);

		if (!e->valid || (asid != UINT32_MAX && e->asid != asid) ||
		    end < start || first > last)
			continue;
		e->valid = false;
		dropped++;
	}
	return dropped;
}

struct both {
	struct tlb t;
	struct model m;
	struct rng rng;
	const struct tlb_config *cfg;
	uint64_t pages; /* different ones, per size and asid */
	uint64_t recent[16];
	unsigned hits, evictions, dropped;
};

/* Pages used before, pages near one another, pages apart by powers of two. */
static uint64_t
any_page(struct both *b)
{
	uint64_t n = rng_below(&b->rng, b->pages);
	uint64_t *recent = &b->recent[rng_below(&b->rng, 16)];

	if (rng_below(&b->rng, 3))
		return *recent;
	n = rng_below(&b->rng, 4) ? 0x400000 + n : n << 13 | (n & 7);
	return *recent = n;
}

static unsigned
any_shift(struct both *b)
{
	return b->t.shift[rng_below(&b->rng, b->t.n_sizes)];
}

/* Looking up and filling at once, as a lane does. */
static bool
step_take(struct both *b)
{
	unsigned asid = (unsigned)rng_below(&b->rng, 3), shift = any_shift(b);
	uint64_t page = any_page(b);
	uint64_t addr = page << shift | rng_below(&b->rng, 1ull << shift);
	struct entry *e = model_lookup(&b->m, asid, page, shift);
	enum tlb_took took = TLB_HIT, want = TLB_HIT;
	struct tlb_port port;
	uint32_t slot;

	tlb_port_init(&port, &b->t, shift);
	tlb_port_set_asid(&port, 7);
	tlb_port_set_asid(&port, asid);
	slot = tlb_port_try(&port, addr);
	if (slot == ASSOC_NONE)
		slot = tlb_port_take(&port, addr, &took);
	if (!e) {
		want = model_fill(&b->m, asid, page, shift, false) ? TLB_EVICTED
								   : TLB_FREE;
		e = model_find(&b->m, asid, page, shift);
	}
	b->hits += took == TLB_HIT;
	b->evictions += took == TLB_EVICTED;
	return took == want && e->dirty == port.dirty[slot] &&
	       slot == (uint32_t)(e - b->m.entries);
}

static bool
step_use(struct both *b)
{
	unsigned asid = (unsigned)rng_below(&b->rng, 3), shift = any_shift(b);
	uint64_t page = any_page(b);
	struct entry *e = model_lookup(&b->m, asid, page, shift);
	uint32_t slot = tlb_lookup(&b->t, asid, page, shift);
	bool dirty = rng_below(&b->rng, 2), evicted;

	if ((slot != ASSOC_NONE) != (e != NULL))
		return false;
	b->hits += e != NULL;
	if (e)
		return e->dirty == b->t.dirty[slot] &&
		       slot == tlb_find(&b->t, asid, page, shift);
	evicted = model_fill(&b->m, asid, page, shift, dirty);
	b->evictions += evicted;
	return tlb_fill(&b->t, asid, page, shift, dirty) == evicted;
}

static bool
step_drop(struct both *b)
{
	unsigned asid = (unsigned)rng_below(&b->rng, 3), shift = any_shift(b);
	uint64_t page = any_page(b), start = page << shift;
	uint64_t bytes =
	    rng_below(&b->rng, 2 * b->pages) << 12 | rng_below(&b->rng, S4K);
	unsigned got, want;

	switch (rng_below(&b->rng, 100)) {
	case 0:
		got = tlb_drop_all(&b->t);
		want = model_drop(&b->m, UINT32_MAX, 0, UINT64_MAX);
		break;
	case 1:
		got = tlb_drop_asid(&b->t, asid);
		want = model_drop(&b->m, asid, 0, UINT64_MAX);
		break;
	case 2:
	case 3:
	case 4:
		got = tlb_drop_range(&b->t, asid, start, bytes);
		want = bytes ? model_drop(&b->m, asid, start, start + bytes - 1)
			     : 0;
		break;
	default:
		got = tlb_drop_page(&b->t, asid, page, shift);
		want = model_find(&b->m, asid, page, shift) != NULL;
		if (want)
			model_find(&b->m, asid, page, shift)->valid = false;
	}
	b->dropped += got;
	return got == want;
}

static bool
same_contents(struct both *b)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < b->m.sets * b->m.ways; i++) {
		const struct entry *e = &b->m.entries[i];

		if (!e->valid)
			continue;
		n++;
		if (tlb_find(&b->t, e->asid, e->page, e->shift) != i)
			return false;
	}
	return n == b->t.a.used;
}

static void
test_agrees(const struct tlb_config *cfg, unsigned steps)
{
	struct both b = {.cfg = cfg};
	bool same = true;
	unsigned i;

	rng_seed(&b.rng, cfg->entries);
	b.pages = cfg->entries + cfg->entries / 2 + 2;
	if (!tlb_init(&b.t, cfg, NULL))
		BUG("refused");
	model_init(&b.m, cfg, &b.t);
	for (i = 0; same && i < steps; i++) {
		same = !rng_below(&b.rng, 30) ? step_drop(&b)
		       : rng_below(&b.rng, 2) ? step_use(&b)
					      : step_take(&b);
		if (i % 1024 == 0)
			same = same && same_contents(&b);
	}
	same = same && same_contents(&b);
	ok(same && b.hits && b.evictions && b.dropped,
	   "%s: %u entries, %u ways, %s: %u steps, %u hits, %u evicted, "
	   "%u dropped",
	   cfg->repl->name, cfg->entries, cfg->ways,
	   cfg->index == INDEX_XOR ? "xor" : "linear", i, b.hits, b.evictions,
	   b.dropped);
	model_free(&b.m);
	tlb_free(&b.t);
}

static void
test_random_operations(void)
{
	static const struct {
		uint32_t entries, ways;
		uint64_t sizes;
		unsigned index;
	} shapes[] = {
	    {64, 4, S4K, INDEX_LINEAR},
	    {1536, 12, S4K | S2M, INDEX_XOR},
	    {32, 8, S4K | S2M | S1G, INDEX_XOR},
	    {64, 64, S4K | S2M | S1G, INDEX_LINEAR}, /* fully associative */
	    {96, 32, S4K, INDEX_LINEAR},             /* three sets */
	    {64, 16, S4K | S2M, INDEX_LINEAR},
	    {1280, 20, S2M, INDEX_XOR},
	    {4, 4, S1G, INDEX_LINEAR},
	};

	for (const struct repl_policy *p = repl_policies; p->name; p++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
			struct tlb_config cfg = {
			    .name = "t",
			    .level = 1,
			    .sides = SIDE_DATA,
			    .entries = shapes[i].entries,
			    .ways = shapes[i].ways,
			    .page_sizes = shapes[i].sizes,
			    .index = shapes[i].index,
			    .repl = p,
			};

			test_agrees(&cfg, 60000);
		}
}

static void
test_odd_shapes(void)
{
	static const uint32_t shapes[][2] = {{1, 1},  {7, 1},  {12, 4},
					     {15, 5}, {96, 6}, {512, 1}};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		struct tlb_config cfg = {.name = "odd",
					 .entries = shapes[i][0],
					 .ways = shapes[i][1],
					 .page_sizes = S4K,
					 .repl = repl_find("lru")};

		test_agrees(&cfg, 40000);
		cfg.repl = repl_find("tree-plru");
		test_agrees(&cfg, 40000);
	}
}

/* How many of n pages, a stride apart, a second round of reading misses. */
static unsigned
second_round_misses(struct tlb *t, unsigned n, uint64_t stride)
{
	unsigned misses = 0;

	tlb_drop_all(t);
	for (unsigned round = 0; round < 2; round++) {
		misses = 0;
		for (unsigned i = 0; i < n; i++) {
			uint64_t page = 0x40000 + i * stride;

			if (tlb_lookup(t, 0, page, 12) != ASSOC_NONE)
				continue;
			misses++;
			tlb_fill(t, 0, page, 12, false);
		}
	}
	return misses;
}

/* Skylake's DTLB: 16 sets by the page's low bits, so a stride of 8 or 16 KiB
 * uses half or a quarter of it (InstLatx64, 0050654_SkylakeX: strides of 8K
 * over 48 lines and 16K over 24 lines cost the price of the STLB). */
static void
test_strides(void)
{
	struct tlb_config cfg = {.name = "dtlb",
				 .entries = 64,
				 .ways = 4,
				 .page_sizes = S4K,
				 .repl = repl_find("tree-plru")};
	struct tlb t;

	tlb_init(&t, &cfg, NULL);
	is_u64(second_round_misses(&t, 63, 1), 0, "63 pages fit");
	is_u64(second_round_misses(&t, 64, 1), 0, "64 pages fit");
	ok(second_round_misses(&t, 65, 1) > 0, "65 pages do not");
	is_u64(second_round_misses(&t, 32, 2), 0, "8 KiB apart, 32 fit");
	ok(second_round_misses(&t, 33, 2) > 0, "but not 33");
	ok(second_round_misses(&t, 48, 2) >= 48 / 2, "48 miss mostly");
	is_u64(second_round_misses(&t, 16, 4), 0, "16 KiB apart, 16 fit");
	ok(second_round_misses(&t, 24, 4) >= 24 / 2, "24 miss mostly");
	is_u64(second_round_misses(&t, 4, 16), 0, "64 KiB apart, 4 fit");
	ok(second_round_misses(&t, 5, 16) > 0, "but not 5");
	tlb_free(&t);
}

/* Skylake's STLB: set = page[6:0] ^ page[13:7]. */
static void
test_xor(void)
{
	struct tlb_config cfg = {.name = "stlb",
				 .entries = 1536,
				 .ways = 12,
				 .page_sizes = S4K,
				 .index = INDEX_XOR,
				 .repl = repl_find("skylake-stlb")};
	struct tlb t;
	bool right = true;

	tlb_init(&t, &cfg, NULL);
	for (uint64_t page = 0; page < 1 << 16; page += 3)
		right = right && tlb_set(&t, page, 12) ==
				     ((page & 0x7f) ^ (page >> 7 & 0x7f));
	ok(right, "set is page[6:0] ^ page[13:7]");
	is_u64(second_round_misses(&t, 1536, 1), 0, "1536 pages in a row fit");
	ok(second_round_misses(&t, 1537, 1) > 0, "1537 do not");
	is_u64(second_round_misses(&t, 128 * 12, 128), 0,
	       "as many 128 pages apart fit: they fold");
	is_u64(second_round_misses(&t, 12, 1 << 14), 0,
	       "12 pages with the same 14 low bits fit");
	ok(second_round_misses(&t, 13, 1 << 14) > 0, "13 do not");
	is_u64(second_round_misses(&t, 12, 129), 0, "12 of one folded set fit");
	ok(second_round_misses(&t, 13, 129) > 0, "13 do not");
	tlb_free(&t);
}

/* Modulo without division, for any number of sets. */
static void
test_modulo(void)
{
	static const uint64_t numbers[] = {0,
					   1,
					   2,
					   11,
					   20479,
					   20480,
					   20481,
					   UINT32_MAX,
					   1ull << 45,
					   UINT64_MAX,
					   UINT64_MAX - 1,
					   1ull << 63};
	unsigned wrong = 0;
	struct rng rng;

	rng_seed(&rng, 1);
	for (uint32_t sets = 1; sets < 3000; sets++) {
		struct assoc a;

		assoc_init(&a, "a", sets, 1, repl_find("lru"), NULL);
		for (unsigned i = 0; i < 12; i++)
			wrong +=
			    assoc_modulo(&a, numbers[i]) != numbers[i] % sets;
		for (unsigned i = 0; i < 50; i++) {
			uint64_t n = rng_u64(&rng) >> rng_below(&rng, 64);

			wrong += assoc_modulo(&a, n) != n % sets;
		}
		assoc_free(&a);
	}
	is_u64(wrong, 0, "modulo of up to 3000 sets");
}

static void
refused(struct tlb_config cfg, const char *want)
{
	struct err e = {0};
	struct tlb t;

	memcpy(cfg.name, "l1d", 4);
	if (ok(!tlb_init(&t, &cfg, &e), "refused: %s", want))
		is_str(e.text, want, "says so");
}

static void
test_refused(void)
{
	struct tlb_config good = {.entries = 64,
				  .ways = 4,
				  .page_sizes = S4K,
				  .repl = repl_find("lru")};
	struct tlb_config c = good;

	c.entries = 0;
	refused(c, "tlb l1d: 0 entries: expected 1 to 67108864");
	c = good;
	c.ways = 0;
	refused(c, "tlb l1d: 64 entries in 0 ways: expected a whole number of "
		   "sets");
	c.ways = 63;
	refused(c, "tlb l1d: 64 entries in 63 ways: expected a whole number of "
		   "sets");
	c.ways = 65;
	refused(c, "tlb l1d: 64 entries in 65 ways: expected a whole number of "
		   "sets");
	c = good;
	c.asids = 17;
	refused(c, "tlb l1d: 17 asids: expected at most 16");
	c = good;
	c.page_sizes = 0;
	refused(c, "tlb l1d: no page sizes: expected at least one");
	c = good;
	c.repl = NULL;
	refused(c, "tlb l1d: no replacement policy");
	c = good;
	c.entries = 12;
	c.index = INDEX_XOR;
	refused(c, "tlb l1d: index xor with 3 sets: expected a power of two");
	c = good;
	c.ways = 2;
	c.repl = repl_find("skylake-stlb");
	refused(c, "tlb l1d: 2 ways with replacement skylake-stlb: expected a "
		   "multiple of 4");
}

/* Coalescing against sets of pages: of each group the pages that go together,
 * and those that have entries of their own. */
#define GROUPS     64
#define GROUP_BITS 2
#define GROUP_SIZE (1u << GROUP_BITS)

struct group {
	unsigned together, apart;
};

static void
group_put(struct group *g, unsigned part, unsigned cover)
{
	if ((cover & g->together) == g->together ||
	    __builtin_popcount(cover) > __builtin_popcount(g->together))
		g->together = cover;
	else
		g->apart |= 1u << part;
}

static void
group_drop(struct group *g, uint64_t first, uint64_t last)
{
	for (uint64_t page = first; page <= last; page++) {
		g[page / GROUP_SIZE].together = 0;
		g[page / GROUP_SIZE].apart &= ~(1u << page % GROUP_SIZE);
	}
}

static bool
group_has(const struct group *g, uint64_t page)
{
	return (g[page / GROUP_SIZE].together | g[page / GROUP_SIZE].apart) >>
		   page % GROUP_SIZE &
	       1;
}

static bool
group_step(const struct tlb_port *p, struct group *g, struct rng *rng)
{
	uint64_t page = rng_below(rng, GROUPS * GROUP_SIZE), n;
	unsigned part = page % GROUP_SIZE, cover;
	enum tlb_took took;
	uint32_t slot = tlb_port_take(p, page << 12, &took);

	if ((slot != ASSOC_NONE) != group_has(g, page) ||
	    (took == TLB_HIT) != group_has(g, page))
		return false;
	if (!rng_below(rng, 8)) {
		n = 1 + rng_below(rng, 3);
		if (page + n > GROUPS * GROUP_SIZE)
			n = 1;
		tlb_drop_range(p->tlb, 5, page << 12, n << 12);
		group_drop(g, page, page + n - 1);
	} else if (slot == ASSOC_NONE) {
		cover = 1u << part | (unsigned)rng_below(rng, 1u << GROUP_SIZE);
		slot = tlb_port_put(p, page << 12, (uint16_t)cover, &took);
		group_put(&g[page / GROUP_SIZE], part, cover);
		return slot != ASSOC_NONE && !p->dirty[slot];
	}
	return true;
}

static void
test_coalescing(uint32_t entries, uint32_t ways)
{
	struct tlb_config cfg = {.name = "wide",
				 .entries = entries,
				 .ways = ways,
				 .page_sizes = S4K,
				 .repl = repl_find("lru"),
				 .coalesce = GROUP_SIZE};
	struct group g[GROUPS] = {{0, 0}};
	struct tlb_port p;
	struct rng rng;
	struct tlb t;
	bool same = true;

	rng_seed(&rng, ways);
	if (!ok(tlb_init(&t, &cfg, NULL), "an array that coalesces"))
		return;
	tlb_port_init(&p, &t, 12);
	tlb_port_set_asid(&p, 5);
	for (unsigned i = 0; same && i < 200000; i++)
		same = group_step(&p, g, &rng);
	ok(same, "%u entries, %u ways: as sets of pages say", entries, ways);
	for (uint64_t page = 0; page < GROUPS * GROUP_SIZE; page++)
		same =
		    same && group_has(g, page) ==
				(tlb_port_group(&p, page << 12) != ASSOC_NONE);
	ok(same, "and at the end");
	tlb_free(&t);
}

int
main(void)
{
	test_random_operations();
	test_odd_shapes();
	test_strides();
	test_xor();
	test_modulo();
	/* Nothing ever has to go: each set takes all pages of its groups. */
	test_coalescing(1024, 1024);
	test_coalescing(1024, 64);
	test_refused();
	return done_testing();
}
