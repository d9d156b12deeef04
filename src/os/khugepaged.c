/*
 * khugepaged.c - the thread that makes huge pages of small ones
 * (mm/khugepaged.c).
 *
 * Every khugepaged_scan_sleep it looks at khugepaged_pages entries of page
 * tables, going round about all address spaces, and collapses where a huge
 * page would have been allowed.  Time is instructions at the nominal rate.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

static uint64_t
period(const struct os *os)
{
	return os->cfg.instructions_per_second / 1000 *
	       os->cfg.khugepaged_scan_sleep;
}

/* An aligned 2 MiB of v; what looking at it cost, in entries. */
static uint64_t
scan_range(struct os *os, struct mm *mm, struct vma *v, uint64_t base)
{
	uint64_t *pmd;

	if (mm->thp_disabled || !huge_allowed(os, v, base))
		return 1;
	pmd = pt_find(os, mm, base, 1);
	if (!pmd || !*pmd || (*pmd & PTE_PS))
		return 1;
	os->stats.khugepaged_collapsed += huge_collapse(os, mm, v, base, false);
	return PTES;
}

/* From the cursor to the end of one address space; entries that are left. */
static uint64_t
scan_space(struct os *os, struct mm *mm, uint64_t left)
{
	uint64_t at = os->khugepaged_addr;
	struct vma *v;

	while (left && (v = vma_find_from(mm, at, NULL))) {
		uint64_t cost = 1;

		at = align_up(max_u64(at, v->start), PMD_SIZE);
		if (at < v->end) {
			cost = scan_range(os, mm, v, at);
			at += PMD_SIZE;
		} else {
			at = v->end;
		}
		left -= min_u64(left, cost);
	}
	os->khugepaged_addr = at;
	return left;
}

static void
scan(struct os *os)
{
	uint64_t left = os->cfg.khugepaged_pages;

	for (size_t i = 0; left && i <= os->n_spaces; i++) {
		struct mm *mm;

		if (os->khugepaged_space >= os->n_spaces)
			os->khugepaged_space = 0;
		mm = os->spaces[os->khugepaged_space];
		if (mm)
			left = scan_space(os, mm, left);
		if (left || !mm) {
			os->khugepaged_space++;
			os->khugepaged_addr = 0;
		}
	}
}

bool
khugepaged_is_due(const struct os *os)
{
	return os->cfg.khugepaged_scan_sleep && os->cfg.thp != THP_NEVER &&
	       os->insn >= os->next_khugepaged;
}

void
khugepaged_run(struct os *os)
{
	uint64_t every = period(os);
	struct kwork outer = os->work;

	os->work = (struct kwork){0};
	if (os->next_khugepaged && os->n_spaces)
		scan(os);
	os->next_khugepaged = os->insn + max_u64(every, 1);
	work_flush(os);
	os->work = outer;
}
