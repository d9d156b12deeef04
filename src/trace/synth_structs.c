/*
 * synth_structs.c - patterns of databases: look-ups in a B+-tree, a hash join.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "arch/addr.h"
#include "base/bits.h"
#include "trace/synth_order.h"
#include "trace/synth_priv.h"

#define MAX_LEVELS 32
#define NODE_HEAD  16 /* bytes: kind, count */
#define TUPLE      16 /* key, payload */
#define ENTRY      24 /* of a hash chain: key, payload, next */
#define PARTS      8  /* of a join's footprint */

/* A node: head, keys[fanout - 1], then children (or values)[fanout].  Nodes
 * are numbered level by level from the leaves; node i lives at a permuted
 * place. */
struct tree {
	uint64_t base, node, fanout, leaves;
	unsigned levels;
	uint64_t first[MAX_LEVELS]; /* number of a level's first node */
	struct perm places;
	struct piece enter, compare, descend, load_value, store_value;
};

/* Nodes in all with this many leaves; fills levels and first. */
static uint64_t
tree_shape(struct tree *t, uint64_t leaves)
{
	uint64_t nodes = 0, width = leaves;

	t->leaves = leaves;
	for (t->levels = 0; t->levels < MAX_LEVELS; t->levels++) {
		t->first[t->levels] = nodes;
		nodes += width;
		if (width == 1) {
			t->levels++;
			break;
		}
		width = (width + t->fanout - 1) / t->fanout;
	}
	return nodes;
}

static void
tree_code(struct synth *s, struct tree *t)
{
	static const struct insn enter[] = {LOAD(3, 4), INSN(3), INSN(2)};
	static const struct insn compare[] = {INSN(3), INSN(2), LOAD(5, 8),
					      INSN(3), INSN(2)};
	static const struct insn descend[] = {LOAD(5, 8), INSN(3), INSN(2)};
	static const struct insn load[] = {LOAD(5, 8), INSN(3), INSN(2)};
	static const struct insn store[] = {STORE(5, 8), INSN(3), INSN(2)};

	t->enter = (struct piece)PIECE(enter);
	t->compare = (struct piece)PIECE(compare);
	t->descend = (struct piece)PIECE(descend);
	t->load_value = (struct piece)PIECE(load);
	t->store_value = (struct piece)PIECE(store);
	synth_place(s, &t->enter);
	synth_place(s, &t->compare);
	synth_place(s, &t->descend);
	synth_place(s, &t->load_value);
	synth_place(s, &t->store_value);
}

static void
tree_init(struct synth *s, struct tree *t)
{
	uint64_t room = max_u64(s->o->footprint / s->o->node, 1), nodes;

	t->node = s->o->node;
	t->fanout = (t->node - NODE_HEAD + 8) / 16;
	/* Inner nodes take one in fanout, about. */
	nodes = tree_shape(t, max_u64(room - room / t->fanout, 1));
	while (nodes > room && t->leaves > 1)
		nodes = tree_shape(t, t->leaves - max_u64((nodes - room), 1));
	perm_init(&t->places, nodes, s->o->seed);
	tree_code(s, t);
	t->base = synth_arena(s, s->o->footprint);
}

/* Binary search among a node's keys for the one at position want. */
static void
tree_search(struct synth *s, const struct tree *t, uint64_t node, uint64_t want)
{
	uint64_t lo = 0, hi = t->fanout - 1;

	synth_exec(s, &t->enter, &node);
	while (lo < hi && s->fine) {
		uint64_t mid = (lo + hi) / 2;
		uint64_t key = node + NODE_HEAD + 8 * mid;

		synth_exec(s, &t->compare, &key);
		if (mid < want)
			lo = mid + 1;
		else
			hi = mid;
	}
}

static void
tree_lookup(struct synth *s, const struct tree *t)
{
	uint64_t leaf = rng_below(&s->rng, t->leaves);
	uint64_t slot = rng_below(&s->rng, t->fanout);
	bool write = rng_below(&s->rng, 100) < s->o->writes;
	uint64_t span = 1, value;

	for (unsigned l = 1; l < t->levels; l++)
		span *= t->fanout;
	for (unsigned l = t->levels; l-- > 0; span /= t->fanout) {
		uint64_t number = t->first[l] + leaf / span;
		uint64_t node = t->base + perm_at(&t->places, number) * t->node;
		uint64_t want =
		    l ? leaf / (span / t->fanout) % t->fanout : slot;

		tree_search(s, t, node, want);
		value = node + NODE_HEAD + 8 * (t->fanout - 1 + want);
		if (l)
			synth_exec(s, &t->descend, &value);
		else
			synth_exec(s, write ? &t->store_value : &t->load_value,
				   &value);
	}
}

bool
synth_btree(struct synth *s)
{
	struct tree t;

	tree_init(s, &t);
	synth_measure(s);
	while (synth_more(s)) {
		tree_lookup(s, &t);
		synth_turn(s);
	}
	return s->fine;
}

/* A relation of build tuples, one of probe tuples, a table of chain heads
 * (one for each build tuple) and the chains' entries, in build order. */
struct join {
	uint64_t build, probe, heads, entries;
	uint64_t n_build, n_probe;
	struct piece insert, look, follow, next;
};

static void
join_init(struct synth *s, struct join *j)
{
	static const struct insn insert[] = {
	    LOAD(3, 8),  LOAD(4, 8),  INSN(3),     INSN(4), LOAD(4, 8),
	    STORE(4, 8), STORE(3, 8), STORE(4, 8), INSN(4), INSN(2)};
	static const struct insn look[] = {LOAD(3, 8), INSN(3), INSN(4),
					   LOAD(4, 8), INSN(3), INSN(2)};
	static const struct insn follow[] = {LOAD(3, 8), INSN(3), INSN(2),
					     LOAD(4, 8), INSN(3), INSN(2)};
	static const struct insn next[] = {LOAD(4, 8), INSN(4), INSN(2)};
	uint64_t part = align_down(s->o->footprint / PARTS, 64);

	j->insert = (struct piece)PIECE(insert);
	j->look = (struct piece)PIECE(look);
	j->follow = (struct piece)PIECE(follow);
	j->next = (struct piece)PIECE(next);
	synth_place(s, &j->insert);
	synth_place(s, &j->look);
	synth_place(s, &j->follow);
	synth_place(s, &j->next);
	/* 2/8 build, 1/8 heads, 3/8 entries, 2/8 probe: 16, 8, 24 bytes. */
	j->n_build = 2 * part / TUPLE;
	j->n_probe = 2 * part / TUPLE;
	j->build = synth_arena(s, s->o->footprint);
	j->heads = j->build + 2 * part;
	j->entries = j->heads + part;
	j->probe = j->entries + 3 * part;
}

static uint64_t
join_bucket(const struct synth *s, const struct join *j, uint64_t key)
{
	return hash_u64(key + hash_u64(s->o->seed)) % j->n_build;
}

static void
join_insert(struct synth *s, const struct join *j, uint64_t key)
{
	uint64_t tuple = j->build + key * TUPLE;
	uint64_t head = j->heads + 8 * join_bucket(s, j, key);
	uint64_t entry = j->entries + key * ENTRY;
	const uint64_t at[] = {tuple, tuple + 8, head, entry + 16, entry, head};

	synth_exec(s, &j->insert, at);
}

/* Chains have one entry a bucket on average: so many others stand before the
 * wanted one, which ones is a hash. */
static void
join_probe(struct synth *s, const struct join *j, uint64_t i)
{
	uint64_t key = rng_below(&s->rng, j->n_build);
	uint64_t before = rng_u64(&s->rng), at[2];

	at[0] = j->probe + i * TUPLE;
	at[1] = j->heads + 8 * join_bucket(s, j, key);
	synth_exec(s, &j->look, at);
	for (uint64_t k = 1; before & 1 && k < 8; k++, before >>= 2) {
		uint64_t other = hash_u64(key * 8 + k) % j->n_build;

		at[0] = j->entries + other * ENTRY;
		at[1] = at[0] + 16;
		synth_exec(s, &j->follow, at);
	}
	at[0] = j->entries + key * ENTRY;
	synth_exec(s, &j->next, at);
}

bool
synth_hashjoin(struct synth *s)
{
	struct join j;

	join_init(s, &j);
	synth_measure(s);
	while (synth_more(s)) {
		for (uint64_t i = 0; i < j.n_build && synth_more(s); i++) {
			join_insert(s, &j, i);
			synth_turn(s);
		}
		for (uint64_t i = 0; i < j.n_probe && synth_more(s); i++) {
			join_probe(s, &j, i);
			synth_turn(s);
		}
	}
	return s->fine;
}
