/* text.c - the report for people.
 *
 * Each section is one function that prints a heading and a table; rows that
 * are all zero are left out.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/release.h"
#include "base/xalloc.h"
#include "report/report.h"
#include "report/table.h"
#include "report/windows.h"
#include "sim/recorded.h"
#include "sim/result.h"
#include "trace/reader.h"

#define MAX_WHAT_IFS 8  /* columns */
#define MAX_MAPPINGS 20 /* rows of the table of mappings */

const char *
level_name(unsigned level)
{
	static const char *const names[WALK_LEVELS] = {
	    "pte",        "pde",        "pdpte",      "pml4e",
	    "pml5e",      "level5",     "host_pte",   "host_pde",
	    "host_pdpte", "host_pml4e", "host_pml5e", "host_level5"};

	return names[level];
}

const char *
page_size_name(unsigned shift, char buf[8])
{
	static const char units[] = "BKMGTP";

	snprintf(buf, 8, "%u%c", 1u << shift % 10, units[shift / 10 % 6]);
	return buf;
}

static void
heading(struct table *t, const char *const *names)
{
	for (; *names; names++)
		table_text(t, "%s", *names);
}

#define HEADING(t, ...) heading(t, (const char *const[]){__VA_ARGS__, NULL})

/* Settings taken over from the machine the trace is from. */
static void
print_recorded(const struct run_result *r, FILE *f)
{
	char *settings = recorded_in_force(r->lanes[0].conf);

	if (*settings)
		fprintf(f, "recorded %s\n", settings);
	free(settings);
}

/* Where to end a line of at most width: behind a space or comma, if it can. */
static size_t
line_length(const char *s, size_t width)
{
	size_t n = strlen(s), end = width;

	if (n <= width)
		return n;
	while (end && s[end - 1] != ' ' && s[end - 1] != ',')
		end--;
	return end ? end : width;
}

/* What the recording could not see, so that no table is taken for more. */
static void
print_blind(const struct result_trace *t, FILE *f)
{
	const char *blind = trace_provenance(t->reader, "capture.blind");

	for (const char *label = "unknown"; blind && *blind; label = "") {
		char *line = xstrndup(blind, line_length(blind, 70));

		fprintf(f, "%-9s", label);
		print_plain(line, f);
		putc('\n', f);
		blind += strlen(line);
		blind += strspn(blind, " ");
		free(line);
	}
}

static void
print_damage(const struct result_trace *t, FILE *f)
{
	for (size_t i = 0; i < trace_damage_count(t->reader); i++) {
		fprintf(f, "damage   at byte %" PRIu64 ": ",
			trace_damage(t->reader, i)->offset);
		print_plain(trace_damage(t->reader, i)->reason, f);
		putc('\n', f);
	}
}

static void
print_trace(const struct result_trace *t, FILE *f)
{
	const char *command = trace_provenance(t->reader, "command");

	fprintf(f, "trace    %s%s", t->path, command ? ": " : "");
	print_plain(command ? command : "", f);
	putc('\n', f);
	print_blind(t, f);
	print_damage(t, f);
}

static void
print_title(const struct run_result *r, FILE *f)
{
	fprintf(f, "pagewalk %s\n", pagewalk_version);
	for (unsigned i = 0; i < r->n_traces; i++)
		print_trace(&r->traces[i], f);
	fprintf(f, "machine ");
	for (unsigned i = 0; i < r->n_lanes; i++)
		fprintf(f, " %s%s", r->lanes[i].name,
			i + 1 < r->n_lanes ? "," : "");
	fprintf(f, "; Linux %u.%u\n", r->lanes[0].config->os.kernel / 100,
		r->lanes[0].config->os.kernel % 100);
	print_recorded(r, f);
	if (r->skip || r->warmup || r->limit)
		fprintf(f,
			"part     skipped %" PRIu64 ", warm-up %" PRIu64
			", limit %" PRIu64 " instructions\n",
			r->skip, r->warmup, r->limit);
	if (r->roi) {
		fputs("part     from the marker ", f);
		print_plain(r->roi, f);
		fputs(" to the next\n", f);
	}
	if (!r->complete)
		fputs("part     ended before the trace did\n", f);
}

static void
print_references(const struct run_result *r, FILE *f)
{
	const struct replay_counts *n = r->counts;
	struct table *t = table_new("rrrrrr");

	fputs("\nReferences\n", f);
	HEADING(t, "all", "instructions", "loads", "stores", "modifies",
		"visits");
	table_count(t, n->references);
	table_count(t, n->instructions);
	table_count(t, n->loads);
	table_count(t, n->stores);
	table_count(t, n->modifies);
	table_count(t, n->visits);
	table_print(t, f);
}

static void
tlb_row(struct table *t, const char *name, uint64_t lookups, uint64_t hits,
	uint64_t misses, uint64_t instructions)
{
	table_text(t, "%s", name);
	table_count(t, lookups);
	table_count(t, hits);
	table_count(t, misses);
	table_ratio(t, 100.0 * (double)misses, (double)lookups, 3);
	table_ratio(t, 1000.0 * (double)misses, (double)instructions, 3);
}

static void
print_tlbs(const struct lane_stats *s, FILE *f)
{
	const struct lane_config *c = s->config;
	struct table *t = table_new("lrrrrr");
	char name[32];

	fputs("\nTLBs\n", f);
	HEADING(t, "", "lookups", "hits", "misses", "miss %", "MPKI");
	for (unsigned i = 0; i < c->n_tlbs; i++)
		if (s->tlb[i].lookups)
			tlb_row(t, c->tlb[i].name, s->tlb[i].lookups,
				s->tlb[i].hits, s->tlb[i].misses,
				s->instructions);
	for (unsigned i = 0; i < s->n_levels; i++) {
		snprintf(name, sizeof name, "all of level %u", i + 1);
		tlb_row(t, name, s->level[i].lookups, s->level[i].hits,
			s->level[i].misses, s->instructions);
	}
	table_print(t, f);
}

static void
print_page_sizes(const struct lane_stats *s, FILE *f)
{
	struct table *t = table_new("lrrrrrr");
	char name[8];

	fputs("\nBy page size\n", f);
	HEADING(t, "", "references", "L1 misses", "STLB hits", "walks",
		"walk cycles", "mean");
	for (unsigned i = 0; i < PAGING_MAX_LEVELS; i++) {
		const struct size_stats *z = &s->size[i];

		if (!z->references && !z->walks)
			continue;
		table_text(t, "%s", page_size_name(z->page_shift, name));
		table_count(t, z->references);
		table_count(t, z->l1_misses);
		table_count(t, z->stlb_hits);
		table_count(t, z->walks);
		table_count(t, z->walk_cycles);
		table_ratio(t, (double)z->walk_cycles, (double)z->walks, 1);
	}
	table_print(t, f);
}

static void
print_walks(const struct lane_stats *s, FILE *f)
{
	struct table *t = table_new("rrrrrrrr");

	fputs("\nPage walks\n", f);
	HEADING(t, "all", "for code", "for data", "failed", "cycles", "mean",
		"p50", "p99");
	table_count(t, s->walks);
	table_count(t, s->walks_insn);
	table_count(t, s->walks_data);
	table_count(t, s->walks_failed);
	table_count(t, s->walk_cycles);
	table_ratio(t, (double)s->walk_cycles, (double)s->walks, 1);
	table_count(t, s->walk_p50);
	table_count(t, s->walk_p99);
	table_print(t, f);
}

static uint64_t
sum(const uint64_t *v, unsigned n)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < n; i++)
		total += v[i];
	return total;
}

/* One row a level of the table; walks load on the data side. */
static void
print_pte_loads(const struct lane_stats *s, FILE *f)
{
	const struct lane_config *c = s->config;
	char align[LANE_MAX_CACHES + 4] = "lrr"; /* level, loads, memory */
	struct table *t;

	for (unsigned k = 0; k < c->n_caches; k++)
		if (cache_takes_walks(&c->cache[k], true))
			align[strlen(align)] = 'r';
	t = table_new(align);
	fputs("\nEntries loaded by walks, and where they were\n", f);
	HEADING(t, "", "loads");
	for (unsigned k = 0; k < c->n_caches; k++)
		if (cache_takes_walks(&c->cache[k], true))
			table_text(t, "%s", c->cache[k].name);
	table_text(t, "memory");
	for (unsigned i = 0; i < WALK_LEVELS; i++) {
		if (!stats_has_level(c, i))
			continue;
		table_text(t, "%s", level_name(i));
		table_count(t, sum(s->pte_loads_at[i], c->n_caches + 1));
		for (unsigned k = 0; k <= c->n_caches; k++)
			if (k == c->n_caches ||
			    cache_takes_walks(&c->cache[k], true))
				table_count(t, s->pte_loads_at[i][k]);
	}
	table_print(t, f);
}

static void
print_walk_caches(const struct lane_stats *s, FILE *f)
{
	struct table *t;

	if (!s->config->n_pwcs)
		return;
	t = table_new("lrrr");
	fputs("\nWalk caches\n", f);
	HEADING(t, "", "lookups", "hits", "hit %");
	for (unsigned i = 0; i < s->config->n_pwcs; i++) {
		table_text(t, "%s", s->config->pwc[i].name);
		table_count(t, s->pwc[i].lookups);
		table_count(t, s->pwc[i].hits);
		table_ratio(t, 100.0 * (double)s->pwc[i].hits,
			    (double)s->pwc[i].lookups, 1);
	}
	table_print(t, f);
}

static void
print_caches(const struct lane_stats *s, FILE *f)
{
	struct table *t;

	if (!s->config->data_caches)
		return;
	t = table_new("lrrrr");
	fputs("\nData caches (references of the program)\n", f);
	HEADING(t, "", "lookups", "hits", "misses", "miss %");
	for (unsigned i = 0; i < s->config->n_caches; i++) {
		if (s->config->cache[i].sides == SIDE_WALK)
			continue;
		table_text(t, "%s", s->config->cache[i].name);
		table_count(t, s->cache[i].lookups);
		table_count(t, s->cache[i].hits);
		table_count(t, s->cache[i].misses);
		table_ratio(t, 100.0 * (double)s->cache[i].misses,
			    (double)s->cache[i].lookups, 2);
	}
	table_print(t, f);
}

static void
print_faults(const struct run_result *r, const struct lane_stats *s, FILE *f)
{
	const struct replay_counts *n = r->counts;
	struct table *t = table_new("lrrrrl");

	fprintf(f,
		"\nPage faults: %" PRIu64 " minor, %" PRIu64 " major, %" PRIu64
		" refused by a signal\n",
		n->minor, n->major, n->signals);
	HEADING(t, "", "count", "major", "cycles", "each", "");
	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++) {
		if (!n->by_kind[k])
			continue;
		table_text(t, "%s", fault_kind_names[k]);
		table_count(t, n->by_kind[k]);
		table_count(t, r->major_by_kind[k]);
		table_count(t, s->by_kind[k].cycles);
		table_ratio(t, (double)s->by_kind[k].cycles,
			    (double)s->by_kind[k].count, 0);
		table_text(t, "%s", fault_kind_help[k]);
	}
	table_print(t, f);
}

static void
print_causes(const struct lane_stats *s, FILE *f)
{
	struct table *t = table_new("lrrrl");

	fprintf(f, "\nCycles by cause, at %g GHz: %.3f ms\n",
		s->config->frequency_ghz,
		(double)s->cycles / s->config->frequency_ghz * 1e-6);
	HEADING(t, "", "cycles", "%", "per insn", "");
	for (unsigned k = 0; k < CAUSE_COUNT; k++) {
		if (!s->by_cause[k])
			continue;
		table_text(t, "%s", cause_names[k]);
		table_count(t, s->by_cause[k]);
		table_ratio(t, 100.0 * (double)s->by_cause[k],
			    (double)s->cycles, 2);
		table_ratio(t, (double)s->by_cause[k], (double)s->instructions,
			    4);
		table_text(t, "%s", cause_help[k]);
	}
	table_text(t, "all");
	table_count(t, s->cycles);
	table_ratio(t, 100.0 * (double)s->cycles, (double)s->cycles, 2);
	table_ratio(t, (double)s->cycles, (double)s->instructions, 4);
	table_text(t, "%s", "");
	table_print(t, f);
}

static void
print_lane(const struct run_result *r, unsigned i, FILE *f)
{
	const struct lane_stats *s = r->lanes[i].stats;

	if (r->n_lanes > 1)
		fprintf(f, "\n=== %s ===\n", r->lanes[i].name);
	print_tlbs(s, f);
	print_page_sizes(s, f);
	print_walks(s, f);
	print_pte_loads(s, f);
	print_walk_caches(s, f);
	print_caches(s, f);
	print_faults(r, s, f);
	print_causes(s, f);
	windows_text(r->windows, r->lanes[i].lane, f);
}

/* Where there is more than one program on one CPU. */
static void
print_cpus(const struct run_result *r, FILE *f)
{
	const struct lane_stats *s = r->lanes[0].stats;

	if (r->n_traces < 2 && s->config->cpus < 2)
		return;
	fprintf(f,
		"\nCPUs     %u; changes of address space %" PRIu64
		", of them %" PRIu64
		" flushed; interrupts to flush others %" PRIu64
		"; migrations %" PRIu64 "\n",
		s->config->cpus, s->switches, s->switch_flushes, s->ipis,
		r->counts->migrations);
}

/* "exit 0", "signal 9", "-": not ended in the trace. */
static void
table_ending(struct table *t, const struct os_process *p)
{
	if (!p->exited)
		table_text(t, "-");
	else if (p->status & 0x7f)
		table_text(t, "signal %u", p->status & 0x7f);
	else
		table_text(t, "exit %u", p->status >> 8 & 0xff);
}

static void
print_processes(const struct run_result *r, FILE *f)
{
	struct table *t = table_new("rrrrrrrrll");
	struct area_stats *sums = process_stats(r);

	fputs("\nProcesses\n", f);
	HEADING(t, "pid", "parent", "references", "walks", "walk cycles",
		"minor", "major", "peak pages", "ended", "program");
	for (uint32_t i = 0; i < os_process_count(r->os); i++) {
		struct os_process p;

		os_process(r->os, i, &p);
		table_text(t, "%" PRIu32, p.pid);
		table_text(t, "%" PRIu32, p.parent);
		table_count(t, sums[i].references);
		table_count(t, sums[i].walks);
		table_count(t, sums[i].walk_cycles);
		table_count(t, p.minor);
		table_count(t, p.major);
		table_count(t, p.max_rss_pages);
		table_ending(t, &p);
		table_text(t, "%s", p.exe ? p.exe : "?");
	}
	table_print(t, f);
	free(sums);
}

static void
paging_row(struct table *t, const struct os_paging *p)
{
#define X(field, help) table_count(t, p->field);
	OS_PAGING_FIELDS(X)
#undef X
}

/* Only where memory was short: as textbooks count. */
static void
print_paging(const struct run_result *r, FILE *f)
{
	struct table *t = table_new("rrrrrrrrr");
	struct os_stats s;

	os_stats(r->os, &s);
	if (s.paging.clean_evictions + s.paging.swap_evictions +
	    s.paging.file_evictions + s.paging.swap_page_ins) {
		fputs("\nPaging, pages by process\n", f);
		HEADING(t, "pid", "from files", "from swap", "zero fills",
			"dropped", "to swap", "to files", "outside", "refused");
		for (uint32_t i = 0; i < os_process_count(r->os); i++) {
			struct os_process p;

			os_process(r->os, i, &p);
			table_text(t, "%" PRIu32, p.pid);
			paging_row(t, &p.paging);
		}
		table_text(t, "all");
		paging_row(t, &s.paging);
	}
	table_print(t, f);
}

/* A mapping and its price in the first lane. */
struct priced_area {
	uint32_t id;
	const struct area *area;
	struct area_stats s;
};

static int
dearer(const void *a, const void *b)
{
	const struct priced_area *x = a, *y = b;
	uint64_t cx = x->s.walk_cycles + x->s.fault_cycles;
	uint64_t cy = y->s.walk_cycles + y->s.fault_cycles;

	if (cx != cy)
		return cx < cy ? 1 : -1;
	return x->area->start < y->area->start ? -1 : 1;
}

/* Walk cycles with other pages, a column a size. */
static void
what_if_cells(struct table *t, const struct run_result *r, uint32_t area)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_lanes; i++) {
		const struct lane_stats *s = r->lanes[i].stats;

		if (r->lanes[i].what_if && n++ < MAX_WHAT_IFS)
			table_count(t, area < s->n_areas
					   ? s->area[area].walk_cycles
					   : 0);
	}
}

static unsigned
what_ifs(const struct run_result *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_lanes; i++)
		n += r->lanes[i].what_if;
	return n;
}

static void
area_row(struct table *t, const struct run_result *r,
	 const struct priced_area *p)
{
	table_count(t, p->s.references);
	table_count(t, p->s.l1_misses);
	table_count(t, p->s.walks);
	table_count(t, p->s.walk_cycles);
	what_if_cells(t, r, p->id);
	table_count(t, p->s.faults);
	table_count(t, p->s.fault_cycles);
	table_text(t, "%" PRIu32, p->area->pid);
	table_text(t, "%s", p->area->perms);
	table_text(t, "%s", p->area->name);
}

static void
print_mappings(const struct run_result *r, FILE *f)
{
	const struct lane_stats *s = r->lanes[0].stats;
	uint32_t n = os_area_count(r->os), used = 0;
	struct priced_area *all = xcalloc(n + 1, sizeof *all);
	char align[MAX_WHAT_IFS + 10] = "rrrr";
	struct table *t;

	for (unsigned i = 0; i < what_ifs(r) && i < MAX_WHAT_IFS; i++)
		strcat(align, "r");
	t = table_new(strcat(align, "rrrll"));
	for (uint32_t i = 0; i < n && i < s->n_areas; i++)
		if (s->area[i].references || s->area[i].faults)
			all[used++] = (struct priced_area){i, os_area(r->os, i),
							   s->area[i]};
	qsort(all, used, sizeof *all, dearer);
	fprintf(f, "\nMappings, dearest first%s\n",
		used > MAX_MAPPINGS ? " (the rest is in the JSON)" : "");
	HEADING(t, "references", "L1 misses", "walks", "cycles");
	for (unsigned i = 0, k = 0; i < r->n_lanes; i++)
		if (r->lanes[i].what_if && k++ < MAX_WHAT_IFS)
			table_text(t, "in %s", r->lanes[i].name);
	HEADING(t, "faults", "cycles", "pid", "", "");
	for (uint32_t i = 0; i < used && i < MAX_MAPPINGS; i++)
		area_row(t, r, &all[i]);
	table_print(t, f);
	free(all);
}

static void
print_kernel(const struct run_result *r, FILE *f)
{
	struct table *t = table_new("rrrrrrr");
	struct os_stats s;
	const char *text;

	os_stats(r->os, &s);
	fputs("\nKernel\n", f);
	HEADING(t, "system calls", "disagree", "forks", "execs", "table pages",
		"page cache", "peak frames");
	table_count(t, s.syscalls);
	table_count(t, s.result_mismatches);
	table_count(t, s.forks);
	table_count(t, s.execs);
	table_count(t, s.table_pages_peak);
	table_count(t, s.page_cache_pages);
	table_count(t, s.frames_peak_used);
	table_print(t, f);
	if (s.placed)
		fprintf(f,
			"  %llu of %llu mappings without an address are where "
			"Linux would have put them\n",
			(unsigned long long)s.placed_as_linux,
			(unsigned long long)s.placed);
	for (uint32_t i = 0; (text = os_mismatch(r->os, i)); i++)
		fprintf(f, "  %s\n", text);
	if (os_oom_text(r->os))
		fprintf(f, "  %s\n", os_oom_text(r->os));
}

void
report_text(const struct run_result *r, FILE *f)
{
	print_title(r, f);
	print_references(r, f);
	for (unsigned i = 0; i < r->n_lanes; i++)
		print_lane(r, i, f);
	print_kernel(r, f);
	print_cpus(r, f);
	print_processes(r, f);
	print_paging(r, f);
	print_mappings(r, f);
	if (r->seconds > 0)
		fprintf(f, "\nReplayed in %.2f s, %.1f M references/s\n",
			r->seconds,
			(double)r->counts->references / r->seconds * 1e-6);
}
