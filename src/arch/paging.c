/* paging.c - see paging.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <string.h>

#include "arch/paging.h"

const struct paging paging_modes[] = {
    {"x86-64-4level",
     "x86-64, 4 levels of 9 bits (Intel SDM vol. 3A, 4.5)",
     4,
     12,
     {9, 9, 9, 9},
     1u << 0 | 1u << 1 | 1u << 2,
     8},
    {NULL, NULL, 0, 0, {0}, 0, 0},
};

const struct paging *
paging_find(const char *name)
{
	for (const struct paging *p = paging_modes; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}
