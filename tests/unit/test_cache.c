/* test_cache.c - caches and paths of them against slow lists of lines under
 * random loads; the shapes that are refused.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "hw/cache.h"

#include "../tap.h"

#define STEPS 150000

/* A set is a list of lines; LRU and FIFO need nothing else. */
struct model {
	uint64_t bytes;
	uint32_t line_bytes, ways, sets;
	bool lru;
	uint64_t *lines; /* [set][place], most recent first; 0: none */
};

static void
model_init(struct model *m, const struct cache_config *cfg)
{
	m->line_bytes = cfg->line_bytes;
	m->ways = cfg->ways;
	m->sets = (uint32_t)(cfg->bytes / cfg->line_bytes / cfg->ways);
	m->lru = !strcmp(cfg->repl->name, "lru");
	m->lines = xcalloc((size_t)m->sets * m->ways, sizeof(*m->lines));
}

static bool
model_access(struct model *m, uint64_t addr)
{
	uint64_t line = addr / m->line_bytes + 1; /* never 0 */
	uint64_t *l = m->lines + (line - 1) % m->sets * m->ways;
	unsigned i = 0;
	bool hit;

	while (i < m->ways && l[i] != line)
		i++;
	hit = i < m->ways;
	if (hit && !m->lru)
		return true;
	if (!hit)
		i = m->ways - 1;
	for (; i > 0; i--)
		l[i] = l[i - 1];
	l[0] = line;
	return hit;
}

static struct cache_config
config(uint64_t bytes, uint32_t ways, uint32_t line, const char *repl)
{
	return (struct cache_config){.name = "c",
				     .level = 1,
				     .bytes = bytes,
				     .ways = ways,
				     .line_bytes = line,
				     .repl = repl_find(repl)};
}

static uint64_t
any_address(struct rng *rng, uint64_t bytes, uint64_t *recent)
{
	uint64_t *r = &recent[rng_below(rng, 64)];

	if (!rng_below(rng, 3))
		*r = rng_below(rng, 3 * bytes);
	return *r + rng_below(rng, 64);
}

static void
test_agrees(const struct cache_config *cfg)
{
	uint64_t recent[64] = {0};
	struct model m;
	struct cache c;
	struct rng rng;
	unsigned wrong = 0, hits = 0;

	rng_seed(&rng, cfg->bytes);
	if (!cache_init(&c, cfg, NULL))
		BUG("refused");
	model_init(&m, cfg);
	for (unsigned i = 0; i < STEPS; i++) {
		uint64_t addr = any_address(&rng, cfg->bytes, recent);
		bool hit = cache_access(&c, (paddr){addr});

		wrong += hit != model_access(&m, addr);
		hits += hit;
	}
	ok(!wrong && hits && hits < STEPS,
	   "%s of %llu bytes, %u ways, lines of %u: %u hits of %u",
	   cfg->repl->name, (unsigned long long)cfg->bytes, cfg->ways,
	   cfg->line_bytes, hits, STEPS);
	free(m.lines);
	cache_free(&c);
}

static void
test_random_loads(void)
{
	static const char *const policies[] = {"lru", "fifo"};

	for (unsigned i = 0; i < 2; i++) {
		struct cache_config shapes[] = {
		    config(32 << 10, 8, 64, policies[i]),
		    config(48 << 10, 12, 64, policies[i]),
		    config(1441792, 11, 64, policies[i]),   /* 2048 sets */
		    config(9 * 3 * 64, 3, 64, policies[i]), /* 9 sets */
		    config(4096, 64, 64, policies[i]),
		    config(8192, 1, 128, policies[i]),
		    config(64, 1, 64, policies[i]),
		};

		for (size_t j = 0; j < sizeof(shapes) / sizeof(*shapes); j++)
			test_agrees(&shapes[j]);
	}
}

/* Where a load is found: each cache it was missing from has it afterwards. */
static void
test_path(void)
{
	struct cache_config cfg[3] = {config(1024, 2, 64, "lru"),
				      config(4096, 4, 64, "lru"),
				      config(32768, 8, 64, "lru")};
	struct cache_path path = {.n = 3, .index = {1, 4, 6}, .memory = 7};
	unsigned wrong = 0, seen[8] = {0};
	uint64_t recent[64] = {0};
	struct model m[3];
	struct cache c[3];
	struct rng rng;

	rng_seed(&rng, 1);
	for (unsigned i = 0; i < 3; i++) {
		cache_init(&c[i], &cfg[i], NULL);
		model_init(&m[i], &cfg[i]);
		path.cache[i] = &c[i];
	}
	for (unsigned n = 0; n < STEPS; n++) {
		uint64_t addr = any_address(&rng, 32768, recent);
		unsigned got = cache_path_load(&path, (paddr){addr}), i = 0;

		while (i < 3 && !model_access(&m[i], addr))
			i++;
		wrong += got != (i < 3 ? path.index[i] : path.memory);
		seen[got]++;
	}
	ok(!wrong, "a path of three caches finds each load where it is");
	ok(seen[1] && seen[4] && seen[6] && seen[7],
	   "in all of them and in memory: %u %u %u %u", seen[1], seen[4],
	   seen[6], seen[7]);
	for (unsigned i = 0; i < 3; i++) {
		cache_free(&c[i]);
		free(m[i].lines);
	}
	path.n = 0;
	is_u64(cache_path_load(&path, (paddr){0}), 7, "no caches: memory");
}

static void
refused(struct cache_config cfg, const char *want)
{
	struct err e = {0};
	struct cache c;

	if (ok(!cache_init(&c, &cfg, &e), "refused: %s", want))
		is_str(e.text, want, "says so");
}

int
main(void)
{
	test_random_loads();
	test_path();
	refused(config(32768, 8, 48, "lru"),
		"cache c: lines of 48 bytes: expected a power of two");
	refused(config(32768, 8, 0, "lru"),
		"cache c: lines of 0 bytes: expected a power of two");
	refused(config(32767, 8, 64, "lru"),
		"cache c: 32767 bytes: expected a multiple of its lines of 64");
	refused(config(32768, 7, 64, "lru"),
		"cache c: 512 entries in 7 ways: expected a whole number of "
		"sets");
	refused(config(0, 1, 64, "lru"),
		"cache c: 0 entries: expected 1 to 67108864");
	return done_testing();
}
