/*
 * vma.c - the mappings of an address space: a sorted array; split, merge.
 *
 * Merging follows mm/mmap.c:vma_merge() of Linux 6.8: same flags and file,
 * offsets that continue, and anon_vmas that are the same or of which one is
 * missing while the other was not inherited by fork.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "os/internal.h"

/* Finding ----------------------------------------------------------------- */

struct vma *
vma_find_from(struct mm *mm, uint64_t addr, size_t *i)
{
	size_t lo = 0, hi = mm->n_vmas;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (mm->vmas[mid]->end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (i)
		*i = lo;
	return lo < mm->n_vmas ? mm->vmas[lo] : NULL;
}

struct vma *
vma_find(struct mm *mm, uint64_t addr)
{
	struct hot *h = pt_hot(mm, addr);
	struct vma *v = h->vma;

	if (h->vma_gen == mm->vma_gen && v && v->start <= addr && addr < v->end)
		return v;
	v = vma_find_from(mm, addr, NULL);
	if (!v || v->start > addr)
		return NULL;
	h->vma = v;
	h->vma_gen = mm->vma_gen;
	return v;
}

bool
vma_overlaps(struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find_from(mm, start, NULL);

	return v && v->start < end;
}

static size_t
index_of(struct mm *mm, const struct vma *v)
{
	size_t i;

	BUG_ON(vma_find_from(mm, v->start, &i) != v);
	return i;
}

/* What follows from flags ------------------------------------------------- */

/* Shared pages of a file system that wants to know of the first write. */
bool
vma_write_notify(const struct os *os, const struct vma *v)
{
	return (v->flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED) &&
	       v->file && v->file->inode->backing == BACK_FS &&
	       os->cfg.write_notify;
}

uint64_t
vma_pte_bits(const struct os *os, const struct vma *v)
{
	uint64_t bits = PTE_U | PTE_A;

	if (!vma_accessible(v))
		return bits | PTE_PROTNONE;
	bits |= PTE_P;
	if ((v->flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED) &&
	    !vma_write_notify(os, v))
		bits |= PTE_W;
	if (!(v->flags & VM_EXEC))
		bits |= PTE_NX;
	return bits;
}

void
vma_account(struct os *os, struct mm *mm, const struct vma *v, int sign)
{
	uint64_t n = vma_pages(v) * (uint64_t)(int64_t)sign;

	mm->total_vm += n;
	if ((v->flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE)
		mm->data_vm += n;
	if (v->flags & VM_LOCKED)
		mm->locked_vm += n;
	if (v->flags & VM_ACCOUNT) {
		mm->committed += n;
		os->committed += n;
	}
}

void
vma_set_flags(struct os *os, struct mm *mm, struct vma *v, uint32_t flags)
{
	vma_account(os, mm, v, -1);
	v->flags = flags;
	vma_account(os, mm, v, 1);
	area_assign(os, mm, v);
	os->work.vmas_changed++;
}

/* The array --------------------------------------------------------------- */

static void
array_insert(struct mm *mm, size_t i, struct vma *v)
{
	mm->vmas =
	    xgrow(mm->vmas, mm->n_vmas, &mm->cap_vmas, sizeof(struct vma *));
	memmove(mm->vmas + i + 1, mm->vmas + i,
		(mm->n_vmas - i) * sizeof(struct vma *));
	mm->vmas[i] = v;
	mm->n_vmas++;
	mm->vma_gen++;
}

static void
array_remove(struct mm *mm, size_t i)
{
	mm->n_vmas--;
	memmove(mm->vmas + i, mm->vmas + i + 1,
		(mm->n_vmas - i) * sizeof(struct vma *));
	mm->vma_gen++;
}

static void
hold_file(struct vma *v)
{
	if (v->file) {
		v->file->refs++;
		v->file->inode->vmas++;
	}
}

/* Let go of the VMA itself; its pages are out of the page table. */
static void
vma_destroy(struct os *os, struct vma *v)
{
	struct ofile *f = v->file;

	if (f) {
		f->inode->vmas--;
		inode_unused(os, f->inode);
		ofile_put(os, f);
	}
	free(v);
	os->work.vmas_changed++;
}

struct vma *
vma_insert(struct os *os, struct mm *mm, const struct vma *proto)
{
	struct vma *v = xmalloc(sizeof(*v));
	size_t i;

	*v = *proto;
	BUG_ON(v->start >= v->end || vma_overlaps(mm, v->start, v->end));
	hold_file(v);
	vma_find_from(mm, v->start, &i);
	array_insert(mm, i, v);
	vma_account(os, mm, v, 1);
	os->work.vmas_changed++;
	return v;
}

void
vma_split(struct os *os, struct mm *mm, struct vma *v, uint64_t addr)
{
	struct vma *high = xmalloc(sizeof(*high));
	size_t i = index_of(mm, v);

	BUG_ON(addr <= v->start || addr >= v->end);
	huge_split_at(os, mm, addr);
	*high = *v;
	high->start = addr;
	high->pgoff += (addr - v->start) >> PAGE_SHIFT;
	hold_file(high);
	v->end = addr;
	array_insert(mm, i + 1, high);
	os->work.vmas_changed++;
}

void
vma_cut(struct os *os, struct mm *mm, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find(mm, start);

	if (v && v->start < start)
		vma_split(os, mm, v, start);
	v = vma_find(mm, end - 1);
	if (v && v->end > end)
		vma_split(os, mm, v, end);
}

/* Merging ----------------------------------------------------------------- */

/* May src's anonymous pages be told through tgt (Linux 6.16 on, and before:
 * is_mergeable_anon_vma, where the target must not come from a fork). */
static bool
anon_fits(const struct os *os, const struct vma *tgt, const struct vma *src)
{
	if (tgt->anon && src->anon)
		return tgt->anon == src->anon;
	if (!tgt->anon && !src->anon)
		return true;
	if (tgt->anon)
		return tgt->anon_depth == 1;
	return os->cfg.kernel >= 616 && src->anon_depth == 1;
}

static bool
can_join(const struct vma *low, const struct vma *high)
{
	return low->end == high->start && low->flags == high->flags &&
	       !(low->flags & VM_SPECIAL) && low->file == high->file &&
	       low->pgoff + vma_pages(low) == high->pgoff &&
	       low->name != VN_SHM && high->name != VN_SHM &&
	       (low->name == VN_STACK) == (high->name == VN_STACK);
}

/* Join i and i + 1; keep_high: the upper one lives on. */
static void
join(struct os *os, struct mm *mm, size_t i, bool keep_high)
{
	struct vma *low = mm->vmas[i], *high = mm->vmas[i + 1];
	struct vma *keep = keep_high ? high : low;
	struct vma *drop = keep_high ? low : high;

	if (!keep->anon) {
		keep->anon = drop->anon;
		keep->anon_depth = drop->anon_depth;
	}
	if (keep_high) {
		keep->start = low->start;
		keep->pgoff = low->pgoff;
	} else {
		keep->end = high->end;
	}
	array_remove(mm, keep_high ? i : i + 1);
	vma_destroy(os, drop);
}

/* Merge v with its neighbours where allowed; what it became. */
static struct vma *
merge_at(struct os *os, struct mm *mm, struct vma *v)
{
	size_t i = index_of(mm, v);
	struct vma *prev = i ? mm->vmas[i - 1] : NULL;
	struct vma *next = i + 1 < mm->n_vmas ? mm->vmas[i + 1] : NULL;
	bool with_prev = prev && can_join(prev, v) && anon_fits(os, prev, v);
	bool with_next = next && can_join(v, next) && anon_fits(os, next, v);

	if (with_prev && with_next && prev->anon && next->anon &&
	    prev->anon != next->anon)
		with_next = false;
	if (with_prev) {
		join(os, mm, i - 1, false);
		v = prev;
		i--;
	}
	if (with_next) {
		join(os, mm, i, !with_prev);
		v = with_prev ? prev : next;
	}
	return v;
}

struct vma *
vma_add(struct os *os, struct mm *mm, const struct vma *proto)
{
	struct vma *v = vma_insert(os, mm, proto), *merged;

	v->area = UINT32_MAX;
	merged = merge_at(os, mm, v);
	if (merged->area == UINT32_MAX)
		area_assign(os, mm, merged);
	return merged;
}

struct vma *
vma_modify(struct os *os, struct mm *mm, struct vma *v, uint64_t start,
	   uint64_t end, uint32_t flags)
{
	start = max_u64(start, v->start);
	end = min_u64(end, v->end);
	vma_cut(os, mm, start, end);
	v = vma_find(mm, start);
	vma_set_flags(os, mm, v, flags);
	return merge_at(os, mm, v);
}

/* Grow upwards into free space. */
void
vma_extend(struct os *os, struct mm *mm, struct vma *v, uint64_t end)
{
	vma_account(os, mm, v, -1);
	v->end = end;
	vma_account(os, mm, v, 1);
	mm->vma_gen++;
	os->work.vmas_changed++;
	merge_at(os, mm, v);
}

/* anon_vma ---------------------------------------------------------------- */

/* mm/mmap.c:anon_vma_compatible(): neighbours that may become one. */
static bool
anon_reusable(const struct vma *low, const struct vma *high,
	      const struct vma *owner)
{
	return low->end == high->start && low->file == high->file &&
	       !((low->flags ^ high->flags) & ~VM_ACCESS) &&
	       low->pgoff + vma_pages(low) == high->pgoff && owner->anon &&
	       owner->anon_depth == 1;
}

void
vma_need_anon(struct os *os, struct mm *mm, struct vma *v)
{
	size_t i;
	struct vma *n;

	if (v->anon)
		return;
	i = index_of(mm, v);
	v->anon_depth = 1;
	n = i + 1 < mm->n_vmas ? mm->vmas[i + 1] : NULL;
	if (n && anon_reusable(v, n, n)) {
		v->anon = n->anon;
		return;
	}
	n = i ? mm->vmas[i - 1] : NULL;
	if (n && anon_reusable(n, v, n)) {
		v->anon = n->anon;
		return;
	}
	v->anon = ++os->next_anon;
}

/* Unmapping --------------------------------------------------------------- */

void
vma_unmap(struct os *os, struct mm *mm, uint64_t start, uint64_t end)
{
	struct gather g;
	size_t i, first;

	if (!vma_overlaps(mm, start, end))
		return;
	vma_cut(os, mm, start, end);
	gather_begin(&g, os, mm, start, end);
	vma_find_from(mm, start, &first);
	for (i = first; i < mm->n_vmas && mm->vmas[i]->start < end; i++)
		zap_range(&g, mm->vmas[i]->start, mm->vmas[i]->end);
	for (size_t j = first; j < i; j++) {
		vma_account(os, mm, mm->vmas[j], -1);
		hugetlb_close(os, mm, mm->vmas[j]);
		vma_destroy(os, mm->vmas[j]);
	}
	memmove(mm->vmas + first, mm->vmas + i,
		(mm->n_vmas - i) * sizeof(struct vma *));
	mm->n_vmas -= i - first;
	mm->vma_gen++;
	pt_trim(&g);
	gather_end(&g);
}

void
vma_drop_all(struct os *os, struct mm *mm)
{
	struct gather g;

	gather_begin(&g, os, mm, 0, TASK_SIZE);
	g.whole = true;
	for (size_t i = 0; i < mm->n_vmas; i++)
		zap_range(&g, mm->vmas[i]->start, mm->vmas[i]->end);
	for (size_t i = 0; i < mm->n_vmas; i++) {
		vma_account(os, mm, mm->vmas[i], -1);
		hugetlb_close(os, mm, mm->vmas[i]);
		vma_destroy(os, mm->vmas[i]);
	}
	mm->n_vmas = 0;
	mm->vma_gen++;
	pt_trim(&g);
	gather_end(&g);
	free(mm->vmas);
	mm->vmas = NULL;
}
