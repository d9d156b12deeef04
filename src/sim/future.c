/* future.c - see future.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/future.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "os/os.h"
#include "sim/replay.h"

void
future_add(struct map *m, uint64_t key, uint64_t insn)
{
	struct os_future *u = map_get_ptr(m, key);

	if (!u) {
		u = xcalloc(1, sizeof(*u));
		map_put_ptr(m, key, u);
	}
	u->at = xgrow(u->at, u->n, &u->cap, sizeof(*u->at));
	u->at[u->n++] = insn;
}

bool
future_find(struct trace_reader *const *traces, unsigned n_traces,
	    const struct os_config *os, const struct replay_options *opt,
	    struct map *out, struct err *e)
{
	struct os_config ample = *os;
	struct replay_options quiet = {.skip = opt->skip,
				       .warmup = opt->warmup,
				       .limit = opt->limit,
				       .roi = opt->roi,
				       .slice = opt->slice,
				       .modify_is_write = opt->modify_is_write,
				       .record = out};
	struct replay *r;
	bool good;

	ample.frames = UINT32_MAX;
	r = replay_new(traces, n_traces, &ample, NULL, 0, &quiet, e);
	if (!r)
		return false;
	good = replay_run(r, e);
	replay_free(r);
	return good;
}

void
future_free(struct map *m)
{
	struct map_slot s;

	for (size_t i = 0; map_next(m, &i, &s);) {
		struct os_future *u = (struct os_future *)(uintptr_t)s.value;

		free(u->at);
		free(u);
	}
	map_free(m);
}
