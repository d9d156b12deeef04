/*
 * policy.c - which frame goes: Linux's ways, and those of textbooks.
 *
 * The textbooks' share os.frames frames among all processes (global scope)
 * and keep them in one list, oldest first.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/bits.h"
#include "os/internal.h"

#define BATCH      32 /* SWAP_CLUSTER_MAX */
#define PRIORITIES 12 /* DEF_PRIORITY */
#define AGES       8  /* bits of an age: more ticks change nothing */

/* Linux: active and inactive lists (mm/vmscan.c) -------------------------- */

enum verdict { GO, KEEP, ACTIVATE };

/* folio_check_references() */
static enum verdict
check_references(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	bool executable = frame_executable(os, fno);
	uint32_t entries = test_young(os, fno);
	bool referenced = f->flags & FF_REFERENCED;

	f->flags &= (uint16_t)~FF_REFERENCED;
	if (frame_locked(os, fno))
		return ACTIVATE;
	if (!entries)
		return GO;
	f->flags |= FF_REFERENCED;
	if (referenced || entries > 1 || executable)
		return ACTIVATE;
	return KEEP;
}

/* shrink_inactive_list(): n pages from the old end. */
static uint32_t
shrink_inactive(struct os *os, enum lru l, uint64_t n)
{
	uint32_t freed = 0;

	for (n = min_u64(n, os->lru[l].n); n && os->lru[l].first; n--) {
		uint32_t fno = os->lru[l].first;

		os->work.pages_scanned++;
		switch (check_references(os, fno)) {
		case GO:
			if (evict(os, fno)) {
				freed++;
				break;
			}
			if (!(frame_at(os, fno)->flags & FF_LRU))
				break; /* a huge page that fell apart */
				       /* fall through */
		case KEEP:
			lru_move(os, fno, false);
			break;
		case ACTIVATE:
			lru_move(os, fno, true);
			break;
		}
	}
	return freed;
}

/* shrink_active_list(): only mapped code that was used stays. */
static void
shrink_active(struct os *os, enum lru l, uint64_t n)
{
	for (n = min_u64(n, os->lru[l].n); n; n--) {
		uint32_t fno = os->lru[l].first;

		os->work.pages_scanned++;
		lru_move(os, fno,
			 test_young(os, fno) && frame_executable(os, fno));
	}
}

/* inactive_is_low(): the larger memory, the smaller the inactive share. */
static bool
inactive_is_low(const struct os *os, enum lru inactive)
{
	uint64_t in = os->lru[inactive].n, active = os->lru[inactive + 1].n;
	uint64_t gib = (in + active) >> (30 - PAGE_SHIFT), ratio = 1;

	while (gib && (ratio + 1) * (ratio + 1) <= 10 * gib)
		ratio++;
	return in * ratio < active;
}

/* get_scan_count() without the history of costs: swappiness against the rest
 * of 200, anonymous memory only where it can go. */
static uint32_t
shrink_kind(struct os *os, enum lru inactive, unsigned priority)
{
	unsigned share = inactive == LRU_INACTIVE_ANON
			     ? os->cfg.swappiness
			     : 200 - os->cfg.swappiness;
	uint64_t n =
	    (os->lru[inactive].n + os->lru[inactive + 1].n) >> priority;

	if (inactive == LRU_INACTIVE_ANON && !swap_has_room(os))
		return 0;
	n = n * share / 200;
	n = max_u64(n, share ? BATCH : 0);
	if (inactive_is_low(os, inactive))
		shrink_active(os, inactive + 1, n);
	return shrink_inactive(os, inactive, n);
}

static uint32_t
linux_shrink(struct os *os, uint32_t want)
{
	uint32_t got = 0;

	for (int priority = PRIORITIES; priority >= 0 && got < want;
	     priority--) {
		uint32_t some;

		do {
			some = shrink_kind(os, LRU_INACTIVE_FILE,
					   (unsigned)priority);
			some += shrink_kind(os, LRU_INACTIVE_ANON,
					    (unsigned)priority);
			got += some;
		} while (some && got < want);
	}
	return got;
}

/* Multi-generational LRU: four generations, told apart by frame.age; the walk
 * that makes a new one looks at every page's accessed bit. */

#define GENERATIONS 4

static void
mglru_walk(struct os *os)
{
	for (unsigned l = 0; l < LRU_LISTS; l++)
		for (uint32_t fno = os->lru[l].first; fno;
		     fno = frame_at(os, fno)->next) {
			struct frame *f = frame_at(os, fno);

			os->work.pages_scanned++;
			if (test_young(os, fno))
				f->age = 0;
			else if (f->age < GENERATIONS - 1)
				f->age++;
		}
}

static uint32_t
mglru_evict(struct os *os, enum lru l, uint32_t want)
{
	uint32_t got = 0, next;

	for (uint32_t fno = os->lru[l].first; fno && got < want; fno = next) {
		struct frame *f = frame_at(os, fno);

		next = f->next;
		if (f->age < GENERATIONS - 1)
			continue;
		if (test_young(os, fno))
			f->age = 0;
		else
			got += evict(os, fno);
	}
	return got;
}

static uint32_t
mglru_shrink(struct os *os, uint32_t want)
{
	uint32_t got = 0;

	for (unsigned i = 0; i <= GENERATIONS && got < want; i++) {
		got += mglru_evict(os, LRU_INACTIVE_FILE, want - got);
		if (got < want && swap_has_room(os))
			got += mglru_evict(os, LRU_INACTIVE_ANON, want - got);
		if (got < want)
			mglru_walk(os);
	}
	return got;
}

/* Textbooks --------------------------------------------------------------- */

/* Of fifo the list is in the order of coming in, of lru in that of use:
 * os_entered() sees to it. */
static uint32_t
oldest(struct os *os)
{
	return os->lru[0].first;
}

/* The hand stands at the list's first; a used page gets another round. */
static uint32_t
clock_victim(struct os *os)
{
	for (uint64_t n = os->lru[0].n; n; n--) {
		uint32_t fno = os->lru[0].first;

		if (!test_young(os, fno))
			return fno;
		lru_move(os, fno, false);
	}
	return os->lru[0].first;
}

/* Of the pages in the clock's order the first with these bits; clear: take
 * the accessed bit of those passed. */
static uint32_t
first_of(struct os *os, bool young, bool dirty, bool clear)
{
	for (uint32_t fno = os->lru[0].first; fno;
	     fno = frame_at(os, fno)->next) {
		if (frame_young(os, fno) == young &&
		    frame_dirty(os, fno) == dirty)
			return fno;
		if (clear)
			test_young(os, fno);
	}
	return 0;
}

/* Put the hand behind fno, which goes. */
static uint32_t
advance_to(struct os *os, uint32_t fno)
{
	while (fno && os->lru[0].first != fno)
		lru_move(os, os->lru[0].first, false);
	return fno;
}

/* (0,0) without changing anything, (0,1) clearing as it passes, again. */
static uint32_t
second_chance_victim(struct os *os)
{
	uint32_t fno = first_of(os, false, false, false);

	if (!fno)
		fno = first_of(os, false, true, true);
	if (!fno)
		fno = first_of(os, false, false, false);
	if (!fno)
		fno = first_of(os, false, true, true);
	return advance_to(os, fno);
}

/* The lowest class (used, dirty) since the last tick; the oldest of it. */
static uint32_t
nru_victim(struct os *os)
{
	for (unsigned class = 0; class < 4; class ++) {
		uint32_t fno = first_of(os, class >> 1, class & 1, false);

		if (fno)
			return fno;
	}
	return 0;
}

static uint32_t
aging_victim(struct os *os)
{
	uint32_t best = os->lru[0].first;

	for (uint32_t fno = best; fno; fno = frame_at(os, fno)->next)
		if (frame_at(os, fno)->age < frame_at(os, best)->age)
			best = fno;
	return best;
}

/* Carr and Hennessy: unused for longer than the window, and clean; dirty ones
 * are written on the way. */
static uint32_t
wsclock_victim(struct os *os)
{
	uint32_t clean = 0;

	for (uint64_t n = os->lru[0].n; n; n--) {
		uint32_t fno = os->lru[0].first;
		struct frame *f = frame_at(os, fno);

		if (test_young(os, fno))
			f->used = os->insn;
		else if (!frame_dirty(os, fno) &&
			 os->insn - f->used > os->cfg.working_set)
			return fno;
		if (!clean && !frame_dirty(os, fno))
			clean = fno;
		if (f->kind == FR_FILE &&
		    os->insn - f->used > os->cfg.working_set)
			inode_writeback(os, os->inodes[f->owner], f->index, 1);
		lru_move(os, fno, false);
	}
	return clean ? clean : os->lru[0].first;
}

/* Drawn from a generator that begins the same in every run. */
static uint32_t
random_victim(struct os *os)
{
	uint64_t n = os->lru[0].n;
	uint32_t fno = os->lru[0].first;

	if (!n)
		return 0;
	for (n = hash_u64(++os->draws) % n; n; n--)
		fno = frame_at(os, fno)->next;
	return fno;
}

/* When it will be entered next; UINT64_MAX: never. */
static uint64_t
next_use(struct os *os, uint32_t fno)
{
	struct frame *f = frame_at(os, fno);
	uint64_t best = UINT64_MAX;

	for (uint32_t i = 0; os->future && i < rmap_count(f); i++) {
		struct rmap_at at = rmap_get(f, i);
		uint64_t key = (uint64_t)at.as << 36 | page_of(at.addr);
		const struct os_future *u = map_get_ptr(os->future, key);
		size_t lo = 0, hi = u ? u->n : 0;

		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (u->at[mid] <= os->insn)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (u && lo < u->n)
			best = min_u64(best, u->at[lo]);
	}
	return best;
}

static uint32_t
opt_victim(struct os *os)
{
	uint32_t best = os->lru[0].first;
	uint64_t far = best ? next_use(os, best) : 0;

	for (uint32_t fno = best; fno; fno = frame_at(os, fno)->next) {
		uint64_t next = next_use(os, fno);

		if (next > far) {
			far = next;
			best = fno;
		}
	}
	return best;
}

static const struct reclaim_policy policies[] = {
    [RECLAIM_LINUX] = {.shrink = linux_shrink},
    [RECLAIM_MGLRU] = {.shrink = mglru_shrink},
    [RECLAIM_FIFO] = {.fixed = true, .victim = oldest},
    [RECLAIM_LRU] = {.fixed = true, .exact = true, .victim = oldest},
    [RECLAIM_CLOCK] = {.fixed = true, .victim = clock_victim},
    [RECLAIM_SECOND_CHANCE] = {.fixed = true, .victim = second_chance_victim},
    [RECLAIM_NRU] = {.fixed = true,
		     .exact = true,
		     .ticks = true,
		     .victim = nru_victim},
    [RECLAIM_AGING] = {.fixed = true,
		       .exact = true,
		       .ticks = true,
		       .victim = aging_victim},
    [RECLAIM_WSCLOCK] = {.fixed = true,
			 .exact = true,
			 .victim = wsclock_victim},
    [RECLAIM_RANDOM] = {.fixed = true, .victim = random_victim},
    [RECLAIM_OPT] = {.fixed = true, .exact = true, .victim = opt_victim},
};

const struct reclaim_policy *
reclaim_policy(const struct os *os)
{
	return &policies[os->cfg.reclaim];
}

/* Time ------------------------------------------------------------------- */

/* One tick: NRU forgets, aging shifts the accessed bit in at the top. */
static void
tick(struct os *os)
{
	for (uint32_t fno = os->lru[0].first; fno;
	     fno = frame_at(os, fno)->next) {
		struct frame *f = frame_at(os, fno);
		bool young = test_young(os, fno);

		f->age = (uint8_t)(f->age >> 1 | (young ? 0x80 : 0));
	}
}

void
policy_tick(struct os *os)
{
	if (!reclaim_policy(os)->ticks)
		return;
	if (os->insn / os->cfg.reclaim_tick > os->next_tick + AGES)
		os->next_tick = os->insn / os->cfg.reclaim_tick - AGES;
	for (; os->next_tick < os->insn / os->cfg.reclaim_tick; os->next_tick++)
		tick(os);
}

bool
os_wants_entries(const struct os *os)
{
	return reclaim_policy(os)->exact;
}

void
os_entered(struct os *os, struct task *t, vaddr addr, uint64_t insn)
{
	struct mm *mm = t->proc->mm;
	uint64_t *e =
	    addr.raw < TASK_SIZE ? pt_find(os, mm, addr.raw, 0) : NULL;
	uint32_t fno;

	os->insn = max_u64(os->insn, insn);
	policy_tick(os);
	if (!e || !(*e & PTE_P) || (*e & PTE_SPECIAL))
		return;
	fno = pte_fno(*e);
	frame_at(os, fno)->used = os->insn;
	if (os->cfg.reclaim == RECLAIM_LRU &&
	    (frame_at(os, fno)->flags & FF_LRU))
		lru_move(os, fno, false);
}

uint64_t
os_page_key(const struct os *os, const struct task *t, vaddr addr)
{
	(void)os;
	return (uint64_t)t->proc->mm->as << 36 | page_of(addr.raw);
}

void
os_set_future(struct os *os, const struct map *future)
{
	os->future = future;
}
