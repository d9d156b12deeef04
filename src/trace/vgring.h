/*
 * vgring.h - the shared memory between our Valgrind tool and its consumer.
 *
 * One file (a memfd) holds a control area and a row of rings.  A slot belongs
 * to one traced process at a time and has a ring of bytes with one writer (the
 * tool inside that process) and one reader (the consumer).  Positions count
 * bytes since the slot was taken; the place in the ring is the position
 * modulo VGRING_BYTES.  Everything ahead of the writer is zero: the reader
 * clears what it has read before it gives the space back.  So a record that
 * was begun and not finished can be told from one that was never begun.
 *
 * Records are multiples of 4 bytes, 4-byte aligned, and never wrap.  The
 * first word is a tag: a block number (then follow the 64-bit addresses that
 * cannot be rebuilt from its definition), or VGR_CONTROL | type and the
 * record's whole length in bytes in the second word.
 *
 * Order: ctl.seq is one counter for all processes.  A VGR_SEG record takes
 * the next number; what follows it in its ring, up to the next VGR_SEG,
 * happened after it.  Segments merged by their numbers give an order in
 * which no effect comes before its cause.  A slot says VGSLOT_BUSY before it
 * takes a number and until all that belongs to it is committed; so a reader
 * that first reads ctl.seq and then finds the slot idle knows that all the
 * slot's future numbers are larger.
 *
 * The tool and the consumer are built from this one header and are of the
 * same version always; there is no compatibility to keep.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_VGRING_H
#define TRACE_VGRING_H

#include <stdint.h>

#define VGRING_MAGIC      0x31475250574b4c57ull
#define VGRING_SLOTS      512u
#define VGRING_PAGE       4096u
#define VGRING_BYTES      (2u << 20)   /* of one ring */
#define VGRING_STRIDE     (128u << 10) /* the tool reports at least this often */
#define VGRING_SLACK      (16u << 10)  /* more than the longest block record */
#define VGRING_MAX_RECORD (64u << 10)
#define VGRING_CTL_BYTES  (VGRING_PAGE + VGRING_SLOTS * 256u)
#define VGRING_RING_AT(n) (VGRING_CTL_BYTES + (uint64_t)(n)*VGRING_BYTES)
#define VGRING_FILE_BYTES VGRING_RING_AT(VGRING_SLOTS)

enum vgslot_state {
	VGSLOT_FREE,
	VGSLOT_RESERVED, /* for a child that a fork is about to make */
	VGSLOT_IDLE,
	VGSLOT_BUSY,
	VGSLOT_EXEC, /* the process may be replaced by a new image */
	VGSLOT_EXITED,
};

struct vgring_slot {
	uint64_t head; /* committed by the tool */
	uint64_t pad0[7];
	uint64_t tail; /* given back by the consumer */
	uint64_t pad1[7];
	uint32_t state; /* enum vgslot_state */
	uint32_t pid;
	uint32_t waiting; /* the tool sleeps on space */
	uint32_t space;   /* futex */
	uint64_t pad2[14];
};

/* The first VGRING_CTL_BYTES of the file; the rings follow. */
struct vgring_ctl {
	uint64_t magic;
	uint32_t consumer_pid;
	uint32_t closed; /* the consumer wants no more: run on unrecorded */
	uint32_t wait_at_exit; /* until the consumer has taken all in */
	uint32_t pad;
	uint64_t pad0[5];
	uint64_t seq; /* the last number taken */
	uint64_t pad1[7];
	uint32_t sleeping; /* the consumer sleeps on bell */
	uint32_t bell;     /* futex */
	uint64_t pad2[495];
	struct vgring_slot slots[VGRING_SLOTS];
};

_Static_assert(sizeof(struct vgring_slot) == 256, "four cache lines");
_Static_assert(sizeof(struct vgring_ctl) == VGRING_CTL_BYTES, "whole pages");

#define VGR_CONTROL   0xc0000000u
#define VGR_TYPE_MASK 0x3fffffffu

enum vgr_type {
	VGR_PAD = 1,     /* the rest of this lap is empty; has no length */
	VGR_SEG,         /* struct vgr_seg */
	VGR_DEF,         /* struct vgr_def */
	VGR_PARTIAL,     /* struct vgr_partial */
	VGR_SWITCH,      /* struct vgr_thread: what follows is of this thread */
	VGR_FILE,        /* struct vgr_file, path */
	VGR_IMAGE,       /* struct vgr_image, exe, args */
	VGR_MAP,         /* struct vgr_map: of the image */
	VGR_IMAGE_END,   /* struct vgr_thread: the first thread */
	VGR_RANGES,      /* struct vgr_range...: of the next VGR_SYSCALL */
	VGR_SYSCALL,     /* struct vgr_syscall */
	VGR_FORK,        /* struct vgr_fork */
	VGR_CHILD,       /* struct vgr_thread: first record of a forked child */
	VGR_THREAD,      /* struct vgr_thread: begins */
	VGR_THREAD_EXIT, /* struct vgr_thread: ends */
	VGR_SIGNAL,      /* struct vgr_signal */
	VGR_MARKER,      /* struct vgr_thread, text */
	VGR_EXIT,        /* struct vgr_exit */
	VGR_EXEC,        /* struct vgr_syscall: execve, if an image follows */
};

struct vgr_head {
	uint32_t tag, bytes;
};

struct vgr_seg {
	struct vgr_head h;
	uint64_t seq;
	uint64_t time_ns; /* CLOCK_MONOTONIC, or 0: not looked at */
};

/* How the address of a data reference is known. */
enum vgr_slot_kind {
	VGS_DYNAMIC,     /* the next address of the record */
	VGS_CONDITIONAL, /* the same, or VGR_NOT_DONE: it did not happen */
	VGS_CONST,       /* value */
	VGS_DERIVED,     /* address number ref of the record, plus value */
};

#define VGR_NOT_DONE UINT64_MAX

struct vgr_slot_def {
	uint64_t value;
	uint16_t insn, bytes, ref;
	uint8_t op; /* enum ref_op */
	uint8_t kind;
};

/* The block as far as it goes when it is left early: block number id + k. */
struct vgr_prefix {
	uint16_t insns, slots;
};

/* Followed by: slots, prefixes (the first is the whole block), then the
 * length of each instruction, one byte each. */
struct vgr_def {
	struct vgr_head h;
	uint64_t start;
	uint32_t id;
	uint16_t insns, slots, prefixes, pad;
};

/* A block that a fault ended in the instruction at ip: followed by its
 * addresses so far, without one that is 0. */
struct vgr_partial {
	struct vgr_head h;
	uint32_t id, dyns;
	uint64_t ip;
};

struct vgr_thread {
	struct vgr_head h;
	uint32_t pid, tid;
};

#define VGR_SYSV_DEV UINT64_MAX /* vgr_file.dev: inode is a shmid */

struct vgr_file {
	struct vgr_head h;
	uint64_t dev, inode, rdev, size;
	uint32_t mode; /* st_mode */
	uint32_t path_bytes;
	int32_t fd;      /* a descriptor of it, or -1 */
	uint32_t mapped; /* it is about to be mapped for the first time */
};

struct vgr_image {
	struct vgr_head h;
	uint64_t start_brk, stack_pointer, stack_limit;
	uint32_t parent, exec; /* exec: replaces the image of this process */
	uint32_t exe_bytes, args_bytes;
};

struct vgr_map {
	struct vgr_head h;
	uint64_t start, end, offset, dev, inode, file_size;
	uint32_t prot, flags; /* MAPD_* */
};

struct vgr_range {
	uint64_t addr, len;
	uint64_t write;
};

#define VGR_NO_STATUS UINT64_MAX

struct vgr_syscall {
	struct vgr_head h;
	uint64_t args[6];
	int64_t ret; /* or -errno */
	uint64_t dev, inode, file_size;
	uint64_t file_pos; /* without a file: of wait4, the child's status; of
			      setrlimit and prlimit64, the new soft limit,
			      and in file_size the hard one */
	uint32_t nr, tid;
	uint32_t file_flags, has_file;
};

struct vgr_fork {
	struct vgr_head h;
	uint64_t flags;
	uint32_t tid, child_pid, child_slot, pad;
};

struct vgr_signal {
	struct vgr_head h;
	uint64_t fault_addr;
	uint32_t tid, signal;
	int32_t code;
	uint32_t pad;
};

struct vgr_exit {
	struct vgr_head h;
	uint32_t tid, status; /* wait(2) encoding */
};

#endif
