/* attribute.c - see attribute.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/visit.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/outfile.h"
#include "base/plain.h"
#include "base/xalloc.h"
#include "os/os.h"
#include "report/attribute.h"
#include "report/report.h"
#include "report/symbols.h"
#include "sim/timing.h"

/* What is added up. */
struct tally {
	uint64_t l1_misses, stlb_hits, walks, cycles, faults, fault_cycles;
};

/* A row of a table before it has a name: at a place of a mapping, and in a
 * span of time. */
struct cell {
	uint32_t area;
	uint64_t at; /* address, of an instruction or a page */
	uint64_t span;
	struct tally t;
};

struct cells {
	struct map index; /* key_of() -> number, or the first of its chain */
	struct cell *cell;
	uint64_t *next; /* in the chain of equal keys; UINT64_MAX: none */
	size_t n, cap, next_cap;
};

enum kind {
	BY_FUNCTION,
	BY_LINE,
	BY_PAGE,
	BY_HEAT,
	EACH_MISS,
	EACH_LOAD, /* of walks */
	KINDS
};

static const char *const kind_names[KINDS] = {
    [BY_FUNCTION] = "function", [BY_LINE] = "line",   [BY_PAGE] = "page",
    [BY_HEAT] = "heat",         [EACH_MISS] = "miss", [EACH_LOAD] = "walk",
};

/* Spans of time and places in memory that a heat map has at most; when there
 * are more, each becomes twice as large. */
#define HEAT_SPANS  256
#define HEAT_PLACES 1024

struct attribution {
	struct outfile out[KINDS]; /* .f NULL: not asked for */
	struct cells code;         /* by instruction */
	struct cells pages;
	struct cells heat;
	struct map places; /* of the heat map: page >> shift, process */
	uint64_t span;     /* instructions of a span */
	unsigned shift;    /* log2 pages of a place */
};

/* ------------------------------------------------------------------- cells */

static uint64_t
key_of(uint32_t area, uint64_t at, uint64_t span)
{
	uint64_t k = hash_u64(at ^ hash_u64(span << 32 | area));

	return k == UINT64_MAX ? 0 : k;
}

static bool
is_cell(const struct cell *c, uint32_t area, uint64_t at, uint64_t span)
{
	return c->area == area && c->at == at && c->span == span;
}

static struct cell *
cell_add(struct cells *cs, uint32_t area, uint64_t at, uint64_t span)
{
	cs->cell = xgrow(cs->cell, cs->n, &cs->cap, sizeof(*cs->cell));
	cs->next = xgrow(cs->next, cs->n, &cs->next_cap, sizeof(*cs->next));
	cs->cell[cs->n] = (struct cell){.area = area, .at = at, .span = span};
	cs->next[cs->n] = UINT64_MAX;
	return &cs->cell[cs->n++];
}

static struct cell *
cell_at(struct cells *cs, uint32_t area, uint64_t at, uint64_t span)
{
	uint64_t key = key_of(area, at, span), i, first = UINT64_MAX;
	bool known = map_get(&cs->index, key, &first);

	for (i = first; i != UINT64_MAX; i = cs->next[i])
		if (is_cell(&cs->cell[i], area, at, span))
			return &cs->cell[i];
	map_put(&cs->index, key, cs->n);
	cell_add(cs, area, at, span);
	if (known)
		cs->next[cs->n - 1] = first;
	return &cs->cell[cs->n - 1];
}

static void
cells_free(struct cells *cs)
{
	map_free(&cs->index);
	free(cs->cell);
	free(cs->next);
	*cs = (struct cells){0};
}

static void
tally_add(struct tally *to, const struct tally *t)
{
	to->l1_misses += t->l1_misses;
	to->stlb_hits += t->stlb_hits;
	to->walks += t->walks;
	to->cycles += t->cycles;
	to->faults += t->faults;
	to->fault_cycles += t->fault_cycles;
}

/* ---------------------------------------------------------------- heat map */

/* Spans or places twice as large: what falls together is added. */
static void
coarsen(struct attribution *a)
{
	struct cells old = a->heat;

	a->heat = (struct cells){0};
	map_free(&a->places);
	for (size_t i = 0; i < old.n; i++) {
		const struct cell *c = &old.cell[i];
		uint64_t at = c->at >> (PAGE_SHIFT + a->shift)
					   << (PAGE_SHIFT + a->shift);
		uint64_t span = c->span - c->span % a->span;

		tally_add(&cell_at(&a->heat, c->area, at, span)->t, &c->t);
		map_put(&a->places, key_of(c->area, at, 0), 1);
	}
	cells_free(&old);
}

static struct cell *
heat_cell(struct attribution *a, uint32_t area, uint64_t va, uint64_t counted)
{
	uint64_t at, known;

	while (counted / a->span >= HEAT_SPANS) {
		a->span *= 2;
		coarsen(a);
	}
	for (;;) {
		at = va >> (PAGE_SHIFT + a->shift) << (PAGE_SHIFT + a->shift);
		if (map_get(&a->places, key_of(area, at, 0), &known) ||
		    a->places.used < HEAT_PLACES || a->shift > 40)
			break;
		a->shift++;
		coarsen(a);
	}
	map_put(&a->places, key_of(area, at, 0), 1);
	return cell_at(&a->heat, area, at, counted - counted % a->span);
}

/* ------------------------------------------------------------ what happens */

static bool
wants(const struct attribution *a, enum kind kind)
{
	return a->out[kind].f != NULL;
}

/* t happened at va of a mapping, by the instruction at `by`. */
static void
attribute(struct attribution *a, const struct code_place *by, uint32_t area,
	  uint64_t va, uint64_t counted, const struct tally *t)
{
	uint64_t page = va >> PAGE_SHIFT << PAGE_SHIFT;

	if (wants(a, BY_FUNCTION) || wants(a, BY_LINE))
		tally_add(&cell_at(&a->code, by->area, by->ip, 0)->t, t);
	if (wants(a, BY_PAGE))
		tally_add(&cell_at(&a->pages, area, page, 0)->t, t);
	if (wants(a, BY_HEAT))
		tally_add(&heat_cell(a, area, va, counted)->t, t);
}

static void
put_miss(FILE *f, const struct os *os, const struct miss_record *m)
{
	const struct lane_access *x = m->access;
	const struct visit *v = m->visit;
	const char *what = v->flags & VISIT_INSN ? "fetch"
			   : v->writes           ? "store"
						 : "load";

	fprintf(f,
		"%" PRIu64 ",%" PRIu32 ",0x%" PRIx64 ",0x%" PRIx64
		",%s,%s,%u,%" PRIu64 "\n",
		m->counted, os_area(os, v->area)->pid, m->at.ip, v->va.raw,
		what, x->walked ? "walk" : "stlb",
		x->walked ? x->walk.n_loads : 0, x->cycles);
}

/* The loads of a walk, in order. */
static void
put_loads(FILE *f, const struct os *os, const struct miss_record *m)
{
	const struct walk_result *w = &m->access->walk;
	const struct visit *v = m->visit;

	for (unsigned i = 0; m->access->walked && i < w->n_loads; i++)
		fprintf(f,
			"%" PRIu64 ",%" PRIu32 ",0x%" PRIx64 ",%s,0x%" PRIx64
			"\n",
			m->counted, os_area(os, v->area)->pid, v->va.raw,
			level_name(w->load[i].level), w->load[i].pa.raw);
}

void
attribution_miss(struct attribution *a, const struct os *os,
		 const struct miss_record *m)
{
	const struct lane_access *x = m->access;
	struct tally t = {.l1_misses = 1,
			  .stlb_hits = !x->walked,
			  .walks = x->walked,
			  .cycles = x->cycles};

	attribute(a, &m->at, m->visit->area, m->visit->va.raw, m->counted, &t);
	if (wants(a, EACH_MISS))
		put_miss(a->out[EACH_MISS].f, os, m);
	if (wants(a, EACH_LOAD))
		put_loads(a->out[EACH_LOAD].f, os, m);
}

void
attribution_fault(struct attribution *a, const struct fault_record *f)
{
	struct tally t = {.faults = 1, .fault_cycles = f->cycles};

	if (f->measured)
		attribute(a, &f->at, f->fault->area, f->fault->va.raw,
			  f->counted, &t);
}

/* ------------------------------------------------------------------ tables */

static const char tally_heading[] =
    "l1_misses,stlb_hits,walks,cycles,faults,fault_cycles\n";

static void
put_tally(FILE *f, const struct tally *t)
{
	fprintf(f,
		"%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
		",%" PRIu64 "\n",
		t->l1_misses, t->stlb_hits, t->walks, t->cycles, t->faults,
		t->fault_cycles);
}

static void
put_text(FILE *f, const char *text)
{
	put_csv_text(text, f);
	putc(',', f);
}

static int
by_price(const struct tally *x, const struct tally *y)
{
	uint64_t a = x->cycles + x->fault_cycles;
	uint64_t b = y->cycles + y->fault_cycles;

	return a != b ? (a < b ? 1 : -1) : 0;
}

static int
dearer_cell(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	int order = by_price(&x->t, &y->t);

	if (order)
		return order;
	return x->at != y->at ? (x->at > y->at ? 1 : -1)
			      : (x->area > y->area) - (x->area < y->area);
}

static int
earlier_cell(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->span != y->span)
		return x->span > y->span ? 1 : -1;
	return x->at != y->at ? (x->at > y->at ? 1 : -1)
			      : (x->area > y->area) - (x->area < y->area);
}

static void
put_mapping(FILE *f, const struct os *os, uint32_t area)
{
	const struct area *m = os_area(os, area);

	fprintf(f, "%" PRIu32 ",", m->pid);
	put_text(f, m->name);
	fprintf(f, "%s,", m->perms);
}

static void
write_pages(struct attribution *a, const struct os *os)
{
	FILE *f = a->out[BY_PAGE].f;

	qsort(a->pages.cell, a->pages.n, sizeof(*a->pages.cell), dearer_cell);
	fprintf(f, "pid,mapping,perms,page,%s", tally_heading);
	for (size_t i = 0; i < a->pages.n; i++) {
		put_mapping(f, os, a->pages.cell[i].area);
		fprintf(f, "0x%" PRIx64 ",", a->pages.cell[i].at);
		put_tally(f, &a->pages.cell[i].t);
	}
}

static void
write_heat(struct attribution *a, const struct os *os)
{
	FILE *f = a->out[BY_HEAT].f;

	qsort(a->heat.cell, a->heat.n, sizeof(*a->heat.cell), earlier_cell);
	fprintf(f, "first,instructions,pid,mapping,perms,address,bytes,%s",
		tally_heading);
	for (size_t i = 0; i < a->heat.n; i++) {
		const struct cell *c = &a->heat.cell[i];

		fprintf(f, "%" PRIu64 ",%" PRIu64 ",", c->span, a->span);
		put_mapping(f, os, c->area);
		fprintf(f, "0x%" PRIx64 ",%llu,", c->at,
			1ull << (PAGE_SHIFT + a->shift));
		put_tally(f, &c->t);
	}
}

/* An instruction with its name. */
struct named {
	const char *object;
	struct symbol symbol;
	struct tally t;
};

static struct named
name_cell(struct symbols *s, const struct os *os, const struct cell *c)
{
	struct named n = {.object = "[kernel]", .t = c->t};
	const struct area *m = os_area(os, c->area);

	if (!c->at)
		return n;
	n.object = m->name;
	n.symbol = symbols_find(s, m->name, c->at - m->start + m->offset);
	return n;
}

static int
compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !!a - !!b;
}

static int
by_function(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->object, y->object);

	return order ? order
		     : compare_text(x->symbol.function, y->symbol.function);
}

static int
by_line(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = by_function(a, b);

	if (!order)
		order = compare_text(x->symbol.file, y->symbol.file);
	return order ? order
		     : (x->symbol.line > y->symbol.line) -
			   (x->symbol.line < y->symbol.line);
}

static int
dearer_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = by_price(&x->t, &y->t);

	return order ? order : by_line(a, b);
}

static void
put_named(FILE *f, const struct named *n, bool lines)
{
	put_text(f, n->object);
	put_text(f, n->symbol.function ? n->symbol.function : "[unknown]");
	if (lines) {
		put_text(f, n->symbol.file ? n->symbol.file : "");
		fprintf(f, "%d,", n->symbol.line);
	}
	put_tally(f, &n->t);
}

/* Those with the same name become one; returns how many are left. */
static size_t
join(struct named *all, size_t n, int (*same)(const void *, const void *))
{
	size_t left = 0;

	qsort(all, n, sizeof(*all), same);
	for (size_t i = 0; i < n; i++) {
		if (left && !same(&all[left - 1], &all[i]))
			tally_add(&all[left - 1].t, &all[i].t);
		else
			all[left++] = all[i];
	}
	qsort(all, left, sizeof(*all), dearer_named);
	return left;
}

static void
write_code(struct attribution *a, const struct os *os)
{
	struct symbols *s = symbols_new();
	size_t n = a->code.n, left;
	struct named *all = xcalloc(n + 1, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = name_cell(s, os, &a->code.cell[i]);
	if (wants(a, BY_LINE)) {
		FILE *f = a->out[BY_LINE].f;

		n = join(all, n, by_line);
		fprintf(f, "object,function,file,line,%s", tally_heading);
		for (size_t i = 0; i < n; i++)
			put_named(f, &all[i], true);
	}
	if (wants(a, BY_FUNCTION)) {
		FILE *f = a->out[BY_FUNCTION].f;

		left = join(all, n, by_function);
		fprintf(f, "object,function,%s", tally_heading);
		for (size_t i = 0; i < left; i++)
			put_named(f, &all[i], false);
	}
	free(all);
	symbols_free(s);
}

bool
attribution_write(struct attribution *a, const struct os *os, struct err *e)
{
	if (wants(a, BY_FUNCTION) || wants(a, BY_LINE))
		write_code(a, os);
	if (wants(a, BY_PAGE))
		write_pages(a, os);
	if (wants(a, BY_HEAT))
		write_heat(a, os);
	for (unsigned i = 0; i < KINDS; i++)
		if (a->out[i].f && !outfile_commit(&a->out[i], e))
			return false;
	return true;
}

/* ---------------------------------------------------------------- its life */

static bool
parse_spec(struct attribution *a, const char *spec, struct err *e)
{
	size_t length = strcspn(spec, "=");
	unsigned kind = 0;

	while (kind < KINDS && (strncmp(spec, kind_names[kind], length) ||
				kind_names[kind][length]))
		kind++;
	if (kind == KINDS || spec[length] != '=' || !spec[length + 1])
		return err_set(e, ERR_USAGE,
			       "--attribute %s: expected function=FILE, "
			       "line=FILE, page=FILE, heat=FILE, miss=FILE or "
			       "walk=FILE",
			       spec);
	if (a->out[kind].f)
		return err_set(e, ERR_USAGE,
			       "--attribute %s: %s is there twice", spec,
			       kind_names[kind]);
	return outfile_open(&a->out[kind], spec + length + 1, e);
}

struct attribution *
attribution_new(const char *const *specs, unsigned n, struct err *e)
{
	struct attribution *a = xcalloc(1, sizeof(*a));

	a->span = 1000;
	for (unsigned i = 0; i < n; i++)
		if (!parse_spec(a, specs[i], e)) {
			attribution_free(a);
			return NULL;
		}
	if (wants(a, EACH_MISS))
		fputs("instruction,pid,ip,address,access,found,loads,cycles\n",
		      a->out[EACH_MISS].f);
	if (wants(a, EACH_LOAD))
		fputs("instruction,pid,address,level,entry\n",
		      a->out[EACH_LOAD].f);
	return a;
}

void
attribution_free(struct attribution *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < KINDS; i++)
		outfile_discard(&a->out[i]);
	cells_free(&a->code);
	cells_free(&a->pages);
	cells_free(&a->heat);
	map_free(&a->places);
	free(a);
}
