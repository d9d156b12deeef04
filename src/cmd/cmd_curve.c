/* cmd_curve.c - pagewalk curve: LRU miss-ratio curves and working sets.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/outfile.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "curve/curve.h"
#include "report/jsonkit.h"
#include "report/report.h"
#include "report/table.h"

#define MAX_SETS (1u << 16) /* bounds memory: a stack a set */

struct options {
	const char *pages, *side, *sample, *csv, *json, *windows;
	uint64_t sets, skip, limit;
	bool all, quiet;
};

#define AT(member) offsetof(struct options, member)

static const struct opt_spec specs[] = {
    {"pages", 'p', OPT_STRING, "LIST",
     "page sizes, each a power of two (default 4K,64K,2M)", AT(pages)},
    {"side", 0, OPT_STRING, "SIDE",
     "only instruction, data or both (one TLB for both sides)", AT(side)},
    {"sets", 's', OPT_U64, "N",
     "sets, a curve over ways (default 1: fully associative)", AT(sets)},
    {"sample", 0, OPT_STRING, "RATE",
     "of the pages, chosen by hash, above 0 and at most 1\n"
     "(default 1: exact); intervals of 95 % are given",
     AT(sample)},
    {"csv", 0, OPT_STRING, "FILE", "the curves as CSV; -: standard output",
     AT(csv)},
    {"all", 'a', OPT_FLAG, NULL,
     "in files, every size at which the misses change, not\n"
     "only powers of two",
     AT(all)},
    {"working-set", 'w', OPT_STRING, "FILE",
     "the working set by window as CSV, too; -: standard output", AT(windows)},
    {"json", 'j', OPT_STRING, "FILE", "all of it as JSON; -: standard output",
     AT(json)},
    {"skip", 0, OPT_U64, "N", "leave out the first N instructions", AT(skip)},
    {"limit", 'n', OPT_U64, "N", "stop after N instructions", AT(limit)},
    {"quiet", 'q', OPT_FLAG, NULL, "no table and no progress", AT(quiet)},
    {.name = NULL},
};

/* Options ------------------------------------------------------------------ */

static bool
add_page(struct curve_options *o, const char *word, struct err *e)
{
	uint64_t bytes;

	if (!parse_u64(word, &bytes) || bytes < 64 || bytes > 1ull << 40 ||
	    (bytes & (bytes - 1)))
		return err_set(e, ERR_USAGE,
			       "--pages %s: expected powers of two from 64 to "
			       "1T",
			       word);
	if (o->n_shifts == CURVE_MAX_SHIFTS)
		return err_set(e, ERR_USAGE, "--pages: at most %d sizes",
			       CURVE_MAX_SHIFTS);
	o->shifts[o->n_shifts++] = (uint8_t)__builtin_ctzll(bytes);
	return true;
}

static bool
take_pages(struct curve_options *o, const char *list, struct err *e)
{
	char *words = xstrdup(list), *rest = words, *word;
	bool fine = true;

	while (fine && (word = strsep(&rest, ",")))
		fine = add_page(o, word, e);
	free(words);
	return fine;
}

static bool
take_sample(struct curve_options *o, const char *text, struct err *e)
{
	char *end;
	double rate = strtod(text, &end);

	if (!*text || *end || !(rate > 0 && rate <= 1))
		return err_set(e, ERR_USAGE,
			       "--sample %s: expected a number above 0 and at "
			       "most 1",
			       text);
	o->sample = (uint32_t)fmax(1, nearbyint(rate * CURVE_ALL));
	return true;
}

static bool
take_side(struct curve_options *o, const char *side, struct err *e)
{
	for (unsigned i = 0; i < CURVE_SIDES; i++)
		if (!side || !strcmp(side, curve_side_names[i]))
			o->sides |= 1u << i;
	return o->sides || err_set(e, ERR_USAGE,
				   "--side %s: expected instruction, data or "
				   "both",
				   side);
}

static bool
settle(const struct options *v, struct curve_options *o, struct err *e)
{
	if (v->sets < 1 || v->sets > MAX_SETS)
		return err_set(e, ERR_USAGE,
			       "--sets %" PRIu64 ": expected 1 to %u", v->sets,
			       MAX_SETS);
	*o = (struct curve_options){.sets = (uint32_t)v->sets,
				    .working_set = v->windows || v->json,
				    .skip = v->skip,
				    .limit = v->limit,
				    .quiet = v->quiet};
	return take_pages(o, v->pages, e) && take_sample(o, v->sample, e) &&
	       take_side(o, v->side, e);
}

/* Points ------------------------------------------------------------------- */

/* The next number of ways worth a point, or 0. */
static uint64_t
next_ways(const struct options *v, const struct curves *cs,
	  const struct curve *c, uint64_t ways)
{
	uint64_t most = curve_most_ways(cs, c);
	double now;

	if (!ways)
		return 1;
	if (!v->all)
		return ways < most ? ways * 2 : 0;
	now = curve_misses(cs, c, ways).misses;
	for (ways++; ways <= most; ways++)
		if (curve_misses(cs, c, ways).misses != now)
			return ways;
	return 0;
}

static double
ratio_of(const struct curve *c, double misses)
{
	return c->references ? misses / (double)c->references : 0;
}

/* Output ------------------------------------------------------------------- */

static void
write_head(struct table *t, const struct curves *cs)
{
	char size[8];

	table_text(t, "entries");
	for (unsigned i = 0; i < cs->n; i++)
		table_text(t, "%s %s", curve_side_names[cs->at[i].side],
			   page_size_name(cs->at[i].shift, size));
}

/* Miss ratios: a row a size, a column a curve. */
static void
write_table(const struct curves *cs)
{
	char align[CURVE_MAX_SHIFTS * CURVE_SIDES + 2] = "";
	struct table *t;
	bool more = true;

	memset(align, 'r', cs->n + 1u);
	t = table_new(align);
	write_head(t, cs);
	for (uint64_t ways = 1; more; ways *= 2) {
		more = false;
		table_count(t, ways * cs->options.sets);
		for (unsigned i = 0; i < cs->n; i++) {
			const struct curve *c = &cs->at[i];
			double m = curve_misses(cs, c, ways).misses;

			table_text(t, "%.6f", ratio_of(c, m));
			more |= ways < curve_most_ways(cs, c);
		}
	}
	printf("miss ratios of LRU TLBs%s, %" PRIu64 " instructions\n",
	       cs->options.sample < CURVE_ALL ? " (estimated)" : "",
	       cs->instructions);
	table_print(t, stdout);
}

static void
curve_rows(const struct options *v, const struct curves *cs,
	   const struct curve *c, FILE *f)
{
	uint32_t sets = cs->options.sets;

	for (uint64_t w = 0; (w = next_ways(v, cs, c, w));) {
		struct curve_point p = curve_misses(cs, c, w);

		fprintf(f,
			"%s,%" PRIu64 ",%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64
			",%.0f,%.9f,%.9f\n",
			curve_side_names[c->side], (uint64_t)1 << c->shift,
			sets, w, w * sets, c->references, p.misses,
			ratio_of(c, p.misses), ratio_of(c, p.error));
	}
}

/* Windows up to the first that holds the whole trace. */
static unsigned
windows_of(const struct curve *c)
{
	unsigned n = 1;

	while (n < CURVE_WINDOWS && 1ull << (n - 1) < c->references)
		n++;
	return n;
}

static void
window_rows(const struct options *v, const struct curves *cs,
	    const struct curve *c, FILE *f)
{
	(void)v;
	for (unsigned k = 0; k < windows_of(c); k++) {
		double pages = curve_working_set(cs, c, k);

		fprintf(f, "%s,%" PRIu64 ",%" PRIu64 ",%.3f,%.0f\n",
			curve_side_names[c->side], (uint64_t)1 << c->shift,
			(uint64_t)1 << k, pages, ldexp(pages, c->shift));
	}
}

typedef void write_rows(const struct options *v, const struct curves *cs,
			const struct curve *c, FILE *f);

/* path: NULL if nobody wants it. */
static bool
write_csv(const struct options *v, const struct curves *cs, const char *path,
	  const char *head, write_rows *rows, struct err *e)
{
	struct outfile out;

	if (!path)
		return true;
	if (!outfile_open(&out, path, e))
		return false;
	fputs(head, out.f);
	for (unsigned i = 0; i < cs->n; i++)
		rows(v, cs, &cs->at[i], out.f);
	return outfile_commit(&out, e);
}

static json_t *
json_points(const struct options *v, const struct curves *cs,
	    const struct curve *c)
{
	json_t *points = json_array(), *p;

	for (uint64_t w = 0; (w = next_ways(v, cs, c, w));) {
		struct curve_point at = curve_misses(cs, c, w);

		p = json_object();
		json_put_number(p, "entries", w * cs->options.sets);
		json_put(p, "misses", json_real(at.misses));
		json_put(p, "error", json_real(at.error));
		json_array_append_new(points, p);
	}
	return points;
}

static json_t *
json_windows(const struct curves *cs, const struct curve *c)
{
	json_t *windows = json_array(), *w;

	for (unsigned k = 0; k < windows_of(c); k++) {
		w = json_object();
		json_put_number(w, "window", (uint64_t)1 << k);
		json_put(w, "pages", json_real(curve_working_set(cs, c, k)));
		json_array_append_new(windows, w);
	}
	return windows;
}

static json_t *
json_curve(const struct options *v, const struct curves *cs,
	   const struct curve *c)
{
	json_t *o = json_object();

	json_put(o, "side", json_text(curve_side_names[c->side]));
	json_put_number(o, "page_bytes", (uint64_t)1 << c->shift);
	json_put_number(o, "references", c->references);
	json_put_number(o, "pages", c->pages);
	json_put(o, "points", json_points(v, cs, c));
	json_put(o, "working_set", json_windows(cs, c));
	return o;
}

static bool
write_json(const struct options *v, const struct curves *cs, const char *trace,
	   struct err *e)
{
	json_t *root = json_object(), *list = json_array();

	json_put_schema(root, "pagewalk-curve", 1);
	json_put(root, "trace", json_text(trace));
	json_put_number(root, "instructions", cs->instructions);
	json_put(root, "sample",
		 json_real((double)cs->options.sample / CURVE_ALL));
	json_put_number(root, "sets", cs->options.sets);
	for (unsigned i = 0; i < cs->n; i++)
		json_array_append_new(list, json_curve(v, cs, &cs->at[i]));
	json_put(root, "curves", list);
	return json_write(root, v->json, e);
}

static bool
write_files(const struct options *v, const struct curves *cs, const char *trace,
	    struct err *e)
{
	return write_csv(v, cs, v->csv,
			 "side,page_bytes,sets,ways,entries,references,misses,"
			 "miss_ratio,error\n",
			 curve_rows, e) &&
	       write_csv(v, cs, v->windows,
			 "side,page_bytes,window,pages,bytes\n", window_rows,
			 e) &&
	       (!v->json || write_json(v, cs, trace, e));
}

/* Is standard output taken by a file? */
static bool
takes_stdout(const char *name)
{
	return name && !strcmp(name, "-");
}

static bool
curve_of(const struct options *v, const char *trace, struct err *e)
{
	struct curve_options o;
	struct curves *cs;
	bool fine;

	if (!settle(v, &o, e))
		return false;
	cs = curves_read(trace, &o, e);
	if (!cs)
		return false;
	if (!v->quiet && !takes_stdout(v->csv) && !takes_stdout(v->windows) &&
	    !takes_stdout(v->json))
		write_table(cs);
	fine = write_files(v, cs, trace, e);
	curves_free(cs);
	return fine;
}

static int
run(int argc, char **argv)
{
	struct options v = {.pages = "4K,64K,2M", .sample = "1", .sets = 1};
	struct err e = {.kind = ERR_NONE};
	int first;
	bool fine = opt_parse(specs, argc, argv, false, &v, &first, &e);

	if (fine && argc - first != 1)
		fine = err_set(&e, ERR_USAGE, "one TRACE is expected");
	fine = fine && curve_of(&v, argv[first], &e);
	return fine ? 0 : cmd_fail(&cmd_curve, &e);
}

const struct command cmd_curve = {
    "curve", "TRACE [options]",
    "miss ratios of LRU TLBs of every size, and working sets", specs, run};
