/*
 * vgvictim.c - does what our Valgrind tool must tell of: markers, faults that
 * are handled and restarted, and forks of a program with threads.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pagewalk.h"

#define PAGES 4

static char *area;
static volatile int faults;
static volatile long sink;
static volatile int *volatile nowhere = (volatile int *)16;

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	char *page = (char *)((unsigned long)info->si_addr & ~4095ul);

	(void)sig, (void)context;
	faults = faults + 1;
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static int
restart(void)
{
	struct sigaction sa = {.sa_sigaction = on_fault,
			       .sa_flags = SA_SIGINFO};
	long sum = 0;

	sigaction(SIGSEGV, &sa, NULL);
	area = mmap(NULL, PAGES * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	printf("%p\n", (void *)area);
	fflush(stdout);
	for (int i = 0; i < PAGES; i++) {
		area[i * 4096 + 8] = (char)(i + 1);
		sum += area[i * 4096 + 8];
	}
	return sum == 10 && faults == PAGES ? 0 : 1;
}

static void
work(long n)
{
	for (long i = 0; i < n; i++)
		sink = sink + i;
}

static int
mark(void)
{
	work(1000);
	PAGEWALK_ROI_BEGIN();
	work(5000);
	PAGEWALK_ROI_END();
	PAGEWALK_MARK("a place");
	work(1000);
	return 0;
}

static void *
busy(void *arg)
{
	work(50000);
	return arg;
}

/* Many processes that are made, run and end at the same time. */
static int
swarm(void)
{
	int good = 0, status;

	for (int i = 0; i < 12; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t;

			pthread_create(&t, NULL, busy, NULL);
			work(20000);
			while (i == 5) /* until it is killed */
				work(20000);
			pthread_join(t, NULL);
			_exit(i);
		}
		if (i == 5) {
			usleep(50000);
			kill(pid, SIGKILL);
		}
	}
	while (wait(&status) > 0)
		good += WIFEXITED(status) != 0;
	return good >= 11 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "restart"))
		return restart();
	if (!strcmp(what, "mark"))
		return mark();
	if (!strcmp(what, "swarm"))
		return swarm();
	if (!strcmp(what, "null"))
		*nowhere = 1;
	return 2;
}
