/*
 * sharedmem.c - memory shared between processes: POSIX shared memory at two
 * addresses, a System V segment attached read-only by a child, shared
 * anonymous memory across fork.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096l
#define PAGES 64

static long
visit(volatile char *m, long from, long to, bool write)
{
	long sum = 0;

	for (long i = from; i < to; i++) {
		if (write)
			m[i * PAGE] = (char)i;
		else
			sum += m[i * PAGE];
	}
	return sum;
}

static char *
map(int fd, int prot, int flags)
{
	char *m = mmap(NULL, PAGES * PAGE, prot, flags, fd, 0);

	if (m == MAP_FAILED)
		exit(1);
	return m;
}

static void
child(char *anon, char *posix, int id)
{
	char *sysv = shmat(id, NULL, SHM_RDONLY);

	visit(anon, 0, PAGES, false);
	visit(anon, 0, 8, true);
	visit(posix, 16, 48, false);
	visit(posix, 40, PAGES, true);
	if (sysv != (char *)-1)
		visit(sysv, 0, 32, false);
	_exit(0);
}

int
main(void)
{
	int fd = memfd_create("pagewalk", 0);
	int id = shmget(IPC_PRIVATE, PAGES * PAGE, IPC_CREAT | 0600);
	char *anon, *posix, *again, *sysv;
	pid_t pid;

	if (fd < 0 || id < 0 || ftruncate(fd, PAGES * PAGE))
		return 1;
	anon = map(-1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	posix = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	again = map(fd, PROT_READ, MAP_SHARED);
	sysv = shmat(id, NULL, 0);
	if (sysv == (char *)-1)
		return 1;
	shmctl(id, IPC_RMID, NULL);
	visit(anon, 0, 32, true);
	visit(posix, 0, 32, true);
	visit(again, 0, 32, false);
	visit(sysv, 0, 16, true);
	pid = fork();
	if (pid == 0)
		child(anon, posix, id);
	waitpid(pid, NULL, 0);
	visit(anon, 0, PAGES, false);
	visit(again, 0, PAGES, false);
	visit(sysv, 0, PAGES, false);
	shmdt(sysv);
	printf("done\n");
	return 0;
}
