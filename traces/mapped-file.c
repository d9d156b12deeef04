/*
 * mapped-file.c - a file in memory, read and written through a mapping.
 *
 * Four passes over the same 64 pages, so that each kind of fault that a file
 * mapping can take shows once.  doc/tutorial.md walks through it.
 *
 * mapped-file FILE: FILE is made and removed.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 64
#define SIZE  (PAGES * PAGE)
#define LINE  64 /* bytes from one access to the next */

static void
read_all(const volatile char *m)
{
	for (int i = 0; i < SIZE; i += LINE)
		(void)m[i];
}

static void
write_all(volatile char *m)
{
	for (int i = 0; i < SIZE; i += LINE)
		m[i] = (char)i;
}

int
main(int argc, char **argv)
{
	static char block[PAGE];
	char *shared, *private;
	int fd;

	if (argc != 2)
		return 2;
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(block, 'x', sizeof block);
	for (int i = 0; i < PAGES; i++)
		if (write(fd, block, PAGE) != PAGE)
			return 1;

	/* 1. Read a shared mapping: pages are cached, each fault brings 16. */
	shared = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	read_all(shared);

	/* 2. Write it: the file system wants to know of each page. */
	write_all(shared);

	/* 3. After msync() pages are clean again; writing them is news. */
	msync(shared, SIZE, MS_SYNC);
	write_all(shared);

	/* 4. A private mapping: the first write to a page copies it. */
	private = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	read_all(private);
	write_all(private);

	unlink(argv[1]);
	return 0;
}
