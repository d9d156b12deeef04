/*
 * moved.c - os.addresses=model: mappings where Linux would have put them, and
 * everything the trace says of them translated.
 *
 * Each address space keeps the ranges of recorded addresses that are somewhere
 * else, sorted.  What an image maps, the heap, the stack, and what was mapped
 * at fixed addresses nobody had before stay where they were recorded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/xalloc.h"
#include "os/internal.h"

/* The table --------------------------------------------------------------- */

/* First range that ends beyond addr. */
static size_t
find(const struct mm *mm, uint64_t addr)
{
	size_t lo = 0, hi = mm->n_moved;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (mm->moved[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct moved *
containing(const struct mm *mm, uint64_t addr)
{
	size_t i = find(mm, addr);

	return i < mm->n_moved && mm->moved[i].start <= addr ? &mm->moved[i]
							     : NULL;
}

static uint64_t
translate(const struct mm *mm, uint64_t addr)
{
	const struct moved *m = containing(mm, addr);

	return m ? addr - m->start + m->to : addr;
}

static void
insert(struct mm *mm, size_t i, struct moved m)
{
	mm->moved =
	    xgrow(mm->moved, mm->n_moved, &mm->cap_moved, sizeof(*mm->moved));
	memmove(mm->moved + i + 1, mm->moved + i,
		(mm->n_moved - i) * sizeof(*mm->moved));
	mm->moved[i] = m;
	mm->n_moved++;
}

static void
forget(struct mm *mm, uint64_t start, uint64_t end)
{
	size_t i = find(mm, start);

	while (i < mm->n_moved && mm->moved[i].start < end) {
		struct moved *m = &mm->moved[i], high = *m;

		if (m->start < start) {
			m->end = start;
			i++;
			high.to += start - high.start;
			high.start = start;
			if (high.end <= end)
				continue;
			insert(mm, i, high);
			m = &mm->moved[i];
		}
		if (m->end > end) {
			m->to += end - m->start;
			m->start = end;
			return;
		}
		mm->n_moved--;
		memmove(m, m + 1, (mm->n_moved - i) * sizeof(*m));
	}
}

static void
remember(struct mm *mm, uint64_t start, uint64_t end, uint64_t to)
{
	forget(mm, start, end);
	if (to != start)
		insert(mm, find(mm, start), (struct moved){start, end, to});
}

void
moved_copy(const struct mm *from, struct mm *to)
{
	for (size_t i = 0; i < from->n_moved; i++)
		insert(to, i, from->moved[i]);
}

void
moved_free(struct mm *mm)
{
	free(mm->moved);
}

vaddr
os_translate(const struct os *os, const struct task *t, vaddr recorded)
{
	if (!os->cfg.own_addresses || !t)
		return recorded;
	return va(translate(t->proc->mm, recorded.raw));
}

/* Ranges ------------------------------------------------------------------ */

/* Part of a range of recorded addresses that is in one piece. */
struct run {
	uint64_t start, end, to;
	bool nothing; /* is recorded here, but something was moved here */
};

/* The nearest place that something was moved to: does it contain addr?  *edge:
 * where that ends. */
static bool
taken(const struct mm *mm, uint64_t addr, uint64_t *edge)
{
	for (size_t i = 0; i < mm->n_moved; i++) {
		const struct moved *m = &mm->moved[i];
		uint64_t end = m->to + (m->end - m->start);

		if (addr >= m->to && addr < end) {
			*edge = min_u64(*edge, end);
			return true;
		}
		if (m->to > addr)
			*edge = min_u64(*edge, m->to);
	}
	return false;
}

/* Is the next range right behind, there as here? */
static bool
continues(const struct moved *m)
{
	return m[1].start == m->end && m[1].to == m->to + (m->end - m->start);
}

static struct run
run_at(const struct mm *mm, uint64_t start, uint64_t end)
{
	size_t i = find(mm, start);
	struct run r = {.start = start, .end = end, .to = start};

	if (i < mm->n_moved && mm->moved[i].start <= start) {
		r.to = start - mm->moved[i].start + mm->moved[i].to;
		while (i + 1 < mm->n_moved && continues(&mm->moved[i]))
			i++;
		r.end = min_u64(end, mm->moved[i].end);
		return r;
	}
	if (i < mm->n_moved)
		r.end = min_u64(end, mm->moved[i].start);
	r.nothing = taken(mm, start, &r.end);
	return r;
}

/* Is all of it in one piece?  Then at *to. */
static bool
in_one_piece(const struct mm *mm, uint64_t start, uint64_t end, uint64_t *to)
{
	struct run r = run_at(mm, start, end);

	*to = r.to;
	return r.end == end && !r.nothing;
}

static bool
stops_at_error(uint32_t nr)
{
	return nr != SYS_madvise && nr != SYS_msync;
}

/* A call on a range: on each piece of it. */
static void
range_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	uint64_t start = d->args[0], end = start + page_up(d->args[1]);
	bool known = true;
	int64_t first = 0;

	if (!user_range_ok(start, end - start)) {
		d->args[0] = translate(c->mm, start);
		fn(c);
		return;
	}
	while (start < end && !c->refused) {
		struct run r = run_at(c->mm, start, end);

		start = r.end;
		c->know = false;
		d->args[0] = r.to;
		d->args[1] = r.end - r.start;
		if (!r.nothing)
			fn(c);
		known &= c->know;
		if (c->know && !first)
			first = c->want;
		if (first && call_failed(c) && stops_at_error(d->nr))
			break;
	}
	c->know = known;
	c->want = first;
}

static void
munmap_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	uint64_t start = d->args[0], end = start + page_up(d->args[1]);

	range_call(c, d, fn);
	if (!call_failed(c) && end > start)
		forget(c->mm, start, end);
}

/* Places ------------------------------------------------------------------ */

static void
unmap_pieces(struct call *c, uint64_t start, uint64_t end)
{
	while (start < end) {
		struct run r = run_at(c->mm, start, end);

		if (!r.nothing)
			vma_unmap(c->os, c->mm, r.to, r.to + r.end - r.start);
		start = r.end;
	}
}

/* Where what was mapped at a fixed address goes: with what was there before,
 * and where it was recorded if nothing else is there now; 0: anywhere. */
static uint64_t
fixed_place(struct call *c, uint64_t start, uint64_t len)
{
	uint64_t to;

	if (in_one_piece(c->mm, start, start + len, &to))
		return to;
	unmap_pieces(c, start, start + len);
	return 0;
}

/* A call that made no mapping: done with its hint, argument hint, moved. */
static bool
not_placed(struct call *c, struct syscall_desc *d, unsigned hint, uint64_t len,
	   call_fn *fn)
{
	if (!call_failed(c) && user_range_ok((uint64_t)d->ret, len))
		return false;
	d->args[hint] = translate(c->mm, d->args[hint]);
	fn(c);
	return true;
}

/* Make the mapping at to, or where it was recorded if to is 0. */
static void
place_at(struct call *c, struct syscall_desc *d, uint64_t len, uint64_t to,
	 call_fn *fn)
{
	uint64_t recorded = (uint64_t)d->ret;

	to = to ? to : recorded;
	d->ret = (int64_t)to;
	fn(c);
	if (!c->refused)
		remember(c->mm, recorded, recorded + len, to);
}

static void
mmap_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	uint64_t recorded = (uint64_t)d->ret, len = mmap_len(c), to = 0;
	const uint64_t fixed = MAP_FIXED | MAP_FIXED_NOREPLACE;

	if (not_placed(c, d, 0, len, fn))
		return;
	if (d->args[3] & fixed) {
		to = fixed_place(c, recorded, len);
		d->args[0] = to;
		if (!to)
			d->args[3] &= ~fixed;
	} else {
		d->args[0] = translate(c->mm, d->args[0]);
		if (containing(c->mm, recorded)) /* a stale hint */
			forget(c->mm, recorded, recorded + len);
	}
	place_at(c, d, len, to ? to : mmap_place(c, len), fn);
}

static void
shmat_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	struct inode *ino = inode_of_file(c->os, d->file);
	uint64_t recorded = (uint64_t)d->ret, to;
	uint64_t len = ino ? page_up(min_u64(ino->size, TASK_SIZE)) : 0;

	if (not_placed(c, d, 1, len, fn))
		return;
	to = d->args[1] ? fixed_place(c, recorded, len) : 0;
	d->args[1] = to;
	place_at(c, d, len, to ? to : shm_place(c, ino, len), fn);
}

static void
first_argument(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	d->args[0] = translate(c->mm, d->args[0]);
	fn(c);
}

/* Every piece of an attachment was moved as one. */
static void
shmdt_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	uint64_t start = d->args[0];
	const struct moved *m = containing(c->mm, start);
	uint64_t end = m ? m->end : start;

	first_argument(c, d, fn);
	if (!call_failed(c) && end > start)
		forget(c->mm, start, end);
}

/* Where a mapping goes that mremap(2) moved or made larger. */
static uint64_t
mremap_target(struct call *c, uint64_t from, uint64_t recorded,
	      uint64_t new_len)
{
	struct vma *v = vma_find(c->mm, c->s->args[0]);
	uint64_t to = 0;

	if (c->s->args[3] & MREMAP_FIXED)
		to = fixed_place(c, recorded, new_len);
	else if (v && new_len <= page_up(c->s->args[1]))
		to = c->s->args[0];
	if (!to && v)
		to = mremap_place(c, v, new_len);
	/* It may stay only under another address than it had. */
	if (v && to == from && recorded != from)
		to = mremap_away(c, v, new_len);
	return to ? to : recorded;
}

static void
mremap_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	uint64_t from = d->args[0], old_len = page_up(d->args[1]);
	uint64_t recorded = (uint64_t)d->ret, new_len = page_up(d->args[2]);
	bool stays = (d->args[3] & 4) || !old_len; /* MREMAP_DONTUNMAP */
	uint64_t at;

	if (call_failed(c) || !user_range_ok(recorded, new_len) ||
	    from > TASK_SIZE - old_len || (from & (PAGE_SIZE - 1))) {
		d->args[4] = translate(c->mm, d->args[4]);
		first_argument(c, d, fn);
		return;
	}
	if (!in_one_piece(c->mm, from, from + max_u64(old_len, PAGE_SIZE),
			  &at)) {
		call_refuse(c, "os.addresses=model: mremap of mappings that "
			       "lie apart now");
		return;
	}
	d->args[0] = at;
	at = mremap_target(c, from, recorded, new_len);
	d->ret = (int64_t)at;
	d->args[4] = at;
	d->args[3] |= MREMAP_MAYMOVE;
	fn(c);
	if (!stays)
		forget(c->mm, from, from + old_len);
	remember(c->mm, recorded, recorded + new_len, at);
}

/* Calls ------------------------------------------------------------------- */

void
moved_call(struct call *c, struct syscall_desc *d, call_fn *fn)
{
	*d = *c->s;
	c->s = d;
	switch (d->nr) {
	case SYS_mmap:
		mmap_call(c, d, fn);
		break;
	case SYS_munmap:
		munmap_call(c, d, fn);
		break;
	case SYS_mremap:
		mremap_call(c, d, fn);
		break;
	case SYS_shmat:
		shmat_call(c, d, fn);
		break;
	case SYS_shmdt:
		shmdt_call(c, d, fn);
		break;
	case SYS_mprotect:
	case SYS_pkey_mprotect:
	case SYS_madvise:
	case SYS_msync:
	case SYS_mlock:
	case SYS_mlock2:
	case SYS_munlock:
		range_call(c, d, fn);
		break;
	case SYS_remap_file_pages:
		first_argument(c, d, fn);
		break;
	default:
		fn(c);
	}
}
