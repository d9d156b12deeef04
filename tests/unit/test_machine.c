/* test_machine.c - threads on CPUs; the numbers of several traces.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "arch/event.h"
#include "base/rng.h"
#include "sim/numbers.h"
#include "sim/sched.h"

#include "../tap.h"

#define SLICE 100

/* ---- the scheduler */

static void
test_one_cpu(void)
{
	struct sched *s = sched_new(1, SLICE);
	bool always = true;

	for (uint32_t i = 0; i < 20; i++) {
		always = always && sched_run(s, 1, 1 + i % 3, i * SLICE) == 0 &&
			 sched_slice_over(s, i * SLICE) == 0;
		sched_end(s, 1, i);
	}
	ok(always && !sched_migrations(s), "one CPU: everything runs there");
	sched_free(s);
}

static void
test_placing(void)
{
	struct sched *s = sched_new(4, SLICE);
	unsigned cpu[4];

	for (uint32_t i = 0; i < 4; i++)
		cpu[i] = sched_run(s, 1, 1 + i, i);
	ok(cpu[0] == 0 && cpu[1] == 1 && cpu[2] == 2 && cpu[3] == 3,
	   "new threads go to CPUs with nothing to do");
	is_u64(sched_run(s, 1, 5, 5), 0, "the fifth doubles up");
	is_u64(sched_run(s, 1, 3, 6), 2, "a thread that is awake stays");
	is_u64(sched_slice_over(s, 7), 2, "also at the end of its slice");
	is_u64(sched_migrations(s), 0, "nothing moved");
	sched_end(s, 1, 2);
	is_u64(sched_run(s, 1, 6, 8), 1, "where a thread ended there is room");
	sched_free(s);
}

static void
test_sleeping(void)
{
	struct sched *s = sched_new(2, SLICE);
	uint64_t later = SCHED_AWAKE * SLICE;

	sched_run(s, 1, 1, 0);
	sched_run(s, 1, 2, 1);
	ok(!sched_idle(s, 0, later), "a CPU is busy while its thread is awake");
	ok(sched_idle(s, 0, later + 1), "and idle when it sleeps");
	ok(!sched_idle(s, 1, later + 1), "the running one never sleeps");
	is_u64(sched_run(s, 1, 1, later + 2), 0,
	       "waking, it finds its CPU idle");
	sched_run(s, 1, 3, later + 3); /* doubles up, on 0 */
	sched_run(s, 1, 3, later + 4);
	sched_run(s, 1, 2, later + 5);
	is_u64(sched_run(s, 1, 3, 2 * later + 5), 0,
	       "who slept at once goes back");
	is_u64(sched_migrations(s), 0, "so far nothing moved");
	sched_end(s, 1, 2);
	is_u64(sched_run(s, 1, 1, 2 * later + 6), 1,
	       "waking, it finds its CPU busy and another idle");
	is_u64(sched_migrations(s), 1, "a migration");
	sched_free(s);
}

static void
test_balancing(void)
{
	struct sched *s = sched_new(2, SLICE);

	for (uint32_t i = 0; i < 6; i++) /* 1 3 5 on CPU 0, 2 4 6 on 1 */
		sched_run(s, 1, 1 + i, i);
	sched_end(s, 1, 2);
	sched_run(s, 1, 1, 7);
	is_u64(sched_slice_over(s, 8), 0, "3 and 2: stays");
	sched_end(s, 1, 4);
	sched_run(s, 1, 3, 9);
	is_u64(sched_slice_over(s, 10), 1, "3 and 1: goes over");
	is_u64(sched_slice_over(s, 11), 1, "2 and 2: stays there");
	is_u64(sched_run(s, 1, 1, 12), 0, "the others are where they were");
	is_u64(sched_run(s, 1, 3, 13), 1, "and so is it");
	sched_free(s);
}

/* Whatever happens: a CPU that is there, the same until a migration. */
static void
test_random_schedule(void)
{
	struct sched *s = sched_new(3, SLICE);
	unsigned home[40], cpu;
	uint64_t now = 0, moved = 0;
	bool known[40] = {0}, right = true;
	struct rng rng;

	rng_seed(&rng, 5);
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t t = (uint32_t)rng_below(&rng, 40);

		now += rng_below(&rng, 3 * SLICE);
		if (rng_below(&rng, 20) == 0) {
			sched_end(s, t % 2, t);
			known[t] = false;
			continue;
		}
		cpu = sched_run(s, t % 2, t, now);
		moved += known[t] && home[t] != cpu;
		right = right && cpu < 3;
		home[t] = sched_slice_over(s, now);
		moved += home[t] != cpu;
		known[t] = true;
		right = right && moved == sched_migrations(s) &&
			!sched_idle(s, home[t], now);
	}
	ok(right && moved > 1000,
	   "random threads: %" PRIu64 " migrations, all counted", moved);
	sched_free(s);
}

/* ---- numbers */

static struct event
fork_of(uint32_t pid, uint32_t child)
{
	return (struct event){.kind = EV_FORK,
			      .pid = pid,
			      .tid = pid,
			      .fork = {.child_pid = child}};
}

static struct event
file_named(uint32_t id, uint64_t inode, const char *path)
{
	return (struct event){
	    .kind = EV_FILE,
	    .file = {.id = id, .dev = 1, .inode = inode, .path = path}};
}

static void
test_ids(void)
{
	struct numbers *n = numbers_new(2);
	struct event a = fork_of(10, 11), b = fork_of(10, 11);
	struct event c = fork_of(11, 12), d = fork_of(11, 20);
	unsigned trace;
	uint32_t was;

	numbers_event(n, 0, &a);
	ok(a.pid == 10 && a.tid == 10 && a.fork.child_pid == 11,
	   "the first trace keeps its numbers");
	numbers_event(n, 1, &b);
	ok(b.pid == 12 && b.tid == 12 && b.fork.child_pid == 13,
	   "the second takes the next free ones");
	numbers_event(n, 0, &c);
	ok(c.pid == 11 && c.fork.child_pid == 14,
	   "which are then not free for the first");
	numbers_event(n, 1, &d);
	ok(d.pid == 13 && d.fork.child_pid == 20,
	   "what is free is kept; what was given stays");
	ok(numbers_origin(n, 14, &trace, &was) && trace == 0 && was == 12 &&
	       numbers_origin(n, 13, &trace, &was) && trace == 1 && was == 11,
	   "and can be told back");
	ok(!numbers_origin(n, 99, &trace, &was), "99 is nobody's");
	numbers_free(n);
}

static void
test_files(void)
{
	struct numbers *n = numbers_new(2);
	struct event a = file_named(1, 7, "/lib/a"), again = a;
	struct event same = file_named(5, 7, "/lib/a");
	struct event other = file_named(6, 7, "/lib/b");
	struct event call = {.kind = EV_SYSCALL, .sys = {.file = 5}};
	struct event bad = {.kind = EV_SYSCALL, .sys = {.file = 77}};
	struct event cache = {.kind = EV_CACHE, .cache = {.file = 5}};
	struct event mine = {.kind = EV_CACHE, .cache = {.file = 6}};
	const struct map_desc maps[] = {{.file = 6}, {.file = FILE_NONE}};
	struct event image = {.kind = EV_EXEC,
			      .image = {.n_maps = 2, .maps = maps}};

	ok(numbers_event(n, 0, &a) && a.file.id == 1, "a file");
	ok(numbers_event(n, 0, &again) && again.file.id == 1,
	   "the same trace may say more of it");
	ok(!numbers_event(n, 1, &same) && same.file.id == 1,
	   "the other trace has the same one: known already");
	ok(numbers_event(n, 1, &other) && other.file.id == 2,
	   "another path: another file");
	numbers_event(n, 1, &call);
	is_u64(call.sys.file, 1, "a call names it by the machine's number");
	numbers_event(n, 1, &bad);
	is_u64(bad.sys.file, UINT32_MAX, "a file nobody has named");
	ok(!numbers_event(n, 1, &cache), "what was cached: the first knows");
	ok(numbers_event(n, 1, &mine) && mine.cache.file == 2,
	   "unless it is its own");
	numbers_event(n, 1, &image);
	ok(image.image.maps[0].file == 2 &&
	       image.image.maps[1].file == FILE_NONE && maps[0].file == 6,
	   "an image's mappings");
	numbers_free(n);
}

int
main(void)
{
	test_one_cpu();
	test_placing();
	test_sleeping();
	test_balancing();
	test_random_schedule();
	test_ids();
	test_files();
	return done_testing();
}
