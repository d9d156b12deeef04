/* sweep_store.c - see sweep_store.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/sweep_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/outfile.h"
#include "base/plain.h"
#include "base/xalloc.h"
#include "report/jsonkit.h"
#include "sweep/experiment.h"

/* mkdir -p */
static bool
make_path(char *path, struct err *e)
{
	for (char *slash = path + 1;; *slash++ = '/') {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return err_set(e, ERR_FAILED, "%s: %s", path,
				       strerror(errno));
		if (!slash)
			return true;
	}
}

bool
store_make(const char *dir, struct err *e)
{
	char *path = xasprintf("%s/points", dir);
	bool good = make_path(path, e);

	free(path);
	return good;
}

char *
store_path(const char *dir, const struct sweep_point *p)
{
	return xasprintf("%s/points/%s.json", dir, p->id);
}

bool
store_has(const char *dir, const struct sweep_point *p)
{
	char *path = store_path(dir, p);
	bool there = !access(path, R_OK);

	free(path);
	return there;
}

/* The plan ---------------------------------------------------------------- */

static json_t *
values_json(const struct experiment *x, const struct sweep_point *p)
{
	json_t *values = json_object();

	for (unsigned k = 0; k < x->n_axes; k++)
		json_put(values, x->axes[k].key, json_text(p->values[k]));
	return values;
}

static json_t *
point_json(const char *dir, const struct experiment *x,
	   const struct sweep_point *p)
{
	json_t *j = json_object();

	json_put(j, "values", values_json(x, p));
	if (p->error)
		json_put(j, "error", json_text(p->error));
	if (!*p->id)
		return j;
	json_put(j, "id", json_text(p->id));
	json_put(j, "done", json_boolean(store_has(dir, p)));
	return j;
}

bool
store_plan(const char *dir, const struct experiment *x,
	   const struct sweep_point *points, unsigned n, struct err *e)
{
	json_t *root = json_object(), *axes = json_array();
	json_t *list = json_array();
	char *path = xasprintf("%s/plan.json", dir);
	bool good;

	json_put_schema(root, "pagewalk-sweep", 1);
	json_put(root, "experiment", json_text(x->path));
	if (x->help)
		json_put(root, "help", json_text(x->help));
	for (unsigned k = 0; k < x->n_axes; k++)
		json_array_append_new(axes, json_text(x->axes[k].key));
	json_put(root, "axes", axes);
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, point_json(dir, x, &points[i]));
	json_put(root, "points", list);
	good = json_write(root, path, e);
	free(path);
	return good;
}

/* The tables -------------------------------------------------------------- */

/* Columns: the numbers of these objects of a result, by name. */
static const char *const sources[] = {"totals", "totals/faults",
				      "kernel/paging", "cycles_by_cause", NULL};

static json_t *
find(json_t *root, const char *path)
{
	char *copy = xstrdup(path), *save = NULL;

	for (char *w = strtok_r(copy, "/", &save); w && root;
	     w = strtok_r(NULL, "/", &save))
		root = json_object_get(root, w);
	free(copy);
	return root;
}

/* A cell, quoted where CSV asks for it. */
static void
put_cell(FILE *f, const char *text, const char *before)
{
	fputs(before, f);
	if (strpbrk(text, ",\"\n"))
		put_csv_text(text, f);
	else
		fputs(text, f);
}

/* "cycles" of totals, else "faults/minor", "paging/zero_fills". */
static void
put_name(FILE *f, const char *source, const char *name)
{
	const char *slash = strrchr(source, '/');
	char *all = slash ? xasprintf("%s/%s", slash + 1, name) : NULL;

	put_cell(f, all ? all : name, ",");
	free(all);
}

static void
put_number(FILE *f, const json_t *v)
{
	putc(',', f);
	if (json_is_integer(v))
		fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		fprintf(f, "%.9g", json_real_value(v));
}

/* Of samples; {} where nothing was left out. */
static json_t *
estimates(json_t *result)
{
	return find(json_array_get(json_object_get(result, "lanes"), 0),
		    "estimates");
}

static void
put_estimates(FILE *f, json_t *first, json_t *result)
{
	const char *name;
	json_t *unused;

	json_object_foreach(estimates(first), name, unused)
	{
		json_t *one = json_object_get(estimates(result), name);

		put_number(f, json_object_get(one, "per_kilo_instruction"));
		put_number(f, json_object_get(one, "half_width"));
	}
}

static void
name_estimates(FILE *f, json_t *first)
{
	const char *name;
	json_t *unused;

	json_object_foreach(estimates(first), name, unused)
	{
		fprintf(f, ",estimates/%s,estimates/%s/half_width", name, name);
	}
}

/* The first result's numbers name the columns; results of one program have
 * the same. */
static void
put_heading(FILE *f, const struct experiment *x, json_t *first)
{
	const char *name;
	json_t *v;

	for (unsigned k = 0; k < x->n_axes; k++)
		put_cell(f, x->axes[k].key, k ? "," : "");
	for (unsigned s = 0; sources[s]; s++)
		json_object_foreach(find(first, sources[s]), name,
				    v) if (json_is_number(v))
		    put_name(f, sources[s], name);
	name_estimates(f, first);
	putc('\n', f);
}

static void
put_row(FILE *f, const struct experiment *x, const struct sweep_point *p,
	json_t *first, json_t *result)
{
	const char *name;
	json_t *v;

	for (unsigned k = 0; k < x->n_axes; k++)
		put_cell(f, p->values[k], k ? "," : "");
	for (unsigned s = 0; sources[s]; s++)
		json_object_foreach(find(first, sources[s]), name,
				    v) if (json_is_number(v))
		    put_number(f,
			       json_object_get(find(result, sources[s]), name));
	put_estimates(f, first, result);
	putc('\n', f);
}

static void
put_line(FILE *f, const struct experiment *x, const struct sweep_point *p,
	 json_t *result)
{
	json_t *line = json_object();

	json_put(line, "id", json_text(p->id));
	json_put(line, "values", values_json(x, p));
	json_object_set(line, "result", result);
	json_dumpf(line, f, JSON_COMPACT | JSON_ENSURE_ASCII);
	putc('\n', f);
	json_decref(line);
}

struct tables {
	struct outfile csv, lines;
	json_t *first;
	unsigned rows;
};

/* NULL with *e, or without if there is no result. */
static json_t *
load(const char *dir, const struct sweep_point *p, struct err *e)
{
	char *path = store_path(dir, p);
	json_error_t why;
	json_t *j = NULL;

	if (*p->id && !p->error && !access(path, R_OK)) {
		j = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
		if (!j)
			err_set(e, ERR_INPUT,
				"%s:%d: %s: expected a result; remove the file "
				"to have it made again",
				path, why.line, why.text);
	}
	free(path);
	return j;
}

static bool
put_point(struct tables *t, const char *dir, const struct experiment *x,
	  const struct sweep_point *p, struct err *e)
{
	json_t *result = load(dir, p, e);

	if (!result)
		return !e->kind;
	if (!t->first) {
		t->first = json_incref(result);
		put_heading(t->csv.f, x, result);
	}
	put_row(t->csv.f, x, p, t->first, result);
	put_line(t->lines.f, x, p, result);
	json_decref(result);
	t->rows++;
	return true;
}

bool
store_tables(const char *dir, const struct experiment *x,
	     const struct sweep_point *points, unsigned n, unsigned *rows,
	     struct err *e)
{
	char *csv = xasprintf("%s/results.csv", dir);
	char *lines = xasprintf("%s/results.jsonl", dir);
	struct tables t = {0};
	bool good =
	    outfile_open(&t.csv, csv, e) && outfile_open(&t.lines, lines, e);

	for (unsigned i = 0; good && i < n; i++)
		good = put_point(&t, dir, x, &points[i], e);
	good = good && outfile_commit(&t.csv, e) && outfile_commit(&t.lines, e);
	outfile_discard(&t.csv);
	outfile_discard(&t.lines);
	json_decref(t.first);
	free(csv);
	free(lines);
	*rows = t.rows;
	return good;
}
