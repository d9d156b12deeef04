/*
 * check.c - the kernel's structures held against each other, slowly: for
 * tests, and for whoever suspects the model.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "os/internal.h"

struct census {
	struct os *os;
	uint32_t *ptes;  /* by frame: entries that map it */
	uint32_t *held;  /* by frame: references that are explained */
	uint32_t *slots; /* by swap slot: entries that name it */
	uint64_t swapped, dirty;
	uint64_t tables;
};

/* One entry that maps a frame of memory, at addr of mm. */
static void
check_leaf(struct census *k, struct mm *mm, uint64_t addr, uint64_t p,
	   bool huge)
{
	struct os *os = k->os;
	uint32_t fno = pte_fno(p), i;
	struct frame *f = frame_at(os, fno);
	struct vma *v = vma_find(mm, addr);

	if (!v)
		BUG("space %u: 0x%llx is mapped, but no mapping covers it",
		    mm->as, (unsigned long long)addr);
	if ((p & PTE_W) && !(v->flags & VM_WRITE))
		BUG("space %u: 0x%llx is writable in a read-only mapping",
		    mm->as, (unsigned long long)addr);
	if (p & PTE_SPECIAL)
		return;
	if (f->kind != FR_ANON && f->kind != FR_FILE && f->kind != FR_SHM &&
	    f->kind != FR_HUGETLB)
		BUG("space %u: 0x%llx maps %s frame %u", mm->as,
		    (unsigned long long)addr, frame_kind_names[f->kind], fno);
	for (i = 0; i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);

		if (at.as == mm->as && at.addr == addr && at.huge == huge)
			break;
	}
	if (i == rmap_count(f))
		BUG("frame %u does not know that 0x%llx of space %u maps it",
		    fno, (unsigned long long)addr, mm->as);
	if (f->kind == FR_ANON && (p & PTE_W) && !(f->flags & FF_EXCLUSIVE))
		BUG("space %u: 0x%llx is writable, not exclusive", mm->as,
		    (unsigned long long)addr);
	if ((p & PTE_W) && !(v->flags & VM_SHARED) &&
	    (f->kind == FR_HUGETLB ? f->mapcount > 1 : f->kind != FR_ANON))
		BUG("space %u: 0x%llx could write to a file's page", mm->as,
		    (unsigned long long)addr);
	k->ptes[fno]++;
	k->held[fno] += !huge;
}

static void
check_table(struct census *k, struct mm *mm, uint32_t fno, unsigned level,
	    uint64_t base)
{
	uint64_t *t = physmem_words(&k->os->mem, (pfn){fno});

	BUG_ON(!t || frame_at(k->os, fno)->kind != FR_TABLE);
	k->tables++;
	k->held[fno]++;
	for (unsigned i = 0; i < PTES; i++) {
		uint64_t at = base + ((uint64_t)i << (PAGE_SHIFT + 9 * level));

		if (!level || (t[i] & PTE_PS)) {
			if (pte_present(t[i]))
				check_leaf(k, mm, at, t[i], level);
			if (pte_is_swap(t[i])) {
				k->slots[swap_slot_of(t[i])]++;
				k->swapped++;
			}
		} else if (t[i]) {
			check_table(k, mm, pte_fno(t[i]), level - 1, at);
		}
	}
}

static void
check_vmas(struct mm *mm)
{
	uint64_t end = 0, total = 0, locked = 0, committed = 0, data = 0;

	for (size_t i = 0; i < mm->n_vmas; i++) {
		struct vma *v = mm->vmas[i];

		if (v->start < end || v->start >= v->end ||
		    ((v->start | v->end) & (PAGE_SIZE - 1)))
			BUG("space %u: mapping 0x%llx-0x%llx is out of order",
			    mm->as, (unsigned long long)v->start,
			    (unsigned long long)v->end);
		end = v->end;
		total += vma_pages(v);
		data += (v->flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) ==
				VM_WRITE
			    ? vma_pages(v)
			    : 0;
		locked += v->flags & VM_LOCKED ? vma_pages(v) : 0;
		committed += v->flags & VM_ACCOUNT ? vma_pages(v) : 0;
	}
	BUG_ON(total != mm->total_vm || locked != mm->locked_vm ||
	       committed != mm->committed || data != mm->data_vm);
}

static void
check_space(struct census *k, struct mm *mm)
{
	struct map_slot s;

	check_vmas(mm);
	k->tables = k->swapped = 0;
	check_table(k, mm, (uint32_t)mm->root.raw, 3, 0);
	for (size_t i = 0; map_next(&mm->deposit, &i, &s);) {
		k->held[s.value]++;
		k->tables++;
	}
	BUG_ON(k->swapped != mm->swapped);
	if (k->tables != mm->tables)
		BUG("space %u: %llu page tables, counted %llu", mm->as,
		    (unsigned long long)mm->tables,
		    (unsigned long long)k->tables);
}

static void
check_inode(struct census *k, struct inode *ino)
{
	uint64_t cached = 0, dirty = 0;
	struct map_slot s;

	for (size_t i = 0; map_next(&ino->chunks, &i, &s);) {
		struct chunk *c = (struct chunk *)(uintptr_t)s.value;

		for (unsigned j = 0; j < CHUNK_PAGES; j++) {
			struct frame *f = frame_at(k->os, c->fno[j]);

			if (cache_is_swapped(c->fno[j]))
				k->slots[c->fno[j] & ~CACHE_SWAPPED]++;
			if (!cache_is_frame(c->fno[j]))
				continue;
			BUG_ON(f->owner != ino->no ||
			       f->index != (s.key << CHUNK_BITS) + j);
			BUG_ON(f->kind != FR_FILE && f->kind != FR_SHM);
			cached++;
			dirty += !!(f->flags & FF_DIRTY);
			k->held[c->fno[j]]++;
		}
	}
	BUG_ON(cached != ino->cached || dirty != ino->dirty);
	k->dirty += dirty;
}

static void
check_frame(struct census *k, uint32_t fno)
{
	struct frame *f = frame_at(k->os, fno);

	if (f->kind <= FR_RESERVED || f->kind == FR_HUGE_ZERO)
		return;
	if (k->ptes[fno] != f->mapcount || rmap_count(f) != f->mapcount)
		BUG("%s frame %u: %u entries map it, counted %u",
		    frame_kind_names[f->kind], fno, f->mapcount, k->ptes[fno]);
	if (f->kind == FR_ANON && frame_at(k->os, f->head)->order)
		k->held[fno]++; /* for belonging to a huge page */
	k->held[fno] += !!(f->flags & FF_SWAPCACHE);
	if (f->kind == FR_HUGETLB)
		return;
	if (k->held[fno] != f->refs)
		BUG("%s frame %u: %u references, counted %u",
		    frame_kind_names[f->kind], fno, f->refs, k->held[fno]);
	if (f->kind == FR_ANON && (f->flags & FF_EXCLUSIVE) && f->mapcount > 1)
		BUG("frame %u is exclusive, and mapped %u times", fno,
		    f->mapcount);
}

void
os_check(struct os *os)
{
	struct census k = {.os = os};

	frames_check(os);
	k.ptes = xcalloc(os->fresh, sizeof(*k.ptes));
	k.held = xcalloc(os->fresh, sizeof(*k.held));
	k.slots = xcalloc(os->swap.n + 1, sizeof(*k.slots));
	for (size_t i = 0; i < os->n_spaces; i++)
		if (os->spaces[i])
			check_space(&k, os->spaces[i]);
	for (size_t i = 0; i < os->n_inodes; i++)
		if (os->inodes[i])
			check_inode(&k, os->inodes[i]);
	for (uint32_t i = 1; i < os->fresh; i++)
		check_frame(&k, i);
	BUG_ON(k.dirty != os->n_dirty);
	swap_check(os, k.slots);
	free(k.slots);
	free(k.ptes);
	free(k.held);
}

static struct frame *
content_of(struct os *os, struct task *t, uint64_t addr)
{
	struct mm *mm = t->proc->mm;
	uint64_t *e = pt_find(os, mm, addr, 0);
	uint32_t off = 0;

	if (!e) {
		e = pt_find(os, mm, addr, 1);
		off = (uint32_t)page_of(addr & (PMD_SIZE - 1));
	}
	BUG_ON(!e || !(*e & PTE_P));
	return *e & PTE_SPECIAL ? NULL : frame_at(os, pte_fno(*e) + off);
}

void
os_poke(struct os *os, struct task *t, uint64_t addr, uint64_t content)
{
	struct frame *f = content_of(os, t, addr);

	BUG_ON(!f);
	f->content = content;
}

uint64_t
os_peek(struct os *os, struct task *t, uint64_t addr)
{
	struct frame *f = content_of(os, t, addr);

	return f ? f->content : 0;
}
