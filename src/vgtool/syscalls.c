/*
 * syscalls.c - system calls: arguments, result, the file they are about, and
 * the user memory that the kernel reads and writes for them, as Valgrind's
 * core knows it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "vgtool/pw.h"
#include <pub_tool_aspacemgr.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcproc.h>
#include <pub_tool_mallocfree.h>

#define RANGES_MOST 65536u
#define STRING_MOST (1u << 20)
#define CLONE_VFORK 0x4000u

/* Which argument of a call is the descriptor of its file. */
static Int
fd_argument(UInt nr, const UWord *args)
{
	switch (nr) {
	case __NR_read:
	case __NR_write:
	case __NR_close:
	case __NR_fstat:
	case __NR_newfstatat:
	case __NR_statx:
	case __NR_lseek:
	case __NR_ioctl:
	case __NR_pread64:
	case __NR_pwrite64:
	case __NR_readv:
	case __NR_writev:
	case __NR_dup:
	case __NR_dup2:
	case __NR_dup3:
	case __NR_sendto:
	case __NR_recvfrom:
	case __NR_sendmsg:
	case __NR_recvmsg:
	case __NR_fcntl:
	case __NR_flock:
	case __NR_fsync:
	case __NR_fdatasync:
	case __NR_ftruncate:
	case __NR_getdents:
	case __NR_getdents64:
	case __NR_readahead:
	case __NR_fadvise64:
	case __NR_fallocate:
	case __NR_sync_file_range:
	case __NR_preadv:
	case __NR_pwritev:
	case __NR_preadv2:
	case __NR_pwritev2:
	case __NR_copy_file_range:
	case __NR_splice:
	case __NR_vmsplice:
		return 0;
	case __NR_sendfile:
		return 1;
	case __NR_mmap:
		return args[3] & VKI_MAP_ANONYMOUS ? -1 : 4;
	default:
		return -1;
	}
}

/* Calls whose result is a new descriptor. */
static Bool
makes_fd(UInt nr)
{
	switch (nr) {
	case __NR_open:
	case __NR_openat:
	case __NR_creat:
	case __NR_memfd_create:
	case __NR_socket:
	case __NR_accept:
	case __NR_accept4:
	case __NR_epoll_create:
	case __NR_epoll_create1:
	case __NR_eventfd:
	case __NR_eventfd2:
	case __NR_signalfd:
	case __NR_signalfd4:
	case __NR_timerfd_create:
	case __NR_inotify_init:
	case __NR_inotify_init1:
	case __NR_userfaultfd:
		return True;
	default:
		return False;
	}
}

static Bool
has_position_argument(UInt nr)
{
	return nr == __NR_pread64 || nr == __NR_pwrite64 || nr == __NR_preadv ||
	       nr == __NR_pwritev || nr == __NR_preadv2 || nr == __NR_pwritev2;
}

static void
look_at_file(struct thread *t, UInt nr, const UWord *args)
{
	Int i = fd_argument(nr, args);

	if (nr == __NR_shmat)
		t->has_file = file_of_shm((Int)args[0], &t->file);
	else
		t->has_file = i >= 0 && file_of_fd((Int)args[i], &t->file,
						   nr == __NR_mmap);
	if (!t->has_file)
		return;
	if (has_position_argument(nr) && (Long)args[3] >= 0)
		t->file.pos = args[3];
	else if ((nr == __NR_write || nr == __NR_writev) &&
		 (t->file.flags & VKI_O_APPEND))
		t->file.pos = t->file.size;
}

static void
add_range(struct thread *t, Addr a, SizeT len, Bool write)
{
	if (!len || t->n_ranges == RANGES_MOST)
		return;
	if (t->n_ranges == t->cap_ranges) {
		t->cap_ranges = t->cap_ranges ? t->cap_ranges * 2 : 16;
		t->ranges = VG_(realloc)("pw.ranges", t->ranges,
					 t->cap_ranges * sizeof *t->ranges);
	}
	t->ranges[t->n_ranges++] = (struct vgr_range){a, len, write};
}

static void
put_ranges(const struct thread *t)
{
	const UInt most = VGRING_MAX_RECORD / 2 / sizeof(struct vgr_range);
	UInt i, n;

	for (i = 0; i < t->n_ranges; i += n) {
		struct vgr_head *h;

		n = t->n_ranges - i < most ? t->n_ranges - i : most;
		h = ring_record(VGR_RANGES, sizeof *h + n * sizeof *t->ranges,
				False);
		VG_(memcpy)(h + 1, t->ranges + i, n * sizeof *t->ranges);
		ring_commit();
	}
}

/* How the process ended that a call has waited for. */
static ULong
waited_status(UInt nr, const UWord *args, Long ret)
{
	if (nr == __NR_wait4 && ret > 0 && args[1])
		return *(UInt *)args[1];
	return VGR_NO_STATUS;
}

/* The limits that a call sets; read before it, as they may be overwritten. */
static void
look_at_limits(struct thread *t, UInt nr, const UWord *args)
{
	const ULong *a = (ULong *)(nr == __NR_setrlimit ? args[1] : args[2]);
	Bool known =
	    a && VG_(am_is_valid_for_client)((Addr)a, 16, VKI_PROT_READ);

	t->file.pos = known ? a[0] : 0;
	t->file.size = known ? a[1] : 0;
}

static Bool
sets_limit(UInt nr)
{
	return nr == __NR_setrlimit || nr == __NR_prlimit64;
}

static void
put_call(UInt type, struct thread *t, UInt nr, const UWord *args, UInt n_args,
	 Long ret)
{
	struct vgr_syscall *s;
	UInt i;

	put_ranges(t);
	s = ring_record(type, sizeof *s, True);
	for (i = 0; i < 6; i++)
		s->args[i] = i < n_args ? args[i] : 0;
	s->ret = ret;
	s->nr = nr;
	s->tid = t->lwp;
	s->has_file = t->has_file;
	s->dev = t->has_file ? t->file.dev : 0;
	s->inode = t->has_file ? t->file.inode : 0;
	s->file_size = t->has_file || sets_limit(nr) ? t->file.size : 0;
	s->file_pos = t->has_file || sets_limit(nr)
			  ? t->file.pos
			  : waited_status(nr, args, ret);
	s->file_flags = t->has_file ? t->file.flags : 0;
	ring_commit();
	t->n_ranges = 0;
}

/* A vector of strings that execve(2) reads, NULL at its end. */
static void
add_strings(struct thread *t, Addr vector)
{
	const Addr *v = (const Addr *)vector;
	UInt n = 0;

	while (n < RANGES_MOST / 4 &&
	       VG_(am_is_valid_for_client)((Addr)&v[n], 8, VKI_PROT_READ) &&
	       v[n])
		n++;
	if (vector)
		add_range(t, vector, 8 * (n + 1), False);
	for (UInt i = 0; i < n; i++)
		add_range(t, v[i], client_string(v[i], STRING_MOST) + 1, False);
}

/* If it succeeds nobody comes back to tell. */
static void
put_exec(struct thread *t, UInt nr, const UWord *args, UInt n_args)
{
	UInt at = nr == __NR_execveat ? 1 : 0;

	add_range(t, args[at], client_string(args[at], STRING_MOST) + 1, False);
	add_strings(t, args[at + 1]);
	add_strings(t, args[at + 2]);
	put_call(VGR_EXEC, t, nr, args, n_args, 0);
	ring_may_exec(True);
}

static ULong
fork_flags(UInt nr, const UWord *args)
{
	if (nr == __NR_vfork)
		return VKI_CLONE_VM | CLONE_VFORK | VKI_SIGCHLD;
	return nr == __NR_clone ? args[0] : VKI_SIGCHLD;
}

static Bool
forks(UInt nr, const UWord *args)
{
	return nr == __NR_fork || nr == __NR_vfork ||
	       (nr == __NR_clone && !(args[0] & VKI_CLONE_THREAD));
}

static void
pre_syscall(ThreadId tid, UInt nr, UWord *args, UInt n_args)
{
	struct thread *t = thread_of(tid);

	t->in_call = True;
	t->n_ranges = 0;
	look_at_file(t, nr, args);
	if (sets_limit(nr))
		look_at_limits(t, nr, args);
	switch (nr) {
	case __NR_exit_group:
		pw.exiting = True;
		/* fall through */
	case __NR_exit:
		pw.exit_status = ((UInt)args[0] & 0xff) << 8;
		break;
	case __NR_execve:
	case __NR_execveat:
		put_exec(t, nr, args, n_args);
		break;
	default:
		break;
	}
}

static void
post_syscall(ThreadId tid, UInt nr, UWord *args, UInt n_args, SysRes res)
{
	struct thread *t = thread_of(tid);
	Long ret = sr_isError(res) ? -(Long)sr_Err(res) : (Long)sr_Res(res);

	t->in_call = False;
	if (nr == __NR_execve || nr == __NR_execveat)
		ring_may_exec(False);
	if (makes_fd(nr) && ret >= 0)
		t->has_file = file_of_fd((Int)ret, &t->file, False);
	if (forks(nr, args) && ret != 0)
		event_forked(tid, fork_flags(nr, args), res);
	/* Valgrind asks about its range as if the kernel read that. */
	if (nr == __NR_msync)
		t->n_ranges = 0;
	put_call(VGR_SYSCALL, t, nr, args, n_args, ret);
	if (nr == __NR_clone && ret > 0 && (args[0] & VKI_CLONE_THREAD))
		event_thread(VGR_THREAD, (UInt)ret);
}

/* --- user memory --- */

static void
add_core_range(CorePart part, ThreadId tid, Addr a, SizeT len, Bool write)
{
	struct thread *t = thread_of(tid);

	if (part == Vg_CoreSysCall && t->in_call)
		add_range(t, a, len, write);
}

static void
pre_mem_read(CorePart part, ThreadId tid, const HChar *what, Addr a, SizeT len)
{
	(void)what;
	add_core_range(part, tid, a, len, False);
}

static void
pre_mem_read_asciiz(CorePart part, ThreadId tid, const HChar *what, Addr a)
{
	(void)what;
	add_core_range(part, tid, a, client_string(a, STRING_MOST) + 1, False);
}

static void
post_mem_write(CorePart part, ThreadId tid, Addr a, SizeT len)
{
	add_core_range(part, tid, a, len, True);
}

void
syscalls_register(void)
{
	VG_(needs_syscall_wrapper)(pre_syscall, post_syscall);
	VG_(track_pre_mem_read)(pre_mem_read);
	VG_(track_pre_mem_read_asciiz)(pre_mem_read_asciiz);
	VG_(track_post_mem_write)(post_mem_write);
}
