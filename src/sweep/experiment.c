/* experiment.c - see experiment.h.  SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "sweep/experiment.h"

#include <ctype.h>
#include <ini.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/textfile.h"
#include "base/xalloc.h"

#define MAX_VALUES 100000u
#define MAX_POINTS 10000000u

struct reading {
	struct experiment *x;
	struct text_lines text;
	struct err *e;
	bool failed;
};

static bool
wrong(struct reading *r, int line, const char *name, const char *value,
      const char *expected)
{
	r->failed = true;
	r->text.rest = "";
	return err_set(r->e, ERR_INPUT, "%s:%d: %s = %s: expected %s",
		       r->x->path, line, name, value, expected);
}

/* Values ------------------------------------------------------------------ */

static bool
add_value(struct axis *a, char *value)
{
	if (a->n == MAX_VALUES) {
		free(value);
		return false;
	}
	a->values = xgrow(a->values, a->n, &a->cap, sizeof(*a->values));
	a->values[a->n++] = value;
	return true;
}

/* "256..4096*2", "1..8", "0..100+10": true if it is such a range. */
static bool
add_range(struct axis *a, const char *word, bool *fits)
{
	const char *dots = strstr(word, "..");
	size_t n = dots ? strcspn(dots + 2, "*+") : 0;
	char *from = xstrndup(word, dots ? (size_t)(dots - word) : 0);
	char *to = xstrndup(dots ? dots + 2 : "", n);
	char op = dots ? dots[2 + n] : '\0';
	uint64_t at, end, step = 1;
	bool range = dots && parse_u64(from, &at) && parse_u64(to, &end) &&
		     (!op || parse_u64(dots + 3 + n, &step)) && at <= end &&
		     (op == '*' ? step > 1 && at > 0 : step > 0);

	*fits = true;
	while (range && *fits && at <= end) {
		*fits = add_value(a, xasprintf("%" PRIu64, at));
		if (at > UINT64_MAX / (op == '*' ? step : 1) ||
		    (op != '*' && at > UINT64_MAX - step))
			break;
		at = op == '*' ? at * step : at + step;
	}
	free(from);
	free(to);
	return range;
}

/* The next word of *s, quotes taken off; NULL at the end. */
static char *
next_word(const char **s)
{
	size_t n;
	char *word;

	*s += strspn(*s, " \t,");
	if (!**s)
		return NULL;
	if (**s == '"') {
		n = strcspn(*s + 1, "\"");
		word = xstrndup(*s + 1, n);
		*s += n + 1 + ((*s)[n + 1] == '"');
		return word;
	}
	n = strcspn(*s, " \t,");
	word = xstrndup(*s, n);
	*s += n;
	return word;
}

static struct axis *
find_axis(const struct experiment *x, const char *key)
{
	for (unsigned i = 0; i < x->n_axes; i++)
		if (!strcmp(x->axes[i].key, key))
			return &x->axes[i];
	return NULL;
}

static struct axis *
new_axis(struct experiment *x, const char *key, bool zipped, int line)
{
	struct axis *a;

	x->axes = xreallocarray(x->axes, x->n_axes + 1, sizeof(*x->axes));
	a = &x->axes[x->n_axes++];
	*a = (struct axis){.key = xstrdup(key), .zipped = zipped, .line = line};
	return a;
}

/* A key that comes again has more values. */
static bool
add_axis(struct reading *r, const char *key, const char *value, bool zipped,
	 int line)
{
	struct experiment *x = r->x;
	struct axis *a;
	const char *rest = value;
	bool fits = true;
	char *word;

	a = find_axis(x, key);
	if (a && (a->zipped != zipped || a != &x->axes[x->n_axes - 1]))
		return wrong(r, line, key, value,
			     "all lines of an axis one after the other");
	if (!a)
		a = new_axis(x, key, zipped, line);
	while (fits && (word = next_word(&rest))) {
		if (add_range(a, word, &fits))
			free(word);
		else
			fits = add_value(a, word);
	}
	if (!fits)
		return wrong(r, line, key, value, "at most 100000 values");
	return a->n || wrong(r, line, key, "", "values, with blanks between");
}

/* The file ---------------------------------------------------------------- */

static bool
add_rule(struct reading *r, const char *match, const char *then, int line)
{
	struct experiment *x = r->x;

	x->rules = xreallocarray(x->rules, x->n_rules + 1, sizeof(*x->rules));
	x->rules[x->n_rules++] =
	    (struct rule){xstrdup(match), then ? xstrdup(then) : NULL, line};
	return true;
}

static bool
add_override(struct reading *r, const char *name, const char *value, int line)
{
	const char *arrow = strstr(value, "->");
	char *match;

	if (!arrow)
		return wrong(r, line, name, value,
			     "KEY=VALUE ... -> KEY=VALUE ...");
	match = xstrndup(value, (size_t)(arrow - value));
	add_rule(r, match, arrow + 2, line);
	free(match);
	return true;
}

static bool
add_set(struct reading *r, const char *key, const char *value)
{
	struct experiment *x = r->x;

	x->sets = xreallocarray(x->sets, x->n_sets + 1, sizeof(*x->sets));
	x->sets[x->n_sets++] = xasprintf("%s=%s", key, value);
	return true;
}

static bool
set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
	return true;
}

static bool
add_general(struct reading *r, const char *name, const char *value, int line)
{
	struct experiment *x = r->x;
	uint64_t *number = !strcmp(name, "skip")       ? &x->skip
			   : !strcmp(name, "warmup")   ? &x->warmup
			   : !strcmp(name, "limit")    ? &x->limit
			   : !strcmp(name, "interval") ? &x->interval
			   : !strcmp(name, "period")   ? &x->period
			   : !strcmp(name, "rewarm")   ? &x->rewarm
						       : NULL;

	if (number && !parse_u64(value, number))
		return wrong(r, line, name, value, "a number of instructions");
	if (!strcmp(name, "help"))
		return set_text(&x->help, value);
	if (!strcmp(name, "roi"))
		set_text(&x->roi, value);
	else if (!number)
		return wrong(
		    r, line, name, value,
		    "help, skip, warmup, limit, roi, interval, period or "
		    "rewarm");
	return !x->roi || !x->warmup ||
	       wrong(r, line, name, value, "roi or warmup, not both");
}

static int
take(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *r = ctx;
	int line = r->text.line;

	if (!strcmp(section, "experiment"))
		return add_general(r, name, value, line);
	if (!strcmp(section, "axes") || !strcmp(section, "zip"))
		return add_axis(r, name, value, *section == 'z', line);
	if (!strcmp(section, "set"))
		return add_set(r, name, value);
	if (!strcmp(section, "exclude"))
		return add_rule(r, value, NULL, line);
	if (!strcmp(section, "override"))
		return add_override(r, name, value, line);
	return wrong(r, line, section, name,
		     "a section [experiment], [axes], [zip], [set], [exclude] "
		     "or [override]");
}

static void
name_parts(struct experiment *x)
{
	const char *slash = strrchr(x->path, '/');
	const char *base = slash ? slash + 1 : x->path;
	size_t n = strlen(base);

	x->dir = xstrndup(x->path, (size_t)(base - x->path));
	x->name =
	    xstrndup(base, n > 4 && !strcmp(base + n - 4, ".ini") ? n - 4 : n);
}

static bool
check_samples(struct reading *r)
{
	const struct experiment *x = r->x;

	if (!x->interval && (x->period || x->rewarm))
		return err_set(r->e, ERR_INPUT,
			       "%s: period, rewarm: expected an interval too",
			       x->path);
	if (x->period && x->period < x->interval)
		return err_set(r->e, ERR_INPUT,
			       "%s: period = %" PRIu64 ": expected at least "
			       "the interval, %" PRIu64,
			       x->path, x->period, x->interval);
	return x->period || !x->rewarm ||
	       err_set(r->e, ERR_INPUT,
		       "%s: rewarm: expected a period: without one nothing is "
		       "left out",
		       x->path);
}

/* What holds of the whole. */
static bool
check(struct reading *r)
{
	struct experiment *x = r->x;
	const struct axis *zip = NULL;
	bool traces = false;

	for (unsigned i = 0; i < x->n_axes; i++) {
		const struct axis *a = &x->axes[i];

		traces |= !strcmp(a->key, "trace");
		if (a->zipped && zip && zip->n != a->n)
			return err_set(r->e, ERR_INPUT,
				       "%s:%d: %s: %u values, but %s has %u: "
				       "expected as many in all of [zip]",
				       x->path, a->line, a->key, a->n, zip->key,
				       zip->n);
		zip = a->zipped ? a : zip;
	}
	if (!traces)
		return err_set(r->e, ERR_INPUT,
			       "%s: expected `trace = ...` in [axes] or [zip]",
			       x->path);
	if (!check_samples(r))
		return false;
	return experiment_size(x) <= MAX_POINTS ||
	       err_set(r->e, ERR_INPUT, "%s: expected at most %u points",
		       x->path, MAX_POINTS);
}

struct experiment *
experiment_read(const char *path, struct err *e)
{
	struct experiment *x = xcalloc(1, sizeof(*x));
	char *text = textfile_read(path, "an experiment file", e);
	struct reading r = {.x = x, .text.rest = text ? text : "", .e = e};
	int line;

	x->path = xstrdup(path);
	name_parts(x);
	line = ini_parse_stream(text_next_line, &r.text, take, &r);
	if (r.text.too_long)
		wrong(&r, r.text.line, "line", "...",
		      "fewer characters; a key that comes again has more "
		      "values");
	else if (line && !r.failed)
		err_set(e, ERR_INPUT,
			"%s:%d: expected [section] or name = value", path,
			line > 0 ? line : 1);
	line = r.failed || !text ? -1 : line;
	free(text);
	if (!line && check(&r))
		return x;
	experiment_free(x);
	return NULL;
}

void
experiment_free(struct experiment *x)
{
	for (unsigned i = 0; i < x->n_axes; i++) {
		for (unsigned k = 0; k < x->axes[i].n; k++)
			free(x->axes[i].values[k]);
		free(x->axes[i].values);
		free(x->axes[i].key);
	}
	for (unsigned i = 0; i < x->n_sets; i++)
		free(x->sets[i]);
	for (unsigned i = 0; i < x->n_rules; i++) {
		free(x->rules[i].match);
		free(x->rules[i].then);
	}
	free(x->axes);
	free(x->sets);
	free(x->rules);
	free(x->help);
	free(x->roi);
	free(x->path);
	free(x->dir);
	free(x->name);
	free(x);
}

/* Points ------------------------------------------------------------------ */

/* Rows of [zip]: 1 if there are none. */
static unsigned
zip_rows(const struct experiment *x)
{
	for (unsigned i = 0; i < x->n_axes; i++)
		if (x->axes[i].zipped)
			return x->axes[i].n;
	return 1;
}

uint64_t
experiment_size(const struct experiment *x)
{
	uint64_t n = zip_rows(x);

	for (unsigned i = 0; i < x->n_axes && n <= MAX_POINTS; i++)
		if (!x->axes[i].zipped)
			n *= x->axes[i].n;
	return n;
}

/* "KEY=VALUE": does the point have it? */
static bool
has(const struct experiment *x, const char *const *values, const char *word)
{
	size_t n = strcspn(word, "=");

	for (unsigned i = 0; i < x->n_axes; i++)
		if (strlen(x->axes[i].key) == n && word[n] == '=' &&
		    !strncmp(x->axes[i].key, word, n))
			return !strcmp(values[i], word + n + 1);
	return false;
}

bool
experiment_applies(const struct experiment *x, const struct rule *r,
		   const char *const *values)
{
	const char *rest = r->match;
	bool all = true;
	char *word;

	while (all && (word = next_word(&rest))) {
		all = has(x, values, word);
		free(word);
	}
	return all;
}

bool
experiment_point(const struct experiment *x, uint64_t i, const char **values)
{
	unsigned rows = zip_rows(x), row = (unsigned)(i % rows);

	i /= rows;
	for (unsigned k = x->n_axes; k-- > 0;) {
		const struct axis *a = &x->axes[k];

		values[k] = a->values[a->zipped ? row : i % a->n];
		if (!a->zipped)
			i /= a->n;
	}
	for (unsigned k = 0; k < x->n_rules; k++)
		if (!x->rules[k].then &&
		    experiment_applies(x, &x->rules[k], values))
			return false;
	return true;
}
