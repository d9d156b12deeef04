/*
 * faultaround.c - what one page fault on a file mapping maps.
 *
 * faultaround FILE BASE FIRST PAGES HOW TOUCH...
 * maps PAGES pages of FILE from page FIRST at an address whose page number is
 * BASE modulo 512 (so BASE also chooses the place in the page table), touches
 * the file's pages TOUCH in turn, and prints after each, in file pages, the
 * ranges that are newly present and whether the kernel counted the fault:
 *	TOUCH: [a..b] [c..d] minor N major M
 * HOW is two letters: p(rivate) or s(hared), then r(ead), W(rite), w (a read,
 * then a write), x(ecute: the page must begin with a RET, 0xc3).  A letter
 *after a TOUCH stands for that touch alone. SPDX-License-Identifier:
 *GPL-3.0-or-later
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE   4096ul
#define REGION (UINT64_C(1) << 40) /* a free place in the address space */

static void
touch(volatile char *at, char how)
{
	void (*call)(void);

	if (how == 'w') {
		*at = *at + 0; /* a read, then a write */
	} else if (how == 'W') {
		*at = (char)0xc3;
	} else if (how == 'x') {
		memcpy(&call, &at, sizeof(call));
		call();
	} else {
		(void)*at;
	}
}

static void
read_present(int fd, uint64_t first, size_t n, bool *present)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t w = 0;

		if (pread(fd, &w, 8, (off_t)((first + i) * 8)) != 8)
			perror("pagemap");
		present[i] = w >> 63;
	}
}

static void
print_new(const bool *before, const bool *after, size_t n, size_t first)
{
	for (size_t i = 0; i < n; i++) {
		size_t from = i;

		while (i < n && after[i] && !before[i])
			i++;
		if (i > from)
			printf(" [%zu..%zu]", first + from, first + i - 1);
	}
}

static void
one_touch(char *at, size_t pages, size_t first, char how, size_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t start = (uint64_t)(uintptr_t)at / PAGE;
	bool *before = calloc(pages, 1), *after = calloc(pages, 1);
	struct rusage a, b;

	if (fd < 0 || !before || !after)
		exit(1);
	read_present(fd, start, pages, before);
	read_present(fd, start, pages, after); /* warm: fault here, not below */
	getrusage(RUSAGE_SELF, &a);
	getrusage(RUSAGE_SELF, &b);
	getrusage(RUSAGE_SELF, &a);
	touch(at + (page - first) * PAGE, how);
	getrusage(RUSAGE_SELF, &b);
	read_present(fd, start, pages, after);
	printf("%zu:", page);
	print_new(before, after, pages, first);
	printf(" minor %ld major %ld\n", b.ru_minflt - a.ru_minflt,
	       b.ru_majflt - a.ru_majflt);
	free(before);
	free(after);
	close(fd);
}

int
main(int argc, char **argv)
{
	size_t base, first, pages;
	int fd, prot = PROT_READ;
	const char *how;
	char *at;

	if (argc < 7 || (fd = open(argv[1], O_RDWR | O_CLOEXEC)) < 0) {
		fprintf(stderr, "usage: faultaround FILE BASE FIRST PAGES HOW "
				"TOUCH...\n");
		return 2;
	}
	base = strtoul(argv[2], NULL, 0) % 512;
	first = strtoul(argv[3], NULL, 0);
	pages = strtoul(argv[4], NULL, 0);
	how = argv[5];
	if (how[1] == 'w' || how[1] == 'W')
		prot |= PROT_WRITE;
	if (how[1] == 'x')
		prot |= PROT_EXEC;
	at = mmap((char *)REGION + base * PAGE, pages * PAGE, prot,
		  MAP_FIXED_NOREPLACE |
		      (how[0] == 's' ? MAP_SHARED : MAP_PRIVATE),
		  fd, (off_t)(first * PAGE));
	if (at == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (int i = 6; i < argc; i++) {
		char *end;
		size_t page = strtoul(argv[i], &end, 0);

		one_touch(at, pages, first, *end ? *end : how[1], page);
	}
	return 0;
}
