/* json.c - the report for machines; doc/results.md documents every key.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "report/jsonkit.h"
#include "report/report.h"
#include "report/windows.h"
#include "sim/result.h"
#include "trace/reader.h"

#define SCHEMA_NAME    "pagewalk-result"
#define SCHEMA_VERSION 1

/* One object of the table's rows {name, member}. */
#define PUT(object, s, member) json_put_number(object, #member, (s)->member)

static json_t *
trace_json(const struct result_trace *t)
{
	const struct trace_totals *n = trace_totals(t->reader);
	json_t *trace = json_object(), *provenance = json_object();
	json_t *damage = json_array(), *totals = json_object();
	const char *key;

	json_put(trace, "path", json_text(t->path));
	json_put(trace, "content_id", json_text(trace_content_id(t->reader)));
	for (unsigned i = 0; (key = trace_provenance_key(t->reader, i)); i++)
		json_put(provenance, key,
			 json_text(trace_provenance_value(t->reader, i)));
	json_put(trace, "provenance", provenance);
	PUT(totals, n, references);
	PUT(totals, n, instructions);
	PUT(totals, n, loads);
	PUT(totals, n, stores);
	PUT(totals, n, modifies);
	PUT(totals, n, events);
	PUT(totals, n, chunks);
	PUT(totals, n, file_bytes);
	json_put(trace, "totals", totals);
	for (size_t i = 0; i < trace_damage_count(t->reader); i++) {
		const struct trace_damage *d = trace_damage(t->reader, i);
		json_t *row = json_object();

		PUT(row, d, offset);
		json_put(row, "reason", json_text(d->reason));
		json_array_append_new(damage, row);
	}
	json_put(trace, "damage", damage);
	return trace;
}

static json_t *
traces_json(const struct run_result *r)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < r->n_traces; i++)
		json_array_append_new(all, trace_json(&r->traces[i]));
	return all;
}

static json_t *
replay_json(const struct run_result *r)
{
	json_t *replay = json_object();

	PUT(replay, r, skip);
	PUT(replay, r, warmup);
	PUT(replay, r, limit);
	json_put(replay, "roi", r->roi ? json_text(r->roi) : json_null());
	json_put_number(replay, "migrations", r->counts->migrations);
	json_put(replay, "complete", json_boolean(r->complete));
	if (r->windows)
		json_put(replay, "windows", windows_json(r->windows));
	return replay;
}

static json_t *
faults_json(const struct run_result *r)
{
	const struct replay_counts *n = r->counts;
	json_t *faults = json_object(), *kinds = json_object();
	json_t *major = json_object();

	PUT(faults, n, minor);
	PUT(faults, n, major);
	PUT(faults, n, signals);
	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++) {
		json_put_number(kinds, fault_kind_names[k], n->by_kind[k]);
		json_put_number(major, fault_kind_names[k],
				r->major_by_kind[k]);
	}
	json_put(faults, "by_kind", kinds);
	json_put(faults, "major_by_kind", major);
	return faults;
}

static json_t *
tlb_json(const struct lane_stats *s)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < s->config->n_tlbs; i++) {
		const struct tlb_stats *t = &s->tlb[i];
		json_t *tlb = json_object();

		PUT(tlb, t, lookups);
		PUT(tlb, t, hits);
		PUT(tlb, t, misses);
		json_put_number(tlb, "insn_lookups", t->side_lookups[SIDE_I]);
		json_put_number(tlb, "insn_misses", t->side_misses[SIDE_I]);
		json_put_number(tlb, "data_lookups", t->side_lookups[SIDE_D]);
		json_put_number(tlb, "data_misses", t->side_misses[SIDE_D]);
		PUT(tlb, t, fills);
		PUT(tlb, t, evictions);
		PUT(tlb, t, invalidated);
		json_put(all, s->config->tlb[i].name, tlb);
	}
	return all;
}

static json_t *
totals_json(const struct run_result *r)
{
	const struct replay_counts *n = r->counts;
	const struct lane_stats *s = r->lanes[0].stats;
	json_t *totals = json_object();

	PUT(totals, n, references);
	PUT(totals, n, instructions);
	PUT(totals, n, loads);
	PUT(totals, n, stores);
	PUT(totals, n, modifies);
	PUT(totals, n, kernel_pages);
	PUT(totals, n, visits);
	PUT(totals, n, events);
	PUT(totals, n, skipped);
	json_put(totals, "faults", faults_json(r));
	json_put(totals, "tlb", tlb_json(s));
	PUT(totals, s, stlb_hits);
	PUT(totals, s, stlb_misses);
	PUT(totals, s, walks);
	PUT(totals, s, walk_cycles);
	PUT(totals, s, fault_cycles);
	PUT(totals, s, cycles);
	return totals;
}

static json_t *
levels_json(const struct lane_stats *s)
{
	json_t *levels = json_array();

	for (unsigned i = 0; i < s->n_levels; i++) {
		json_t *level = json_object();

		PUT(level, &s->level[i], lookups);
		PUT(level, &s->level[i], hits);
		PUT(level, &s->level[i], misses);
		json_array_append_new(levels, level);
	}
	return levels;
}

static json_t *
page_sizes_json(const struct lane_stats *s)
{
	const struct paging *p = &s->config->paging;
	json_t *sizes = json_object();
	char name[8];

	for (unsigned i = 0; i < p->levels; i++) {
		const struct size_stats *z = &s->size[i];
		json_t *size = json_object();

		if (!(p->leaf_mask & (1u << i))) {
			json_decref(size);
			continue;
		}
		PUT(size, z, references);
		PUT(size, z, l1_misses);
		PUT(size, z, stlb_hits);
		PUT(size, z, walks);
		PUT(size, z, walk_cycles);
		json_put(sizes, page_size_name(paging_shift(p, i), name), size);
	}
	return sizes;
}

static json_t *
pwc_json(const struct lane_stats *s)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < s->config->n_pwcs; i++) {
		json_t *pwc = json_object();

		PUT(pwc, &s->pwc[i], lookups);
		PUT(pwc, &s->pwc[i], hits);
		json_put(all, s->config->pwc[i].name, pwc);
	}
	return all;
}

/* Numbers by place: each cache by its name, and "memory". */
static json_t *
places_json(const struct lane_config *c, const uint64_t *at)
{
	json_t *places = json_object();

	for (unsigned k = 0; k < c->n_caches; k++)
		json_put_number(places, c->cache[k].name, at[k]);
	json_put_number(places, "memory", at[c->n_caches]);
	return places;
}

static json_t *
pte_loads_json(const struct lane_stats *s, bool cycles)
{
	json_t *levels = json_object();

	for (unsigned i = 0; i < WALK_LEVELS; i++)
		if (stats_has_level(s->config, i))
			json_put(levels, level_name(i),
				 places_json(s->config,
					     cycles ? s->pte_cycles_at[i]
						    : s->pte_loads_at[i]));
	return levels;
}

static json_t *
cache_json(const struct lane_stats *s)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < s->config->n_caches; i++) {
		json_t *cache = json_object();

		PUT(cache, &s->cache[i], lookups);
		PUT(cache, &s->cache[i], hits);
		PUT(cache, &s->cache[i], misses);
		json_put(all, s->config->cache[i].name, cache);
	}
	return all;
}

static json_t *
causes_json(const struct lane_stats *s)
{
	json_t *causes = json_object();

	for (unsigned k = 0; k < CAUSE_COUNT; k++)
		json_put_number(causes, cause_names[k], s->by_cause[k]);
	return causes;
}

static json_t *
fault_cycles_json(const struct lane_stats *s)
{
	json_t *kinds = json_object();

	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++)
		json_put_number(kinds, fault_kind_names[k],
				s->by_kind[k].cycles);
	return kinds;
}

static void
put_item(void *ctx, const struct conf_item *item)
{
	switch (item->key->type) {
	case CONF_COUNT:
	case CONF_BYTES:
		json_put_number(ctx, item->name, item->number);
		break;
	case CONF_FLOAT:
		json_put(ctx, item->name, json_real(item->real));
		break;
	case CONF_BOOL:
		json_put(ctx, item->name, json_boolean(item->number));
		break;
	case CONF_WAYS:
		if (item->number) {
			json_put_number(ctx, item->name, item->number);
			break;
		}
		__attribute__((fallthrough));
	case CONF_CHOICE:
	case CONF_PAGES:
	case CONF_POLICY:
	case CONF_PAGING:
		json_put(ctx, item->name, json_text(item->text));
		break;
	}
}

static json_t *
configuration_json(const struct conf *c)
{
	json_t *all = json_object();

	conf_each(c, put_item, all);
	return all;
}

/* A lane: nothing in here depends on the lanes beside it. */
static json_t *
lane_json(const struct run_result *r, unsigned i)
{
	const struct result_lane *l = &r->lanes[i];
	const struct lane_stats *s = l->stats;
	json_t *lane = json_object(), *counters = json_object();

	json_put(lane, "name", json_text(l->name));
	for (const struct stat_desc *d = stat_descs; d->name; d++)
		json_put_number(counters, d->name, stat_value(s, d));
	json_put(lane, "counters", counters);
	json_put(lane, "tlb", tlb_json(s));
	json_put(lane, "tlb_levels", levels_json(s));
	json_put(lane, "page_sizes", page_sizes_json(s));
	json_put(lane, "pwc", pwc_json(s));
	json_put(lane, "pte_loads", pte_loads_json(s, false));
	json_put(lane, "pte_load_cycles", pte_loads_json(s, true));
	json_put(lane, "cache", cache_json(s));
	json_put(lane, "insn_served",
		 places_json(s->config, s->data_at[SIDE_I]));
	json_put(lane, "data_served",
		 places_json(s->config, s->data_at[SIDE_D]));
	json_put(lane, "cycles_by_cause", causes_json(s));
	json_put(lane, "fault_cycles_by_kind", fault_cycles_json(s));
	if (r->windows)
		json_put(lane, "estimates",
			 windows_estimates_json(r->windows, l->lane));
	json_put(lane, "configuration", configuration_json(l->conf));
	return lane;
}

static json_t *
paging_json(const struct os_paging *p)
{
	json_t *row = json_object();

#define X(field, help) PUT(row, p, field);
	OS_PAGING_FIELDS(X)
#undef X
	return row;
}

static json_t *
mismatches_json(const struct os *os)
{
	json_t *list = json_array();
	const char *text;

	for (uint32_t i = 0; (text = os_mismatch(os, i)); i++)
		json_array_append_new(list, json_text(text));
	return list;
}

static json_t *
kernel_json(const struct run_result *r)
{
	json_t *kernel = json_object(), *work = json_object();
	struct os_stats s;

	os_stats(r->os, &s);
	PUT(kernel, &s, syscalls);
	PUT(kernel, &s, result_mismatches);
	PUT(kernel, &s, placed);
	PUT(kernel, &s, placed_as_linux);
	json_put(kernel, "first_mismatches", mismatches_json(r->os));
	PUT(kernel, &s, forks);
	PUT(kernel, &s, execs);
	PUT(kernel, &s, exits);
	PUT(kernel, &s, frames);
	PUT(kernel, &s, frames_free);
	PUT(kernel, &s, frames_peak_used);
	PUT(kernel, &s, page_cache_pages);
	PUT(kernel, &s, read_hits);
	PUT(kernel, &s, read_misses);
	PUT(kernel, &s, oom_kills);
	PUT(kernel, &s, oom_skipped_events);
	PUT(kernel, &s, flushed_files);
	PUT(kernel, &s, throttled);
	PUT(kernel, &s, khugepaged_collapsed);
	PUT(kernel, &s, swapped_out);
	PUT(kernel, &s, swapped_in);
	PUT(kernel, &s, swap_pages);
	PUT(kernel, &s, swap_pages_peak);
	json_put(kernel, "paging", paging_json(&s.paging));
	PUT(kernel, &s, table_pages);
	PUT(kernel, &s, table_pages_peak);
#define X(field, help) PUT(work, &s.work, field);
	KWORK_FIELDS(X)
#undef X
	json_put(kernel, "work", work);
	return kernel;
}

/* What the first lane says of a mapping or a process. */
static void
put_prices(json_t *row, const struct area_stats *s)
{
	PUT(row, s, references);
	PUT(row, s, l1_misses);
	PUT(row, s, stlb_hits);
	PUT(row, s, walks);
	PUT(row, s, walk_cycles);
	PUT(row, s, faults);
	PUT(row, s, fault_cycles);
}

/* Of several traces: which one it is from, and its number there. */
static void
put_origin(json_t *row, const struct run_result *r, uint32_t pid)
{
	unsigned trace;
	uint32_t recorded;

	if (r->n_traces < 2 ||
	    !replay_origin(r->replay, pid, &trace, &recorded))
		return;
	json_put_number(row, "trace", trace);
	json_put_number(row, "trace_pid", recorded);
}

static json_t *
processes_json(const struct run_result *r)
{
	json_t *all = json_array();
	struct area_stats *sums = process_stats(r);

	for (uint32_t i = 0; i < os_process_count(r->os); i++) {
		const struct area_stats *s = &sums[i];
		json_t *row = json_object();
		struct os_process p;

		os_process(r->os, i, &p);
		PUT(row, &p, pid);
		PUT(row, &p, parent);
		put_origin(row, r, p.pid);
		json_put(row, "exe", json_text(p.exe));
		PUT(row, &p, minor);
		PUT(row, &p, major);
		PUT(row, &p, rss_pages);
		PUT(row, &p, max_rss_pages);
		json_put(row, "exited", json_boolean(p.exited));
		PUT(row, &p, status);
		json_put(row, "paging", paging_json(&p.paging));
		put_prices(row, s);
		json_array_append_new(all, row);
	}
	free(sums);
	return all;
}

/* The mapping's walks in the lanes with other pages, if there are such. */
static void
put_what_if(json_t *row, const struct run_result *r, uint32_t area)
{
	static const struct area_stats none;
	json_t *all = NULL;

	for (unsigned i = 0; i < r->n_lanes; i++) {
		const struct lane_stats *s = r->lanes[i].stats;
		const struct area_stats *a =
		    area < s->n_areas ? &s->area[area] : &none;
		json_t *one;

		if (!r->lanes[i].what_if)
			continue;
		one = json_object();
		PUT(one, a, stlb_hits);
		PUT(one, a, walks);
		PUT(one, a, walk_cycles);
		all = all ? all : json_object();
		json_put(all, r->lanes[i].name, one);
	}
	if (all)
		json_put(row, "what_if", all);
}

static json_t *
mapping_json(const struct area *a, const struct area_stats *s)
{
	json_t *row = json_object();
	char start[24];

	snprintf(start, sizeof start, "0x%" PRIx64, a->start);
	PUT(row, a, pid);
	json_put(row, "name", json_text(a->name));
	json_put(row, "perms", json_text(a->perms));
	json_put(row, "start", json_text(start));
	PUT(row, a, minor);
	PUT(row, a, major);
	put_prices(row, s);
	return row;
}

static json_t *
mappings_json(const struct run_result *r)
{
	static const struct area_stats none;
	const struct lane_stats *s = r->lanes[0].stats;
	json_t *all = json_array();

	for (uint32_t i = 0; i < os_area_count(r->os); i++) {
		json_t *row = mapping_json(
		    os_area(r->os, i), i < s->n_areas ? &s->area[i] : &none);

		put_what_if(row, r, i);
		json_array_append_new(all, row);
	}
	return all;
}

static json_t *
intervals_json(const struct intervals *iv)
{
	json_t *all = json_object(), *kinds = json_object();

	json_put_number(all, "instructions", iv->width);
	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++) {
		json_t *row = json_array();
		uint64_t total = 0;

		for (unsigned i = 0; i < iv->n; i++) {
			total += iv->faults[i][k];
			json_array_append_new(row,
					      json_number(iv->faults[i][k]));
		}
		if (total)
			json_put(kinds, fault_kind_names[k], row);
		else
			json_decref(row);
	}
	json_put(all, "faults", kinds);
	return all;
}

static json_t *
result_json(const struct run_result *r)
{
	json_t *root = json_object(), *lanes = json_array();

	json_put_schema(root, SCHEMA_NAME, SCHEMA_VERSION);
	json_put(root, "trace", trace_json(&r->traces[0]));
	if (r->n_traces > 1)
		json_put(root, "traces", traces_json(r));
	json_put(root, "replay", replay_json(r));
	json_put(root, "totals", totals_json(r));
	json_put(root, "cycles_by_cause", causes_json(r->lanes[0].stats));
	json_put(root, "kernel", kernel_json(r));
	json_put(root, "processes", processes_json(r));
	json_put(root, "mappings", mappings_json(r));
	json_put(root, "intervals", intervals_json(&r->intervals));
	json_put(root, "configuration", configuration_json(r->lanes[0].conf));
	for (unsigned i = 0; i < r->n_lanes; i++)
		json_array_append_new(lanes, lane_json(r, i));
	json_put(root, "lanes", lanes);
	return root;
}

bool
report_json(const struct run_result *r, const char *path, struct err *e)
{
	return json_write(result_json(r), path, e);
}
