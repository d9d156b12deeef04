/*
 * synth_walks.c - patterns over one region: sweeps, random words, pointer
 * chases, a mapped file.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stddef.h>
#include <sys/mman.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "trace/synth_order.h"
#include "trace/synth_priv.h"

#define UNROLL 8 /* loads in a turn of a loop */
#define LINE   64

/* A loop that loads or stores one word at a computed address. */
struct access_loop {
	struct piece index; /* the address: mix and mask */
	struct piece load, store;
};

static void
access_loop_place(struct synth *s, struct access_loop *l)
{
	static const struct insn index[] = {INSN(3), INSN(4), INSN(3),
					    INSN(4), INSN(3), INSN(2)};
	static const struct insn load[] = {LOAD(4, 8), INSN(3), INSN(2)};
	static const struct insn store[] = {STORE(4, 8), INSN(3), INSN(2)};

	*l = (struct access_loop){PIECE(index), PIECE(load), PIECE(store)};
	synth_place(s, &l->index);
	synth_place(s, &l->load);
	synth_place(s, &l->store);
}

static void
access_word(struct synth *s, const struct access_loop *l, uint64_t at)
{
	bool write = rng_below(&s->rng, 100) < s->o->writes;

	synth_exec(s, &l->index, NULL);
	synth_exec(s, write ? &l->store : &l->load, &at);
	synth_turn(s);
}

/* Sequential and strided: a sweep ends at the end of the footprint; the next
 * begins one line further on, if a step leaves room for that. */
bool
synth_linear(struct synth *s)
{
	static const struct insn load[] = {LOAD(3, 8), INSN(4), INSN(3),
					   INSN(2)};
	static const struct insn store[] = {STORE(3, 8), INSN(4), INSN(3),
					    INSN(2)};
	struct piece loads = PIECE(load), stores = PIECE(store);
	uint64_t len = s->o->footprint, stride = s->o->stride;
	uint64_t base = synth_arena(s, len), first = 0, at = 0;

	synth_place(s, &loads);
	synth_place(s, &stores);
	synth_measure(s);
	while (synth_more(s)) {
		bool write = rng_below(&s->rng, 100) < s->o->writes;
		uint64_t word = base + at;

		synth_exec(s, write ? &stores : &loads, &word);
		synth_turn(s);
		at += stride;
		if (at + 8 > len) {
			first = stride > LINE ? (first + LINE) % stride : 0;
			at = first + 8 > len ? 0 : first;
		}
	}
	return s->fine;
}

bool
synth_uniform(struct synth *s)
{
	uint64_t base = synth_arena(s, s->o->footprint);
	struct access_loop l;

	access_loop_place(s, &l);
	synth_measure(s);
	while (synth_more(s))
		access_word(s, &l,
			    base + 8 * rng_below(&s->rng, s->o->footprint / 8));
	return s->fine;
}

/* Rank r of the law lives at a permuted place, so that the hot elements are
 * not neighbours. */
bool
synth_zipf(struct synth *s)
{
	uint64_t base = synth_arena(s, s->o->footprint);
	uint64_t n = max_u64(s->o->footprint / s->o->stride, 1);
	struct access_loop l;
	struct perm places;
	struct zipf law;

	perm_init(&places, n, s->o->seed);
	zipf_init(&law, n, s->o->skew);
	access_loop_place(s, &l);
	synth_measure(s);
	while (synth_more(s)) {
		uint64_t rank = zipf_next(&law, &s->rng) - 1;

		access_word(s, &l,
			    base + perm_at(&places, rank) * s->o->stride);
	}
	return s->fine;
}

/* table[ran & mask] ^= ran, as in HPC Challenge's RandomAccess. */
bool
synth_gups(struct synth *s)
{
	static const struct insn code[] = {INSN(3), INSN(4), INSN(4),
					   INSN(3), INSN(3), MODIFY(4, 8),
					   INSN(4), INSN(2)};
	struct piece update = PIECE(code);
	uint64_t base = synth_arena(s, s->o->footprint);

	synth_place(s, &update);
	synth_measure(s);
	while (synth_more(s)) {
		uint64_t at =
		    base + 8 * rng_below(&s->rng, s->o->footprint / 8);

		synth_exec(s, &update, &at);
		synth_turn(s);
	}
	return s->fine;
}

/* The cycle visits element order(0), order(1), ... order(n-1), order(0): one
 * cycle through all of them, whose links need no memory. */
struct cycle {
	struct perm order;
	uint64_t n, per_page, stride, i;
	bool page_random;
};

static void
cycle_init(struct cycle *c, const struct synth_options *o)
{
	*c = (struct cycle){.stride = o->stride,
			    .page_random =
				o->page_random && o->stride < PAGE_SIZE};
	c->n = max_u64(o->footprint / o->stride, 1);
	c->per_page = c->page_random ? PAGE_SIZE / o->stride : 1;
	c->n = max_u64(c->n / c->per_page, 1); /* whole pages */
	perm_init(&c->order, c->n, o->seed);
}

static uint64_t
cycle_next(struct cycle *c)
{
	uint64_t i = c->i;
	uint64_t place = perm_at(&c->order, i / c->per_page);

	c->i = i + 1 == c->n * c->per_page ? 0 : i + 1;
	if (!c->page_random)
		return place * c->stride;
	return place * PAGE_SIZE + i % c->per_page * c->stride;
}

bool
synth_chase(struct synth *s)
{
	static const struct insn code[] = {
	    LOAD(3, 8), LOAD(3, 8), LOAD(3, 8), LOAD(3, 8), LOAD(3, 8),
	    LOAD(3, 8), LOAD(3, 8), LOAD(3, 8), INSN(3),    INSN(2)};
	struct piece loop = PIECE(code);
	uint64_t base = synth_arena(s, s->o->footprint), at[UNROLL];
	struct cycle c;

	cycle_init(&c, s->o);
	synth_place(s, &loop);
	synth_measure(s);
	while (synth_more(s)) {
		for (unsigned i = 0; i < UNROLL; i++)
			at[i] = base + cycle_next(&c);
		synth_exec(s, &loop, at);
		synth_turn(s);
	}
	return s->fine;
}

bool
synth_file_read(struct synth *s)
{
	static const struct insn code[] = {LOAD(3, 8), INSN(7), INSN(3),
					   INSN(2)};
	struct piece loop = PIECE(code);
	uint64_t len = s->o->footprint, at = 0, base;
	uint32_t file = synth_file(s, FILE_REGULAR, "/generated/data", len);

	base = synth_map(s, len, PROT_READ, MAP_SHARED, file, len);
	synth_place(s, &loop);
	synth_measure(s);
	while (synth_more(s)) {
		uint64_t word = base + at;

		synth_exec(s, &loop, &word);
		synth_turn(s);
		at += s->o->stride;
		if (at + 8 > len)
			at = 0;
	}
	return s->fine;
}
