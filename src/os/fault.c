/*
 * fault.c - page faults: what Linux does about each, in its order.
 *
 * handle_fault() is mm/memory.c:handle_pte_fault() of Linux 6.8, where the
 * checks of arch/x86/mm/fault.c have already been made.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <signal.h>

#include "os/internal.h"

void
fault_bus(struct fctx *c, int32_t code)
{
	c->kind = FAULT_BUS;
	c->signal = SIGBUS;
	c->si_code = code;
}

/* No frame to be had: this process was chosen to be killed (oom.c). */
void
fault_oom(struct fctx *c)
{
	c->kind = FAULT_BUS;
	c->signal = SIGKILL;
	c->si_code = SI_KERNEL;
}

/* Map a frame at addr; the mapping holds a reference. */
void
pte_install(struct fctx *c, uint64_t addr, uint64_t *pte, uint32_t fno,
	    uint64_t bits)
{
	BUG_ON(*pte);
	*pte = pte_make((pfn){fno}, bits);
	frame_get(c->os, fno);
	rmap_add(c->os, fno, (struct rmap_at){.as = c->mm->as, .addr = addr});
	rss_add(c->os, c->mm, fno, 1);
}

/* Private anonymous memory, nothing there yet. */
void
fault_anon(struct fctx *c)
{
	uint64_t bits = vma_pte_bits(c->os, c->vma);
	uint32_t fno;

	if (c->vma->flags & VM_SHARED) {
		fault_bus(c, BUS_ADRERR);
		return;
	}
	/* What is not known may be code or file data: a page of its own. */
	if (!c->write && c->os->cfg.zero_page && !(c->vma->flags & VM_BLIND)) {
		*c->pte = pte_make((pfn){0}, bits | PTE_SPECIAL);
		c->kind = FAULT_ZERO_READ;
		return;
	}
	vma_need_anon(c->os, c->mm, c->vma);
	if (mthp_fault(c))
		return;
	fno = frame_alloc(c->os, 0, FR_ANON);
	if (!fno) {
		fault_oom(c);
		return;
	}
	c->os->work.pages_zeroed++;
	frame_at(c->os, fno)->flags |= FF_EXCLUSIVE;
	if (c->vma->flags & VM_WRITE)
		bits |= PTE_W;
	pte_install(c, c->addr, c->pte, fno, bits | PTE_D);
	lru_add(c->os, fno);
	frame_put(c->os, fno);
	c->kind = FAULT_ANON_ALLOC;
}

/* The entry is as wanted, or only lacks A and D. */
static void
fault_spurious(struct fctx *c)
{
	*c->pte |= PTE_A | (c->write ? PTE_D : 0);
	c->kind = FAULT_SPURIOUS;
}

static void
segv(struct fctx *c, int32_t code)
{
	c->kind = FAULT_SEGV;
	c->signal = SIGSEGV;
	c->si_code = code;
}

static void
handle_pte(struct fctx *c)
{
	bool anon = !c->vma->file;

	c->new_table = !pt_find(c->os, c->mm, c->addr, 0);
	c->pte = pt_make(c->os, c->mm, c->addr, 0);
	if (!c->pte)
		fault_oom(c);
	else if (!*c->pte && anon)
		fault_anon(c);
	else if (!*c->pte)
		fault_file(c);
	else if (pte_is_swap(*c->pte))
		fault_swap(c);
	else if (*c->pte == PTE_GUARD)
		segv(c, SEGV_MAPERR);
	else if (c->write && !(*c->pte & PTE_W))
		fault_wp(c);
	else
		fault_spurious(c);
}

/* The entry of the page directory maps 2 MiB. */
static bool
handle_huge(struct fctx *c, uint64_t *pmd)
{
	if (c->write && !(*pmd & PTE_W))
		return huge_wp(c, pmd);
	c->pte = pmd;
	fault_spurious(c);
	return true;
}

void
handle_fault(struct fctx *c)
{
	uint64_t *pmd = pt_find(c->os, c->mm, c->addr, 1);
	bool done;

	if (c->vma->flags & VM_HUGETLB) {
		hugetlb_fault(c);
		return;
	}
	if (pmd && (*pmd & PTE_PS))
		done = handle_huge(c, pmd);
	else
		done = huge_fault(c);
	if (!done)
		handle_pte(c);
	if (c->grew && !c->signal)
		c->kind = FAULT_STACK_GROW;
}

/* Which mapping, and may it? ---------------------------------------------- */

/* mm/mmap.c:acct_stack_growth() */
static bool
may_grow(const struct fctx *c, const struct vma *v, uint64_t pages)
{
	const struct process *p = c->task->proc;

	return may_expand(c->os, p, v->flags, pages) &&
	       may_lock(c->os, p, v->flags, pages) &&
	       may_commit(c->os, c->mm, pages);
}

/* mm/mmap.c:expand_downwards() */
static bool
grow_down(struct fctx *c, struct vma *v, size_t i)
{
	struct vma *prev = i ? c->mm->vmas[i - 1] : NULL;
	uint64_t gap = (uint64_t)c->os->cfg.stack_guard_pages << PAGE_SHIFT;

	if (!(v->flags & VM_GROWSDOWN) || c->addr < MMAP_MIN_ADDR)
		return false;
	if (v->end - c->addr > c->task->proc->limit[LIMIT_STACK])
		return false;
	if (prev && !(prev->flags & VM_GROWSDOWN) && vma_accessible(prev) &&
	    c->addr - prev->end < gap)
		return false;
	if (!may_grow(c, v, page_of(v->start - c->addr)))
		return false;
	vma_need_anon(c->os, c->mm, v);
	vma_account(c->os, c->mm, v, -1);
	v->pgoff -= (v->start - c->addr) >> PAGE_SHIFT;
	v->start = c->addr;
	vma_account(c->os, c->mm, v, 1);
	c->mm->vma_gen++;
	c->os->work.vmas_changed++;
	c->grew = true;
	return true;
}

static bool
find_mapping(struct fctx *c)
{
	size_t i;
	struct vma *v = vma_find(c->mm, c->addr);

	if (!v) {
		v = vma_find_from(c->mm, c->addr, &i);
		if (!v || !grow_down(c, v, i))
			return false;
	}
	c->vma = v;
	return true;
}

/* arch/x86/mm/fault.c:access_error().  The right to execute a page that is
 * not there is not asked for. */
static bool
access_error(const struct fctx *c, bool present)
{
	if (c->write)
		return !(c->vma->flags & VM_WRITE);
	return present || !vma_accessible(c->vma);
}

static bool
hw_present(struct os *os, struct mm *mm, uint64_t addr)
{
	uint64_t *e = pt_find(os, mm, addr, 0);

	if (!e)
		e = pt_find(os, mm, addr, 1);
	return e && (*e & PTE_P);
}

static void
take_fault(struct fctx *c, uint64_t raw, bool *present)
{
	if (raw >> 47 && raw >> 47 != 0x1ffff) {
		segv(c, SI_KERNEL); /* not canonical: #GP */
		return;
	}
	if (raw >= TASK_SIZE) {
		segv(c, SEGV_MAPERR);
		return;
	}
	*present = hw_present(c->os, c->mm, c->addr);
	if (!find_mapping(c))
		segv(c, SEGV_MAPERR);
	else if (access_error(c, *present))
		segv(c, SEGV_ACCERR);
	else
		handle_fault(c);
}

static void
count_fault(struct fctx *c)
{
	struct area *a;

	if (c->signal)
		return;
	a = &c->os->areas[c->vma->area];
	if (c->major) {
		c->task->major++;
		c->task->proc->major++;
		a->major++;
	} else {
		c->task->minor++;
		c->task->proc->minor++;
		a->minor++;
	}
}

static void
count_violation(const struct fctx *c)
{
	bool outside = c->si_code == SEGV_MAPERR;

	if (c->signal != SIGSEGV)
		return;
	c->task->proc->paging.segmentation_violations += outside;
	c->os->stats.paging.segmentation_violations += outside;
	c->task->proc->paging.protection_violations += !outside;
	c->os->stats.paging.protection_violations += !outside;
}

/* Of os->work, what paging is; swapped_in: pages when it began. */
void
paging_count(struct os *os, struct process *p, uint64_t swapped_in)
{
	uint64_t swap = os->stats.swapped_in - swapped_in;
	struct os_paging *all = &os->stats.paging;

	p->paging.swap_page_ins += swap;
	p->paging.file_page_ins += os->work.pages_read - swap;
	p->paging.zero_fills += os->work.pages_zeroed;
	all->swap_page_ins += swap;
	all->file_page_ins += os->work.pages_read - swap;
	all->zero_fills += os->work.pages_zeroed;
}

static void
work_add(struct kwork *to, const struct kwork *w)
{
#define X(field, help) to->field += w->field;
	KWORK_FIELDS(X)
#undef X
}

/* The area of a fault where nothing is mapped. */
static uint32_t
hole_area(struct os *os, struct mm *mm)
{
	struct vma hole = {.name = VN_HOLE};

	area_assign(os, mm, &hole);
	return hole.area;
}

void
os_fault(struct os *os, struct task *t, vaddr addr, enum access acc,
	 enum cpu_mode mode, uint64_t insn, struct fault *f)
{
	struct kwork outer = os->work;
	struct fctx c = {.os = os,
			 .task = t,
			 .mm = t->proc->mm,
			 .addr = align_down(addr.raw, PAGE_SIZE),
			 .write = acc == ACC_WRITE,
			 .exec = acc == ACC_EXEC};
	uint64_t swapped_in = os->stats.swapped_in;
	bool present = false;

	os->insn = max_u64(os->insn, insn);
	daemons(os);
	os->work = (struct kwork){0};
	os->faulting = c.mm;
	take_fault(&c, addr.raw, &present);
	count_fault(&c);
	count_violation(&c);
	paging_count(os, t->proc, swapped_in);
	*f = (struct fault){.va = addr,
			    .access = (uint8_t)acc,
			    .mode = (uint8_t)mode,
			    .kind = c.kind,
			    .present = present,
			    .major = c.major,
			    .signal = c.signal,
			    .si_code = c.si_code,
			    .area = c.vma ? c.vma->area : hole_area(os, c.mm),
			    .work = os->work};
	work_add(&os->stats.work, &os->work);
	os->work = outer;
	oom_finish(os);
}

/* The kernel's own faults ------------------------------------------------- */

bool
gup_touch(struct os *os, struct task *t, struct vma *v, uint64_t addr,
	  bool write)
{
	uint64_t *e = pt_find(os, t->proc->mm, addr, 0);
	struct fctx c = {.os = os,
			 .task = t,
			 .mm = t->proc->mm,
			 .vma = v,
			 .addr = addr,
			 .write = write,
			 .gup = true};

	if (!e)
		e = pt_find(os, c.mm, addr, 1);
	if (e && (*e & PTE_P) && ((*e & PTE_W) || !write))
		return true;
	handle_fault(&c);
	count_fault(&c);
	return !c.signal;
}

/* mm/gup.c:__mm_populate() ends at the first page that cannot be had, which
 * mmap(2) does not report.  False: there was one, or one of no rights. */
bool
populate(struct os *os, struct task *t, uint64_t start, uint64_t end)
{
	struct mm *mm = t->proc->mm;
	bool all = true;

	for (uint64_t a = start; a < end; a += PAGE_SIZE) {
		struct vma *v = vma_find_from(mm, a, NULL);
		bool write;

		if (!v || v->start >= end)
			break;
		a = max_u64(a, v->start);
		if (v->flags & (VM_IO | VM_PFNMAP) || !vma_accessible(v)) {
			all &= (v->flags & (VM_IO | VM_PFNMAP)) != 0;
			a = v->end - PAGE_SIZE;
			continue;
		}
		write = (v->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
		if (!gup_touch(os, t, v, a, write))
			return false;
	}
	return all;
}

/* execve: the new program's arguments, written from the top down. */
void
populate_stack(struct os *os, struct task *t, uint64_t start, uint64_t end)
{
	struct vma *v = vma_find(t->proc->mm, start);

	for (uint64_t a = end; v && a > start; a -= PAGE_SIZE)
		if (!gup_touch(os, t, v, a - PAGE_SIZE, true))
			break;
}

/* A store by the kernel inside an event: the caller hears of its fault. */
void
kernel_write(struct os *os, struct task *t, uint64_t addr)
{
	struct mapping m;
	struct fault f;

	while (os_resolve(os, t, va(addr), ACC_WRITE, &m) == RES_FAULT) {
		os_fault(os, t, va(addr), ACC_WRITE, MODE_KERNEL, os->insn, &f);
		pending_push(os, &f, t);
		if (f.signal)
			break;
	}
}

/* The MMU's own way through the table ------------------------------------- */

static void
fill_mapping(struct mm *mm, uint64_t addr, uint64_t pte, unsigned shift,
	     struct mapping *m)
{
	struct vma *v = vma_find(mm, addr);

	BUG_ON(!v);
	m->page.raw = pte & PTE_ADDR;
	m->area = v->area;
	m->as = mm->as;
	m->page_shift = (uint8_t)shift;
	m->writable = (pte & (PTE_W | PTE_D)) == (PTE_W | PTE_D);
	m->executable = !(pte & PTE_NX);
}

enum resolution
os_resolve(struct os *os, struct task *t, vaddr addr, enum access acc,
	   struct mapping *m)
{
	struct mm *mm = t->proc->mm;
	unsigned shift = PAGE_SHIFT;
	uint64_t *e, set;

	if (addr.raw >= TASK_SIZE)
		return RES_FAULT;
	e = pt_find(os, mm, addr.raw, 0);
	if (!e) {
		e = pt_find(os, mm, addr.raw, 1);
		shift = PAGE_SHIFT_2M;
	}
	if (!e || !(*e & PTE_P) || (acc == ACC_WRITE && !(*e & PTE_W)) ||
	    (acc == ACC_EXEC && (*e & PTE_NX)))
		return RES_FAULT;
	set = PTE_A | (acc == ACC_WRITE ? PTE_D : 0);
	m->set_a = !(*e & PTE_A);
	m->set_d = (set & PTE_D) && !(*e & PTE_D);
	*e |= set;
	fill_mapping(mm, addr.raw, *e, shift, m);
	return RES_OK;
}
