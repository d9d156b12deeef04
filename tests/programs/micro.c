/*
 * micro.c - one thing a memory manager does at a time, for comparing faults
 * with the kernel's one by one.
 *
 * micro STEP: each step of the table at the end does what its name says, on
 * memory of its own; micro alone lists them.  Files are made in the current
 * directory and removed.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096l
#define HUGE  (512 * PAGE)
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define GUARD 102 /* MADV_GUARD_INSTALL, Linux 6.13 */

extern char **environ;

static void
must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static volatile char *
map(long pages, int prot, int flags, int fd)
{
	char *m = mmap(NULL, (size_t)(pages * PAGE), prot, flags, fd, 0);

	must(m != MAP_FAILED, "mmap");
	return m;
}

static void
get(volatile char *m, long from, long to)
{
	for (long i = from; i < to; i++)
		(void)m[i * PAGE];
}

static void
put(volatile char *m, long from, long to)
{
	for (long i = from; i < to; i++)
		m[i * PAGE] = (char)(i + 1);
}

static void
advise(volatile char *m, long pages, int advice)
{
	madvise((char *)m, (size_t)(pages * PAGE), advice);
}

static void
protect(volatile char *m, long pages, int prot)
{
	must(!mprotect((char *)m, (size_t)(pages * PAGE), prot), "mprotect");
}

/* A file of so many pages, in memory or not, without a name. */
static int
file(long pages, bool cold)
{
	char page[PAGE], name[] = "micro.XXXXXX";
	int fd = mkstemp(name);

	must(fd >= 0, "mkstemp");
	unlink(name);
	memset(page, 'x', sizeof(page));
	for (long i = 0; i < pages; i++)
		must(write(fd, page, PAGE) == PAGE, "write");
	must(!fsync(fd), "fsync");
	if (cold)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return fd;
}

static void
join(pid_t pid)
{
	must(pid > 0 && waitpid(pid, NULL, 0) == pid, "waitpid");
}

/* Signals that a step provokes and handles. */
static sigjmp_buf back;
static volatile sig_atomic_t seen;

static void
on_signal(int nr, siginfo_t *info, void *context)
{
	(void)context;
	seen = nr * 100 + info->si_code;
	siglongjmp(back, 1);
}

static void
expect(volatile char *at, bool write, int nr, int code)
{
	struct sigaction a = {.sa_sigaction = on_signal,
			      .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
	seen = 0;
	if (!sigsetjmp(back, 1)) {
		if (write)
			*at = 1;
		else
			(void)*at;
	}
	must(seen == nr * 100 + code, "the signal expected");
}

/* Anonymous memory --------------------------------------------------------- */

static void
anon(void)
{
	volatile char *m = map(200, RW, ANON, -1);

	get(m, 0, 100);
	put(m, 0, 100);
	put(m, 100, 200);
	advise(m, 200, MADV_DONTNEED);
	put(m, 0, 200);
	advise(m, 200, MADV_FREE);
	put(m, 0, 200);
}

static void
rights(void)
{
	volatile char *m = map(100, RW, ANON, -1);

	put(m, 0, 50);
	get(m, 50, 100);
	protect(m, 100, PROT_READ);
	get(m, 0, 100);
	protect(m, 100, RW);
	put(m, 0, 100);
	protect(m, 100, PROT_NONE);
	protect(m, 100, RW);
	put(m, 0, 100);
}

static void
populate(void)
{
	volatile char *m = map(100, RW, ANON | MAP_POPULATE, -1);

	put(m, 0, 100);
	m = map(100, PROT_READ, ANON | MAP_POPULATE, -1);
	get(m, 0, 100);
	m = map(100, RW, ANON, -1);
	advise(m, 100, MADV_POPULATE_READ);
	put(m, 0, 100);
	m = map(100, RW, ANON, -1);
	advise(m, 100, MADV_POPULATE_WRITE);
	put(m, 0, 100);
	m = map(100, RW, ANON | MAP_LOCKED, -1);
	put(m, 0, 100);
	m = map(64, RW, ANON, -1);
	must(!mlock((char *)m, 64 * PAGE), "mlock");
	put(m, 0, 64);
	m = map(64, RW, ANON, -1);
	mlock2((char *)m, 64 * PAGE, MLOCK_ONFAULT); /* Valgrind lacks it */
	put(m, 0, 64);
}

static void
moved(void)
{
	volatile char *m = map(100, RW, ANON, -1), *to;

	put(m, 0, 100);
	m = mremap((char *)m, 100 * PAGE, 300 * PAGE, MREMAP_MAYMOVE);
	must(m != MAP_FAILED, "mremap");
	put(m, 0, 300);
	m = mremap((char *)m, 300 * PAGE, 50 * PAGE, 0);
	put(m, 0, 50);
	to = map(50, RW, ANON, -1);
	m = mremap((char *)m, 50 * PAGE, 50 * PAGE,
		   MREMAP_MAYMOVE | MREMAP_FIXED, to);
	must(m == to, "mremap to a place");
	put(m, 0, 50);
}

static void
advised(void)
{
	volatile char *m = map(64, RW, ANON, -1);
	volatile char *f = map(64, RW, MAP_SHARED, file(64, false));
	pid_t pid;

	put(m, 0, 64);
	advise(m, 16, MADV_DONTFORK);
	advise(m + 16 * PAGE, 16, MADV_WIPEONFORK);
	pid = fork();
	if (!pid) {
		get(m, 16, 64);
		put(m, 16, 64);
		_exit(0);
	}
	join(pid);
	put(m, 0, 64);
	put(f, 0, 64);
	advise(f, 16, MADV_REMOVE);
	get(f, 0, 64);
	advise(f, 64, MADV_DONTNEED);
	get(f, 0, 64);
}

static void
stack(void)
{
	volatile char deep[200 * PAGE];

	for (long i = 199; i >= 0; i--)
		deep[i * PAGE] = 1;
	(void)deep[0];
}

static void
heap(void)
{
	volatile char *m = sbrk(98 * PAGE);

	put(m, 0, 98);
}

static void
grows_down(void)
{
	volatile char *m = mmap((void *)0x20000000, 16 * PAGE, RW,
				ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);

	must(m != MAP_FAILED, "mmap");
	put(m, 8, 16);
	put(m, 0, 8);
}

static void
huge(void)
{
	char *m = (char *)map(3 * 512, RW, ANON, -1);
	volatile char *h =
	    (char *)(((uintptr_t)m + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	pid_t pid;

	advise(h, 512, MADV_HUGEPAGE);
	put(h, 0, 512);
	pid = fork();
	if (!pid) {
		put(h, 0, 512);
		_exit(0);
	}
	join(pid);
	put(h, 0, 512);
	protect(h, 100, PROT_READ);
	get(h, 0, 512);
	advise(h, 512, MADV_DONTNEED);
	get(h, 0, 512);
	protect(h, 100, RW);
	put(h, 0, 512);
}

/* The pool may be empty: then there is nothing to see.  A page that becomes
 * writable is written once: a hypervisor that shadows page tables in pieces of
 * 4 KiB lets each piece fault. */
static void
hugetlb(void)
{
	volatile char *m, *s;
	pid_t pid;

	m = mmap(NULL, 3 * HUGE, RW, ANON | MAP_HUGETLB, -1, 0);
	if (m == MAP_FAILED)
		return;
	s = mmap(NULL, HUGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1,
		 0);
	put(m, 0, 512);
	get(m, 512, 1024);
	put(m, 600, 601);
	pid = fork();
	if (!pid) {
		get(m, 0, 1024);
		put(m, 0, 512);
		if (s != MAP_FAILED)
			put(s, 0, 512);
		_exit(0);
	}
	join(pid);
	put(m, 7, 8);
	put(m, 600, 601);
	if (s != MAP_FAILED)
		get(s, 0, 512);
	protect(m, 512, PROT_READ);
	protect(m, 512, RW);
	put(m, 8, 9);
	advise(m, 512, MADV_DONTNEED);
	put(m, 0, 512);
}

static void
locked(void)
{
	volatile char *m = map(64, RW, ANON, -1), *n = map(64, RW, ANON, -1);

	put(m, 0, 8);
	if (mlock((char *)m, 64 * PAGE))
		return;
	put(m, 0, 64);
	must(!mlock2((char *)n, 64 * PAGE, MLOCK_ONFAULT), "mlock2");
	put(n, 0, 64);
	advise(n, 64, MADV_DONTNEED);
	munlock((char *)m, 64 * PAGE);
	advise(m, 64, MADV_DONTNEED);
	get(m, 0, 64);
}

static void
collapsed(void)
{
	char *m = (char *)map(2 * 512, RW, ANON, -1);
	volatile char *h =
	    (char *)(((uintptr_t)m + HUGE - 1) & ~(uintptr_t)(HUGE - 1));

	put(h, 0, 300);
	advise(h, 512, 25 /* MADV_COLLAPSE */);
	put(h, 0, 512);
	protect(h, 512, PROT_READ);
	get(h, 0, 512);
}

/* Code that is written, then run. */
static void
compiled(void)
{
	char *m = (char *)map(16, RW | PROT_EXEC, ANON, -1);

	for (int i = 0; i < 16; i++)
		m[i * PAGE] = (char)0xc3; /* ret */
	for (int i = 0; i < 16; i++)
		((void (*)(void))(uintptr_t)(m + i * PAGE))();
	protect(m, 16, PROT_READ | PROT_EXEC);
	for (int i = 0; i < 16; i++)
		((void (*)(void))(uintptr_t)(m + i * PAGE))();
}

static void
split(void)
{
	volatile char *m = map(64, RW, ANON, -1);

	put(m, 0, 64);
	for (long i = 0; i < 64; i += 4)
		protect(m + i * PAGE, 2, PROT_READ);
	get(m, 0, 64);
	for (long i = 0; i < 64; i += 4)
		protect(m + i * PAGE, 2, RW);
	put(m, 0, 64);
	for (long i = 0; i < 64; i += 8)
		must(!munmap((char *)m + i * PAGE, PAGE), "munmap");
	put(m, 1, 8);
	must(mmap((char *)m, 64 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == m,
	     "mmap");
	put(m, 0, 64);
}

/* Files -------------------------------------------------------------------- */

static void
file_private(void)
{
	int fd = file(256, false);
	volatile char *m = map(256, RW, MAP_PRIVATE, fd);

	get(m, 0, 128);
	put(m, 64, 192);
	advise(m, 256, MADV_DONTNEED);
	put(m, 0, 32);
	get(m, 0, 256);
}

static void
file_shared(void)
{
	int fd = file(256, false);
	volatile char *m = map(256, RW, MAP_SHARED, fd);
	volatile char *r = map(256, PROT_READ, MAP_SHARED, fd);

	get(m, 0, 128);
	put(m, 0, 256);
	must(!msync((char *)m, 256 * PAGE, MS_SYNC), "msync");
	put(m, 0, 64);
	must(!msync((char *)m, 256 * PAGE, MS_ASYNC), "msync");
	put(m, 0, 64);
	must(!fsync(fd), "fsync");
	put(m, 0, 64);
	get(r, 0, 256);
}

static void
cold_normal(void)
{
	get(map(1024, PROT_READ, MAP_PRIVATE, file(1024, true)), 0, 1024);
}

static void
cold_sequential(void)
{
	volatile char *m = map(1024, PROT_READ, MAP_PRIVATE, file(1024, true));

	advise(m, 1024, MADV_SEQUENTIAL);
	get(m, 0, 1024);
}

static void
cold_random(void)
{
	volatile char *m = map(256, PROT_READ, MAP_PRIVATE, file(256, true));

	advise(m, 256, MADV_RANDOM);
	get(m, 0, 256);
}

static void
cold_write(void)
{
	put(map(256, RW, MAP_SHARED, file(256, true)), 100, 101);
	put(map(256, RW, MAP_PRIVATE, file(256, true)), 100, 101);
}

static void
truncated(void)
{
	int fd = file(64, false);
	volatile char *m = map(64, RW, MAP_SHARED, fd);

	get(m, 0, 64);
	put(m, 0, 64);
	must(!ftruncate(fd, 32 * PAGE), "ftruncate");
	expect(m + 40 * PAGE, false, SIGBUS, BUS_ADRERR);
	put(m, 0, 32);
	must(!ftruncate(fd, 64 * PAGE), "ftruncate");
	put(m, 0, 64);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			8 * PAGE, 16 * PAGE),
	     "fallocate");
	put(m, 0, 64);
}

static void
read_write(void)
{
	int fd = file(64, false);
	volatile char *m = map(64, RW, ANON, -1);
	volatile char *f = map(64, PROT_READ, MAP_SHARED, fd);

	must(pread(fd, (char *)m, 64 * PAGE, 0) == 64 * PAGE, "pread");
	put(m, 0, 64);
	must(pwrite(fd, (char *)m, 64 * PAGE, 0) == 64 * PAGE, "pwrite");
	get(f, 0, 64);
	m = map(64, RW, ANON, -1);
	must(pwrite(fd, (char *)m, 64 * PAGE, 0) == 64 * PAGE, "pwrite");
}

/* A file that is all hole: made longer, never written. */
static int
hole(long pages)
{
	int fd = file(0, false);

	must(!ftruncate(fd, pages * PAGE), "ftruncate");
	return fd;
}

static void
hole_written(void)
{
	put(map(256, RW, MAP_SHARED, hole(256)), 0, 256);
}

static void
hole_read(void)
{
	get(map(256, PROT_READ, MAP_SHARED, hole(256)), 0, 256);
	get(map(256, RW, MAP_PRIVATE, hole(256)), 0, 256);
}

static void
hole_strided(void)
{
	volatile char *m = map(1024, RW, MAP_SHARED, hole(1024));

	for (long i = 1023; i >= 0; i -= 7)
		put(m, i, i + 1);
	put(m, 0, 1024);
}

static void
grown(void)
{
	int fd = file(16, false);
	volatile char *m = map(128, RW, MAP_SHARED, fd);

	put(m, 0, 16);
	expect(m + 20 * PAGE, true, SIGBUS, BUS_ADRERR);
	must(!ftruncate(fd, 100 * PAGE + 10), "ftruncate");
	put(m, 0, 101);
	expect(m + 101 * PAGE, true, SIGBUS, BUS_ADRERR);
}

static void
written_and_mapped(void)
{
	static char bytes[64 * PAGE];
	int fd = file(0, false);
	volatile char *m = map(64, RW, MAP_SHARED, fd);

	must(write(fd, bytes, sizeof(bytes)) == sizeof(bytes), "write");
	get(m, 0, 32);
	put(m, 0, 64);
	must(!fdatasync(fd), "fdatasync");
	must(pwrite(fd, bytes, 16 * PAGE, 0) == 16 * PAGE, "pwrite");
	put(m, 0, 64);
	must(!sync_file_range(fd, 0, 0,
			      SYNC_FILE_RANGE_WAIT_BEFORE |
				  SYNC_FILE_RANGE_WRITE |
				  SYNC_FILE_RANGE_WAIT_AFTER),
	     "sync_file_range");
	put(m, 0, 64);
}

static void
copied_files(void)
{
	static char bytes[16 * PAGE];
	int from = file(64, false), to = file(0, false);

	while (read(from, bytes, sizeof(bytes)) > 0)
		;
	must(!lseek(from, 0, SEEK_SET), "lseek");
	for (ssize_t n; (n = read(from, bytes, sizeof(bytes))) > 0;)
		must(write(to, bytes, (size_t)n) == n, "write");
	get(map(64, PROT_READ, MAP_PRIVATE, to), 0, 64);
}

/* Shared memory ------------------------------------------------------------ */

static void
memory_file(void)
{
	int fd = memfd_create("micro", 0);
	volatile char *m, *r;

	must(fd >= 0 && !ftruncate(fd, 128 * PAGE), "memfd_create");
	m = map(128, RW, MAP_SHARED, fd);
	get(m, 0, 64);
	put(m, 0, 64);
	put(m, 64, 128);
	r = map(128, PROT_READ, MAP_SHARED, fd);
	get(r, 0, 128);
	must(!munmap((char *)m, 128 * PAGE), "munmap");
	m = map(128, RW, MAP_PRIVATE, fd);
	put(m, 0, 64);
}

static void
system_v(void)
{
	int id = shmget(IPC_PRIVATE, 64 * PAGE, IPC_CREAT | 0600);
	volatile char *m, *r;
	pid_t pid;

	must(id >= 0, "shmget");
	m = shmat(id, NULL, 0);
	r = shmat(id, NULL, SHM_RDONLY);
	must(m != (char *)-1 && r != (char *)-1, "shmat");
	shmctl(id, IPC_RMID, NULL);
	put(m, 0, 32);
	get(r, 0, 64);
	pid = fork();
	if (!pid) {
		put(m, 0, 64);
		expect(r, true, SIGSEGV, SEGV_ACCERR);
		_exit(0);
	}
	join(pid);
	put(m, 0, 64);
	shmdt((char *)m);
	get(r, 0, 64);
}

static void
anon_shared(void)
{
	volatile char *m = map(64, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	int zero = open("/dev/zero", O_RDWR);
	volatile char *p = map(64, RW, MAP_PRIVATE, zero);
	volatile char *s = map(64, RW, MAP_SHARED, zero);
	pid_t pid;

	put(m, 0, 16);
	put(p, 0, 16);
	pid = fork();
	if (!pid) {
		put(m, 0, 64);
		put(p, 0, 64);
		put(s, 0, 64);
		_exit(0);
	}
	join(pid);
	get(m, 0, 64);
	get(p, 0, 64);
	get(s, 0, 64);
	put(p, 0, 64);
}

static void
punched(void)
{
	int fd = memfd_create("micro", 0);
	volatile char *m;

	must(fd >= 0 && !ftruncate(fd, 64 * PAGE), "memfd_create");
	m = map(64, RW, MAP_SHARED, fd);
	put(m, 0, 64);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			8 * PAGE, 16 * PAGE),
	     "fallocate");
	get(m, 0, 64);
	advise(m + 32 * PAGE, 16, MADV_REMOVE);
	put(m, 0, 64);
	must(!ftruncate(fd, 16 * PAGE), "ftruncate");
	expect(m + 20 * PAGE, false, SIGBUS, BUS_ADRERR);
	put(m, 0, 16);
}

/* Two views of one memory, with different rights; the pages move. */
static void
two_views(void)
{
	int fd = memfd_create("micro", 0);
	volatile char *m, *r, *n;

	must(fd >= 0 && !ftruncate(fd, 64 * PAGE), "memfd_create");
	m = map(64, RW, MAP_SHARED, fd);
	put(m, 0, 32);
	r = map(64, PROT_READ, MAP_SHARED, fd);
	get(r, 0, 64);
	n = mremap((char *)m, 0, 64 * PAGE, MREMAP_MAYMOVE);
	must(n != MAP_FAILED, "mremap");
	put(n, 0, 64);
	m = mremap((char *)m, 64 * PAGE, 64 * PAGE,
		   MREMAP_MAYMOVE | 4 /* MREMAP_DONTUNMAP */);
	if (m != MAP_FAILED)
		put(m, 0, 64);
}

/* Processes ---------------------------------------------------------------- */

static void
forked(void)
{
	volatile char *m = map(200, RW, ANON, -1);
	volatile char *f = map(128, PROT_READ, MAP_PRIVATE, file(128, false));
	pid_t pid;

	put(m, 0, 200);
	get(f, 0, 128);
	pid = fork();
	if (!pid) {
		get(m, 0, 200);
		put(m, 0, 50);
		get(f, 0, 128);
		_exit(0);
	}
	join(pid);
	put(m, 0, 200);
}

static void
grandchild(void)
{
	volatile char *m = map(60, RW, ANON, -1);
	pid_t pid;

	put(m, 0, 60);
	pid = fork();
	if (!pid) {
		put(m, 0, 30);
		pid = fork();
		if (!pid) {
			put(m, 0, 60);
			_exit(0);
		}
		join(pid);
		put(m, 0, 60);
		_exit(0);
	}
	join(pid);
	put(m, 0, 60);
}

static void
spawned(void)
{
	char true_name[] = "true", *args[] = {true_name, NULL};
	volatile char *m = map(50, RW, ANON, -1);
	pid_t pid;

	put(m, 0, 50);
	must(!posix_spawn(&pid, "/bin/true", NULL, NULL, args, environ),
	     "posix_spawn");
	join(pid);
	put(m, 0, 50);
	pid = vfork();
	if (!pid)
		_exit(0);
	join(pid);
	put(m, 0, 50);
}

static void *
thread(void *m)
{
	put(m, 0, 32);
	return NULL;
}

static void
threads(void)
{
	volatile char *m = map(128, RW, ANON, -1);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		must(!pthread_create(&t[i], NULL, thread,
				     (char *)m + i * 32 * PAGE),
		     "pthread_create");
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	put(m, 0, 128);
}

/* Signals ------------------------------------------------------------------ */

static void
fork_advised(void)
{
	volatile char *m = map(96, RW, ANON, -1);
	pid_t pid;

	put(m, 0, 96);
	advise(m, 32, MADV_WIPEONFORK);
	advise(m + 32 * PAGE, 32, MADV_DONTFORK);
	pid = fork();
	if (!pid) {
		get(m, 0, 32);
		put(m, 0, 32);
		expect(m + 40 * PAGE, false, SIGSEGV, SEGV_MAPERR);
		put(m, 64, 96);
		_exit(0);
	}
	join(pid);
	put(m, 0, 96);
}

/* Copied, read back by the kernel, given away, with pages never written. */
static void
fork_piped(void)
{
	volatile char *m = map(64, RW, ANON, -1);
	int pipes[2];
	pid_t pid;

	put(m, 0, 16);
	get(m, 16, 32);
	must(!pipe(pipes), "pipe");
	pid = fork();
	if (!pid) {
		must(write(pipes[1], (char *)m, 8 * PAGE) == 8 * PAGE, "write");
		put(m, 8, 64);
		_exit(0);
	}
	for (long got = 0; got < 8 * PAGE;) {
		ssize_t n = read(pipes[0], (char *)m + got, 8 * PAGE);

		must(n > 0, "read");
		got += n;
	}
	join(pid);
	put(m, 0, 64);
}

static void *
use_stack(void *unused)
{
	volatile char deep[48 * PAGE];

	(void)unused;
	put(deep, 0, 48);
	return NULL;
}

static void
thread_stacks(void)
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++) {
		must(!pthread_create(&t[i], NULL, use_stack, NULL),
		     "pthread_create");
		pthread_join(t[i], NULL);
	}
}

static void
refused(void)
{
	volatile char *m = map(16, RW, ANON, -1);
	volatile char *r = map(16, PROT_READ, ANON, -1);
	volatile char *n = map(16, PROT_NONE, ANON, -1);
	volatile char *f = map(16, PROT_READ, MAP_PRIVATE, file(4, false));

	expect(r, true, SIGSEGV, SEGV_ACCERR);
	get(r, 0, 16);
	expect(r, true, SIGSEGV, SEGV_ACCERR);
	expect(n, false, SIGSEGV, SEGV_ACCERR);
	expect(f + 8 * PAGE, false, SIGBUS, BUS_ADRERR);
	put(m, 0, 16);
	must(!munmap((char *)m, 16 * PAGE), "munmap");
	expect(m, false, SIGSEGV, SEGV_MAPERR);
	m = map(16, RW, ANON, -1);
	put(m, 0, 16);
	if (!madvise((char *)m, 8 * PAGE, GUARD))
		expect(m, false, SIGSEGV, SEGV_MAPERR);
	put(m, 8, 16);
}

static const struct {
	const char *name;
	void (*run)(void);
} steps[] = {
    {"anon", anon},
    {"rights", rights},
    {"populate", populate},
    {"moved", moved},
    {"advised", advised},
    {"stack", stack},
    {"heap", heap},
    {"grows-down", grows_down},
    {"huge", huge},
    {"hugetlb", hugetlb},
    {"locked", locked},
    {"collapsed", collapsed},
    {"compiled", compiled},
    {"split", split},
    {"file-private", file_private},
    {"file-shared", file_shared},
    {"cold-normal", cold_normal},
    {"cold-sequential", cold_sequential},
    {"cold-random", cold_random},
    {"cold-write", cold_write},
    {"truncated", truncated},
    {"read-write", read_write},
    {"hole-written", hole_written},
    {"hole-read", hole_read},
    {"hole-strided", hole_strided},
    {"grown", grown},
    {"written-mapped", written_and_mapped},
    {"copied-files", copied_files},
    {"memory-file", memory_file},
    {"punched", punched},
    {"two-views", two_views},
    {"system-v", system_v},
    {"anon-shared", anon_shared},
    {"forked", forked},
    {"grandchild", grandchild},
    {"spawned", spawned},
    {"fork-advised", fork_advised},
    {"fork-piped", fork_piped},
    {"threads", threads},
    {"thread-stacks", thread_stacks},
    {"refused", refused},
};

int
main(int argc, char **argv)
{
	bool ran = false;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (argc < 2)
			puts(steps[i].name);
		else if (!strcmp(argv[1], steps[i].name)) {
			steps[i].run();
			ran = true;
		}
	}
	return argc > 1 && !ran;
}
