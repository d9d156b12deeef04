/* convention.c - see convention.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

#include "arch/addr.h"
#include "base/err.h"
#include "trace/convention.h"

unsigned
convention_apply(const struct convention *c, enum ref_op op, uint64_t addr,
		 uint32_t bytes, struct one_ref out[CONVENTION_MAX])
{
	uint64_t room = PAGE_SIZE - (addr & (PAGE_SIZE - 1));
	bool two_pages =
	    c->straddle_two && bytes > room && bytes - room <= PAGE_SIZE;
	bool two_ops = c->modify_two && op == REF_MODIFY;
	unsigned n = 0;

	for (int pass = 0; pass <= two_ops; pass++) {
		enum ref_op o = !two_ops ? op : pass ? REF_STORE : REF_LOAD;
		uint32_t first = two_pages ? (uint32_t)room : bytes;

		out[n++] = (struct one_ref){o, addr, first};
		if (two_pages)
			out[n++] =
			    (struct one_ref){o, addr + first, bytes - first};
	}
	return n;
}

bool
convention_parse(const char *option, const char *word, bool *two, struct err *e)
{
	if (!word)
		return true;
	*two = !strcmp(word, "two");
	if (*two || !strcmp(word, "one"))
		return true;
	return err_set(e, ERR_USAGE, "--%s %s: one or two is expected", option,
		       word);
}
