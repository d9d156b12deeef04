/*
 * internal.h - the modelled kernel's own structures; private to src/os.
 *
 * Frames are named by a 32-bit number (0: the shared zero page, never
 * allocated, so 0 also says "none").  User addresses are plain uint64_t here;
 * they become vaddr/vpn at the border (os.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef OS_INTERNAL_H
#define OS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/pte.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "os/os.h"

/* Addresses --------------------------------------------------------------- */

#define TASK_SIZE     0x7ffffffff000u
#define PMD_SIZE      ((uint64_t)1 << PAGE_SHIFT_2M)
#define PTES          512u
#define HUGE_ORDER    9u
#define MMAP_MIN_ADDR 65536u
#define MMAP_BASE     (TASK_SIZE - (128u << 20)) /* not randomized */
#define FLUSH_CEILING 33u /* tlb_single_page_flush_ceiling */
#define NO_SLOT       UINT32_MAX

static inline uint64_t
page_of(uint64_t addr)
{
	return addr >> PAGE_SHIFT;
}

/* Page-table entries ------------------------------------------------------ */

/* Software bits of a present entry, and what a not-present one means.  A
 * PROT_NONE entry keeps its frame with P clear, as Linux does with the
 * global bit. */
#define PTE_SPECIAL   ((uint64_t)1 << 9) /* no struct frame behind it */
#define PTE_PROTNONE  PTE_G
#define PTE_SWAP      ((uint64_t)1 << 10) /* P and PROTNONE clear */
#define PTE_SWAP_EXCL ((uint64_t)1 << 11)
#define PTE_GUARD     ((uint64_t)1 << 3) /* MADV_GUARD_INSTALL marker */
#define PTE_TABLE     (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

static inline bool
pte_present(uint64_t p)
{
	return p & (PTE_P | PTE_PROTNONE);
}

static inline bool
pte_is_swap(uint64_t p)
{
	return !pte_present(p) && (p & PTE_SWAP);
}

/* The slot of a swap entry; an entry of a slot. */
static inline uint32_t
swap_slot_of(uint64_t p)
{
	return (uint32_t)(p >> PAGE_SHIFT);
}

static inline uint64_t
swap_entry(uint32_t slot, bool exclusive)
{
	return (uint64_t)slot << PAGE_SHIFT | PTE_SWAP |
	       (exclusive ? PTE_SWAP_EXCL : 0);
}

static inline uint32_t
pte_fno(uint64_t p)
{
	return (uint32_t)pte_frame(p).raw;
}

/* Frames ------------------------------------------------------------------ */

enum frame_kind {
	FR_FREE, /* and not the head of a free block */
	FR_FREE_HEAD,
	FR_RESERVED,
	FR_TABLE,
	FR_ANON,
	FR_FILE, /* in the page cache of an inode on a file system */
	FR_SHM,  /* ... of a tmpfs inode */
	FR_HUGE_ZERO,
	FR_HUGETLB,
	FR_KINDS
};

#define FF_EXCLUSIVE   (1u << 0) /* AnonExclusive */
#define FF_DIRTY       (1u << 1)
#define FF_MARKER      (1u << 2) /* PG_readahead */
#define FF_ACTIVE      (1u << 3)
#define FF_REFERENCED  (1u << 4)
#define FF_LAZYFREE    (1u << 5) /* MADV_FREE and not written since */
#define FF_LRU         (1u << 6) /* on a reclaim list */
#define FF_SWAPCACHE   (1u << 7)
#define FF_WORKINGSET  (1u << 8)
#define FF_UNEVICTABLE (1u << 9)
#define FF_SWAP_AHEAD  (1u << 10) /* came by swap readahead, not yet used */
#define FF_LARGE       (1u << 11) /* allocated as part of a larger folio */

#define MAX_ORDER 10u /* largest block of the buddy allocator */

struct frame {
	uint64_t rmap;       /* see rmap.c */
	uint64_t content;    /* stands for the bytes: a version number */
	uint64_t index;      /* page cache: page of the inode */
	uint32_t next, prev; /* list of a free block or of reclaim */
	uint32_t refs;       /* mappings + page cache + swap cache + pins */
	uint32_t mapcount;
	uint32_t owner; /* inode number; swap slot of an anonymous one */
	uint32_t head;  /* first frame of its folio */
	uint16_t flags;
	uint8_t kind, order; /* order: of the folio (head) or free block */
	uint8_t age;         /* reclaim=aging: its counter */
	uint64_t used;       /* reclaim=lru, wsclock: when, in instructions */
};
_Static_assert(sizeof(struct frame) <= 64, "frame metadata grew");

struct frame_list {
	uint32_t first, last;
	uint64_t n;
};

/* Files ------------------------------------------------------------------- */

#define CHUNK_BITS    6
#define CHUNK_PAGES   (1u << CHUNK_BITS)
#define CACHE_EVICTED UINT32_MAX  /* was cached, was reclaimed */
#define CACHE_SWAPPED 0x80000000u /* | slot: shared memory in swap */

/* What a chunk says of a page: nothing, that it is gone, its slot, its frame.
 */
static inline bool
cache_is_swapped(uint32_t v)
{
	return (v & CACHE_SWAPPED) && v != CACHE_EVICTED;
}

static inline bool
cache_is_frame(uint32_t v)
{
	return v && !(v & CACHE_SWAPPED);
}

struct chunk {
	uint32_t fno[CHUNK_PAGES]; /* 0: not cached */
	uint32_t used;             /* entries that are not 0 */
};

enum backing {
	BACK_FS,     /* page cache of a file system */
	BACK_SHM,    /* tmpfs */
	BACK_DEVICE, /* every page mapped at mmap, never faults */
	BACK_DRIVER, /* a driver inserts pages one by one */
	BACK_ZERO,   /* /dev/zero */
	BACK_HUGETLB /* huge pages of the pool */
};

#define SEALS_NO_WRITE 0x18 /* F_SEAL_WRITE, F_SEAL_FUTURE_WRITE */

struct inode {
	uint32_t no;       /* index in os->inodes */
	uint32_t vmas;     /* mappings of it */
	uint32_t handles;  /* struct ofile of it */
	uint32_t fds;      /* descriptors of it, as far as they are known */
	uint8_t backing;   /* enum backing */
	uint8_t kind;      /* enum file_kind */
	bool anon_shm;     /* goes with its last mapping */
	bool removed;      /* IPC_RMID: same */
	bool nameless;     /* unlinked, or never had one */
	uint8_t seals;     /* F_SEAL_* of a memfd */
	uint64_t promised; /* pages of memory, of os->committed */
	uint64_t dev, ino, rdev;
	uint64_t size;       /* bytes */
	uint64_t warm_pages; /* this many are cached already, or of these the
				recorded ones */
	struct recorded *recorded; /* what EV_CACHE said, or NULL */
	uint64_t cached, dirty;
	uint64_t dirtied; /* instruction when the first of them became so */
	char *path;
	struct map chunks; /* index >> CHUNK_BITS -> struct chunk */
	struct map disk;   /* index -> content, where it is not 0 */
	/* BACK_HUGETLB, shared, by huge page of the file: its head frame;
	 * promised and not there yet. */
	struct map huge, huge_promised;
};

/* Read-ahead state of an open file (struct file_ra_state). */
struct ra {
	uint64_t start;
	uint32_t size, async_size;
	unsigned order; /* of the folios read */
	uint32_t mmap_miss;
	uint64_t prev_page;
};

struct ofile {
	struct inode *inode;
	uint32_t refs;
	struct ra ra;
};

/* Mappings ---------------------------------------------------------------- */

#define VM_READ        0x00000001u
#define VM_WRITE       0x00000002u
#define VM_EXEC        0x00000004u
#define VM_SHARED      0x00000008u
#define VM_MAYREAD     0x00000010u
#define VM_MAYWRITE    0x00000020u
#define VM_MAYEXEC     0x00000040u
#define VM_MAYSHARE    0x00000080u
#define VM_GROWSDOWN   0x00000100u
#define VM_PFNMAP      0x00000400u
#define VM_LOCKED      0x00002000u
#define VM_IO          0x00004000u
#define VM_SEQ_READ    0x00008000u
#define VM_RAND_READ   0x00010000u
#define VM_DONTCOPY    0x00020000u
#define VM_DONTEXPAND  0x00040000u
#define VM_LOCKONFAULT 0x00080000u
#define VM_ACCOUNT     0x00100000u
#define VM_NORESERVE   0x00200000u
#define VM_HUGETLB     0x00400000u
#define VM_SEALED      0x00800000u /* not Linux's bit: mseal(2) */
#define VM_BLIND       0x01000000u /* not Linux's: what is mapped is not known */
#define VM_WIPEONFORK  0x02000000u
#define VM_DONTDUMP    0x04000000u
#define VM_HUGE_OWNER  0x08000000u /* not Linux's: HPAGE_RESV_OWNER */
#define VM_MIXEDMAP    0x10000000u
#define VM_HUGEPAGE    0x20000000u
#define VM_NOHUGEPAGE  0x40000000u
#define VM_MERGEABLE   0x80000000u
#define VM_ACCESS      (VM_READ | VM_WRITE | VM_EXEC)
#define VM_MAYACCESS   (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define VM_SPECIAL     (VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_MIXEDMAP)

/* VN_HOLE: where nothing is mapped; names the area of faults there. */
enum vma_name {
	VN_ANON,
	VN_FILE,
	VN_HEAP,
	VN_STACK,
	VN_VDSO,
	VN_SHM,
	VN_BLIND,
	VN_HOLE
};

/* Where swap readahead stands: the page or slot it was asked for last, how
 * many it read, how many of those were used. */
struct swap_ra {
	uint64_t prev, win, hits;
};

#define SWAP_RA_HITS 4 /* where nothing is known */

struct vma {
	uint64_t start, end; /* bytes */
	uint64_t pgoff;      /* page of the file, or of the address when new */
	uint64_t origin;     /* start when the mapping was made (its area) */
	struct ofile *file;  /* NULL: anonymous */
	uint32_t flags;      /* VM_* */
	uint32_t anon;       /* anon_vma: 0 none yet */
	uint32_t anon_depth; /* its chain: 1 unless inherited by fork */
	uint32_t area;
	uint8_t name; /* enum vma_name */
	struct swap_ra swap_ra;
};

/* A range of recorded addresses that is somewhere else: moved.c. */
struct moved {
	uint64_t start, end, to;
};

/* A cache in front of the page table and of the sorted VMAs: one row for
 * each 2 MiB, direct mapped. */
#define HOT_ROWS 256u

struct hot {
	uint64_t tag; /* address >> 21, plus 1 */
	uint64_t *ptes;
	struct vma *vma; /* last one used here; check it */
	uint64_t vma_gen;
};

struct mm {
	uint16_t as;
	uint32_t users; /* processes */
	pfn root;
	struct vma **vmas; /* sorted by start */
	size_t n_vmas, cap_vmas;
	uint64_t vma_gen; /* changes with every change of vmas */
	struct hot hot[HOT_ROWS];
	uint64_t start_brk, brk, mmap_base;
	uint64_t rss_anon, rss_file, rss_shm, max_rss; /* pages */
	uint64_t tables, swapped;                      /* pages */
	struct map deposit;       /* address >> 21 -> table put by */
	struct map huge_promised; /* address >> 21: a page of the pool is */
	uint64_t total_vm, data_vm, locked_vm, committed; /* pages */
	bool thp_disabled;   /* PR_SET_THP_DISABLE */
	uint16_t pkeys;      /* those allocated; key 0 always is */
	struct moved *moved; /* sorted; os.addresses=model */
	size_t n_moved, cap_moved;
	uint32_t def_flags;    /* mlockall */
	struct process *owner; /* whose areas */
	struct map files;      /* inode number -> struct ofile, latest opened */
};

/* Processes --------------------------------------------------------------- */

/* Resource limits that concern memory; bytes. */
enum limit { LIMIT_DATA, LIMIT_STACK, LIMIT_MEMLOCK, LIMIT_AS, LIMITS };

struct process {
	uint32_t pid, parent;
	uint64_t limit[LIMITS];
	struct map fds; /* descriptor -> inode and a flag: descriptor.c */
	char *exe;
	struct mm *mm; /* NULL once dead */
	uint64_t minor, major;
	struct os_paging paging;
	uint64_t max_rss;
	struct task *tasks;
	uint32_t status;
	bool exited;
	uint32_t n_areas;
};

struct task {
	struct process *proc;
	struct task *next; /* of the process */
	uint32_t pid, tid;
	uint64_t minor, major;
};

/* Swap -------------------------------------------------------------------- */

struct swap_slot {
	uint64_t content;
	uint32_t entries; /* that name it */
	uint32_t fno;     /* in the swap cache, or 0 */
};

struct swap {
	struct swap_slot *slots; /* 0 is none */
	size_t n, cap;
	uint64_t used, peak;
	uint32_t next;     /* where to look for a free one */
	struct swap_ra ra; /* of clusters */
};

/* Pages of 2 MiB set aside. */
struct hugetlb_pool {
	uint32_t *free; /* head frames, the next one last */
	size_t n_free, cap;
	uint64_t total, promised; /* of the free ones, to mappings */
};

/* Reclaim's lists: a kind of page is inactive, then active. */
enum lru {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_LISTS
};

/* The machine ------------------------------------------------------------- */

#define MISMATCH_KEPT 8
#define PENDING_MAX   64

struct pending {
	struct fault f;
	uint32_t pid, tid;
};

struct os {
	struct os_config cfg;
	struct os_sink sink;
	struct physmem mem;

	struct frame *frames;
	uint32_t n_frames, fresh; /* frames from fresh on were never used */
	struct frame_list free[MAX_ORDER + 1];
	uint64_t n_free, peak_used;
	uint64_t kind_n[FR_KINDS];
	uint64_t peak_tables;
	struct frame_list lru[LRU_LISTS]; /* oldest first */
	uint64_t wmark_low, wmark_high;   /* frames: kswapd begins, ends */
	uint64_t next_tick;               /* number of the one to come */
	uint64_t draws;                   /* of reclaim=random */
	const struct map *future;         /* of reclaim=opt */
	struct swap swap;
	uint64_t n_dirty;         /* pages of files, all of them */
	uint64_t next_flush;      /* instruction when the flusher wakes */
	uint64_t next_khugepaged; /* ... and khugepaged */
	size_t khugepaged_space;  /* where it goes on: in os->spaces, */
	uint64_t khugepaged_addr; /* and there */
	uint64_t committed;       /* pages promised to mappings, segments */
	uint32_t huge_zero;
	struct hugetlb_pool hugetlb;
	bool reclaiming;

	struct inode **inodes;
	size_t n_inodes, cap_inodes;
	struct map file_ids; /* trace's number -> inode */

	struct mm **spaces; /* by address-space number */
	size_t n_spaces, cap_spaces;
	uint16_t *free_as; /* a ring */
	size_t free_as_first, free_as_n, cap_free_as;

	struct process **procs; /* all, in order of appearance */
	size_t n_procs, cap_procs;
	struct map live;  /* pid -> struct process */
	struct map tasks; /* pid << 32 | tid -> struct task */

	struct area *areas;
	size_t n_areas, cap_areas;
	struct map area_ids; /* hash of what names it -> id + 1 */

	struct os_stats stats;
	struct kwork work; /* of what is being done now */
	uint64_t insn;     /* the clock */
	uint32_t next_anon;
	struct pending pending[PENDING_MAX];
	unsigned pending_first, pending_n;
	char *mismatch[MISMATCH_KEPT];
	struct mm *faulting;      /* whose page fault is being handled */
	bool doomed;              /* and it was chosen to be killed */
	bool in_event, event_oom; /* an event is applied; nobody is to kill */
	struct process *acting;   /* whose event it is, if that is there */
	struct mm *newborn;       /* copied by it: fork */
	struct map killed;        /* pids whose events are passed over */
	char oom_text[512];       /* "" until memory ran out */
};

/* frame.c: physical memory ------------------------------------------------ */
bool frames_init(struct os *os, struct err *e);
void frames_free(struct os *os);
uint32_t frame_alloc(struct os *os, unsigned order, enum frame_kind kind);
uint32_t frame_alloc_noreclaim(struct os *os, unsigned order,
			       enum frame_kind kind);
void frame_release(struct os *os, uint32_t fno, unsigned order);
void frame_put(struct os *os, uint32_t fno); /* drop one reference */
void frames_check(struct os *os);
extern const char *const frame_kind_names[FR_KINDS];

static inline struct frame *
frame_at(struct os *os, uint32_t fno)
{
	return &os->frames[fno];
}

/* The frame that stands for its whole folio. */
static inline struct frame *
folio_head(struct os *os, uint32_t fno)
{
	return &os->frames[os->frames[fno].head];
}

static inline void
frame_get(struct os *os, uint32_t fno)
{
	os->frames[fno].refs++;
}

void list_push(struct os *os, struct frame_list *l, uint32_t fno);
void list_remove(struct os *os, struct frame_list *l, uint32_t fno);

/* check.c: BUG() unless all structures agree; slow */
void os_check(struct os *os);

/* What a page holds, as a version number, for tests: a store puts one, a load
 * sees it.  The page must be resolved. */
void os_poke(struct os *os, struct task *t, uint64_t addr, uint64_t content);
uint64_t os_peek(struct os *os, struct task *t, uint64_t addr);

/* rmap.c: who maps a frame ------------------------------------------------ */
struct rmap_at {
	uint16_t as;
	bool huge;
	uint64_t addr;
};
void rmap_add(struct os *os, uint32_t fno, struct rmap_at at);
void rmap_remove(struct os *os, uint32_t fno, struct rmap_at at);
uint32_t rmap_count(const struct frame *f);
struct rmap_at rmap_get(const struct frame *f, uint32_t i);

/* reclaim.c: which frames can go, and making them go ---------------------- */
void reclaim_init(struct os *os);
bool reclaim(struct os *os, uint32_t want);
/* May user memory have n frames more, where its number is fixed? */
bool reclaim_allows(const struct os *os, uint32_t n, enum frame_kind kind);
void kswapd(struct os *os);
void lru_add(struct os *os, uint32_t fno);
void lru_del(struct os *os, uint32_t fno);
void lru_move(struct os *os, uint32_t fno, bool active);
/* Written when dirty, out of every page table, freed.  False: it stays. */
bool evict(struct os *os, uint32_t fno);
/* Entries with the accessed bit, which is cleared. */
uint32_t test_young(struct os *os, uint32_t fno);
bool frame_young(struct os *os, uint32_t fno);
bool frame_dirty(struct os *os, uint32_t fno);
bool frame_locked(struct os *os, uint32_t fno);
bool frame_executable(struct os *os, uint32_t fno);
/* Advice: this page now; this page soon. */
void reclaim_page(struct os *os, struct mm *mm, uint64_t addr);
void reclaim_deactivate(struct os *os, struct mm *mm, uint64_t addr);

/* policy.c: which frame goes ---------------------------------------------- */
struct reclaim_policy {
	/* Of os.frames frames for everything in user memory; else by
	 * watermarks. */
	bool fixed;
	/* Hears of every page as it is entered (os_entered()). */
	bool exact;
	bool ticks; /* samples accessed bits every os.reclaim_tick */
	/* The frame to go, 0: none.  May move and clear. */
	uint32_t (*victim)(struct os *os);
	/* Or: free about want frames, by and by. */
	uint32_t (*shrink)(struct os *os, uint32_t want);
};
const struct reclaim_policy *reclaim_policy(const struct os *os);
void policy_tick(struct os *os);

/* oom.c ------------------------------------------------------------------- */
bool oom_kill(struct os *os);
void oom_finish(struct os *os);
bool oom_end_event(struct os *os);
bool oom_skips(struct os *os, const struct event *ev);

/* swap.c ------------------------------------------------------------------ */
bool swap_has_room(const struct os *os);
void swap_dup(struct os *os, uint32_t slot);
void swap_put(struct os *os, uint32_t slot);
bool swap_sole(const struct os *os, const struct frame *f);
void swap_free(struct os *os);
void swapcache_drop(struct os *os, uint32_t fno);
void swapcache_unmapped(struct os *os, uint32_t fno);
uint32_t swap_slot_for(struct os *os, uint32_t fno);
bool swap_write(struct os *os, uint32_t fno);
uint32_t swap_store(struct os *os, uint64_t content);
uint64_t swap_load(struct os *os, uint32_t slot);
void swap_willneed(struct os *os, struct mm *mm, uint64_t start, uint64_t end);
void swap_check(struct os *os, const uint32_t *found);

/* flusher.c --------------------------------------------------------------- */
bool flusher_is_due(const struct os *os);
void flusher_run(struct os *os);
void flusher_throttle(struct os *os);

/* khugepaged.c ------------------------------------------------------------ */
bool khugepaged_is_due(const struct os *os);
void khugepaged_run(struct os *os);

/* os.c: kernel threads whose time has come */
void daemons(struct os *os);

/* os.c: tell of os->work, done outside of faults, and begin anew */
void work_flush(struct os *os);

/* pagetable.c ------------------------------------------------------------- */
bool pt_new_root(struct os *os, struct mm *mm);
void pt_free_root(struct os *os, struct mm *mm);
/* The entry of level (0 PTE, 1 PMD) for addr; NULL when a table is missing,
 * or when a huge page stands in its place. */
uint64_t *pt_find(struct os *os, struct mm *mm, uint64_t addr, unsigned level);
/* Same, making tables; NULL: out of memory or a huge page in the way. */
uint64_t *pt_make(struct os *os, struct mm *mm, uint64_t addr, unsigned level);
/* Free every table that no mapping needs any longer around g's range. */
struct gather;
void pt_trim(struct gather *g);
void pt_put_by(struct mm *mm, uint64_t addr, uint32_t table);
bool pt_deposit(struct os *os, struct mm *mm, uint64_t addr);
uint32_t pt_withdraw(struct os *os, struct mm *mm, uint64_t addr);
void pt_discard(struct os *os, struct mm *mm, uint64_t addr);
void pt_redeposit(struct mm *mm, uint64_t from, uint64_t to);
bool pt_move_table(struct os *os, struct mm *mm, uint64_t from, uint64_t to);
struct hot *pt_hot(struct mm *mm, uint64_t addr);

/* Walk the parts of [addr, end) that have PTE tables or huge entries. */
struct pt_iter {
	uint64_t addr, end; /* what is left */
	uint64_t lo, hi;    /* this part, inside one 2 MiB */
	uint64_t *pmd;
	uint64_t *pte; /* of lo; NULL: *pmd is huge */
};
bool pt_next(struct os *os, struct mm *mm, struct pt_iter *it);
/* Same, where a huge entry that is covered only in part is split first. */
bool pt_next_split(struct os *os, struct mm *mm, struct pt_iter *it);

/* zap.c: taking mappings away --------------------------------------------- */
struct gather {
	struct os *os;
	struct mm *mm;
	uint64_t start, end; /* the operation's range */
	uint64_t lo, hi;     /* span that must be flushed */
	bool announced;
	bool whole;       /* the space ends: no flush by page */
	bool tables;      /* page tables are freed, too */
	bool keep_guards; /* MADV_DONTNEED leaves guard pages */
};
void gather_begin(struct gather *g, struct os *os, struct mm *mm,
		  uint64_t start, uint64_t end);
void gather_announce(struct gather *g);
void gather_touch(struct gather *g, uint64_t addr, uint64_t bytes);
void gather_end(struct gather *g);
void gather_end_huge(struct gather *g); /* one entry of 2 MiB */
void zap_pte(struct gather *g, uint64_t addr, uint64_t *e);
void zap_range(struct gather *g, uint64_t start, uint64_t end);
void zap_inode(struct os *os, struct inode *ino, uint64_t first, uint64_t n,
	       bool even_private);
/* Forget and flush one page. */
void flush_page(struct os *os, struct mm *mm, uint64_t addr);
void forget_page(struct os *os, struct mm *mm, uint64_t addr);
void rss_add(struct os *os, struct mm *mm, uint32_t fno, int64_t n);

/* vma.c ------------------------------------------------------------------- */
struct vma *vma_find(struct mm *mm, uint64_t addr); /* contains addr */
/* First one that ends beyond addr; its index in *i (n_vmas if none). */
struct vma *vma_find_from(struct mm *mm, uint64_t addr, size_t *i);
bool vma_overlaps(struct mm *mm, uint64_t start, uint64_t end);
struct vma *vma_insert(struct os *os, struct mm *mm, const struct vma *proto);
void vma_split(struct os *os, struct mm *mm, struct vma *v, uint64_t addr);
/* Make mapping boundaries at start and end. */
void vma_cut(struct os *os, struct mm *mm, uint64_t start, uint64_t end);
/* Add a mapping, merging it with neighbours as Linux would. */
struct vma *vma_add(struct os *os, struct mm *mm, const struct vma *proto);
void vma_extend(struct os *os, struct mm *mm, struct vma *v, uint64_t end);
/* Give the part of v inside [start, end) other flags: split, merge. */
struct vma *vma_modify(struct os *os, struct mm *mm, struct vma *v,
		       uint64_t start, uint64_t end, uint32_t flags);
/* munmap: split, zap, drop, free tables. */
void vma_unmap(struct os *os, struct mm *mm, uint64_t start, uint64_t end);
void vma_drop_all(struct os *os, struct mm *mm);
void vma_set_flags(struct os *os, struct mm *mm, struct vma *v, uint32_t flags);
void vma_need_anon(struct os *os, struct mm *mm, struct vma *v);
void vma_account(struct os *os, struct mm *mm, const struct vma *v, int sign);
bool vma_write_notify(const struct os *os, const struct vma *v);
uint64_t vma_pte_bits(const struct os *os, const struct vma *v);

static inline bool
vma_accessible(const struct vma *v)
{
	return v->flags & VM_ACCESS;
}

static inline bool
vma_is_cow(const struct vma *v)
{
	return (v->flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

static inline uint64_t
vma_pages(const struct vma *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}

static inline uint64_t
vma_index(const struct vma *v, uint64_t addr)
{
	return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}

static inline bool
vma_is_shm(const struct vma *v)
{
	return v->file && v->file->inode->backing == BACK_SHM;
}

/* area.c ------------------------------------------------------------------ */
void area_assign(struct os *os, struct mm *mm, struct vma *v);
void areas_free(struct os *os);

/* inode.c: files and their page cache ------------------------------------- */
struct inode *inode_new(struct os *os, enum backing backing);
struct inode *inode_of_file(struct os *os, uint32_t file);
void inode_define(struct os *os, const struct file_desc *d);
void inode_resize(struct os *os, struct inode *ino, uint64_t size);
void inode_truncate(struct os *os, struct inode *ino, uint64_t size);
void inode_punch(struct os *os, struct inode *ino, uint64_t first, uint64_t n);
void inode_maybe_free(struct os *os, struct inode *ino);
void inode_empty(struct os *os, struct inode *ino); /* nothing maps it */
void inode_writeback(struct os *os, struct inode *ino, uint64_t first,
		     uint64_t n);
void inode_invalidate(struct os *os, struct inode *ino, uint64_t first,
		      uint64_t last);
void inode_mark_dirty(struct os *os, uint32_t fno);
void inodes_drop_caches(struct os *os);
void inodes_free(struct os *os);
uint64_t inode_pages(const struct inode *ino);
/* The cached frame of page index, or 0.  A warm cache has it already. */
uint32_t cache_find(struct os *os, struct inode *ino, uint64_t index);
/* Bring page index in (it is not there), in a folio of at most 2^order pages
 * that ends at limit or before and is aligned in the file: its frame, 0 when
 * out of memory. */
uint32_t cache_add(struct os *os, struct inode *ino, uint64_t index,
		   uint64_t limit, unsigned order);
/* Same, of what was there from the start. */
uint32_t cache_fill(struct os *os, struct inode *ino, uint64_t index,
		    uint64_t limit, unsigned order);
/* Shared memory in swap: bring the page back, 0 if it is not there. */
uint32_t cache_swap_in(struct os *os, struct inode *ino, uint64_t index,
		       bool *major);
/* It leaves for a slot. */
void cache_swap_out(struct os *os, uint32_t fno, uint32_t slot);
/* The cached pages of [first, first + n), sorted; free() it. */
uint64_t *cache_pages(const struct inode *ino, uint64_t first, uint64_t n,
		      size_t *count);
void folio_split(struct os *os, uint32_t fno);
void cache_remove(struct os *os, uint32_t fno, bool evicted);
struct ofile *ofile_get(struct os *os, struct mm *mm, struct inode *ino);
struct ofile *ofile_open(struct os *os, struct mm *mm, struct inode *ino);
struct ofile *ofile_private(struct inode *ino);
struct ofile *anon_shared(struct os *os, uint64_t len, bool promise);
void ofile_put(struct os *os, struct ofile *f);

/* cache_record.c: folios as they were, and as calls make them -------------- */
void cache_recorded(struct os *os, const struct cache_desc *c);
uint32_t recorded_find(struct os *os, struct inode *ino, uint64_t index);
void recorded_free(struct inode *ino);
unsigned write_folio_order(const struct os *os, uint64_t pos, uint64_t left);

/* readahead.c ------------------------------------------------------------- */
void ra_sync(struct os *os, struct vma *v, uint64_t index);
void ra_range(struct os *os, struct inode *ino, uint64_t first, uint64_t n);
void ra_read(struct os *os, struct ofile *f, uint64_t index, uint64_t req);
bool ra_async(struct os *os, struct vma *v, uint64_t index, uint32_t fno);

/* fault.c ----------------------------------------------------------------- */
struct fctx {
	struct os *os;
	struct task *task;
	struct mm *mm;
	struct vma *vma;
	uint64_t addr; /* of the page */
	bool write, exec;
	bool gup; /* a fault the kernel takes for itself */
	bool major;
	bool retry;     /* something was read: look again */
	bool new_table; /* there was no page table before this fault */
	bool grew;      /* the stack, for this */
	uint8_t kind;   /* enum fault_kind */
	uint8_t signal; /* out */
	int32_t si_code;
	uint64_t *pte;
};
void handle_fault(struct fctx *c);
void paging_count(struct os *os, struct process *p, uint64_t swapped_in);
/* Touch a page as get_user_pages() does: counted, not raised.  False when it
 * cannot be had (a signal, or memory ran out). */
bool gup_touch(struct os *os, struct task *t, struct vma *v, uint64_t addr,
	       bool write);
bool populate(struct os *os, struct task *t, uint64_t start, uint64_t end);
void populate_stack(struct os *os, struct task *t, uint64_t start,
		    uint64_t end);
void kernel_write(struct os *os, struct task *t, uint64_t addr);
void fault_oom(struct fctx *c);
void fault_bus(struct fctx *c, int32_t code);
void pte_install(struct fctx *c, uint64_t addr, uint64_t *pte, uint32_t fno,
		 uint64_t bits);
void fault_anon(struct fctx *c);
void fault_file(struct fctx *c);
/* The entry of a page of a device. */
uint64_t device_pte(struct os *os, const struct vma *v, uint64_t addr);
void fault_wp(struct fctx *c);
void fault_swap(struct fctx *c); /* swap.c */

/* hugetlb.c --------------------------------------------------------------- */
struct call;
bool hugetlb_init(struct os *os, struct err *e);
void hugetlb_shutdown(struct os *os);
void hugetlb_free(struct os *os);
void hugetlb_close(struct os *os, struct mm *mm, const struct vma *v);
void hugetlb_drop_inode(struct os *os, struct inode *ino);
int64_t hugetlb_mmap_errno(const struct call *c, uint64_t len);
bool hugetlb_mmap(struct call *c, struct vma *v, bool shared);
bool hugetlb_cuts(struct mm *mm, uint64_t start, uint64_t end);
void hugetlb_moved(struct mm *mm, uint64_t from, uint64_t to, uint64_t len);
bool hugetlb_is(struct os *os, uint64_t pmd);
void hugetlb_zap(struct os *os, struct mm *mm, uint64_t addr, uint64_t *pmd);
bool hugetlb_copy(struct os *os, struct mm *to, uint64_t addr, uint64_t *src);
void hugetlb_fault(struct fctx *c);

/* huge.c ------------------------------------------------------------------ */
bool huge_is_zero(const struct os *os, uint64_t pmd);
void huge_split(struct os *os, struct mm *mm, uint64_t addr, uint64_t *pmd);
void huge_split_at(struct os *os, struct mm *mm, uint64_t addr);
void huge_zap(struct gather *g, uint64_t addr, uint64_t *pmd);
bool huge_allowed(const struct os *os, const struct vma *v, uint64_t addr);
bool huge_fault(struct fctx *c);
bool huge_wp(struct fctx *c, uint64_t *pmd);
bool mthp_fault(struct fctx *c);
bool huge_copy(struct os *os, struct mm *to, uint64_t addr, uint64_t *src,
	       bool cow);
void huge_move(struct os *os, struct mm *mm, uint64_t from, uint64_t *src,
	       uint64_t to, uint64_t *dst);
bool huge_collapse(struct os *os, struct mm *mm, struct vma *v, uint64_t base,
		   bool force);

/* fork.c ------------------------------------------------------------------ */
bool mm_copy(struct os *os, struct mm *from, struct mm *to);

/* process.c --------------------------------------------------------------- */
struct mm *mm_new(struct os *os, struct err *e);
void mm_put(struct os *os, struct mm *mm);
void proc_exit(struct os *os, struct process *p, uint32_t status);
bool proc_event(struct os *os, const struct event *ev, struct err *e);
void procs_exit_all(struct os *os);
void procs_free(struct os *os);
struct task *task_find(struct os *os, uint32_t pid, uint32_t tid);
void pending_push(struct os *os, const struct fault *f, const struct task *t);

/* syscall.c --------------------------------------------------------------- */
bool syscall_event(struct os *os, struct task *t, const struct event *ev,
		   struct err *e);

struct call {
	struct os *os;
	struct task *task;
	struct mm *mm;
	const struct syscall_desc *s;
	int64_t want; /* what the model would have returned */
	bool know;    /* want is meant to be compared */
	bool any;     /* ... as success: which value cannot be told */
	struct err *err;
	bool refused; /* *err is filled: stop */
};
void call_want(struct call *c, int64_t ret);
/* An error, or 0: it would have succeeded, with a value of no matter. */
void call_want_error(struct call *c, int64_t error);
bool call_failed(const struct call *c);
bool call_refuse(struct call *c, const char *what);
void call_whole(struct call *c, int64_t error);

/* place.c: where a mapping without a fixed address goes */
struct place {
	uint64_t hint, len;  /* bytes; no hint: 0 */
	uint64_t pgoff;      /* of the file */
	uint64_t flags;      /* MAP_* */
	struct inode *inode; /* NULL: anonymous */
	bool shared, huge;   /* ... and of the pool of huge pages */
};
/* 0: there is no room. */
uint64_t place_find(const struct os *os, struct mm *mm, const struct place *p);
/* For the statistics. */
void place_compare(struct os *os, uint64_t recorded, uint64_t model);

/* moved.c: os.addresses=model */
typedef void call_fn(struct call *c);
/* Apply a call to where its mappings are; d is room for it so translated, which
 * c->s is after. */
void moved_call(struct call *c, struct syscall_desc *d, call_fn *fn);
void moved_copy(const struct mm *from, struct mm *to);
void moved_free(struct mm *mm);
/* Where mmap, shmat and mremap of these arguments would go. */
uint64_t mmap_len(const struct call *c);
uint64_t mmap_place(const struct call *c, uint64_t len);
uint64_t shm_place(const struct call *c, struct inode *ino, uint64_t len);
uint64_t mremap_away(const struct call *c, const struct vma *v,
		     uint64_t new_len);
uint64_t mremap_place(const struct call *c, const struct vma *v,
		      uint64_t new_len);

/* descriptor.c: which descriptors keep a file */
/* Nothing maps it any more, or has it open: if it has no name it is empty. */
void inode_unused(struct os *os, struct inode *ino);
/* The call's file has been used through this descriptor. */
void fd_seen(struct call *c, uint64_t fd);
/* The call returned a new one of its file. */
void fd_new(struct call *c, bool cloexec);
void fds_fork(const struct process *from, struct process *to);
void fds_exec(struct os *os, struct process *p);
void fds_exit(struct os *os, struct process *p);
void sys_close(struct call *c);
void sys_close_range(struct call *c);
void sys_dup(struct call *c);

/* limits.c: what a process may have, what the machine may promise */
void limits_init(const struct os *os, struct process *p);
/* RLIMIT_AS, RLIMIT_DATA: may it have so many pages more of such a mapping? */
bool may_expand(const struct os *os, const struct process *p, uint32_t flags,
		uint64_t pages);
/* RLIMIT_MEMLOCK: so many pages more locked, if the flags say so? */
bool may_lock(const struct os *os, const struct process *p, uint32_t flags,
	      uint64_t pages);
bool may_lock_any(const struct os *os, const struct process *p);
/* Overcommit: promise so many pages more? */
bool may_commit(const struct os *os, const struct mm *mm, uint64_t pages);
/* All of these for a mapping that grows by so many pages: 0, -EAGAIN,
 * -ENOMEM. */
int64_t grow_errno(const struct call *c, uint32_t flags, uint64_t pages);
/* Pages of [start, end) that are mapped, and of those charged. */
uint64_t pages_mapped(struct mm *mm, uint64_t start, uint64_t end,
		      uint32_t flags);
void inode_promise(struct os *os, struct inode *ino, uint64_t pages);
void sys_setrlimit(struct call *c);
void sys_prlimit(struct call *c);

/* mman.c, madvise.c, shm.c, fileio.c: handlers of system calls */
bool user_range_ok(uint64_t addr, uint64_t len);
static inline uint64_t
page_up(uint64_t x)
{
	return (x + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}
bool map_device(struct os *os, struct mm *mm, struct vma *v);
void sys_mmap(struct call *c);
void sys_munmap(struct call *c);
void sys_mprotect(struct call *c);
void sys_mseal(struct call *c);
void sys_prctl(struct call *c);
void sys_process_madvise(struct call *c);
void sys_pkey_alloc(struct call *c);
void sys_pkey_free(struct call *c);
void sys_mremap(struct call *c);
void sys_madvise(struct call *c);
void sys_msync(struct call *c);
void sys_mlock(struct call *c);
void sys_mlock2(struct call *c);
void sys_munlock(struct call *c);
void sys_mlockall(struct call *c);
void sys_munlockall(struct call *c);
void sys_brk(struct call *c);
void sys_remap_file_pages(struct call *c);
void sys_shmat(struct call *c);
void sys_shmdt(struct call *c);
void sys_shmctl(struct call *c);
void sys_open(struct call *c);
void sys_truncate(struct call *c);
void sys_fallocate(struct call *c);
void sys_fsync(struct call *c);
void sys_read(struct call *c);
void sys_write(struct call *c);
void sys_memfd_create(struct call *c);
void sys_fcntl(struct call *c);
void sys_shmget(struct call *c);
void sys_userfaultfd(struct call *c);
void sys_sync(struct call *c);
void sys_readahead(struct call *c);

/* mprotect.c */
void change_protection(struct os *os, struct mm *mm, struct vma *v,
		       uint64_t start, uint64_t end);

#endif
