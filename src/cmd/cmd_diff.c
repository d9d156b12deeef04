/* cmd_diff.c - two results side by side: what was configured otherwise, and
 * what came out otherwise.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "report/jsonkit.h"
#include "report/table.h"

#define DIFFERENT 1 /* exit status, as diff(1) has it */

struct options {
	const char *json;
	uint64_t least;
	bool all, quiet;
};

static const struct opt_spec specs[] = {
    {"all", 'a', OPT_FLAG, NULL,
     "every number, those of lanes, processes, mappings and\n"
     "intervals too",
     offsetof(struct options, all)},
    {"least", 'm', OPT_U64, "PERCENT",
     "only numbers that moved by as much (default 0: all)",
     offsetof(struct options, least)},
    {"json", 'j', OPT_STRING, "FILE",
     "write it as JSON; -: to standard output, instead of the text",
     offsetof(struct options, json)},
    {"quiet", 'q', OPT_FLAG, NULL, "only the exit status",
     offsetof(struct options, quiet)},
    {NULL, 0, 0, NULL, NULL, 0},
};

/* What differs: a and b as the results have it, NULL where one has it not. */
struct row {
	char *path;
	json_t *a, *b;
	double percent; /* of a; infinite where a is 0 */
};

struct rows {
	struct row *at;
	size_t n, cap;
};

struct diff {
	struct options o;
	const char *names[2];
	json_t *results[2];
	struct rows keys, numbers;
};

/* Walking both ------------------------------------------------------------ */

static double
percent_of(const json_t *a, const json_t *b)
{
	double x = json_number_value(a), y = json_number_value(b);

	return x == y ? 0 : x == 0 ? INFINITY : (y - x) / fabs(x) * 100;
}

static void
add_row(struct diff *d, struct rows *rows, const char *path, json_t *a,
	json_t *b)
{
	double percent = percent_of(a, b);

	if (rows == &d->numbers && fabs(percent) < (double)d->o.least)
		return;
	rows->at = xgrow(rows->at, rows->n, &rows->cap, sizeof(*rows->at));
	rows->at[rows->n++] = (struct row){xstrdup(path), a, b, percent};
}

/* A member of an array is called by its name, or by its place. */
static char *
member_path(const char *path, json_t *member, size_t i)
{
	const char *name = json_string_value(json_object_get(member, "name"));

	return name ? xasprintf("%s/%s", path, name)
		    : xasprintf("%s/%zu", path, i);
}

static void compare(struct diff *d, struct rows *rows, const char *path,
		    json_t *a, json_t *b);

static void
compare_objects(struct diff *d, struct rows *rows, const char *path, json_t *a,
		json_t *b)
{
	const char *key;
	json_t *v;
	char *sub;

	json_object_foreach(a, key, v)
	{
		sub = xasprintf("%s%s%s", path, *path ? "/" : "", key);
		compare(d, rows, sub, v, json_object_get(b, key));
		free(sub);
	}
	json_object_foreach(b, key, v)
	{
		if (json_object_get(a, key))
			continue;
		sub = xasprintf("%s%s%s", path, *path ? "/" : "", key);
		compare(d, rows, sub, NULL, v);
		free(sub);
	}
}

static void
compare_arrays(struct diff *d, struct rows *rows, const char *path, json_t *a,
	       json_t *b)
{
	size_t n = json_array_size(a) > json_array_size(b) ? json_array_size(a)
							   : json_array_size(b);

	for (size_t i = 0; i < n; i++) {
		json_t *x = json_array_get(a, i), *y = json_array_get(b, i);
		char *sub = member_path(path, x ? x : y, i);

		compare(d, rows, sub, x, y);
		free(sub);
	}
}

static void
compare(struct diff *d, struct rows *rows, const char *path, json_t *a,
	json_t *b)
{
	const json_t *any = a ? a : b;

	if (!any)
		return;
	if (json_is_object(any))
		compare_objects(d, rows, path, a, b);
	else if (json_is_array(any))
		compare_arrays(d, rows, path, a, b);
	else if (!a || !b || !json_equal(a, b))
		add_row(d, rows, path, a, b);
}

static void
compare_part(struct diff *d, struct rows *rows, const char *path)
{
	compare(d, rows, path, json_object_get(d->results[0], path),
		json_object_get(d->results[1], path));
}

static void
compare_all(struct diff *d)
{
	static const char *const few[] = {"replay", "totals", "cycles_by_cause",
					  "kernel", NULL};
	static const char *const more[] = {"lanes", "processes", "mappings",
					   "intervals", NULL};

	compare_part(d, &d->keys, "trace");
	compare_part(d, &d->keys, "traces");
	compare_objects(d, &d->keys, "",
			json_object_get(d->results[0], "configuration"),
			json_object_get(d->results[1], "configuration"));
	for (unsigned i = 0; few[i]; i++)
		compare_part(d, &d->numbers, few[i]);
	for (unsigned i = 0; d->o.all && more[i]; i++)
		compare_part(d, &d->numbers, more[i]);
}

/* What is said --------------------------------------------------------------
 */

static void
table_value(struct table *t, const json_t *v)
{
	if (json_is_string(v))
		table_text(t, "%s", json_string_value(v));
	else if (json_is_integer(v) && json_integer_value(v) >= 0)
		table_count(t, (uint64_t)json_integer_value(v));
	else if (json_is_number(v))
		table_text(t, "%g", json_number_value(v));
	else
		table_text(t, "%s", json_is_true(v) ? "yes" : v ? "no" : "-");
}

static void
print_keys(const struct diff *d)
{
	struct table *t;

	if (!d->keys.n)
		return;
	t = table_new("lll");
	puts("Configured otherwise");
	table_text(t, "key");
	table_text(t, "%s", d->names[0]);
	table_text(t, "%s", d->names[1]);
	for (size_t i = 0; i < d->keys.n; i++) {
		table_text(t, "%s", d->keys.at[i].path);
		table_value(t, d->keys.at[i].a);
		table_value(t, d->keys.at[i].b);
	}
	table_print(t, stdout);
}

static void
print_numbers(const struct diff *d)
{
	struct table *t;

	if (!d->numbers.n) {
		puts("No number moved.");
		return;
	}
	t = table_new("lrrr");
	puts(d->keys.n ? "\nWhat moved" : "What moved");
	table_text(t, "number");
	table_text(t, "%s", d->names[0]);
	table_text(t, "%s", d->names[1]);
	table_text(t, "by %%");
	for (size_t i = 0; i < d->numbers.n; i++) {
		const struct row *r = &d->numbers.at[i];

		table_text(t, "%s", r->path);
		table_value(t, r->a);
		table_value(t, r->b);
		if (isinf(r->percent))
			table_text(t, "new");
		else
			table_text(t, "%+.2f", r->percent);
	}
	table_print(t, stdout);
}

static json_t *
rows_json(const struct rows *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->at[i];
		json_t *j = json_object();

		json_put(j, "path", json_text(r->path));
		json_put(j, "a", r->a ? json_incref(r->a) : json_null());
		json_put(j, "b", r->b ? json_incref(r->b) : json_null());
		if (json_is_number(r->a) && json_is_number(r->b) &&
		    isfinite(r->percent))
			json_put(j, "percent", json_real(r->percent));
		json_array_append_new(list, j);
	}
	return list;
}

static bool
write_json(const struct diff *d, struct err *e)
{
	json_t *root = json_object();

	json_put_schema(root, "pagewalk-diff", 1);
	json_put(root, "a", json_text(d->names[0]));
	json_put(root, "b", json_text(d->names[1]));
	json_put(root, "configuration", rows_json(&d->keys));
	json_put(root, "numbers", rows_json(&d->numbers));
	return json_write(root, d->o.json, e);
}

/* The command -----------------------------------------------------------------
 */

static bool
load(struct diff *d, unsigned i, struct err *e)
{
	json_error_t why;
	json_t *j = json_load_file(d->names[i], JSON_REJECT_DUPLICATES, &why);
	const char *schema = json_string_value(
	    json_object_get(json_object_get(j, "schema"), "name"));

	d->results[i] = j;
	if (!j)
		return err_set(e, ERR_INPUT, "%s:%d: %s", d->names[i],
			       why.line > 0 ? why.line : 1, why.text);
	return (schema && !strcmp(schema, "pagewalk-result")) ||
	       err_set(e, ERR_INPUT,
		       "%s: schema: expected pagewalk-result, which `pagewalk "
		       "run --json` writes",
		       d->names[i]);
}

static bool
parse(struct diff *d, int argc, char **argv, struct err *e)
{
	int first;

	if (!opt_parse(specs, argc, argv, false, &d->o, &first, e))
		return false;
	if (argc - first != 2)
		return err_set(e, ERR_USAGE, "expected two results");
	d->names[0] = argv[first];
	d->names[1] = argv[first + 1];
	return true;
}

static bool
diff(struct diff *d, struct err *e)
{
	bool to_stdout = d->o.json && !strcmp(d->o.json, "-");

	if (!load(d, 0, e) || !load(d, 1, e))
		return false;
	compare_all(d);
	if (!d->o.quiet && !to_stdout) {
		print_keys(d);
		print_numbers(d);
	}
	return !d->o.json || write_json(d, e);
}

static void
free_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->at[i].path);
	free(rows->at);
}

static int
run(int argc, char **argv)
{
	struct diff d = {0};
	struct err e = {0};
	bool good = parse(&d, argc, argv, &e) && diff(&d, &e);
	bool same = !d.keys.n && !d.numbers.n;

	free_rows(&d.keys);
	free_rows(&d.numbers);
	json_decref(d.results[0]);
	json_decref(d.results[1]);
	if (!good)
		return cmd_fail(&cmd_diff, &e);
	return same ? 0 : DIFFERENT;
}

const struct command cmd_diff = {
    .name = "diff",
    .synopsis = "A.json B.json [--all] [--least PERCENT] [--json FILE]",
    .summary = "say which keys of two results differ, and which numbers moved",
    .options = specs,
    .run = run,
};
