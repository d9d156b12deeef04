/* run_whatif.c - see run_whatif.h.  SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "cmd/run_whatif.h"

#define SPACE_BITS 48 /* of addresses, as with four levels */
#define LEVEL_BITS 9

unsigned
whatif_shift(const char *size, struct err *e)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long n = strtoul(size, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	unsigned shift;

	if (unit && !end[1] && is_pow2(n)) {
		shift = ilog2(n) + 10 * (unsigned)(unit - units + 1);
		if (shift > 12 && shift <= 30)
			return shift;
	}
	err_set(e, ERR_USAGE,
		"--what-if %s: expected page sizes from 8K to 1G, such as "
		"64K,2M",
		size);
	return 0;
}

/* Levels of 9 bits, and what is left at the root. */
static unsigned
shape(unsigned shift, char *text, size_t size)
{
	unsigned left = SPACE_BITS - shift, levels = 0;
	size_t n =
	    (size_t)snprintf(text, size, "machine.paging=radix-%u", shift);

	while (left) {
		unsigned bits =
		    left % LEVEL_BITS ? left % LEVEL_BITS : LEVEL_BITS;

		n += (size_t)snprintf(text + n, size - n, "-%u", bits);
		left -= bits;
		levels++;
	}
	return levels;
}

/* Does another array of its level take such pages of the same side? */
static bool
served(const struct lane_config *l, const struct tlb_config *t, unsigned shift)
{
	for (unsigned i = 0; i < l->n_tlbs; i++)
		if (l->tlb[i].level == t->level && l->tlb[i].sides & t->sides &&
		    l->tlb[i].page_sizes >> shift & 1)
			return true;
	return false;
}

static bool
set(struct conf *c, const char *name, const char *rest, struct err *e)
{
	char text[128];

	snprintf(text, sizeof(text), name, rest);
	return conf_set(c, text, "--what-if", e);
}

/* All pages have the new size: an array takes it that had it, or had the
 * smallest where nobody has the new one; others are of no use. */
static bool
resize(struct conf *c, const struct lane_config *l, const struct tlb_config *t,
       unsigned shift, struct err *e)
{
	char text[96];

	if (!(t->page_sizes >> shift & 1) &&
	    (!(t->page_sizes >> l->paging.page_shift & 1) ||
	     served(l, t, shift)))
		return set(c, "tlb.%s.entries=0", t->name, e);
	snprintf(text, sizeof(text), "tlb.%s.pages=%uK", t->name,
		 1u << (shift - 10));
	return conf_set(c, text, "--what-if", e);
}

bool
whatif_apply(struct conf *c, const struct conf_resolved *r, unsigned shift,
	     struct err *e)
{
	const struct lane_config *l = &r->lane;
	char text[96];
	unsigned levels = shape(shift, text, sizeof(text));
	bool good = conf_set(c, text, "--what-if", e);

	if (shift <= l->paging.page_shift)
		return err_set(e, ERR_USAGE,
			       "--what-if: expected pages larger than the "
			       "machine's, %u bytes",
			       1u << l->paging.page_shift);
	for (unsigned i = 0; good && i < l->n_tlbs; i++)
		good = resize(c, l, &l->tlb[i], shift, e);
	for (unsigned i = 0; good && i < l->n_pwcs; i++)
		if (l->pwc[i].level >= levels)
			good = set(c, "pwc.%s.entries=0", l->pwc[i].name, e);
	return good;
}
