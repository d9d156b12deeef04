/* layers.c - see layers.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/layers.h"

#include "base/opt.h"
#include "sim/conf.h"
#include "sim/recorded.h"

bool
layers_load(struct conf *c, const struct trace_reader *recorded,
	    const struct opt_list *files, const struct opt_list *sets,
	    struct err *e)
{
	if (!files->n && !conf_load(c, CONF_DEFAULT_PRESET, e))
		return false;
	if (recorded)
		recorded_lay(c, recorded);
	for (unsigned i = 0; i < files->n; i++)
		if (!conf_load(c, files->items[i], e))
			return false;
	for (unsigned i = 0; i < sets->n; i++)
		if (!conf_set(c, sets->items[i], "--set", e))
			return false;
	return true;
}
