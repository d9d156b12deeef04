/*
 * feed.c - a program that never ran: a matrix added up by rows, or by columns,
 * in small pages or in huge ones.
 *
 *   cc feed.c $(pkg-config --cflags --libs libpagewalk) -o feed
 *   ./feed rows; ./feed columns; ./feed columns huge
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <libpagewalk.h>

#define SIZE   1024u /* rows, and columns, of 8 bytes */
#define MATRIX UINT64_C(0x10000000)
#define CODE   UINT64_C(0x401000)

/* As the program would have called mmap and madvise. */
static bool
map_matrix(pagewalk_machine *m, bool huge, struct pagewalk_error *e)
{
	const uint64_t bytes = (uint64_t)SIZE * SIZE * 8;
	const uint64_t map[6] = {MATRIX,
				 bytes,
				 PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				 UINT64_MAX,
				 0};
	const uint64_t advise[6] = {MATRIX, bytes, MADV_HUGEPAGE};

	return pagewalk_syscall(m, SYS_mmap, map, (int64_t)MATRIX, e) &&
	       (!huge || pagewalk_syscall(m, SYS_madvise, advise, 0, e));
}

static bool
add_up(pagewalk_machine *m, bool columns, struct pagewalk_error *e)
{
	for (uint64_t i = 0; i < SIZE; i++)
		for (uint64_t j = 0; j < SIZE; j++) {
			uint64_t at = columns ? j * SIZE + i : i * SIZE + j;

			if (!pagewalk_reference(m, PAGEWALK_FETCH, CODE, 4,
						e) ||
			    !pagewalk_reference(m, PAGEWALK_STORE,
						MATRIX + 8 * at, 8, e))
				return false;
		}
	return true;
}

int
main(int argc, char **argv)
{
	bool columns = argc > 1 && !strcmp(argv[1], "columns");
	bool huge = argc > 2 && !strcmp(argv[2], "huge");
	struct pagewalk_error e = {""};
	const char *const settings[] = {"os.thp=madvise"};
	pagewalk_machine *m =
	    pagewalk_machine_new("intel-skylake", settings, 1, &e);
	uint64_t walks = 0, faults = 0;
	bool good = m && map_matrix(m, huge, &e) && add_up(m, columns, &e) &&
		    pagewalk_counter(m, "walks_completed", &walks, &e) &&
		    pagewalk_counter(m, "minor", &faults, &e);

	if (good)
		printf("%" PRIu64 " walks, %" PRIu64 " faults\n", walks,
		       faults);
	else
		fprintf(stderr, "feed: %s\n", e.text);
	pagewalk_machine_free(m);
	return !good;
}
