/* config_host.c - see config_host.h.  SPDX-License-Identifier:
 * GPL-3.0-or-later */
#include "cmd/config_host.h"

#include "base/err.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/plain.h"
#include "sim/conf.h"

#define MAX_ARRAYS  24
#define MAX_INDICES 16
#define FULL        0 /* ways */

#define P4K ((uint64_t)1 << 12)
#define P2M ((uint64_t)1 << 21)
#define P1G ((uint64_t)1 << 30)

struct array {
	unsigned level;
	const char *sides; /* as tlb.*.sides takes them */
	uint64_t pages;    /* sizes, added up */
	unsigned entries, ways;
};

struct host {
	unsigned family, model;
	bool amd;
	char name[49];
	const char *base; /* preset */
	struct array array[MAX_ARRAYS];
	unsigned n;
};

static void
add(struct host *h, unsigned level, const char *sides, uint64_t pages,
    unsigned entries, unsigned ways)
{
	if (entries && h->n < MAX_ARRAYS)
		h->array[h->n++] =
		    (struct array){level, sides, pages, entries, ways};
}

/* ------------------------------------------------------ which part it is */

/* Intel: family 6, by model.  Sources: Intel SDM vol. 4, table 2-1. */
static const struct {
	uint8_t model;
	const char *preset;
} intel_models[] = {
    {0x3c, "intel-haswell"},    {0x3f, "intel-haswell"},
    {0x45, "intel-haswell"},    {0x46, "intel-haswell"},
    {0x3d, "intel-broadwell"},  {0x47, "intel-broadwell"},
    {0x4f, "intel-broadwell"},  {0x56, "intel-broadwell"},
    {0x6a, "intel-icelake"},    {0x6c, "intel-icelake"},
    {0x7d, "intel-icelake"},    {0x7e, "intel-icelake"},
    {0x8c, "intel-icelake"},    {0x8d, "intel-icelake"},
    {0xa7, "intel-icelake"},    {0x97, "intel-goldencove"},
    {0x9a, "intel-goldencove"}, {0x8f, "intel-goldencove"},
    {0xb7, "intel-goldencove"}, {0xba, "intel-goldencove"},
    {0xbf, "intel-goldencove"}, {0xcf, "intel-goldencove"},
    {0xbe, "intel-gracemont"},
};

static const char *
intel_preset(const struct host *h)
{
	for (size_t i = 0; i < sizeof(intel_models) / sizeof(*intel_models);
	     i++)
		if (h->family == 6 && intel_models[i].model == h->model)
			return intel_models[i].preset;
	return "intel-skylake";
}

/* AMD: processor programming references of the families. */
static const char *
amd_preset(const struct host *h)
{
	bool zen4 = (h->model >= 0x10 && h->model < 0x20) || h->model >= 0x60;

	if (h->family >= 0x1a)
		return "amd-zen5";
	if (h->family == 0x19)
		return zen4 ? "amd-zen4" : "amd-zen3";
	return h->model < 0x30 ? "amd-zen1" : "amd-zen2";
}

static void
identify(struct host *h)
{
	unsigned a, b, c, d, brand[12] = {0};

	__cpuid(0, a, b, c, d);
	h->amd = b == signature_AMD_ebx;
	__cpuid(1, a, b, c, d);
	h->family =
	    (a >> 8 & 0xf) + ((a >> 8 & 0xf) == 0xf ? a >> 20 & 0xff : 0);
	h->model = (a >> 4 & 0xf) | (a >> 12 & 0xf0);
	for (unsigned i = 0; i < 3; i++)
		if (!__get_cpuid(0x80000002 + i, &brand[4 * i],
				 &brand[4 * i + 1], &brand[4 * i + 2],
				 &brand[4 * i + 3]))
			break;
	memcpy(h->name, brand, sizeof(brand));
	make_plain(h->name, false);
	h->base = h->amd ? amd_preset(h) : intel_preset(h);
}

/* ------------------------------------------------------------------ TLBs */

/* Intel's leaf 0x18: a structure for each index. */
static void
read_leaf_18(struct host *h)
{
	static const char *const sides[] = {NULL,   "data", "instruction",
					    "both", "load", "store"};
	unsigned a, b, c, d;

	if (!__get_cpuid_count(0x18, 0, &a, &b, &c, &d))
		return;
	for (unsigned i = 0; i < MAX_INDICES; i++) {
		unsigned type, ways;
		uint64_t pages;

		if (!__get_cpuid_count(0x18, i, &a, &b, &c, &d))
			return;
		type = d & 0x1f;
		ways = b >> 16;
		pages =
		    (b & 1 ? P4K : 0) | (b & 2 ? P2M : 0) | (b & 8 ? P1G : 0);
		if (type && type < sizeof(sides) / sizeof(*sides) && pages)
			add(h, d >> 5 & 7, sides[type], pages, ways * c,
			    d >> 8 & 1 ? FULL : ways);
	}
}

/* The code for the ways of a second level. */
static unsigned
amd_ways(unsigned code, unsigned entries)
{
	static const uint8_t ways[16] = {
	    [1] = 1,  [2] = 2,   [3] = 3,   [4] = 4,   [5] = 6,   [6] = 8,
	    [8] = 16, [10] = 32, [11] = 48, [12] = 64, [13] = 96, [14] = 128};

	return ways[code & 15] && entries % ways[code & 15] == 0
		   ? ways[code & 15]
		   : FULL;
}

/* 8 bits of entries and 8 of ways, instructions low, data high. */
static void
add_first(struct host *h, unsigned word, uint64_t pages)
{
	static const char *const sides[] = {"instruction", "data"};

	for (unsigned i = 0; i < 2; i++, word >>= 16) {
		unsigned entries = word & 0xff, ways = word >> 8 & 0xff;

		add(h, 1, sides[i], pages, entries,
		    ways == 0xff || !ways || entries % ways ? FULL : ways);
	}
}

/* 12 bits of entries and a code for the ways. */
static void
add_coded(struct host *h, unsigned level, unsigned word, uint64_t pages)
{
	static const char *const sides[] = {"instruction", "data"};

	for (unsigned i = 0; i < 2; i++, word >>= 16)
		add(h, level, sides[i], pages, word & 0xfff,
		    amd_ways(word >> 12, word & 0xfff));
}

static void
read_amd(struct host *h)
{
	unsigned a, b, c, d;

	if (__get_cpuid(0x80000005, &a, &b, &c, &d)) {
		add_first(h, b, P4K);
		add_first(h, a, P2M);
	}
	if (__get_cpuid(0x80000006, &a, &b, &c, &d)) {
		add_coded(h, 2, b, P4K);
		add_coded(h, 2, a, P2M);
	}
	if (__get_cpuid(0x80000019, &a, &b, &c, &d)) {
		add_coded(h, 1, a, P1G);
		add_coded(h, 2, b, P1G);
	}
}

/* AMD lists each page size by itself: arrays of one level and side that are
 * alike in everything else are one. */
static void
merge(struct host *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->n; i++) {
		const struct array *a = &h->array[i];
		unsigned k = 0;

		while (k < n && (h->array[k].level != a->level ||
				 strcmp(h->array[k].sides, a->sides) != 0 ||
				 h->array[k].entries != a->entries ||
				 h->array[k].ways != a->ways))
			k++;
		if (k < n)
			h->array[k].pages |= a->pages;
		else
			h->array[n++] = *a;
	}
	h->n = n;
}

/* --------------------------------------------------------------- writing */

static void
put_array(const struct array *a, unsigned number, FILE *f)
{
	fprintf(f, "\n[tlb.host-%u]\nlevel = %u\nsides = %s\npages =%s%s%s\n",
		number, a->level, a->sides, a->pages & P4K ? " 4K" : "",
		a->pages & P2M ? " 2M" : "", a->pages & P1G ? " 1G" : "");
	fprintf(f, "entries = %u\n", a->entries);
	if (a->ways == FULL)
		fputs("ways = full\n", f);
	else
		fprintf(f, "ways = %u\n", a->ways);
}

/* In whose place others come. */
static void
remove_base(const struct lane_config *l, bool tlbs, FILE *f)
{
	for (unsigned i = 0; tlbs && i < l->n_tlbs; i++)
		fprintf(f, "\n[tlb.%s]\nentries = 0\n", l->tlb[i].name);
	for (unsigned i = 0; !tlbs && i < l->n_caches; i++)
		fprintf(f, "\n[cache.%s]\nsize = 0\n", l->cache[i].name);
}

/* Of the base's array for the same level and side. */
static uint32_t
stlb_cycles(const struct lane_config *l, const struct array *a)
{
	unsigned side =
	    strcmp(a->sides, "instruction") != 0 ? SIDE_DATA : SIDE_INSN;

	for (unsigned i = 0; i < l->n_tlbs; i++)
		if (l->tlb[i].level == a->level && l->tlb[i].sides & side)
			return l->tlb[i].hit_cycles;
	return 0;
}

static void
put_tlbs(const struct host *h, const struct lane_config *l, FILE *f)
{
	if (!h->n) {
		fputs("\n; CPUID says nothing of the TLBs: they are the "
		      "base's.\n",
		      f);
		return;
	}
	remove_base(l, true, f);
	for (unsigned i = 0; i < h->n; i++) {
		put_array(&h->array[i], i, f);
		if (h->array[i].level > 1)
			fprintf(f, "hit_cycles = %" PRIu32 "\n",
				stlb_cycles(l, &h->array[i]));
	}
}

/* A word of /sys/devices/system/cpu/cpu0/cache/indexN. */
static bool
sysfs(unsigned index, const char *what, char *text, int size)
{
	char path[96];
	FILE *f;
	bool got;

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu0/cache/index%u/%s", index, what);
	f = fopen(path, "r");
	got = f && fgets(text, size, f);
	if (f)
		fclose(f);
	if (got)
		text[strcspn(text, "\n")] = '\0';
	return got && *text;
}

static uint32_t
cache_cycles(const struct lane_config *l, unsigned level, bool insn)
{
	uint32_t cycles = 0;

	for (unsigned i = 0; i < l->n_caches; i++)
		if (l->cache[i].level <= level &&
		    l->cache[i].sides & (insn ? SIDE_INSN : SIDE_DATA) &&
		    l->cache[i].hit_cycles > cycles)
			cycles = l->cache[i].hit_cycles;
	return cycles;
}

static bool
put_cache(unsigned index, const struct lane_config *l, FILE *f)
{
	char level[16], type[32], size[32], ways[16], line[16];
	bool insn, data;

	if (!sysfs(index, "level", level, sizeof(level)) ||
	    !sysfs(index, "type", type, sizeof(type)) ||
	    !sysfs(index, "size", size, sizeof(size)) ||
	    !sysfs(index, "ways_of_associativity", ways, sizeof(ways)) ||
	    !sysfs(index, "coherency_line_size", line, sizeof(line)))
		return false;
	insn = strcmp(type, "Data") != 0;
	data = strcmp(type, "Instruction") != 0;
	fprintf(f,
		"\n[cache.host-%u]\nlevel = %s\nsides = %s\nsize = %s\n"
		"ways = %s\nline = %s\nhit_cycles = %" PRIu32 "\n",
		index, level,
		insn && data ? "both"
		: insn       ? "instruction"
			     : "data",
		size, ways, line,
		cache_cycles(l, (unsigned)strtoul(level, NULL, 10), !data));
	return true;
}

static void
put_caches(const struct lane_config *l, FILE *f)
{
	char text[16];

	if (!sysfs(0, "size", text, sizeof(text))) {
		fputs("\n; sysfs says nothing of the caches: they are the "
		      "base's.\n",
		      f);
		return;
	}
	remove_base(l, false, f);
	for (unsigned i = 0; put_cache(i, l, f); i++)
		;
}

bool
config_from_host(FILE *f, struct err *e)
{
	struct conf_resolved base;
	struct conf *c = conf_new();
	struct host h = {0};
	bool good;

	identify(&h);
	good = conf_load(c, h.base, e) && conf_resolve(c, &base, e);
	conf_free(c);
	if (!good)
		return false;
	read_leaf_18(&h);
	if (h.amd) {
		read_amd(&h);
		merge(&h);
	}
	fprintf(
	    f,
	    "# TLBs as CPUID gives them, caches as sysfs does; walk caches, "
	    "replacement\n# and latencies, which neither knows, are those "
	    "of the base.\nhelp = this machine: %s\nbase = %s\n",
	    h.name, h.base);
	put_tlbs(&h, &base.lane, f);
	put_caches(&base.lane, f);
	return true;
}

#else

bool
config_from_host(FILE *f, struct err *e)
{
	(void)f;
	return err_set(e, ERR_FAILED,
		       "config from-host: only x86 says what its TLBs are");
}

#endif
