/*
 * truth.c - which of the faults recorded under Valgrind are Valgrind's.
 * doc/validation.md gives the evidence for each rule.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "report/align.h"

#include "base/map.h"

static const struct align_range memory_amd64[] = {
    {0x58000000, 0x5a000000},     /* the tool's image and bss */
    {0x1002000000, 0x1ffe000000}, /* its heap */
    {0x2000000000, UINT64_MAX},   /* the stack and vdso exec gave it */
};

const struct align_valgrind align_valgrind_amd64 = {
    .image = {0x58000000, 0x5a000000},
    .memory = memory_amd64,
    .n_memory = sizeof(memory_amd64) / sizeof(memory_amd64[0]),
    .stack = {0x1ffe000000, 0x2000000000},
};

static bool
in_range(struct align_range r, uint64_t addr)
{
	return addr >= r.start && addr < r.end;
}

static bool
is_valgrinds(const struct align_valgrind *v, uint64_t addr)
{
	for (size_t i = 0; i < v->n_memory; i++)
		if (in_range(v->memory[i], addr))
			return true;
	return false;
}

/* Writes of present-0 faults by page: more of ours than of theirs means that
 * a load of theirs took the fault of our read-modify-write. */
static uint64_t
write_key(const struct align_fault *f)
{
	return (f->addr >> 12) ^ (uint64_t)f->pid << 40;
}

static void
count_writes(struct map *m, const struct align_fault *f, size_t n)
{
	uint64_t had;

	for (size_t i = 0; i < n; i++) {
		if (!f[i].write || f[i].present || f[i].rule != RULE_NONE)
			continue;
		had = 0;
		map_get(m, write_key(&f[i]), &had);
		map_put(m, write_key(&f[i]), had + 1);
	}
}

/* The fault of the same process that comes next, setting Valgrind's own aside;
 * n if there is none. */
static size_t
next_of(const struct align_fault *f, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n; k++)
		if (f[k].pid == f[i].pid && f[k].rule == RULE_NONE)
			return k;
	return n;
}

static bool
same_place(const struct align_fault *a, const struct align_fault *b)
{
	return a->addr == b->addr && a->tid == b->tid;
}

/* A push below the stack's end: the kernel refuses, Valgrind's handler maps
 * more stack and the instruction runs again.  One fault natively. */
static void
mark_stack_probes(struct align_fault *f, size_t n,
		  const struct align_valgrind *v)
{
	for (size_t i = 0; i < n; i++) {
		size_t k;

		if (f[i].rule != RULE_NONE || !in_range(v->stack, f[i].addr))
			continue;
		k = next_of(f, n, i);
		if (k < n && same_place(&f[i], &f[k]) && f[k].ip == f[i].ip &&
		    f[k].write == f[i].write && f[k].present == f[i].present)
			f[i].rule = RULE_STACK_PROBE;
	}
}

/* From Linux 6.14 write(2) copies into the page cache first with faults off
 * (mm/filemap.c: generic_perform_write); the exception is seen, nothing is
 * mapped and nothing counted.  Then it faults the page in and tries again. */
static void
mark_copy_tries(struct align_fault *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k;

		if (f[i].rule != RULE_NONE || !f[i].kernel || f[i].write ||
		    f[i].present)
			continue;
		k = next_of(f, n, i);
		if (k < n && f[k].tid == f[i].tid && f[k].kernel &&
		    !f[k].write && !f[k].present &&
		    f[k].addr >> 12 == f[i].addr >> 12)
			f[i].rule = RULE_COPY_TRIED;
	}
}

/* Valgrind runs `add %rax,(mem)` as a load and a store, two faults; a processor
 * faults once, for writing.  Where we have that one, so shall the truth. */
static void
mark_modifies(struct align_fault *f, size_t n, const struct align_fault *ours,
	      size_t n_ours)
{
	struct map mine = {0}, theirs = {0};

	count_writes(&mine, ours, n_ours);
	count_writes(&theirs, f, n);
	for (size_t i = 0; i < n; i++) {
		uint64_t have = 0, want = 0;
		size_t k;

		if (f[i].rule != RULE_NONE || f[i].write || f[i].present)
			continue;
		k = next_of(f, n, i);
		if (k == n || !same_place(&f[i], &f[k]) || !f[k].write ||
		    !f[k].present)
			continue;
		map_get(&mine, write_key(&f[i]), &want);
		map_get(&theirs, write_key(&f[i]), &have);
		if (want <= have)
			continue;
		map_put(&theirs, write_key(&f[i]), have + 1);
		f[i].rule = RULE_MODIFY;
		f[k].present = false;
	}
	map_free(&mine);
	map_free(&theirs);
}

/* Before the first instruction Valgrind writes what exec(2) would have: the
 * tail of the data segment and the stack.  Ours may log these or not. */
static void
mark_image(struct align_fault *f, size_t n, const struct align_valgrind *v)
{
	struct map building = {0};
	uint64_t seen;

	for (size_t i = 0; i < n; i++) {
		if (f[i].rule == RULE_LAUNCH)
			map_put(&building, f[i].pid, 1);
		if (f[i].rule != RULE_NONE ||
		    !map_get(&building, f[i].pid, &seen))
			continue;
		if (in_range(v->image, f[i].ip) && f[i].write) {
			f[i].rule = RULE_IMAGE;
			f[i].optional = true;
		} else {
			map_remove(&building, f[i].pid);
		}
	}
	map_free(&building);
}

/* 2 MiB in Valgrind's part of the address space where the program has memory
 * after all: at an address it asked for, or where the kernel chose (huge
 * pages).  We faulted there. */
static void
find_ours_there(struct map *m, const struct align_fault *ours, size_t n,
		const struct align_valgrind *v)
{
	for (size_t i = 0; i < n; i++)
		if (is_valgrinds(v, ours[i].addr))
			map_put(m, ours[i].addr >> 21, 1);
}

void
truth_mark(struct align_fault *truth, size_t n_truth,
	   const struct align_fault *ours, size_t n_ours,
	   const struct align_valgrind *v)
{
	struct map there = {0};
	uint64_t yes;

	find_ours_there(&there, ours, n_ours, v);
	for (size_t i = 0; i < n_truth; i++) {
		uint64_t addr = truth[i].addr;

		truth[i].optional = false;
		if (truth[i].rule != RULE_LAUNCH)
			truth[i].rule =
			    is_valgrinds(v, addr) &&
				    !map_get(&there, addr >> 21, &yes)
				? RULE_MEMORY
				: RULE_NONE;
	}
	map_free(&there);
	mark_image(truth, n_truth, v);
	mark_stack_probes(truth, n_truth, v);
	mark_copy_tries(truth, n_truth);
	mark_modifies(truth, n_truth, ours, n_ours);
}
