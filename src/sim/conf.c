/* conf.c - the values of a configuration and where each came from.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "hw/repl.h"
#include "sim/conf_priv.h"

const struct conf_array_kind conf_array_kinds[CONF_ARRAYS] = {
    {"tlb", PART_TLB, "entries", LANE_MAX_TLBS},
    {"pwc", PART_PWC, "entries", LANE_MAX_PWCS},
    {"cache", PART_CACHE, "size", LANE_MAX_CACHES},
};

int
conf_array_of(const struct conf_key *k)
{
	for (int a = 0; a < CONF_ARRAYS; a++)
		if (k->part == conf_array_kinds[a].part)
			return a;
	return -1;
}

void
conf_expand(const struct conf_key *k, const char *member, char *buf)
{
	const char *star = strchr(k->name, '*');

	if (star)
		snprintf(buf, CONF_KEY_MAX, "%.*s%s%s", (int)(star - k->name),
			 k->name, member, star + 1);
	else
		snprintf(buf, CONF_KEY_MAX, "%s", k->name);
}

/* The '*' of a pattern stands for one or more of [a-z0-9-]. */
static size_t
member_length(const char *s)
{
	size_t n = 0;

	while (islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]) ||
	       s[n] == '-')
		n++;
	return n;
}

static bool
key_matches(const char *pattern, const char *key)
{
	const char *star = strchr(pattern, '*');
	size_t before, n;

	if (!star)
		return !strcmp(pattern, key);
	before = (size_t)(star - pattern);
	if (strncmp(pattern, key, before))
		return false;
	n = member_length(key + before);
	return n && n <= CONF_NAME_MAX && !strcmp(star + 1, key + before + n);
}

const struct conf_key *
conf_key_find(const char *key)
{
	for (const struct conf_key *k = conf_keys; k->name; k++)
		if (key_matches(k->name, key))
			return k;
	return NULL;
}

static bool
parse_choice(const struct conf_choice *c, const char *text, uint64_t *out)
{
	for (; c->name; c++)
		if (!strcmp(c->name, text)) {
			*out = c->value;
			return true;
		}
	return false;
}

static bool
parse_bool(const char *text, uint64_t *out)
{
	static const struct conf_choice words[] = {
	    {"yes", 1}, {"no", 0},  {"true", 1}, {"false", 0},
	    {"on", 1},  {"off", 0}, {NULL, 0}};

	return parse_choice(words, text, out);
}

/* "4K 2M" or "4K,2M" -> a mask of log2. */
static bool
parse_pages(const char *text, uint64_t *mask)
{
	char word[16];
	uint64_t bytes;
	size_t n;

	*mask = 0;
	while (*(text += strspn(text, " ,\t"))) {
		n = strcspn(text, " ,\t");
		if (n >= sizeof word)
			return false;
		memcpy(word, text, n);
		word[n] = '\0';
		text += n;
		if (!parse_u64(word, &bytes) || !is_pow2(bytes) ||
		    bytes < (uint64_t)1 << PAGING_MIN_SHIFT)
			return false;
		*mask |= (uint64_t)1 << ilog2(bytes);
	}
	return *mask != 0;
}

static bool
parse_float(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end;
}

bool
conf_parse(const struct conf_key *k, const char *text, struct conf_number *out)
{
	*out = (struct conf_number){0};
	switch (k->type) {
	case CONF_WAYS:
		if (!strcmp(text, "full"))
			return true;
		__attribute__((fallthrough));
	case CONF_COUNT:
	case CONF_BYTES:
		return parse_u64(text, &out->u) && (double)out->u >= k->min &&
		       (double)out->u <= k->max;
	case CONF_FLOAT:
		return parse_float(text, &out->d) && out->d >= k->min &&
		       out->d <= k->max;
	case CONF_BOOL:
		return parse_bool(text, &out->u);
	case CONF_CHOICE:
		return parse_choice(k->choices, text, &out->u);
	case CONF_PAGES:
		return parse_pages(text, &out->u);
	case CONF_POLICY:
		out->p = repl_find(text);
		return out->p != NULL;
	case CONF_PAGING:
		return paging_parse(text, &out->paging);
	}
	return false;
}

struct conf *
conf_new(void)
{
	return xcalloc(1, sizeof(struct conf));
}

void
conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->values[i].name);
		free(c->values[i].text);
		free(c->values[i].origin);
	}
	for (unsigned a = 0; a < CONF_ARRAYS; a++) {
		for (unsigned i = 0; i < c->arrays[a].n; i++)
			free(c->arrays[a].names[i]);
		free(c->arrays[a].names);
	}
	free(c->values);
	free(c);
}

struct conf *
conf_copy(const struct conf *c)
{
	struct conf *d = conf_new();

	for (size_t i = 0; i < c->n; i++)
		if (!conf_put(d, c->values[i].name, c->values[i].text,
			      c->values[i].origin, NULL))
			BUG("%s was accepted before", c->values[i].name);
	return d;
}

static bool
is_shared(const struct conf_key *k)
{
	return k->part == PART_OS || k->part == PART_REPLAY ||
	       !strcmp(k->name, "machine.cpus");
}

bool
conf_shared_key(const char *key)
{
	char *name = xstrndup(key, strcspn(key, "= "));
	const struct conf_key *k = conf_key_find(name);

	free(name);
	return k && is_shared(k);
}

void
conf_share(struct conf *lane, const struct conf *run)
{
	for (const struct conf_key *k = conf_keys; k->name; k++) {
		const struct conf_value *v;

		if (!is_shared(k))
			continue;
		v = conf_find(run, k->name);
		if (!conf_put(lane, k->name, v ? v->text : k->def,
			      v ? v->origin : "default", NULL))
			BUG("%s was accepted before", k->name);
	}
}

const struct conf_value *
conf_find(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->values[i].name, name))
			return c->values + i;
	return NULL;
}

const char *
conf_text(const struct conf *c, const struct conf_key *k, const char *name)
{
	const struct conf_value *v = conf_find(c, name);

	return v ? v->text : k->def;
}

bool
conf_member_there(const struct conf *c, unsigned array, const char *member)
{
	char name[CONF_KEY_MAX];
	const struct conf_value *v;
	struct conf_number size;

	snprintf(name, sizeof name, "%s.%s.%s", conf_array_kinds[array].name,
		 member, conf_array_kinds[array].size_key);
	v = conf_find(c, name);
	return !v || !conf_parse(v->key, v->text, &size) || size.u > 0;
}

bool
conf_bad(struct err *e, const struct conf_value *v, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_INPUT, "%s: %s = %s: %s", v->origin, v->name,
		       v->text, why);
}

/* Remember the member that a key like tlb.stlb.ways names. */
static void
note_member(struct conf *c, const struct conf_key *k, const char *name)
{
	int a = conf_array_of(k);
	struct conf_array *array;
	const char *member;
	size_t n;

	if (a < 0)
		return;
	array = &c->arrays[a];
	member = strchr(name, '.') + 1;
	n = member_length(member);
	for (unsigned i = 0; i < array->n; i++)
		if (strlen(array->names[i]) == n &&
		    !strncmp(array->names[i], member, n))
			return;
	array->names =
	    xreallocarray(array->names, array->n + 1, sizeof *array->names);
	array->names[array->n++] = xstrndup(member, n);
}

static bool
unknown_key(const char *name, const char *text, const char *origin,
	    struct err *e)
{
	char near[CONF_KEY_MAX];
	bool found = conf_suggest(name, near, sizeof near) != NULL;

	if (found && !strcmp(name, near))
		return err_set(e, ERR_INPUT,
			       "%s: %s = %s: names have small letters, digits "
			       "and '-', at most %d of them",
			       origin, name, text, CONF_NAME_MAX);
	if (found)
		return err_set(e, ERR_INPUT,
			       "%s: %s = %s: there is no such key; did you "
			       "mean %s?",
			       origin, name, text, near);
	return err_set(e, ERR_INPUT,
		       "%s: %s = %s: there is no such key; 'pagewalk config "
		       "describe' lists them",
		       origin, name, text);
}

static void
replace(char **old, const char *text)
{
	char *copy = xstrdup(text); /* text may be *old */

	free(*old);
	*old = copy;
}

bool
conf_put(struct conf *c, const char *name, const char *text, const char *origin,
	 struct err *e)
{
	const struct conf_key *k = conf_key_find(name);
	struct conf_value *v;
	struct conf_number number;
	char expected[256];

	if (!k)
		return unknown_key(name, text, origin, e);
	if (!conf_parse(k, text, &number)) {
		conf_expected(k, expected, sizeof expected);
		return err_set(e, ERR_INPUT, "%s: %s = %s: expected %s", origin,
			       name, text, expected);
	}
	v = (struct conf_value *)conf_find(c, name);
	if (!v) {
		c->values = xgrow(c->values, c->n, &c->cap, sizeof *c->values);
		v = &c->values[c->n++];
		*v = (struct conf_value){xstrdup(name), k, NULL, NULL};
		note_member(c, k, name);
	}
	replace(&v->text, text);
	replace(&v->origin, origin);
	return true;
}

/* Would this remove a member that is not there?  A misspelt name. */
static bool
removes_nothing(const struct conf *c, const char *key, const char *value)
{
	const struct conf_key *k = conf_key_find(key);
	int a = k ? conf_array_of(k) : -1;
	struct conf_number size;
	size_t section;

	if (a < 0 ||
	    strcmp(strrchr(key, '.') + 1, conf_array_kinds[a].size_key) != 0 ||
	    !conf_parse(k, value, &size) || size.u > 0)
		return false;
	section = (size_t)(strrchr(key, '.') - key) + 1;
	for (size_t i = 0; i < c->n; i++)
		if (!strncmp(c->values[i].name, key, section))
			return false;
	return true;
}

static char *
trimmed(const char *s, size_t n)
{
	while (n && isspace((unsigned char)*s))
		s++, n--;
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return xstrndup(s, n);
}

bool
conf_set(struct conf *c, const char *assignment, const char *origin,
	 struct err *e)
{
	const char *equals = strchr(assignment, '=');
	char *key, *value;
	bool good;

	if (!equals)
		return err_set(e, ERR_INPUT, "%s: %s: expected KEY=VALUE",
			       origin, assignment);
	key = trimmed(assignment, (size_t)(equals - assignment));
	value = trimmed(equals + 1, strlen(equals + 1));
	if (removes_nothing(c, key, value))
		good = err_set(e, ERR_INPUT,
			       "%s: %s = %s: nothing of that name is there to "
			       "be removed",
			       origin, key, value);
	else
		good = conf_put(c, key, value, origin, e);
	free(key);
	free(value);
	return good;
}
