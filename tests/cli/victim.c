/*
 * victim.c - does one thing, so that a test can look for it in a trace.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sink;

static int
do_fork(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status) + 3;
}

static int
do_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(5);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* Processes that nobody waits for, one inside the other. */
static int
do_orphan(void)
{
	if (fork() == 0) {
		if (fork() == 0)
			usleep(300000);
		_exit(0);
	}
	return 0;
}

/* Each process makes the next and waits for it. */
static int
do_nest(int depth)
{
	int status = 0;
	pid_t pid = depth ? fork() : -1;

	if (pid == 0)
		_exit(do_nest(depth - 1));
	if (pid > 0)
		waitpid(pid, &status, 0);
	return pid > 0 ? WEXITSTATUS(status) + 1 : 0;
}

static void *
thread(void *arg)
{
	char byte = 1;
	int *pipe_ends = arg;

	if (write(pipe_ends[1], &byte, 1) != 1)
		sink++;
	return NULL;
}

static int
do_threads(void)
{
	pthread_t t[4];
	int ends[2];
	char byte;

	if (pipe(ends))
		return 1;
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, thread, ends);
	for (int i = 0; i < 4; i++)
		if (read(ends[0], &byte, 1) != 1)
			return 1;
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return 0;
}

static int
do_map(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), m;
	struct iovec v[2] = {{(char *)"abc", 3}, {(char *)"defgh", 5}};
	char *p, *q;

	if (writev(fd, v, 2) != 8 || ftruncate(fd, 10000))
		return 1;
	p = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unlink(name); /* known all the same: the descriptor is open */
	p[5000] = 1;
	close(fd);
	m = memfd_create("hidden", 0);
	if (ftruncate(m, 8192))
		return 1;
	q = mmap(NULL, 8192, PROT_READ, MAP_SHARED, m, 0);
	sink += q[4096];
	munmap(p, 10000);
	return 0;
}

static void
on_usr1(int sig)
{
	(void)sig;
}

static int
do_spin(void)
{
	for (;;)
		sink++;
	return 0;
}

/* References that do not compress. */
static int
do_random(void)
{
	volatile unsigned char *p = malloc(1 << 26);
	uint64_t x = 1;

	for (;;) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		p[x >> 38]++;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "fork"))
		return do_fork();
	if (!strcmp(what, "vfork"))
		return do_vfork();
	if (!strcmp(what, "orphan"))
		return do_orphan();
	if (!strcmp(what, "nest"))
		return do_nest(20);
	if (!strcmp(what, "threads"))
		return do_threads();
	if (!strcmp(what, "map") && argc > 2)
		return do_map(argv[2]);
	if (!strcmp(what, "segv"))
		*(volatile int *)(uintptr_t)(argc * 8) = 1;
	if (!strcmp(what, "usr1")) {
		signal(SIGUSR1, on_usr1);
		raise(SIGUSR1);
		return 4;
	}
	if (!strcmp(what, "spin"))
		return do_spin();
	if (!strcmp(what, "random"))
		return do_random();
	return 1;
}
