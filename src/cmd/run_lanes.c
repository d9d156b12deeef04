/* run_lanes.c - see run_lanes.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "cmd/layers.h"
#include "cmd/run_lanes.h"
#include "cmd/run_whatif.h"

static bool
load_main(struct run_lanes *l, const struct run_lanes_options *o, struct err *e)
{
	l->conf[0] = conf_new();
	l->name[0] = layers_name(&o->config);
	l->n = 1;
	return layers_load(l->conf[0], o->recorded, &o->config, &o->set, e);
}

/* The KEY=VALUE list after a lane's first comma; cuts it into words. */
static bool
set_lane_values(struct conf *c, char *list, struct err *e)
{
	char *save = NULL;

	for (char *word = strtok_r(list, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (conf_shared_key(word))
			return err_set(e, ERR_INPUT,
				       "--lane: %s: all lanes share the "
				       "kernel and the trace; use --set",
				       word);
		if (!conf_set(c, word, "--lane", e))
			return false;
	}
	return true;
}

/* "[NAME=]CONFIG[,KEY=VALUE...]" */
static bool
load_lane(struct run_lanes *l, const char *spec, struct err *e)
{
	unsigned i = l->n;
	char *words = xstrdup(spec), *config = words, *comma, *equals;
	bool good;

	comma = strchr(words, ',');
	if (comma)
		*comma++ = '\0';
	equals = strchr(words, '=');
	if (equals) {
		*equals = '\0';
		config = equals + 1;
	}
	l->conf[i] = *config ? conf_new() : conf_copy(l->conf[0]);
	l->name[i] = equals ? xstrdup(words) : layers_short_name(config);
	l->n++;
	good = (!*config || conf_load(l->conf[i], config, e)) &&
	       (!comma || set_lane_values(l->conf[i], comma, e));
	if (good)
		conf_share(l->conf[i], l->conf[0]);
	free(words);
	return good;
}

/* A lane without a name, or with one already there, gets a number. */
static void
name_lane(struct run_lanes *l, unsigned i)
{
	for (unsigned j = 0; j < i; j++)
		if (!*l->name[i] || !strcmp(l->name[i], l->name[j])) {
			char *other =
			    xasprintf("%s%s%u", l->name[i],
				      *l->name[i] ? "-" : "lane", i + 1);

			free(l->name[i]);
			l->name[i] = other;
			return;
		}
}

static bool
resolve_lane(struct run_lanes *l, unsigned i, struct err *e)
{
	struct conf_resolved *r = &l->resolved[i];

	if (!conf_resolve(l->conf[i], r, e))
		return false;
	snprintf(r->lane.name, sizeof r->lane.name, "%s", l->name[i]);
	if (r->lane.n_tlbs)
		return true;
	return err_set(e, ERR_INPUT,
		       "%s: no TLB in this configuration; lay it over a "
		       "machine's, such as -c " CONF_DEFAULT_PRESET,
		       l->name[i]);
}

static bool
add_what_if(struct run_lanes *l, const char *size, struct err *e)
{
	unsigned i = l->n, shift = whatif_shift(size, e);

	if (!shift)
		return false;
	if (i == RUN_MAX_LANES)
		return err_set(e, ERR_USAGE, "at most %d lanes", RUN_MAX_LANES);
	l->conf[i] = conf_copy(l->conf[0]);
	l->name[i] = xstrdup(size);
	l->what_if[i] = true;
	l->n++;
	name_lane(l, i);
	return whatif_apply(l->conf[i], &l->resolved[0], shift, e) &&
	       resolve_lane(l, i, e);
}

/* After the others: a lane for each size of --what-if. */
static bool
add_what_ifs(struct run_lanes *l, const char *list, struct err *e)
{
	char *sizes = xstrdup(list ? list : ""), *save = NULL;
	char *size = strtok_r(sizes, ",", &save);
	bool good = true;

	for (; good && size; size = strtok_r(NULL, ",", &save))
		good = add_what_if(l, size, e);
	free(sizes);
	return good;
}

bool
run_lanes_load(struct run_lanes *l, const struct run_lanes_options *o,
	       struct err *e)
{
	const struct opt_list *lanes = &o->lane;

	if (!load_main(l, o, e))
		return false;
	if (lanes->n >= RUN_MAX_LANES)
		return err_set(e, ERR_USAGE, "at most %d lanes", RUN_MAX_LANES);
	for (unsigned i = 0; i < lanes->n; i++)
		if (!load_lane(l, lanes->items[i], e))
			return false;
	for (unsigned i = 0; i < l->n; i++) {
		name_lane(l, i);
		if (!resolve_lane(l, i, e))
			return false;
	}
	return add_what_ifs(l, o->what_if, e);
}

void
run_lanes_free(struct run_lanes *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		conf_free(l->conf[i]);
		free(l->name[i]);
	}
}
