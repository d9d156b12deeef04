/*
 * synth_procs.c - patterns of processes and mappings: shared memory between
 * two, waves of forks, mappings that come and go.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>
#include <sys/mman.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "trace/synth_priv.h"

#define NR_MPROTECT     10
#define NR_MUNMAP       11
#define NR_MADVISE      28
#define NR_FTRUNCATE    77
#define NR_MEMFD_CREATE 319

#define BURST 512 /* words that change hands at once */
#define SLOTS 256 /* mappings of a churn at most */

static const struct insn load_loop[] = {LOAD(3, 8), INSN(4), INSN(3), INSN(2)};
static const struct insn store_loop[] = {STORE(3, 8), INSN(4), INSN(3),
					 INSN(2)};

/* -------------------------------------------- a producer and a consumer */

struct ring {
	uint64_t control, data; /* a page with head and tail; the words */
	uint64_t words, at;
	struct piece check, publish, load, store;
};

static void
ring_init(struct synth *s, struct ring *r)
{
	static const struct insn check[] = {LOAD(4, 8), LOAD(4, 8), INSN(3),
					    INSN(2)};
	static const struct insn publish[] = {STORE(4, 8), INSN(2)};
	uint64_t len =
	    max_u64(align_down(s->o->footprint, PAGE_SIZE), PAGE_SIZE) +
	    PAGE_SIZE;
	uint32_t file = synth_file(s, FILE_SHM, "/memfd:ring", len);
	struct syscall_desc made = {
	    .nr = NR_MEMFD_CREATE, .ret = 3, .file = file};
	struct syscall_desc sized = {.nr = NR_FTRUNCATE,
				     .args = {3, len},
				     .file = file,
				     .file_flags = 2}; /* O_RDWR */

	*r = (struct ring){.words = (len - PAGE_SIZE) / 8,
			   .check = PIECE(check),
			   .publish = PIECE(publish),
			   .load = PIECE(load_loop),
			   .store = PIECE(store_loop)};
	synth_place(s, &r->check);
	synth_place(s, &r->publish);
	synth_place(s, &r->load);
	synth_place(s, &r->store);
	synth_syscall(s, &made);
	synth_syscall(s, &sized);
	r->control =
	    synth_map(s, len, PROT_READ | PROT_WRITE, MAP_SHARED, file, len);
	r->data = r->control + PAGE_SIZE;
}

/* One side's turn: read both counters, move a burst, publish its own. */
static void
ring_burst(struct synth *s, const struct ring *r, bool produce)
{
	const uint64_t counters[] = {r->control, r->control + 64};

	synth_exec(s, &r->check, counters);
	for (uint64_t i = 0; i < min_u64(BURST, r->words) && s->fine; i++) {
		uint64_t word = r->data + 8 * ((r->at + i) % r->words);

		synth_exec(s, produce ? &r->store : &r->load, &word);
	}
	synth_exec(s, &r->publish, &counters[produce ? 0 : 1]);
	synth_turn(s);
}

bool
synth_sharing(struct synth *s)
{
	uint32_t producer = s->pid, consumer = s->pid + 1;
	struct ring r;

	ring_init(s, &r);
	synth_fork(s, consumer);
	synth_measure(s);
	while (synth_more(s)) {
		ring_burst(s, &r, true);
		synth_switch(s, consumer);
		ring_burst(s, &r, false);
		synth_switch(s, producer);
		r.at = (r.at + BURST) % r.words;
	}
	synth_switch(s, consumer);
	synth_exit(s);
	synth_switch(s, producer);
	return s->fine;
}

/* -------------------------------------------------------- waves of forks */

/* A child writes this share of the parent's pages and reads the others'
 * first word, then is gone. */
static void
child_life(struct synth *s, const struct piece *load, const struct piece *store,
	   uint64_t base)
{
	uint64_t end = base + s->o->footprint;

	for (uint64_t at = base; at < end && synth_more(s); at += PAGE_SIZE) {
		bool write = rng_below(&s->rng, 100) < s->o->writes;

		synth_exec(s, write ? store : load, &at);
	}
	synth_exit(s);
}

bool
synth_forks(struct synth *s)
{
	struct piece load = PIECE(load_loop), store = PIECE(store_loop);
	uint32_t parent = s->pid, next = parent + 1;
	uint64_t base = synth_arena(s, s->o->footprint);

	synth_place(s, &load);
	synth_place(s, &store);
	synth_measure(s);
	while (synth_more(s)) {
		for (uint64_t i = 0; i < s->o->processes; i++)
			synth_fork(s, next + (uint32_t)i);
		for (uint64_t i = 0; i < s->o->processes; i++) {
			synth_switch(s, next + (uint32_t)i);
			child_life(s, &load, &store, base);
		}
		next += (uint32_t)s->o->processes;
		synth_switch(s, parent);
		/* The parent is alone again: its writes find what the forks
		 * left write-protected. */
		for (uint64_t at = base;
		     at < base + s->o->footprint && synth_more(s);
		     at += PAGE_SIZE)
			synth_exec(s, &store, &at);
	}
	return s->fine;
}

/* ------------------------------------------- mappings that come and go */

struct slot {
	uint64_t pages; /* 0: nothing mapped here */
	bool read_only;
};

struct churn {
	uint64_t base, slot_bytes, n;
	struct slot slots[SLOTS];
	struct piece load, store;
};

static void
churn_init(struct synth *s, struct churn *c)
{
	uint64_t bytes = align_up(s->o->footprint, PAGE_SIZE);

	memset(c, 0, sizeof(*c));
	c->n = min_u64(SLOTS, bytes / PAGE_SIZE);
	c->slot_bytes = align_down(bytes / c->n, PAGE_SIZE);
	/* Room for all slots, each with a page between it and the next. */
	c->base = synth_map(s, bytes + c->n * PAGE_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS, FILE_NONE, 0);
	synth_call(s, NR_MUNMAP, c->base, bytes + c->n * PAGE_SIZE, 0, 0);
	c->load = (struct piece)PIECE(load_loop);
	c->store = (struct piece)PIECE(store_loop);
	synth_place(s, &c->load);
	synth_place(s, &c->store);
}

static void
churn_use(struct synth *s, const struct churn *c, const struct slot *slot,
	  uint64_t at)
{
	uint64_t pages = 1 + rng_below(&s->rng, slot->pages);

	for (uint64_t i = 0; i < pages && synth_more(s); i++, at += PAGE_SIZE) {
		bool write =
		    !slot->read_only && rng_below(&s->rng, 100) < s->o->writes;

		synth_exec(s, write ? &c->store : &c->load, &at);
	}
}

/* One step in the life of a slot. */
static void
churn_step(struct synth *s, struct churn *c)
{
	uint64_t i = rng_below(&s->rng, c->n);
	struct slot *slot = &c->slots[i];
	uint64_t at = c->base + i * (c->slot_bytes + PAGE_SIZE);
	uint64_t len = slot->pages * PAGE_SIZE;

	if (!slot->pages) {
		slot->pages = 1 + rng_below(&s->rng, c->slot_bytes / PAGE_SIZE);
		slot->read_only = false;
		synth_map_at(s, at, slot->pages * PAGE_SIZE);
		churn_use(s, c, slot, at);
		return;
	}
	switch (rng_below(&s->rng, 8)) {
	case 0:
		slot->read_only = !slot->read_only;
		synth_call(s, NR_MPROTECT, at, len,
			   PROT_READ | (slot->read_only ? 0 : PROT_WRITE), 0);
		break;
	case 1:
		synth_call(s, NR_MADVISE, at, len, MADV_DONTNEED, 0);
		break;
	case 2:
	case 3:
		synth_call(s, NR_MUNMAP, at, len, 0, 0);
		slot->pages = 0;
		break;
	default:
		churn_use(s, c, slot, at);
	}
}

bool
synth_churn(struct synth *s)
{
	struct churn c;

	churn_init(s, &c);
	synth_measure(s);
	while (synth_more(s)) {
		churn_step(s, &c);
		synth_turn(s);
	}
	return s->fine;
}
