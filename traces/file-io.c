/*
 * file-io.c - the same sum over a file, by read(2) and through a mapping.
 *
 * file-io read SIZE FILE: buffers of SIZE bytes; file-io map 0 FILE: a private
 * mapping.  The file, 1 MiB, is made first; then four passes add up its words.
 * doc/tutorial.md compares them.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE   4096
#define PAGES  256
#define PASSES 4

static char buffer[16 * PAGE];

static long
sum(const char *from, long bytes)
{
	long total = 0;

	for (long i = 0; i < bytes; i += (long)sizeof(long))
		total += *(const volatile long *)(from + i);
	return total;
}

static long
by_read(int fd, size_t size)
{
	long total = 0;
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buffer, size)) > 0)
		total += sum(buffer, n);
	return total;
}

static long
by_map(int fd)
{
	char *m = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	long total = m == MAP_FAILED ? 0 : sum(m, PAGES * PAGE);

	munmap(m, PAGES * PAGE);
	return total;
}

int
main(int argc, char **argv)
{
	long total = 0;
	size_t size;
	int fd;

	if (argc != 4)
		return 2;
	size = (size_t)atoi(argv[2]);
	if (size > sizeof(buffer))
		return 2;
	fd = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(buffer, 1, PAGE);
	for (int i = 0; i < PAGES; i++)
		if (write(fd, buffer, PAGE) != PAGE)
			return 1;
	for (int pass = 0; pass < PASSES; pass++)
		total += argv[1][0] == 'r' ? by_read(fd, size) : by_map(fd);
	unlink(argv[3]);
	return total == 0;
}
