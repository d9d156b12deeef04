/* validate_text.c - how a replay agrees with the kernel, for people.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "base/release.h"
#include "report/table.h"
#include "report/validate.h"

static void
heading(struct table *t, const char *const *names)
{
	for (; *names; names++)
		table_text(t, "%s", *names);
}

#define HEADING(t, ...) heading(t, (const char *const[]){__VA_ARGS__, NULL})

static void
count_cells(struct table *t, const struct align_counts *c)
{
	table_text(t, "%.1f", align_percent(c));
	table_text(t, "%.1f", align_percent_ordered(c));
	table_count(t, c->ours);
	table_count(t, c->truth);
	table_count(t, c->same);
	table_count(t, c->moved);
	table_count(t, c->different);
	table_count(t, c->extra);
	table_count(t, c->missing);
}

static void
print_agreement(const struct validation *v, FILE *f)
{
	struct table *t = table_new("lrrrrrrrrrr");

	fputs("\nPage, access and present bit of each fault, per process\n", f);
	HEADING(t, "", "agree %", "in order %", "replay", "kernel", "same",
		"moved", "different", "extra", "missing", "lost");
	for (unsigned i = 0; i < v->n_runs; i++) {
		if (v->n_runs > 1)
			table_text(t, "run %u", i + 1);
		else
			table_text(t, "all");
		count_cells(t, &v->runs[i].counts);
		table_count(t, v->runs[i].lost);
	}
	table_print(t, f);
}

static void
print_processes(const struct val_run *run, FILE *f)
{
	struct table *t = table_new("rlrrrrrrrrr");

	fputs("\nBy process\n", f);
	HEADING(t, "pid", "program", "agree %", "in order %", "replay",
		"kernel", "same", "moved", "different", "extra", "missing");
	for (size_t i = 0; i < run->n_processes; i++) {
		table_text(t, "%" PRIu32, run->processes[i].pid);
		table_text(t, "%s", run->processes[i].exe);
		count_cells(t, &run->processes[i].counts);
	}
	table_print(t, f);
}

static void
print_each(const struct val_run *run, const struct val_group *g, FILE *f)
{
	for (size_t i = 0; i < run->n_faults; i++)
		if (run->faults[i].group == g->id)
			fprintf(f, "    %" PRIu32 " %#" PRIx64 "\n",
				run->faults[i].pid, run->faults[i].addr);
}

static void
print_disagreement(const struct val_run *run, bool each, FILE *f)
{
	struct table *t = table_new("rlllll");

	fputs("\nWhat does not agree (extra: only in the replay; missing: only "
	      "in the kernel)\n",
	      f);
	HEADING(t, "faults", "", "access", "present", "mapping", "cause");
	for (size_t i = 0; i < run->n_groups; i++) {
		const struct val_group *g = &run->groups[i];

		table_count(t, g->n);
		table_text(t, "%s", g->what);
		table_text(t, "%s", g->access);
		table_text(t, "%s", g->present);
		table_text(t, "%s", g->mapping);
		table_text(t, "%s", g->cause);
	}
	table_print(t, f);
	for (size_t i = 0; each && i < run->n_groups; i++) {
		fprintf(f, "  %s %s: pid, address\n", run->groups[i].what,
			run->groups[i].mapping);
		print_each(run, &run->groups[i], f);
	}
}

static void
print_aside(const struct val_run *run, FILE *f)
{
	const struct align_counts *c = &run->counts;
	struct table *t = table_new("lrrl");

	fputs("\nSet aside, as the recording's doing\n", f);
	HEADING(t, "rule", "kernel", "replay", "why");
	for (size_t r = 1; r < ALIGN_RULE_COUNT; r++) {
		if (!c->aside[r] && !c->aside_ours[r])
			continue;
		table_text(t, "%s", align_rule_names[r]);
		table_count(t, c->aside[r]);
		table_count(t, c->aside_ours[r]);
		table_text(t, "%s", align_rule_help[r]);
	}
	table_print(t, f);
}

/* Sums, and the mappings that differ. */
static void
print_resident(const struct resident *r, FILE *f)
{
	struct table *t = table_new("lrrr");

	if (!r->n_rows)
		return;
	fputs("\nResident when each process ended, pages (smaps)\n", f);
	HEADING(t, "", "pid", "kernel", "replay");
	table_text(t, "all");
	table_text(t, "%s", "");
	table_count(t, r->kernel);
	table_count(t, r->replay);
	for (size_t i = 0; i < r->n_rows; i++) {
		const struct resident_row *row = &r->rows[i];

		if (row->kernel == row->replay)
			continue;
		table_text(t, "%s", row->mapping);
		table_text(t, "%" PRIu32, row->pid);
		table_count(t, row->kernel);
		table_count(t, row->replay);
	}
	table_print(t, f);
}

static void
print_counts(const struct validation *v, const struct val_run *run, FILE *f)
{
	struct table *t = table_new("lrrr");

	fputs("\nCounts, all processes\n", f);
	HEADING(t, "", "minor", "major", "both");
	table_text(t, "without Valgrind, by getrusage");
	table_count(t, v->native.minor);
	table_count(t, v->native.major);
	table_count(t, v->native.minor + v->native.major);
	if (!v->unavailable) {
		table_text(t, "without Valgrind, by tracepoints");
		table_text(t, "-");
		table_text(t, "-");
		table_count(t, v->native.faults);
	}
	table_text(t, "replay");
	table_count(t, run->minor);
	table_count(t, run->major);
	table_count(t, run->minor + run->major);
	table_print(t, f);
}

static void
print_title(const struct validation *v, FILE *f)
{
	fprintf(f, "pagewalk %s\ncommand  ", pagewalk_version);
	print_plain(v->command, f);
	fprintf(f, "\nkernel   Linux %s, ", v->kernel);
	if (v->unavailable)
		fprintf(f,
			"no page faults recorded: only counts are compared\n"
			"         (%s)\n",
			v->unavailable);
	else
		fputs("page-fault tracepoints\n", f);
	fprintf(f, "capture  %s\n", v->backend);
	if (*v->recorded)
		fprintf(f, "recorded %s\n", v->recorded);
	if (v->native.status != v->captured_status)
		fprintf(f,
			"status   %d without Valgrind, %d captured: not the "
			"same run\n",
			v->native.status, v->captured_status);
}

/* Details of the run that agrees least. */
static const struct val_run *
worst(const struct validation *v)
{
	const struct val_run *w = &v->runs[0];

	for (unsigned i = 1; i < v->n_runs; i++)
		if (align_percent(&v->runs[i].counts) <
		    align_percent(&w->counts))
			w = &v->runs[i];
	return w;
}

void
val_text(const struct validation *v, bool each, FILE *f)
{
	const struct val_run *run = worst(v);

	print_title(v, f);
	if (run->compared) {
		print_agreement(v, f);
		if (v->n_runs > 1)
			fputs("\nOf the run that agrees least:\n", f);
		if (run->n_processes > 1)
			print_processes(run, f);
		if (run->n_groups)
			print_disagreement(run, each, f);
		print_aside(run, f);
	}
	print_counts(v, run, f);
	print_resident(&run->resident, f);
}
