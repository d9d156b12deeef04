/*
 * vgplain.c - a program without a C library, for tests that compare two
 * recordings of it reference by reference: nothing in it depends on the
 * environment, the time or chance.
 *
 * It loads, stores, modifies, copies with string instructions, exchanges
 * atomically, uses vectors and masked moves, maps and unmaps memory.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdint.h>
#include <sys/syscall.h>

static char table[8192];
static uint64_t words[256];

static long
call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "+a"(nr)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return nr;
}

static void
copy(char *to, const char *from, long n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}

static void
fill(uint64_t *to, uint64_t what, long n)
{
	__asm__ volatile("rep stosq"
			 : "+D"(to), "+c"(n)
			 : "a"(what)
			 : "memory");
}

/* Of no bytes, the comparison leaves the flags as they were: so set first. */
static int
compare(const char *a, const char *b, long n)
{
	char differ;

	__asm__ volatile("cmpq %3, %3; repe cmpsb; setne %0"
			 : "=q"(differ), "+D"(a), "+S"(b), "+c"(n)::"memory",
			   "cc");
	return differ;
}

static uint64_t
exchange(uint64_t *at, uint64_t was, uint64_t to)
{
	__asm__ volatile("lock cmpxchgq %2, %1"
			 : "+a"(was), "+m"(*at)
			 : "r"(to)
			 : "memory", "cc");
	return was;
}

static void
wide(char *to, const char *from)
{
	__asm__ volatile("movdqu (%1), %%xmm0; movdqu %%xmm0, (%0)\n\t"
			 "fldt (%1); fstpt 16(%0); fxsave 64(%2)"
			 :
			 : "r"(to), "r"(from),
			   "r"((uintptr_t)(table + 4096) & ~(uintptr_t)15)
			 : "memory", "xmm0");
}

static uint64_t
walk(uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++) {
		words[(i * 7) & 255] += i;
		sum ^= words[(i * 13) & 255];
		if (sum & 1)
			table[sum & 1023]++;
	}
	return sum;
}

__attribute__((used)) static void
run(void)
{
	char *p;

	fill(words, 3, 256);
	for (long n = 0; n < 40; n++) {
		copy(table + 2048, table, n);
		if (compare(table + 2048, table, n))
			call(SYS_exit_group, 1, 0, 0, 0, 0, 0);
	}
	exchange(words, 3, 4);
	exchange(words, 3, 5);
	wide(table + 512, table);
	words[1] = walk(20000);
	p = (char *)call(SYS_mmap, 0, 65536, 3, 0x22, -1, 0);
	for (int i = 0; i < 65536; i += 4096)
		p[i] = 1;
	call(SYS_msync, (long)p, 65536, 4, 0, 0, 0);
	call(SYS_write, 1, (long)table, 0, 0, 0, 0);
	call(SYS_munmap, (long)p, 65536, 0, 0, 0, 0);
	call(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n\tandq $-16, %rsp\n\tcall run\n");
