/*
 * kernel.h - what the kernel did, told so that lanes can price it.
 *
 * The kernel decides and never knows what anything costs; a lane multiplies
 * the counts of struct kwork with its own prices (keys cost.*).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_KERNEL_H
#define ARCH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/addr.h"
#include "arch/visit.h"

/* Page faults by kind: X(enumerator, name in reports, what it is).
 * Names are part of the results' schema (doc/results.md): add, never change. */
#define FAULT_KINDS(X)                                                         \
	X(ZERO_READ, "anon_zero_read", "anonymous read: the shared zero page") \
	X(ANON_ALLOC, "anon_alloc", "anonymous write: a new zeroed page")      \
	X(ANON_HUGE, "anon_huge", "anonymous: a new zeroed huge page")         \
	X(HUGE_ZERO_READ, "huge_zero_read", "anonymous read: huge zero page")  \
	X(FILE_READ, "file_read", "file page mapped for reading or fetching")  \
	X(FILE_PRIVATE_COPY, "file_private_copy",                              \
	  "write to a private file page: copied")                              \
	X(FILE_SHARED_WRITE, "file_shared_write",                              \
	  "write to a shared file page not yet mapped")                        \
	X(WRITE_NOTIFY, "write_notify",                                        \
	  "write to a shared file page mapped read-only")                      \
	X(SHM, "shm", "shared memory (tmpfs) page")                            \
	X(COW_COPY, "cow_copy", "copy-on-write: copied")                       \
	X(COW_REUSE, "cow_reuse", "copy-on-write: sole owner, reused")         \
	X(COW_ZERO, "cow_zero", "write to the zero page: a new zeroed page")   \
	X(STACK_GROW, "stack_grow", "stack grown, then a new zeroed page")     \
	X(SWAP_IN, "swap_in", "page brought back from swap")                   \
	X(DEVICE, "device", "page inserted by a device driver")                \
	X(HUGETLB, "hugetlb", "hugetlb page")                                  \
	X(SPURIOUS, "spurious", "the entry was already as wanted")             \
	X(SEGV, "segv", "refused: SIGSEGV")                                    \
	X(BUS, "bus", "refused: SIGBUS")

enum fault_kind {
#define X(e, name, help) FAULT_##e,
	FAULT_KINDS(X)
#undef X
	    FAULT_KIND_COUNT
};

extern const char *const fault_kind_names[FAULT_KIND_COUNT];
extern const char *const fault_kind_help[FAULT_KIND_COUNT];

/* Work the kernel did, in counts.  X(field, what it counts). */
#define KWORK_FIELDS(X)                                                        \
	X(pages_zeroed, "4 KiB pages zeroed")                                  \
	X(pages_copied, "4 KiB pages copied")                                  \
	X(tables_allocated, "page-table pages allocated")                      \
	X(tables_freed, "page-table pages freed")                              \
	X(ptes_set, "entries written beyond the faulting one (fault-around, "  \
		    "populate, fork)")                                         \
	X(ptes_cleared, "entries cleared (unmap, reclaim)")                    \
	X(device_reads, "requests to the backing device that were waited for") \
	X(pages_read, "4 KiB pages read from a file or swap")                  \
	X(pages_written, "4 KiB pages written to a file or swap")              \
	X(pages_scanned, "pages examined by reclaim")                          \
	X(bytes_copied, "bytes copied between user memory and page cache")     \
	X(vmas_changed, "mappings made, split, merged or removed")

struct kwork {
#define X(field, help) uint64_t field;
	KWORK_FIELDS(X)
#undef X
};

/* One page fault, taken or refused.  Filled by os_fault(). */
struct fault {
	vaddr va;
	uint8_t access; /* enum access */
	uint8_t mode;   /* enum cpu_mode */
	uint8_t kind;   /* enum fault_kind */
	bool present;   /* protection fault: a valid entry forbade it */
	bool major;
	uint8_t signal;  /* 0, SIGSEGV or SIGBUS */
	int32_t si_code; /* SEGV_MAPERR, ... if signal */
	uint32_t area;
	struct kwork work;
};

/* What the kernel tells the machine, in order, beside faults. */
enum kevent_kind {
	KEV_FLUSH_PAGES, /* INVLPG n pages of 2^shift from va in space as */
	KEV_FLUSH_AS,    /* all of space as */
	KEV_AS_NEW,      /* space as begins (number may be reused) */
	KEV_AS_GONE,     /* space as ends */
	KEV_WORK,        /* work outside a fault: a system call's, fork's */
};

struct kevent {
	uint8_t kind;
	uint8_t shift;     /* FLUSH_PAGES: log2 bytes of a page */
	bool frees_tables; /* a flush after which page tables are freed */
	uint16_t as;
	vaddr va;
	uint64_t pages;
	struct kwork work; /* KEV_WORK */
};

#endif
