/* paging.c - see paging.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/paging.h"

#define LEAVES_3 (1u << 0 | 1u << 1 | 1u << 2)
#define LEAVES_2 (1u << 0 | 1u << 1)

/* Arm names its levels from the root down; here 0 is always the lowest. */
const struct paging paging_modes[] = {
    {"x86-64-4level",
     "4 levels of 9 bits (Intel SDM vol. 3A, 4.5.4)",
     4,
     12,
     {9, 9, 9, 9},
     LEAVES_3,
     8},
    {"x86-64-5level",
     "5 levels of 9 bits (Intel SDM vol. 3A, 4.5.5)",
     5,
     12,
     {9, 9, 9, 9, 9},
     LEAVES_3,
     8},
    {"x86-pae",
     "32-bit addresses, entries of 8 bytes (SDM vol. 3A, 4.4)",
     3,
     12,
     {9, 9, 2},
     LEAVES_2,
     8},
    {"x86-32",
     "32-bit addresses, entries of 4 bytes (SDM vol. 3A, 4.3)",
     2,
     12,
     {10, 10},
     LEAVES_2,
     4},
    {"arm64-4k",
     "granule of 4 KiB, 48 bits (Arm ARM DDI 0487, D8.2)",
     4,
     12,
     {9, 9, 9, 9},
     LEAVES_3,
     8},
    {"arm64-16k",
     "granule of 16 KiB, 48 bits (Arm ARM DDI 0487, D8.2)",
     4,
     14,
     {11, 11, 11, 1},
     LEAVES_2,
     8},
    {"arm64-64k",
     "granule of 64 KiB, 48 bits (Arm ARM DDI 0487, D8.2)",
     3,
     16,
     {13, 13, 6},
     LEAVES_2,
     8},
    {"riscv-sv32",
     "32-bit addresses (RISC-V privileged ISA, Sv32)",
     2,
     12,
     {10, 10},
     LEAVES_2,
     4},
    {"riscv-sv39",
     "39-bit addresses (RISC-V privileged ISA, Sv39)",
     3,
     12,
     {9, 9, 9},
     LEAVES_3,
     8},
    {"riscv-sv48",
     "48-bit addresses (RISC-V privileged ISA, Sv48)",
     4,
     12,
     {9, 9, 9, 9},
     LEAVES_3,
     8},
    {"riscv-sv57",
     "57-bit addresses (RISC-V privileged ISA, Sv57)",
     5,
     12,
     {9, 9, 9, 9, 9},
     LEAVES_3,
     8},
    {"x86-64-flat",
     "levels 4+3 and 2+1 merged, tables of 2 MiB (Park et al., "
     "Every Walk's a Hit, ASPLOS 2022)",
     2,
     12,
     {18, 18},
     LEAVES_2,
     8},
    {"x86-64-flat-top",
     "levels 4+3 merged, a root of 2 MiB (same paper)",
     3,
     12,
     {9, 9, 18},
     LEAVES_3,
     8},
    {"", NULL, 0, 0, {0}, 0, 0},
};

static bool
find(const char *name, struct paging *p)
{
	for (const struct paging *m = paging_modes; m->levels; m++)
		if (!strcmp(m->name, name)) {
			*p = *m;
			return true;
		}
	return false;
}

/* A number of one to max at *text, which moves on. */
static bool
number(const char **text, char before, unsigned max, unsigned *out)
{
	char *end;
	unsigned long n;

	if (**text != before || (*text)[1] < '0' || (*text)[1] > '9')
		return false;
	n = strtoul(*text + 1, &end, 10);
	*text = end;
	*out = (unsigned)n;
	return n >= 1 && n <= max;
}

static bool
parse_radix(const char *text, struct paging *p)
{
	unsigned width[PAGING_MAX_LEVELS], bits;

	*p = (struct paging){
	    .help = "of one's own", .leaf_mask = 1, .pte_bytes = 8};
	snprintf(p->name, sizeof(p->name), "%s", text);
	if (strlen(text) >= sizeof(p->name) || strncmp(text, "radix-", 6))
		return false;
	text += 5;
	if (!number(&text, '-', 30, &p->page_shift) ||
	    p->page_shift < PAGING_MIN_SHIFT)
		return false;
	bits = p->page_shift;
	while (*text == '-') {
		if (p->levels == PAGING_MAX_LEVELS ||
		    !number(&text, '-', 24, &width[p->levels]))
			return false;
		bits += width[p->levels++];
	}
	for (unsigned i = 0; i < p->levels; i++)
		p->index_bits[i] = width[p->levels - 1 - i];
	if (*text && (!number(&text, '/', 64, &p->pte_bytes) ||
		      p->pte_bytes & (p->pte_bytes - 1)))
		return false;
	return !*text && p->levels && bits <= PAGING_MAX_BITS;
}

bool
paging_parse(const char *text, struct paging *p)
{
	return find(text, p) || parse_radix(text, p);
}

bool
paging_is_kernel(const struct paging *p)
{
	const struct paging *k = &paging_modes[0];

	return p->levels == k->levels && p->page_shift == k->page_shift &&
	       !memcmp(p->index_bits, k->index_bits, sizeof(k->index_bits)) &&
	       p->leaf_mask == k->leaf_mask && p->pte_bytes == k->pte_bytes;
}

uint64_t
paging_sizes(const struct paging *p)
{
	uint64_t mask = 0;

	for (unsigned level = 0; level < p->levels; level++)
		if (p->leaf_mask >> level & 1)
			mask |= (uint64_t)1 << paging_shift(p, level);
	return mask;
}
