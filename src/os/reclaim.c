/*
 * reclaim.c - getting frames back: the lists of what could go, and making one
 * go.  policy.c chooses.
 *
 * The head of a folio of anonymous memory stands in a list for all of it;
 * pages of files are listed one by one.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

/* Lists ------------------------------------------------------------------- */

static struct frame_list *
list_of(struct os *os, const struct frame *f)
{
	unsigned l = LRU_INACTIVE_ANON;

	if (f->kind == FR_FILE && !reclaim_policy(os)->fixed)
		l = LRU_INACTIVE_FILE;
	return &os->lru[l + !!(f->flags & FF_ACTIVE)];
}

void
lru_add(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	f->flags |= FF_LRU;
	f->used = os->insn;
	f->age = reclaim_policy(os)->ticks ? 0x80 : 0; /* used just now */
	list_push(os, list_of(os, f), fno);
}

void
lru_del(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	list_remove(os, list_of(os, f), fno);
	f->flags &= (uint16_t)~FF_LRU;
}

/* To the end of the list, of the active or the inactive one. */
void
lru_move(struct os *os, uint32_t fno, bool active)
{
	struct frame *f = frame_at(os, fno);

	list_remove(os, list_of(os, f), fno);
	f->flags &= (uint16_t)~FF_ACTIVE;
	f->flags |= active ? FF_ACTIVE : 0;
	list_push(os, list_of(os, f), fno);
}

/* What the page tables say of a frame ------------------------------------- */

static uint64_t *
entry_at(struct os *os, struct rmap_at at)
{
	return pt_find(os, os->spaces[at.as], at.addr, at.huge);
}

static bool
any_entry(struct os *os, uint32_t fno, uint64_t bit)
{
	struct frame *f = frame_at(os, fno);

	for (uint32_t i = 0; i < rmap_count(f); i++)
		if (*entry_at(os, rmap_get(f, i)) & bit)
			return true;
	return false;
}

bool
frame_young(struct os *os, uint32_t fno)
{
	return any_entry(os, fno, PTE_A);
}

bool
frame_dirty(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	if (f->flags & FF_DIRTY || any_entry(os, fno, PTE_D))
		return true;
	/* Nowhere else, and not given up. */
	return f->kind == FR_SHM ||
	       (f->kind == FR_ANON &&
		!(f->flags & (FF_SWAPCACHE | FF_LAZYFREE)));
}

uint32_t
test_young(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	uint32_t young = 0;

	for (uint32_t i = 0; i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);
		struct mm *mm = os->spaces[at.as];
		struct vma *v = vma_find(mm, at.addr);
		uint64_t *e = entry_at(os, at);

		if (!(*e & PTE_A))
			continue;
		os->sink.forget(os->sink.ctx, at.as, (vpn){page_of(at.addr)},
				at.huge ? PTES : 1);
		*e &= ~PTE_A; /* no flush: ptep_clear_flush_young() on x86 */
		/* vma_has_recency() */
		young += !(v->flags & (VM_SEQ_READ | VM_RAND_READ));
	}
	return young;
}

static bool
any_mapping(struct os *os, uint32_t fno, uint32_t flag)
{
	struct frame *f = frame_at(os, fno);

	for (uint32_t i = 0; i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);

		if (vma_find(os->spaces[at.as], at.addr)->flags & flag)
			return true;
	}
	return false;
}

bool
frame_locked(struct os *os, uint32_t fno)
{
	return any_mapping(os, fno, VM_LOCKED);
}

bool
frame_executable(struct os *os, uint32_t fno)
{
	return frame_at(os, fno)->kind == FR_FILE &&
	       any_mapping(os, fno, VM_EXEC);
}

/* One frame goes ---------------------------------------------------------- */

/* Take it out of every page table; entry: what stands there then, 0 or a swap
 * entry.  The caller holds a reference. */
static void
unmap_everywhere(struct os *os, uint32_t fno, uint32_t slot)
{
	struct frame *f = frame_at(os, fno);
	bool exclusive = f->flags & FF_EXCLUSIVE;

	while (rmap_count(f)) {
		struct rmap_at at = rmap_get(f, 0);
		struct mm *mm = os->spaces[at.as];
		uint64_t *e = pt_find(os, mm, at.addr, 0), old = *e;

		forget_page(os, mm, at.addr);
		*e = slot ? swap_entry(slot, exclusive) : 0;
		flush_page(os, mm, at.addr);
		if ((old & PTE_D) && f->kind == FR_FILE)
			inode_mark_dirty(os, fno);
		else if ((old & PTE_D) && f->kind == FR_ANON)
			f->flags |= FF_DIRTY;
		if (slot) {
			swap_dup(os, slot);
			mm->swapped++;
		}
		rmap_remove(os, fno, at);
		rss_add(os, mm, fno, -1);
		os->work.ptes_cleared++;
		frame_put(os, fno);
	}
}

enum leaving { LEFT_CLEAN, LEFT_TO_SWAP, LEFT_TO_FILE };

static void
count_eviction(struct os *os, struct process *owner, enum leaving how)
{
	struct os_paging *all = &os->stats.paging;
	struct os_paging *its = owner ? &owner->paging : &(struct os_paging){0};

	switch (how) {
	case LEFT_CLEAN:
		all->clean_evictions++, its->clean_evictions++;
		break;
	case LEFT_TO_SWAP:
		all->swap_evictions++, its->swap_evictions++;
		break;
	case LEFT_TO_FILE:
		all->file_evictions++, its->file_evictions++;
		break;
	}
}

static enum leaving
evict_file(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	struct inode *ino = os->inodes[f->owner];
	enum leaving how;

	unmap_everywhere(os, fno, 0);
	how = f->flags & FF_DIRTY ? LEFT_TO_FILE : LEFT_CLEAN;
	if (how == LEFT_TO_FILE)
		inode_writeback(os, ino, f->index, 1);
	cache_remove(os, fno, true);
	return how;
}

/* Anonymous: to its slot, or away when MADV_FREE gave it up. */
static enum leaving
evict_anon(struct os *os, uint32_t fno, uint32_t slot)
{
	enum leaving how = LEFT_CLEAN;

	unmap_everywhere(os, fno, slot);
	if (slot && swap_write(os, fno))
		how = LEFT_TO_SWAP;
	if (frame_at(os, fno)->flags & FF_SWAPCACHE)
		swapcache_drop(os, fno);
	return how;
}

static enum leaving
evict_shm(struct os *os, uint32_t fno)
{
	uint32_t slot = swap_store(os, frame_at(os, fno)->content);

	unmap_everywhere(os, fno, 0);
	cache_swap_out(os, fno, slot);
	return LEFT_TO_SWAP;
}

/* MADV_FREE, and not written since. */
static bool
given_up(struct os *os, uint32_t fno)
{
	return (frame_at(os, fno)->flags & FF_LAZYFREE) &&
	       !any_entry(os, fno, PTE_D);
}

/* What goes to swap needs a place there; *slot: of an anonymous page. */
static bool
has_place(struct os *os, uint32_t fno, uint32_t *slot)
{
	struct frame *f = frame_at(os, fno);

	*slot = 0;
	if (f->kind == FR_FILE || (f->kind == FR_ANON && given_up(os, fno)))
		return true;
	if (f->kind == FR_SHM)
		return swap_has_room(os);
	*slot = swap_slot_for(os, fno);
	return *slot;
}

/* Is every reference one that reclaim knows how to undo? */
static bool
can_leave(const struct frame *f)
{
	uint32_t known = f->mapcount + !!(f->flags & FF_SWAPCACHE) +
			 (f->kind == FR_FILE || f->kind == FR_SHM);

	return f->refs == known;
}

/* A huge page is split first; its pages then stand in the list. */
static bool
split_first(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	if (f->kind != FR_ANON || !rmap_count(f) || !rmap_get(f, 0).huge)
		return false;
	while (f->mapcount && f->order == HUGE_ORDER) {
		struct rmap_at at = rmap_get(f, 0);
		struct mm *mm = os->spaces[at.as];
		uint32_t i = 0;

		while (!rmap_get(f, i).huge)
			i++;
		at = rmap_get(f, i);
		mm = os->spaces[at.as];
		huge_split(os, mm, at.addr, pt_find(os, mm, at.addr, 1));
	}
	return true;
}

bool
evict(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	struct process *owner = NULL;
	enum leaving how;
	uint32_t slot;

	if (split_first(os, fno) || !can_leave(f) || frame_locked(os, fno))
		return false;
	if (rmap_count(f))
		owner = os->spaces[rmap_get(f, 0).as]->owner;
	if (!has_place(os, fno, &slot))
		return false;
	frame_get(os, fno);
	if (f->kind == FR_FILE)
		how = evict_file(os, fno);
	else if (f->kind == FR_SHM)
		how = evict_shm(os, fno);
	else
		how = evict_anon(os, fno, slot);
	frame_put(os, fno);
	count_eviction(os, owner, how);
	return true;
}

/* The frame that addr maps alone, 0 if there is none; huge pages are split. */
static uint32_t
sole_page(struct os *os, struct mm *mm, uint64_t addr)
{
	uint64_t *pmd = pt_find(os, mm, addr, 1), *e;

	if (pmd && (*pmd & PTE_PS))
		huge_split(os, mm, addr, pmd);
	e = pt_find(os, mm, addr, 0);
	if (!e || !(*e & PTE_P) || (*e & PTE_SPECIAL) ||
	    frame_at(os, pte_fno(*e))->mapcount != 1)
		return 0;
	return pte_fno(*e);
}

void
reclaim_page(struct os *os, struct mm *mm, uint64_t addr)
{
	uint32_t fno = sole_page(os, mm, addr);

	if (fno)
		evict(os, fno);
}

void
reclaim_deactivate(struct os *os, struct mm *mm, uint64_t addr)
{
	uint32_t fno = sole_page(os, mm, addr);

	if (!fno)
		return;
	test_young(os, fno);
	if (frame_at(os, fno)->flags & FF_LRU)
		lru_move(os, fno, false);
}

/* When ------------------------------------------------------------------- */

static uint64_t
square_root(uint64_t n)
{
	uint64_t r = 0;

	for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= n)
			r += bit;
	return r;
}

/* mm/page_alloc.c: calculate_min_free_kbytes(), __setup_per_zone_wmarks();
 * watermark_scale_factor is 10 (0.1 %). */
void
reclaim_init(struct os *os)
{
	uint64_t kib = (uint64_t)os->n_frames << (PAGE_SHIFT - 10);
	uint64_t min = square_root(kib * 16), step;

	min = min_u64(max_u64(min, 128), 262144) >> (PAGE_SHIFT - 10);
	min = min_u64(min, os->n_frames / 16); /* machines of toy size */
	step = max_u64(min / 4, os->n_frames / 1000);
	os->wmark_low = min + step;
	os->wmark_high = min + 2 * step;
	os->swap.ra.hits = SWAP_RA_HITS;
}

static uint64_t
user_frames(const struct os *os)
{
	return os->kind_n[FR_ANON] + os->kind_n[FR_FILE] + os->kind_n[FR_SHM];
}

/* One at a time, as a policy of fixed frames is defined.  What cannot go (it is
 * being copied, or locked) stands aside until the choice is made. */
static bool
evict_one(struct os *os)
{
	bool gone = false;
	uint32_t fno;

	while (!gone && (fno = reclaim_policy(os)->victim(os))) {
		os->work.pages_scanned++;
		gone = evict(os, fno);
		if (!gone && (frame_at(os, fno)->flags & FF_LRU))
			lru_move(os, fno, true);
	}
	while (os->lru[LRU_ACTIVE_ANON].first)
		lru_move(os, os->lru[LRU_ACTIVE_ANON].first, false);
	return gone;
}

bool
reclaim(struct os *os, uint32_t want)
{
	const struct reclaim_policy *p = reclaim_policy(os);
	bool some;

	if (os->reclaiming)
		return false;
	os->reclaiming = true;
	some = p->fixed ? evict_one(os) : p->shrink(os, want) > 0;
	os->reclaiming = false;
	return some;
}

static bool
is_user(enum frame_kind kind)
{
	return kind == FR_ANON || kind == FR_FILE || kind == FR_SHM;
}

bool
reclaim_allows(const struct os *os, uint32_t n, enum frame_kind kind)
{
	return !reclaim_policy(os)->fixed || !is_user(kind) ||
	       user_frames(os) + n <= os->cfg.frames;
}

/* Below the low watermark, up to the high one; here it is done before the
 * allocation goes on. */
void
kswapd(struct os *os)
{
	if (!reclaim_policy(os)->fixed)
		reclaim(os, (uint32_t)(os->wmark_high - os->n_free));
}
