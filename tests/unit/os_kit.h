/*
 * os_kit.h - a small machine around the kernel model, for its tests: one
 * process to begin with, system calls by hand, touches that fault like a
 * program's.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TESTS_OS_KIT_H
#define TESTS_OS_KIT_H

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "os/os.h"
#include "../tap.h"

#define PG       4096ull
#define KIT_BASE 0x7f0000000000ull

struct kit {
	struct os *os;
	struct err e;
	uint32_t pid; /* whose touches and calls come */
	uint32_t next_file;
	uint64_t insn;
	struct fault last;                /* fault of the last touch */
	uint64_t kinds[FAULT_KIND_COUNT]; /* raised so far */
	uint64_t raised, forgets, flush_pages, flush_as, works;
	uint64_t spaces;  /* AS_NEW minus AS_GONE */
	uint64_t flushed; /* pages, by FLUSH_PAGES */
};

static void
kit_kevent(void *ctx, const struct kevent *ev)
{
	struct kit *k = ctx;

	k->flush_pages += ev->kind == KEV_FLUSH_PAGES;
	k->flushed += ev->kind == KEV_FLUSH_PAGES ? ev->pages : 0;
	k->flush_as += ev->kind == KEV_FLUSH_AS;
	k->works += ev->kind == KEV_WORK;
	k->spaces += ev->kind == KEV_AS_NEW;
	k->spaces -= ev->kind == KEV_AS_GONE;
}

static void
kit_forget(void *ctx, uint16_t as, vpn from, uint64_t n)
{
	(void)as;
	(void)from;
	(void)n;
	((struct kit *)ctx)->forgets++;
}

static inline struct os_config
kit_config(void)
{
	return (struct os_config){.memory_bytes = 256u << 20,
				  .kernel = 608,
				  .fault_around_bytes = 65536,
				  .readahead_bytes = 131072,
				  .page_cache = CACHE_WARM,
				  .overcommit_ratio = 50,
				  .max_map_count = 65530,
				  .limit_as = OS_NO_LIMIT,
				  .limit_data = OS_NO_LIMIT,
				  .limit_memlock = OS_NO_LIMIT,
				  .dirty_ratio = 20,
				  .dirty_background_ratio = 10,
				  .zero_page = true,
				  .use_zero_page = true,
				  .stack_guard_pages = 256,
				  .write_notify = true,
				  .swappiness = 60,
				  .instructions_per_second = 1000000000};
}

static inline void
kit_start(struct kit *k, const struct os_config *cfg)
{
	struct os_sink sink = {k, kit_kevent, kit_forget};
	struct event ev = {.kind = EV_PROCESS, .pid = 100, .tid = 100};

	*k = (struct kit){.pid = 100, .next_file = 1};
	k->os = os_new(cfg, &sink, &k->e);
	if (!k->os) {
		printf("# %s\n", k->e.text);
		exit(99);
	}
	ev.image.exe = "/bin/test";
	ev.image.args = "test";
	ev.image.start_brk = 0x10000000;
	if (!os_event(k->os, &ev, 0, &k->e))
		exit(99);
}

static inline void
kit_end(struct kit *k)
{
	os_shutdown(k->os);
	ok(k->spaces == 0, "every address space that began has ended");
	os_free(k->os);
}

static inline bool
kit_event(struct kit *k, struct event *ev)
{
	return os_event(k->os, ev, ++k->insn, &k->e);
}

static inline uint32_t
kit_file(struct kit *k, uint8_t kind, uint64_t size)
{
	struct event ev = {.kind = EV_FILE,
			   .file = {.id = k->next_file++,
				    .kind = kind,
				    .inode = k->next_file,
				    .size = size,
				    .path = "/tmp/file"}};

	if (!kit_event(k, &ev))
		abort();
	return ev.file.id;
}

/* A system call of the current process that returned ret. */
static inline bool
kit_call(struct kit *k, uint32_t nr, int64_t ret, uint64_t a, uint64_t b,
	 uint64_t c, uint64_t d, uint64_t file, uint64_t f)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = k->pid,
			   .tid = k->pid,
			   .sys = {.nr = nr,
				   .args = {a, b, c, d, file, f},
				   .ret = ret,
				   .file = (uint32_t)file,
				   .file_flags = 2}};

	return kit_event(k, &ev);
}

static inline uint64_t
kit_mmap(struct kit *k, uint64_t at, uint64_t pages, int prot, int flags,
	 uint32_t file, uint64_t pgoff)
{
	if (!kit_call(k, SYS_mmap, (int64_t)at, at, pages * PG, (uint64_t)prot,
		      (uint64_t)flags | MAP_FIXED, file, pgoff * PG))
		printf("# %s\n", k->e.text);
	return at;
}

static inline uint64_t
kit_anon(struct kit *k, uint64_t at, uint64_t pages)
{
	return kit_mmap(k, at, pages, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, 0, 0);
}

/* One reference; the faults it took (and *m if it got through). */
static inline unsigned
kit_touch_map(struct kit *k, uint64_t addr, enum access acc, struct mapping *m)
{
	struct task *t = os_task(k->os, k->pid, k->pid);
	unsigned n = 0;

	if (!t && os_was_killed(k->os, k->pid))
		return 0;
	while (os_resolve(k->os, t, va(addr), acc, m) == RES_FAULT) {
		os_fault(k->os, t, va(addr), acc, MODE_USER, ++k->insn,
			 &k->last);
		k->kinds[k->last.kind]++;
		k->raised++;
		n++;
		if (k->last.signal || n > 4)
			break;
	}
	return n;
}

static inline unsigned
kit_touch(struct kit *k, uint64_t addr, enum access acc)
{
	struct mapping m;

	return kit_touch_map(k, addr, acc, &m);
}

static inline unsigned
kit_run(struct kit *k, uint64_t at, uint64_t pages, enum access acc)
{
	unsigned n = 0;

	for (uint64_t i = 0; i < pages; i++)
		n += kit_touch(k, at + i * PG, acc);
	return n;
}

static inline bool
kit_fork(struct kit *k, uint32_t child, uint64_t flags)
{
	struct event ev = {.kind = EV_FORK,
			   .pid = k->pid,
			   .tid = k->pid,
			   .fork = {child, flags}};

	return kit_event(k, &ev);
}

static inline bool
kit_exit(struct kit *k, uint32_t pid)
{
	struct event ev = {.kind = EV_EXIT, .pid = pid, .tid = pid};

	return kit_event(k, &ev);
}

struct kit_counts {
	uint64_t minor, major;
};

static inline struct kit_counts
kit_counts(struct kit *k)
{
	struct os_process p;

	for (uint32_t i = os_process_count(k->os); i-- > 0;) {
		os_process(k->os, i, &p);
		if (p.pid == k->pid)
			return (struct kit_counts){p.minor, p.major};
	}
	return (struct kit_counts){0, 0};
}

#endif
