/*
 * fork-cow.c - a demonstration: copy-on-write across fork(2).
 *
 * The parent fills 64 pages and forks.  Nothing is copied then: parent and
 * child point at the same pages, and both may only read them.
 *
 *  1. The child writes to the first 16 pages: each write faults, and the
 *     kernel copies the page for the child.
 *  2. The child reads the other 48: no fault at all, they are there.
 *  3. The parent, while the child still lives, writes to pages 16 to 31: the
 *     child has them too, so they are copied as well.
 *  4. The child ends.  The parent writes to all 64 pages: 0 to 15 and 32 to
 *     63 still may only be read, so each faults once more; but nobody else
 *     has them now, and the kernel gives the page back instead of a copy
 *     (COW reuse).  16 to 31 are the parent's own: no fault.
 *
 * With the argument "exec", the child calls execve(2) at once, as a shell's
 * does: all that the 64 pages see of it is the write protection, and the
 * parent's writes after it are reuses only.  The few copies left are those of
 * the stack and of the C library's data that both touch around the fork.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 64

static volatile char *memory;

static void
touch(int from, int to, char value)
{
	for (int i = from; i < to; i++)
		memory[i * PAGE] = value;
}

static int
sum(int from, int to)
{
	int total = 0;

	for (int i = from; i < to; i++)
		total += memory[i * PAGE];
	return total;
}

/* What the child does between two bytes through the pipes. */
static int
child(int ready, int go)
{
	char byte = 0;
	int total;

	touch(0, 16, 2);
	total = sum(16, PAGES);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		return 1;
	return total == 48 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	int exec = argc > 1 && strcmp(argv[1], "exec") == 0;
	int ready[2], go[2], status;
	char byte = 0;

	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	touch(0, PAGES, 1);
	if (pipe(ready) || pipe(go))
		return 1;
	if (fork() == 0) {
		if (exec)
			execl("/bin/true", "true", (char *)NULL);
		_exit(child(ready[1], go[0]));
	}
	if (!exec) {
		if (read(ready[0], &byte, 1) != 1)
			return 1;
		touch(16, 32, 3);
		if (write(go[1], &byte, 1) != 1)
			return 1;
	}
	wait(&status);
	touch(0, PAGES, 4);
	printf("child %d, sum %d\n", WEXITSTATUS(status), sum(0, PAGES));
	return WEXITSTATUS(status);
}
