/* cache.c - see cache.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "hw/cache.h"

bool
cache_init(struct cache *c, const struct cache_config *cfg, struct err *e)
{
	char what[HW_NAME_MAX + 8];

	memset(c, 0, sizeof(*c));
	snprintf(what, sizeof(what), "cache %s", cfg->name);
	if (!is_pow2(cfg->line_bytes))
		return err_set(e, ERR_INPUT,
			       "%s: lines of %" PRIu32
			       " bytes: expected a power of two",
			       what, cfg->line_bytes);
	if (cfg->bytes % cfg->line_bytes)
		return err_set(e, ERR_INPUT,
			       "%s: %" PRIu64 " bytes: expected a multiple of "
			       "its lines of %" PRIu32,
			       what, cfg->bytes, cfg->line_bytes);
	c->line_shift = ilog2(cfg->line_bytes);
	if (!assoc_init(&c->a, what, cfg->bytes >> c->line_shift, cfg->ways,
			cfg->repl, e))
		return false;
	return true;
}

void
cache_free(struct cache *c)
{
	assoc_free(&c->a);
}

static inline bool
access_line(struct cache *c, paddr pa)
{
	uint64_t line = pa.raw >> c->line_shift, was;

	assoc_take(&c->a, assoc_modulo(&c->a, line), line, &was);
	return was == line;
}

bool
cache_access(struct cache *c, paddr pa)
{
	return access_line(c, pa);
}

unsigned
cache_path_load(const struct cache_path *p, paddr pa)
{
	for (unsigned i = 0; i < p->n; i++)
		if (access_line(p->cache[i], pa))
			return p->index[i];
	return p->memory;
}
