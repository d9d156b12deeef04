/*
 * frame.c - physical memory: a buddy allocator of blocks of 2^0 .. 2^10
 * frames, as Linux's, over metadata that costs nothing until it is used.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>
#include <sys/mman.h>

#include "os/internal.h"

const char *const frame_kind_names[FR_KINDS] = {
    [FR_FREE] = "free",         [FR_FREE_HEAD] = "free",
    [FR_RESERVED] = "reserved", [FR_TABLE] = "page table",
    [FR_ANON] = "anonymous",    [FR_FILE] = "page cache",
    [FR_SHM] = "shared memory", [FR_HUGE_ZERO] = "huge zero page",
    [FR_HUGETLB] = "hugetlb",
};

#define MIN_FRAMES 256u

bool
frames_init(struct os *os, struct err *e)
{
	uint64_t n = os->cfg.memory_bytes >> PAGE_SHIFT;
	void *p;

	if (n < MIN_FRAMES || n > UINT32_MAX / 2)
		return err_set(e, ERR_INPUT,
			       "machine.memory: %llu bytes: expected 1 MiB to "
			       "8 TiB",
			       (unsigned long long)os->cfg.memory_bytes);
	/* Untouched metadata stays untouched: 64 GiB cost nothing. */
	p = mmap(NULL, n * sizeof(struct frame), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return err_set(e, ERR_FAILED,
			       "machine.memory: no address space for the "
			       "metadata of %llu frames",
			       (unsigned long long)n);
	os->frames = p;
	os->n_frames = (uint32_t)n;
	reclaim_init(os);
	os->frames[0].kind = FR_RESERVED; /* the zero page */
	os->frames[0].refs = 1;
	os->fresh = 1;
	os->n_free = n - 1;
	physmem_init(&os->mem, n);
	return true;
}

void
frames_free(struct os *os)
{
	if (os->frames)
		munmap(os->frames, os->n_frames * sizeof(struct frame));
	os->frames = NULL;
	physmem_free(&os->mem);
}

/* Lists: doubly linked through the frames, newest last. ------------------- */

void
list_push(struct os *os, struct frame_list *l, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	f->next = 0;
	f->prev = l->last;
	if (l->last)
		frame_at(os, l->last)->next = fno;
	else
		l->first = fno;
	l->last = fno;
	l->n++;
}

void
list_remove(struct os *os, struct frame_list *l, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	if (f->prev)
		frame_at(os, f->prev)->next = f->next;
	else
		l->first = f->next;
	if (f->next)
		frame_at(os, f->next)->prev = f->prev;
	else
		l->last = f->prev;
	f->next = f->prev = 0;
	l->n--;
}

/* Buddies ----------------------------------------------------------------- */

static void
block_free(struct os *os, uint32_t fno, unsigned order)
{
	struct frame *f = frame_at(os, fno);

	f->kind = FR_FREE_HEAD;
	f->order = (uint8_t)order;
	list_push(os, &os->free[order], fno);
}

static void
block_take(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	list_remove(os, &os->free[f->order], fno);
	f->kind = FR_FREE;
	f->order = 0;
}

/* The next block of memory that was never used: as large as it is aligned. */
static bool
block_fresh(struct os *os)
{
	unsigned order = MAX_ORDER;
	uint32_t fno = os->fresh;

	if (fno >= os->n_frames)
		return false;
	while ((fno & ((1u << order) - 1)) ||
	       ((uint64_t)fno + (1u << order)) > os->n_frames)
		order--;
	os->fresh += 1u << order;
	block_free(os, fno, order);
	return true;
}

/* A block of at least this order, cut down to it: the low half is kept and
 * the high ones freed, so that consecutive requests get rising addresses. */
static uint32_t
block_get(struct os *os, unsigned order)
{
	unsigned o;
	uint32_t fno;

	for (;;) {
		for (o = order; o <= MAX_ORDER && !os->free[o].first; o++)
			;
		if (o <= MAX_ORDER)
			break;
		if (!block_fresh(os))
			return 0;
	}
	fno = os->free[o].last;
	block_take(os, fno);
	while (o > order) {
		o--;
		block_free(os, fno + (1u << o), o);
	}
	return fno;
}

uint32_t
frame_alloc_noreclaim(struct os *os, unsigned order, enum frame_kind kind)
{
	uint32_t n = 1u << order, fno = 0;

	if (reclaim_allows(os, n, kind))
		fno = block_get(os, order);
	if (!fno)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct frame *f = frame_at(os, fno + i);

		memset(f, 0, sizeof(*f));
		f->kind = (uint8_t)kind;
		f->head = fno;
		f->refs = 1;
	}
	frame_at(os, fno)->order = (uint8_t)order;
	os->n_free -= n;
	os->kind_n[kind] += n;
	os->peak_used = max_u64(os->peak_used, os->n_frames - os->n_free);
	return fno;
}

uint32_t
frame_alloc(struct os *os, unsigned order, enum frame_kind kind)
{
	uint32_t fno;

	if (os->n_free < os->wmark_low)
		kswapd(os);
	do {
		fno = frame_alloc_noreclaim(os, order, kind);
	} while (!fno && (reclaim(os, 1u << order) || oom_kill(os)));
	return fno;
}

/* Give a block back; its frames must be referenced by nobody. */
void
frame_release(struct os *os, uint32_t fno, unsigned order)
{
	uint32_t n = 1u << order;

	for (uint32_t i = 0; i < n; i++) {
		struct frame *f = frame_at(os, fno + i);

		BUG_ON(f->mapcount || f->rmap || (f->flags & FF_LRU));
		BUG_ON(f->kind <= FR_RESERVED);
		os->kind_n[f->kind]--;
		memset(f, 0, sizeof(*f));
	}
	os->n_free += n;
	while (order < MAX_ORDER) {
		uint32_t buddy = fno ^ (1u << order);

		if (buddy >= os->fresh ||
		    frame_at(os, buddy)->kind != FR_FREE_HEAD ||
		    frame_at(os, buddy)->order != order)
			break;
		block_take(os, buddy);
		fno &= buddy;
		order++;
	}
	block_free(os, fno, order);
}

void
frame_put(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);

	BUG_ON(!f->refs);
	if (--f->refs)
		return;
	if (f->flags & FF_LRU)
		lru_del(os, fno);
	frame_release(os, fno, 0);
}

/* Every frame below fresh is in one free block or in use, once. */
void
frames_check(struct os *os)
{
	uint64_t free_n = os->n_frames - os->fresh, used = 0;
	uint64_t kinds[FR_KINDS] = {0};

	for (uint32_t i = 0; i < os->fresh;) {
		struct frame *f = frame_at(os, i);

		if (f->kind == FR_FREE_HEAD) {
			free_n += 1u << f->order;
			i += 1u << f->order;
			continue;
		}
		if (f->kind == FR_FREE)
			BUG("frame %u is neither free nor in use", i);
		if (!f->refs)
			BUG("%s frame %u is referenced by nobody",
			    frame_kind_names[f->kind], i);
		kinds[f->kind]++;
		used++;
		i++;
	}
	if (free_n != os->n_free || used + free_n != os->n_frames)
		BUG("%llu frames free, counted %llu",
		    (unsigned long long)os->n_free, (unsigned long long)free_n);
	for (unsigned k = FR_TABLE; k < FR_KINDS; k++)
		if (kinds[k] != os->kind_n[k])
			BUG("%llu %s frames, counted %llu",
			    (unsigned long long)os->kind_n[k],
			    frame_kind_names[k], (unsigned long long)kinds[k]);
}
