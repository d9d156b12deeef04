/*
 * threads.c - four threads, each with its own stack, thread-local data, heap
 * arena and slice of one shared array.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define SLICE   (1 << 18)

static char array[THREADS * SLICE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long total;

static void *
work(void *arg)
{
	char *slice = arg, local[16384];
	long sum = 0;

	memset(local, 1, sizeof(local));
	for (int i = 0; i < SLICE; i += 512)
		slice[i] = local[i % (int)sizeof(local)];
	for (int i = 0; i < 20; i++) {
		char *p = malloc(20000);

		memset(p, i, 20000);
		sum += p[i];
		free(p);
	}
	pthread_mutex_lock(&lock);
	total += sum;
	pthread_mutex_unlock(&lock);
	return NULL;
}

int
main(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, work, array + i * SLICE))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	printf("%ld\n", total);
	return 0;
}
