/*
 * shared-memory.c - a demonstration: memory that two processes share.
 *
 * Three ways to the same thing, each of 16 pages.  The parent writes a byte
 * into each page, the child reads it and writes the next one, the parent
 * reads that.
 *
 *  1. mmap(MAP_SHARED | MAP_ANONYMOUS) before fork(2).
 *  2. shm_open(3): a file in memory, mapped by each process for itself, and
 *     so at an address of its own.
 *  3. shmget(2), shmat(2): the same with System V's names.
 *
 * All three are pages of tmpfs to the kernel.  The first process to touch a
 * page has it made and zeroed: a fault for each page.  The other one finds
 * them there, and one fault points at many (fault-around).  No write to them
 * is ever answered with a copy: compare with fork-cow.c.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 16
#define BYTES ((size_t)PAGES * PAGE)

/* How the child comes by the memory the parent has at p. */
typedef char *(*attach)(char *p, int id);

static char *
inherited(char *p, int id)
{
	(void)id;
	return p; /* fork(2) keeps shared mappings shared */
}

static char *
posix(char *p, int id)
{
	munmap(p, BYTES);
	return mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, id, 0);
}

static char *
system_v(char *p, int id)
{
	shmdt(p);
	return shmat(id, NULL, 0);
}

/* Parent and child in turn; returns what the parent reads in the end. */
static int
exchange(const char *name, volatile char *p, attach by, int id)
{
	int sum = 0, status;

	for (int i = 0; i < PAGES; i++)
		p[i * PAGE] = (char)i;
	if (fork() == 0) {
		p = by((char *)p, id);
		for (int i = 0; i < PAGES; i++)
			p[i * PAGE + 1] = (char)(p[i * PAGE] + 1);
		_exit(0);
	}
	wait(&status);
	for (int i = 0; i < PAGES; i++)
		sum += p[i * PAGE + 1];
	printf("%s: %d\n", name, sum);
	fflush(stdout); /* or the next child would print it again */
	return sum;
}

int
main(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	int fd, id, sum = 0;

	sum +=
	    exchange("anonymous",
		     mmap(NULL, BYTES, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		     inherited, -1);

	fd = shm_open("/pagewalk-demo", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)BYTES))
		return 1;
	shm_unlink("/pagewalk-demo");
	sum += exchange("shm_open", mmap(NULL, BYTES, rw, MAP_SHARED, fd, 0),
			posix, fd);

	id = shmget(IPC_PRIVATE, BYTES, IPC_CREAT | 0600);
	if (id < 0)
		return 1;
	sum += exchange("shmget", shmat(id, NULL, 0), system_v, id);
	shmctl(id, IPC_RMID, NULL);

	return sum == 3 * 136 ? 0 : 1;
}
