/* layers.c - see layers.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/opt.h"
#include "base/xalloc.h"
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

char *
layers_short_name(const char *config)
{
	const char *slash = strrchr(config, '/');
	const char *base = slash ? slash + 1 : config;
	size_t n = strlen(base);

	if (n > 4 && !strcmp(base + n - 4, ".ini"))
		n -= 4;
	return xstrndup(base, n);
}

char *
layers_name(const struct opt_list *files)
{
	char *name = xstrdup(files->n ? "" : CONF_DEFAULT_PRESET);

	for (unsigned i = 0; i < files->n; i++) {
		char *part = layers_short_name(files->items[i]), *longer;

		longer = xasprintf("%s%s%s", name, *name ? "+" : "", part);
		free(name);
		free(part);
		name = longer;
	}
	return name;
}
