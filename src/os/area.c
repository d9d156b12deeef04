/*
 * area.c - areas: mappings as people know them, for attribution.
 *
 * A file's area is named by process, file and rights; an anonymous one by
 * process, rights and where it began.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "os/internal.h"

#define AREAS_OF_PROCESS 4096u /* more than this share one name */

static const char *
area_name(const struct vma *v)
{
	switch (v->name) {
	case VN_HEAP:
		return "[heap]";
	case VN_STACK:
		return "[stack]";
	case VN_VDSO:
		return "[vdso]";
	case VN_BLIND:
		return "[unknown]";
	case VN_HOLE:
		return "[unmapped]";
	default:
		break;
	}
	return v->file ? v->file->inode->path : "[anon]";
}

static uint64_t
area_key(const struct process *p, const struct vma *v)
{
	uint64_t what = v->file ? (uint64_t)v->file->inode->no + 1 : 0;
	bool by_start =
	    !v->file && v->name == VN_ANON && p->n_areas < AREAS_OF_PROCESS;
	uint64_t k = hash_u64((uint64_t)p->pid << 32 | v->name);

	k = hash_u64(k ^ what);
	k = hash_u64(k ^ (v->flags & (VM_ACCESS | VM_MAYSHARE)));
	k = hash_u64(k + (by_start ? v->origin : 0));
	return k == UINT64_MAX ? 0 : k;
}

static uint32_t
area_new(struct os *os, struct process *p, const struct vma *v)
{
	struct area *a;

	os->areas = xgrow(os->areas, os->n_areas, &os->cap_areas, sizeof(*a));
	a = &os->areas[os->n_areas];
	*a = (struct area){
	    .pid = p->pid,
	    .name = xstrdup(area_name(v)),
	    .start = v->start,
	    .offset = v->file ? v->pgoff << PAGE_SHIFT : 0,
	};
	a->perms[0] = v->flags & VM_READ ? 'r' : '-';
	a->perms[1] = v->flags & VM_WRITE ? 'w' : '-';
	a->perms[2] = v->flags & VM_EXEC ? 'x' : '-';
	a->perms[3] = v->flags & VM_MAYSHARE ? 's' : 'p';
	p->n_areas++;
	return (uint32_t)os->n_areas++;
}

void
area_assign(struct os *os, struct mm *mm, struct vma *v)
{
	uint64_t key = area_key(mm->owner, v), id;

	if (!map_get(&os->area_ids, key, &id)) {
		id = area_new(os, mm->owner, v);
		map_put(&os->area_ids, key, id);
	}
	v->area = (uint32_t)id;
}

void
areas_free(struct os *os)
{
	for (size_t i = 0; i < os->n_areas; i++)
		free((char *)(uintptr_t)os->areas[i].name);
	free(os->areas);
	map_free(&os->area_ids);
}

uint32_t
os_area_count(const struct os *os)
{
	return (uint32_t)os->n_areas;
}

const struct area *
os_area(const struct os *os, uint32_t id)
{
	return id < os->n_areas ? &os->areas[id] : NULL;
}

/* Entries of [it->addr, it->end) that count. */
static uint64_t
count_resident(struct os *os, struct mm *mm, struct pt_iter it)
{
	uint64_t n = 0;

	while (pt_next(os, mm, &it)) {
		if (!it.pte && !(*it.pmd & PTE_SPECIAL) &&
		    !hugetlb_is(os, *it.pmd))
			n += page_of(it.hi - it.lo);
		for (uint64_t a = it.lo; it.pte && a < it.hi;
		     a += PAGE_SIZE, it.pte++)
			n += pte_present(*it.pte) && !(*it.pte & PTE_SPECIAL);
	}
	return n;
}

bool
os_resident(const struct os *os, uint32_t pid, uint64_t start, uint64_t end,
	    uint64_t *pages, uint32_t *area)
{
	const struct process *p = map_get_ptr(&os->live, pid);
	struct vma *v = p ? vma_find_from(p->mm, start, NULL) : NULL;

	if (!v || v->start >= end)
		return false;
	*area = v->area;
	*pages = count_resident((struct os *)(uintptr_t)os, p->mm,
				(struct pt_iter){.addr = start, .end = end});
	return true;
}
