/*
 * filefault.c - faults on mapped files: fault-around, the page itself,
 * private copies, shared writes (mm/memory.c:do_fault() and below).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <signal.h>

#include "os/internal.h"

static bool
is_fs(const struct fctx *c)
{
	return c->vma->file->inode->backing == BACK_FS;
}

static uint8_t
read_kind(const struct fctx *c)
{
	return is_fs(c) ? FAULT_FILE_READ : FAULT_SHM;
}

/* Fault-around ------------------------------------------------------------ */

/* First and last address of do_fault_around()'s window: aligned in virtual
 * address, slid up when cut at the start of the mapping, inside one table. */
static void
around_window(const struct fctx *c, uint64_t *from, uint64_t *to)
{
	uint64_t n = c->os->cfg.fault_around_bytes >> PAGE_SHIFT;
	uint64_t p = page_of(c->addr) & (PTES - 1);
	uint64_t v = page_of(c->addr - c->vma->start);
	uint64_t lo = max_u64(align_down(p, n), p - min_u64(p, v));
	uint64_t hi = min_u64(min_u64(lo + n, PTES), p + vma_pages(c->vma) - v);
	uint64_t base = align_down(c->addr, PMD_SIZE);

	*from = base + (lo << PAGE_SHIFT);
	*to = base + ((hi - 1) << PAGE_SHIFT);
}

/* Map frame fno at addr for reading, if nothing is there. */
static void
map_extra(struct fctx *c, uint64_t addr, uint32_t fno, uint64_t bits)
{
	uint64_t *pte = c->pte + (int64_t)(page_of(addr) - page_of(c->addr));

	if (*pte)
		return;
	pte_install(c, addr, pte, fno, bits);
	if (addr != c->addr)
		c->os->work.ptes_set++;
}

/* Large folios, since Linux 6.18: all of one or a single page of it.  What
 * was measured stands in doc/validation.md. */
static bool
maps_folios(const struct fctx *c, uint32_t fno)
{
	return c->os->cfg.kernel >= 618 && folio_head(c->os, fno)->order;
}

/* First page of the file beyond the folio. */
static uint64_t
folio_end(const struct fctx *c, uint32_t fno)
{
	const struct frame *f = folio_head(c->os, fno);

	return f->index + ((uint64_t)1 << f->order);
}

/* Would all of the folio lie inside the mapping and one page table, with its
 * page fno at addr?  *start: where it would begin. */
static bool
folio_fits(const struct fctx *c, uint64_t addr, uint32_t fno, uint64_t *start)
{
	uint64_t n = (uint64_t)1 << folio_head(c->os, fno)->order;
	uint64_t before = fno - frame_at(c->os, fno)->head;
	uint64_t v = page_of(addr - c->vma->start);
	uint64_t p = page_of(addr) & (PTES - 1);

	*start = addr - (before << PAGE_SHIFT);
	return before <= v && n - before <= vma_pages(c->vma) - v &&
	       before <= p && n - before <= PTES - p;
}

static void
map_folio(struct fctx *c, uint64_t start, uint32_t fno, uint64_t bits)
{
	uint32_t head = frame_at(c->os, fno)->head;
	uint32_t n = 1u << frame_at(c->os, head)->order;

	for (uint32_t i = 0; i < n; i++)
		map_extra(c, start + i * PAGE_SIZE, head + i, bits);
}

/* Fault-around maps a folio whole when the file goes on beyond it. */
static void
map_around(struct fctx *c, uint64_t addr, uint32_t fno, uint64_t bits)
{
	uint64_t start, pages = inode_pages(c->vma->file->inode);

	if (maps_folios(c, fno) && folio_fits(c, addr, fno, &start) &&
	    (!is_fs(c) || folio_end(c, fno) < pages))
		map_folio(c, start, fno, bits);
	else
		map_extra(c, addr, fno, bits);
}

static bool
none_mapped(const struct fctx *c, uint64_t start, uint64_t n)
{
	const uint64_t *pte =
	    c->pte + ((int64_t)page_of(start) - (int64_t)page_of(c->addr));

	while (n && !*pte)
		pte++, n--;
	return !n;
}

/* mm/memory.c:finish_fault(): the page itself, with its folio if nothing of it
 * is mapped yet and none of it is beyond the end of the file. */
static void
map_page(struct fctx *c, uint32_t fno, uint64_t bits)
{
	uint64_t start, pages = inode_pages(c->vma->file->inode);
	uint64_t n = (uint64_t)1 << folio_head(c->os, fno)->order;

	if (maps_folios(c, fno) && folio_fits(c, c->addr, fno, &start) &&
	    folio_end(c, fno) <= pages && none_mapped(c, start, n))
		map_folio(c, start, fno, bits);
	else
		map_extra(c, c->addr, fno, bits);
}

/* Linux 6.18 installs a missing page table only after it has found that the
 * file goes on beyond the first folio. */
static bool
no_table_for(const struct fctx *c, uint32_t fno)
{
	return c->os->cfg.kernel >= 618 && c->new_table && is_fs(c) &&
	       folio_end(c, fno) >= inode_pages(c->vma->file->inode);
}

/* mm/filemap.c:filemap_map_pages().  True: the faulting page is mapped. */
static bool
fault_around(struct fctx *c)
{
	struct ofile *f = c->vma->file;
	uint64_t from, to, pages = inode_pages(f->inode);
	uint64_t bits = vma_pte_bits(c->os, c->vma);
	bool first = true;

	/* ipc/shm.c:shm_vm_ops has no ->map_pages. */
	if (c->os->cfg.fault_around_bytes <= PAGE_SIZE ||
	    f->inode->kind == FILE_SYSV)
		return false;
	around_window(c, &from, &to);
	for (uint64_t a = from; a <= to; a += PAGE_SIZE) {
		uint64_t index = vma_index(c->vma, a);
		uint32_t fno;

		if (index >= pages)
			break;
		fno = cache_find(c->os, f->inode, index);
		if (!fno || (folio_head(c->os, fno)->flags & FF_MARKER))
			continue;
		if (first && no_table_for(c, fno))
			return false;
		first = false;
		if (f->ra.mmap_miss)
			f->ra.mmap_miss--;
		map_around(c, a, fno, bits);
	}
	return *c->pte;
}

/* The page itself --------------------------------------------------------- */

/* ->fault(): the page-cache page, held; 0 with the signal set. */
static uint32_t
get_page(struct fctx *c)
{
	struct os *os = c->os;
	struct inode *ino = c->vma->file->inode;
	uint64_t index = vma_index(c->vma, c->addr);
	uint32_t fno;

	if (index >= inode_pages(ino)) {
		fault_bus(c, BUS_ADRERR);
		return 0;
	}
	fno = cache_find(os, ino, index);
	if (fno) {
		frame_get(os, fno);
		c->retry = is_fs(c) && ra_async(os, c->vma, index, fno);
		/* A retry counts as major, but for the per-VMA lock's. */
		c->major |= c->retry && !c->gup && os->cfg.kernel < 607;
		return fno;
	}
	if (is_fs(c)) {
		c->major = !c->gup;
		c->retry = true;
		ra_sync(os, c->vma, index);
		fno = cache_find(os, ino, index);
	} else if (!(fno = cache_swap_in(os, ino, index, &c->major))) {
		fno = cache_add(os, ino, index, inode_pages(ino), 0);
		os->work.pages_zeroed += !!fno;
	}
	if (!fno) {
		fault_oom(c);
		return 0;
	}
	frame_get(os, fno);
	return fno;
}

/* Reading drops the locks, so Linux then looks at everything again: the pages
 * around are there now, and a marker has done its work. */
static void
read_fault(struct fctx *c)
{
	uint32_t fno;

	c->kind = read_kind(c);
	if (fault_around(c))
		return;
	fno = get_page(c);
	if (!fno)
		return;
	if (!c->retry || !fault_around(c))
		map_page(c, fno, vma_pte_bits(c->os, c->vma));
	frame_put(c->os, fno);
}

/* Write to a private mapping: a copy, and one entry. */
static void
cow_fault(struct fctx *c)
{
	struct os *os = c->os;
	uint32_t fno, copy;

	vma_need_anon(os, c->mm, c->vma);
	fno = get_page(c);
	if (!fno)
		return;
	copy = frame_alloc(os, 0, FR_ANON);
	if (!copy) {
		frame_put(os, fno);
		fault_oom(c);
		return;
	}
	frame_at(os, copy)->content = frame_at(os, fno)->content;
	frame_at(os, copy)->flags |= FF_EXCLUSIVE;
	os->work.pages_copied++;
	frame_put(os, fno);
	pte_install(c, c->addr, c->pte, copy,
		    vma_pte_bits(os, c->vma) | PTE_D |
			(c->vma->flags & VM_WRITE ? PTE_W : 0));
	lru_add(os, copy);
	frame_put(os, copy);
	c->kind = FAULT_FILE_PRIVATE_COPY;
}

static void
shared_write_fault(struct fctx *c)
{
	struct os *os = c->os;
	uint64_t bits = vma_pte_bits(os, c->vma) | PTE_D |
			(c->vma->flags & VM_WRITE ? PTE_W : 0);
	uint32_t fno = get_page(c), head, n;

	if (!fno)
		return;
	c->kind = is_fs(c) ? FAULT_FILE_SHARED_WRITE : FAULT_SHM;
	head = frame_at(os, fno)->head;
	n = 1u << frame_at(os, head)->order;
	map_page(c, fno, bits);
	if (os->cfg.kernel < 618)
		head = fno, n = 1;
	for (uint32_t i = head; is_fs(c) && i < head + n; i++)
		inode_mark_dirty(os, i);
	frame_put(os, fno);
}

/* A page of a device: no frame of memory stands behind it. */
static void
device_fault(struct fctx *c)
{
	struct inode *ino = c->vma->file->inode;

	if (ino->backing != BACK_DRIVER) {
		fault_bus(c, BUS_ADRERR);
		return;
	}
	*c->pte = device_pte(c->os, c->vma, c->addr);
	c->kind = FAULT_DEVICE;
}

uint64_t
device_pte(struct os *os, const struct vma *v, uint64_t addr)
{
	uint64_t no = v->file ? v->file->inode->no + 1 : 0;
	uint64_t page = (no << 24 ^ vma_index(v, addr)) & 0xffffffffu;
	uint64_t bits = vma_pte_bits(os, v) | PTE_SPECIAL;

	return pte_make((pfn){os->n_frames + page}, bits);
}

void
fault_file(struct fctx *c)
{
	uint8_t backing = c->vma->file->inode->backing;

	if (backing != BACK_FS && backing != BACK_SHM)
		device_fault(c);
	else if (!c->write)
		read_fault(c);
	else if (c->vma->flags & VM_SHARED)
		shared_write_fault(c);
	else
		cow_fault(c);
}
