/*
 * test_os_oom.c - memory that runs out inside an event: somebody is killed, and
 * the run goes on.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"
#include "os_kit.h"

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define B    KIT_BASE

/* 256 frames, and a process 200 beside process 100. */
static void
begin(struct kit *k)
{
	struct os_config cfg = kit_config();

	cfg.memory_bytes = 1u << 20;
	cfg.overcommit = 1;
	kit_start(k, &cfg);
	ok(kit_fork(k, 200, 0), "two processes");
}

/* Who is dead, and all fits together. */
static void
dead(struct kit *k, bool first, bool second, const char *what)
{
	ok(os_was_killed(k->os, 100) == first &&
	       os_was_killed(k->os, 200) == second,
	   "%s", what);
	os_check(k->os);
}

static void
test_populate(void)
{
	struct kit k;

	begin(&k);
	kit_anon(&k, B, 150);
	kit_run(&k, B, 150, ACC_WRITE);
	k.pid = 200;
	kit_mmap(&k, B, 120, RW, ANON | MAP_POPULATE, 0, 0);
	dead(&k, true, false, "populate: the larger one is killed");
	is_u64(kit_run(&k, B, 120, ACC_WRITE), 0, "the other has its pages");
	ok(kit_call(&k, SYS_mmap, (int64_t)B, B, 400 * PG, RW,
		    ANON | MAP_POPULATE | MAP_FIXED, 0, 0),
	   "too much for all: the event is no error");
	dead(&k, true, true, "but its end");
	kit_end(&k);
}

static void
test_mlock(void)
{
	struct os_stats s;
	struct kit k;

	begin(&k);
	kit_anon(&k, B, 400);
	ok(kit_call(&k, SYS_mlock, -EAGAIN, B, 400 * PG, 0, 0, 0, 0),
	   "mlock of more than there is");
	os_stats(k.os, &s);
	is_u64(s.result_mismatches, 0, "ends in EAGAIN");
	dead(&k, true, false, "and death");
	kit_end(&k);
}

static void
test_fork(void)
{
	struct kit k;

	begin(&k);
	/* Every page in a table of its own: a child needs as many tables. */
	for (uint64_t i = 0; i < 60; i++)
		kit_anon(&k, B + i * 512 * PG, 1);
	for (uint64_t i = 0; i < 60; i++)
		kit_touch(&k, B + i * 512 * PG, ACC_WRITE);
	kit_anon(&k, B + 99 * 512 * PG, 100);
	kit_run(&k, B + 99 * 512 * PG, 100, ACC_WRITE);
	ok(kit_fork(&k, 300, 0), "fork without memory for page tables");
	dead(&k, true, false, "the parent is killed");
	ok(os_was_killed(k.os, 300), "and the child never was");
	k.pid = 300;
	ok(kit_exit(&k, 300), "what it does is passed over");
	kit_end(&k);
}

static void
test_write(void)
{
	struct kit k;
	uint32_t f;

	begin(&k);
	kit_anon(&k, B, 50);
	kit_run(&k, B, 50, ACC_WRITE);
	k.pid = 200;
	f = kit_file(&k, FILE_SHM, 0);
	ok(kit_call(&k, SYS_write, 300 * PG, 3, 0, 300 * PG, 0, f, 0),
	   "write of more than there is to tmpfs");
	dead(&k, true, true, "nobody is left");
	kit_end(&k);
}

static void
test_exec(void)
{
	struct event ev = {.kind = EV_EXEC, .pid = 100, .tid = 100};
	const struct map_desc maps[] = {
	    {.start = B, .end = B + 400 * PG, .prot = RW, .flags = MAPD_STACK}};
	struct kit k;

	begin(&k);
	ev.image.exe = "/bin/large";
	ev.image.args = "large";
	ev.image.n_maps = 1;
	ev.image.maps = maps;
	ev.image.stack_pointer = B + PG;
	ok(kit_event(&k, &ev), "exec with arguments that do not fit");
	dead(&k, true, false, "is the end");
	k.pid = 200;
	kit_anon(&k, B, 100);
	is_u64(kit_run(&k, B, 100, ACC_WRITE), 100, "the other goes on");
	kit_end(&k);
}

int
main(void)
{
	test_populate();
	test_mlock();
	test_fork();
	test_write();
	test_exec();
	return done_testing();
}
