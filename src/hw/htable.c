/* htable.c - see htable.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "hw/htable.h"

#define EMPTY       UINT64_MAX
#define NONE        UINT32_MAX
#define FIRST_SLOTS 64
#define LINE        64
#define GROUP_BITS  3 /* log2 pages of an entry of 64 bytes */
#define CUCKOO_WAYS 3
#define MAX_MOVES   64 /* of entries pushed from place to place */

/* Each time a table grows it is made anew somewhere else. */
#define GENERATION ((uint64_t)1 << 42)
#define WAY_BYTES  ((uint64_t)1 << 40)

struct htable {
	enum table_kind kind;
	unsigned group;       /* log2 pages of an entry */
	unsigned entry_bytes; /* of an entry */
	unsigned ways;        /* tables */
	uint64_t base, peak;
	uint64_t *key;  /* ways * slots: key_of(), or EMPTY */
	uint8_t *pages; /* that an entry has, a bit each */
	size_t slots, used;
	struct rng rng;
	/* inverted: slots are frames, in chains from anchors */
	uint32_t *anchor, *next;
	size_t anchors;
	uint32_t free; /* chain of frames not used */
};

static uint64_t
key_of(const struct htable *t, uint16_t space, unsigned level, uint64_t page)
{
	uint64_t number = page >> t->group & (((uint64_t)1 << 45) - 1);

	return (uint64_t)space << 48 | (uint64_t)level << 45 | number;
}

static uint8_t
bit_of(const struct htable *t, uint64_t page)
{
	return (uint8_t)(1u << (page & ((1u << t->group) - 1)));
}

/* Where a key belongs in a table. */
static size_t
home(const struct htable *t, uint64_t key, unsigned way)
{
	return hash_u64(key + way * 0x9e3779b97f4a7c15u) & (t->slots - 1);
}

static paddr
place(const struct htable *t, unsigned way, size_t slot)
{
	return (paddr){t->base + way * WAY_BYTES + slot * t->entry_bytes};
}

static uint64_t
bytes_of(const struct htable *t)
{
	return t->ways * t->slots * t->entry_bytes + t->anchors * 8;
}

static void
make_slots(struct htable *t, size_t slots)
{
	t->slots = slots;
	t->used = 0;
	t->key = xreallocarray(NULL, t->ways * slots, sizeof(*t->key));
	t->pages = xcalloc(t->ways * slots, 1);
	memset(t->key, 0xff, t->ways * slots * sizeof(*t->key));
	t->peak = max_u64(t->peak, bytes_of(t));
}

/* ----------------------------------------------------- what a walk loads */

struct loads {
	paddr *at;
	unsigned n;
};

/* Consecutive entries of a line come with one load. */
static void
add_load(struct loads *l, paddr at)
{
	at.raw &= ~(uint64_t)(LINE - 1);
	if (l->n && l->at[l->n - 1].raw == at.raw)
		return;
	if (l->n < HTABLE_LOADS)
		l->at[l->n++] = at;
}

/* ------------------------------------------------------- open addressing */

/* The slot of the key, or the empty one where it would go. */
static size_t
probe(const struct htable *t, uint64_t key, struct loads *l)
{
	size_t slot = home(t, key, 0);

	for (;; slot = (slot + 1) & (t->slots - 1)) {
		if (l)
			add_load(l, place(t, 0, slot));
		if (t->key[slot] == key || t->key[slot] == EMPTY)
			return slot;
	}
}

static void
grow_open(struct htable *t)
{
	uint64_t *key = t->key;
	uint8_t *pages = t->pages;
	size_t n = t->slots;

	t->base += GENERATION;
	make_slots(t, 2 * n);
	for (size_t i = 0; i < n; i++) {
		size_t slot;

		if (key[i] == EMPTY)
			continue;
		slot = probe(t, key[i], NULL);
		t->key[slot] = key[i];
		t->pages[slot] = pages[i];
		t->used++;
	}
	free(key);
	free(pages);
}

static void
put_open(struct htable *t, uint64_t key, uint8_t bit)
{
	size_t slot;

	if (t->used >= t->slots / 2)
		grow_open(t);
	slot = probe(t, key, NULL);
	t->used += t->key[slot] == EMPTY;
	t->key[slot] = key;
	t->pages[slot] |= bit;
}

/* Those behind that would not be found over the gap move into it. */
static void
clear_open(struct htable *t, size_t gap)
{
	size_t mask = t->slots - 1;

	for (size_t i = (gap + 1) & mask; t->key[i] != EMPTY;
	     i = (i + 1) & mask) {
		size_t from = home(t, t->key[i], 0);

		if (((i - from) & mask) < ((i - gap) & mask))
			continue;
		t->key[gap] = t->key[i];
		t->pages[gap] = t->pages[i];
		gap = i;
	}
	t->key[gap] = EMPTY;
	t->pages[gap] = 0;
	t->used--;
}

/* ----------------------------------------------------------------- cuckoo */

/* Its place among all ways' slots, or ways * slots. */
static size_t
find_cuckoo(const struct htable *t, uint64_t key, struct loads *l)
{
	size_t found = t->ways * t->slots;

	for (unsigned way = 0; way < t->ways; way++) {
		size_t slot = home(t, key, way);

		if (l)
			add_load(l, place(t, way, slot));
		if (t->key[way * t->slots + slot] == key)
			found = way * t->slots + slot;
	}
	return found;
}

/* False with the one that is left over in *key and *pages. */
static bool
settle_cuckoo(struct htable *t, uint64_t *key, uint8_t *pages)
{
	for (unsigned move = 0; move < MAX_MOVES; move++) {
		unsigned way = (unsigned)rng_below(&t->rng, t->ways);
		size_t at = way * t->slots + home(t, *key, way);
		uint64_t out = t->key[at];
		uint8_t out_pages = t->pages[at];

		t->key[at] = *key;
		t->pages[at] = *pages;
		if (out == EMPTY)
			return true;
		*key = out;
		*pages = out_pages;
	}
	return false;
}

static void insert_cuckoo(struct htable *t, uint64_t key, uint8_t pages);

static void
grow_cuckoo(struct htable *t)
{
	uint64_t *key = t->key;
	uint8_t *pages = t->pages;
	size_t n = t->ways * t->slots;

	t->base += GENERATION;
	make_slots(t, 2 * t->slots);
	for (size_t i = 0; i < n; i++)
		if (key[i] != EMPTY)
			insert_cuckoo(t, key[i], pages[i]);
	free(key);
	free(pages);
}

/* Where entries push each other about for long, larger tables help. */
static void
insert_cuckoo(struct htable *t, uint64_t key, uint8_t pages)
{
	t->used++;
	while (!settle_cuckoo(t, &key, &pages))
		grow_cuckoo(t);
}

static void
put_cuckoo(struct htable *t, uint64_t key, uint8_t bit)
{
	size_t at = find_cuckoo(t, key, NULL);

	if (at < t->ways * t->slots) {
		t->pages[at] |= bit;
		return;
	}
	if (t->used * 10 >= t->ways * t->slots * 6)
		grow_cuckoo(t);
	insert_cuckoo(t, key, bit);
}

/* --------------------------------------------------------------- inverted */

static size_t
anchor_of(const struct htable *t, uint64_t key)
{
	return hash_u64(key) & (t->anchors - 1);
}

static paddr
anchor_place(const struct htable *t, size_t anchor)
{
	return (paddr){t->base + WAY_BYTES + anchor * 8};
}

/* The frame with the key, or NONE. */
static uint32_t
find_inverted(const struct htable *t, uint64_t key, struct loads *l)
{
	size_t anchor = anchor_of(t, key);
	uint32_t frame = t->anchor[anchor];

	if (l)
		add_load(l, anchor_place(t, anchor));
	for (; frame != NONE; frame = t->next[frame]) {
		if (l)
			add_load(l, place(t, 0, frame));
		if (t->key[frame] == key)
			break;
	}
	return frame;
}

/* Make it so many frames; the new ones are free. */
static void
set_frames(struct htable *t, size_t frames)
{
	size_t old = t->slots;

	t->slots = frames;
	t->key = xreallocarray(t->key, frames, sizeof(*t->key));
	t->next = xreallocarray(t->next, frames, sizeof(*t->next));
	for (size_t i = old; i < frames; i++) {
		t->key[i] = EMPTY;
		t->next[i] = i + 1 < frames ? (uint32_t)i + 1 : NONE;
	}
	t->free = (uint32_t)old;
	t->peak = max_u64(t->peak, bytes_of(t));
}

static void
put_inverted(struct htable *t, uint64_t key)
{
	size_t anchor = anchor_of(t, key);
	uint32_t frame;

	if (find_inverted(t, key, NULL) != NONE)
		return;
	if (t->free == NONE) /* more pages than frames: some are shared */
		set_frames(t, 2 * t->slots);
	frame = t->free;
	t->free = t->next[frame];
	t->key[frame] = key;
	t->next[frame] = t->anchor[anchor];
	t->anchor[anchor] = frame;
	t->used++;
}

static void
drop_inverted(struct htable *t, uint64_t key)
{
	uint32_t *link = &t->anchor[anchor_of(t, key)], frame;

	while (*link != NONE && t->key[*link] != key)
		link = &t->next[*link];
	if (*link == NONE)
		return;
	frame = *link;
	*link = t->next[frame];
	t->key[frame] = EMPTY;
	t->next[frame] = t->free;
	t->free = frame;
	t->used--;
}

/* -------------------------------------------------------------------- all */

static void
find(const struct htable *t, uint64_t key, struct loads *l)
{
	if (t->kind == TABLES_CUCKOO)
		find_cuckoo(t, key, l);
	else if (t->kind == TABLES_INVERTED)
		find_inverted(t, key, l);
	else
		probe(t, key, l);
}

static void
put(struct htable *t, uint64_t key, uint8_t bit)
{
	if (t->kind == TABLES_CUCKOO)
		put_cuckoo(t, key, bit);
	else if (t->kind == TABLES_INVERTED)
		put_inverted(t, key);
	else
		put_open(t, key, bit);
}

unsigned
htable_walk(struct htable *t, uint16_t space, unsigned level, uint64_t page,
	    bool mapped, paddr load[HTABLE_LOADS])
{
	uint64_t key = key_of(t, space, level, page);
	struct loads l = {load, 0};

	if (mapped)
		put(t, key, bit_of(t, page));
	find(t, key, &l);
	return l.n;
}

bool
htable_parallel(const struct htable *t)
{
	return t->kind == TABLES_CUCKOO;
}

/* An entry goes with the last of its pages. */
static void
clear(struct htable *t, size_t slot, uint8_t bits)
{
	t->pages[slot] &= (uint8_t)~bits;
	if (t->pages[slot])
		return;
	if (t->kind == TABLES_CUCKOO) {
		t->key[slot] = EMPTY;
		t->used--;
	} else {
		clear_open(t, slot);
	}
}

void
htable_drop_page(struct htable *t, uint16_t space, unsigned level,
		 uint64_t page)
{
	uint64_t key = key_of(t, space, level, page);
	size_t slot;

	if (t->kind == TABLES_INVERTED) {
		drop_inverted(t, key);
		return;
	}
	slot = t->kind == TABLES_CUCKOO ? find_cuckoo(t, key, NULL)
					: probe(t, key, NULL);
	if (slot < t->ways * t->slots && t->key[slot] == key)
		clear(t, slot, bit_of(t, page));
}

void
htable_drop_space(struct htable *t, uint16_t space)
{
	for (size_t i = 0; t->used && i < t->ways * t->slots;) {
		uint64_t key = t->key[i];

		/* Another one may have moved to this place. */
		if (key == EMPTY || key >> 48 != space)
			i++;
		else if (t->kind == TABLES_INVERTED)
			drop_inverted(t, key);
		else
			clear(t, i, 0xff);
	}
}

size_t
htable_entries(const struct htable *t)
{
	return t->used;
}

uint64_t
htable_peak(const struct htable *t)
{
	return t->peak;
}

/* As many anchors as frames, to the next power of two. */
static void
init_inverted(struct htable *t, uint64_t frames)
{
	t->anchors = (size_t)2 << ilog2(frames > 1 ? frames - 1 : 1);
	t->anchor = xreallocarray(NULL, t->anchors, sizeof(*t->anchor));
	memset(t->anchor, 0xff, t->anchors * sizeof(*t->anchor));
	set_frames(t, frames);
}

struct htable *
htable_new(enum table_kind kind, paddr base, uint64_t frames)
{
	struct htable *t = xcalloc(1, sizeof(*t));
	bool grouped = kind == TABLES_CLUSTERED || kind == TABLES_CUCKOO;

	t->kind = kind;
	t->base = align_up(base.raw, GENERATION);
	t->group = grouped ? GROUP_BITS : 0;
	t->entry_bytes = grouped ? LINE : LINE / 4;
	t->ways = kind == TABLES_CUCKOO ? CUCKOO_WAYS : 1;
	rng_seed(&t->rng, 1);
	if (kind == TABLES_INVERTED)
		init_inverted(t, frames);
	else
		make_slots(t, FIRST_SLOTS);
	return t;
}

void
htable_free(struct htable *t)
{
	if (!t)
		return;
	free(t->key);
	free(t->pages);
	free(t->anchor);
	free(t->next);
	free(t);
}
