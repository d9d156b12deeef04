/*
 * cow.c - copy-on-write across fork: a child writes part of what it inherited,
 * its parent writes after it has gone, a second child runs another program.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 200

static void
write_pages(volatile char *m, int from, int to)
{
	for (int i = from; i < to; i++)
		m[(long)i * PAGE] = (char)i;
}

static int
read_pages(const volatile char *m, int from, int to)
{
	int sum = 0;

	for (int i = from; i < to; i++)
		sum += m[(long)i * PAGE];
	return sum;
}

int
main(void)
{
	char *m = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (m == MAP_FAILED)
		return 1;
	write_pages(m, 0, 100);
	read_pages(m, 100, 150);
	pid = fork();
	if (pid == 0) {
		read_pages(m, 0, PAGES);
		write_pages(m, 0, 50);
		write_pages(m, 120, 130);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	write_pages(m, 0, 150);
	pid = fork();
	if (pid == 0) {
		write_pages(m, 190, PAGES);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	write_pages(m, 50, 60);
	printf("done\n");
	return 0;
}
