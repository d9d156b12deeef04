/*
 * test_os_cache.c - folios of the page cache: as recorded, as a fault maps
 * them on Linux 6.18, and as reads and writes make them.
 *
 * The table is the one of doc/validation.md, which Linux 6.18.44 gave
 * (tests/programs/faultaround.c); so are the folios of reads and writes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "os_kit.h"

#define B     KIT_BASE
#define PAGES 1024u /* of the file */
#define RW    (PROT_READ | PROT_WRITE)

struct row {
	unsigned order, place, first, pages;
	const char *how; /* p(rivate), s(hared); r(ead), x, W(rite) */
	unsigned touch[3];
	const char *mapped; /* pages of the file, in the end */
};

static const struct row rows[] = {
    {0, 0, 0, 1024, "pr", {100}, "96-111"},
    {0, 0, 0, 1024, "px", {100}, "96-111"},
    {2, 0, 0, 1024, "pr", {100}, "96-111"},
    {6, 0, 0, 1024, "sr", {100}, "64-127"},
    {8, 0, 0, 1024, "px", {300}, "256-511"},
    {9, 0, 0, 1024, "sW", {100}, "0-511"},
    {4, 5, 0, 1024, "pr", {100}, "80-111"},
    {6, 5, 0, 1024, "pr", {60}, "0-127"},
    {2, 5, 0, 1024, "pr", {100}, "88-107"},
    {8, 260, 260, 700, "pr", {300}, "288-303"},
    {6, 260, 260, 700, "sr", {270}, "260-275"},
    {8, 10, 300, 100, "pr", {350}, "338-353"},
    {8, 400, 0, 1024, "pr", {100}, "96-111"},
    {8, 400, 0, 1024, "pr", {300}, "256-511"},
    {6, 0, 0, 1024, "pr", {600, 1023}, "576-639 1008-1023"},
    {6, 0, 0, 1024, "pr", {1023}, "960-1023"},
    {6, 5, 0, 1024, "pr", {1015}, "1015-1015"},
    {6, 261, 0, 1024, "pr", {957}, "896-970"},
    {6, 0, 0, 1024, "sW", {300, 301}, "256-319"},
    {6, 0, 0, 1024, "sW", {1023}, "960-1023"},
    {6, 260, 260, 700, "sW", {300, 270}, "270-270 300-300"},
    {6, 0, 0, 1024, "pW", {300, 301}, "300-301"},
};

static struct os_config
config_618(void)
{
	struct os_config cfg = kit_config();

	cfg.kernel = 618;
	cfg.folio_max = 9;
	cfg.page_cache = CACHE_RECORDED;
	return cfg;
}

static void
record(struct kit *k, uint32_t file, const struct cache_run *runs, uint32_t n)
{
	struct event ev = {.kind = EV_CACHE, .cache = {file, n, runs}};

	if (!kit_event(k, &ev))
		abort();
}

static bool
is_mapped(struct kit *k, uint64_t addr)
{
	struct task *t = os_task(k->os, k->pid, k->pid);
	struct mapping m;

	return os_resolve(k->os, t, va(addr), ACC_READ, &m) == RES_OK;
}

/* "96-111 300-301": which of the mapping's pages have an entry. */
static void
describe(struct kit *k, uint64_t at, unsigned first, unsigned pages, char *out,
	 size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < pages; i++) {
		unsigned from = i;

		while (i < pages && is_mapped(k, at + i * PG))
			i++;
		if (i > from && used < size)
			used += (size_t)snprintf(out + used, size - used,
						 "%s%u-%u", used ? " " : "",
						 first + from, first + i - 1);
	}
}

static void
test_row(const struct row *r)
{
	const struct cache_run run = {0, PAGES, (uint8_t)r->order, 0};
	struct os_config cfg = config_618();
	uint64_t at = B + r->place * PG;
	bool write = r->how[1] == 'W';
	char got[256];
	struct kit k;
	uint32_t f;

	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, PAGES * PG);
	record(&k, f, &run, 1);
	kit_mmap(&k, at, r->pages,
		 write              ? RW
		 : r->how[1] == 'x' ? PROT_READ | PROT_EXEC
				    : PROT_READ,
		 r->how[0] == 's' ? MAP_SHARED : MAP_PRIVATE, f, r->first);
	for (int i = 0; i < 3 && r->touch[i]; i++)
		kit_touch(&k, at + (r->touch[i] - r->first) * PG,
			  write              ? ACC_WRITE
			  : r->how[1] == 'x' ? ACC_EXEC
					     : ACC_READ);
	describe(&k, at, r->first, r->pages, got, sizeof(got));
	is_str(got, r->mapped, "order %u, place %u, %u+%u, %s, touch %u %u",
	       r->order, r->place, r->first, r->pages, r->how, r->touch[0],
	       r->touch[1]);
	os_shutdown(k.os);
	os_free(k.os);
}

/* A group mapped read-only by a read: each first write faults. */
static void
test_read_then_write(void)
{
	const struct cache_run run = {0, PAGES, 6, 0};
	struct os_config cfg = config_618();
	char got[256];
	struct kit k;
	uint32_t f;

	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, PAGES * PG);
	record(&k, f, &run, 1);
	kit_mmap(&k, B, PAGES, RW, MAP_SHARED, f, 0);
	kit_touch(&k, B + 300 * PG, ACC_READ);
	is_u64(kit_run(&k, B + 301 * PG, 3, ACC_WRITE), 3,
	       "writes to a group mapped by a read fault one by one");
	kit_touch(&k, B + 600 * PG, ACC_READ);
	kit_touch(&k, B + 1023 * PG, ACC_READ);
	kit_touch(&k, B + 970 * PG, ACC_WRITE);
	describe(&k, B, 0, PAGES, got, sizeof(got));
	is_str(got, "256-319 576-639 970-970 1008-1023",
	       "of a group in part mapped a write maps one page");
	kit_end(&k);
}

/* Holes, marks, single pages; a second look; holes punched since. */
static void
test_recorded(void)
{
	static const struct cache_run runs[] = {
	    {0, 4, 0, 0}, {5, 1, 0, CACHE_MARKER}, {6, 2, 0, 0}, {8, 8, 3, 0}};
	static const struct cache_run later = {32, 32, 5, 0};
	struct os_config cfg = config_618();
	char got[256];
	struct kit k;
	uint32_t f;

	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 64 * PG);
	record(&k, f, runs, 4);
	kit_mmap(&k, B, 64, PROT_READ, MAP_SHARED, f, 0);
	kit_touch(&k, B, ACC_READ);
	describe(&k, B, 0, 64, got, sizeof(got));
	is_str(got, "0-3 6-15", "neither holes nor marked folios are mapped");
	is_u64(kit_counts(&k).major, 0, "nothing was read");
	kit_touch(&k, B + 40 * PG, ACC_READ);
	is_u64(kit_counts(&k).major, 1, "what was not cached is");
	kit_call(&k, SYS_munmap, 0, B, 64 * PG, 0, 0, 0, 0);
	record(&k, f, &later, 1);
	kit_call(&k, SYS_fallocate, 0, f, 3, 40 * PG, PG, f, 0);
	kit_mmap(&k, B, 64, PROT_READ, MAP_SHARED, f, 0);
	kit_touch(&k, B + 33 * PG, ACC_READ);
	describe(&k, B, 0, 64, got, sizeof(got));
	is_str(got, "32-39 41-47", "a later look counts, and a hole since");
	kit_end(&k);
}

/* The order of each folio that [0, pages) of a cached file has, by mapping it
 * and touching it page by page at a place where windows do not help. */
static void
orders(struct kit *k, uint32_t f, unsigned pages, char *out, size_t size)
{
	size_t used = 0;
	unsigned n;

	kit_mmap(k, B, pages + 1, PROT_READ, MAP_SHARED, f, 0);
	out[0] = '\0';
	for (unsigned i = 0; i < pages; i += n) {
		for (n = 0; i + n < pages && is_mapped(k, B + (i + n) * PG);)
			n++;
		if (!n) {
			kit_touch(k, B + i * PG, ACC_READ);
			while (i + n < pages && is_mapped(k, B + (i + n) * PG))
				n++;
		}
		if (!n)
			n = 1;
		used += (size_t)snprintf(out + used, size - used, "%s%u",
					 used ? " " : "", n);
	}
}

static void
write_file(struct kit *k, uint32_t f, uint64_t pos, uint64_t n)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = k->pid,
			   .tid = k->pid,
			   .sys = {.nr = SYS_pwrite64,
				   .ret = (int64_t)n,
				   .file = f,
				   .file_flags = 2,
				   .file_pos = pos}};

	if (!kit_event(k, &ev))
		abort();
}

static void
test_writes(void)
{
	static const struct {
		uint64_t size; /* of each write */
		const char *folios;
	} sizes[] = {
	    {4096, "1 1 1 1"}, {16384, "4 4 4 4"}, {65536, "16 16 16 16"}};
	struct os_config cfg = config_618();
	char got[256];

	cfg.fault_around_bytes = 4096;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned pages = (unsigned)(4 * sizes[i].size / PG);
		struct kit k;
		uint32_t f;

		kit_start(&k, &cfg);
		f = kit_file(&k, FILE_REGULAR, 0);
		for (unsigned j = 0; j < 4; j++)
			write_file(&k, f, j * sizes[i].size, sizes[i].size);
		orders(&k, f, pages, got, sizeof(got));
		is_str(got, sizes[i].folios, "4 writes of %llu bytes",
		       (unsigned long long)sizes[i].size);
		os_shutdown(k.os);
		os_free(k.os);
	}
}

/* Unaligned: as large as the place in the file lets them be. */
static void
test_odd_write(void)
{
	struct os_config cfg = config_618();
	char got[256];
	struct kit k;
	uint32_t f;

	cfg.fault_around_bytes = 4096;
	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 0);
	write_file(&k, f, 3 * PG, 12 * PG);
	orders(&k, f, 15, got, sizeof(got));
	/* 0 to 2 are a hole and take three reads; 3, then 4-7, 8-11, 12-13, 14
	 * by what is left of the write. */
	is_str(got, "1 1 1 1 4 4 2 1", "12 pages from page 3");
	kit_end(&k);
}

/* The pages of a file without any that a write through a mapping faults on,
 * when mmap has read its start: as Linux 6.18 was seen to do it on ext4 with
 * 8 MiB of readahead (doc/validation.md). */
static void
test_probe(void)
{
	static const uint64_t want[] = {0,  1,  2,  3,  4,  8,  12,  16, 20,
					24, 32, 48, 64, 80, 96, 128, 192};
	struct os_config cfg = kit_config();
	uint64_t at = KIT_BASE, n = 0;
	bool right = true;
	struct kit k;

	cfg.kernel = 618;
	cfg.page_cache = CACHE_COLD;
	cfg.folio_max = 9;
	cfg.readahead_bytes = 8 << 20;
	cfg.mmap_probes = true;
	kit_start(&k, &cfg);
	kit_mmap(&k, at, 256, PROT_READ | PROT_WRITE, MAP_SHARED,
		 kit_file(&k, FILE_REGULAR, 256 * PG), 0);
	for (uint64_t i = 0; i < 256; i++)
		if (kit_touch(&k, at + i * PG, ACC_WRITE))
			right = right && n < 17 && want[n++] == i;
	ok(right, "faults where Linux takes them");
	is_u64(n, 17, "... and no others");
	kit_mmap(&k, at, 256, PROT_WRITE, MAP_SHARED,
		 kit_file(&k, FILE_REGULAR, 256 * PG), 0);
	is_u64(kit_run(&k, at, 256, ACC_WRITE), 256,
	       "a mapping that cannot be read is not probed");
	kit_end(&k);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(&rows[i]);
	test_read_then_write();
	test_recorded();
	test_writes();
	test_odd_write();
	test_probe();
	return done_testing();
}
