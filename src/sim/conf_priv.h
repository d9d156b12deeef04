/* conf_priv.h - what the conf_*.c files share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CONF_PRIV_H
#define SIM_CONF_PRIV_H

#include "sim/conf.h"

#define CONF_NAME_MAX (HW_NAME_MAX - 1) /* of an array's member */
#define CONF_ARRAYS   3

struct conf_value {
	char *name; /* full key */
	const struct conf_key *key;
	char *text;
	char *origin;
};

/* The members of tlb, pwc or cache, in order of first mention. */
struct conf_array {
	char **names;
	unsigned n;
};

struct conf {
	struct conf_value *values;
	size_t n, cap;
	struct conf_array arrays[CONF_ARRAYS];
};

/* tlb, pwc, cache: the part, the prefix, and the member that counts its size
 * (0: the member is not there). */
struct conf_array_kind {
	const char *name; /* "tlb" */
	enum conf_part part;
	const char *size_key; /* "entries" */
	unsigned max;         /* members a lane has room for */
};
extern const struct conf_array_kind conf_array_kinds[CONF_ARRAYS];

/* Which array a pattern belongs to, or -1. */
int conf_array_of(const struct conf_key *k);

/* "tlb.*.ways", "stlb" -> "tlb.stlb.ways"; buf of CONF_KEY_MAX. */
#define CONF_KEY_MAX 96
void conf_expand(const struct conf_key *k, const char *member, char *buf);

/* A parsed value. */
struct conf_number {
	uint64_t u;
	double d;
	const void *p; /* policy row */
	struct paging paging;
};

/* False if text is not a value of this key; conf_expected() says what is. */
bool conf_parse(const struct conf_key *k, const char *text,
		struct conf_number *out);

/* The value given for a full key, or NULL. */
const struct conf_value *conf_find(const struct conf *c, const char *name);

/* Its text, or the default, or NULL. */
const char *conf_text(const struct conf *c, const struct conf_key *k,
		      const char *name);

/* Is this member there (its size is not 0)? */
bool conf_member_there(const struct conf *c, unsigned array,
		       const char *member);

/* Set one value; checks key, type and range. */
bool conf_put(struct conf *c, const char *name, const char *text,
	      const char *origin, struct err *e);

/* "ORIGIN: KEY = TEXT: expected WHAT". */
bool conf_bad(struct err *e, const struct conf_value *v, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The presets compiled into the program (made from configs/). */
struct conf_builtin {
	const char *name, *text;
};
extern const struct conf_builtin conf_builtins[]; /* ends with NULL */

#endif
