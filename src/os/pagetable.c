/*
 * pagetable.c - x86-64 page tables of four levels, in modelled frames.
 *
 * Entries that name a table carry accessed and dirty, as Linux writes them
 * (_KERNPG_TABLE), so hardware never has to set them there.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "os/internal.h"

#define ROOT_LEVEL 3u

static unsigned
level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * level;
}

static unsigned
level_index(uint64_t addr, unsigned level)
{
	return (addr >> level_shift(level)) & (PTES - 1);
}

static uint32_t
table_new(struct os *os, struct mm *mm)
{
	uint32_t fno = frame_alloc(os, 0, FR_TABLE);

	if (!fno)
		return 0;
	physmem_add(&os->mem, (pfn){fno});
	mm->tables++;
	os->work.tables_allocated++;
	os->peak_tables = max_u64(os->peak_tables, os->kind_n[FR_TABLE]);
	return fno;
}

static void
table_free(struct os *os, struct mm *mm, uint32_t fno)
{
	physmem_drop(&os->mem, (pfn){fno});
	frame_put(os, fno);
	mm->tables--;
	os->work.tables_freed++;
}

bool
pt_new_root(struct os *os, struct mm *mm)
{
	uint32_t fno = table_new(os, mm);

	mm->root = (pfn){fno};
	return fno;
}

void
pt_free_root(struct os *os, struct mm *mm)
{
	table_free(os, mm, (uint32_t)mm->root.raw);
	BUG_ON(mm->tables);
}

struct hot *
pt_hot(struct mm *mm, uint64_t addr)
{
	uint64_t row = addr >> PAGE_SHIFT_2M;
	struct hot *h = &mm->hot[row % HOT_ROWS];

	if (h->tag != row + 1)
		*h = (struct hot){.tag = row + 1};
	return h;
}

uint64_t *
pt_find(struct os *os, struct mm *mm, uint64_t addr, unsigned level)
{
	struct hot *h = level ? NULL : pt_hot(mm, addr);
	uint64_t *t, *e;

	if (h && h->ptes)
		return h->ptes + level_index(addr, 0);
	t = physmem_words(&os->mem, mm->root);
	for (unsigned l = ROOT_LEVEL; l > level; l--) {
		e = t + level_index(addr, l);
		if (!(*e & PTE_P) || (*e & PTE_PS))
			return NULL;
		t = physmem_words(&os->mem, pte_frame(*e));
	}
	if (h)
		h->ptes = t;
	return t + level_index(addr, level);
}

uint64_t *
pt_make(struct os *os, struct mm *mm, uint64_t addr, unsigned level)
{
	uint64_t *e = pt_find(os, mm, addr, level), *t;

	if (e)
		return e;
	t = physmem_words(&os->mem, mm->root);
	for (unsigned l = ROOT_LEVEL; l > level; l--) {
		e = t + level_index(addr, l);
		if (pte_present(*e) && (*e & PTE_PS))
			return NULL;
		if (!*e) {
			uint32_t fno = table_new(os, mm);

			if (!fno)
				return NULL;
			*e = pte_make((pfn){fno}, PTE_TABLE);
		}
		t = physmem_words(&os->mem, pte_frame(*e));
	}
	return t + level_index(addr, level);
}

/* Skip what has no table: false when nothing is left. */
bool
pt_next(struct os *os, struct mm *mm, struct pt_iter *it)
{
	while (it->addr < it->end) {
		uint64_t *t = physmem_words(&os->mem, mm->root), *e = NULL;
		unsigned l = ROOT_LEVEL;

		for (;; l--) {
			e = t + level_index(it->addr, l);
			if (l == 1 || !*e)
				break;
			t = physmem_words(&os->mem, pte_frame(*e));
		}
		it->lo = it->addr;
		it->addr = align_down(it->addr, 1ull << level_shift(l)) +
			   (1ull << level_shift(l));
		if (!*e)
			continue;
		it->hi = min_u64(it->addr, it->end);
		it->pmd = e;
		it->pte = NULL;
		if (!(*e & PTE_PS))
			it->pte = physmem_words(&os->mem, pte_frame(*e)) +
				  level_index(it->lo, 0);
		return true;
	}
	return false;
}

bool
pt_next_split(struct os *os, struct mm *mm, struct pt_iter *it)
{
	if (!pt_next(os, mm, it))
		return false;
	if (!it->pte && it->hi - it->lo != PMD_SIZE) {
		huge_split(os, mm, it->lo, it->pmd);
		it->pte = pt_find(os, mm, it->lo, 0);
	}
	return true;
}

/* Tables put by for huge entries, by what they will map ------------------- */

void
pt_put_by(struct mm *mm, uint64_t addr, uint32_t table)
{
	uint64_t old;

	BUG_ON(map_get(&mm->deposit, addr >> PAGE_SHIFT_2M, &old));
	map_put(&mm->deposit, addr >> PAGE_SHIFT_2M, table);
}

bool
pt_deposit(struct os *os, struct mm *mm, uint64_t addr)
{
	uint32_t table = table_new(os, mm);

	if (table)
		pt_put_by(mm, addr, table);
	return table;
}

uint32_t
pt_withdraw(struct os *os, struct mm *mm, uint64_t addr)
{
	uint64_t table;

	(void)os;
	BUG_ON(!map_get(&mm->deposit, addr >> PAGE_SHIFT_2M, &table));
	map_remove(&mm->deposit, addr >> PAGE_SHIFT_2M);
	return (uint32_t)table;
}

void
pt_discard(struct os *os, struct mm *mm, uint64_t addr)
{
	table_free(os, mm, pt_withdraw(os, mm, addr));
}

void
pt_redeposit(struct mm *mm, uint64_t from, uint64_t to)
{
	pt_put_by(mm, to, pt_withdraw(NULL, mm, from));
}

/* Give the table of 2 MiB at from to to, which has none; both aligned. */
bool
pt_move_table(struct os *os, struct mm *mm, uint64_t from, uint64_t to)
{
	uint64_t *dst = pt_make(os, mm, to, 1);
	uint64_t *src = pt_find(os, mm, from, 1);

	if (!dst || *dst)
		return false;
	*dst = *src;
	*src = 0;
	pt_hot(mm, from)->ptes = NULL;
	pt_hot(mm, to)->ptes = NULL;
	return true;
}

/* Free the tables under table (of level, covering from base on) that touch
 * [start, end) and whose whole span no mapping touches. */
static void
trim_level(struct gather *g, uint64_t *table, uint64_t base, unsigned level)
{
	struct os *os = g->os;
	struct mm *mm = g->mm;
	uint64_t span = 1ull << level_shift(level);
	uint64_t lo = align_down(max_u64(g->start, base), span);
	uint64_t stop = min_u64(g->end, base + span * PTES);

	for (; lo < stop; lo += span) {
		uint64_t *e = table + level_index(lo, level), *words;

		if (!*e || (*e & PTE_PS))
			continue;
		words = physmem_words(&os->mem, pte_frame(*e));
		if (level > 1)
			trim_level(g, words, lo, level - 1);
		if (vma_overlaps(mm, lo, lo + span))
			continue;
		if (level == 1)
			pt_hot(mm, lo)->ptes = NULL;
		for (unsigned j = 0; j < PTES; j++)
			BUG_ON(words[j]);
		table_free(os, mm, pte_fno(*e));
		*e = 0;
		g->tables = true;
		gather_touch(g, max_u64(lo, g->start), PAGE_SIZE);
	}
}

void
pt_trim(struct gather *g)
{
	trim_level(g, physmem_words(&g->os->mem, g->mm->root), 0, ROOT_LEVEL);
}
