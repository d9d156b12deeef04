/*
 * hugetlb.c - pages of 2 MiB from a pool set aside (mm/hugetlb.c).
 *
 * Every mapping has a file, as Linux gives even anonymous ones.  A shared one
 * finds its pages in it (inode.huge); pages are promised when it is mapped, to
 * the file (inode.huge_promised) or, for a private mapping, to the process
 * that made it (mm.huge_promised): a child of fork has no promise, and no page
 * where the pool is empty.
 *
 * A frame's index says whether its file holds it; entries are counted by
 * mapcount.  Huge pages are in no reclaim list and not in the resident set.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/xalloc.h"
#include "os/internal.h"

#define HUGE_PAGES ((uint64_t)1 << HUGE_ORDER)

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif

/* The pool ---------------------------------------------------------------- */

static bool
pool_grow(struct os *os, uint64_t n)
{
	struct hugetlb_pool *p = &os->hugetlb;

	while (n--) {
		uint32_t head =
		    frame_alloc_noreclaim(os, HUGE_ORDER, FR_HUGETLB);

		if (!head)
			return false;
		p->free = xgrow(p->free, p->n_free, &p->cap, sizeof(*p->free));
		p->free[p->n_free++] = head;
		p->total++;
	}
	return true;
}

bool
hugetlb_init(struct os *os, struct err *e)
{
	if (pool_grow(os, os->cfg.nr_hugepages))
		return true;
	return err_set(e, ERR_INPUT,
		       "os.nr_hugepages: %llu: expected at most the %llu that "
		       "fit into machine.memory",
		       (unsigned long long)os->cfg.nr_hugepages,
		       (unsigned long long)os->hugetlb.total);
}

void
hugetlb_shutdown(struct os *os)
{
	struct hugetlb_pool *p = &os->hugetlb;

	if (p->n_free != p->total || p->promised)
		BUG("hugetlb: %llu of %llu pages came back, %llu promised",
		    (unsigned long long)p->n_free, (unsigned long long)p->total,
		    (unsigned long long)p->promised);
	while (p->n_free)
		frame_release(os, p->free[--p->n_free], HUGE_ORDER);
	p->total = 0;
}

void
hugetlb_free(struct os *os)
{
	free(os->hugetlb.free);
}

/* promised: one that was kept for the caller.  0: none to be had. */
static uint32_t
pool_take(struct os *os, bool promised)
{
	struct hugetlb_pool *p = &os->hugetlb;

	if (!p->n_free || (!promised && p->n_free <= p->promised))
		return 0;
	p->promised -= promised;
	return p->free[--p->n_free];
}

static void
pool_put(struct os *os, uint32_t head)
{
	os->hugetlb.free[os->hugetlb.n_free++] = head;
}

/* Back into the pool when neither an entry nor its file has it. */
static void
put_unused(struct os *os, uint32_t head)
{
	struct frame *f = frame_at(os, head);

	if (!f->mapcount && !f->index)
		pool_put(os, head);
}

/* Promises ---------------------------------------------------------------- */

static uint64_t
slot_of(uint64_t addr)
{
	return addr >> PAGE_SHIFT_2M;
}

static uint64_t
index_of(const struct vma *v, uint64_t addr)
{
	return vma_index(v, addr) >> HUGE_ORDER;
}

/* Can it promise pages for len bytes more? */
static bool
pool_has(const struct os *os, uint64_t len)
{
	const struct hugetlb_pool *p = &os->hugetlb;

	return slot_of(len) <= p->n_free - p->promised;
}

/* The recorded call succeeded, so the pool had them: one that is too small
 * grows. */
static bool
make_room(struct os *os, uint64_t n)
{
	uint64_t spare = os->hugetlb.n_free - os->hugetlb.promised;

	return n <= spare || pool_grow(os, n - spare);
}

/* mm/hugetlb.c:hugetlb_reserve_pages() */
static void
promise(struct os *os, struct map *to, uint64_t first, uint64_t n)
{
	for (uint64_t i = first; i < first + n; i++)
		map_put(to, i, 1);
	os->hugetlb.promised += n;
}

static bool
use_promise(struct map *from, uint64_t i)
{
	return map_remove(from, i);
}

/* A private mapping is gone: what was promised and not touched. */
void
hugetlb_close(struct os *os, struct mm *mm, const struct vma *v)
{
	if ((v->flags & (VM_HUGETLB | VM_SHARED)) != VM_HUGETLB)
		return;
	for (uint64_t i = slot_of(v->start); i < slot_of(v->end); i++)
		os->hugetlb.promised -= map_remove(&mm->huge_promised, i);
}

void
hugetlb_drop_inode(struct os *os, struct inode *ino)
{
	struct map_slot s;

	for (size_t i = 0; map_next(&ino->huge, &i, &s);) {
		frame_at(os, (uint32_t)s.value)->index = 0;
		put_unused(os, (uint32_t)s.value);
	}
	os->hugetlb.promised -= ino->huge_promised.used;
	map_free(&ino->huge);
	map_free(&ino->huge_promised);
}

/* System calls ------------------------------------------------------------ */

/* The size that mmap's flags ask for, log2; the default is 2 MiB. */
static unsigned
wanted_shift(uint64_t map)
{
	unsigned shift = map >> MAP_HUGE_SHIFT & 0x3f;

	return shift ? shift : PAGE_SHIFT_2M;
}

/* Only pools of 2 MiB have pages; that of 1 GiB, which x86 has, is empty. */
int64_t
hugetlb_mmap_errno(const struct call *c, uint64_t len)
{
	uint64_t map = c->s->args[3];
	unsigned shift = wanted_shift(map);

	if (shift != PAGE_SHIFT_2M && shift != PAGE_SHIFT_1G)
		return -EINVAL;
	if ((map & MAP_FIXED) && (c->s->args[0] & (PMD_SIZE - 1)))
		return -EINVAL;
	if (!(map & MAP_NORESERVE) &&
	    (shift == PAGE_SHIFT_1G || !pool_has(c->os, len)))
		return -ENOMEM;
	return 0;
}

/* Fill in what the mapping in v is of. */
bool
hugetlb_mmap(struct call *c, struct vma *v, bool shared)
{
	uint64_t map = c->s->args[3], pages = slot_of(v->end - v->start);
	bool promised = !(map & MAP_NORESERVE);
	struct inode *ino;

	if (wanted_shift(map) != PAGE_SHIFT_2M)
		return call_refuse(c, "huge pages of a size other than 2 MiB");
	if ((v->start | v->end) & (PMD_SIZE - 1))
		return call_refuse(c, "mmap: recorded result is no range of "
				      "huge pages");
	if (promised && !make_room(c->os, pages))
		return call_refuse(c, "out of modelled memory: huge pages");
	ino = inode_new(c->os, BACK_HUGETLB);
	ino->anon_shm = true;
	ino->size = v->end - v->start;
	ino->path = xstrdup("/anon_hugepage");
	v->file = ofile_private(ino);
	v->name = VN_FILE;
	v->pgoff = 0;
	v->flags |= VM_HUGETLB | VM_DONTEXPAND;
	v->flags &= ~(VM_ACCOUNT | VM_LOCKED | VM_LOCKONFAULT);
	if (promised && shared) {
		promise(c->os, &ino->huge_promised, 0, pages);
	} else if (promised) {
		v->flags |= VM_HUGE_OWNER;
		promise(c->os, &c->mm->huge_promised, slot_of(v->start), pages);
	}
	return true;
}

/* Does a border of [start, end) lie inside a huge page of a mapping? */
bool
hugetlb_cuts(struct mm *mm, uint64_t start, uint64_t end)
{
	const uint64_t at[] = {start, end};

	for (unsigned i = 0; i < 2; i++) {
		struct vma *v;

		if (!(at[i] & (PMD_SIZE - 1)) || at[i] >= TASK_SIZE)
			continue;
		v = vma_find(mm, at[i]);
		if (v && (v->flags & VM_HUGETLB))
			return true;
	}
	return false;
}

/* mremap: promises go along. */
void
hugetlb_moved(struct mm *mm, uint64_t from, uint64_t to, uint64_t len)
{
	for (uint64_t i = 0; i < slot_of(len); i++)
		if (map_remove(&mm->huge_promised, slot_of(from) + i))
			map_put(&mm->huge_promised, slot_of(to) + i, 1);
}

/* Entries ----------------------------------------------------------------- */

bool
hugetlb_is(struct os *os, uint64_t pmd)
{
	return frame_at(os, pte_fno(pmd))->kind == FR_HUGETLB;
}

static void
map_head(struct os *os, struct mm *mm, uint64_t addr, uint64_t *pmd,
	 uint32_t head, uint64_t bits)
{
	*pmd = pte_make((pfn){head}, bits | PTE_PS);
	rmap_add(os, head,
		 (struct rmap_at){.as = mm->as, .huge = true, .addr = addr});
}

/* The gather has announced and touched it. */
void
hugetlb_zap(struct os *os, struct mm *mm, uint64_t addr, uint64_t *pmd)
{
	uint32_t head = pte_fno(*pmd);

	*pmd = 0;
	rmap_remove(os, head,
		    (struct rmap_at){.as = mm->as, .huge = true, .addr = addr});
	put_unused(os, head);
	os->work.ptes_cleared++;
}

/* fork: only private mappings come here. */
bool
hugetlb_copy(struct os *os, struct mm *to, uint64_t addr, uint64_t *src)
{
	uint64_t *dst = pt_make(os, to, addr, 1);

	if (!dst)
		return false;
	*src &= ~PTE_W;
	map_head(os, to, addr, dst, pte_fno(*src), *src & ~PTE_ADDR & ~PTE_A);
	os->work.ptes_set++;
	return true;
}

/* Faults ------------------------------------------------------------------ */

static uint32_t
new_page(struct fctx *c, bool promised)
{
	uint32_t head = pool_take(c->os, promised);

	if (!head) {
		fault_bus(c, BUS_ADRERR);
		return 0;
	}
	for (uint32_t i = head; i < head + HUGE_PAGES; i++)
		frame_at(c->os, i)->content = 0;
	return head;
}

/* hugetlb_no_page() of a shared mapping: the file's page, or its first. */
static uint32_t
shared_page(struct fctx *c, uint64_t base)
{
	struct inode *ino = c->vma->file->inode;
	uint64_t i = index_of(c->vma, base), have;
	uint32_t head;

	if (map_get(&ino->huge, i, &have))
		return (uint32_t)have;
	head = new_page(c, use_promise(&ino->huge_promised, i));
	if (!head)
		return 0;
	c->os->work.pages_zeroed += HUGE_PAGES;
	frame_at(c->os, head)->index = 1;
	map_put(&ino->huge, i, head);
	return head;
}

static void
no_page(struct fctx *c, uint64_t base, uint64_t *pmd)
{
	uint64_t bits = vma_pte_bits(c->os, c->vma) | (c->write ? PTE_D : 0);
	bool shared = c->vma->flags & VM_SHARED;
	uint32_t head;

	if (shared) {
		head = shared_page(c, base);
	} else {
		vma_need_anon(c->os, c->mm, c->vma);
		head = new_page(
		    c, use_promise(&c->mm->huge_promised, slot_of(base)));
		c->os->work.pages_zeroed += head ? HUGE_PAGES : 0;
		bits |= c->write && (c->vma->flags & VM_WRITE) ? PTE_W : 0;
	}
	if (!head)
		return;
	map_head(c->os, c->mm, base, pmd, head, bits);
	c->kind = FAULT_HUGETLB;
}

/* unmap_ref_private(): the owner shall have its page, so all others lose it;
 * they will fault, and find none. */
static void
take_back(struct fctx *c, uint32_t head)
{
	struct os *os = c->os;
	struct frame *f = frame_at(os, head);

	for (uint32_t i = 0; i < rmap_count(f);) {
		struct rmap_at at = rmap_get(f, i);
		struct mm *mm = os->spaces[at.as];
		struct gather g;

		if (mm == c->mm) {
			i++;
			continue;
		}
		gather_begin(&g, os, mm, at.addr, at.addr + PMD_SIZE);
		gather_announce(&g);
		gather_touch(&g, at.addr, PMD_SIZE);
		hugetlb_zap(os, mm, at.addr, pt_find(os, mm, at.addr, 1));
		gather_end_huge(&g);
	}
}

static void
reuse(struct fctx *c, uint64_t *pmd)
{
	*pmd |= PTE_A | PTE_D | (c->vma->flags & VM_WRITE ? PTE_W : 0);
	c->kind = FAULT_COW_REUSE;
}

/* hugetlb_wp() */
static void
copy_on_write(struct fctx *c, uint64_t base, uint64_t *pmd)
{
	uint32_t old = pte_fno(*pmd), head;
	struct gather g;

	if (frame_at(c->os, old)->mapcount == 1) {
		reuse(c, pmd);
		return;
	}
	head = pool_take(c->os, false);
	if (!head && (c->vma->flags & VM_HUGE_OWNER)) {
		take_back(c, old);
		reuse(c, pmd);
		return;
	}
	if (!head) {
		fault_bus(c, BUS_ADRERR);
		return;
	}
	for (uint32_t i = 0; i < HUGE_PAGES; i++)
		frame_at(c->os, head + i)->content =
		    frame_at(c->os, old + i)->content;
	c->os->work.pages_copied += HUGE_PAGES;
	gather_begin(&g, c->os, c->mm, base, base + PMD_SIZE);
	gather_announce(&g);
	gather_touch(&g, base, PMD_SIZE);
	hugetlb_zap(c->os, c->mm, base, pmd);
	gather_end_huge(&g);
	map_head(c->os, c->mm, base, pmd, head,
		 vma_pte_bits(c->os, c->vma) | PTE_D |
		     (c->vma->flags & VM_WRITE ? PTE_W : 0));
	c->kind = FAULT_COW_COPY;
}

void
hugetlb_fault(struct fctx *c)
{
	uint64_t base = align_down(c->addr, PMD_SIZE);
	uint64_t *pmd = pt_make(c->os, c->mm, base, 1);

	if (!pmd) {
		fault_oom(c);
	} else if (!*pmd) {
		no_page(c, base, pmd);
	} else if (!c->write || (*pmd & PTE_W)) {
		*pmd |= PTE_A | (c->write ? PTE_D : 0);
		c->kind = FAULT_SPURIOUS;
	} else if (c->vma->flags & VM_SHARED) {
		*pmd |= PTE_A | PTE_D | PTE_W;
		c->kind = FAULT_COW_REUSE;
	} else {
		copy_on_write(c, base, pmd);
	}
}
