/*
 * event.h - what happens in a trace beside memory references.
 *
 * trace/ reads and writes these, os/ applies them; both include this file and
 * neither includes the other.  doc/trace-format.md gives the bytes.
 *
 * Ownership: an event handed out by a reader is valid until the next call on
 * that reader; one handed to a writer is copied.
 * Units: addresses and lengths in bytes, unless a name says otherwise.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef ARCH_EVENT_H
#define ARCH_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* Files are named by a number from 1 up; 0 is "no file" (anonymous). */
#define FILE_NONE 0u

enum file_kind {
	FILE_REGULAR,
	FILE_DIRECTORY,
	FILE_CHARDEV, /* /dev/zero is one: major 1, minor 5 in rdev */
	FILE_BLOCKDEV,
	FILE_PIPE, /* FIFO */
	FILE_SOCKET,
	FILE_SHM,     /* POSIX shm or memfd: a file of tmpfs */
	FILE_SYSV,    /* System V shared memory segment; inode = shmid */
	FILE_ANON_FD, /* eventfd, epoll, ... */
};

/* In file_flags, beside O_*: it has no name any more (unlinked). */
#define FILE_NAMELESS 0x80000000u

/* EV_FILE: defines file number id; the same (dev, inode) keeps its number. */
struct file_desc {
	uint32_t id;
	uint8_t kind;        /* enum file_kind */
	uint64_t dev, inode; /* st_dev, st_ino */
	uint64_t rdev;       /* st_rdev of a device */
	uint64_t size;       /* bytes, when first seen */
	const char *path;    /* as opened, resolved if possible; never NULL */
};

/* One mapping of a program's initial image. */
struct map_desc {
	uint64_t start, end;
	uint64_t offset;    /* in the file, bytes */
	uint64_t file_size; /* at that time */
	uint32_t file;      /* or FILE_NONE */
	uint8_t prot;       /* PROT_* */
	uint8_t flags;      /* MAPD_* */
};

#define MAPD_SHARED (1u << 0)
#define MAPD_STACK  (1u << 1) /* the main thread's stack: grows down */
#define MAPD_HEAP   (1u << 2) /* the brk area */
#define MAPD_BSS                                                              \
	(1u << 3)            /* anonymous tail of a segment: its first page's \
				file part was cleared by the kernel at exec */
#define MAPD_VDSO  (1u << 4) /* vdso, vvar: PFN-mapped, never faults */
#define MAPD_BLIND (1u << 5) /* what is mapped here is not known: anonymous */

/* EV_PROCESS (a first process) and EV_EXEC (a new image). */
struct image_desc {
	const char *exe;        /* path */
	const char *args;       /* the command line, spaces between words */
	uint64_t start_brk;     /* end of the heap's start; 0 if unknown */
	uint64_t stack_pointer; /* at the first instruction */
	uint64_t stack_limit;   /* RLIMIT_STACK, UINT64_MAX: unlimited */
	uint32_t n_maps;
	const struct map_desc *maps;
};

/* User memory that the kernel reads or writes for a system call. */
struct user_range {
	uint64_t addr, len;
	bool write; /* the kernel writes it (after the call's effect) */
};

struct syscall_desc {
	uint32_t nr; /* x86-64 number */
	uint64_t args[6];
	int64_t ret;         /* >= 0, or -errno */
	uint32_t file;       /* the file its descriptor stands for */
	uint32_t file_flags; /* O_* the descriptor was opened with, FILE_* */
	uint64_t file_size;  /* of that file, before the call; bytes.  Of
				setrlimit and prlimit64: the new hard limit */
	uint64_t file_pos;   /* where read/write began, if it has a position; of
				setrlimit and prlimit64 the new soft limit */
	uint32_t n_ranges;
	const struct user_range *ranges;
};

struct fork_desc {
	uint32_t child_pid; /* its first thread has the same number */
	uint64_t flags;     /* CLONE_*: CLONE_VM and CLONE_VFORK matter */
};

/* EV_CACHE: what of a file was in the page cache, when it was first seen, and
 * again when it was first mapped if that had changed.  All of it: pages that
 * no run has were not cached. */
struct cache_run {
	uint64_t first, pages; /* of the file */
	uint8_t order;         /* in folios of 2^order pages, aligned to that */
	uint8_t flags;         /* CACHE_* */
};

#define CACHE_MARKER (1u << 0) /* each folio has the readahead mark */

struct cache_desc {
	uint32_t file;
	uint32_t n_runs;
	const struct cache_run *runs; /* ascending, apart */
};

enum event_kind {
	EV_END = 0, /* never in a trace */
	EV_FILE,    /* .file */
	EV_PROCESS, /* .image, .parent: a process nobody in here forked */
	EV_THREAD,  /* thread tid of pid starts to exist (clone) */
	EV_SWITCH,  /* from here on, references belong to pid/tid */
	EV_SYSCALL, /* .sys, by pid/tid */
	EV_FORK,    /* .fork, by pid/tid: a process is made */
	EV_EXEC,    /* .image: pid's memory is replaced; one thread is left */
	EV_THREAD_EXIT, /* thread tid ends */
	EV_EXIT,        /* pid ends with .status (wait(2) encoding) */
	EV_SIGNAL,      /* .signal delivered to pid/tid; .fault_addr if any */
	EV_MARKER,      /* .text: named by the program or the user */
	EV_TIME,        /* .time_ns since the trace began, wall clock */
	EV_CACHE,       /* .cache: pages of a file that are cached now */
	EV_KINDS
};

struct event {
	uint8_t kind; /* enum event_kind */
	uint32_t pid, tid;
	union {
		struct file_desc file;
		struct {
			struct image_desc image;
			uint32_t parent; /* pid, 0 unknown */
		};
		struct syscall_desc sys;
		struct fork_desc fork;
		uint32_t status;
		struct {
			uint32_t signal;
			int32_t signal_code; /* si_code */
			uint64_t fault_addr;
		};
		const char *text;
		uint64_t time_ns;
		struct cache_desc cache;
	};
};

#endif
