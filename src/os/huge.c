/*
 * huge.c - anonymous memory in pages of 2 MiB (mm/huge_memory.c).
 *
 * A huge page is a folio of order 9.  While an entry of a page directory maps
 * it, each of its 512 frames has one reference for belonging to it, and its
 * head counts those entries (frame.index).  When the last one goes, or is
 * split, the folio falls apart and the frames live on alone: Linux puts that
 * off (deferred split), so here memory of partly unmapped ones is free
 * earlier.
 *
 * Like Linux, an entry has a page table put by for the day it is split.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

#define HUGE_PAGES ((int64_t)1 << HUGE_ORDER)

bool
huge_is_zero(const struct os *os, uint64_t pmd)
{
	return (pmd & PTE_SPECIAL) && pte_fno(pmd) == os->huge_zero;
}

/* Add one entry that maps head. */
static void
huge_map(struct os *os, struct mm *mm, uint64_t addr, uint64_t *pmd,
	 uint32_t head, uint64_t bits)
{
	*pmd = pte_make((pfn){head}, bits | PTE_PS);
	frame_at(os, head)->index++;
	rmap_add(os, head,
		 (struct rmap_at){.as = mm->as, .huge = true, .addr = addr});
	rss_add(os, mm, head, HUGE_PAGES);
}

/* The folio is not mapped by any page directory now. */
static void
huge_dissolve(struct os *os, uint32_t head)
{
	bool exclusive = frame_at(os, head)->flags & FF_EXCLUSIVE;

	if (frame_at(os, head)->flags & FF_LRU)
		lru_del(os, head);
	folio_split(os, head);
	for (uint32_t i = head; i < head + HUGE_PAGES; i++) {
		struct frame *f = frame_at(os, i);

		if (exclusive && f->refs > 1)
			f->flags |= FF_EXCLUSIVE;
		if (f->refs > 1)
			lru_add(os, i);
		frame_put(os, i);
	}
}

static void
huge_unmap(struct os *os, struct mm *mm, uint64_t addr, uint32_t head)
{
	struct frame *f = frame_at(os, head);

	rmap_remove(os, head,
		    (struct rmap_at){.as = mm->as, .huge = true, .addr = addr});
	rss_add(os, mm, head, -HUGE_PAGES);
	if (!--f->index)
		huge_dissolve(os, head);
}

/* Replace the entry by a table of 512 that map the same; addresses stay
 * valid, so only the page size that was cached is wrong. */
void
huge_split(struct os *os, struct mm *mm, uint64_t addr, uint64_t *pmd)
{
	uint64_t base = align_down(addr, PMD_SIZE), old = *pmd;
	uint32_t head = pte_fno(old), table;
	uint64_t bits = (old & ~PTE_ADDR) & ~PTE_PS, *words;
	bool zero = huge_is_zero(os, old);
	struct gather g;

	gather_begin(&g, os, mm, base, base + PMD_SIZE);
	gather_announce(&g);
	table = pt_withdraw(os, mm, base);
	words = physmem_words(&os->mem, (pfn){table});
	for (uint32_t i = 0; i < HUGE_PAGES; i++) {
		uint64_t at = base + i * PAGE_SIZE;

		if (zero) {
			words[i] = pte_make((pfn){0}, bits & ~PTE_D);
			continue;
		}
		words[i] = pte_make((pfn){head + i}, bits);
		frame_get(os, head + i);
		rmap_add(os, head + i,
			 (struct rmap_at){.as = mm->as, .addr = at});
		rss_add(os, mm, head + i, 1);
	}
	*pmd = pte_make((pfn){table}, PTE_TABLE);
	pt_hot(mm, base)->ptes = NULL;
	if (!zero)
		huge_unmap(os, mm, base, head);
	os->work.ptes_set += (uint64_t)HUGE_PAGES;
	gather_touch(&g, base, PMD_SIZE);
	gather_end_huge(&g);
}

/* A mapping will end at addr: no huge page may lie across it. */
void
huge_split_at(struct os *os, struct mm *mm, uint64_t addr)
{
	uint64_t *pmd;

	if (!(addr & (PMD_SIZE - 1)))
		return;
	pmd = pt_find(os, mm, addr, 1);
	if (pmd && (*pmd & PTE_PS))
		huge_split(os, mm, addr, pmd);
}

void
huge_zap(struct gather *g, uint64_t addr, uint64_t *pmd)
{
	uint64_t old = *pmd;

	gather_announce(g);
	gather_touch(g, addr, PMD_SIZE);
	if (hugetlb_is(g->os, old)) {
		hugetlb_zap(g->os, g->mm, addr, pmd);
		return;
	}
	*pmd = 0;
	if (!huge_is_zero(g->os, old))
		huge_unmap(g->os, g->mm, addr, pte_fno(old));
	pt_discard(g->os, g->mm, addr);
	g->os->work.ptes_cleared++;
}

/* Faults ------------------------------------------------------------------ */

/* May an aligned 2 MiB around addr be one page? */
bool
huge_allowed(const struct os *os, const struct vma *v, uint64_t addr)
{
	uint64_t base = align_down(addr, PMD_SIZE);

	if (v->file || (v->flags & (VM_NOHUGEPAGE | VM_SHARED | VM_SPECIAL)))
		return false;
	if (os->cfg.thp == THP_NEVER ||
	    (os->cfg.thp == THP_MADVISE && !(v->flags & VM_HUGEPAGE)))
		return false;
	return base >= v->start && base + PMD_SIZE <= v->end;
}

/* The huge zero page: allocated once, kept to the end. */
static uint32_t
huge_zero_page(struct os *os)
{
	if (!os->huge_zero) {
		os->huge_zero =
		    frame_alloc_noreclaim(os, HUGE_ORDER, FR_HUGE_ZERO);
		if (os->huge_zero)
			os->work.pages_zeroed += (uint64_t)HUGE_PAGES;
	}
	return os->huge_zero;
}

static uint32_t
huge_alloc(struct os *os)
{
	uint32_t head = frame_alloc_noreclaim(os, HUGE_ORDER, FR_ANON);

	if (!head)
		return 0;
	frame_at(os, head)->flags |= FF_EXCLUSIVE;
	os->work.pages_zeroed += (uint64_t)HUGE_PAGES;
	return head;
}

static bool
huge_read(struct fctx *c, uint64_t base, uint64_t *pmd)
{
	uint32_t zero = huge_zero_page(c->os);

	if (!zero || !pt_deposit(c->os, c->mm, base))
		return false;
	*pmd = pte_make((pfn){zero},
			vma_pte_bits(c->os, c->vma) | PTE_SPECIAL | PTE_PS);
	c->kind = FAULT_HUGE_ZERO_READ;
	return true;
}

/* A zeroed huge page at *pmd, which must be clear. */
static bool
huge_write(struct fctx *c, uint64_t base, uint64_t *pmd)
{
	uint64_t bits = vma_pte_bits(c->os, c->vma) | PTE_D;
	uint32_t head;

	vma_need_anon(c->os, c->mm, c->vma);
	if (!pt_deposit(c->os, c->mm, base))
		return false;
	head = huge_alloc(c->os);
	if (!head) {
		pt_discard(c->os, c->mm, base);
		return false;
	}
	huge_map(c->os, c->mm, base, pmd, head,
		 bits | (c->vma->flags & VM_WRITE ? PTE_W : 0));
	lru_add(c->os, head);
	c->kind = FAULT_ANON_HUGE;
	return true;
}

/* create_huge_pmd(): false: go on with small pages. */
bool
huge_fault(struct fctx *c)
{
	uint64_t base = align_down(c->addr, PMD_SIZE);
	uint64_t *pmd;

	if (c->mm->thp_disabled || !huge_allowed(c->os, c->vma, c->addr))
		return false;
	pmd = pt_make(c->os, c->mm, base, 1);
	if (!pmd || *pmd)
		return false;
	if (!c->write && c->os->cfg.zero_page && c->os->cfg.use_zero_page)
		return huge_read(c, base, pmd);
	return huge_write(c, base, pmd);
}

static bool
huge_reusable(struct os *os, uint32_t head)
{
	struct frame *f = frame_at(os, head);

	if (f->flags & FF_EXCLUSIVE)
		return true;
	if (f->index != 1)
		return false;
	for (uint32_t i = head; i < head + HUGE_PAGES; i++)
		if (frame_at(os, i)->refs != 1)
			return false;
	return true;
}

/* A write to the huge zero page: a huge page of its own from 6.13 on, else
 * small zero pages.  True: done. */
static bool
huge_zero_write(struct fctx *c, uint64_t *pmd)
{
	uint64_t base = align_down(c->addr, PMD_SIZE);
	struct gather g;

	if (c->os->cfg.kernel < 613)
		return false;
	gather_begin(&g, c->os, c->mm, base, base + PMD_SIZE);
	huge_zap(&g, base, pmd);
	gather_end_huge(&g);
	return huge_write(c, base, pmd);
}

/* wp_huge_pmd(): a write to a read-only huge page.  False: it was split (or
 * is gone), go on with its small pages. */
bool
huge_wp(struct fctx *c, uint64_t *pmd)
{
	uint32_t head = pte_fno(*pmd);

	if (huge_is_zero(c->os, *pmd)) {
		if (huge_zero_write(c, pmd))
			return true;
		if (*pmd)
			huge_split(c->os, c->mm, c->addr, pmd);
		return false;
	}
	if (huge_reusable(c->os, head)) {
		frame_at(c->os, head)->flags |= FF_EXCLUSIVE;
		*pmd |= PTE_A | PTE_D | (c->vma->flags & VM_WRITE ? PTE_W : 0);
		c->kind = FAULT_COW_REUSE;
		return true;
	}
	huge_split(c->os, c->mm, c->addr, pmd);
	return false;
}

/* fork: share the huge page; false: no table to put by. */
bool
huge_copy(struct os *os, struct mm *to, uint64_t addr, uint64_t *src, bool cow)
{
	uint64_t *dst, p = *src;

	if (hugetlb_is(os, p))
		return hugetlb_copy(os, to, addr, src);
	dst = pt_make(os, to, addr, 1);
	if (!dst || !pt_deposit(os, to, addr))
		return false;
	if (cow)
		*src = p &= ~PTE_W;
	p &= ~PTE_A;
	if (huge_is_zero(os, p)) {
		*dst = p;
		return true;
	}
	frame_at(os, pte_fno(p))->flags &= (uint16_t)~FF_EXCLUSIVE;
	huge_map(os, to, addr, dst, pte_fno(p), p & ~PTE_ADDR);
	os->work.ptes_set++;
	return true;
}

/* mremap: the entry goes from one address to another, both aligned. */
void
huge_move(struct os *os, struct mm *mm, uint64_t from, uint64_t *src,
	  uint64_t to, uint64_t *dst)
{
	uint64_t p = *src;

	*src = 0;
	*dst = p;
	if (huge_is_zero(os, p) || !hugetlb_is(os, p))
		pt_redeposit(mm, from, to);
	if (huge_is_zero(os, p))
		return;
	rmap_remove(os, pte_fno(p),
		    (struct rmap_at){.as = mm->as, .huge = true, .addr = from});
	rmap_add(os, pte_fno(p),
		 (struct rmap_at){.as = mm->as, .huge = true, .addr = to});
}

/* Folios between ---------------------------------------------------------- */

static bool
mthp_on(const struct os *os, const struct vma *v, unsigned order)
{
	unsigned on = os->cfg.mthp[order - OS_MTHP_ORDER];

	if (on == MTHP_INHERIT)
		on = os->cfg.thp; /* the same values */
	return on == MTHP_ALWAYS ||
	       (on == MTHP_MADVISE && (v->flags & VM_HUGEPAGE));
}

/* Does a folio of that order fit around the fault, where nothing is yet? */
static bool
mthp_fits(const struct fctx *c, unsigned order)
{
	uint64_t bytes = PAGE_SIZE << order;
	uint64_t base = align_down(c->addr, bytes);
	const uint64_t *pte = c->pte - page_of(c->addr - base);

	if (base < c->vma->start || base + bytes > c->vma->end)
		return false;
	for (unsigned i = 0; i < 1u << order; i++)
		if (pte[i])
			return false;
	return true;
}

/* Its pages live on as small ones that know they came together. */
static void
mthp_map(struct fctx *c, uint32_t head, unsigned order)
{
	uint64_t bits = vma_pte_bits(c->os, c->vma) | PTE_D |
			(c->vma->flags & VM_WRITE ? PTE_W : 0);
	uint64_t base = align_down(c->addr, PAGE_SIZE << order);
	uint64_t *pte = c->pte - page_of(c->addr - base);

	folio_split(c->os, head);
	for (uint32_t i = 0; i < 1u << order; i++) {
		frame_at(c->os, head + i)->flags |= FF_EXCLUSIVE | FF_LARGE;
		pte_install(c, base + i * PAGE_SIZE, pte + i, head + i, bits);
		lru_add(c->os, head + i);
		frame_put(c->os, head + i);
	}
	c->os->work.pages_zeroed += 1u << order;
	c->os->work.ptes_set += (1u << order) - 1;
	c->kind = FAULT_ANON_ALLOC;
}

/* mm/memory.c:alloc_anon_folio() of 6.8: the largest that may and fits.
 * False: a small page. */
bool
mthp_fault(struct fctx *c)
{
	if (c->os->cfg.kernel < 608 || (c->vma->flags & VM_NOHUGEPAGE))
		return false;
	for (unsigned o = HUGE_ORDER - 1; o >= OS_MTHP_ORDER; o--) {
		uint32_t head;

		if (c->mm->thp_disabled || !mthp_on(c->os, c->vma, o) ||
		    !mthp_fits(c, o))
			continue;
		head = frame_alloc_noreclaim(c->os, o, FR_ANON);
		if (!head)
			continue;
		mthp_map(c, head, o);
		return true;
	}
	return false;
}

/* Collapse: copy what is in a 2 MiB range to one huge page ---------------- */

struct collapse_count {
	unsigned none, shared, swap, young, writable;
};

static bool
collapse_scan(struct os *os, const uint64_t *pte, struct collapse_count *n)
{
	for (unsigned i = 0; i < PTES; i++) {
		uint64_t p = pte[i];
		struct frame *f = frame_at(os, pte_fno(p));

		if (!p || (p & PTE_SPECIAL)) {
			n->none++;
		} else if (pte_is_swap(p)) {
			n->swap++;
		} else {
			if (!(p & PTE_P) || f->kind != FR_ANON)
				return false;
			n->shared += f->mapcount > 1;
			n->young += !!(p & PTE_A);
			n->writable += !!(p & PTE_W);
		}
	}
	return true;
}

/* Move the contents of the small pages into head, and clear them. */
static void
collapse_copy(struct gather *g, uint64_t base, uint64_t *pte, uint32_t head)
{
	for (unsigned i = 0; i < PTES; i++, pte++) {
		if (*pte && !(*pte & PTE_SPECIAL)) {
			frame_at(g->os, head + i)->content =
			    frame_at(g->os, pte_fno(*pte))->content;
			g->os->work.pages_copied++;
		}
		zap_pte(g, base + i * PAGE_SIZE, pte);
	}
}

/* hpage_collapse_scan_pmd() */
static bool
collapse_wanted(const struct os *os, const struct collapse_count *n, bool force)
{
	const struct os_config *cfg = &os->cfg;

	if (n->none == PTES || (!n->writable && cfg->kernel < 618))
		return false;
	if (force)
		return true;
	return n->none <= cfg->max_ptes_none && n->swap <= cfg->max_ptes_swap &&
	       n->shared <= cfg->max_ptes_shared &&
	       n->young > (n->swap ? PTES / 2 - 1 : 0);
}

/* What is in swap comes back first (__collapse_huge_page_swapin()). */
static bool
collapse_swap_in(struct os *os, struct mm *mm, struct vma *v, uint64_t base)
{
	for (uint64_t a = base; a < base + PMD_SIZE; a += PAGE_SIZE) {
		struct fctx c = {
		    .os = os, .mm = mm, .vma = v, .addr = a, .gup = true};
		uint64_t *pte = pt_find(os, mm, a, 0);

		if (!pte)
			return false;
		if (pte_is_swap(*pte))
			handle_fault(&c);
		if (c.signal)
			return false;
	}
	return true;
}

/* khugepaged's limits hold unless forced (MADV_COLLAPSE).  True: base is
 * mapped by a huge page now. */
bool
huge_collapse(struct os *os, struct mm *mm, struct vma *v, uint64_t base,
	      bool force)
{
	uint64_t *pmd = pt_find(os, mm, base, 1), *pte;
	struct collapse_count n = {0};
	struct gather g;
	uint32_t head, table;

	if (v->file || !pmd || !*pmd || base < v->start ||
	    base + PMD_SIZE > v->end || !v->anon)
		return false;
	if (*pmd & PTE_PS)
		return !huge_is_zero(os, *pmd);
	pte = pt_find(os, mm, base, 0);
	if (!collapse_scan(os, pte, &n) || !collapse_wanted(os, &n, force) ||
	    (n.swap && !collapse_swap_in(os, mm, v, base)))
		return false;
	head = huge_alloc(os);
	if (!head)
		return false;
	pte = pt_find(os, mm, base, 0); /* memory may have been reclaimed */
	n = (struct collapse_count){0};
	if (!collapse_scan(os, pte, &n) || n.swap) {
		frame_release(os, head, HUGE_ORDER);
		return false;
	}
	gather_begin(&g, os, mm, base, base + PMD_SIZE);
	gather_announce(&g);
	collapse_copy(&g, base, pte, head);
	table = pte_fno(*pmd);
	pt_hot(mm, base)->ptes = NULL;
	pt_put_by(mm, base, table);
	huge_map(os, mm, base, pmd, head,
		 vma_pte_bits(os, v) | PTE_D |
		     (v->flags & VM_WRITE ? PTE_W : 0));
	lru_add(os, head);
	gather_touch(&g, base, PMD_SIZE);
	gather_end(&g);
	return true;
}
