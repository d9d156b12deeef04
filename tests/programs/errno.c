/*
 * errno.c - every way in which a call on mappings can fail that needs no
 * setting of the machine, one after the other, and the ways near it that
 * succeed.
 *
 * Prints each that did not end as expected, and exits 1 then.  errno -v prints
 * all.  errno -o leaves out those that Valgrind answers itself and not as
 * Linux does (coregrind/m_syswrap/syswrap-generic.c and syswrap-linux.c of
 * Valgrind 3.19).  Files are made in the current directory and removed.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define PAGE    4096ul
#define RW      (PROT_READ | PROT_WRITE)
#define ANON    (MAP_PRIVATE | MAP_ANONYMOUS)
#define NOWHERE 0x100000000000ul /* nothing is mapped here */

#define VALIDATE       3 /* MAP_SHARED_VALIDATE */
#define SYNC           0x80000
#define NOREPLACE      0x100000
#define DONTUNMAP      4
#define GROWSDOWN      0x01000000
#define GROWSUP        0x02000000
#define COLLAPSE       25
#define POPULATE_READ  22
#define POPULATE_WRITE 23

static bool verbose, not_own, failed;

static void
must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(2);
}

/* A call made by number, without a libc that checks first: its result, or
 * -errno. */
static long
call(long nr, unsigned long a, unsigned long b, unsigned long c,
     unsigned long d, unsigned long e, unsigned long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret == -1 ? -errno : ret;
}

static const char *
name_of(long ret)
{
	return ret < 0 ? strerrorname_np((int)-ret) : "done";
}

/* want: 0 for anything that is no error, or -errno. */
static void
expect(const char *what, long ret, long want)
{
	bool good = want ? ret == want : ret >= 0;

	if (!good)
		failed = true;
	if (verbose || !good)
		printf("%s %s: %s, expected %s\n", good ? "    " : "BAD ", what,
		       name_of(ret), name_of(want));
}

static char *
map(unsigned long pages, int prot, int flags, int fd)
{
	char *m = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	must(m != MAP_FAILED, "mmap");
	return m;
}

static int
new_file(int flags, unsigned long pages)
{
	static const char name[] = "errno.tmp";
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600), again;

	must(fd >= 0, name);
	must(!ftruncate(fd, (off_t)(pages * PAGE)), "ftruncate");
	again = open(name, flags);
	must(again >= 0, name);
	unlink(name);
	close(fd);
	return again;
}

#define MMAP(a, len, prot, fl, fd, off)                                \
	call(SYS_mmap, (unsigned long)(a), len, (unsigned long)(prot), \
	     (unsigned long)(fl), (unsigned long)(long)(fd),           \
	     (unsigned long)(off))

static bool strict; /* vm.overcommit_memory is 2 */

/* What a request for more than the machine has ends in. */
static long
overcommits(void)
{
	FILE *in = fopen("/proc/sys/vm/overcommit_memory", "r");
	int how = 0;

	must(in && fscanf(in, "%d", &how) == 1, "overcommit_memory");
	fclose(in);
	strict = how == 2;
	return how == 1 ? 0 : -ENOMEM;
}

/* More bytes than memory and swap. */
static unsigned long
beyond(void)
{
	struct sysinfo si;

	must(!sysinfo(&si), "sysinfo");
	return (si.totalram + si.totalswap) * si.mem_unit + (1ul << 30);
}

static void
mmap_arguments(void)
{
	char *m = map(4, RW, ANON, -1);

	expect("mmap length 0", MMAP(0, 0, RW, ANON, -1, 0), -EINVAL);
	expect("mmap without type", MMAP(0, PAGE, RW, MAP_ANONYMOUS, -1, 0),
	       -EINVAL);
	expect("mmap unaligned offset", MMAP(0, PAGE, RW, ANON, -1, 1),
	       -EINVAL);
	expect("mmap unaligned fixed address",
	       MMAP(m + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
	expect("mmap shared that grows",
	       MMAP(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1,
		    0),
	       -EINVAL);
	expect("mmap bad descriptor", MMAP(0, PAGE, RW, MAP_PRIVATE, 99, 0),
	       -EBADF);
	expect("mmap no descriptor", MMAP(0, PAGE, RW, MAP_PRIVATE, -1, 0),
	       -EBADF);
	expect("mmap fixed beyond user memory",
	       MMAP(1ul << 47, PAGE, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
	expect("mmap more than there is", MMAP(0, beyond(), RW, ANON, -1, 0),
	       overcommits());
	expect("mmap more than there is, not reserved",
	       MMAP(0, beyond(), RW, ANON | MAP_NORESERVE, -1, 0),
	       strict ? -ENOMEM : 0);
	if (not_own)
		return;
	expect("mmap over something",
	       MMAP(m, PAGE, RW, ANON | NOREPLACE, -1, 0), -EEXIST);
	expect("mmap too much", MMAP(0, 1ul << 47, RW, ANON, -1, 0), -ENOMEM);
	expect("mmap all of it", MMAP(0, -PAGE, RW, ANON, -1, 0), -ENOMEM);
	expect("munmap all of it", munmap(m, 4 * PAGE), 0);
}

static void
mmap_files(void)
{
	int ro = new_file(O_RDONLY, 2), wo = new_file(O_WRONLY, 2);
	int rw = new_file(O_RDWR, 2), ap = new_file(O_RDWR | O_APPEND, 2);
	int dir = open(".", O_RDONLY | O_DIRECTORY), pipes[2];

	must(dir >= 0 && !pipe(pipes), "open");
	expect("mmap shared and writable, read-only file",
	       MMAP(0, PAGE, RW, MAP_SHARED, ro, 0), -EACCES);
	expect("mmap shared, read-only file",
	       MMAP(0, PAGE, PROT_READ, MAP_SHARED, ro, 0), 0);
	expect("mmap private and writable, read-only file",
	       MMAP(0, PAGE, RW, MAP_PRIVATE, ro, 0), 0);
	expect("mmap write-only file",
	       MMAP(0, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), -EACCES);
	expect("mmap write-only file, shared",
	       MMAP(0, PAGE, PROT_WRITE, MAP_SHARED, wo, 0), -EACCES);
	expect("mmap directory", MMAP(0, PAGE, PROT_READ, MAP_PRIVATE, dir, 0),
	       -ENODEV);
	expect("mmap pipe", MMAP(0, PAGE, PROT_READ, MAP_PRIVATE, pipes[0], 0),
	       -ENODEV);
	expect("mmap file without type", MMAP(0, PAGE, RW, 0, rw, 0), -EINVAL);
	expect("mmap file that grows",
	       MMAP(0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, rw, 0), -EINVAL);
	expect("mmap unknown flag, validated",
	       MMAP(0, PAGE, RW, VALIDATE | 1 << 22, rw, 0), -EOPNOTSUPP);
	expect("mmap synchronous, validated",
	       MMAP(0, PAGE, RW, VALIDATE | SYNC, rw, 0), -EOPNOTSUPP);
	expect("mmap unaligned offset", MMAP(0, PAGE, RW, MAP_PRIVATE, rw, 512),
	       -EINVAL);
	expect("mmap offset too far",
	       MMAP(0, 2 * PAGE, RW, MAP_PRIVATE, rw, -PAGE), -EOVERFLOW);
	expect("mmap huge pages of a file",
	       MMAP(0, PAGE, RW, MAP_PRIVATE | MAP_HUGETLB, rw, 0), -EINVAL);
	expect("mmap appending file, shared",
	       MMAP(0, PAGE, RW, MAP_SHARED, ap, 0), 0);
}

static void
munmaps(void)
{
	char *m = map(4, RW, ANON, -1);

	expect("munmap unaligned",
	       call(SYS_munmap, (uintptr_t)m + 1, PAGE, 0, 0, 0, 0), -EINVAL);
	expect("munmap length 0", call(SYS_munmap, (uintptr_t)m, 0, 0, 0, 0, 0),
	       -EINVAL);
	expect("munmap beyond user memory",
	       call(SYS_munmap, 1ul << 47, PAGE, 0, 0, 0, 0), -EINVAL);
	expect("munmap nothing", call(SYS_munmap, NOWHERE, PAGE, 0, 0, 0, 0),
	       0);
	expect("munmap in the middle", munmap(m + PAGE, PAGE), 0);
	expect("munmap with a hole", munmap(m, 4 * PAGE), 0);
}

#define MPROTECT(a, len, prot)                                                \
	call(SYS_mprotect, (unsigned long)(a), len, (unsigned long)(prot), 0, \
	     0, 0)

static void
mprotects(void)
{
	char *m = map(6, RW, ANON, -1);
	char *s = map(2, PROT_READ, MAP_SHARED, new_file(O_RDONLY, 2));

	munmap(m + 3 * PAGE, PAGE);
	expect("mprotect unaligned", MPROTECT(m + 1, PAGE, RW), -EINVAL);
	expect("mprotect unknown right", MPROTECT(m, PAGE, 0x40), -EINVAL);
	expect("mprotect grows both ways",
	       MPROTECT(m, PAGE, RW | GROWSDOWN | GROWSUP), -EINVAL);
	expect("mprotect grows down, which does not",
	       MPROTECT(m, PAGE, RW | GROWSDOWN), -EINVAL);
	expect("mprotect grows up", MPROTECT(m, PAGE, RW | GROWSUP), -EINVAL);
	expect("mprotect length 0", MPROTECT(m, 0, PROT_READ), 0);
	expect("mprotect wraps", MPROTECT(m, -PAGE, PROT_READ), -ENOMEM);
	expect("mprotect nothing", MPROTECT(NOWHERE, PAGE, PROT_READ), -ENOMEM);
	expect("mprotect starts in a hole",
	       MPROTECT(m + 3 * PAGE, 2 * PAGE, PROT_READ), -ENOMEM);
	expect("mprotect up to a hole", MPROTECT(m, 6 * PAGE, PROT_READ),
	       -ENOMEM);
	expect("mprotect read-only file", MPROTECT(s, PAGE, RW), -EACCES);
	expect("mprotect", MPROTECT(m, 3 * PAGE, RW), 0);
}

#define MREMAP(a, old, new, fl, to)                                         \
	call(SYS_mremap, (unsigned long)(a), old, new, (unsigned long)(fl), \
	     (unsigned long)(to), 0)

static void
mremaps(void)
{
	char *m = map(16, RW, ANON, -1);
	char *s = map(4, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	munmap(m + 4 * PAGE, PAGE);
	expect("mremap unaligned",
	       MREMAP(m + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), -EINVAL);
	expect("mremap to nothing", MREMAP(m, PAGE, 0, MREMAP_MAYMOVE, 0),
	       -EINVAL);
	expect("mremap unknown flag", MREMAP(m, PAGE, PAGE, 0x40, 0), -EINVAL);
	expect("mremap fixed that may not move",
	       MREMAP(m, PAGE, PAGE, MREMAP_FIXED, m + 8 * PAGE), -EINVAL);
	expect("mremap onto itself",
	       MREMAP(m, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      m + PAGE),
	       -EINVAL);
	expect("mremap to an unaligned address",
	       MREMAP(m, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      m + 8 * PAGE + 1),
	       -EINVAL);
	expect("mremap private of size 0",
	       MREMAP(m, 0, PAGE, MREMAP_MAYMOVE, 0), -EINVAL);
	expect("mremap in no place", MREMAP(m + 5 * PAGE, PAGE, 2 * PAGE, 0, 0),
	       -ENOMEM);
	expect("mremap shrinks", MREMAP(m + 13 * PAGE, 3 * PAGE, PAGE, 0, 0),
	       0);
	expect("mremap grows",
	       MREMAP(m + 5 * PAGE, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0), 0);
	if (not_own)
		return;
	expect("mremap nothing",
	       MREMAP(NOWHERE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0), -EFAULT);
	expect("mremap beyond the end",
	       MREMAP(m + 2 * PAGE, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0),
	       -EFAULT);
	expect("mremap leaves and grows",
	       MREMAP(m, PAGE, 2 * PAGE, MREMAP_MAYMOVE | DONTUNMAP, 0),
	       -EINVAL);
	expect("mremap leaves, may not move",
	       MREMAP(m, PAGE, PAGE, DONTUNMAP, 0), -EINVAL);
	expect("mremap leaves",
	       MREMAP(m, PAGE, PAGE, MREMAP_MAYMOVE | DONTUNMAP, 0), 0);
	expect("mremap shared of size 0",
	       MREMAP(s, 0, 4 * PAGE, MREMAP_MAYMOVE, 0), 0);
	expect("mremap too much",
	       MREMAP(s, 4 * PAGE, (1ul << 47) - 2 * PAGE, MREMAP_MAYMOVE, 0),
	       -ENOMEM);
}

#define MADVISE(a, len, advice)                                                \
	call(SYS_madvise, (unsigned long)(a), len, (unsigned long)(advice), 0, \
	     0, 0)

static void
madvise_arguments(void)
{
	char *m = map(8, RW, ANON, -1);

	munmap(m + 4 * PAGE, PAGE);
	expect("madvise unaligned", MADVISE(m + 1, PAGE, MADV_NORMAL), -EINVAL);
	expect("madvise unknown", MADVISE(m, PAGE, 77), -EINVAL);
	expect("madvise length 0", MADVISE(m, 0, MADV_DONTNEED), 0);
	expect("madvise unknown, length 0", MADVISE(m, 0, 77), -EINVAL);
	expect("madvise wraps", MADVISE(m, -PAGE, MADV_NORMAL), -EINVAL);
	expect("madvise over a hole", MADVISE(m, 8 * PAGE, MADV_DONTNEED),
	       -ENOMEM);
	expect("madvise nothing", MADVISE(NOWHERE, PAGE, MADV_NORMAL), -ENOMEM);
}

static void
madvise_flags(void)
{
	int file = new_file(O_RDWR, 4);
	char *m = map(8, RW, ANON, -1), *p = map(4, RW, MAP_PRIVATE, file);
	char *s = map(4, RW, MAP_SHARED, file);
	char *sa = map(4, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	expect("madvise normal", MADVISE(m, PAGE, MADV_NORMAL), 0);
	expect("madvise random", MADVISE(s, PAGE, MADV_RANDOM), 0);
	expect("madvise sequential", MADVISE(s, PAGE, MADV_SEQUENTIAL), 0);
	expect("madvise willneed", MADVISE(s, PAGE, MADV_WILLNEED), 0);
	expect("madvise dontfork", MADVISE(m, PAGE, MADV_DONTFORK), 0);
	expect("madvise dofork", MADVISE(m, PAGE, MADV_DOFORK), 0);
	expect("madvise dontdump", MADVISE(m, PAGE, MADV_DONTDUMP), 0);
	expect("madvise dodump", MADVISE(m, PAGE, MADV_DODUMP), 0);
	expect("madvise wipeonfork", MADVISE(m, PAGE, MADV_WIPEONFORK), 0);
	expect("madvise keeponfork", MADVISE(m, PAGE, MADV_KEEPONFORK), 0);
	expect("madvise keeponfork, shared", MADVISE(sa, PAGE, MADV_KEEPONFORK),
	       0);
	expect("madvise wipeonfork, shared", MADVISE(sa, PAGE, MADV_WIPEONFORK),
	       -EINVAL);
	expect("madvise wipeonfork, file", MADVISE(p, PAGE, MADV_WIPEONFORK),
	       -EINVAL);
}

static void
madvise_pages(void)
{
	char *m = map(4, RW, ANON, -1);
	char *p = map(4, RW, MAP_PRIVATE, new_file(O_RDWR, 4));
	char *sa = map(4, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	expect("madvise dontneed", MADVISE(p, PAGE, MADV_DONTNEED), 0);
	expect("madvise free", MADVISE(m, PAGE, MADV_FREE), 0);
	expect("madvise free, private file", MADVISE(p, PAGE, MADV_FREE),
	       -EINVAL);
	expect("madvise free, shared", MADVISE(sa, PAGE, MADV_FREE), -EINVAL);
	expect("madvise remove, private", MADVISE(m, PAGE, MADV_REMOVE),
	       -EINVAL);
	expect("madvise remove, private file", MADVISE(p, PAGE, MADV_REMOVE),
	       -EACCES);
	expect("madvise remove, shared", MADVISE(sa, PAGE, MADV_REMOVE), 0);
	expect("madvise cold", MADVISE(m, PAGE, 20), 0);
	expect("madvise pageout", MADVISE(m, PAGE, 21), 0);
}

static void
madvise_populate(void)
{
	int file = new_file(O_RDWR, 4);
	char *m = map(8, RW, ANON, -1), *s = map(4, RW, MAP_SHARED, file);
	char *ro = map(4, PROT_READ, ANON, -1);
	char *none = map(4, PROT_NONE, ANON, -1);

	munmap(m + 4 * PAGE, PAGE);
	expect("madvise populate for reading",
	       MADVISE(ro, 4 * PAGE, POPULATE_READ), 0);
	expect("madvise populate for writing",
	       MADVISE(m, 4 * PAGE, POPULATE_WRITE), 0);
	expect("madvise populate for writing, read-only",
	       MADVISE(ro, PAGE, POPULATE_WRITE), -EINVAL);
	expect("madvise populate, no rights",
	       MADVISE(none, PAGE, POPULATE_READ), -EINVAL);
	expect("madvise populate over a hole",
	       MADVISE(m, 8 * PAGE, POPULATE_READ), -ENOMEM);
	must(!ftruncate(file, (off_t)PAGE), "ftruncate");
	expect("madvise populate beyond the file",
	       MADVISE(s, 4 * PAGE, POPULATE_READ), -EFAULT);
	expect("madvise collapse too little", MADVISE(m, 4 * PAGE, COLLAPSE),
	       -EINVAL);
}

static void
madvise_locked(void)
{
	char *m = map(4, RW, ANON, -1);
	char *sa = map(4, RW, MAP_SHARED | MAP_ANONYMOUS, -1);

	must(!mlock(m, PAGE), "mlock");
	expect("madvise dontneed, locked", MADVISE(m, PAGE, MADV_DONTNEED),
	       -EINVAL);
	expect("madvise free, locked", MADVISE(m, PAGE, MADV_FREE), -EINVAL);
	expect("madvise cold, locked", MADVISE(m, PAGE, 20), -EINVAL);
	expect("madvise pageout, locked", MADVISE(m, PAGE, 21), -EINVAL);
	expect("madvise dontneed even if locked", MADVISE(m, PAGE, 24), 0);
	must(!mlock(sa, PAGE), "mlock");
	expect("madvise remove, locked", MADVISE(sa, PAGE, MADV_REMOVE),
	       -EINVAL);
}

#define CALL3(nr, a, b, c)                                                   \
	call(nr, (unsigned long)(a), (unsigned long)(b), (unsigned long)(c), \
	     0, 0, 0)

static void
msyncs_and_mlocks(void)
{
	char *m = map(8, RW, ANON, -1);

	munmap(m + 4 * PAGE, PAGE);
	expect("msync unaligned", CALL3(SYS_msync, m + 1, PAGE, MS_SYNC),
	       -EINVAL);
	expect("msync both ways", CALL3(SYS_msync, m, PAGE, MS_SYNC | MS_ASYNC),
	       -EINVAL);
	expect("msync unknown flag", CALL3(SYS_msync, m, PAGE, 64), -EINVAL);
	expect("msync over a hole", CALL3(SYS_msync, m, 8 * PAGE, MS_SYNC),
	       -ENOMEM);
	expect("msync over a hole, asynchronous",
	       CALL3(SYS_msync, m, 8 * PAGE, MS_ASYNC), -ENOMEM);
	expect("msync nothing", CALL3(SYS_msync, NOWHERE, PAGE, MS_ASYNC),
	       -ENOMEM);
	expect("msync length 0", CALL3(SYS_msync, m, 0, MS_SYNC), 0);
	expect("msync", CALL3(SYS_msync, m, PAGE, MS_SYNC), 0);
	expect("mlock over a hole", CALL3(SYS_mlock, m, 8 * PAGE, 0), -ENOMEM);
	expect("mlock nothing", CALL3(SYS_mlock, NOWHERE, PAGE, 0), -ENOMEM);
	expect("mlock length 0", CALL3(SYS_mlock, m, 0, 0), 0);
	expect("munlock wraps", CALL3(SYS_munlock, m, -(2 * PAGE), 0), -EINVAL);
	expect("mlock", CALL3(SYS_mlock, m + 1, PAGE, 0), 0);
	expect("msync invalidates what is locked",
	       CALL3(SYS_msync, m, PAGE, MS_SYNC | MS_INVALIDATE), -EBUSY);
	expect("munlock over a hole", CALL3(SYS_munlock, m, 8 * PAGE, 0),
	       -ENOMEM);
	expect("munlock", CALL3(SYS_munlock, m, PAGE, 0), 0);
	if (!not_own) {
		expect("mlock2 unknown flag", CALL3(SYS_mlock2, m, PAGE, 2),
		       -EINVAL);
		expect("mlock2 on fault", CALL3(SYS_mlock2, m, PAGE, 1), 0);
	}
	expect("mlockall of nothing", CALL3(SYS_mlockall, 0, 0, 0), -EINVAL);
	expect("mlockall unknown flag", CALL3(SYS_mlockall, 32, 0, 0), -EINVAL);
	expect("munlockall", CALL3(SYS_munlockall, 0, 0, 0), 0);
}

static void
shared_memory(void)
{
	long id = shmget(IPC_PRIVATE, 4 * PAGE, 0600), at;

	must(id >= 0, "shmget");
	expect("shmget of size 0", CALL3(SYS_shmget, IPC_PRIVATE, 0, 0600),
	       -EINVAL);
	expect("shmget of no key", CALL3(SYS_shmget, 0x7e57e44, 4096, 0),
	       -ENOENT);
	at = CALL3(SYS_shmat, id, 0, 0);
	expect("shmat", at, 0);
	if (!not_own)
		expect("shmat unaligned", CALL3(SYS_shmat, id, at + 8, 0),
		       -EINVAL);
	expect("shmdt of nothing", CALL3(SYS_shmdt, NOWHERE, 0, 0), -EINVAL);
	expect("shmdt unaligned", CALL3(SYS_shmdt, at + 8, 0, 0), -EINVAL);
	expect("shmdt", CALL3(SYS_shmdt, at, 0, 0), 0);
	shmctl((int)id, IPC_RMID, NULL);
	expect("shmat of no segment", CALL3(SYS_shmat, id, 0, 0), -EINVAL);
}

static void
files(void)
{
	int rw = new_file(O_RDWR, 2), ro = new_file(O_RDONLY, 2);
	int mem = memfd_create("errno", MFD_ALLOW_SEALING), pipes[2];

	must(mem >= 0 && !pipe(pipes), "memfd_create");
	expect("ftruncate", CALL3(SYS_ftruncate, mem, 4 * PAGE, 0), 0);
	expect("ftruncate below 0", CALL3(SYS_ftruncate, rw, -1, 0), -EINVAL);
	expect("ftruncate read-only", CALL3(SYS_ftruncate, ro, PAGE, 0),
	       -EINVAL);
	expect("ftruncate pipe", CALL3(SYS_ftruncate, pipes[1], PAGE, 0),
	       -EINVAL);
	expect("ftruncate bad descriptor", CALL3(SYS_ftruncate, 99, PAGE, 0),
	       -EBADF);
	expect("memfd_create unknown flag",
	       CALL3(SYS_memfd_create, "errno", 0x100, 0), -EINVAL);
	must(!fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), "seal");
	expect("ftruncate sealed", CALL3(SYS_ftruncate, mem, PAGE, 0), -EPERM);
	expect("ftruncate sealed, to grow",
	       CALL3(SYS_ftruncate, mem, 8 * PAGE, 0), -EPERM);
	expect("mmap sealed", MMAP(0, PAGE, RW, MAP_SHARED, mem, 0), 0);
}

static void
file_pages(void)
{
	int file = new_file(O_RDWR, 8);
	char *s = map(8, RW, MAP_SHARED, file), *p = map(8, RW, ANON, -1);

	if (not_own)
		return;
	expect("remap_file_pages",
	       call(SYS_remap_file_pages, (uintptr_t)s, PAGE, 0, 4, 0, 0), 0);
	expect(
	    "remap_file_pages with rights",
	    call(SYS_remap_file_pages, (uintptr_t)s, PAGE, PROT_READ, 4, 0, 0),
	    -EINVAL);
	expect("remap_file_pages of private memory",
	       call(SYS_remap_file_pages, (uintptr_t)p, PAGE, 0, 4, 0, 0),
	       -EINVAL);
	expect("remap_file_pages of nothing",
	       call(SYS_remap_file_pages, NOWHERE, PAGE, 0, 4, 0, 0), -EINVAL);
}

static void
limits(void)
{
	struct rlimit rl = {0}, was;
	char *m = map(4, RW, ANON, -1);

	must(!getrlimit(RLIMIT_AS, &was), "getrlimit");
	rl = was;
	rl.rlim_cur = 1ul << 20;
	must(!setrlimit(RLIMIT_AS, &rl), "setrlimit");
	expect("mmap beyond RLIMIT_AS", MMAP(0, 16ul << 20, RW, ANON, -1, 0),
	       -ENOMEM);
	expect("mmap beyond RLIMIT_AS, shared",
	       MMAP(0, 16ul << 20, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	       -ENOMEM);
	expect("mprotect beyond RLIMIT_AS", MPROTECT(m, PAGE, PROT_READ), 0);
	must(!setrlimit(RLIMIT_AS, &was), "setrlimit");
	expect("mmap below RLIMIT_AS", MMAP(0, 16ul << 20, RW, ANON, -1, 0), 0);
	if (not_own)
		return;
	must(!getrlimit(RLIMIT_DATA, &was), "getrlimit");
	rl = was;
	rl.rlim_cur = 1ul << 20;
	must(!setrlimit(RLIMIT_DATA, &rl), "setrlimit");
	expect("mmap beyond RLIMIT_DATA", MMAP(0, 16ul << 20, RW, ANON, -1, 0),
	       -ENOMEM);
	expect("mmap read-only beyond RLIMIT_DATA",
	       MMAP(0, 16ul << 20, PROT_READ, ANON, -1, 0), 0);
	must(!setrlimit(RLIMIT_DATA, &was), "setrlimit");
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		verbose |= !strcmp(argv[i], "-v");
		not_own |= !strcmp(argv[i], "-o");
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	mmap_arguments();
	mmap_files();
	munmaps();
	mprotects();
	mremaps();
	madvise_arguments();
	madvise_flags();
	madvise_pages();
	madvise_populate();
	madvise_locked();
	msyncs_and_mlocks();
	shared_memory();
	files();
	file_pages();
	limits();
	return failed;
}
