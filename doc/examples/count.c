/*
 * count.c - which system calls a trace has, and what it costs on two machines.
 *
 *   cc count.c $(pkg-config --cflags --libs libpagewalk) -o count
 *   ./count TRACE.pwt
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>

#include <libpagewalk.h>

static int
fail(const struct pagewalk_error *e)
{
	fprintf(stderr, "count: %s\n", e->text);
	return 1;
}

static int
read_it(const char *path, struct pagewalk_error *e)
{
	uint64_t items[PAGEWALK_EVENT + 1] = {0};
	pagewalk_trace *t = pagewalk_open(path, e);
	struct pagewalk_item item;
	int got = -1;

	if (!t)
		return -1;
	while ((got = pagewalk_next(t, &item, e)) > 0)
		items[item.kind]++;
	printf("fetches %" PRIu64 "\nloads %" PRIu64 "\nstores %" PRIu64
	       "\nmodifies %" PRIu64 "\nsystem calls %" PRIu64 "\n",
	       items[PAGEWALK_FETCH], items[PAGEWALK_LOAD],
	       items[PAGEWALK_STORE], items[PAGEWALK_MODIFY],
	       items[PAGEWALK_SYSCALL]);
	pagewalk_close(t);
	return got;
}

static int
price(const char *path, const char *machine, struct pagewalk_error *e)
{
	pagewalk_machine *m = pagewalk_machine_new(machine, NULL, 0, e);
	uint64_t walks = 0, cycles = 0;
	int good = m && pagewalk_replay(m, path, e) &&
		   pagewalk_counter(m, "walks", &walks, e) &&
		   pagewalk_counter(m, "walk_cycles", &cycles, e);

	if (good)
		printf("%s: %" PRIu64 " walks, %" PRIu64 " cycles\n", machine,
		       walks, cycles);
	pagewalk_machine_free(m);
	return good;
}

int
main(int argc, char **argv)
{
	struct pagewalk_error e = {""};

	if (argc != 2) {
		fputs("usage: count TRACE.pwt\n", stderr);
		return 2;
	}
	if (read_it(argv[1], &e) < 0 || !price(argv[1], "intel-skylake", &e) ||
	    !price(argv[1], "amd-zen3", &e))
		return fail(&e);
	return 0;
}
