/*
 * syscalls.c - the table of system calls, and its small language.
 *
 * A row's .memory is a list of items separated by spaces, in the order in
 * which Linux touches the memory:
 *   R0:LEN   the kernel reads LEN bytes at argument 0
 *   W0:LEN   it writes them, if the call succeeded
 *   V0       argument 0 is an array of iovec (their number the next
 *            argument), argument 0 of process_vm_readv(2) likewise; then
 *            whatever the vectors point to, as found when the call was made
 *   X        contents of vectors found when the call was made (msghdr)
 * LEN is a number, s (the string printed, with its NUL), r (the result), or
 * aN (argument N); any of them may be followed by *NUMBER, +NUMBER.
 * An item may begin with a condition ?N=V: argument N equals V (decimal).
 * A null pointer is never touched.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/syscalls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/bits.h"
#include "base/xalloc.h"

#define ROW(name, fd, effect, memory)                 \
	{                                             \
		SYS_##name, fd, effect, #name, memory \
	}

/* Sorted by number: syscall_find() bisects. */
static const struct syscall_row rows[] = {
    ROW(read, 0, FDE_READ, "W1:r"),
    ROW(write, 0, FDE_WRITE, "R1:r"),
    ROW(open, -1, FDE_NEW, "R0:s"),
    ROW(close, 0, FDE_CLOSE, ""),
    ROW(stat, -1, FDE_NONE, "R0:s W1:144"),
    ROW(fstat, 0, FDE_NONE, "W1:144"),
    ROW(lstat, -1, FDE_NONE, "R0:s W1:144"),
    ROW(poll, -1, FDE_NONE, "R0:a1*8 W0:a1*8"),
    ROW(lseek, 0, FDE_SEEK, ""),
    ROW(mmap, 4, FDE_NONE, ""),
    ROW(mprotect, -1, FDE_NONE, ""),
    ROW(munmap, -1, FDE_NONE, ""),
    ROW(brk, -1, FDE_NONE, ""),
    ROW(rt_sigaction, -1, FDE_NONE, "R1:32 W2:32"),
    ROW(rt_sigprocmask, -1, FDE_NONE, "R1:8 W2:8"),
    ROW(rt_sigreturn, -1, FDE_NONE, ""),
    /* TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGPGRP, TIOCSPGRP, TIOCGWINSZ,
     * TIOCSWINSZ, FIONREAD, FIONBIO */
    ROW(ioctl, 0, FDE_NONE,
	"?1=21505W2:36 ?1=21506R2:36 ?1=21507R2:36 ?1=21508R2:36 "
	"?1=21519W2:4 ?1=21520R2:4 ?1=21523W2:8 ?1=21524R2:8 "
	"?1=21531W2:4 ?1=21537R2:4"),
    ROW(pread64, 0, FDE_PREAD, "W1:r"),
    ROW(pwrite64, 0, FDE_PWRITE, "R1:r"),
    ROW(readv, 0, FDE_READ, "V1"),
    ROW(writev, 0, FDE_WRITE, "V1"),
    ROW(access, -1, FDE_NONE, "R0:s"),
    ROW(pipe, -1, FDE_NONE, "W0:8"),
    ROW(select, -1, FDE_NONE,
	"R4:16 R1:a0/8 R2:a0/8 R3:a0/8 W1:a0/8 W2:a0/8 W3:a0/8 W4:16"),
    ROW(sched_yield, -1, FDE_NONE, ""),
    ROW(mremap, -1, FDE_NONE, ""),
    ROW(msync, -1, FDE_NONE, ""),
    ROW(mincore, -1, FDE_NONE, "W2:a1/4096"),
    ROW(madvise, -1, FDE_NONE, ""),
    ROW(shmget, -1, FDE_NONE, ""),
    ROW(shmat, -1, FDE_NONE, ""),
    ROW(shmctl, -1, FDE_NONE, "?1=2W2:112 ?1=1R2:112"),
    ROW(dup, 0, FDE_DUP, ""),
    ROW(dup2, 0, FDE_DUP, ""),
    ROW(pause, -1, FDE_NONE, ""),
    ROW(nanosleep, -1, FDE_NONE, "R0:16"),
    ROW(getitimer, -1, FDE_NONE, "W1:32"),
    ROW(alarm, -1, FDE_NONE, ""),
    ROW(setitimer, -1, FDE_NONE, "R1:32 W2:32"),
    ROW(getpid, -1, FDE_NONE, ""),
    ROW(sendfile, 0, FDE_NONE, "R2:8 W2:8"),
    ROW(socket, -1, FDE_NEW, ""),
    ROW(connect, 0, FDE_NONE, "R1:a2"),
    ROW(accept, 0, FDE_NEW, "R2:4 W1:16 W2:4"),
    ROW(sendto, 0, FDE_NONE, "R4:a5 R1:r"),
    ROW(recvfrom, 0, FDE_NONE, "W1:r R5:4 W4:16 W5:4"),
    ROW(sendmsg, 0, FDE_NONE, "R1:56 X"),
    ROW(recvmsg, 0, FDE_NONE, "R1:56 X W1:56"),
    ROW(shutdown, 0, FDE_NONE, ""),
    ROW(bind, 0, FDE_NONE, "R1:a2"),
    ROW(listen, 0, FDE_NONE, ""),
    ROW(getsockname, 0, FDE_NONE, "R2:4 W1:16 W2:4"),
    ROW(getpeername, 0, FDE_NONE, "R2:4 W1:16 W2:4"),
    ROW(socketpair, -1, FDE_NONE, "W3:8"),
    ROW(setsockopt, 0, FDE_NONE, "R3:a4"),
    ROW(getsockopt, 0, FDE_NONE, "R4:4 W4:4 W3:4"),
    ROW(clone, -1, FDE_NONE, ""), /* see capture_event.c */
    ROW(fork, -1, FDE_NONE, ""),
    ROW(vfork, -1, FDE_NONE, ""),
    ROW(execve, -1, FDE_NONE, "R0:s X"),
    ROW(exit, -1, FDE_NONE, ""),
    ROW(wait4, -1, FDE_NONE, "W1:4 W3:144"),
    ROW(kill, -1, FDE_NONE, ""),
    ROW(uname, -1, FDE_NONE, "W0:390"),
    ROW(semget, -1, FDE_NONE, ""),
    ROW(semop, -1, FDE_NONE, "R1:a2*6"),
    ROW(shmdt, -1, FDE_NONE, ""),
    ROW(msgsnd, -1, FDE_NONE, "R1:a2+8"),
    ROW(msgrcv, -1, FDE_NONE, "W1:r+8"),
    ROW(fcntl, 0, FDE_FCNTL,
	"?1=5R2:32 ?1=5W2:32 ?1=6R2:32 ?1=7R2:32 ?1=36R2:32 ?1=36W2:32 "
	"?1=37R2:32 ?1=38R2:32"),
    ROW(flock, 0, FDE_NONE, ""),
    ROW(fsync, 0, FDE_NONE, ""),
    ROW(fdatasync, 0, FDE_NONE, ""),
    ROW(truncate, -1, FDE_NONE, "R0:s"),
    ROW(ftruncate, 0, FDE_TRUNCATE, ""),
    ROW(getdents, 0, FDE_NONE, "W1:r"),
    ROW(getcwd, -1, FDE_NONE, "W0:r"),
    ROW(chdir, -1, FDE_NONE, "R0:s"),
    ROW(fchdir, 0, FDE_NONE, ""),
    ROW(rename, -1, FDE_NONE, "R0:s R1:s"),
    ROW(mkdir, -1, FDE_NONE, "R0:s"),
    ROW(rmdir, -1, FDE_NONE, "R0:s"),
    ROW(creat, -1, FDE_NEW, "R0:s"),
    ROW(link, -1, FDE_NONE, "R0:s R1:s"),
    ROW(unlink, -1, FDE_NONE, "R0:s"),
    ROW(symlink, -1, FDE_NONE, "R0:s R1:s"),
    ROW(readlink, -1, FDE_NONE, "R0:s W1:r"),
    ROW(chmod, -1, FDE_NONE, "R0:s"),
    ROW(fchmod, 0, FDE_NONE, ""),
    ROW(chown, -1, FDE_NONE, "R0:s"),
    ROW(fchown, 0, FDE_NONE, ""),
    ROW(lchown, -1, FDE_NONE, "R0:s"),
    ROW(gettimeofday, -1, FDE_NONE, "W0:16 W1:8"),
    ROW(getrlimit, -1, FDE_NONE, "W1:16"),
    ROW(getrusage, -1, FDE_NONE, "W1:144"),
    ROW(sysinfo, -1, FDE_NONE, "W0:112"),
    ROW(times, -1, FDE_NONE, "W0:32"),
    ROW(getgroups, -1, FDE_NONE, "W1:r*4"),
    ROW(setgroups, -1, FDE_NONE, "R1:a0*4"),
    ROW(getresuid, -1, FDE_NONE, "W0:4 W1:4 W2:4"),
    ROW(getresgid, -1, FDE_NONE, "W0:4 W1:4 W2:4"),
    ROW(rt_sigpending, -1, FDE_NONE, "W0:8"),
    ROW(rt_sigtimedwait, -1, FDE_NONE, "R0:8 R2:16 W1:128"),
    ROW(rt_sigqueueinfo, -1, FDE_NONE, "R2:128"),
    ROW(rt_sigsuspend, -1, FDE_NONE, "R0:8"),
    ROW(sigaltstack, -1, FDE_NONE, "R0:24 W1:24"),
    ROW(utime, -1, FDE_NONE, "R1:16 R0:s"),
    ROW(mknod, -1, FDE_NONE, "R0:s"),
    ROW(statfs, -1, FDE_NONE, "R0:s W1:120"),
    ROW(fstatfs, 0, FDE_NONE, "W1:120"),
    ROW(sched_setparam, -1, FDE_NONE, "R1:4"),
    ROW(sched_getparam, -1, FDE_NONE, "W1:4"),
    ROW(sched_setscheduler, -1, FDE_NONE, "R2:4"),
    ROW(mlock, -1, FDE_NONE, ""),
    ROW(munlock, -1, FDE_NONE, ""),
    ROW(mlockall, -1, FDE_NONE, ""),
    ROW(munlockall, -1, FDE_NONE, ""),
    /* PR_SET_NAME, PR_GET_NAME, PR_GET_PDEATHSIG */
    ROW(prctl, -1, FDE_NONE, "?0=15R1:16 ?0=16W1:16 ?0=2W1:4"),
    /* ARCH_GET_FS, ARCH_GET_GS */
    ROW(arch_prctl, -1, FDE_NONE, "?0=4099W1:8 ?0=4100W1:8"),
    ROW(setrlimit, -1, FDE_NONE, "R1:16"),
    ROW(chroot, -1, FDE_NONE, "R0:s"),
    ROW(gettid, -1, FDE_NONE, ""),
    ROW(readahead, 0, FDE_NONE, ""),
    ROW(setxattr, -1, FDE_NONE, "R0:s R1:s R2:a3"),
    ROW(lsetxattr, -1, FDE_NONE, "R0:s R1:s R2:a3"),
    ROW(fsetxattr, 0, FDE_NONE, "R1:s R2:a3"),
    ROW(getxattr, -1, FDE_NONE, "R0:s R1:s W2:r"),
    ROW(lgetxattr, -1, FDE_NONE, "R0:s R1:s W2:r"),
    ROW(fgetxattr, 0, FDE_NONE, "R1:s W2:r"),
    ROW(listxattr, -1, FDE_NONE, "R0:s W1:r"),
    ROW(llistxattr, -1, FDE_NONE, "R0:s W1:r"),
    ROW(flistxattr, 0, FDE_NONE, "W1:r"),
    ROW(time, -1, FDE_NONE, "W0:8"),
    ROW(futex, -1, FDE_NONE,
	"?1=128R3:16 ?1=0R3:16 ?1=137R3:16 ?1=265R3:16 ?1=393R3:16 "
	"?1=128R0:4 ?1=0R0:4 ?1=137R0:4 ?1=9R0:4 ?1=265R0:4 ?1=393R0:4 "
	"?1=134R0:4 ?1=6R0:4 ?1=135R0:4 ?1=7R0:4 ?1=4R0:4 ?1=132R0:4"),
    ROW(sched_setaffinity, -1, FDE_NONE, "R2:a1"),
    ROW(sched_getaffinity, -1, FDE_NONE, "W2:r"),
    ROW(epoll_create, -1, FDE_NEW, ""),
    ROW(getdents64, 0, FDE_NONE, "W1:r"),
    ROW(set_tid_address, -1, FDE_NONE, ""),
    ROW(semtimedop, -1, FDE_NONE, "R3:16 R1:a2*6"),
    ROW(fadvise64, 0, FDE_NONE, ""),
    ROW(timer_create, -1, FDE_NONE, "R1:64 W2:4"),
    ROW(timer_settime, -1, FDE_NONE, "R2:32 W3:32"),
    ROW(timer_gettime, -1, FDE_NONE, "W1:32"),
    ROW(clock_settime, -1, FDE_NONE, "R1:16"),
    ROW(clock_gettime, -1, FDE_NONE, "W1:16"),
    ROW(clock_getres, -1, FDE_NONE, "W1:16"),
    ROW(clock_nanosleep, -1, FDE_NONE, "R2:16"),
    ROW(exit_group, -1, FDE_NONE, ""),
    ROW(epoll_wait, 0, FDE_NONE, "W1:r*12"),
    ROW(epoll_ctl, 0, FDE_NONE, "R3:12"),
    ROW(tgkill, -1, FDE_NONE, ""),
    ROW(utimes, -1, FDE_NONE, "R1:32 R0:s"),
    ROW(mbind, -1, FDE_NONE, "R3:8"),
    ROW(set_mempolicy, -1, FDE_NONE, "R1:8"),
    ROW(get_mempolicy, -1, FDE_NONE, "W0:4 W1:8"),
    ROW(mq_open, -1, FDE_NEW, "R3:64 R0:s"),
    ROW(mq_timedsend, 0, FDE_NONE, "R4:16 R1:a2"),
    ROW(mq_timedreceive, 0, FDE_NONE, "R4:16 W1:r W3:4"),
    ROW(waitid, -1, FDE_NONE, "W4:144 W2:128"),
    ROW(inotify_init, -1, FDE_NEW, ""),
    ROW(inotify_add_watch, 0, FDE_NONE, "R1:s"),
    ROW(openat, 0, FDE_NEW, "R1:s"),
    ROW(mkdirat, 0, FDE_NONE, "R1:s"),
    ROW(mknodat, 0, FDE_NONE, "R1:s"),
    ROW(fchownat, 0, FDE_NONE, "R1:s"),
    ROW(futimesat, 0, FDE_NONE, "R2:32 R1:s"),
    ROW(newfstatat, 0, FDE_NONE, "R1:s W2:144"),
    ROW(unlinkat, 0, FDE_NONE, "R1:s"),
    ROW(renameat, 0, FDE_NONE, "R1:s R3:s"),
    ROW(linkat, 0, FDE_NONE, "R1:s R3:s"),
    ROW(symlinkat, -1, FDE_NONE, "R0:s R2:s"),
    ROW(readlinkat, 0, FDE_NONE, "R1:s W2:r"),
    ROW(fchmodat, 0, FDE_NONE, "R1:s"),
    ROW(faccessat, 0, FDE_NONE, "R1:s"),
    ROW(pselect6, -1, FDE_NONE,
	"R5:16 R4:16 R1:a0/8 R2:a0/8 R3:a0/8 W1:a0/8 W2:a0/8 W3:a0/8 "
	"W4:16"),
    ROW(ppoll, -1, FDE_NONE, "R2:16 R3:8 R0:a1*8 W0:a1*8 W2:16"),
    ROW(unshare, -1, FDE_NONE, ""),
    ROW(set_robust_list, -1, FDE_NONE, ""),
    ROW(get_robust_list, -1, FDE_NONE, "W2:8 W1:8"),
    ROW(splice, 0, FDE_NONE, "R1:8 R3:8 W1:8 W3:8"),
    ROW(tee, 0, FDE_NONE, ""),
    ROW(sync_file_range, 0, FDE_NONE, ""),
    ROW(vmsplice, 0, FDE_NONE, "V1"),
    ROW(move_pages, -1, FDE_NONE, "R2:a1*8 R3:a1*4 W4:a1*4"),
    ROW(utimensat, 0, FDE_NONE, "R2:32 R1:s"),
    ROW(epoll_pwait, 0, FDE_NONE, "R4:8 W1:r*12"),
    ROW(signalfd, -1, FDE_NEW, "R1:8"),
    ROW(timerfd_create, -1, FDE_NEW, ""),
    ROW(eventfd, -1, FDE_NEW, ""),
    ROW(fallocate, 0, FDE_NONE, ""),
    ROW(timerfd_settime, 0, FDE_NONE, "R2:32 W3:32"),
    ROW(timerfd_gettime, 0, FDE_NONE, "W1:32"),
    ROW(accept4, 0, FDE_NEW, "R2:4 W1:16 W2:4"),
    ROW(signalfd4, -1, FDE_NEW, "R1:8"),
    ROW(eventfd2, -1, FDE_NEW, ""),
    ROW(epoll_create1, -1, FDE_NEW, ""),
    ROW(dup3, 0, FDE_DUP, ""),
    ROW(pipe2, -1, FDE_NONE, "W0:8"),
    ROW(inotify_init1, -1, FDE_NEW, ""),
    ROW(preadv, 0, FDE_PREAD, "V1"),
    ROW(pwritev, 0, FDE_PWRITE, "V1"),
    ROW(rt_tgsigqueueinfo, -1, FDE_NONE, "R3:128"),
    ROW(perf_event_open, -1, FDE_NEW, "R0:64"),
    ROW(recvmmsg, 0, FDE_NONE, "R1:a2*64 X R4:16 W1:r*64"),
    ROW(prlimit64, -1, FDE_NONE, "R2:16 W3:16"),
    ROW(clock_adjtime, -1, FDE_NONE, "R1:208 W1:208"),
    ROW(sendmmsg, 0, FDE_NONE, "R1:a2*64 X W1:r*64"),
    ROW(getcpu, -1, FDE_NONE, "W0:4 W1:4"),
    ROW(process_vm_readv, -1, FDE_NONE, "V1"),
    ROW(process_vm_writev, -1, FDE_NONE, "V1"),
    ROW(sched_setattr, -1, FDE_NONE, "R1:48"),
    ROW(sched_getattr, -1, FDE_NONE, "W1:a2"),
    ROW(renameat2, 0, FDE_NONE, "R1:s R3:s"),
    ROW(seccomp, -1, FDE_NONE, "R2:16"),
    ROW(getrandom, -1, FDE_NONE, "W0:r"),
    ROW(memfd_create, -1, FDE_NEW, "R0:s"),
    ROW(execveat, 0, FDE_NONE, "R1:s X"),
    ROW(membarrier, -1, FDE_NONE, ""),
    ROW(mlock2, -1, FDE_NONE, ""),
    ROW(copy_file_range, 0, FDE_NONE, "R1:8 R3:8 W1:8 W3:8"),
    ROW(preadv2, 0, FDE_PREAD, "V1"),
    ROW(pwritev2, 0, FDE_PWRITE, "V1"),
    ROW(pkey_mprotect, -1, FDE_NONE, ""),
    ROW(statx, 0, FDE_NONE, "R1:s W4:256"),
    ROW(rseq, -1, FDE_NONE, ""),
    ROW(clone3, -1, FDE_NONE, "R0:a1"),
    ROW(close_range, -1, FDE_CLOSE_RANGE, ""),
    ROW(openat2, 0, FDE_NEW, "R2:a3 R1:s"),
    ROW(faccessat2, 0, FDE_NONE, "R1:s"),
    ROW(epoll_pwait2, 0, FDE_NONE, "R3:16 R4:8 W1:r*12"),
    ROW(memfd_secret, -1, FDE_NEW, ""),
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

const struct syscall_row *
syscall_find(uint32_t nr)
{
	size_t low = 0, high = N_ROWS;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (rows[mid].nr == nr)
			return &rows[mid];
		if (rows[mid].nr < nr)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct syscall_row *
syscall_row(size_t i)
{
	return i < N_ROWS ? &rows[i] : NULL;
}

void
ranges_add(struct user_ranges *r, uint64_t addr, uint64_t len, bool write)
{
	struct user_range *last = r->n ? &r->items[r->n - 1] : NULL;

	if (!addr || !len || addr + len < addr)
		return;
	if (last && last->write == write && last->addr + last->len == addr) {
		last->len += len;
		return;
	}
	r->items = xgrow(r->items, r->n, &r->cap, sizeof(*r->items));
	r->items[r->n++] = (struct user_range){addr, len, write};
}

/* One item of a row's .memory. */
struct item {
	char kind; /* R W V X */
	uint8_t arg;
	char base; /* s, r, a, or 0: a number */
	uint8_t base_arg;
	uint64_t number, times, plus, divide;
	bool conditional;
	uint8_t cond_arg;
	uint64_t cond_value;
};

static bool
get_number(const char **s, uint64_t *out)
{
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	*out = strtoull(*s, &end, 10);
	*s = end;
	return true;
}

static bool
get_arg(const char **s, uint8_t *arg)
{
	if (**s < '0' || **s > '5')
		return false;
	*arg = (uint8_t)(*(*s)++ - '0');
	return true;
}

static bool
get_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static bool
get_length(const char **s, struct item *it)
{
	if (**s == 's' || **s == 'r')
		it->base = *(*s)++;
	else if (**s == 'a') {
		it->base = *(*s)++;
		if (!get_arg(s, &it->base_arg))
			return false;
	} else if (!get_number(s, &it->number)) {
		return false;
	}
	while (**s == '*' || **s == '+' || **s == '/') {
		char op = *(*s)++;

		if (!get_number(s, op == '*'   ? &it->times
				   : op == '+' ? &it->plus
					       : &it->divide))
			return false;
	}
	return it->divide != 0;
}

/* The next item at *s; false at the end (kind 0) or where it is malformed. */
static bool
get_item(const char **s, struct item *it)
{
	*it = (struct item){.times = 1, .divide = 1};
	while (**s == ' ')
		(*s)++;
	if (**s == '?') {
		(*s)++;
		it->conditional = true;
		if (!get_arg(s, &it->cond_arg) || !get_char(s, '=') ||
		    !get_number(s, &it->cond_value))
			return false;
	}
	it->kind = **s;
	if (!it->kind || !strchr("RWVX", it->kind))
		return false;
	(*s)++;
	if (it->kind == 'X')
		return true;
	if (!get_arg(s, &it->arg))
		return false;
	if (it->kind == 'V')
		return true;
	return get_char(s, ':') && get_length(s, it);
}

bool
syscall_row_valid(const struct syscall_row *row)
{
	const char *s = row->memory;
	struct item it;

	while (get_item(&s, &it))
		;
	return !*s && !it.kind;
}

static uint64_t
item_length(const struct item *it, const struct syscall_use *use)
{
	uint64_t n = it->number;

	if (it->base == 's') {
		/* Unknown: names are short; a byte gives the page. */
		int64_t len = use->strings[it->arg];

		n = len < 0 ? 1 : (uint64_t)len + 1;
	} else if (it->base == 'r') {
		n = use->ret > 0 ? (uint64_t)use->ret : 0;
	} else if (it->base == 'a') {
		n = use->args[it->base_arg] & UINT32_MAX;
	}
	n = (n + it->divide - 1) / it->divide * it->times;
	return n ? n + it->plus : 0;
}

/* The vectors' contents: no more than the call transferred. */
static void
add_vectors(const struct syscall_use *use, bool bounded,
	    struct user_ranges *out)
{
	uint64_t left = use->ret > 0 ? (uint64_t)use->ret : 0;

	for (uint32_t i = 0; i < use->n_vectors; i++) {
		const struct user_range *v = &use->vectors[i];
		uint64_t len = bounded ? min_u64(v->len, left) : v->len;

		ranges_add(out, v->addr, len, v->write);
		left -= min_u64(len, left);
	}
}

static void
add_item(const struct item *it, const struct syscall_use *use,
	 struct user_ranges *out)
{
	if (it->conditional && use->args[it->cond_arg] != it->cond_value)
		return;
	if (it->kind == 'W' && use->ret < 0)
		return;
	if (it->kind == 'X') {
		add_vectors(use, false, out);
	} else if (it->kind == 'V') {
		ranges_add(out, use->args[it->arg],
			   (use->args[it->arg + 1] & UINT32_MAX) * 16, false);
		add_vectors(use, true, out);
	} else {
		ranges_add(out, use->args[it->arg], item_length(it, use),
			   it->kind == 'W');
	}
}

void
syscall_ranges(const struct syscall_row *row, const struct syscall_use *use,
	       struct user_ranges *out)
{
	const char *s = row->memory;
	struct item it;

	while (get_item(&s, &it))
		add_item(&it, use, out);
}
