/*
 * copy-on-write.c - what fork() shares, and who pays for the copies.
 *
 * A parent writes 128 pages and forks twice.  The first child writes half of
 * them; then the parent writes all.  The second child runs another program
 * at once.  doc/tutorial.md walks through it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define LINE  64 /* bytes from one access to the next */
#define PAGES 128

static void
write_pages(volatile char *m, int n)
{
	for (int i = 0; i < n * PAGE; i += LINE)
		m[i] = (char)i;
}

int
main(void)
{
	char *m = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	write_pages(m, PAGES);

	/* Without exec: the child's writes copy, 64 of them. */
	child = fork();
	if (child == 0) {
		write_pages(m, PAGES / 2);
		_exit(0);
	}
	waitpid(child, NULL, 0);

	/* The child is gone: the parent owns all pages again, and each of its
	 * writes finds out by a fault that needs no copy. */
	write_pages(m, PAGES);

	/* With exec: the child's memory is replaced before it is written. */
	child = fork();
	if (child == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	return 0;
}
