/*
 * shared-memory.c - memory that a parent and its child both see.
 *
 * The parent writes 32 pages of shared anonymous memory, forks; the child
 * reads them and writes 32 more; the parent reads those.  No page is copied:
 * each process only needs entries in its own page table.
 * doc/tutorial.md walks through it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define LINE  64 /* bytes from one access to the next */
#define PAGES 64

static void
read_pages(const volatile char *m, int from, int to)
{
	for (int i = from * PAGE; i < to * PAGE; i += LINE)
		(void)m[i];
}

static void
write_pages(volatile char *m, int from, int to)
{
	for (int i = from * PAGE; i < to * PAGE; i += LINE)
		m[i] = (char)i;
}

int
main(void)
{
	char *m = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	write_pages(m, 0, 32);
	child = fork();
	if (child == 0) {
		read_pages(m, 0, 32);
		write_pages(m, 32, PAGES);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	read_pages(m, 32, PAGES);
	return 0;
}
