/*
 * place.c - where Linux puts a mapping that has no fixed address
 * (mm/mmap.c:get_unmapped_area(), arch/x86/kernel/sys_x86_64.c and
 * mm/huge_memory.c:thp_get_unmapped_area() of Linux 6.8, with what 6.12
 * changed).
 *
 * Down from mmap_base, into the highest gap that is large enough; up from a
 * third of the address space in the old layout.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <sys/mman.h>

#include "os/internal.h"

#define LEGACY_BASE  0x2aaaaaaab000u /* TASK_SIZE / 3 */
#define LOW_2G_START 0x40000000u     /* MAP_32BIT */
#define LOW_2G_END   0x80000000u
#define MAP_4G_ABOVE 0x80u /* MAP_ABOVE4G */

/* What to look for: len bytes in [low, high), at an address that is
 * align_offset beyond a multiple of align (a power of two, or 0). */
struct search {
	const struct os *os;
	struct mm *mm;
	uint64_t len, low, high, align, align_offset;
};

/* Where a mapping begins, with the gap that a stack keeps below. */
static uint64_t
start_gap(const struct os *os, const struct vma *v)
{
	uint64_t gap = (uint64_t)os->cfg.stack_guard_pages << PAGE_SHIFT;

	if (!(v->flags & VM_GROWSDOWN))
		return v->start;
	return v->start - min_u64(v->start, gap);
}

static uint64_t
needed(const struct search *s)
{
	return s->len + (s->align ? s->align - PAGE_SIZE : 0);
}

static uint64_t
align_in(const struct search *s, uint64_t at, bool down)
{
	if (!s->align)
		return at;
	return down ? at - ((at - s->align_offset) & (s->align - 1))
		    : at + ((s->align_offset - at) & (s->align - 1));
}

/* unmapped_area_topdown(): the highest; 0: none.  A stack's gap is looked at
 * once a hole right below it is large enough without. */
static uint64_t
search_down(const struct search *s)
{
	uint64_t high = s->high, need = needed(s);
	size_t i;

	vma_find_from(s->mm, high, &i);
	for (;;) {
		const struct vma *next =
		    i < s->mm->n_vmas ? s->mm->vmas[i] : NULL;
		uint64_t floor = i ? s->mm->vmas[i - 1]->end : 0, top = high;

		floor = max_u64(floor, s->low);
		if (next)
			top = min_u64(top, next->start);
		if (top >= floor && top - floor >= need) {
			if (!next || start_gap(s->os, next) >= top)
				return align_in(s, top - s->len, true);
			high = start_gap(s->os, next);
			vma_find_from(s->mm, high, &i);
			continue;
		}
		if (!i || floor <= s->low)
			return 0;
		i--;
	}
}

/* unmapped_area(): the lowest. */
static uint64_t
search_up(const struct search *s)
{
	uint64_t floor = s->low, need = needed(s);
	size_t i;

	vma_find_from(s->mm, floor, &i);
	for (;; i++) {
		const struct vma *next =
		    i < s->mm->n_vmas ? s->mm->vmas[i] : NULL;
		uint64_t top = next ? min_u64(next->start, s->high) : s->high;
		uint64_t at = align_in(s, floor, false);

		if (top >= floor && top - floor >= need &&
		    (!next || start_gap(s->os, next) >= at + need - 1))
			return at;
		if (!next || next->end >= s->high)
			return 0;
		floor = max_u64(next->end, s->low);
	}
}

/* A hint that is free is followed. */
static bool
hint_fits(const struct os *os, struct mm *mm, uint64_t hint, uint64_t len)
{
	const struct vma *v;

	if (!hint || len > TASK_SIZE || hint > TASK_SIZE - len)
		return false;
	v = vma_find_from(mm, hint, NULL);
	return !v || hint + len <= start_gap(os, v);
}

/* arch_get_unmapped_area_topdown() */
static uint64_t
plain(const struct os *os, struct mm *mm, const struct place *p, uint64_t len)
{
	struct search s = {.os = os,
			   .mm = mm,
			   .len = len,
			   .low = MMAP_MIN_ADDR,
			   .high = mm->mmap_base,
			   .align = p->huge ? PMD_SIZE : 0};
	uint64_t at = 0;

	if (hint_fits(os, mm, p->hint, len) && !(p->flags & MAP_32BIT))
		return p->hint;
	if (p->flags & MAP_4G_ABOVE)
		s.low = (uint64_t)1 << 32;
	if (!os->cfg.legacy_layout && !(p->flags & MAP_32BIT))
		at = search_down(&s);
	if (at)
		return at;
	s.low = p->flags & MAP_32BIT ? LOW_2G_START : LEGACY_BASE;
	s.high = p->flags & MAP_32BIT ? LOW_2G_END : TASK_SIZE;
	return search_up(&s);
}

/* Does what is asked for begin at a multiple of 2 MiB, for huge pages?  Files
 * of file systems whose operations say so; large anonymous memory from 6.7 on,
 * from 6.12 on only without a hint and of whole huge pages. */
static bool
wants_alignment(const struct os *os, const struct place *p)
{
	if (p->huge)
		return false;
	if (p->inode)
		return p->inode->backing == BACK_FS && os->cfg.write_notify;
	if (p->shared || os->cfg.kernel < 607)
		return false;
	return os->cfg.kernel < 612 || (!p->hint && !(p->len & (PMD_SIZE - 1)));
}

/* __thp_get_unmapped_area() */
static uint64_t
aligned(const struct os *os, struct mm *mm, const struct place *p)
{
	uint64_t off = p->inode ? p->pgoff << PAGE_SHIFT : 0, at, sub;
	uint64_t first = align_up(off, PMD_SIZE);

	if (off + p->len <= first || off + p->len - first < PMD_SIZE)
		return 0;
	at = plain(os, mm, p, p->len + PMD_SIZE);
	if (!at || at == p->hint)
		return at;
	sub = (off - at) & (PMD_SIZE - 1);
	return !os->cfg.legacy_layout && !sub ? at + PMD_SIZE : at + sub;
}

uint64_t
place_find(const struct os *os, struct mm *mm, const struct place *p)
{
	struct place q = *p;
	uint64_t at = 0;

	if (!p->len || p->len > TASK_SIZE)
		return 0;
	q.hint = align_down(p->hint, PAGE_SIZE);
	if (q.hint && q.hint < MMAP_MIN_ADDR)
		q.hint = MMAP_MIN_ADDR;
	if (wants_alignment(os, &q))
		at = aligned(os, mm, &q);
	return at ? at : plain(os, mm, &q, q.len);
}

void
place_compare(struct os *os, uint64_t recorded, uint64_t model)
{
	os->stats.placed++;
	os->stats.placed_as_linux += recorded == model;
}
