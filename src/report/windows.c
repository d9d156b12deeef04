/* windows.c - see windows.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/plain.h"
#include "report/jsonkit.h"
#include "report/table.h"
#include "report/windows.h"

/* --------------------------------------------------------------------- CSV */

bool
windows_csv_open(struct outfile *out, const char *path, struct err *e)
{
	if (!outfile_open(out, path, e))
		return false;
	fputs("interval,first,weight,lane,minor,major,signals", out->f);
	for (unsigned v = 0; windows_value_name(v); v++)
		fprintf(out->f, ",%s", windows_value_name(v));
	putc('\n', out->f);
	return true;
}

static void
put_lane(FILE *f, const struct window_row *row, const char *name, unsigned lane)
{
	fprintf(f, "%" PRIu64 ",%" PRIu64 ",%.9g,", row->number, row->first,
		row->weight);
	put_csv_text(name, f);
	fprintf(f, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, row->minor, row->major,
		row->signals);
	for (unsigned v = 0; windows_value_name(v); v++)
		fprintf(f, ",%" PRIu64, row->lane[lane][v]);
	putc('\n', f);
}

bool
windows_csv_put(struct outfile *out, const struct window_row *row,
		const char *const *lanes, struct err *e)
{
	for (unsigned i = 0; i < row->n_lanes; i++)
		put_lane(out->f, row, lanes[i], i);
	if (ferror(out->f))
		return err_set(e, ERR_FAILED, "%s: %s", out->path,
			       strerror(errno));
	return true;
}

/* --------------------------------------------------------------- estimates */

static bool
says_more(const struct windows *w)
{
	return w && windows_count(w) && !windows_are_all(w);
}

static bool
in_text(const char *name)
{
	static const char *const names[] = {
	    "cycles",      "l1_tlb_misses", "stlb_hits",
	    "stlb_misses", "walk_cycles",   "fault_cycles",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static void
title(const struct windows *w, FILE *f)
{
	const struct window_plan *p = windows_plan(w);

	fprintf(f,
		"\nThe whole, judged by %" PRIu64 " intervals of %" PRIu64
		" instructions",
		windows_count(w), p->length);
	if (p->simpoints)
		fputs(" with weights\n", f);
	else
		fprintf(f, ", one in %" PRIu64 "\n", p->period);
}

void
windows_text(const struct windows *w, unsigned lane, FILE *f)
{
	struct table *t;

	if (!says_more(w))
		return;
	title(w, f);
	t = table_new("lrr");
	table_text(t, "in 1000 instructions");
	table_text(t, "mean");
	table_text(t, "+- (95 %%)");
	for (unsigned v = 0; windows_value_name(v); v++) {
		struct window_estimate est = windows_estimate(w, lane, v);

		if (!in_text(windows_value_name(v)))
			continue;
		table_text(t, "%s", windows_value_name(v));
		table_text(t, "%.3f", est.per_kinsn);
		if (isnan(est.half_width))
			table_text(t, "-");
		else
			table_text(t, "%.3f", est.half_width);
	}
	table_print(t, f);
}

json_t *
windows_json(const struct windows *w)
{
	const struct window_plan *p = windows_plan(w);
	json_t *all = json_object();

	json_put_number(all, "interval", p->length);
	if (!p->simpoints)
		json_put_number(all, "period", p->period);
	json_put_number(all, "rewarm", p->rewarm);
	json_put(all, "weighted", json_boolean(p->simpoints != NULL));
	json_put_number(all, "measured", windows_count(w));
	return all;
}

json_t *
windows_estimates_json(const struct windows *w, unsigned lane)
{
	json_t *all = json_object();

	for (unsigned v = 0; says_more(w) && windows_value_name(v); v++) {
		struct window_estimate est = windows_estimate(w, lane, v);
		json_t *one = json_object();

		json_put(one, "per_kilo_instruction", json_real(est.per_kinsn));
		json_put(one, "half_width",
			 isnan(est.half_width) ? json_null()
					       : json_real(est.half_width));
		json_put(all, windows_value_name(v), one);
	}
	return all;
}
