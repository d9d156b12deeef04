/*
 * fileio.c - system calls on files that matter to memory: reads and writes
 * through the page cache, truncation, holes, syncing.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "os/internal.h"

#define IO_MAX 0x7ffff000u /* most that one call moves */

static struct inode *
call_inode(const struct call *c)
{
	return inode_of_file(c->os, c->s->file);
}

void
sys_open(struct call *c)
{
	struct inode *ino = call_inode(c);
	uint64_t flags = c->s->args[c->s->nr == SYS_open ? 1 : 2];

	/* openat2(2) has its flags in memory; most set this one. */
	fd_new(c, c->s->nr == SYS_openat2 || (flags & O_CLOEXEC));
	if (call_failed(c) || !ino || ino->backing != BACK_FS)
		return;
	if (c->s->file_flags & O_TRUNC)
		inode_truncate(c->os, ino, 0);
	ofile_open(c->os, c->mm, ino);
}

/* do_ftruncate(); of truncate(2) the file is not known where it failed. */
static int64_t
truncate_errno(const struct call *c, const struct inode *ino)
{
	uint64_t size = c->s->args[1];

	if ((int64_t)size < 0)
		return -EINVAL;
	if (!ino)
		return -EBADF;
	if (c->s->file_flags & O_PATH)
		return -EBADF;
	if ((ino->kind != FILE_REGULAR && ino->kind != FILE_SHM) ||
	    (c->s->file_flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	if ((size < ino->size && (ino->seals & F_SEAL_SHRINK)) ||
	    (size > ino->size && (ino->seals & F_SEAL_GROW)))
		return -EPERM;
	return 0;
}

/* What a trace does not tell: of the file system, the file's attributes, the
 * size it may have. */
static bool
judged(const struct call *c)
{
	switch (c->s->ret) {
	case -EFBIG:
	case -EIO:
	case -ENOSPC:
	case -EROFS:
	case -ETXTBSY:
		return false;
	default:
		return true;
	}
}

void
sys_truncate(struct call *c)
{
	struct inode *ino = call_inode(c);

	if (c->s->nr == SYS_ftruncate && judged(c) && (ino || call_failed(c)))
		call_want_error(c, truncate_errno(c, ino));
	if (call_failed(c) || !ino)
		return;
	if (c->s->nr == SYS_ftruncate)
		fd_seen(c, c->s->args[0]);
	if (ino->backing == BACK_FS || ino->backing == BACK_SHM)
		inode_truncate(c->os, ino, c->s->args[1]);
}

static void
punch_bytes(struct call *c, struct inode *ino, uint64_t from, uint64_t len)
{
	uint64_t first = page_of(page_up(from)), last = page_of(from + len);

	if (last > first)
		inode_punch(c->os, ino, first, last - first);
}

void
sys_fallocate(struct call *c)
{
	struct inode *ino = call_inode(c);
	uint64_t mode = c->s->args[1], from = c->s->args[2];
	uint64_t len = c->s->args[3];

	if (ino && ((mode & 2) && (ino->seals & SEALS_NO_WRITE)))
		call_want_error(c, -EPERM);
	if (call_failed(c) || !ino || from > INT64_MAX || len > INT64_MAX ||
	    (ino->backing != BACK_FS && ino->backing != BACK_SHM))
		return;
	if (mode & 0x18) { /* collapse or insert a range: all behind moves */
		uint64_t size = ino->size;

		inode_truncate(c->os, ino, from);
		ino->size = mode & 8 ? size - min_u64(len, size)
				     : min_u64(size + len, INT64_MAX);
		return;
	}
	if (mode & 0x12) /* punch a hole, zero a range */
		punch_bytes(c, ino, from, len);
	if (!(mode & 1) && from + len > ino->size)
		ino->size = from + len;
}

void
sys_fsync(struct call *c)
{
	struct inode *ino = call_inode(c);

	if (!call_failed(c) && ino)
		inode_writeback(c->os, ino, 0, UINT64_MAX);
}

/* sync, syncfs: every file. */
void
sys_sync(struct call *c)
{
	for (size_t i = 0; i < c->os->n_inodes; i++)
		if (c->os->inodes[i])
			inode_writeback(c->os, c->os->inodes[i], 0, UINT64_MAX);
}

/* read and its kin: [pos, pos + ret) through the page cache. */
void
sys_read(struct call *c)
{
	struct inode *ino = call_inode(c);
	uint64_t pos = c->s->file_pos, n = (uint64_t)c->s->ret, end;

	if (call_failed(c) || !ino || !n || n > IO_MAX || pos > INT64_MAX)
		return;
	c->os->work.bytes_copied += n;
	end = min_u64(page_of(pos + n - 1) + 1, inode_pages(ino));
	if (ino->backing != BACK_FS || (c->s->file_flags & O_DIRECT))
		return; /* of a hole of tmpfs nothing is allocated */
	for (uint64_t i = page_of(pos); i < end; i++)
		ra_read(c->os, ofile_get(c->os, c->mm, ino), i, end - i);
}

/* A page of a write of n bytes at pos, which came to it without meeting a
 * folio. */
static uint32_t
add_written(struct os *os, struct inode *ino, uint64_t index, uint64_t pos,
	    uint64_t n)
{
	uint64_t at = max_u64(pos, index << PAGE_SHIFT);
	unsigned order = 0;

	if (ino->backing == BACK_FS)
		order = write_folio_order(os, at, pos + n - at);
	return cache_add(os, ino, index, UINT64_MAX, order);
}

void
sys_write(struct call *c)
{
	struct inode *ino = call_inode(c);
	uint64_t pos = c->s->file_pos, n = (uint64_t)c->s->ret;

	if (call_failed(c) || !ino || !n || n > IO_MAX || pos > INT64_MAX)
		return;
	c->os->work.bytes_copied += n;
	fd_seen(c, c->s->args[0]);
	if (ino->backing != BACK_FS && ino->backing != BACK_SHM)
		return;
	if (c->s->file_flags & O_APPEND)
		pos = max_u64(c->s->file_size, ino->size);
	if (pos > INT64_MAX - n)
		return;
	ino->size = max_u64(ino->size, pos + n);
	if (c->s->file_flags & O_DIRECT)
		return;
	for (uint64_t i = page_of(pos); i <= page_of(pos + n - 1); i++) {
		uint32_t fno = cache_find(c->os, ino, i);

		if (!fno)
			fno = add_written(c->os, ino, i, pos, n);
		if (!fno) {
			call_refuse(c, "out of modelled memory in write");
			return;
		}
		if (ino->backing != BACK_FS)
			continue;
		inode_mark_dirty(c->os, fno);
		flusher_throttle(c->os);
	}
}

/* readahead, posix_fadvise(WILLNEED or DONTNEED) */
void
sys_readahead(struct call *c)
{
	struct inode *ino = call_inode(c);
	bool fadvise = c->s->nr == 221;
	uint64_t from = c->s->args[1], len = c->s->args[2];

	if (call_failed(c) || !ino || ino->backing != BACK_FS)
		return;
	if (fadvise && !len)
		len = ino->size;
	if (!fadvise || c->s->args[3] == POSIX_FADV_WILLNEED)
		ra_range(c->os, ino, page_of(from), page_of(page_up(len)));
	else if (c->s->args[3] == POSIX_FADV_DONTNEED)
		inode_invalidate(c->os, ino, page_of(page_up(from)),
				 page_of(min_u64(from + len, INT64_MAX)));
}

#define MEMFD_FLAGS 0x1fu /* MFD_CLOEXEC to MFD_EXEC */
#define MEMFD_NAME  249u  /* with its NUL, less what Linux puts before it */

/* Its size and pages come later; only seals are known to begin with. */
void
sys_memfd_create(struct call *c)
{
	struct inode *ino = call_inode(c);
	uint64_t fl = c->s->args[1], known = MEMFD_FLAGS;

	if (fl & MFD_HUGETLB)
		known |= 0xfc000000u; /* a size of huge pages */
	if (c->os->cfg.kernel < 603)
		known &= ~0x18ull; /* MFD_NOEXEC_SEAL, MFD_EXEC */
	if ((uint32_t)fl & ~known)
		call_want(c, -EINVAL);
	if (call_failed(c) || !ino)
		return;
	ino->nameless = true;
	if (!(fl & (MFD_ALLOW_SEALING | 8)))
		ino->seals = F_SEAL_SEAL;
	fd_new(c, fl & MFD_CLOEXEC);
}

void
sys_userfaultfd(struct call *c)
{
	if (!call_failed(c))
		call_refuse(c, "userfaultfd is not modelled");
}
