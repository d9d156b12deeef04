/* test_resident.c - resident sets by smaps against the model's.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "os_kit.h"
#include "report/resident.h"

#define AT (KIT_BASE + 0x100000)

static char path[] = "/tmp/test_resident.XXXXXX";

static void
write_smaps(const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(99);
}

static void
test_compare(void)
{
	struct os_config cfg = kit_config();
	struct resident r = {0};
	struct err e = {0};
	struct kit k;

	write_smaps("pid 99\n"
		    "7f0000100000-7f0000110000 rw-p 0 00:00 0\n"
		    "Rss:                 900 kB\n"
		    "pid 100\n"
		    "7f0000100000-7f0000108000 rw-p 00000000 00:00 0 \n"
		    "Size:                 32 kB\n"
		    "Rss:                  20 kB\n"
		    "Pss:                  99 kB\n"
		    "7f0000108000-7f0000110000 rw-p 00000000 00:00 0 \n"
		    "Rss:                   8 kB\n"
		    "7f0000900000-7f0000910000 rw-p 00000000 00:00 0 \n"
		    "Rss:                  64 kB\n");
	ok(resident_read(&r, path, &e), "a file of smaps");
	is_u64(r.n_ranges, 4, "four mappings");
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 16);
	kit_run(&k, AT, 5, ACC_WRITE);
	kit_run(&k, AT + 8 * PG, 3, ACC_WRITE);
	kit_run(&k, AT + 12 * PG, 2, ACC_READ); /* the zero page */
	resident_compare(&r, k.os, 100);
	resident_compare(&r, k.os, 101);
	is_u64(r.n_rows, 2, "two lie in mappings of the process");
	ok(r.rows[0].kernel == 5 && r.rows[0].replay == 5, "the first agrees");
	ok(r.rows[1].kernel == 2 && r.rows[1].replay == 3,
	   "the second does not; the zero page does not count");
	is_str(r.rows[1].mapping, "[anon] rw-p", "it is named");
	ok(r.kernel == 7 && r.replay == 8, "sums");
	resident_free(&r);
	kit_end(&k);
}

static void
test_read(void)
{
	struct resident r = {0};
	struct err e = {0};

	unlink(path);
	ok(resident_read(&r, path, &e) && !r.n_ranges,
	   "no file: nothing to compare");
	ok(!resident_read(&r, "/", &e), "a directory: %s", e.text);
	resident_free(&r);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 99;
	close(fd);
	test_compare();
	test_read();
	return done_testing();
}
