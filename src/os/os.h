/*
 * os.h - the modelled kernel: a Linux memory manager, functionally.
 *
 * It resolves every reference to a valid mapping, a fault or a signal, and
 * applies the trace's events (system calls, fork, exec, exit).  What it
 * decides never depends on what anything costs; its clock is retired
 * instructions.  doc/model.md lists what is left out.
 *
 * Everything it changes that hardware could have cached it announces first
 * through struct os_sink, in order.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef OS_OS_H
#define OS_OS_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/addr.h"
#include "arch/event.h"
#include "arch/kernel.h"
#include "arch/physmem.h"
#include "arch/visit.h"

struct err;
struct os;

/* Resolved keys os.* and machine.memory; sim/conf.c fills it. */
/* Sizes of anonymous folios between a page and a huge page: orders 2 to 8. */
#define OS_MTHP_ORDER 2u
#define OS_MTHP_SIZES 7u

struct os_config {
	uint64_t memory_bytes;
	unsigned kernel;             /* 601, 608, 618: Linux 6.1, 6.8, 6.18 */
	uint64_t fault_around_bytes; /* 65536; 4096: off */
	uint64_t readahead_bytes;    /* 131072 */
	unsigned page_cache;         /* enum os_page_cache */
	unsigned folio_order;        /* folios of a warm cache, log2 pages */
	unsigned folio_max; /* largest one that reads and writes make */
	unsigned thp;       /* enum os_thp */
	unsigned mthp[OS_MTHP_SIZES]; /* enum os_mthp: of 16 KiB, 32 KiB, ... */
	uint64_t khugepaged_scan_sleep; /* milliseconds; 0: it never runs */
	uint64_t khugepaged_pages;      /* entries it looks at each time */
	unsigned max_ptes_none, max_ptes_swap, max_ptes_shared;
	bool zero_page;             /* reads map the shared zero page */
	uint64_t nr_hugepages;      /* hugetlb's pool, pages of 2 MiB */
	bool use_zero_page;         /* huge zero page for THP read faults */
	unsigned stack_guard_pages; /* 256 */
	unsigned overcommit;        /* 0, 1, 2 */
	bool own_addresses;         /* mappings go where Linux puts them */
	bool legacy_layout;         /* mappings go up from a third */
	unsigned overcommit_ratio;  /* % of memory that 2 may promise */
	uint64_t max_map_count;     /* 65530 */
	bool privileged; /* CAP_IPC_LOCK, CAP_SYS_RAWIO, CAP_SYS_ADMIN */
	/* Where programs begin; OS_NO_LIMIT or more: none.  Bytes. */
	uint64_t limit_as, limit_data, limit_memlock;
	uint64_t swap_bytes;
	unsigned swappiness;
	unsigned swap_readahead; /* enum os_swap_readahead */
	unsigned page_cluster;   /* swap readahead, log2 pages */
	unsigned reclaim;        /* enum os_reclaim */
	uint64_t frames;         /* policies of fixed frames: how many */
	uint64_t reclaim_tick;   /* ... that sample: instructions between */
	uint64_t working_set;    /* wsclock: its window, instructions */
	bool mmap_probes;        /* as Valgrind: mmap reads a file's start */
	bool vfork_copies;       /* as Valgrind runs it: a copy of the memory */
	unsigned dirty_writeback; /* flusher's period, centiseconds; 0: none */
	unsigned dirty_expire;    /* age at which it writes, centiseconds */
	unsigned dirty_ratio;     /* ... and writers wait */
	unsigned dirty_background_ratio; /* beyond this % of memory, at once */
	bool write_notify; /* filesystem has page_mkwrite (ext4) */
	uint64_t instructions_per_second; /* nominal rate of the kernel clock */
};

#define OS_NO_LIMIT ((uint64_t)1000 << 40)

enum os_page_cache { CACHE_WARM, CACHE_COLD, CACHE_RECORDED };
enum os_thp { THP_NEVER, THP_MADVISE, THP_ALWAYS };
enum os_mthp { MTHP_NEVER, MTHP_MADVISE, MTHP_ALWAYS, MTHP_INHERIT };

enum os_swap_readahead { SWAP_RA_CLUSTER, SWAP_RA_VMA, SWAP_RA_NONE };

/* Which page goes when memory is short; rows of src/os/policy.c.  Those after
 * MGLRU manage a fixed number of frames. */
enum os_reclaim {
	RECLAIM_LINUX,
	RECLAIM_MGLRU,
	RECLAIM_FIFO,
	RECLAIM_LRU,
	RECLAIM_CLOCK,
	RECLAIM_SECOND_CHANCE,
	RECLAIM_NRU,
	RECLAIM_AGING,
	RECLAIM_WSCLOCK,
	RECLAIM_RANDOM,
	RECLAIM_OPT,
};

/* Paging as textbooks count it: X(field, help).  Evictions are counted for
 * the process that had the page. */
#define OS_PAGING_FIELDS(X)                                           \
	X(file_page_ins, "pages read from files")                     \
	X(swap_page_ins, "pages read from swap")                      \
	X(zero_fills, "pages zeroed")                                 \
	X(clean_evictions, "pages dropped without writing")           \
	X(swap_evictions, "dirty pages written to swap")              \
	X(file_evictions, "dirty pages written to their files")       \
	X(segmentation_violations, "accesses outside of any mapping") \
	X(protection_violations, "accesses that a mapping does not allow")

struct os_paging {
#define X(field, help) uint64_t field;
	OS_PAGING_FIELDS(X)
#undef X
};

/* How the kernel speaks to the machine.  Called before the change is made. */
struct os_sink {
	void *ctx;
	void (*kevent)(void *ctx, const struct kevent *ev);
	/* What was resolved for [from, from + n) of space as may not hold any
	 * longer: forget it.  n == UINT64_MAX: the whole space. */
	void (*forget)(void *ctx, uint16_t as, vpn from, uint64_t n);
};

/* A resolved page. */
struct mapping {
	paddr page; /* start of the page that maps it */
	uint32_t area;
	uint16_t as;
	uint8_t page_shift;
	bool writable; /* and already dirty: a write needs nothing more */
	bool executable;
	bool set_a, set_d; /* this resolution set the A or D bit */
};

enum resolution {
	RES_OK,    /* *m is filled */
	RES_FAULT, /* a page fault: call os_fault(), then resolve again */
};

struct os *os_new(const struct os_config *cfg, const struct os_sink *sink,
		  struct err *e);
void os_free(struct os *os);

/* Apply one event of the trace at instruction insn.  Everything in enum
 * event_kind but EV_TIME, EV_MARKER.  False and *e when the model refuses
 * (ERR_REFUSED) or the event makes no sense (ERR_INPUT).
 * For a system call this is its effect on mappings, files and processes; the
 * caller makes the accesses to its user ranges through os_resolve(). */
bool os_event(struct os *os, const struct event *ev, uint64_t insn,
	      struct err *e);

/* The thread whose references come now. */
struct task;
struct task *os_task(struct os *os, uint32_t pid, uint32_t tid); /* or NULL */
uint16_t os_task_as(const struct task *t);
struct as_view os_as_view(const struct os *os, uint16_t as);
const struct physmem *os_physmem(const struct os *os);

/* Where the model has what the trace says is at this address: the same place
 * but for os_config.own_addresses.  Changes with events only.  All calls below
 * want it translated, os_event() does not. */
vaddr os_translate(const struct os *os, const struct task *t, vaddr recorded);

/* Look the page up in the page table, as the MMU would: sets A (and D on a
 * write) in the entry.  No other change. */
enum resolution os_resolve(struct os *os, struct task *t, vaddr va,
			   enum access acc, struct mapping *m);

/* A policy wants to know of every page that is entered, in order and with the
 * time: then os_resolve() must be asked each time, and told of after. */
bool os_wants_entries(const struct os *os);
void os_entered(struct os *os, struct task *t, vaddr va, uint64_t insn);

/* reclaim=opt: when each page will be entered: os_page_key() -> struct
 * os_future.  Kept by the caller. */
struct map;
struct os_future {
	uint64_t *at; /* instructions, ascending */
	size_t n, cap;
};
uint64_t os_page_key(const struct os *os, const struct task *t, vaddr va);
void os_set_future(struct os *os, const struct map *future);

/* Take the page fault that os_resolve() announced.  Always fills *f; where
 * f->signal is set nothing was mapped and the reference does not happen (a
 * trace continues: the program handled the signal). */
void os_fault(struct os *os, struct task *t, vaddr va, enum access acc,
	      enum cpu_mode mode, uint64_t insn, struct fault *f);

/* Faults that os_event() itself took in kernel mode (execve clears the tail of
 * a segment), oldest first.  They are done; price and report them.  False when
 * there is none left. */
bool os_pending_fault(struct os *os, struct fault *f, uint32_t *pid,
		      uint32_t *tid);

/* Was it killed because memory ran out?  Its task is gone, and what the trace
 * says of it from then on is passed over. */
bool os_was_killed(const struct os *os, uint32_t pid);

/* NULL, or why memory ran out first, and who was killed for it: then os_fault()
 * said FAULT_BUS with SIGKILL, if it was the one that faulted. */
const char *os_oom_text(const struct os *os);

/* The first few system calls whose recorded result is not the modelled one,
 * in words; NULL beyond the last. */
const char *os_mismatch(const struct os *os, uint32_t i);

/* An area: a mapping as people know it (the same file and rights, a heap, a
 * stack, ...), numbered from 0; several VMAs may share one. */
struct area {
	uint32_t pid;
	const char *name; /* "/usr/bin/ls", "[heap]", "[stack]", "[anon]" */
	char perms[5];    /* "r-xp" */
	uint64_t start;   /* of its first VMA, when first made */
	uint64_t offset;  /* of start in the file, if there is one */
	uint64_t minor, major;
};

uint32_t os_area_count(const struct os *os);
const struct area *os_area(const struct os *os, uint32_t id);

/* A process, dead or alive, in order of appearance. */
struct os_process {
	uint32_t pid, parent;
	const char *exe;
	uint64_t minor, major; /* as getrusage(2) would say */
	uint64_t rss_pages, max_rss_pages;
	struct os_paging paging;
	bool exited;
	uint32_t status;
};

uint32_t os_process_count(const struct os *os);
void os_process(const struct os *os, uint32_t i, struct os_process *out);

/* Pages of [start, end) that process pid has mapped and that count as its
 * resident set, and the area of the first mapping there.  False if it is not
 * alive or has no mapping there. */
bool os_resident(const struct os *os, uint32_t pid, uint64_t start,
		 uint64_t end, uint64_t *pages, uint32_t *area);

/* Totals of things that are not faults. */
struct os_stats {
	uint64_t syscalls, result_mismatches; /* recorded ret != modelled */
	uint64_t placed, placed_as_linux;     /* mappings without an address */
	uint64_t forks, execs, exits;
	uint64_t frames, frames_free, frames_peak_used;
	uint64_t page_cache_pages, table_pages, table_pages_peak;
	uint64_t read_hits, read_misses; /* pages that calls read */
	uint64_t oom_kills, oom_skipped_events;
	uint64_t throttled;     /* writers that waited for the flusher, times */
	uint64_t flushed_files; /* written by the flusher, times */
	uint64_t khugepaged_collapsed; /* huge pages it made */
	uint64_t swapped_out, swapped_in, swap_pages, swap_pages_peak;
	struct os_paging paging; /* all processes, and pages of none */
	struct kwork work;       /* all of it, faults included */
};
void os_stats(const struct os *os, struct os_stats *out);

/* End of the run: exit every process still alive, drop the page cache, and
 * check that every frame is free again.  BUG() if one is not. */
void os_shutdown(struct os *os);

#endif
