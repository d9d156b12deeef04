/*
 * kernel_faults.h - record the page faults that the kernel takes for a process
 * and all it makes, by the kernel's own tracepoints (perf_event_open(2)).
 *
 * Needs root (or CAP_PERFMON and a readable tracefs).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_KERNEL_FAULTS_H
#define TRACE_KERNEL_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct kernel_faults;

enum kf_kind {
	KF_FAULT,
	KF_EXEC, /* .name: a new image, 15 letters of its file's name */
	KF_FORK, /* pid was made by .parent */
	KF_MAP,  /* .start, .end, .prot, .shared, .name: a mapping was made */
};

struct kf_record {
	uint64_t time; /* CLOCK_MONOTONIC, ns */
	size_t order;  /* as taken: for those of one time */
	uint32_t pid, tid;
	uint8_t kind;      /* enum kf_kind */
	uint8_t prot;      /* KF_MAP: PROT_* */
	bool shared;       /* KF_MAP */
	bool kernel;       /* KF_FAULT: taken in kernel mode */
	uint32_t error;    /* KF_FAULT: x86's error code */
	uint32_t parent;   /* KF_FORK */
	uint64_t addr, ip; /* KF_FAULT */
	uint64_t start, end;
	char *name; /* owned */
};

/* Ready to record, or NULL and *e: why this machine cannot. */
struct kernel_faults *kernel_faults_new(struct err *e);
void kernel_faults_free(struct kernel_faults *k);

/* Record from now on what pid does and those it makes. */
bool kernel_faults_attach(struct kernel_faults *k, pid_t pid, struct err *e);

/* Take what there is; wait up to ms milliseconds for more.  Often enough, or
 * records are lost. */
void kernel_faults_take(struct kernel_faults *k, int ms);

/* All records, in order of time; stops recording. */
const struct kf_record *kernel_faults_done(struct kernel_faults *k, size_t *n);

/* Records that were lost for want of room. */
uint64_t kernel_faults_lost(const struct kernel_faults *k);

#endif
