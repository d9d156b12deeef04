/* conf_resolve.c - from text to the structs that the models read; checks that
 * need more than one key.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "hw/repl.h"
#include "sim/conf_priv.h"

/* Where a key of the part begins; array members are added by the caller. */
static void *
part_base(struct conf_resolved *out, enum conf_part part, unsigned member)
{
	switch (part) {
	case PART_OS:
		return &out->os;
	case PART_LANE:
		return &out->lane;
	case PART_TLB:
		return &out->lane.tlb[member];
	case PART_PWC:
		return &out->lane.pwc[member];
	case PART_CACHE:
		return &out->lane.cache[member];
	case PART_REPLAY:
		return &out->replay;
	}
	BUG("part %d", (int)part);
}

/* Store a parsed value in its member, which has k->width bytes. */
static void
store(const struct conf_key *k, const struct conf_number *v, void *base)
{
	char *member = (char *)base + k->offset;
	uint32_t small = (uint32_t)v->u;
	bool flag = v->u != 0;

	if (k->type == CONF_FLOAT)
		memcpy(member, &v->d, sizeof v->d);
	else if (k->type == CONF_POLICY)
		memcpy(member, &v->p, sizeof v->p);
	else if (k->type == CONF_PAGING)
		memcpy(member, &v->paging, sizeof v->paging);
	else if (k->width == sizeof v->u)
		memcpy(member, &v->u, sizeof v->u);
	else if (k->width == sizeof small)
		memcpy(member, &small, sizeof small);
	else if (k->width == sizeof flag)
		memcpy(member, &flag, sizeof flag);
	else
		BUG("%s: %zu bytes", k->name, k->width);
}

/* "; there are a, b, c", without the one that is incomplete. */
static void
other_members(const struct conf *c, const struct conf_key *k,
	      const char *member, char *buf, size_t size)
{
	const struct conf_array *all = &c->arrays[conf_array_of(k)];
	const char *between = "; there are ";

	*buf = '\0';
	for (unsigned i = 0; i < all->n; i++) {
		size_t n = strlen(buf);

		if (!strcmp(all->names[i], member) || n >= size)
			continue;
		snprintf(buf + n, size - n, "%s%s", between, all->names[i]);
		between = ", ";
	}
}

/* A value that nobody gave and that has no default: half a definition, or a
 * name misspelt. */
static bool
missing(const struct conf *c, const struct conf_key *k, const char *name,
	const char *member, struct err *e)
{
	size_t section = (size_t)(strrchr(name, '.') - name) + 1;
	const char *where = "?";
	char expected[256], others[256];

	for (size_t i = 0; i < c->n; i++)
		if (!strncmp(c->values[i].name, name, section)) {
			where = c->values[i].origin;
			break;
		}
	conf_expected(k, expected, sizeof expected);
	other_members(c, k, member, others, sizeof others);
	return err_set(e, ERR_INPUT,
		       "%s: %s is not given and has no default: %s (%s)%s",
		       where, name, expected, k->help, others);
}

static bool
resolve_key(const struct conf *c, const struct conf_key *k, const char *member,
	    unsigned index, struct conf_resolved *out, struct err *e)
{
	char name[CONF_KEY_MAX];
	struct conf_number number;
	const char *text;

	conf_expand(k, member, name);
	text = conf_text(c, k, name);
	if (!text)
		return missing(c, k, name, member, e);
	if (!conf_parse(k, text, &number))
		BUG("%s = %s passed once", name, text);
	store(k, &number, part_base(out, k->part, index));
	return true;
}

/* All keys of one member of tlb, pwc or cache. */
static bool
resolve_member(const struct conf *c, unsigned array, const char *member,
	       unsigned index, struct conf_resolved *out, struct err *e)
{
	const struct conf_array_kind *kind = &conf_array_kinds[array];
	char *name;

	if (index >= kind->max)
		return err_set(e, ERR_INPUT,
			       "%s.%s: at most %u of them are possible",
			       kind->name, member, kind->max);
	for (const struct conf_key *k = conf_keys; k->name; k++)
		if (k->part == kind->part &&
		    !resolve_key(c, k, member, index, out, e))
			return false;
	/* The name is the first member of each of these structs. */
	name = part_base(out, kind->part, index);
	snprintf(name, HW_NAME_MAX, "%s", member);
	return true;
}

static bool
resolve_array(const struct conf *c, unsigned array, unsigned *n,
	      struct conf_resolved *out, struct err *e)
{
	const struct conf_array *members = &c->arrays[array];

	*n = 0;
	for (unsigned i = 0; i < members->n; i++) {
		if (!conf_member_there(c, array, members->names[i]))
			continue;
		if (!resolve_member(c, array, members->names[i], *n, out, e))
			return false;
		(*n)++;
	}
	return true;
}

/* An impossible combination: cite the value that has to change. */
__attribute__((format(printf, 6, 7))) static bool
impossible(const struct conf *c, const char *section, const char *member,
	   const char *key, struct err *e, const char *fmt, ...)
{
	char name[CONF_KEY_MAX], why[512];
	const struct conf_value *v;
	struct conf_value implied;
	const struct conf_key *k;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	snprintf(name, sizeof name, "%s%s%s.%s", section, member ? "." : "",
		 member ? member : "", key);
	v = conf_find(c, name);
	if (!v) {
		k = conf_key_find(name);
		BUG_ON(!k || !k->def);
		implied = (struct conf_value){name, k, (char *)k->def,
					      (char *)"default"};
		v = &implied;
	}
	return conf_bad(e, v, "%s", why);
}

/* entries, ways and policy of anything set-associative. */
static bool
check_sets(const struct conf *c, const char *section, const char *member,
	   uint64_t entries, uint32_t *ways, const struct repl_policy *repl,
	   struct err *e)
{
	if (!*ways)
		*ways = (uint32_t)entries;
	if (*ways > entries || entries % *ways)
		return impossible(c, section, member, "ways", e,
				  "expected a divisor of the number of "
				  "entries, %llu",
				  (unsigned long long)entries);
	if (repl->ways_multiple > 1 && *ways % repl->ways_multiple)
		return impossible(c, section, member, "replacement", e,
				  "expected another policy for %u ways: %s "
				  "needs a multiple of %u",
				  *ways, repl->name, repl->ways_multiple);
	return true;
}

static bool
check_tlb(const struct conf *c, struct tlb_config *t, const struct paging *p,
	  struct err *e)
{
	uint32_t sets;

	if (!check_sets(c, "tlb", t->name, t->entries, &t->ways, t->repl, e))
		return false;
	sets = t->entries / t->ways;
	if (t->index == INDEX_XOR && !is_pow2(sets))
		return impossible(c, "tlb", t->name, "index", e,
				  "expected linear, since %u sets are no power "
				  "of two",
				  sets);
	if (t->page_sizes & ~paging_sizes(p))
		return impossible(c, "tlb", t->name, "pages", e,
				  "expected only page sizes of %s", p->name);
	return true;
}

static bool
check_cache(const struct conf *c, struct cache_config *k, struct err *e)
{
	uint64_t lines;

	if (!is_pow2(k->line_bytes))
		return impossible(c, "cache", k->name, "line", e,
				  "expected a power of two");
	lines = k->bytes / k->line_bytes;
	if (lines * k->line_bytes != k->bytes)
		return impossible(c, "cache", k->name, "size", e,
				  "expected a multiple of the line, %u bytes",
				  k->line_bytes);
	return check_sets(c, "cache", k->name, lines, &k->ways, k->repl, e);
}

static bool
check_lane(const struct conf *c, struct lane_config *l, struct err *e)
{
	for (unsigned i = 0; i < l->n_tlbs; i++)
		if (!check_tlb(c, &l->tlb[i], &l->paging, e))
			return false;
	for (unsigned i = 0; i < l->n_pwcs; i++) {
		struct pwc_config *w = &l->pwc[i];

		if (!check_sets(c, "pwc", w->name, w->entries, &w->ways,
				w->repl, e))
			return false;
		if (w->level >= l->paging.levels)
			return impossible(c, "pwc", w->name, "level", e,
					  "expected a level that %s has",
					  l->paging.name);
	}
	for (unsigned i = 0; i < l->n_caches; i++)
		if (!check_cache(c, &l->cache[i], e))
			return false;
	return true;
}

static bool
check_os(const struct conf *c, const struct os_config *os, struct err *e)
{
	if (!is_pow2(os->fault_around_bytes))
		return impossible(c, "os", NULL, "fault_around", e,
				  "expected a power of two");
	if (os->readahead_bytes % PAGE_SIZE)
		return impossible(c, "os", NULL, "readahead", e,
				  "expected a multiple of 4K");
	if (os->memory_bytes % PAGE_SIZE)
		return impossible(c, "machine", NULL, "memory", e,
				  "expected a multiple of 4K");
	if (os->swap_bytes % PAGE_SIZE)
		return impossible(c, "os", NULL, "swap", e,
				  "expected a multiple of 4K");
	return true;
}

bool
conf_resolve(const struct conf *c, struct conf_resolved *out, struct err *e)
{
	unsigned n[CONF_ARRAYS];

	memset(out, 0, sizeof *out);
	for (const struct conf_key *k = conf_keys; k->name; k++)
		if (conf_array_of(k) < 0 && !resolve_key(c, k, "", 0, out, e))
			return false;
	for (unsigned a = 0; a < CONF_ARRAYS; a++)
		if (!resolve_array(c, a, &n[a], out, e))
			return false;
	out->lane.n_tlbs = n[0];
	out->lane.n_pwcs = out->lane.tables == TABLES_RADIX ? n[1] : 0;
	out->lane.n_caches = n[2];
	return check_os(c, &out->os, e) && check_lane(c, &out->lane, e);
}

static void
give_item(const struct conf *c, const struct conf_key *k, const char *member,
	  void (*fn)(void *ctx, const struct conf_item *item), void *ctx)
{
	char name[CONF_KEY_MAX];
	const struct conf_value *v;
	struct conf_number number;
	struct conf_item item = {.key = k, .name = name};

	conf_expand(k, member, name);
	v = conf_find(c, name);
	item.text = v ? v->text : k->def;
	item.origin = v ? v->origin : "default";
	if (!item.text || !conf_parse(k, item.text, &number))
		BUG("%s was not resolved", name);
	item.number = number.u;
	item.real = number.d;
	fn(ctx, &item);
}

/* One array, member by member: its keys stand together in conf_keys[]. */
static const struct conf_key *
each_member(const struct conf *c, const struct conf_key *first,
	    void (*fn)(void *ctx, const struct conf_item *item), void *ctx)
{
	unsigned array = (unsigned)conf_array_of(first);
	const struct conf_array *members = &c->arrays[array];
	const struct conf_key *k;

	for (unsigned i = 0; i < members->n; i++)
		if (conf_member_there(c, array, members->names[i]))
			for (k = first; k->name && k->part == first->part; k++)
				give_item(c, k, members->names[i], fn, ctx);
	for (k = first; k->name && k->part == first->part; k++)
		;
	return k;
}

void
conf_each(const struct conf *c,
	  void (*fn)(void *ctx, const struct conf_item *item), void *ctx)
{
	const struct conf_key *k = conf_keys;

	while (k->name) {
		if (conf_array_of(k) >= 0) {
			k = each_member(c, k, fn, ctx);
		} else {
			give_item(c, k, "", fn, ctx);
			k++;
		}
	}
}
