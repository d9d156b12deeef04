/*
 * inject.c - preloaded into pagewalk by t6400-injected.t: what goes wrong on
 * other days.
 *
 *   INJECT_ALLOC=N   the Nth allocation fails, and only that
 *   INJECT_SHORT=N   writes are short or interrupted, by random numbers from N
 *   INJECT_KILL=N    in the Nth write, half of it written: SIGKILL
 *   INJECT_RENAME=N  before the Nth rename, those of children counted, too:
 *                    SIGKILL for pagewalk and the child
 *   INJECT_COUNT=1   say how many allocations there were, at the end
 *
 * Programs that pagewalk starts are spared.  Allocations of the C library and
 * of jansson count, too; writes of stdio cannot be reached from here.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the C library calls its own (its headers do not say so). */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);

static unsigned long alloc_at, kill_at, rename_at, allocs, writes;
static uint64_t random_state;
static int count_them;

/* What children share. */
static struct shared {
	unsigned long renames;
	pid_t parent;
} * shared;

static unsigned long
take(const char *name)
{
	const char *text = getenv(name);
	unsigned long n = text ? strtoul(text, NULL, 10) : 0;

	unsetenv(name);
	return n;
}

__attribute__((constructor)) static void
begin(void)
{
	unsigned long at = take("INJECT_ALLOC");

	kill_at = take("INJECT_KILL");
	rename_at = take("INJECT_RENAME");
	random_state = take("INJECT_SHORT");
	count_them = take("INJECT_COUNT") > 0;
	unsetenv("LD_PRELOAD");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	shared->parent = getpid();
	allocs = 0;
	alloc_at = at;
}

__attribute__((destructor)) static void
end(void)
{
	if (count_them)
		fprintf(stderr, "allocations: %lu\n", allocs);
}

static int
fails(void)
{
	unsigned long n = __atomic_add_fetch(&allocs, 1, __ATOMIC_RELAXED);

	if (n != alloc_at)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t bytes)
{
	return fails() ? NULL : __libc_malloc(bytes);
}

void *
calloc(size_t n, size_t bytes)
{
	return fails() ? NULL : __libc_calloc(n, bytes);
}

void *
realloc(void *p, size_t bytes)
{
	return fails() ? NULL : __libc_realloc(p, bytes);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	if (fd > 2 && n && ++writes == kill_at) {
		syscall(SYS_write, fd, p, n / 2);
		raise(SIGKILL);
	}
	if (random_state && fd > 2 && n > 1) {
		random_state = random_state * 6364136223846793005u + 1;
		if (random_state >> 62 == 0) {
			errno = EINTR;
			return -1;
		}
		n = 1 + (random_state >> 33) % n;
	}
	return syscall(SYS_write, fd, p, n);
}

int
rename(const char *from, const char *to)
{
	if (__atomic_add_fetch(&shared->renames, 1, __ATOMIC_RELAXED) ==
	    rename_at) {
		kill(shared->parent, SIGKILL);
		raise(SIGKILL);
	}
	return (int)syscall(SYS_rename, from, to);
}
