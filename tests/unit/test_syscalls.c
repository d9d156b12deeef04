/*
 * test_syscalls.c - the table of system calls and its ranges.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <sys/syscall.h>

#include "tests/tap.h"
#include "trace/syscalls.h"

static void
test_table(void)
{
	const struct syscall_row *row;
	unsigned last = 0;
	bool sorted = true, valid = true, found = true;

	for (size_t i = 0; (row = syscall_row(i)); i++) {
		if (i && row->nr <= last) {
			sorted = false;
			printf("# %s is out of order\n", row->name);
		}
		if (!syscall_row_valid(row)) {
			valid = false;
			printf("# %s: '%s'\n", row->name, row->memory);
		}
		found &= syscall_find(row->nr) == row;
		last = row->nr;
	}
	ok(sorted, "the table is sorted by number");
	ok(valid, "every row can be read");
	ok(found, "every row is found by its number");
	ok(!syscall_find(9999), "an unknown number is not found");
}

static void
test_bad_rows(void)
{
	static const char *const bad[] = {
	    "R",    "R9:1",  "R0",      "R0:",    "R0:q",
	    "Z0:1", "R0:a9", "?0=R1:1", "R0:1/0", "R0:1*"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct syscall_row row = {.memory = bad[i]};

		ok(!syscall_row_valid(&row), "'%s' is refused", bad[i]);
	}
}

/* "R1000+8 W2000+4" */
static void
check(uint32_t nr, struct syscall_use use, const char *want)
{
	struct user_ranges r = {0};
	char got[512] = "";
	size_t n = 0;

	syscall_ranges(syscall_find(nr), &use, &r);
	for (size_t i = 0; i < r.n; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n,
				      "%s%c%" PRIx64 "+%" PRIu64, i ? " " : "",
				      "RW"[r.items[i].write], r.items[i].addr,
				      r.items[i].len);
	is_str(got, want, "%s(...) = %" PRId64, syscall_find(nr)->name,
	       use.ret);
	free(r.items);
}

#define USE(...) \
	((struct syscall_use){.strings = {-1, -1, -1, -1, -1, -1}, __VA_ARGS__})

static void
test_ranges(void)
{
	static const struct user_range v[] = {
	    {0x5000, 3, true}, {0x6000, 5, true}, {0x7000, 9, true}};
	struct syscall_use open = USE(.args = {~0ull, 0x1000}, .ret = 3);

	check(SYS_read, USE(.args = {3, 0x1000, 100}, .ret = 7), "W1000+7");
	check(SYS_read, USE(.args = {3, 0x1000, 100}, .ret = 0), "");
	check(SYS_read, USE(.args = {3, 0x1000, 100}, .ret = -14), "");
	check(SYS_write, USE(.args = {3, 0x1000, 100}, .ret = 100),
	      "R1000+100");
	check(SYS_openat, open, "R1000+1");
	open.strings[1] = 9;
	check(SYS_openat, open, "R1000+10");
	open.ret = -2;
	check(SYS_openat, open, "R1000+10");
	open.args[0] = 0x1000;
	open.args[1] = 0x2000;
	open.strings[0] = 4;
	open.ret = 0;
	check(SYS_stat, open, "R1000+5 W2000+144");
	check(SYS_wait4, USE(.args = {1, 0, 0, 0x2000}, .ret = 1), "W2000+144");
	check(SYS_poll, USE(.args = {0x1000, 3, 0}, .ret = 1),
	      "R1000+24 W1000+24");
	check(SYS_epoll_wait, USE(.args = {3, 0x1000, 64, 0}, .ret = 2),
	      "W1000+24");
	check(SYS_select, USE(.args = {9, 0x1000, 0, 0, 0}, .ret = 1),
	      "R1000+2 W1000+2");
	check(SYS_mincore, USE(.args = {0x9000, 8193, 0x1000}), "W1000+3");
	check(SYS_ioctl, USE(.args = {1, 0x5413, 0x1000}), "W1000+8");
	check(SYS_ioctl, USE(.args = {1, 0x9999, 0x1000}), "");
	check(
	    SYS_readv,
	    USE(.args = {3, 0x1000, 3}, .ret = 6, .vectors = v, .n_vectors = 3),
	    "R1000+48 W5000+3 W6000+3");
	check(SYS_recvmsg,
	      USE(.args = {3, 0x1000}, .ret = 1, .vectors = v, .n_vectors = 2),
	      "R1000+56 W5000+3 W6000+5 W1000+56");
	check(SYS_write, USE(.args = {1, UINT64_MAX - 2, 100}, .ret = 100), "");
}

static void
test_joining(void)
{
	struct user_ranges r = {0};

	ranges_add(&r, 0x1000, 8, false);
	ranges_add(&r, 0x1008, 8, false);
	ranges_add(&r, 0x1010, 8, true);
	ranges_add(&r, 0, 8, true);
	ranges_add(&r, 0x2000, 0, true);
	is_u64(r.n, 2, "ranges that continue are one");
	is_u64(r.items[0].len, 16, "of the length of both");
	free(r.items);
}

int
main(void)
{
	test_table();
	test_bad_rows();
	test_ranges();
	test_joining();
	return done_testing();
}
