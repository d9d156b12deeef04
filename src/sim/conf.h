/*
 * conf.h - configuration: one table of keys, INI files on top of each other,
 * KEY=VALUE settings on top of those.
 *
 * A key is SECTION.NAME, as in an INI file; tlb, pwc and cache are arrays
 * whose members people name: [tlb.stlb] entries = 1536 is the key
 * tlb.stlb.entries.  A member with size 0 is not there.  Everything that can
 * be configured is a row of conf_keys[]; the parser, the checks, `pagewalk
 * config`, the manual and the echo in each result read it.
 *
 * Errors are ERR_INPUT and say file:line (or --set), key, value and what was
 * expected.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_CONF_H
#define SIM_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "os/os.h"
#include "sim/lane_config.h"

#define CONF_DEFAULT_PRESET "intel-skylake"

struct err;
struct conf;

enum conf_type {
	CONF_COUNT, /* whole number */
	CONF_BYTES, /* whole number with K, M, G, T */
	CONF_FLOAT,
	CONF_BOOL,   /* yes or no */
	CONF_CHOICE, /* one of choices[] */
	CONF_PAGES,  /* page sizes: "4K 2M" -> mask */
	CONF_WAYS,   /* whole number, or "full" (0: as many as entries) */
	CONF_POLICY, /* replacement policy, hw/repl.h */
	CONF_PAGING, /* arch/paging.h */
};

/* Which struct a key's value goes into. */
enum conf_part {
	PART_OS,
	PART_LANE,
	PART_TLB,
	PART_PWC,
	PART_CACHE,
	PART_REPLAY,
};

struct conf_choice {
	const char *name;
	unsigned value;
};

struct conf_key {
	const char *name; /* "os.thp", "tlb.*.entries" */
	enum conf_type type;
	enum conf_part part;
	size_t offset, width; /* of the member */
	double min, max;      /* numbers only */
	const char *unit;     /* "cycles", "" */
	const char *def;      /* NULL: must be given for each member */
	const struct conf_choice *choices; /* CONF_CHOICE; ends with NULL */
	const char *help;
	const char *source; /* of the default, or of the rule */
};

extern const struct conf_key conf_keys[]; /* ends with name == NULL */

/* The row for a full key; NULL if there is none. */
const struct conf_key *conf_key_find(const char *key);

/* The known key most like this one, or NULL if none is near.  Writes it to
 * buf. */
const char *conf_suggest(const char *key, char *buf, size_t size);

struct conf *conf_new(void);
struct conf *conf_copy(const struct conf *c);
void conf_free(struct conf *c);

/* Lay a preset (by name) or a file (by path: has a '/' or ends in .ini) over
 * what is there.  `base = NAME...` is found beside the file, in the
 * directories of $PAGEWALK_CONFIGS, among the built-in presets, and in the
 * installed directory, in this order. */
bool conf_load(struct conf *c, const char *name, struct err *e);

/* "KEY=VALUE".  origin is what messages and `config show` call the place. */
bool conf_set(struct conf *c, const char *assignment, const char *origin,
	      struct err *e);

/* All lanes of a run share the kernel, the page tables and the trace.  Is
 * this key (or KEY=VALUE) one of those?  And: take their values from the
 * run's configuration. */
bool conf_shared_key(const char *key);
void conf_share(struct conf *lane, const struct conf *run);

struct conf_resolved {
	struct os_config os;
	struct lane_config lane;
	struct conf_replay {
		uint64_t slice;             /* machine.time_slice */
		unsigned modify_is_write;   /* replay.modify */
		unsigned price_kernel_refs; /* replay.kernel_refs */
	} replay;
};

/* Values from text, checked against each other. */
bool conf_resolve(const struct conf *c, struct conf_resolved *out,
		  struct err *e);

/* One value of the fully resolved configuration. */
struct conf_item {
	const char *name; /* "tlb.stlb.entries" */
	const struct conf_key *key;
	const char *text;   /* "1536" */
	const char *origin; /* "intel-skylake.ini:31", "--set", "default" */
	uint64_t number;    /* value of COUNT, BYTES, BOOL, CHOICE, WAYS */
	double real;        /* value of FLOAT */
};

/* All values, defaults included, in the order of conf_keys[], arrays member
 * by member; conf_resolve() must have succeeded. */
void conf_each(const struct conf *c,
	       void (*fn)(void *ctx, const struct conf_item *item), void *ctx);

/* Presets: every *.ini of the places above.  help is the file's top-level
 * `help = ...`, or "".  A name met again in a later place is left out. */
void conf_presets(void (*fn)(void *ctx, const char *name, const char *help,
			     const char *place),
		  void *ctx);

/* Text of the value's range or choices, for people: "1..4096", "yes or no".
 */
void conf_expected(const struct conf_key *k, char *buf, size_t size);

#endif
