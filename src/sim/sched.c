/* sched.c - see sched.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sched.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/xalloc.h"

/* A thread that is awake. */
struct runner {
	uint64_t key;  /* thread_key() */
	uint64_t last; /* instruction when it ran last */
	unsigned cpu;
};

struct sched {
	unsigned cpus;
	uint64_t slice;
	struct map home;      /* of all threads: thread_key() -> CPU */
	struct runner *awake; /* the last one runs, if .running */
	size_t n_awake, cap_awake;
	bool running;
	uint64_t migrations;
};

static uint64_t
thread_key(uint32_t pid, uint32_t tid)
{
	return (uint64_t)pid << 32 | tid;
}

struct sched *
sched_new(unsigned cpus, uint64_t slice)
{
	struct sched *s = xcalloc(1, sizeof(*s));

	s->cpus = cpus;
	s->slice = slice;
	return s;
}

void
sched_free(struct sched *s)
{
	if (!s)
		return;
	map_free(&s->home);
	free(s->awake);
	free(s);
}

static struct runner *
running(struct sched *s)
{
	return s->running ? &s->awake[s->n_awake - 1] : NULL;
}

/* Who has not run for long sleeps. */
static void
drop_sleepers(struct sched *s, uint64_t now)
{
	size_t kept = 0;

	if (s->running)
		running(s)->last = now;
	for (size_t i = 0; i < s->n_awake; i++)
		if (now - s->awake[i].last < SCHED_AWAKE * s->slice)
			s->awake[kept++] = s->awake[i];
	s->n_awake = kept;
}

/* Threads awake on a CPU. */
static unsigned
load_of(const struct sched *s, unsigned cpu)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_awake; i++)
		n += s->awake[i].cpu == cpu;
	return n;
}

static unsigned
idlest(const struct sched *s)
{
	unsigned best = 0, least = load_of(s, 0);

	for (unsigned cpu = 1; least && cpu < s->cpus; cpu++) {
		unsigned load = load_of(s, cpu);

		if (load < least) {
			best = cpu;
			least = load;
		}
	}
	return best;
}

/* Where a thread that is not awake begins. */
static unsigned
place(struct sched *s, uint64_t key)
{
	unsigned best = idlest(s);
	uint64_t home;

	if (!map_get(&s->home, key, &home))
		return best;
	if (load_of(s, (unsigned)home) == 0 || load_of(s, best) > 0)
		return (unsigned)home;
	s->migrations++;
	return best;
}

/* Take the thread out of those awake; false if it was not there. */
static bool
take_awake(struct sched *s, uint64_t key, struct runner *out)
{
	for (size_t i = 0; i < s->n_awake; i++) {
		if (s->awake[i].key != key)
			continue;
		*out = s->awake[i];
		s->running = s->running && i + 1 < s->n_awake;
		s->n_awake--;
		for (; i < s->n_awake; i++)
			s->awake[i] = s->awake[i + 1];
		return true;
	}
	return false;
}

unsigned
sched_run(struct sched *s, uint32_t pid, uint32_t tid, uint64_t now)
{
	struct runner r, *old = running(s);
	uint64_t key = thread_key(pid, tid);

	if (s->cpus == 1)
		return 0;
	if (old && old->key == key)
		return old->cpu;
	drop_sleepers(s, now);
	if (!take_awake(s, key, &r))
		r = (struct runner){.key = key, .cpu = place(s, key)};
	r.last = now;
	map_put(&s->home, key, r.cpu);
	s->awake = xgrow(s->awake, s->n_awake, &s->cap_awake, sizeof(r));
	s->awake[s->n_awake++] = r;
	s->running = true;
	return r.cpu;
}

void
sched_end(struct sched *s, uint32_t pid, uint32_t tid)
{
	struct runner gone;

	take_awake(s, thread_key(pid, tid), &gone);
	map_remove(&s->home, thread_key(pid, tid));
}

unsigned
sched_slice_over(struct sched *s, uint64_t now)
{
	struct runner *r;
	unsigned best;

	if (s->cpus == 1 || !s->running)
		return 0;
	drop_sleepers(s, now);
	r = running(s);
	best = idlest(s);
	if (load_of(s, r->cpu) < load_of(s, best) + 2)
		return r->cpu;
	s->migrations++;
	r->cpu = best;
	map_put(&s->home, r->key, best);
	return best;
}

bool
sched_idle(struct sched *s, unsigned cpu, uint64_t now)
{
	drop_sleepers(s, now);
	return load_of(s, cpu) == 0;
}

uint64_t
sched_migrations(const struct sched *s)
{
	return s->migrations;
}
