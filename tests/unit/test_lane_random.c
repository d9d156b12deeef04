/* test_lane_random.c - a lane under random visits, faults, invalidations and
 * switches: against a slow model of two levels of TLBs, collapsed against not,
 * alone against among others.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/err.h"
#include "base/rng.h"
#include "sim/lane.h"
#include "sim/stats.h"

#include "../tap.h"
#include "pt.h"

#define STEPS  200000
#define SPACES 9u
#define PAGES  2048u
#define BASE   ((uint64_t)0x10000000000)

static struct lane *
lane_over(struct pt *pt, const struct lane_config *cfg)
{
	struct table_source tables = {&pt->mem, pt, pt_view};
	struct err e = {0};
	struct lane *l = lane_new(cfg, &tables, &e);

	if (!l)
		BUG("%s", e.text);
	return l;
}

/* Pages of 4 KiB, and above them pages of 2 MiB and 1 GiB. */
static void
map_all(struct pt *pt)
{
	pt_init(pt);
	for (unsigned as = 1; as <= SPACES; as++) {
		for (uint64_t i = 0; i < PAGES; i++)
			pt_map(pt, as, BASE + i * S4K, 0, RW);
		for (uint64_t i = 0; i < 64; i++)
			pt_map(pt, as, BASE + S1G + i * S2M, 1, RW);
		for (uint64_t i = 4; i < 12; i++)
			pt_map(pt, as, BASE + i * S1G, 2, RW);
	}
}

/* What happens next, told to any number of lanes alike. */
struct script {
	struct rng rng;
	uint16_t as;
	bool small_only; /* pages of 4 KiB */
	uint64_t recent[32];
};

enum step_kind { VISIT, FAULT, FLUSH_PAGES, FLUSH_AS, GONE, SWITCH };

struct step {
	enum step_kind kind;
	struct visit visit;
	uint64_t pages;
};

static void
any_visit(struct script *s, struct visit *v)
{
	uint64_t *recent = &s->recent[rng_below(&s->rng, 32)];
	uint64_t size = rng_below(&s->rng, s->small_only ? 1 : 8);

	if (!rng_below(&s->rng, 4) || !*recent)
		*recent =
		    BASE + (size < 6   ? rng_below(&s->rng, PAGES) * S4K
			    : size < 7 ? S1G + rng_below(&s->rng, 64) * S2M
				       : (4 + rng_below(&s->rng, 8)) * S1G);
	*v = (struct visit){.va = {*recent + rng_below(&s->rng, S4K)},
			    .as = s->as,
			    .area = (uint32_t)(*recent >> 22 & 0xff)};
	v->pa.raw = v->va.raw;
	v->page_shift = *recent < BASE + S1G       ? 12
			: *recent < BASE + 4 * S1G ? 21
						   : 30;
	v->reads = (uint32_t)rng_below(&s->rng, 4);
	v->writes = (uint32_t)rng_below(&s->rng, 2);
	if (rng_below(&s->rng, 3) == 0) {
		v->flags = VISIT_INSN;
		v->reads += v->writes;
		v->writes = 0;
	}
	v->reads += !(v->reads + v->writes);
}

static struct step
next_step(struct script *s)
{
	struct step t = {.pages = 1 + rng_below(&s->rng, 40)};
	unsigned roll = (unsigned)rng_below(&s->rng, 2000);

	any_visit(s, &t.visit);
	t.kind = roll < 20   ? FAULT
		 : roll < 30 ? FLUSH_PAGES
		 : roll < 32 ? FLUSH_AS
		 : roll < 33 ? GONE
		 : roll < 50 ? SWITCH
			     : VISIT;
	if (t.kind == SWITCH)
		s->as = (uint16_t)(1 + rng_below(&s->rng, SPACES));
	if (t.kind == FLUSH_AS || t.kind == GONE || t.kind == FLUSH_PAGES)
		t.visit.as = (uint16_t)(1 + rng_below(&s->rng, SPACES));
	if (t.kind == GONE && t.visit.as == s->as)
		t.kind = FLUSH_AS;
	if (t.kind == SWITCH)
		t.visit.as = s->as;
	return t;
}

static void
tell(struct lane *l, unsigned cpu, const struct step *t)
{
	const struct visit *v = &t->visit;
	struct fault f = {.kind = FAULT_COW_COPY, .area = v->area};
	struct kevent k = {.shift = v->page_shift,
			   .as = v->as,
			   .va = v->va,
			   .pages = t->pages};

	f.work.pages_copied = 1;
	switch (t->kind) {
	case VISIT:
		lane_visits(l, cpu, v, 1);
		return;
	case FAULT:
		lane_fault_walk(l, cpu, v->as, v->va, ACC_WRITE);
		lane_fault(l, cpu, &f);
		return;
	case FLUSH_PAGES:
	case FLUSH_AS:
	case GONE:
		k.kind = t->kind == FLUSH_PAGES ? KEV_FLUSH_PAGES
			 : t->kind == FLUSH_AS  ? KEV_FLUSH_AS
						: KEV_AS_GONE;
		lane_kevent(l, cpu, &k);
		return;
	case SWITCH:
		lane_switch(l, cpu, v->as);
		return;
	}
}

/* ------------------------------------------------------------- the model */

#define M_SETS 128
#define M_WAYS 12

struct m_entry {
	bool valid, dirty;
	unsigned as; /* not the tag: whose page it is */
	uint64_t page;
};

struct m_tlb {
	unsigned sets, ways;
	struct m_entry e[M_SETS][M_WAYS]; /* most recent first */
	uint64_t lookups, misses;
	unsigned max_tags, n_tags; /* 0: any number of tags */
	unsigned tags[8];          /* most recent first */
};

/* One CPU; the spaces that hold a tag, in their slots, and those of them
 * that missed a flush. */
struct model {
	struct m_tlb l1[3], l2; /* loads or data, fetches, stores */
	bool split;
	unsigned limit, next, as;
	unsigned slot[8];
	bool stale[8];
	uint64_t assists, failed;
};

static struct m_entry *
m_find(struct m_tlb *t, unsigned as, uint64_t page)
{
	struct m_entry *set = t->e[page % t->sets];

	for (unsigned i = 0; i < t->ways; i++)
		if (set[i].valid && set[i].as == as && set[i].page == page)
			return &set[i];
	return NULL;
}

static struct m_entry *
m_first(struct m_tlb *t, struct m_entry *from, struct m_entry e)
{
	struct m_entry *set = t->e[e.page % t->sets];

	for (; from > set; from--)
		from[0] = from[-1];
	set[0] = e;
	return set;
}

static struct m_entry *
m_fill(struct m_tlb *t, unsigned as, uint64_t page, bool dirty)
{
	struct m_entry *set = t->e[page % t->sets];
	unsigned i = 0;

	while (i < t->ways - 1 && set[i].valid)
		i++;
	return m_first(t, &set[i], (struct m_entry){true, dirty, as, page});
}

static struct m_entry *
m_lookup(struct m_tlb *t, unsigned as, uint64_t page, uint64_t n)
{
	struct m_entry *e = m_find(t, as, page);

	t->lookups += n;
	t->misses += !e;
	return e ? m_first(t, e, *e) : NULL;
}

static void
m_drop(struct m_tlb *t, unsigned as, uint64_t page, uint64_t n)
{
	for (unsigned s = 0; s < t->sets; s++)
		for (unsigned i = 0; i < t->ways; i++)
			if (t->e[s][i].as == as && t->e[s][i].page >= page &&
			    t->e[s][i].page - page < n)
				t->e[s][i].valid = false;
}

static void
m_drop_all(struct model *m, unsigned as, uint64_t page, uint64_t n)
{
	m_drop(&m->l1[0], as, page, n);
	m_drop(&m->l1[1], as, page, n);
	m_drop(&m->l1[2], as, page, n);
	m_drop(&m->l2, as, page, n);
}

static void
m_ask(struct model *m, struct m_tlb *l1, const struct visit *v)
{
	uint64_t page = v->va.raw >> 12;
	struct m_entry *e = m_lookup(l1, v->as, page, v->reads + v->writes);
	struct m_entry *e2;

	if (!e) {
		e2 = m_lookup(&m->l2, v->as, page, 1);
		e = m_fill(l1, v->as, page, e2 && e2->dirty);
		if (!e2)
			m_fill(&m->l2, v->as, page, false);
	}
	if (!v->writes || e->dirty)
		return;
	m->assists++;
	e->dirty = true;
	e2 = m_find(&m->l2, v->as, page);
	if (e2)
		e2->dirty = true;
}

static void
m_visit(struct model *m, const struct visit *v)
{
	struct visit part = *v;

	if (!m->split || !v->writes) {
		m_ask(m, &m->l1[!!(v->flags & VISIT_INSN)], v);
		return;
	}
	part.reads = 0;
	m_ask(m, &m->l1[2], &part);
	part.reads = v->reads;
	part.writes = 0;
	if (v->reads)
		m_ask(m, &m->l1[0], &part);
}

static void
m_fault(struct model *m, const struct visit *v)
{
	struct m_tlb *l1 = &m->l1[m->split ? 2 : 0];

	/* The walk finds a page that may be written: it does not fail here,
	 * but is priced and forgotten as one that does. */
	l1->lookups++;
	l1->misses++;
	m->l2.lookups++;
	m->l2.misses++;
	m->failed++;
	m_drop_all(m, v->as, v->va.raw >> 12, 1);
}

static int
m_slot(const struct model *m, unsigned as)
{
	for (unsigned i = 0; i < m->limit; i++)
		if (m->slot[i] == as)
			return (int)i;
	return -1;
}

/* In an array that holds few tags, the one used longest ago goes. */
static void
m_run(struct model *m, struct m_tlb *t, unsigned slot)
{
	unsigned i = 0;

	if (!t->max_tags)
		return;
	while (i < t->n_tags && t->tags[i] != slot)
		i++;
	if (i == t->max_tags) {
		i--;
		m_drop(t, m->slot[t->tags[i]], 0, UINT64_MAX);
	} else if (i == t->n_tags) {
		t->n_tags++;
	}
	for (; i; i--)
		t->tags[i] = t->tags[i - 1];
	t->tags[0] = slot;
}

static void
m_switch(struct model *m, unsigned as)
{
	int slot = m_slot(m, as);

	if (as == m->as)
		return;
	if (!m->limit) {
		m_drop_all(m, m->as, 0, UINT64_MAX);
	} else if (slot < 0) {
		slot = (int)m->next;
		m->next = (m->next + 1) % m->limit;
		m_drop_all(m, m->slot[slot], 0, UINT64_MAX);
		m_drop_all(m, as, 0, UINT64_MAX);
		m->slot[slot] = as;
		m->stale[slot] = false;
	} else if (m->stale[slot]) {
		m_drop_all(m, as, 0, UINT64_MAX);
		m->stale[slot] = false;
	}
	m->as = as;
	if (slot < 0)
		return;
	for (unsigned i = 0; i < 3; i++)
		m_run(m, &m->l1[i], (unsigned)slot);
	m_run(m, &m->l2, (unsigned)slot);
}

static void
m_flush(struct model *m, const struct step *t)
{
	int slot = m_slot(m, t->visit.as);

	if (t->visit.as != m->as) {
		if (slot >= 0)
			m->stale[slot] = true;
	} else if (t->kind == FLUSH_PAGES) {
		m_drop_all(m, m->as, t->visit.va.raw >> 12, t->pages);
	} else {
		m_drop_all(m, m->as, 0, UINT64_MAX);
	}
}

/* The entries stay until their tag is given to another, unreachable. */
static void
m_gone(struct model *m, unsigned as)
{
	int slot = m_slot(m, as);

	if (slot < 0)
		return;
	m->slot[slot] = 100u + (unsigned)slot;
	for (unsigned s = 0; s < M_SETS; s++)
		for (unsigned i = 0; i < M_WAYS; i++)
			for (unsigned k = 0; k < 4; k++) {
				struct m_tlb *t = k < 3 ? &m->l1[k] : &m->l2;

				if (t->e[s][i].as == as)
					t->e[s][i].as = 100u + (unsigned)slot;
			}
}

static void
m_step(struct model *m, const struct step *t)
{
	switch (t->kind) {
	case VISIT:
		m_visit(m, &t->visit);
		return;
	case FAULT:
		m_fault(m, &t->visit);
		return;
	case FLUSH_PAGES:
	case FLUSH_AS:
		m_flush(m, t);
		return;
	case GONE:
		m_gone(m, t->visit.as);
		return;
	case SWITCH:
		m_switch(m, t->visit.as);
		return;
	}
}

static struct lane_config
lru_lane(unsigned asid_limit, bool split, unsigned l1_tags, unsigned l2_tags)
{
	struct lane_config c = skylake_lane();

	c.tlb[0] = tlb_cfg("l1i", 1, SIDE_INSN, S4K, 128, 8, "lru");
	c.tlb[1] = tlb_cfg("l1d", 1, SIDE_DATA, S4K, 64, 4, "lru");
	c.tlb[2] =
	    tlb_cfg("stlb", 2, SIDE_INSN | SIDE_DATA, S4K, 1536, 12, "lru");
	c.tlb[3] = tlb_cfg("l1s", 1, SIDE_STORE, S4K, 16, 8, "lru");
	c.n_tlbs = 3 + split;
	if (split)
		c.tlb[1].sides = SIDE_LOAD;
	c.tlb[1].asids = l1_tags;
	c.tlb[2].asids = l2_tags;
	c.asid_limit = asid_limit;
	return c;
}

static void
test_model(unsigned asid_limit, bool split, unsigned l1_tags, unsigned l2_tags)
{
	struct lane_config cfg = lru_lane(asid_limit, split, l1_tags, l2_tags);
	struct script s = {.as = 1, .small_only = true};
	struct model *m = calloc(1, sizeof(*m));
	const struct lane_stats *got;
	struct lane *l;
	struct pt pt;

	map_all(&pt);
	l = lane_over(&pt, &cfg);
	rng_seed(&s.rng, asid_limit);
	*m = (struct model){.limit = asid_limit, .split = split};
	m->l1[2].sets = 2;
	m->l1[2].ways = 8;
	m->l1[0].max_tags = l1_tags;
	m->l2.max_tags = l2_tags;
	m->l1[0].sets = m->l1[1].sets = 16;
	m->l1[0].ways = 4;
	m->l1[1].ways = 8;
	m->l2.sets = 128;
	m->l2.ways = 12;
	for (unsigned i = 0; i < 8; i++)
		m->slot[i] = 100 + i;
	lane_switch(l, 0, 1);
	m_switch(m, 1);
	for (unsigned i = 0; i < STEPS; i++) {
		struct step t = next_step(&s);

		tell(l, 0, &t);
		m_step(m, &t);
	}
	got = lane_stats(l);
	is_u64(got->tlb[0].lookups, m->l1[1].lookups,
	       "%u tags, %s, %u and %u kept: l1i lookups", asid_limit,
	       split ? "split" : "whole", l1_tags, l2_tags);
	is_u64(got->tlb[0].misses, m->l1[1].misses, "l1i misses");
	is_u64(got->tlb[1].lookups, m->l1[0].lookups, "l1d lookups");
	is_u64(got->tlb[1].misses, m->l1[0].misses, "l1d misses");
	is_u64(got->tlb[3].lookups, m->l1[2].lookups, "l1s lookups");
	is_u64(got->tlb[3].misses, m->l1[2].misses, "l1s misses");
	is_u64(got->tlb[2].lookups, m->l2.lookups, "stlb lookups");
	is_u64(got->tlb[2].misses, m->l2.misses, "stlb misses");
	is_u64(got->ad_assists, m->assists, "assists");
	is_u64(got->walks_failed, m->failed, "failed walks");
	ok(got->stlb_hits > 1000 && got->walks > 1000 && got->switches > 1000,
	   "with hits, walks and switches enough");
	lane_free(l);
	pt_free(&pt);
	free(m);
}

/* --------------------------------------------------- sameness of results */

/* Every counter but pointers and names. */
static bool
same_stats(const struct lane_stats *a, const struct lane_stats *b)
{
	struct lane_stats *x = malloc(sizeof(*x)), *y = malloc(sizeof(*y));
	bool same;

	memcpy(x, a, sizeof(*x));
	memcpy(y, b, sizeof(*y));
	x->config = y->config = NULL;
	x->area = y->area = NULL;
	x->cap_areas = y->cap_areas = 0;
	same = !memcmp(x, y, sizeof(*x)) &&
	       !memcmp(a->area, b->area, a->n_areas * sizeof(*a->area));
	free(x);
	free(y);
	return same;
}

static void
run_script(struct lane **lanes, unsigned n, unsigned cpus, uint64_t seed)
{
	struct script s = {.as = 1};

	rng_seed(&s.rng, seed);
	for (unsigned i = 0; i < STEPS / 2; i++) {
		unsigned cpu = (unsigned)rng_below(&s.rng, cpus);
		struct step t = next_step(&s);

		for (unsigned k = 0; k < n; k++)
			tell(lanes[k], cpu, &t);
	}
	for (unsigned k = 0; k < n; k++)
		lane_retire(lanes[k], 0, 1000003);
}

static void
vary(struct lane_config cfg[4])
{
	for (unsigned i = 0; i < 4; i++) {
		cfg[i] = skylake_lane();
		cfg[i].cpus = 3;
	}
	for (unsigned i = 0; i < cfg[1].n_tlbs; i++)
		cfg[1].tlb[i].repl = repl_find("random");
	cfg[1].cpi = 0.37;
	cfg[2].n_pwcs = 0;
	cfg[2].n_caches = 0;
	cfg[2].asid_limit = 0;
	cfg[3].data_caches = true;
	cfg[3].tlb[5].entries = 12;
	cfg[3].tlb[5].index = INDEX_LINEAR;
	cfg[3].tlb[5].repl = repl_find("lru");
}

static void
test_together(void)
{
	struct lane_config cfg[4];
	struct lane *alone[4], *together[4];
	const struct lane_stats *s;
	struct pt pt;

	map_all(&pt);
	vary(cfg);
	for (unsigned i = 0; i < 4; i++) {
		alone[i] = lane_over(&pt, &cfg[i]);
		together[i] = lane_over(&pt, &cfg[i]);
		run_script(&alone[i], 1, 3, 11);
	}
	run_script(together, 4, 3, 11);
	for (unsigned i = 0; i < 4; i++) {
		s = lane_stats(alone[i]);
		ok(same_stats(s, lane_stats(together[i])),
		   "lane %u: the same alone and among others", i);
		ok(same_stats(s, lane_stats(alone[i])),
		   "lane %u: asked twice, the same", i);
		ok(s->ipis > 0 && s->size[2].walks > 0,
		   "lane %u: interrupts and huge pages among it", i);
	}
	ok(!same_stats(lane_stats(alone[0]), lane_stats(alone[1])),
	   "different lanes differ");
	for (unsigned i = 0; i < 4; i++) {
		lane_free(alone[i]);
		lane_free(together[i]);
	}
	pt_free(&pt);
}

/* Broadcast invalidations reach what interrupts reach. */
static void
test_broadcast(void)
{
	static const unsigned from[] = {0, 1, 2};
	const struct lane_stats *s[3];
	struct lane *l[3];
	struct pt pt;

	map_all(&pt);
	for (unsigned i = 0; i < 3; i++) {
		struct lane_config cfg = skylake_lane();

		cfg.cpus = 3;
		cfg.broadcast_from = from[i];
		cfg.cost.broadcast = 100;
		cfg.cost.ipi = 1000;
		l[i] = lane_over(&pt, &cfg);
	}
	run_script(l, 3, 3, 12);
	for (unsigned i = 0; i < 3; i++)
		s[i] = lane_stats(l[i]);
	for (unsigned i = 1; i < 3; i++) {
		is_u64(s[i]->stlb_misses, s[0]->stlb_misses,
		       "from %u: the same misses", from[i]);
		is_u64(s[i]->tlb[0].invalidated, s[0]->tlb[0].invalidated,
		       "from %u: as much is dropped", from[i]);
		ok(s[i]->broadcasts > 0 && s[i]->invlpgs < s[0]->invlpgs,
		   "from %u: by broadcast, in fewer instructions", from[i]);
	}
	ok(s[0]->broadcasts == 0 && s[1]->ipis == 0, "each in its own way");
	ok(s[2]->ipis > 0 && s[2]->ipis + s[2]->broadcasts == s[1]->broadcasts,
	   "from 2: one other CPU is interrupted");
	is_u64(s[0]->ipis, s[2]->ipis + 2 * s[2]->broadcasts,
	       "as many are reached");
	for (unsigned i = 0; i < 3; i++)
		lane_free(l[i]);
	pt_free(&pt);
}

/* Each reference as its own visit: what was one visit must cost the same. */
static void
tell_apart(struct lane *l, const struct step *t)
{
	struct step one = *t;

	if (t->kind != VISIT) {
		tell(l, 0, t);
		return;
	}
	one.visit.reads = 0;
	one.visit.writes = 1;
	for (uint32_t i = 0; i < t->visit.writes; i++)
		tell(l, 0, &one);
	one.visit.reads = 1;
	one.visit.writes = 0;
	for (uint32_t i = 0; i < t->visit.reads; i++)
		tell(l, 0, &one);
}

static void
test_collapsed(void)
{
	struct pt pt;

	map_all(&pt);
	for (const struct repl_policy *p = repl_policies; p->name; p++) {
		struct lane_config cfg = skylake_lane();
		struct script s = {.as = 1};
		struct lane *a, *b;

		for (unsigned i = 0; i < cfg.n_tlbs; i++)
			cfg.tlb[i].repl = p;
		cfg.data_caches = true;
		a = lane_over(&pt, &cfg);
		b = lane_over(&pt, &cfg);
		rng_seed(&s.rng, 23);
		for (unsigned i = 0; i < STEPS / 4; i++) {
			struct step t = next_step(&s);

			tell(a, 0, &t);
			tell_apart(b, &t);
		}
		ok(same_stats(lane_stats(a), lane_stats(b)),
		   "%s: collapsed or one by one, the same", p->name);
		lane_free(a);
		lane_free(b);
	}
	pt_free(&pt);
}

int
main(void)
{
	test_model(6, false, 0, 0);
	test_model(1, false, 0, 0);
	test_model(0, false, 0, 0);
	test_model(6, true, 0, 0);
	test_model(6, true, 1, 4);
	test_model(0, true, 2, 3);
	test_together();
	test_broadcast();
	test_collapsed();
	return done_testing();
}
