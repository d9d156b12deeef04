/*
 * folios.c - print how a file's cached pages are grouped into folios.
 *
 * folios [-w] [-k] FILE...: for each, "# FILE pages N cached M", then a line
 * for each run of alike folios, five words: FIRST LAST ORDER COUNT FLAGS.
 * Pages FIRST to LAST of the file are COUNT folios of 2^ORDER pages.  FLAGS: R
 * is the readahead mark (fault-around skips such a folio), D dirty, W under
 * writeback, - none.  Pages not listed are not cached.  Needs root, for
 * /proc/kpageflags.
 *
 * It looks without changing what it looks at: only resident pages (mincore) are
 * touched, and MADV_RANDOM keeps the touch from triggering readahead and from
 * counting as a use when the mapping goes.
 *
 * -w warms each file first, the way a program that maps it does.  -k keeps the
 * files mapped until standard input ends: their pages then stay cached as they
 * are (reclaim that spares mapped pages, like some DAMON schemes, passes by).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kernel-page-flags.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE             4096u
#define PM_PFN           ((UINT64_C(1) << 55) - 1)
#define PM_PRESENT       (UINT64_C(1) << 63)
#define FLAG(flags, bit) ((flags) >> (bit)&1)

struct run {
	uint64_t first, last, order, count;
	char mark[4];
};

static int pagemap, kpageflags;

static uint64_t
word(int fd, uint64_t index)
{
	uint64_t w = 0;

	if (pread(fd, &w, sizeof(w), (off_t)(index * 8)) != sizeof(w))
		return 0;
	return w;
}

/* Pages of the folio whose head has this frame number. */
static uint64_t
folio_pages(uint64_t head)
{
	uint64_t n = 1;

	if (!FLAG(word(kpageflags, head), KPF_COMPOUND_HEAD))
		return 1;
	while (FLAG(word(kpageflags, head + n), KPF_COMPOUND_TAIL))
		n++;
	return n;
}

static void
marks(uint64_t flags, char out[static 4])
{
	unsigned n = 0;

	if (FLAG(flags, KPF_RECLAIM) && !FLAG(flags, KPF_WRITEBACK))
		out[n++] = 'R';
	if (FLAG(flags, KPF_DIRTY))
		out[n++] = 'D';
	if (FLAG(flags, KPF_WRITEBACK))
		out[n++] = 'W';
	if (!n)
		out[n++] = '-';
	out[n] = '\0';
}

static void
print_run(const struct run *r)
{
	if (r->count)
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
		       r->first, r->last, r->order, r->count, r->mark);
}

/* Frame number of a resident page of our mapping, mapping it if need be. */
static uint64_t
frame_of(const volatile char *base, uint64_t page)
{
	uint64_t at = (uint64_t)(uintptr_t)base / PAGE + page;
	uint64_t pm = word(pagemap, at);

	if (!(pm & PM_PRESENT)) {
		(void)base[page * PAGE];
		pm = word(pagemap, at);
	}
	return pm & PM_PRESENT ? pm & PM_PFN : 0;
}

static void
print_folios(const char *base, const unsigned char *resident, uint64_t pages)
{
	struct run run = {0};
	uint64_t n;

	for (uint64_t page = 0; page < pages; page += n) {
		uint64_t pfn, order = 0;
		char mark[4];

		n = 1;
		if (!(resident[page] & 1) || !(pfn = frame_of(base, page)))
			continue;
		n = folio_pages(pfn);
		while (UINT64_C(1) << order < n)
			order++;
		marks(word(kpageflags, pfn), mark);
		if (run.count && run.last + 1 == page && run.order == order &&
		    run.mark[0] == mark[0] && run.mark[1] == mark[1]) {
			run.count++;
		} else {
			print_run(&run);
			run = (struct run){page, 0, order, 1, {0}};
			for (unsigned i = 0; i < sizeof(mark); i++)
				run.mark[i] = mark[i];
		}
		run.last = page + n - 1;
	}
	print_run(&run);
}

/* Read every page through a mapping: read-around, as for a program. */
static void
warm(int fd, uint64_t pages)
{
	volatile char *m =
	    mmap(NULL, pages * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (m == MAP_FAILED)
		return;
	for (uint64_t i = 0; i < pages; i++)
		(void)m[i * PAGE];
	munmap((char *)(uintptr_t)m, pages * PAGE);
}

static bool
show(const char *path, int fd, uint64_t pages, bool keep)
{
	unsigned char *resident = calloc(pages + 1, 1);
	uint64_t cached = 0;
	char *base;

	base = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (!resident || base == MAP_FAILED ||
	    madvise(base, pages * PAGE, MADV_RANDOM) ||
	    mincore(base, pages * PAGE, resident))
		return false;
	for (uint64_t i = 0; i < pages; i++)
		cached += resident[i] & 1;
	printf("# %s pages %" PRIu64 " cached %" PRIu64 "\n", path, pages,
	       cached);
	print_folios(base, resident, pages);
	if (!keep)
		munmap(base, pages * PAGE);
	free(resident);
	return true;
}

static bool
folios_of(const char *path, bool warm_first, bool keep)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t pages = 0;
	bool good = false;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
		pages = ((uint64_t)st.st_size + PAGE - 1) / PAGE;
		if (warm_first && pages)
			warm(fd, pages);
		good = !pages || show(path, fd, pages, keep);
	}
	if (!good)
		perror(path);
	if (fd >= 0)
		close(fd);
	return good;
}

int
main(int argc, char **argv)
{
	bool good = true, warm_first = false, keep = false;
	int opt;

	while ((opt = getopt(argc, argv, "wk")) != -1) {
		warm_first |= opt == 'w';
		keep |= opt == 'k';
		good &= opt != '?';
	}
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (!good || optind == argc || pagemap < 0 || kpageflags < 0) {
		fprintf(stderr, "usage: folios [-w] [-k] FILE... (as root)\n");
		return 2;
	}
	for (int i = optind; i < argc; i++)
		good &= folios_of(argv[i], warm_first, keep);
	fflush(stdout);
	while (keep && getchar() != EOF)
		;
	return !good;
}
