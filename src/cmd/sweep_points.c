/* sweep_points.c - see sweep_points.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/sweep_points.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/opt.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "cmd/layers.h"
#include "sim/conf.h"
#include "sweep/experiment.h"
#include "trace/reader.h"

/* A file named in the experiment lies beside it. */
static char *
beside(const struct experiment *x, const char *name)
{
	return xasprintf("%s%s", *name == '/' ? "" : x->dir, name);
}

static struct sweep_trace *
trace_of(struct sweep_points *p, const struct experiment *x, const char *name)
{
	char *path = beside(x, name);
	struct err e = {0};
	struct sweep_trace *t;

	for (unsigned i = 0; i < p->n_traces; i++)
		if (!strcmp(p->traces[i].path, path)) {
			free(path);
			return &p->traces[i];
		}
	p->traces =
	    xreallocarray(p->traces, p->n_traces + 1, sizeof(*p->traces));
	t = &p->traces[p->n_traces++];
	*t = (struct sweep_trace){.path = path};
	t->reader = trace_open(path, false, &e);
	if (!t->reader)
		t->error = xstrdup(e.text);
	return t;
}

/* Configuration ----------------------------------------------------------- */

/* "a+b.ini": presets by name, files beside the experiment. */
static void
split_configs(const struct experiment *x, const char *value,
	      struct opt_list *files)
{
	while (*value) {
		size_t n = strcspn(value, "+");
		char *name = xstrndup(value, n), *dot = strrchr(name, '.');
		bool file = strchr(name, '/') || (dot && !strcmp(dot, ".ini"));

		files->items = xreallocarray(files->items, files->n + 1,
					     sizeof(*files->items));
		files->items[files->n++] = file ? beside(x, name) : name;
		if (file)
			free(name);
		value += n + (value[n] == '+');
	}
}

static bool
set_words(struct conf *c, const char *words, const char *origin, struct err *e)
{
	char *copy = xstrdup(words), *save = NULL;
	bool good = true;

	for (char *w = strtok_r(copy, " \t,", &save); w && good;
	     w = strtok_r(NULL, " \t,", &save))
		good = conf_set(c, w, origin, e);
	free(copy);
	return good;
}

static bool
set_axis(struct conf *c, const struct experiment *x, unsigned k,
	 const char *value, struct err *e)
{
	char *word = xasprintf("%s=%s", x->axes[k].key, value);
	bool good = conf_set(c, word, x->path, e);

	free(word);
	return good;
}

static bool
is_special(const char *key)
{
	return !strcmp(key, "trace") || !strcmp(key, "config");
}

/* What the whole experiment sets, then the axes, then the overrides. */
static bool
set_all(struct sweep_point *p, const struct experiment *x, struct err *e)
{
	bool good = true;

	for (unsigned i = 0; good && i < x->n_sets; i++)
		good = conf_set(p->conf, x->sets[i], x->path, e);
	for (unsigned k = 0; good && k < x->n_axes; k++)
		if (!is_special(x->axes[k].key))
			good = set_axis(p->conf, x, k, p->values[k], e);
	for (unsigned i = 0; good && i < x->n_rules; i++)
		if (x->rules[i].then &&
		    experiment_applies(x, &x->rules[i], p->values))
			good = set_words(p->conf, x->rules[i].then, x->path, e);
	return good;
}

static bool
configure(struct sweep_point *p, const struct experiment *x,
	  const struct opt_list *files, const struct trace_reader *recorded,
	  struct err *e)
{
	const struct opt_list none = {0};

	p->conf = conf_new();
	p->resolved = xcalloc(1, sizeof(*p->resolved));
	p->lane = layers_name(files);
	if (!layers_load(p->conf, recorded, files, &none, e) ||
	    !set_all(p, x, e) || !conf_resolve(p->conf, p->resolved, e))
		return false;
	snprintf(p->resolved->lane.name, sizeof(p->resolved->lane.name), "%s",
		 p->lane);
	return p->resolved->lane.n_tlbs ||
	       err_set(e, ERR_INPUT, "%s: no TLB in this configuration",
		       p->lane);
}

/* What a result depends on ------------------------------------------------ */

static uint64_t
hash_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = hash_u64(h ^ (unsigned char)*s);
	return hash_u64(h ^ 0x100);
}

static uint64_t
hash_numbers(uint64_t h, uint64_t a, uint64_t b, uint64_t c)
{
	char text[80];

	snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %" PRIu64, a, b,
		 c);
	return hash_text(h, text);
}

struct hashes {
	uint64_t all, shared;
};

static void
hash_item(void *ctx, const struct conf_item *item)
{
	struct hashes *h = ctx;

	h->all = hash_text(hash_text(h->all, item->name), item->text);
	if (conf_shared_key(item->name) ||
	    !strcmp(item->name, "cpu.data_caches"))
		h->shared =
		    hash_text(hash_text(h->shared, item->name), item->text);
}

static void
identify(struct sweep_point *p, const struct experiment *x,
	 const struct sweep_trace *t)
{
	struct hashes h;

	h.shared =
	    hash_numbers(hash_text(1, t->path), x->skip, x->warmup, x->limit);
	if (x->roi)
		h.shared = hash_text(h.shared, x->roi);
	if (x->interval)
		h.shared =
		    hash_numbers(h.shared, x->interval, x->period, x->rewarm);
	h.all = hash_text(h.shared, trace_content_id(t->reader));
	h.all = hash_text(hash_text(h.all, pagewalk_version), p->lane);
	conf_each(p->conf, hash_item, &h);
	snprintf(p->id, sizeof(p->id), "%016" PRIx64, h.all);
	p->group = h.shared;
}

/* Points ------------------------------------------------------------------ */

static const char *
value_of(const struct experiment *x, const struct sweep_point *p,
	 const char *key)
{
	for (unsigned k = 0; k < x->n_axes; k++)
		if (!strcmp(x->axes[k].key, key))
			return p->values[k];
	return "";
}

static void
make_point(struct sweep_points *all, struct sweep_point *p,
	   const struct experiment *x, bool recorded)
{
	const struct sweep_trace *t = trace_of(all, x, value_of(x, p, "trace"));
	struct opt_list files = {0};
	struct err e = {0};

	p->trace = xstrdup(t->path);
	split_configs(x, value_of(x, p, "config"), &files);
	if (!t->reader)
		p->error = xstrdup(t->error);
	else if (configure(p, x, &files, recorded ? t->reader : NULL, &e))
		identify(p, x, t);
	else
		p->error = xstrdup(e.text);
	for (unsigned i = 0; i < files.n; i++)
		free((char *)(uintptr_t)files.items[i]);
	free(files.items);
}

void
points_make(struct sweep_points *p, const struct experiment *x, bool recorded)
{
	uint64_t size = experiment_size(x);

	for (uint64_t i = 0; i < size; i++) {
		const char **values = xcalloc(x->n_axes, sizeof(*values));

		if (!experiment_point(x, i, values)) {
			free(values);
			continue;
		}
		p->at = xreallocarray(p->at, p->n + 1, sizeof(*p->at));
		p->at[p->n] = (struct sweep_point){.values = values};
		make_point(p, &p->at[p->n++], x, recorded);
	}
}

void
points_free(struct sweep_points *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct sweep_point *at = &p->at[i];

		if (at->conf)
			conf_free(at->conf);
		free(at->resolved);
		free(at->values);
		free(at->trace);
		free(at->lane);
		free(at->error);
	}
	for (unsigned i = 0; i < p->n_traces; i++) {
		if (p->traces[i].reader)
			trace_close(p->traces[i].reader);
		free(p->traces[i].path);
		free(p->traces[i].error);
	}
	free(p->at);
	free(p->traces);
}

uint64_t
points_references(const struct sweep_points *p, const struct sweep_point *point)
{
	for (unsigned i = 0; i < p->n_traces; i++)
		if (!strcmp(p->traces[i].path, point->trace))
			return p->traces[i].reader
				   ? trace_totals(p->traces[i].reader)
					 ->references
				   : 0;
	return 0;
}
