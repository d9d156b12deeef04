/* validate.c - see validate.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/validate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/kernel.h"
#include "base/map.h"
#include "base/xalloc.h"
#include "os/os.h"
#include "sim/replay.h"
#include "trace/kernel_faults.h"

/* A mapping the kernel told of; the last that covers an address counts. */
struct kmap {
	uint64_t start, end;
	size_t at; /* faults recorded before it */
	uint32_t pid;
	uint8_t prot;
	bool shared;
	const char *path;
};

/* The kernel's side, as it is read from its records. */
struct truth {
	struct align_fault *faults;
	struct kmap *maps;
	size_t n, cap, n_maps, cap_maps;
	struct map ours;    /* pids that the trace has */
	struct map running; /* pids whose image is Valgrind's tool */
	struct map forked;  /* pids forked since their last exec */
	struct map parents;
};

struct comparison {
	struct val_run *run;
	struct val_ours *ours;
	struct truth truth;
	const struct os *os;
};

/* Ours --------------------------------------------------------------------- */

void
val_ours_add(struct val_ours *o, const struct fault_record *r)
{
	const struct fault *f = r->fault;

	o->faults = xgrow(o->faults, o->n, &o->cap, sizeof(*o->faults));
	o->causes = xgrow(o->causes, o->n, &o->cap_causes, sizeof(*o->causes));
	o->faults[o->n] = (struct align_fault){
	    .addr = f->va.raw,
	    .pid = r->pid,
	    .tid = r->tid,
	    .write = f->access == ACC_WRITE,
	    .fetch = f->access == ACC_EXEC,
	    .present = f->present,
	    .kernel = f->mode == MODE_KERNEL,
	};
	o->causes[o->n++] = (struct val_cause){f->area, f->kind};
}

void
val_ours_free(struct val_ours *o)
{
	free(o->faults);
	free(o->causes);
	*o = (struct val_ours){0};
}

/* The kernel's ------------------------------------------------------------- */

static bool
is_set(const struct map *m, uint32_t pid)
{
	uint64_t v;

	return map_get(m, pid, &v) && v;
}

/* The mapping of an address in pid, or in the process it was forked from. */
static const struct kmap *
mapping_of(const struct truth *t, uint32_t pid, uint64_t addr, size_t at)
{
	uint64_t parent = pid;

	do {
		for (size_t i = t->n_maps; i-- > 0;) {
			const struct kmap *m = &t->maps[i];

			if (m->pid == parent && m->at <= at &&
			    addr >= m->start && addr < m->end)
				return m;
		}
	} while (map_get(&t->parents, (uint32_t)parent, &parent));
	return NULL;
}

/* Valgrind gives the brk area a private anonymous mapping, executable. */
static bool
may_be_heap(const struct kmap *m)
{
	return m && !m->shared && !strcmp(m->path, "//anon") &&
	       m->prot == (PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void
take_fault(struct truth *t, const struct kf_record *r)
{
	struct align_fault f = {
	    .addr = r->addr,
	    .ip = r->kernel ? UINT64_MAX : r->ip,
	    .pid = r->pid,
	    .tid = r->tid,
	    .kernel = r->kernel,
	    .present = r->error & 1,
	    .write = r->error >> 1 & 1,
	    .fetch = r->error >> 4 & 1,
	    .forked = is_set(&t->forked, r->pid),
	};

	if (!is_set(&t->ours, r->pid) || !is_set(&t->running, r->pid))
		f.rule = RULE_LAUNCH;
	else if (f.write && !f.present && !f.kernel)
		f.heap = may_be_heap(mapping_of(t, r->pid, r->addr, t->n));
	t->faults = xgrow(t->faults, t->n, &t->cap, sizeof(*t->faults));
	t->faults[t->n++] = f;
}

static void
take_map(struct truth *t, const struct kf_record *r)
{
	t->maps = xgrow(t->maps, t->n_maps, &t->cap_maps, sizeof(*t->maps));
	t->maps[t->n_maps++] = (struct kmap){.start = r->start,
					     .end = r->end,
					     .at = t->n,
					     .pid = r->pid,
					     .prot = r->prot,
					     .shared = r->shared,
					     .path = r->name};
}

static void
take_records(struct truth *t, const struct kf_record *r, size_t n)
{
	for (; n; n--, r++) {
		switch ((enum kf_kind)r->kind) {
		case KF_FAULT:
			take_fault(t, r);
			break;
		case KF_MAP:
			take_map(t, r);
			break;
		case KF_EXEC:
			/* "lackey-amd64-linux", cut by the kernel */
			map_put(&t->running, r->pid,
				strstr(r->name, "-amd64-") != NULL);
			map_put(&t->forked, r->pid, false);
			break;
		case KF_FORK:
			map_put(&t->running, r->pid,
				is_set(&t->running, r->parent));
			map_put(&t->forked, r->pid, true);
			map_put(&t->parents, r->pid, r->parent);
			break;
		}
	}
}

static void
truth_free(struct truth *t)
{
	free(t->faults);
	free(t->maps);
	map_free(&t->ours);
	map_free(&t->running);
	map_free(&t->forked);
	map_free(&t->parents);
}

/* What does not agree ------------------------------------------------------ */

static const char *
access_name(const struct align_fault *f)
{
	return f->write ? "write" : f->fetch ? "exec" : "read";
}

/* Who made a fault of the kernel's happen. */
static const char *
actor(const struct align_fault *f)
{
	if (f->kernel)
		return "the kernel, for the program";
	if (f->ip >= align_valgrind_amd64.image.start &&
	    f->ip < align_valgrind_amd64.image.end)
		return f->write ? "Valgrind" : "Valgrind, code or a string";
	return "the program";
}

static char *
mapping_text(const struct kmap *m)
{
	if (!m)
		return xstrdup("(no mapping)");
	return xasprintf(
	    "%s %c%c%c%c", strcmp(m->path, "//anon") ? m->path : "[anon]",
	    m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
	    m->prot & PROT_EXEC ? 'x' : '-', m->shared ? 's' : 'p');
}

static const char *
area_name(const struct os *os, uint32_t id)
{
	return id < os_area_count(os) ? os_area(os, id)->name : "";
}

static char *
area_text(const struct os *os, uint32_t id)
{
	const struct area *a = id < os_area_count(os) ? os_area(os, id) : NULL;

	return a ? xasprintf("%s %s", a->name, a->perms)
		 : xstrdup("(no mapping)");
}

static bool
same_group(const struct val_group *a, const struct val_group *b)
{
	return a->what == b->what && a->access == b->access &&
	       a->present == b->present && !strcmp(a->mapping, b->mapping) &&
	       !strcmp(a->cause, b->cause);
}

/* Takes over g's strings. */
static void
note(struct val_run *run, const struct align_fault *f, struct val_group g)
{
	size_t i = 0;

	while (i < run->n_groups && !same_group(&run->groups[i], &g))
		i++;
	if (i < run->n_groups) {
		free(g.mapping);
		free(g.cause);
	} else {
		run->groups = xgrow(run->groups, i, &run->cap_groups,
				    sizeof(*run->groups));
		g.id = run->n_groups++;
		run->groups[i] = g;
	}
	run->groups[i].n++;
	run->faults = xgrow(run->faults, run->n_faults, &run->cap_faults,
			    sizeof(*run->faults));
	run->faults[run->n_faults++] = (struct val_fault){f->addr, f->pid, i};
}

static struct val_group
group_of(const struct align_fault *f, const char *what, char *mapping,
	 char *cause)
{
	return (struct val_group){.what = what,
				  .access = access_name(f),
				  .present = f->present ? "1" : "0",
				  .mapping = mapping,
				  .cause = cause};
}

static void
note_ours(struct comparison *c, size_t i)
{
	const struct align_fault *f = &c->ours->faults[i];
	const struct val_cause *why = &c->ours->causes[i];
	const char *kind = fault_kind_names[why->kind];
	const struct align_fault *other;

	if (f->verdict == ALIGN_ALONE) {
		note(c->run, f,
		     group_of(f, "extra", area_text(c->os, why->area),
			      xstrdup(kind)));
	} else if (f->verdict == ALIGN_DIFFERENT) {
		other = &c->truth.faults[f->partner];
		note(c->run, f,
		     group_of(f, "different", area_text(c->os, why->area),
			      xasprintf("%s; there %s, present %d, by %s", kind,
					access_name(other), other->present,
					actor(other))));
	}
}

static void
note_truth(struct comparison *c, size_t i)
{
	const struct align_fault *f = &c->truth.faults[i];
	const struct kmap *m;

	if (f->verdict != ALIGN_ALONE)
		return;
	m = mapping_of(&c->truth, f->pid, f->addr, i);
	note(c->run, f,
	     group_of(f, "missing", mapping_text(m), xstrdup(actor(f))));
}

static int
by_count(const void *x, const void *y)
{
	const struct val_group *a = x, *b = y;

	if (a->n != b->n)
		return a->n < b->n ? 1 : -1;
	return a->id < b->id ? -1 : 1;
}

/* By process --------------------------------------------------------------- */

static void
count_verdict(struct align_counts *c, const struct align_fault *f, bool ours)
{
	if (f->verdict == ALIGN_ASIDE)
		return;
	c->ours += ours;
	c->truth += !ours;
	c->extra += ours && f->verdict == ALIGN_ALONE;
	c->missing += !ours && f->verdict == ALIGN_ALONE;
	c->same += ours && f->verdict == ALIGN_SAME;
	c->moved += ours && f->verdict == ALIGN_MOVED;
	c->different += ours && f->verdict == ALIGN_DIFFERENT;
}

static void
count_processes(struct comparison *c)
{
	struct val_run *run = c->run;
	uint64_t at;

	for (size_t i = 0; i < run->n_processes; i++)
		map_put(&c->truth.ours, run->processes[i].pid, i + 1);
	for (size_t i = 0; i < c->ours->n; i++)
		if (map_get(&c->truth.ours, c->ours->faults[i].pid, &at))
			count_verdict(&run->processes[at - 1].counts,
				      &c->ours->faults[i], true);
	for (size_t i = 0; i < c->truth.n; i++)
		if (map_get(&c->truth.ours, c->truth.faults[i].pid, &at))
			count_verdict(&run->processes[at - 1].counts,
				      &c->truth.faults[i], false);
}

static void
list_processes(struct comparison *c)
{
	struct val_run *run = c->run;

	run->n_processes = os_process_count(c->os);
	run->processes = xcalloc(run->n_processes + 1, sizeof(*run->processes));
	for (uint32_t i = 0; i < run->n_processes; i++) {
		struct os_process p;

		os_process(c->os, i, &p);
		run->processes[i].pid = p.pid;
		run->processes[i].exe = xstrdup(p.exe);
		run->minor += p.minor;
		run->major += p.major;
		map_put(&c->truth.ours, p.pid, true);
	}
}

void
val_compare(struct val_run *run, struct val_ours *ours, const struct os *os,
	    const struct kf_record *records, size_t n)
{
	struct comparison c = {.run = run, .ours = ours, .os = os};
	struct truth *t = &c.truth;

	run->compared = records != NULL;
	list_processes(&c);
	for (size_t i = 0; i < ours->n; i++)
		ours->faults[i].heap =
		    !strcmp(area_name(os, ours->causes[i].area), "[heap]");
	if (records) {
		take_records(t, records, n);
		truth_mark(t->faults, t->n, ours->faults, ours->n,
			   &align_valgrind_amd64);
		align_faults(ours->faults, ours->n, t->faults, t->n,
			     &align_valgrind_amd64, &run->counts);
		for (size_t i = 0; i < ours->n; i++)
			note_ours(&c, i);
		for (size_t i = 0; i < t->n; i++)
			note_truth(&c, i);
		if (run->n_groups)
			qsort(run->groups, run->n_groups, sizeof(*run->groups),
			      by_count);
		count_processes(&c);
	}
	truth_free(t);
}

void
val_run_free(struct val_run *run)
{
	for (size_t i = 0; i < run->n_groups; i++) {
		free(run->groups[i].mapping);
		free(run->groups[i].cause);
	}
	for (size_t i = 0; i < run->n_processes; i++)
		free(run->processes[i].exe);
	free(run->groups);
	free(run->faults);
	free(run->processes);
	resident_free(&run->resident);
	*run = (struct val_run){0};
}

/* Whether counts are near: the smaller of the greater. */
static double
count_agreement(const struct validation *v, const struct val_run *run)
{
	double a = (double)(v->native.minor + v->native.major);
	double b = (double)(run->minor + run->major);
	double more = a > b ? a : b;

	return more > 0 ? 100.0 * (a < b ? a : b) / more : 100.0;
}

double
val_agreement(const struct validation *v)
{
	double worst = 100;

	for (unsigned i = 0; i < v->n_runs; i++) {
		const struct val_run *run = &v->runs[i];
		double p = run->compared ? align_percent(&run->counts)
					 : count_agreement(v, run);

		worst = p < worst ? p : worst;
	}
	return worst;
}
