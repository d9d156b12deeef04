/*
 * walk.h - one page walk: paging-structure caches from the lowest level up,
 * then one load for each level left, at the entry's real physical address.
 * A walker over tables of a lane's own (hw/ptable.h) asks the kernel's what an
 * address means, and loads entries of its own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef HW_WALK_H
#define HW_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/paging.h"
#include "arch/physmem.h"
#include "arch/visit.h"
#include "hw/cache.h"
#include "hw/pwc.h"

#define WALK_MAX_PWCS 4
#define WALK_NO_PWC   0xff

/* Levels of loads: the table's own, then those of the host's. */
#define WALK_LEVELS    (2 * PAGING_MAX_LEVELS)
#define WALK_HOST      PAGING_MAX_LEVELS
#define WALK_MAX_LOADS (PAGING_MAX_LEVELS * (PAGING_MAX_LEVELS + 2))

struct htable;
struct nested;
struct ptable;

struct walker {
	const struct paging *paging;
	const struct physmem *mem;        /* the kernel's tables */
	struct ptable *own;               /* NULL: it walks the kernel's */
	struct htable *hash;              /* or a table that is no tree */
	uint16_t space;                   /* that runs; for own and hash */
	struct nested *host;              /* NULL: physical is physical */
	const struct cache_path *path[2]; /* that its loads take: of level 0,
					     of others */
	unsigned n_pwcs;
	struct pwc *pwc[WALK_MAX_PWCS]; /* lowest level first */
	struct walk_level {
		unsigned shift;    /* paging_shift() */
		bool leaf, branch; /* entries may map a page, lead on */
		uint64_t mask;     /* of the index, shifted down */
		struct pwc *keeps; /* keeps its entries, or NULL */
	} level[PAGING_MAX_LEVELS];
};

enum walk_end {
	WALK_MAPPED,      /* a leaf that grants the access */
	WALK_NOT_PRESENT, /* an entry is not present */
	WALK_DENIED,      /* a leaf, but some entry forbids the access */
};

struct walk_load {
	uint8_t level; /* of the entry: 0 is a PTE; the host's: WALK_HOST on */
	uint8_t where; /* number of the cache, or of memory (cache_path) */
	bool hidden;   /* another one that goes out with it takes longer */
	paddr pa;
};

struct walk_result {
	uint8_t end;        /* enum walk_end */
	uint8_t level;      /* of the entry it ended at */
	uint8_t page_shift; /* log2 bytes that this entry covers */
	uint8_t pwc;        /* which of walker.pwc[] hit, or WALK_NO_PWC;
			       those below it were asked, and missed */
	uint8_t n_loads;
	struct walk_load load[WALK_MAX_LOADS];
	uint64_t entry; /* the last one read */
	/* Where it is in the kernel's tables; NULL if the table walked has
	 * pages of another size there. */
	const uint64_t *at;
};

/* The caller has set the members up to pwc[]. */
void walker_init(struct walker *w);

/* Walk from root, of the kernel's tables, for an access; rights of all levels
 * together decide. Fills *r. */
void walk(struct walker *w, pfn root, unsigned asid, vaddr va, enum access acc,
	  struct walk_result *r);

/* Which pages of 2^shift bytes, of the aligned group of 2^bits in which va
 * has number part, does the line of entries that a walk ended in map like
 * this one: to neighbouring frames, with the same rights and bits? */
uint16_t walk_contiguous(const struct walk_result *r, unsigned part,
			 unsigned shift, unsigned bits);

#endif
