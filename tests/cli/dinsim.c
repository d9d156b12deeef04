/*
 * dinsim.c - dinsim SETS WAYS LINE prints the misses of two LRU caches, one for
 * instructions, one for data, of an extended Dinero trace on standard input: by
 * address as it is, a reference over the edge of a line being one to each.  The
 * simplest that can be written; nothing of pagewalk's is in it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cache {
	uint64_t *way; /* sets * ways, latest first; UINT64_MAX: nothing */
	uint64_t misses;
};

static unsigned long sets, ways, line;

static struct cache
cache_new(void)
{
	struct cache c = {malloc(sets * ways * sizeof(uint64_t)), 0};

	memset(c.way, 0xff, sets * ways * sizeof(uint64_t));
	return c;
}

static void
touch(struct cache *c, uint64_t number)
{
	uint64_t *set = &c->way[number % sets * ways];
	size_t i = 0;

	while (i < ways && set[i] != number)
		i++;
	if (i == ways) {
		c->misses++;
		i--;
	}
	memmove(set + 1, set, i * sizeof(*set));
	set[0] = number;
}

int
main(int argc, char **argv)
{
	struct cache insn, data;
	uint64_t at, bytes;
	char kind;

	if (argc != 4)
		return 2;
	sets = strtoul(argv[1], NULL, 10);
	ways = strtoul(argv[2], NULL, 10);
	line = strtoul(argv[3], NULL, 10);
	insn = cache_new();
	data = cache_new();
	while (scanf(" %c %" SCNx64 " %" SCNx64, &kind, &at, &bytes) == 3)
		for (uint64_t n = at / line; n <= (at + bytes - 1) / line; n++)
			touch(kind == 'i' ? &insn : &data, n);
	printf("%" PRIu64 " %" PRIu64 "\n", insn.misses, data.misses);
	free(insn.way);
	free(data.way);
	return 0;
}
