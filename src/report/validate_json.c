/* validate_json.c - the same for machines; doc/results.md has the keys.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/jsonkit.h"
#include "report/validate.h"

static json_t *
counts_json(const struct align_counts *c)
{
	json_t *j = json_object();

	json_put(j, "percent", json_real(align_percent(c)));
	json_put(j, "percent_in_order", json_real(align_percent_ordered(c)));
	json_put_number(j, "replay", c->ours);
	json_put_number(j, "kernel", c->truth);
	json_put_number(j, "same", c->same);
	json_put_number(j, "moved", c->moved);
	json_put_number(j, "different", c->different);
	json_put_number(j, "extra", c->extra);
	json_put_number(j, "missing", c->missing);
	return j;
}

static json_t *
aside_json(const struct align_counts *c)
{
	json_t *list = json_object();

	for (size_t r = 1; r < ALIGN_RULE_COUNT; r++) {
		json_t *j = json_object();

		json_put_number(j, "kernel", c->aside[r]);
		json_put_number(j, "replay", c->aside_ours[r]);
		json_put(list, align_rule_names[r], j);
	}
	return list;
}

static json_t *
processes_json(const struct val_run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->n_processes; i++) {
		json_t *j = counts_json(&run->processes[i].counts);

		json_put_number(j, "pid", run->processes[i].pid);
		json_put(j, "program", json_text(run->processes[i].exe));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
faults_json(const struct val_run *run, const struct val_group *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->n_faults; i++) {
		json_t *j;

		if (run->faults[i].group != g->id)
			continue;
		j = json_object();
		json_put_number(j, "pid", run->faults[i].pid);
		json_put_address(j, "address", run->faults[i].addr);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
groups_json(const struct val_run *run)
{
	json_t *list = json_array();

	for (size_t i = 0; i < run->n_groups; i++) {
		const struct val_group *g = &run->groups[i];
		json_t *j = json_object();

		json_put(j, "what", json_text(g->what));
		json_put(j, "access", json_text(g->access));
		json_put(j, "present", json_boolean(*g->present == '1'));
		json_put(j, "mapping", json_text(g->mapping));
		json_put(j, "cause", json_text(g->cause));
		json_put_number(j, "count", g->n);
		json_put(j, "faults", faults_json(run, g));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
resident_json(const struct resident *r)
{
	json_t *all = json_object(), *list = json_array();

	json_put_number(all, "kernel", r->kernel);
	json_put_number(all, "replay", r->replay);
	for (size_t i = 0; i < r->n_rows; i++) {
		json_t *j = json_object();

		json_put_number(j, "pid", r->rows[i].pid);
		json_put(j, "mapping", json_text(r->rows[i].mapping));
		json_put_number(j, "kernel", r->rows[i].kernel);
		json_put_number(j, "replay", r->rows[i].replay);
		json_array_append_new(list, j);
	}
	json_put(all, "mappings", list);
	return all;
}

static json_t *
run_json(const struct val_run *run)
{
	json_t *j = run->compared ? counts_json(&run->counts) : json_object();

	json_put_number(j, "minor", run->minor);
	json_put_number(j, "major", run->major);
	if (run->resident.n_rows)
		json_put(j, "resident", resident_json(&run->resident));
	if (!run->compared)
		return j;
	json_put_number(j, "lost", run->lost);
	json_put(j, "aside", aside_json(&run->counts));
	json_put(j, "processes", processes_json(run));
	json_put(j, "disagreements", groups_json(run));
	return j;
}

static json_t *
native_json(const struct validation *v)
{
	json_t *j = json_object();

	json_put_number(j, "minor", v->native.minor);
	json_put_number(j, "major", v->native.major);
	if (!v->unavailable)
		json_put_number(j, "tracepoints", v->native.faults);
	json_put(j, "status", json_integer(v->native.status));
	return j;
}

static json_t *
validation_json(const struct validation *v)
{
	json_t *root = json_object(), *runs = json_array();

	json_put_schema(root, "pagewalk-validation", 1);
	json_put(root, "command", json_text(v->command));
	json_put(root, "kernel", json_text(v->kernel));
	json_put(root, "backend", json_text(v->backend));
	json_put(root, "recorded", json_text(v->recorded));
	json_put(root, "method",
		 json_string(v->unavailable ? "counts" : "tracepoints"));
	if (v->unavailable)
		json_put(root, "unavailable", json_text(v->unavailable));
	json_put(root, "agreement", json_real(val_agreement(v)));
	json_put(root, "native", native_json(v));
	json_put(root, "captured_status", json_integer(v->captured_status));
	for (unsigned i = 0; i < v->n_runs; i++)
		json_array_append_new(runs, run_json(&v->runs[i]));
	json_put(root, "runs", runs);
	return root;
}

bool
val_json(const struct validation *v, const char *path, struct err *e)
{
	return json_write(validation_json(v), path, e);
}
