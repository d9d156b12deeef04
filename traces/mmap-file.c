/*
 * mmap-file.c - a demonstration: a file in memory.
 *
 * Three mappings of one file of 64 pages, and what each access costs:
 *
 *  1. MAP_SHARED, reading.  The file was just written, so its pages are in
 *     the page cache; a read fault only has to point at them.  The kernel
 *     maps its neighbours in the same 64 KiB with it (fault-around): 64 pages
 *     make 4 or 5 faults, not 64.
 *  2. MAP_PRIVATE, writing every fourth page.  A write must not reach the
 *     file, so each such page is copied: 16 faults, 16 copies.
 *  3. MAP_SHARED, writing every fourth page.  The page itself is written, but
 *     the file system wants to know of the first write (to find the blocks on
 *     disk, to write it back some day): a fault for each, no copy.
 *  4. The page behind the end of the file.  The mapping covers it, the file
 *     does not: SIGBUS.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 64

static sigjmp_buf after_fault;

static void
on_sigbus(int sig)
{
	siglongjmp(after_fault, sig);
}

/* A file of PAGES pages, each filled with its number. */
static int
make_file(const char *name)
{
	char page[PAGE];
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (int i = 0; i < PAGES; i++) {
		memset(page, i, PAGE);
		if (write(fd, page, PAGE) != PAGE)
			return -1;
	}
	return fd;
}

static char *
map(int fd, int prot, int flags, int pages)
{
	return mmap(NULL, (size_t)pages * PAGE, prot, flags, fd, 0);
}

int
main(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	int fd = make_file("mmap-file.data");
	volatile char *p;
	int sum = 0;

	if (fd < 0)
		return 1;

	/* 1: read every page */
	p = map(fd, PROT_READ, MAP_SHARED, PAGES);
	for (int i = 0; i < PAGES; i++)
		sum += p[i * PAGE];
	munmap((void *)p, PAGES * PAGE);

	/* 2: write to private copies */
	p = map(fd, rw, MAP_PRIVATE, PAGES);
	for (int i = 0; i < PAGES; i += 4)
		p[i * PAGE] = 1;
	munmap((void *)p, PAGES * PAGE);

	/* 3: write to the file */
	p = map(fd, rw, MAP_SHARED, PAGES);
	for (int i = 0; i < PAGES; i += 4)
		p[i * PAGE] = 1;
	msync((void *)p, PAGES * PAGE, MS_SYNC);
	munmap((void *)p, PAGES * PAGE);

	/* 4: one page too far */
	p = map(fd, PROT_READ, MAP_SHARED, PAGES + 1);
	signal(SIGBUS, on_sigbus);
	if (sigsetjmp(after_fault, 1) == 0)
		sum += p[PAGES * PAGE];
	else
		puts("SIGBUS behind the end of the file");

	printf("sum %d\n", sum);
	close(fd);
	return unlink("mmap-file.data");
}
