/* ahead.c - see ahead.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread.h"
#include "base/xalloc.h"
#include "trace/ahead.h"
#include "trace/refs.h"

/* Items, and words of their addresses: so much that one wake-up is good for
 * many, so little that what is decoded is still in a cache when it is used. */
#define PLACES 256
#define WORDS  ((uint64_t)128 << 10)

/* Looks at the other's count before one sleeps: some 20 us, less than it
 * takes to be woken up. */
#define SPINS 500

struct ahead {
	ahead_fill *fill;
	void *ctx;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t filled_more, given_back;
	atomic_uint_fast64_t filled, back; /* items; changed under lock */
	uint64_t wanted; /* .back that the thread waits for; under lock */
	bool stop, over; /* over: the last one is filled; under lock */
	uint64_t given;  /* the reader's own: items handed out */
	uint64_t number; /* the thread's own: items it has begun */
	uint64_t head;   /* words it has begun; WORDS more begin anew */
	uint64_t *words;
	struct ahead_place place[PLACES];
	uint64_t end[PLACES]; /* of each one's addresses: a head */
};

static inline void
relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* Until *count is at least n, or for a moment. */
static void
spin(const atomic_uint_fast64_t *count, uint64_t n)
{
	for (unsigned i = 0; i < SPINS && atomic_load(count) < n; i++)
		relax();
}

/* Until item n is back; false if it is time to stop. */
static bool
wait_back(struct ahead *a, uint64_t n)
{
	bool go;

	spin(&a->back, n);
	pthread_mutex_lock(&a->lock);
	a->wanted = n;
	while (!a->stop && a->back < n)
		pthread_cond_wait(&a->given_back, &a->lock);
	a->wanted = UINT64_MAX;
	go = !a->stop;
	pthread_mutex_unlock(&a->lock);
	return go;
}

/* Is there room for one more, once n items are back? */
static bool
has_room(const struct ahead *a, uint64_t n)
{
	uint64_t tail = n ? a->end[(n - 1) % PLACES] : 0;

	return a->number - n < PLACES &&
	       a->head + REFS_OUTPUT_WORDS - tail <= WORDS;
}

/* Once there is no room, until half of the items are back. */
static bool
may_fill(struct ahead *a)
{
	uint64_t n = atomic_load(&a->back);

	if (a->head % WORDS + REFS_OUTPUT_WORDS > WORDS)
		a->head += WORDS - a->head % WORDS;
	if (has_room(a, n))
		return true;
	do
		n += (a->number - n + 1) / 2;
	while (!has_room(a, n));
	return wait_back(a, n);
}

static void
publish(struct ahead *a, bool last)
{
	pthread_mutex_lock(&a->lock);
	a->filled++;
	a->over = last;
	pthread_cond_signal(&a->filled_more);
	pthread_mutex_unlock(&a->lock);
}

static void *
work(void *arg)
{
	struct ahead *a = arg;
	bool last = false;

	while (!last && may_fill(a)) {
		unsigned at = a->number++ % PLACES;
		struct ahead_place *p = &a->place[at];

		p->addrs = a->words + a->head % WORDS;
		a->fill(a->ctx, p);
		last = p->item == TRACE_END || p->item == TRACE_ERROR;
		if (p->item == TRACE_REFS)
			a->head += PRED_MAX_LOOKBACK + p->refs.n_addrs;
		a->end[at] = a->head;
		publish(a, last);
	}
	return NULL;
}

uint64_t
ahead_number(const struct ahead *a)
{
	return a->number;
}

void
ahead_wait_back(struct ahead *a, uint64_t n)
{
	wait_back(a, n);
}

const struct ahead_place *
ahead_next(struct ahead *a)
{
	spin(&a->filled, a->given + 1);
	pthread_mutex_lock(&a->lock);
	if (!a->over || a->given < a->filled) {
		a->back = a->given++;
		if (a->back >= a->wanted)
			pthread_cond_signal(&a->given_back);
	}
	while (a->filled < a->given)
		pthread_cond_wait(&a->filled_more, &a->lock);
	pthread_mutex_unlock(&a->lock);
	return &a->place[(a->given - 1) % PLACES];
}

bool
ahead_start(struct ahead *a)
{
	a->started = thread_start(&a->thread, work, a);
	return a->started;
}

struct ahead *
ahead_new(ahead_fill *fill, void *ctx)
{
	struct ahead *a = xcalloc(1, sizeof(*a));

	a->fill = fill;
	a->ctx = ctx;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->filled_more, NULL);
	pthread_cond_init(&a->given_back, NULL);
	a->wanted = UINT64_MAX;
	a->words = xreallocarray(NULL, WORDS, sizeof(*a->words));
	return a;
}

static void
stop(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->given_back);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
}

void
ahead_free(struct ahead *a)
{
	if (!a)
		return;
	if (a->started)
		stop(a);
	for (unsigned i = 0; i < PLACES; i++)
		event_scratch_free(&a->place[i].scratch);
	free(a->words);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->filled_more);
	pthread_cond_destroy(&a->given_back);
	free(a);
}
