/*
 * mapfile.c - a file mapped privately and shared: read, written, synced,
 * partly unmapped, grown by ftruncate.
 * mapfile FILE: FILE is made and removed.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE  4096l
#define PAGES 256

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

int
main(int argc, char **argv)
{
	char block[PAGE], *m;
	int fd;

	if (argc != 2 ||
	    (fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600)) < 0)
		return 2;
	memset(block, 7, sizeof(block));
	for (int i = 0; i < PAGES; i++)
		if (write(fd, block, PAGE) != PAGE)
			return 1;
	m = map(fd, PROT_READ, MAP_PRIVATE);
	visit(m, 0, PAGES, false);
	munmap(m, PAGES * PAGE);
	m = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	visit(m, 0, 64, true);
	visit(m, 32, 128, false);
	visit(m, 100, 140, true);
	munmap(m + 64 * PAGE, 32 * PAGE);
	m = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
	visit(m, 0, 64, false);
	visit(m, 0, 96, true);
	msync(m, PAGES * PAGE, MS_SYNC);
	visit(m, 0, 32, true);
	mprotect(m, 16 * PAGE, PROT_READ);
	visit(m, 0, 16, false);
	madvise(m, 64 * PAGE, MADV_DONTNEED);
	visit(m, 16, 48, true);
	unlink(argv[1]);
	printf("done\n");
	return 0;
}
