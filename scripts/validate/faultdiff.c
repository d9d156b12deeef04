/*
 * faultdiff.c - compare a replay's fault log with the kernel's own faults.
 *
 * faultdiff [-v1a] OURS.csv TRUTH.txt
 * OURS is what `pagewalk run --fault-log` writes, TRUTH what truth.awk does.
 * Prints one line of counts, what was set aside by rule, and what does not
 * agree by mapping and cause; -v each fault that does not agree.
 * -1: only the line of counts, for a table.  -a: both sequences whole.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/map.h"
#include "base/xalloc.h"
#include "report/align.h"

#define LINE 4096

/* A mapping as perf saw it made; the last that covers an address counts. */
struct mapping {
	uint64_t start, end;
	size_t at; /* number of faults recorded before it */
	uint32_t pid;
	char perms[8];
	char *path;
};

struct log {
	struct align_fault *faults;
	char (*kind)[24]; /* ours: the kernel path taken */
	size_t n, cap, cap_kind;
};

struct truth {
	struct log log;
	struct mapping *maps;
	size_t n_maps, cap_maps;
	struct map running; /* pids whose image is Valgrind's tool */
	struct map forked;  /* pids forked since their last exec */
	struct map parents;
	uint64_t lost;
};

/* Faults that do not agree, counted by what they have in common. */
struct group {
	char what[256];
	size_t n;
};

static FILE *
open_input(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

static struct align_fault *
add_fault(struct log *log, const struct align_fault *f)
{
	log->faults =
	    xgrow(log->faults, log->n, &log->cap, sizeof(*log->faults));
	log->kind =
	    xgrow(log->kind, log->n, &log->cap_kind, sizeof(*log->kind));
	log->faults[log->n] = *f;
	log->kind[log->n][0] = '\0';
	return &log->faults[log->n++];
}

/* seq,instruction,pid,tid,address,access,mode,present,kind,major,cycles */
static void
read_ours(const char *path, struct log *log)
{
	FILE *f = open_input(path);
	char line[LINE];

	while (fgets(line, sizeof(line), f)) {
		struct align_fault x = {0};
		char address[32], access[16], mode[16], kind[24];
		unsigned present;

		if (sscanf(line,
			   "%*[^,],%*[^,],%" SCNu32 ",%" SCNu32
			   ",%31[^,],%15[^,],%15[^,],%u,%23[^,]",
			   &x.pid, &x.tid, address, access, mode, &present,
			   kind) != 7)
			continue;
		x.addr = strtoull(address, NULL, 0);
		x.write = !strcmp(access, "write");
		x.fetch = !strcmp(access, "exec");
		x.kernel = !strcmp(mode, "kernel");
		x.present = present != 0;
		add_fault(log, &x);
		memcpy(log->kind[log->n - 1], kind, sizeof(kind));
	}
	fclose(f);
}

static void
read_fault(struct truth *t, const char *line)
{
	struct align_fault x = {0};
	unsigned long long error;
	char mode, ip[128];
	uint64_t runs, forked;

	if (sscanf(line, "F %" SCNu32 " %" SCNu32 " %c %" SCNx64 " %127s %llx",
		   &x.pid, &x.tid, &mode, &x.addr, ip, &error) != 6)
		return;
	x.ip = strtoull(ip, NULL, 16);
	x.kernel = mode == 'k';
	if (x.kernel)
		x.ip = UINT64_MAX;
	x.present = error & 1;
	x.write = error >> 1 & 1;
	x.fetch = error >> 4 & 1;
	if (!map_get(&t->running, x.pid, &runs) || !runs)
		x.rule = RULE_LAUNCH;
	x.forked = map_get(&t->forked, x.pid, &forked) && forked;
	add_fault(&t->log, &x);
}

static void
read_mapping(struct truth *t, const char *line)
{
	struct mapping m = {.at = t->log.n};
	char path[LINE];
	uint64_t len;

	if (sscanf(line, "M %" SCNu32 " %" SCNx64 " %" SCNx64 " %7s %4095[^\n]",
		   &m.pid, &m.start, &len, m.perms, path) != 5)
		return;
	m.end = m.start + len;
	m.path = xstrdup(path);
	t->maps = xgrow(t->maps, t->n_maps, &t->cap_maps, sizeof(*t->maps));
	t->maps[t->n_maps++] = m;
}

static void
read_process(struct truth *t, const char *line)
{
	uint32_t a, b;
	uint64_t runs = 0;

	if (sscanf(line, "X %" SCNu32, &a) == 1) {
		map_put(&t->running, a,
			strstr(line, "pagewalk-amd64-") ||
			    strstr(line, "-amd64-li"));
		map_put(&t->forked, a, false);
	} else if (sscanf(line, "C %" SCNu32 " %" SCNu32, &a, &b) == 2) {
		map_get(&t->running, a, &runs);
		map_put(&t->running, b, runs);
		map_put(&t->forked, b, true);
		map_put(&t->parents, b, a);
	}
}

static void
read_truth(const char *path, struct truth *t)
{
	FILE *f = open_input(path);
	char line[LINE];

	while (fgets(line, sizeof(line), f)) {
		if (line[0] == 'F')
			read_fault(t, line);
		else if (line[0] == 'M')
			read_mapping(t, line);
		else if (line[0] == 'L')
			t->lost = strtoull(line + 1, NULL, 10);
		else
			read_process(t, line);
	}
	fclose(f);
}

/* The mapping of an address in pid, or in the process it was forked from. */
static const struct mapping *
mapping_of(const struct truth *t, uint32_t pid, uint64_t addr, size_t at)
{
	uint64_t parent = pid;

	do {
		for (size_t i = t->n_maps; i-- > 0;) {
			const struct mapping *m = &t->maps[i];

			if (m->pid == parent && m->at <= at &&
			    addr >= m->start && addr < m->end)
				return m;
		}
	} while (map_get(&t->parents, (uint32_t)parent, &parent));
	return NULL;
}

static const char *
access_name(const struct align_fault *f)
{
	return f->write ? "write" : f->fetch ? "exec" : "read";
}

/* Who made a fault of the truth happen. */
static const char *
actor(const struct align_fault *f)
{
	if (f->kernel)
		return "kernel";
	if (f->ip >= align_valgrind_amd64.image.start &&
	    f->ip < align_valgrind_amd64.image.end)
		return f->write ? "valgrind" : "valgrind(code or string)";
	return "program";
}

static void
describe(const struct truth *t, const struct log *log, size_t i, bool ours,
	 char *out, size_t size)
{
	const struct align_fault *f = &log->faults[i];
	size_t at = ours ? SIZE_MAX : i;
	const struct mapping *m = mapping_of(t, f->pid, f->addr, at);

	snprintf(out, size, "%s %s P=%d %s %s %s", ours ? "extra" : "missing",
		 access_name(f), f->present, m ? m->path : "?",
		 m ? m->perms : "?", ours ? log->kind[i] : actor(f));
}

static void
describe_pair(const struct truth *t, const struct log *ours, size_t i,
	      char *out, size_t size)
{
	const struct align_fault *a = &ours->faults[i];
	const struct align_fault *b = &t->log.faults[a->partner];
	const struct mapping *m = mapping_of(t, b->pid, b->addr, a->partner);

	snprintf(out, size,
		 "differ ours %s P=%d (%s), truth %s P=%d (%s) %s %s",
		 access_name(a), a->present, ours->kind[i], access_name(b),
		 b->present, actor(b), m ? m->path : "?", m ? m->perms : "?");
}

static int
group_cmp(const void *x, const void *y)
{
	const struct group *a = x, *b = y;

	return a->n != b->n ? (a->n < b->n ? 1 : -1) : strcmp(a->what, b->what);
}

static void
tally(struct group **g, size_t *n, size_t *cap, const char *what)
{
	for (size_t i = 0; i < *n; i++) {
		if (!strcmp((*g)[i].what, what)) {
			(*g)[i].n++;
			return;
		}
	}
	*g = xgrow(*g, *n, cap, sizeof(**g));
	snprintf((*g)[*n].what, sizeof((*g)[*n].what), "%s", what);
	(*g)[(*n)++].n = 1;
}

/* Walk what does not agree: print each (verbose) or count alike ones. */
static void
explain(const struct log *ours, const struct truth *t, bool verbose)
{
	struct group *g = NULL;
	size_t n = 0, cap = 0;
	char what[256];

	for (int side = 0; side < 2; side++) {
		const struct log *log = side ? &t->log : ours;

		for (size_t i = 0; i < log->n; i++) {
			const struct align_fault *f = &log->faults[i];

			if (f->verdict == ALIGN_ALONE)
				describe(t, log, i, !side, what, sizeof(what));
			else if (f->verdict == ALIGN_DIFFERENT && !side)
				describe_pair(t, ours, i, what, sizeof(what));
			else
				continue;
			tally(&g, &n, &cap, what);
			if (verbose)
				printf("%s[%zu] %" PRIu32 " %#" PRIx64 " %s\n",
				       side ? "truth" : "ours", i, f->pid,
				       f->addr, what);
		}
	}
	qsort(g, n, sizeof(*g), group_cmp);
	for (size_t i = 0; i < n; i++)
		printf("%6zu  %s\n", g[i].n, g[i].what);
	free(g);
}

static void
print_rules(const struct align_counts *c)
{
	for (size_t r = 1; r < ALIGN_RULE_COUNT; r++)
		if (c->aside[r] || c->aside_ours[r])
			printf("aside %-12s truth %6zu ours %4zu  %s\n",
			       align_rule_names[r], c->aside[r],
			       c->aside_ours[r], align_rule_help[r]);
}

/* Every fault of both sides in one order, for reading by eye. */
static void
print_all(const struct log *ours, const struct truth *t)
{
	static const char mark[ALIGN_VERDICTS] = {'!', '=', '~', '#', ' '};
	size_t a = 0;

	for (size_t b = 0; b <= t->log.n; b++) {
		const struct align_fault *f = &t->log.faults[b];
		bool end = b == t->log.n;

		if (!end && (f->verdict == ALIGN_ASIDE))
			continue;
		for (; a < ours->n; a++) {
			const struct align_fault *o = &ours->faults[a];

			if (o->verdict == ALIGN_SAME &&
			    (end || o->partner >= b))
				break;
			if (o->verdict == ALIGN_SAME)
				continue;
			printf("%c ours  %u %#" PRIx64 " %s P=%d %s\n",
			       mark[o->verdict], o->pid, o->addr,
			       access_name(o), o->present, ours->kind[a]);
		}
		if (!end)
			printf("%c truth %u %#" PRIx64 " %s P=%d %s\n",
			       mark[f->verdict], f->pid, f->addr,
			       access_name(f), f->present, actor(f));
	}
}

int
main(int argc, char **argv)
{
	bool verbose = false, brief = false, all = false;
	struct align_counts c;
	struct truth t = {0};
	struct log ours = {0};
	int opt;

	while ((opt = getopt(argc, argv, "v1a")) != -1) {
		verbose |= opt == 'v';
		brief |= opt == '1';
		all |= opt == 'a';
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: faultdiff [-v1a] OURS.csv TRUTH.txt\n");
		return 2;
	}
	read_ours(argv[optind], &ours);
	read_truth(argv[optind + 1], &t);
	truth_mark(t.log.faults, t.log.n, ours.faults, ours.n,
		   &align_valgrind_amd64);
	align_faults(ours.faults, ours.n, t.log.faults, t.log.n,
		     &align_valgrind_amd64, &c);
	printf("agree %.1f%% ordered %.1f%% ours %zu truth %zu same %zu moved "
	       "%zu different %zu extra %zu missing %zu lost %" PRIu64 "\n",
	       align_percent(&c), align_percent_ordered(&c), c.ours, c.truth,
	       c.same, c.moved, c.different, c.extra, c.missing, t.lost);
	if (all)
		print_all(&ours, &t);
	if (!brief) {
		print_rules(&c);
		explain(&ours, &t, verbose);
	}
	return 0;
}
