/*
 * trace_kit.h - random traces, written to a file and to a plain log, and the
 * comparison of what is read with the log.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_TRACE_KIT_H
#define TESTS_TRACE_KIT_H

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "trace/reader.h"
#include "trace/writer.h"

#include "../tap.h"

enum { REF_FETCH = 100, LOG_EVENT };

struct log_item {
	uint64_t addr; /* or the number of the event */
	uint32_t bytes;
	uint8_t what; /* enum ref_op, REF_FETCH or LOG_EVENT */
};

struct log {
	struct log_item *items;
	size_t n, cap;
	struct event *events; /* their strings and arrays are constants */
	size_t n_events, events_cap;
};

static inline void
log_add(struct log *l, unsigned what, uint64_t addr, uint32_t bytes)
{
	l->items = xgrow(l->items, l->n, &l->cap, sizeof(*l->items));
	l->items[l->n++] = (struct log_item){
	    .what = (uint8_t)what, .addr = addr, .bytes = bytes};
}

static inline void
log_free(struct log *l)
{
	free(l->items);
	free(l->events);
}

/* ---- a file of our own */

static char path[64];

static inline void
scratch_path(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/test_trace.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		exit(99);
	close(fd);
}

static const char *const provenance[][2] = {
    {"command", "a \x1b[31mred\x1b[0m one"}, {"empty", ""}};

static inline struct trace_writer *
create(uint64_t chunk_refs, int level)
{
	const struct trace_writer_options opt = {.level = level,
						 .chunk_refs = chunk_refs};
	struct err e = {0};
	struct trace_writer *w = trace_create(path, &opt, provenance, 2, &e);

	if (!w) {
		printf("Bail out! %s\n", e.text);
		exit(99);
	}
	return w;
}

/* ---- writing to both */

static bool put_good = true; /* was all accepted? */

static inline void
put_fetch(struct trace_writer *w, struct log *l, uint64_t addr, uint32_t n)
{
	put_good &= trace_fetch(w, addr, n, NULL);
	log_add(l, REF_FETCH, addr, n);
}

static inline void
put_data(struct trace_writer *w, struct log *l, enum ref_op op, uint64_t addr,
	 uint32_t n)
{
	put_good &= trace_data(w, op, addr, n, NULL);
	log_add(l, op, addr, n);
}

static inline void
put_event(struct trace_writer *w, struct log *l, const struct event *ev)
{
	put_good &= trace_event(w, ev, NULL);
	log_add(l, LOG_EVENT, l->n_events, 0);
	l->events =
	    xgrow(l->events, l->n_events, &l->events_cap, sizeof(*l->events));
	l->events[l->n_events++] = *ev;
}

static char long_text[65536]; /* 65535 letters */
static struct map_desc maps[300];
static struct user_range ranges[1100];
static struct cache_run runs[300];

static inline void
fill_constants(void)
{
	memset(long_text, 'x', sizeof(long_text) - 1);
	for (unsigned i = 0; i < 300; i++)
		maps[i] = (struct map_desc){.start = (i * 8ull + 1) << 12,
					    .end = (i * 8ull + 6) << 12,
					    .offset = i % 5 * 4096ull,
					    .file_size = i * 77,
					    .file = i % 3,
					    .prot = i % 8,
					    .flags = i % 32};
	for (unsigned i = 0; i < 300; i++)
		runs[i] = (struct cache_run){.first = i * 64ull,
					     .pages = i % 2 ? 32 : 64,
					     .order = (uint8_t)(i % 6),
					     .flags = i % 7 == 0};
	for (unsigned i = 0; i < 1100; i++)
		ranges[i] = (struct user_range){.addr = ~(uint64_t)0 - i,
						.len = i * 1000003ull,
						.write = i % 3 == 0};
}

static inline struct file_desc
random_file(struct rng *r)
{
	return (struct file_desc){.id = 1 + (uint32_t)rng_below(r, 2),
				  .kind = (uint8_t)rng_below(r, 9),
				  .dev = rng_u64(r),
				  .inode = rng_u64(r),
				  .rdev = rng_below(r, 300),
				  .size = rng_u64(r) >> rng_below(r, 64),
				  .path =
				      rng_below(r, 40) ? "/a/b c" : long_text};
}

static inline struct image_desc
random_image(struct rng *r)
{
	return (struct image_desc){.exe = "/bin/true",
				   .args = rng_below(r, 2) ? "true x" : "",
				   .start_brk = rng_u64(r),
				   .stack_pointer = rng_u64(r),
				   .stack_limit = UINT64_MAX,
				   .n_maps = (uint32_t)rng_below(r, 301),
				   .maps = maps};
}

static inline struct syscall_desc
random_syscall(struct rng *r)
{
	struct syscall_desc s = {.nr = (uint32_t)rng_below(r, 450),
				 .ret = (int64_t)rng_u64(r),
				 .file = (uint32_t)rng_below(r, 3),
				 .file_flags = (uint32_t)rng_u64(r),
				 .file_size = rng_u64(r),
				 .file_pos = rng_below(r, 99),
				 .n_ranges = (uint32_t)rng_below(r, 4),
				 .ranges = ranges};

	for (int i = 0; i < 6; i++)
		s.args[i] = rng_u64(r) >> rng_below(r, 64);
	if (!rng_below(r, 50))
		s.n_ranges = 1100;
	return s;
}

static inline struct event
random_event(struct rng *r)
{
	struct event ev = {.kind = (uint8_t)(1 + rng_below(r, EV_KINDS - 1)),
			   .pid = (uint32_t)rng_u64(r),
			   .tid = (uint32_t)rng_below(r, 70000)};

	switch (ev.kind) {
	case EV_FILE:
		ev.file = random_file(r);
		break;
	case EV_PROCESS:
		ev.parent = 7;
		ev.image = random_image(r);
		break;
	case EV_EXEC:
		ev.image = random_image(r);
		break;
	case EV_SYSCALL:
		ev.sys = random_syscall(r);
		break;
	case EV_FORK:
		ev.fork = (struct fork_desc){5, rng_u64(r)};
		break;
	case EV_EXIT:
		ev.status = 256;
		break;
	case EV_SIGNAL:
		ev.signal = 11;
		ev.signal_code = -6;
		ev.fault_addr = rng_u64(r);
		break;
	case EV_MARKER:
		ev.text = rng_below(r, 40) ? "phase \t1" : long_text;
		break;
	case EV_TIME:
		ev.time_ns = rng_u64(r);
		break;
	case EV_CACHE:
		ev.cache =
		    (struct cache_desc){1 + (uint32_t)rng_below(r, 2),
					(uint32_t)rng_below(r, 301), runs};
		break;
	}
	return ev;
}

/* A data address: mostly near an earlier one, sometimes anywhere. */
static inline uint64_t
random_addr(struct rng *r, uint64_t near[8])
{
	uint64_t *a = &near[rng_below(r, 8)];

	switch (rng_below(r, 16)) {
	case 0:
		return *a = rng_u64(r);
	case 1:
		return *a += rng_below(r, 1 << 20) - (1 << 19);
	case 2:
	case 3:
		return *a + (rng_below(r, 64) - 32) * 8;
	default:
		return *a += 8;
	}
}

/* What random system calls and images name. */
static inline void
define_files(struct trace_writer *w, struct log *l)
{
	struct event ev = {.kind = EV_FILE, .file = {.path = "/f"}};

	for (ev.file.id = 1; ev.file.id <= 2; ev.file.id++)
		put_event(w, l, &ev);
}

/* Code: n_code places where blocks begin; each run goes on for a while. */
static inline void
random_refs(struct trace_writer *w, struct log *l, struct rng *r, size_t n,
	    unsigned n_code, unsigned event_every)
{
	uint64_t near[8], pc = 0x400000;

	define_files(w, l);
	for (int i = 0; i < 8; i++)
		near[i] = 0x7fff00000000u + rng_u64(r) % 65536;
	for (size_t begin = l->n; l->n - begin < n;) {
		uint32_t len = (uint32_t)(1 + (pc * 7 >> 3) % 11);

		if (!rng_below(r, 8))
			pc = 0x400000 + rng_below(r, n_code) * 37;
		put_fetch(w, l, pc, len);
		pc += len;
		for (uint64_t k = rng_below(r, 3); k; k--)
			put_data(w, l, (enum ref_op)rng_below(r, 3),
				 random_addr(r, near), 1u << rng_below(r, 7));
		if (event_every && !rng_below(r, event_every)) {
			struct event ev = random_event(r);

			put_event(w, l, &ev);
		}
	}
}

/* ---- reading back */

static inline bool
same_maps(const struct image_desc *a, const struct image_desc *b)
{
	if (strcmp(a->exe, b->exe) != 0 || strcmp(a->args, b->args) != 0 ||
	    a->start_brk != b->start_brk ||
	    a->stack_pointer != b->stack_pointer ||
	    a->stack_limit != b->stack_limit || a->n_maps != b->n_maps)
		return false;
	for (uint32_t i = 0; i < a->n_maps; i++) {
		const struct map_desc *m = &a->maps[i], *o = &b->maps[i];

		if (m->start != o->start || m->end != o->end ||
		    m->offset != o->offset || m->file_size != o->file_size ||
		    m->file != o->file || m->prot != o->prot ||
		    m->flags != o->flags)
			return false;
	}
	return true;
}

static inline bool
same_syscall(const struct syscall_desc *a, const struct syscall_desc *b)
{
	if (a->nr != b->nr || memcmp(a->args, b->args, sizeof(a->args)) != 0 ||
	    a->ret != b->ret || a->file != b->file ||
	    a->file_flags != b->file_flags || a->file_size != b->file_size ||
	    a->file_pos != b->file_pos || a->n_ranges != b->n_ranges)
		return false;
	for (uint32_t i = 0; i < a->n_ranges; i++)
		if (a->ranges[i].addr != b->ranges[i].addr ||
		    a->ranges[i].len != b->ranges[i].len ||
		    a->ranges[i].write != b->ranges[i].write)
			return false;
	return true;
}

static inline bool
same_file(const struct file_desc *a, const struct file_desc *b)
{
	return a->id == b->id && a->kind == b->kind && a->dev == b->dev &&
	       a->inode == b->inode && a->rdev == b->rdev &&
	       a->size == b->size && !strcmp(a->path, b->path);
}

static inline bool
same_cache(const struct cache_desc *a, const struct cache_desc *b)
{
	if (a->file != b->file || a->n_runs != b->n_runs)
		return false;
	for (uint32_t i = 0; i < a->n_runs; i++)
		if (a->runs[i].first != b->runs[i].first ||
		    a->runs[i].pages != b->runs[i].pages ||
		    a->runs[i].order != b->runs[i].order ||
		    a->runs[i].flags != b->runs[i].flags)
			return false;
	return true;
}

static inline bool
same_event(const struct event *a, const struct event *b)
{
	if (a->kind != b->kind || a->pid != b->pid || a->tid != b->tid)
		return false;
	switch (a->kind) {
	case EV_FILE:
		return same_file(&a->file, &b->file);
	case EV_PROCESS:
		return a->parent == b->parent &&
		       same_maps(&a->image, &b->image);
	case EV_EXEC:
		return same_maps(&a->image, &b->image);
	case EV_SYSCALL:
		return same_syscall(&a->sys, &b->sys);
	case EV_FORK:
		return a->fork.child_pid == b->fork.child_pid &&
		       a->fork.flags == b->fork.flags;
	case EV_EXIT:
		return a->status == b->status;
	case EV_SIGNAL:
		return a->signal == b->signal &&
		       a->signal_code == b->signal_code &&
		       a->fault_addr == b->fault_addr;
	case EV_MARKER:
		return !strcmp(a->text, b->text);
	case EV_TIME:
		return a->time_ns == b->time_ns;
	case EV_CACHE:
		return same_cache(&a->cache, &b->cache);
	default:
		return true;
	}
}

/* Where a comparison stands. */
struct compare {
	const struct log *log;
	size_t pos;
	uint64_t insns;
	bool good;
};

static inline void
expect(struct compare *c, unsigned what, uint64_t addr, uint32_t bytes)
{
	const struct log_item *i = &c->log->items[c->pos++];

	if (c->pos > c->log->n) {
		c->good = false;
		return;
	}
	c->good &= i->what == what && i->addr == addr && i->bytes == bytes;
	c->insns += what == REF_FETCH;
}

static inline void
compare_batch(struct compare *c, const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	c->good &= b->first_insn == c->insns && b->n_ids && b->n_ids <= 4096;
	for (uint32_t i = 0; i < b->n_ids && c->good; i++) {
		const struct code_block *k = &b->dict->blocks[b->ids[i]];
		const struct data_slot *s = &b->dict->slots[k->first_slot];
		const struct data_slot *end = s + k->slots;
		uint64_t pc = k->start;

		for (unsigned n = 0; n < k->insns; n++) {
			uint8_t len = b->dict->insn_bytes[k->first_insn + n];

			expect(c, REF_FETCH, pc, len);
			for (; s < end && s->insn == n; s++)
				expect(c, s->op, *addr++, s->bytes);
			pc += len;
		}
		c->good &= pc == k->start + k->bytes && s == end;
	}
	c->good &= addr == b->addrs + b->n_addrs;
}

/* Go past references of the log until the next event, or to the first block
 * at or after `insn`. */
static inline void
pass_over(struct compare *c, uint64_t insn)
{
	while (c->pos < c->log->n && c->log->items[c->pos].what != LOG_EVENT &&
	       (c->insns < insn || c->log->items[c->pos].what != REF_FETCH))
		c->insns += c->log->items[c->pos++].what == REF_FETCH;
}

/* Read all; references before instruction skip are not there. */
static inline bool
read_once(const struct log *l, bool recover, uint64_t skip, bool ahead)
{
	struct err e = {0};
	struct trace_reader *r = trace_open(path, recover, &e);
	struct compare c = {.log = l, .good = r != NULL};
	enum trace_item item = TRACE_ERROR;
	struct trace_batch b;
	struct event ev;

	if (r && skip)
		c.good &= trace_skip_to(r, skip, &e);
	if (r && ahead)
		trace_read_ahead(r, 0);
	while (c.good && (item = trace_next(r, &b, &ev, &e)) > TRACE_END) {
		/* All before an event was passed over, even if the block it
		 * ends goes on beyond skip. */
		if (c.insns < skip)
			pass_over(&c, item == TRACE_REFS ? b.first_insn
							 : UINT64_MAX);
		if (item == TRACE_REFS) {
			c.good &= b.first_insn >= skip;
			compare_batch(&c, &b);
		} else {
			expect(&c, LOG_EVENT, c.log->items[c.pos].addr, 0);
			c.good &= same_event(
			    &ev, &l->events[c.log->items[c.pos - 1].addr]);
		}
	}
	if (c.insns < skip)
		pass_over(&c, UINT64_MAX);
	if (item == TRACE_ERROR)
		printf("# %s\n", e.text);
	else if (!c.good || c.pos != l->n)
		printf("# differs at item %zu of %zu\n", c.pos, l->n);
	trace_close(r);
	return c.good && item == TRACE_END && c.pos == l->n;
}

/* By this thread, and with one that reads ahead. */
static inline bool
read_back(const struct log *l, bool recover, uint64_t skip)
{
	return read_once(l, recover, skip, false) &&
	       read_once(l, recover, skip, true);
}

static inline void
check_totals(const struct log *l)
{
	struct trace_reader *r = trace_open(path, false, NULL);
	const struct trace_totals *t = r ? trace_totals(r) : NULL;
	uint64_t n[256] = {0};

	for (size_t i = 0; i < l->n; i++)
		n[l->items[i].what]++;
	if (!ok(t != NULL, "opens"))
		return;
	is_u64(t->instructions, n[REF_FETCH], "total of instructions");
	is_u64(t->loads, n[REF_LOAD], "total of loads");
	is_u64(t->stores, n[REF_STORE], "total of stores");
	is_u64(t->modifies, n[REF_MODIFY], "total of modifies");
	is_u64(t->events, n[LOG_EVENT], "total of events");
	is_u64(t->references, l->n - n[LOG_EVENT], "total of references");
	is_u64(trace_damage_count(r), 0, "no damage");
	trace_close(r);
}

static inline void
finish(struct trace_writer *w)
{
	struct err e = {0};

	trace_note(w, "exit.status", "0");
	ok(trace_finish(w, &e), "finish %s", e.text);
}

/* ---- reading what was damaged */

struct survey {
	bool opened, failed, good; /* good: what came was right */
	uint64_t insns, refs, events;
	size_t damage;
	struct err e;
};

/* Position in the log of each instruction. */
static inline size_t *
log_insns(const struct log *l)
{
	size_t *at = xreallocarray(NULL, l->n + 1, sizeof(*at)), n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].what == REF_FETCH)
			at[n++] = i;
	return at;
}

/* An event that came must be in the log, after those before it; one that the
 * reader puts in for a lost chunk defines a file. */
static inline bool
known_event(const struct log *l, const struct event *ev, size_t *next)
{
	for (size_t i = *next; i < l->n_events; i++)
		if (same_event(ev, &l->events[i])) {
			*next = i + 1;
			return true;
		}
	return ev->kind == EV_FILE && ev->file.id <= 2;
}

/* Read all that can be, and compare it with the log where it says it is
 * from. */
static inline struct survey
survey(const struct log *l, const size_t *insn_at, bool recover)
{
	struct survey s = {.good = true};
	struct trace_reader *r = trace_open(path, recover, &s.e);
	enum trace_item item = TRACE_ERROR;
	struct trace_batch b;
	struct event ev;
	size_t next_event = 0;

	s.opened = r != NULL;
	while (r && (item = trace_next(r, &b, &ev, &s.e)) > TRACE_END) {
		struct compare c = {.log = l, .insns = b.first_insn};

		if (item == TRACE_EVENT) {
			s.events++;
			s.good &= known_event(l, &ev, &next_event);
			continue;
		}
		c.good = true;
		c.pos = insn_at[b.first_insn];
		compare_batch(&c, &b);
		s.good &= c.good;
		s.insns += c.insns - b.first_insn;
		s.refs += c.insns - b.first_insn + b.n_addrs;
	}
	s.failed = item == TRACE_ERROR;
	s.damage = r ? trace_damage_count(r) : 0;
	trace_close(r);
	return s;
}

#endif
