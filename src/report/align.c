/*
 * align.c - alignment of two fault sequences.
 *
 * In order: a longest common subsequence by Hunt and Szymanski's method, which
 * looks only at pairs that agree; faults seldom repeat, so there are about as
 * many as faults.  Out of order: what is left, by key.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "report/align.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/xalloc.h"

#define PAGE_SHIFT 12

/* A fault that repeats is compared with this many occurrences either side of
 * the one of its own rank: bounds the work on a page that faults for ever. */
#define RANKS_AROUND 32

/* What one fault maps around itself: fault_around_bytes, 64 KiB. */
#define WINDOW_SHIFT 16

const char *const align_rule_names[ALIGN_RULE_COUNT] = {
#define X(e, name, help) name,
    ALIGN_RULES(X)
#undef X
};

const char *const align_rule_help[ALIGN_RULE_COUNT] = {
#define X(e, name, help) help,
    ALIGN_RULES(X)
#undef X
};

/* One fault of one process in an index; key says what must agree. */
struct item {
	uint64_t key;
	size_t at; /* in the process's sequence */
};

struct seq {
	struct align_fault *faults;
	size_t *index; /* of the process's faults, in order */
	size_t n;
};

/* A pair in the chain of a common subsequence. */
struct link {
	size_t a, b, prev;
};

struct lcs {
	size_t *ends;  /* ends[k]: smallest b that ends a chain of k + 1 */
	size_t *links; /* links[k]: its link */
	size_t length;
	struct link *pool;
	size_t n_pool, cap_pool;
};

static uint64_t
fault_page(const struct align_fault *f)
{
	return f->addr >> PAGE_SHIFT;
}

static uint64_t
fault_key(const struct align_fault *f)
{
	return fault_page(f) << 2 | (uint64_t)f->write << 1 |
	       (uint64_t)f->present;
}

static bool
is_open(const struct align_fault *f)
{
	return f->verdict == ALIGN_ALONE;
}

static const struct align_fault *
seq_at(const struct seq *s, size_t i)
{
	return &s->faults[s->index[i]];
}

static void
join(struct align_fault *ours, size_t a, struct align_fault *truth, size_t b,
     enum align_verdict verdict)
{
	ours[a].verdict = truth[b].verdict = (uint8_t)verdict;
	ours[a].partner = b;
	truth[b].partner = a;
}

/* The open faults of pid, in order. */
static struct seq
seq_of(struct align_fault *faults, size_t n, uint32_t pid)
{
	struct seq s = {.faults = faults};

	s.index = xcalloc(n + 1, sizeof(*s.index));
	for (size_t i = 0; i < n; i++)
		if (faults[i].pid == pid && is_open(&faults[i]))
			s.index[s.n++] = i;
	return s;
}

static int
item_cmp(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static struct item *
sorted_items(const struct seq *s)
{
	struct item *items = xcalloc(s->n + 1, sizeof(*items));

	for (size_t i = 0; i < s->n; i++)
		items[i] = (struct item){fault_key(seq_at(s, i)), i};
	qsort(items, s->n, sizeof(*items), item_cmp);
	return items;
}

/* First item whose key is at least key. */
static size_t
lower_bound(const struct item *items, size_t n, uint64_t key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (items[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
lcs_offer(struct lcs *l, size_t a, size_t b)
{
	size_t lo = 0, hi = l->length;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->ends[mid] < b)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < l->length && l->ends[lo] == b)
		return;
	l->pool = xgrow(l->pool, l->n_pool, &l->cap_pool, sizeof(*l->pool));
	l->pool[l->n_pool] =
	    (struct link){a, b, lo ? l->links[lo - 1] : ALIGN_NONE};
	l->ends[lo] = b;
	l->links[lo] = l->n_pool++;
	if (lo == l->length)
		l->length++;
}

/* Offer the occurrences of a fault's key, last first, so that one fault is
 * used once. */
static void
offer_all(struct lcs *l, size_t a, const struct item *items, size_t n,
	  uint64_t key, size_t rank)
{
	size_t lo = lower_bound(items, n, key);
	size_t hi = lower_bound(items, n, key + 1);
	size_t last = lo + rank + RANKS_AROUND;

	if (hi > last)
		hi = last;
	if (rank > RANKS_AROUND)
		lo += rank - RANKS_AROUND;
	while (hi > lo)
		lcs_offer(l, a, items[--hi].at);
}

static void
align_in_order(const struct seq *a, const struct seq *b)
{
	struct lcs l = {.ends = xcalloc(a->n + 1, sizeof(size_t)),
			.links = xcalloc(a->n + 1, sizeof(size_t))};
	struct item *items = sorted_items(b);
	struct map ranks = {0};
	size_t at;

	for (size_t i = 0; i < a->n; i++) {
		uint64_t key = fault_key(seq_at(a, i)), rank = 0;

		map_get(&ranks, key, &rank);
		map_put(&ranks, key, rank + 1);
		offer_all(&l, i, items, b->n, key, rank);
	}
	at = l.length ? l.links[l.length - 1] : ALIGN_NONE;
	for (; at != ALIGN_NONE; at = l.pool[at].prev)
		join(a->faults, a->index[l.pool[at].a], b->faults,
		     b->index[l.pool[at].b], ALIGN_SAME);
	map_free(&ranks);
	free(items);
	free(l.ends);
	free(l.links);
	free(l.pool);
}

/* Pair what is still open by key, whatever the order. */
static void
align_by_key(const struct seq *a, const struct seq *b,
	     uint64_t (*key_of)(const struct align_fault *),
	     enum align_verdict verdict)
{
	size_t *next = xcalloc(b->n + 1, sizeof(*next));
	struct map heads = {0};
	uint64_t at;

	/* Chains of b's open faults by key, earliest first; 0 ends one. */
	for (size_t i = b->n; i-- > 0;) {
		uint64_t head = 0, key = key_of(seq_at(b, i));

		if (!is_open(seq_at(b, i)))
			continue;
		map_get(&heads, key, &head);
		next[i] = head;
		map_put(&heads, key, i + 1);
	}
	for (size_t i = 0; i < a->n; i++) {
		uint64_t key = key_of(seq_at(a, i));

		if (!is_open(seq_at(a, i)) || !map_get(&heads, key, &at) || !at)
			continue;
		map_put(&heads, key, next[at - 1]);
		join(a->faults, a->index[i], b->faults, b->index[at - 1],
		     verdict);
	}
	map_free(&heads);
	free(next);
}

static void
align_process(struct align_fault *ours, size_t n_ours,
	      struct align_fault *truth, size_t n_truth, uint32_t pid)
{
	struct seq a = seq_of(ours, n_ours, pid);
	struct seq b = seq_of(truth, n_truth, pid);

	align_in_order(&a, &b);
	align_by_key(&a, &b, fault_key, ALIGN_MOVED);
	align_by_key(&a, &b, fault_page, ALIGN_DIFFERENT);
	free(a.index);
	free(b.index);
}

static bool
in_range(struct align_range r, uint64_t addr)
{
	return addr >= r.start && addr < r.end;
}

static bool
reads_code(const struct align_fault *f, const struct align_valgrind *v)
{
	return in_range(v->image, f->ip) && !f->write && !f->present &&
	       !f->kernel;
}

static uint64_t
window_key(const struct align_fault *f)
{
	return f->addr >> WINDOW_SHIFT ^ (uint64_t)f->pid << 40;
}

static void
set_aside(struct align_fault *f, enum align_rule rule)
{
	f->rule = (uint8_t)rule;
	f->verdict = ALIGN_ASIDE;
}

/* Valgrind reads code when it translates, which can be ahead of running it.
 * Where it read another page first, of those one fault maps, both sides have
 * that one fault. */
static void
pair_code(struct align_fault *ours, size_t n_ours, struct align_fault *truth,
	  size_t n_truth, const struct align_valgrind *v)
{
	struct map read = {0};
	uint64_t at;

	for (size_t i = 0; i < n_truth; i++)
		if (is_open(&truth[i]) && reads_code(&truth[i], v))
			map_put(&read, window_key(&truth[i]), i);
	for (size_t i = 0; i < n_ours; i++) {
		uint64_t key = window_key(&ours[i]);

		if (!is_open(&ours[i]) || !ours[i].fetch || ours[i].present ||
		    !map_get(&read, key, &at))
			continue;
		map_remove(&read, key);
		set_aside(&ours[i], RULE_CODE_AHEAD);
		set_aside(&truth[at], RULE_CODE_AHEAD);
		ours[i].partner = at;
		truth[at].partner = i;
	}
	map_free(&read);
}

/* Code that was translated and then not run: of its window we have no fault at
 * all, and running any of it would have taken one.  Not after fork, which can
 * hand down the window mapped. */
static void
settle_not_run(const struct align_fault *ours, size_t n_ours,
	       struct align_fault *truth, size_t n_truth,
	       const struct align_valgrind *v)
{
	struct map touched = {0};
	uint64_t seen;

	for (size_t i = 0; i < n_ours; i++)
		map_put(&touched, window_key(&ours[i]), 1);
	for (size_t i = 0; i < n_truth; i++)
		if (is_open(&truth[i]) && reads_code(&truth[i], v) &&
		    !truth[i].forked &&
		    !map_get(&touched, window_key(&truth[i]), &seen))
			set_aside(&truth[i], RULE_NOT_RUN);
	map_free(&touched);
}

/* After fork a child has its parent's translations and does not read that code
 * again; where it is in its life the truth tells, by the last fault both
 * have. */
static void
settle_inherited(struct align_fault *ours, size_t n_ours,
		 const struct align_fault *truth, size_t n_truth)
{
	struct map forked = {0};
	uint64_t now;

	for (size_t i = n_truth; i-- > 0;)
		map_put(&forked, truth[i].pid, truth[i].forked);
	for (size_t i = 0; i < n_ours; i++) {
		struct align_fault *f = &ours[i];

		if (f->verdict == ALIGN_SAME)
			map_put(&forked, f->pid, truth[f->partner].forked);
		else if (is_open(f) && f->fetch && !f->present &&
			 map_get(&forked, f->pid, &now) && now)
			set_aside(f, RULE_INHERITED);
	}
	map_free(&forked);
}

/* brk shrinks: Valgrind keeps the pages and zeroes them all, touched or not.
 * brk grows again: they are there, while ours are new. */
static void
settle_brk(struct align_fault *ours, size_t n_ours, struct align_fault *truth,
	   size_t n_truth, const struct align_valgrind *v)
{
	struct map had = {0};
	uint64_t seen;

	for (size_t i = 0; i < n_truth; i++) {
		struct align_fault *f = &truth[i];

		if (!is_open(f) || !f->heap || !f->write || f->present ||
		    !in_range(v->image, f->ip))
			continue;
		set_aside(f, RULE_BRK);
		map_put(&had, fault_page(f), 1);
	}
	for (size_t i = 0; i < n_ours; i++) {
		struct align_fault *f = &ours[i];

		if (!f->heap || f->present)
			continue;
		if (is_open(f) && map_get(&had, fault_page(f), &seen))
			set_aside(f, RULE_BRK);
		map_put(&had, fault_page(f), 1);
	}
	map_free(&had);
}

static void
settle(struct align_fault *ours, size_t n_ours, struct align_fault *truth,
       size_t n_truth, const struct align_valgrind *v)
{
	/* Of an optional fault without a partner the rule is known. */
	for (size_t i = 0; i < n_truth; i++)
		if (is_open(&truth[i]) && truth[i].optional)
			truth[i].verdict = ALIGN_ASIDE;
	pair_code(ours, n_ours, truth, n_truth, v);
	settle_not_run(ours, n_ours, truth, n_truth, v);
	settle_inherited(ours, n_ours, truth, n_truth);
	settle_brk(ours, n_ours, truth, n_truth, v);
}

static void
count(const struct align_fault *ours, size_t n_ours,
      const struct align_fault *truth, size_t n_truth, struct align_counts *c)
{
	*c = (struct align_counts){0};
	for (size_t i = 0; i < n_ours; i++) {
		if (ours[i].verdict == ALIGN_ASIDE)
			c->aside_ours[ours[i].rule]++;
		else
			c->ours++;
		c->extra += ours[i].verdict == ALIGN_ALONE;
	}
	for (size_t i = 0; i < n_truth; i++) {
		const struct align_fault *f = &truth[i];

		if (f->verdict == ALIGN_ASIDE)
			c->aside[f->rule]++;
		else
			c->truth++;
		c->same += f->verdict == ALIGN_SAME;
		c->moved += f->verdict == ALIGN_MOVED;
		c->different += f->verdict == ALIGN_DIFFERENT;
		c->missing += f->verdict == ALIGN_ALONE;
	}
}

/* Forget an earlier alignment, keep the marks of truth_mark(). */
static void
reset(struct align_fault *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool own = f[i].rule >= RULE_CODE_AHEAD;
		bool aside = !own && f[i].rule != RULE_NONE && !f[i].optional;

		if (own)
			f[i].rule = RULE_NONE;
		f[i].verdict = aside ? ALIGN_ASIDE : ALIGN_ALONE;
		f[i].partner = ALIGN_NONE;
	}
}

void
align_faults(struct align_fault *ours, size_t n_ours, struct align_fault *truth,
	     size_t n_truth, const struct align_valgrind *v,
	     struct align_counts *counts)
{
	struct map done = {0};
	uint64_t seen;

	reset(ours, n_ours);
	reset(truth, n_truth);
	for (size_t i = 0; i < n_ours; i++) {
		if (map_get(&done, ours[i].pid, &seen))
			continue;
		map_put(&done, ours[i].pid, 1);
		align_process(ours, n_ours, truth, n_truth, ours[i].pid);
	}
	map_free(&done);
	settle(ours, n_ours, truth, n_truth, v);
	count(ours, n_ours, truth, n_truth, counts);
}

static double
percent(size_t part, const struct align_counts *c)
{
	size_t whole = c->ours > c->truth ? c->ours : c->truth;

	return whole ? 100.0 * (double)part / (double)whole : 100.0;
}

double
align_percent(const struct align_counts *c)
{
	return percent(c->same + c->moved, c);
}

double
align_percent_ordered(const struct align_counts *c)
{
	return percent(c->same, c);
}
