/*
 * syscall.c - system calls: which handler knows one, and whether the model
 * agrees with the result that was recorded.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "base/xalloc.h"
#include "os/internal.h"

#define SYS_mseal_nr 462 /* newer than most headers */

static const struct {
	uint32_t nr;
	const char *name;
	void (*call)(struct call *c);
} calls[] = {
    {SYS_mmap, "mmap", sys_mmap},
    {SYS_munmap, "munmap", sys_munmap},
    {SYS_mprotect, "mprotect", sys_mprotect},
    {SYS_pkey_mprotect, "pkey_mprotect", sys_mprotect},
    {SYS_process_madvise, "process_madvise", sys_process_madvise},
    {SYS_mseal_nr, "mseal", sys_mseal},
    {SYS_prctl, "prctl", sys_prctl},
    {SYS_pkey_alloc, "pkey_alloc", sys_pkey_alloc},
    {SYS_pkey_free, "pkey_free", sys_pkey_free},
    {SYS_brk, "brk", sys_brk},
    {SYS_mremap, "mremap", sys_mremap},
    {SYS_madvise, "madvise", sys_madvise},
    {SYS_msync, "msync", sys_msync},
    {SYS_mlock, "mlock", sys_mlock},
    {SYS_mlock2, "mlock2", sys_mlock2},
    {SYS_munlock, "munlock", sys_munlock},
    {SYS_mlockall, "mlockall", sys_mlockall},
    {SYS_munlockall, "munlockall", sys_munlockall},
    {SYS_remap_file_pages, "remap_file_pages", sys_remap_file_pages},
    {SYS_shmget, "shmget", sys_shmget},
    {SYS_shmat, "shmat", sys_shmat},
    {SYS_shmdt, "shmdt", sys_shmdt},
    {SYS_shmctl, "shmctl", sys_shmctl},
    {SYS_open, "open", sys_open},
    {SYS_openat, "openat", sys_open},
    {SYS_openat2, "openat2", sys_open},
    {SYS_creat, "creat", sys_open},
    {SYS_close, "close", sys_close},
    {SYS_close_range, "close_range", sys_close_range},
    {SYS_dup, "dup", sys_dup},
    {SYS_dup2, "dup2", sys_dup},
    {SYS_dup3, "dup3", sys_dup},
    {SYS_truncate, "truncate", sys_truncate},
    {SYS_ftruncate, "ftruncate", sys_truncate},
    {SYS_fallocate, "fallocate", sys_fallocate},
    {SYS_fsync, "fsync", sys_fsync},
    {SYS_fdatasync, "fdatasync", sys_fsync},
    {SYS_sync_file_range, "sync_file_range", sys_fsync},
    {SYS_sync, "sync", sys_sync},
    {SYS_syncfs, "syncfs", sys_sync},
    {SYS_read, "read", sys_read},
    {SYS_pread64, "pread64", sys_read},
    {SYS_readv, "readv", sys_read},
    {SYS_preadv, "preadv", sys_read},
    {SYS_preadv2, "preadv2", sys_read},
    {SYS_sendfile, "sendfile", sys_read},
    {SYS_write, "write", sys_write},
    {SYS_pwrite64, "pwrite64", sys_write},
    {SYS_writev, "writev", sys_write},
    {SYS_pwritev, "pwritev", sys_write},
    {SYS_pwritev2, "pwritev2", sys_write},
    {SYS_readahead, "readahead", sys_readahead},
    {SYS_fadvise64, "fadvise64", sys_readahead},
    {SYS_setrlimit, "setrlimit", sys_setrlimit},
    {SYS_prlimit64, "prlimit64", sys_prlimit},
    {SYS_memfd_create, "memfd_create", sys_memfd_create},
    {SYS_fcntl, "fcntl", sys_fcntl},
    {SYS_userfaultfd, "userfaultfd", sys_userfaultfd},
};

/* What the model would have returned, where it can tell. */
void
call_want(struct call *c, int64_t ret)
{
	c->want = ret;
	c->know = true;
}

void
call_want_error(struct call *c, int64_t error)
{
	call_want(c, error);
	c->any = !error;
}

bool
call_failed(const struct call *c)
{
	return c->s->ret < 0 && c->s->ret >= -4095;
}

bool
call_refuse(struct call *c, const char *what)
{
	if (!c->refused)
		err_set(c->err, ERR_REFUSED, "process %u: %s", c->task->pid,
			what);
	c->refused = true;
	return false;
}

/* The call would cut a huge page of the pool in two, which fails; one that was
 * recorded as done cannot be followed. */
void
call_whole(struct call *c, int64_t error)
{
	call_want(c, error);
	if (!call_failed(c))
		call_refuse(c, "part of a page of hugetlb was changed");
}

/* Is it not what the model would have returned?  A call that whoever ran the
 * program does not know cannot be judged. */
static bool
disagrees(const struct call *c)
{
	if (!c->know || c->refused || c->s->ret == -ENOSYS)
		return false;
	return c->any ? call_failed(c) : c->want != c->s->ret;
}

static void
note_mismatch(struct call *c, const char *name)
{
	struct os *os = c->os;
	uint64_t i = os->stats.result_mismatches++;
	char want[24] = "success";

	if (i >= MISMATCH_KEPT)
		return;
	if (!c->any)
		snprintf(want, sizeof(want), "%lld", (long long)c->want);
	os->mismatch[i] = xasprintf(
	    "process %u: %s(0x%llx, 0x%llx, 0x%llx, 0x%llx) returned %lld, "
	    "expected %s",
	    c->task->pid, name, (unsigned long long)c->s->args[0],
	    (unsigned long long)c->s->args[1],
	    (unsigned long long)c->s->args[2],
	    (unsigned long long)c->s->args[3], (long long)c->s->ret, want);
}

static void
note_nameless(const struct call *c)
{
	struct inode *ino = inode_of_file(c->os, c->s->file);

	if (ino)
		ino->nameless = true;
}

bool
syscall_event(struct os *os, struct task *t, const struct event *ev,
	      struct err *e)
{
	struct call c = {
	    .os = os, .task = t, .mm = t->proc->mm, .s = &ev->sys, .err = e};
	struct syscall_desc moved;

	if (ev->sys.file_flags & FILE_NAMELESS)
		note_nameless(&c);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].nr != ev->sys.nr)
			continue;
		if (os->cfg.own_addresses)
			moved_call(&c, &moved, calls[i].call);
		else
			calls[i].call(&c);
		if (disagrees(&c))
			note_mismatch(&c, calls[i].name);
		break;
	}
	return !c.refused;
}
