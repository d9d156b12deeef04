/*
 * mman.c - mmap, munmap, brk.
 *
 * The recorded result is what happened: it places mappings, and a call that
 * failed has no effect.  What the model would have answered is worked out
 * beside it (call_want()).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "base/xalloc.h"
#include "os/internal.h"

#define MAP_TYPE_MASK      0x0fu
#define MAP_DROPPABLE_TYPE 0x08u /* anonymous; Linux 6.11 */
#define MAP_SYNC_FLAG      0x80000u

/* Is [addr, addr + len) a range of user pages? */
bool
user_range_ok(uint64_t addr, uint64_t len)
{
	return !(addr & (PAGE_SIZE - 1)) && len && len <= TASK_SIZE &&
	       addr <= TASK_SIZE - len;
}

static uint64_t
map_type(const struct call *c)
{
	return c->s->args[3] & MAP_TYPE_MASK;
}

static bool
is_shared(const struct call *c)
{
	return map_type(c) == MAP_SHARED || map_type(c) == MAP_SHARED_VALIDATE;
}

static bool
is_hugetlb(const struct call *c)
{
	const uint64_t both = MAP_ANONYMOUS | MAP_HUGETLB;

	return (c->s->args[3] & both) == both;
}

static uint32_t
prot_flags(uint64_t prot)
{
	return (prot & PROT_READ ? VM_READ : 0u) |
	       (prot & PROT_WRITE ? VM_WRITE : 0u) |
	       (prot & PROT_EXEC ? VM_EXEC : 0u);
}

static uint32_t
mmap_flags(const struct call *c, bool shared)
{
	uint64_t map = c->s->args[3];
	uint32_t f =
	    prot_flags(c->s->args[2]) | VM_MAYACCESS | c->mm->def_flags;
	/* A call that succeeded must have had the right to write. */
	bool ro = (c->s->file_flags & O_ACCMODE) == O_RDONLY &&
		  !(c->s->args[2] & PROT_WRITE);

	if (map_type(c) == MAP_DROPPABLE_TYPE)
		f |= VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;

	if (shared) {
		f |= VM_SHARED | VM_MAYSHARE;
		if (!(map & MAP_ANONYMOUS) && ro)
			f &= ~(VM_MAYWRITE | VM_SHARED);
	}
	if ((map & MAP_GROWSDOWN) && (map & MAP_ANONYMOUS) && !shared)
		f |= VM_GROWSDOWN;
	f |= map & MAP_LOCKED ? VM_LOCKED : 0;
	f |= map & MAP_STACK ? VM_NOHUGEPAGE : 0;
	if ((map & MAP_NORESERVE) && c->os->cfg.overcommit != 2)
		f |= VM_NORESERVE;
	if (is_hugetlb(c))
		return f;
	if ((f & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE)
		f |= VM_ACCOUNT;
	return f;
}

/* Every page of a device is there from the start. */
bool
map_device(struct os *os, struct mm *mm, struct vma *v)
{
	for (uint64_t a = v->start; a < v->end; a += PAGE_SIZE) {
		uint64_t *pte = pt_make(os, mm, a, 0);

		if (!pte)
			return false;
		*pte = device_pte(os, v, a);
		os->work.ptes_set++;
	}
	return true;
}

/* Shared anonymous memory is a nameless file of tmpfs. */
struct ofile *
anon_shared(struct os *os, uint64_t len, bool promise)
{
	struct inode *ino = inode_new(os, BACK_SHM);

	ino->anon_shm = true;
	ino->size = len;
	ino->path = xstrdup("[shared anon]");
	if (promise)
		inode_promise(os, ino, page_of(len));
	return ofile_private(ino);
}

uint64_t
mmap_len(const struct call *c)
{
	uint64_t len = c->s->args[1];

	if (len > TASK_SIZE)
		return len;
	return is_hugetlb(c) ? align_up(len, PMD_SIZE) : page_up(len);
}

static bool
mmap_file(struct call *c, struct vma *v, bool shared)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);

	if (c->s->args[3] & MAP_ANONYMOUS)
		ino = NULL;
	else if (!ino)
		return call_refuse(c, "mmap of a file the trace does not name");
	if (ino)
		fd_seen(c, c->s->args[4]);
	if (ino && ino->backing == BACK_FS && c->s->file_size)
		inode_resize(c->os, ino, c->s->file_size);
	if (ino && ino->backing == BACK_ZERO)
		ino = NULL;
	if (is_hugetlb(c))
		return hugetlb_mmap(c, v, shared);
	v->name = ino ? VN_FILE : VN_ANON;
	v->pgoff = ino ? page_of(c->s->args[5]) : page_of(v->start);
	if (ino) {
		v->file = ofile_get(c->os, c->mm, ino);
	} else if (shared) {
		v->file = anon_shared(c->os, v->end - v->start,
				      !(v->flags & VM_NORESERVE));
		v->pgoff = 0;
	}
	if (ino && ino->backing == BACK_DEVICE)
		v->flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	return true;
}

static bool
mmap_apply(struct call *c, uint64_t addr, uint64_t len)
{
	uint64_t map = c->s->args[3];
	bool shared = is_shared(c);
	struct vma proto = {.start = addr,
			    .end = addr + len,
			    .origin = addr,
			    .flags = mmap_flags(c, shared)};
	struct vma *v;

	if (!mmap_file(c, &proto, shared))
		return false;
	vma_unmap(c->os, c->mm, addr, addr + len);
	if (proto.flags & VM_HUGETLB)
		proto.flags &= ~VM_LOCKED;
	v = vma_add(c->os, c->mm, &proto);
	if ((proto.flags & VM_PFNMAP) && !map_device(c->os, c->mm, v))
		return call_refuse(c, "out of modelled memory: device mapping");
	if ((proto.flags & VM_LOCKED) ||
	    ((map & MAP_POPULATE) && !(map & MAP_NONBLOCK)))
		populate(c->os, c->task, addr, addr + len);
	return true;
}

/* What Linux would refuse (mm/mmap.c:do_mmap() on), in its order; 0: nothing.
 */

/* All that MAP_SHARED lets pass (LEGACY_MAP_MASK). */
#define KNOWN_FLAGS                                                    \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS |        \
	 MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | \
	 MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |     \
	 MAP_HUGETLB | 0x40 | 0x80 | 0x7c000000u)

static int64_t
place_errno(const struct call *c, uint64_t len)
{
	uint64_t addr = c->s->args[0], map = c->s->args[3];
	bool fixed = map & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (!len || len > TASK_SIZE || c->mm->n_vmas > c->os->cfg.max_map_count)
		return -ENOMEM;
	if (fixed && addr > TASK_SIZE - len)
		return -ENOMEM;
	if (fixed && (addr & (PAGE_SIZE - 1)))
		return -EINVAL;
	if (fixed && addr < MMAP_MIN_ADDR && !c->os->cfg.privileged)
		return -EPERM;
	if ((map & MAP_FIXED_NOREPLACE) &&
	    vma_overlaps(c->mm, addr, addr + len))
		return -EEXIST;
	return 0;
}

static int64_t
lock_errno(const struct call *c, uint64_t len)
{
	if (!(c->s->args[3] & MAP_LOCKED))
		return 0;
	if (!may_lock_any(c->os, c->task->proc))
		return -EPERM;
	return may_lock(c->os, c->task->proc, VM_LOCKED, page_of(len))
		   ? 0
		   : -EAGAIN;
}

/* Has it a way to be mapped?  Of devices only those are known that have not:
 * null, full, random, urandom, terminals. */
static bool
can_map(const struct inode *ino)
{
	uint64_t major = ino->rdev >> 8 & 0xfff, minor = ino->rdev & 0xff;

	switch (ino->kind) {
	case FILE_DIRECTORY:
	case FILE_PIPE:
	case FILE_SOCKET:
		return false;
	case FILE_CHARDEV:
		return !(major == 1 && (minor == 3 || minor >= 7)) &&
		       major != 4 && major != 5 &&
		       !(major >= 136 && major <= 143);
	default:
		return true;
	}
}

/* Files of ext4 and xfs are asked; those of tmpfs are not. */
static bool
knows_sync(const struct call *c)
{
	const struct inode *ino = inode_of_file(c->os, c->s->file);

	return ino->backing == BACK_FS && ino->kind == FILE_REGULAR &&
	       c->os->cfg.write_notify;
}

static int64_t
shared_errno(const struct call *c)
{
	uint64_t map = c->s->args[3];
	unsigned mode = c->s->file_flags & O_ACCMODE;

	if (map_type(c) == MAP_SHARED_VALIDATE &&
	    (map &
	     ~(uint64_t)(KNOWN_FLAGS | (knows_sync(c) ? MAP_SYNC_FLAG : 0))))
		return -EOPNOTSUPP;
	if ((c->s->args[2] & PROT_WRITE) && mode == O_RDONLY)
		return -EACCES;
	return 0;
}

static int64_t
file_errno(const struct call *c, const struct inode *ino)
{
	uint64_t map = c->s->args[3], off = c->s->args[5];
	int64_t error = 0;

	if (off + mmap_len(c) < off)
		return -EOVERFLOW;
	if (is_shared(c))
		error = shared_errno(c);
	else if (map_type(c) != MAP_PRIVATE)
		return -EINVAL;
	if (error)
		return error;
	if ((c->s->file_flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	if (!can_map(ino))
		return -ENODEV;
	return map & MAP_GROWSDOWN ? -EINVAL : 0;
}

static int64_t
anon_errno(const struct call *c)
{
	uint64_t map = c->s->args[3];

	if (map_type(c) == MAP_PRIVATE)
		return 0;
	if (map_type(c) == MAP_DROPPABLE_TYPE && c->os->cfg.kernel >= 611)
		return map & (MAP_LOCKED | MAP_HUGETLB) ? -EINVAL : 0;
	if (map_type(c) == MAP_SHARED)
		return map & MAP_GROWSDOWN ? -EINVAL : 0;
	return -EINVAL;
}

/* mmap_region(): limits, the promise of memory, seals. */
static int64_t
room_errno(const struct call *c, uint64_t len)
{
	uint64_t addr = c->s->args[0], pages = page_of(len), there = 0;
	uint32_t flags = mmap_flags(c, is_shared(c));

	if ((c->s->args[3] & MAP_FIXED) &&
	    pages_mapped(c->mm, addr, addr + len, VM_SEALED))
		return -EPERM;
	if (c->s->args[3] & MAP_FIXED)
		there = pages_mapped(c->mm, addr, addr + len, 0);
	if (!may_expand(c->os, c->task->proc, flags, pages - there))
		return -ENOMEM;
	if (c->s->args[3] & MAP_FIXED)
		there = pages_mapped(c->mm, addr, addr + len, VM_ACCOUNT);
	if ((flags & VM_ACCOUNT) &&
	    !may_commit(c->os, c->mm, pages > there ? pages - there : 0))
		return -ENOMEM;
	if ((c->s->args[3] & MAP_ANONYMOUS) && is_shared(c) &&
	    !(flags & VM_NORESERVE) && !is_hugetlb(c) &&
	    !may_commit(c->os, c->mm, pages))
		return -ENOMEM;
	return 0;
}

/* What the file's own operation says, when what was there before is gone. */
static int64_t
file_op_errno(const struct call *c)
{
	const struct inode *ino = inode_of_file(c->os, c->s->file);

	if ((c->s->args[3] & MAP_ANONYMOUS) || !ino)
		return 0;
	if (is_shared(c) && (c->s->args[2] & PROT_WRITE) &&
	    (ino->seals & SEALS_NO_WRITE))
		return -EPERM;
	if ((c->s->args[3] & MAP_SYNC_FLAG) && knows_sync(c))
		return -EOPNOTSUPP;
	return 0;
}

static int64_t
argument_errno(const struct call *c, const struct inode *ino)
{
	uint64_t map = c->s->args[3], off = c->s->args[5];

	if (off & (PAGE_SIZE - 1))
		return -EINVAL;
	if (!(map & MAP_ANONYMOUS) && !ino)
		return -EBADF;
	if (!(map & MAP_ANONYMOUS) && (map & MAP_HUGETLB))
		return -EINVAL;
	if (!c->s->args[1])
		return -EINVAL;
	return 0;
}

static int64_t
mmap_errno(const struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);
	uint64_t len = mmap_len(c);
	int64_t error;

	if (c->s->args[3] & MAP_ANONYMOUS)
		ino = NULL;
	error = argument_errno(c, ino);
	if (!error)
		error = place_errno(c, len);
	if (!error && is_hugetlb(c))
		error = hugetlb_mmap_errno(c, len);
	if (!error)
		error = lock_errno(c, len);
	if (!error)
		error = ino ? file_errno(c, ino) : anon_errno(c);
	return error ? error : room_errno(c, len);
}

/* Failed for a reason that a trace does not tell: a file system mounted
 * noexec, a file to swap to, what a driver says, somebody else's memory. */
static bool
may_fail(const struct call *c)
{
	const struct inode *ino = inode_of_file(c->os, c->s->file);

	if ((c->s->args[3] & MAP_ANONYMOUS) || !ino)
		return false;
	return c->s->ret == -ETXTBSY || ino->backing == BACK_DRIVER ||
	       ino->backing == BACK_DEVICE ||
	       (c->s->ret == -EPERM && (c->s->args[2] & PROT_EXEC));
}

/* coregrind/m_debuginfo/debuginfo.c:di_notify_mmap() of Valgrind 3.19: of
 * files that it finds by name. */
static void
probe(struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);

	if ((c->s->args[3] & MAP_ANONYMOUS) || !(c->s->args[2] & PROT_READ) ||
	    (c->s->file_flags & FILE_NAMELESS) || !ino ||
	    ino->backing != BACK_FS || !ino->size)
		return;
	ra_read(c->os, ofile_get(c->os, c->mm, ino), 0, 1);
}

/* Where Linux would have put it. */
uint64_t
mmap_place(const struct call *c, uint64_t len)
{
	struct place p = {.hint = c->s->args[0],
			  .len = len,
			  .pgoff = page_of(c->s->args[5]),
			  .flags = c->s->args[3],
			  .shared = is_shared(c),
			  .huge = is_hugetlb(c)};

	if (!(c->s->args[3] & MAP_ANONYMOUS))
		p.inode = inode_of_file(c->os, c->s->file);
	return place_find(c->os, c->mm, &p);
}

void
sys_mmap(struct call *c)
{
	uint64_t len = mmap_len(c), addr = (uint64_t)c->s->ret;
	int64_t error = mmap_errno(c), late = error ? 0 : file_op_errno(c);

	error = error ? error : late;
	if (!error && !call_failed(c) &&
	    (c->s->args[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		call_want(c, (int64_t)c->s->args[0]);
	else if (error || !may_fail(c))
		call_want_error(c, error);
	/* Seals are looked at earlier since 6.15. */
	if (call_failed(c) && late && (c->s->args[3] & MAP_FIXED) &&
	    (late != -EPERM || c->os->cfg.kernel < 615))
		vma_unmap(c->os, c->mm, c->s->args[0], c->s->args[0] + len);
	if (call_failed(c))
		return;
	if (len > TASK_SIZE || !user_range_ok(addr, len)) {
		call_refuse(c, "mmap: recorded result is no range of pages");
		return;
	}
	if (!(c->s->args[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		place_compare(c->os, addr, mmap_place(c, len));
	if (hugetlb_cuts(c->mm, addr, addr + len))
		call_whole(c, c->os->cfg.kernel < 612 ? -ENOMEM : -EINVAL);
	else if (mmap_apply(c, addr, len) && c->os->cfg.mmap_probes)
		probe(c);
}

/* A mapping in two needs one more; sealed ones stay. */
static int64_t
unmap_errno(const struct call *c, uint64_t start, uint64_t end)
{
	const struct vma *v = vma_find(c->mm, start);

	if (pages_mapped(c->mm, start, end, VM_SEALED))
		return -EPERM;
	if (v && v->start < start && end < v->end &&
	    c->mm->n_vmas >= c->os->cfg.max_map_count)
		return -ENOMEM;
	return 0;
}

void
sys_munmap(struct call *c)
{
	uint64_t addr = c->s->args[0], len = c->s->args[1];
	bool valid = len <= TASK_SIZE && user_range_ok(addr, page_up(len));

	if (valid && hugetlb_cuts(c->mm, addr, addr + page_up(len))) {
		call_whole(c, -EINVAL);
		return;
	}
	call_want(c,
		  valid ? unmap_errno(c, addr, addr + page_up(len)) : -EINVAL);
	if (valid && !call_failed(c))
		vma_unmap(c->os, c->mm, addr, addr + page_up(len));
}

/* brk --------------------------------------------------------------------- */

static bool
brk_grow(struct call *c, uint64_t from, uint64_t to)
{
	struct vma proto = {.start = from,
			    .end = to,
			    .origin = from,
			    .pgoff = page_of(from),
			    .flags = VM_READ | VM_WRITE | VM_MAYACCESS |
				     VM_ACCOUNT | c->mm->def_flags,
			    .name = VN_HEAP};

	if (vma_overlaps(c->mm, from, to))
		return false;
	vma_add(c->os, c->mm, &proto);
	if (proto.flags & VM_LOCKED)
		populate(c->os, c->task, from, to);
	return true;
}

/* Growing as asked: may it?  Whoever runs the program may have no room where
 * Linux would have some, so it is judged only where it was done. */
static bool
brk_allowed(const struct call *c, uint64_t from, uint64_t to)
{
	const struct process *p = c->task->proc;
	uint64_t guard = (uint64_t)c->os->cfg.stack_guard_pages << PAGE_SHIFT;
	const struct vma *next = vma_find_from(c->mm, from, NULL);

	if (to - c->mm->start_brk > p->limit[LIMIT_DATA] ||
	    c->mm->n_vmas > c->os->cfg.max_map_count)
		return false;
	if (next && next->start < to + (next->flags & VM_GROWSDOWN ? guard : 0))
		return false;
	return !grow_errno(c, VM_WRITE | VM_ACCOUNT | c->mm->def_flags,
			   page_of(to - from));
}

void
sys_brk(struct call *c)
{
	struct mm *mm = c->mm;
	uint64_t now = (uint64_t)c->s->ret, from, to;

	if (call_failed(c) || now >= TASK_SIZE)
		return;
	if (!mm->brk) {
		mm->start_brk = mm->brk = now;
		return;
	}
	from = page_up(mm->brk);
	to = page_up(now);
	if (now < mm->start_brk)
		return;
	if (to > from)
		call_want(c,
			  (int64_t)(brk_allowed(c, from, to) ? now : mm->brk));
	if (to < from && hugetlb_cuts(mm, to, from))
		call_whole(c, (int64_t)mm->brk);
	else if (to < from)
		vma_unmap(c->os, mm, to, from);
	else if (to > from && !brk_grow(c, from, to))
		return;
	mm->brk = now;
}

/* remap_file_pages has been a mapping like any other since Linux 4.0. */
void
sys_remap_file_pages(struct call *c)
{
	uint64_t start = c->s->args[0];
	uint64_t len = align_down(c->s->args[1], PAGE_SIZE);
	struct vma *v, n;

	start = align_down(start, PAGE_SIZE);
	v = user_range_ok(start, len) ? vma_find(c->mm, start) : NULL;
	if (!v || !v->file || !(v->flags & VM_SHARED) || start + len > v->end ||
	    c->s->args[2] || c->s->args[3] >> 52) {
		call_want(c, -EINVAL);
		return;
	}
	call_want(c, 0);
	if (call_failed(c))
		return;
	if (hugetlb_cuts(c->mm, start, start + len)) {
		call_whole(c, -EINVAL);
		return;
	}
	n = *v;
	n.start = start;
	n.end = start + len;
	n.pgoff = c->s->args[3];
	n.file->refs++; /* not to lose it while it is unmapped */
	vma_unmap(c->os, c->mm, start, start + len);
	vma_add(c->os, c->mm, &n);
	ofile_put(c->os, n.file);
	populate(c->os, c->task, start, start + len);
}
