/*
 * test_os_native.c - the kernel under us and the model are given the same
 * random calls on mappings: each must end the same, and what is mapped in the
 * end, and with which rights, must be the same.
 *
 * The kernel is asked first, all at once; then the model is told.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/rng.h"
#include "os/internal.h"
#include "os_kit.h"

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define PAGES 96
#define CALLS 4000

struct asked {
	uint32_t nr, file, file_flags;
	uint64_t args[6];
	int64_t ret;
	bool mapped[PAGES]; /* after it */
};

static struct asked asked[CALLS];
static unsigned n_asked;
static uint64_t region;
static int fds[4]; /* memfd, file, the same read-only, the same write-only */
static const uint32_t fd_flags[] = {O_RDWR, O_RDWR, O_RDONLY, O_WRONLY};
static struct rng rng;

static void
ask(uint32_t nr, unsigned file, const uint64_t *a)
{
	struct asked *q = &asked[n_asked++];
	long ret = syscall((long)nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	*q = (struct asked){.nr = nr};
	q->file = file ? file == 1 ? 1 : 2 : 0;
	q->file_flags = file ? fd_flags[file - 1] : 0;
	memcpy(q->args, a, sizeof(q->args));
	q->ret = ret == -1 ? -errno : ret;
	for (uint64_t i = 0; i < PAGES; i++) {
		unsigned char in_core;

		q->mapped[i] =
		    !syscall(SYS_mincore, region + i * PG, PG, &in_core);
	}
}

/* A range of the region, rarely one that is wrong. */
static void
some_range(uint64_t *a)
{
	a[0] = region + PG * rng_below(&rng, PAGES);
	a[1] = PG * (1 + rng_below(&rng, 12));
	switch (rng_below(&rng, 40)) {
	case 0:
		a[0] += 1 + rng_below(&rng, PG - 1);
		break;
	case 1:
		a[1] = 0;
		break;
	case 2:
		a[1] -= rng_below(&rng, PG);
		break;
	case 3:
		a[1] = -PG * rng_below(&rng, 3);
		break;
	}
}

static uint64_t
some_prot(void)
{
	static const uint64_t odd[] = {0x40, PROT_GROWSDOWN, PROT_GROWSUP,
				       PROT_GROWSDOWN | PROT_GROWSUP, 8};

	uint64_t prot = rng_below(&rng, 8);

	/* What can only be executed depends on the processor's protection keys.
	 */
	if (prot == PROT_EXEC)
		prot |= PROT_READ;
	return prot | (rng_below(&rng, 12) ? 0 : odd[rng_below(&rng, 5)]);
}

static void
ask_mmap(void)
{
	static const uint64_t types[] = {MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED,
					 MAP_SHARED_VALIDATE, 0};
	static const uint64_t more[] = {
	    MAP_NORESERVE, MAP_STACK, MAP_GROWSDOWN, MAP_POPULATE, MAP_NONBLOCK,
	    MAP_DENYWRITE, 0x80000,   0x400000,      MAP_HUGETLB};
	uint64_t a[6] = {0, 0, some_prot() & 15, 0, UINT64_MAX, 0};
	unsigned file = (unsigned)rng_below(&rng, 8);

	some_range(a);
	a[3] = types[rng_below(&rng, 5)];
	if (!rng_below(&rng, 4))
		a[3] |= more[rng_below(&rng, 8)];
	if (file > 4)
		file = 0;
	if (file)
		a[4] = (uint64_t)fds[file - 1];
	else if (rng_below(&rng, 30))
		a[3] |= MAP_ANONYMOUS;
	if (file || !rng_below(&rng, 30))
		a[5] = PG * rng_below(&rng, 8);
	if (file && !rng_below(&rng, 20))
		a[3] |= MAP_HUGETLB;
	if (!rng_below(&rng, 60))
		a[5] += 512;
	if (a[1] > PAGES * PG && a[1] < (uint64_t)-64 * PG)
		a[1] = PG;
	a[3] |= rng_below(&rng, 3) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	ask(SYS_mmap, file, a);
}

static void
ask_mremap(void)
{
	uint64_t a[6] = {0}, to[6] = {0};

	some_range(a);
	some_range(to);
	a[2] = PG * rng_below(&rng, 12);
	a[3] = rng_below(&rng, 3) ? MREMAP_MAYMOVE : rng_below(&rng, 9);
	/* Not over itself: a length that is odd passes the check for that. */
	if (!rng_below(&rng, 3) && a[1] - 1 < PAGES * PG)
		a[3] |= MREMAP_FIXED;
	if (!rng_below(&rng, 8)) {
		a[3] |= 4; /* MREMAP_DONTUNMAP */
		a[2] = a[1];
	}
	if (!rng_below(&rng, 16) && !(a[3] & MREMAP_FIXED))
		a[1] = 0;
	a[4] = to[0];
	ask(SYS_mremap, 0, a);
}

static void
ask_madvise(void)
{
	static const uint64_t advice[] = {0,  1,  2,  3,  4,   8,   9,  10, 11,
					  14, 15, 16, 17, 18,  19,  20, 22, 23,
					  24, 25, 77, 4,  102, 103, 4};
	uint64_t a[6] = {0};

	some_range(a);
	a[2] = advice[rng_below(&rng, sizeof(advice) / sizeof(advice[0]))];
	ask(SYS_madvise, 0, a);
}

static void
ask_other(void)
{
	static const uint32_t calls[] = {SYS_msync,   SYS_mlock,
					 SYS_munlock, SYS_munlock,
					 SYS_mlock2,  SYS_remap_file_pages};
	uint64_t a[6] = {0};
	uint32_t nr = calls[rng_below(&rng, 6)];

	some_range(a);
	if (nr == SYS_msync)
		a[2] = rng_below(&rng, 9);
	else if (nr == SYS_mlock2)
		a[2] = rng_below(&rng, 3);
	else if (nr == SYS_remap_file_pages)
		a[3] = rng_below(&rng, 8);
	ask(nr, 0, a);
}

static void
ask_all(uint64_t seed)
{
	rng_seed(&rng, seed);
	n_asked = 0;
	while (n_asked < CALLS) {
		uint64_t what = rng_below(&rng, 100), a[6] = {0};

		some_range(a);
		a[2] = some_prot();
		if (what < 30)
			ask_mmap();
		else if (what < 38)
			ask(SYS_munmap, 0, a);
		else if (what < 60)
			ask(SYS_mprotect, 0, a);
		else if (what < 70)
			ask_mremap();
		else if (what < 90)
			ask_madvise();
		else
			ask_other();
	}
}

/* What is mapped, as text. */
static char before[1 << 18], after[1 << 18];
static struct map_desc maps[512];
static uint32_t n_maps;

static void
read_maps(char *text, size_t size)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd);
}

/* The mappings that a text has, one after the other. */
static bool
next_map(char **text, struct map_desc *m)
{
	unsigned long long start, end;
	char perms[8], *line;

	line = strsep(text, "\n");
	if (!line || sscanf(line, "%llx-%llx %7s", &start, &end, perms) != 3)
		return false;
	*m = (struct map_desc){.start = start, .end = end};
	m->prot = (uint8_t)((perms[0] == 'r' ? PROT_READ : 0) |
			    (perms[1] == 'w' ? PROT_WRITE : 0) |
			    (perms[2] == 'x' ? PROT_EXEC : 0));
	m->flags = perms[3] == 's'           ? MAPD_SHARED
		   : strstr(line, "[stack]") ? MAPD_STACK
		   : strstr(line, "[v")      ? MAPD_VDSO
					     : 0;
	return true;
}

static bool
same(const struct map_desc *m, const struct vma *v)
{
	uint8_t prot = (uint8_t)((v->flags & VM_READ ? PROT_READ : 0) |
				 (v->flags & VM_WRITE ? PROT_WRITE : 0) |
				 (v->flags & VM_EXEC ? PROT_EXEC : 0));

	return m->start == v->start && m->end == v->end && m->prot == prot &&
	       !(m->flags & MAPD_SHARED) == !(v->flags & VM_MAYSHARE);
}

/* Those in the region, in the end. */
static void
compare_maps(struct kit *k)
{
	struct mm *mm = os_task(k->os, 100, 100)->proc->mm;
	unsigned n = 0, differ = 0;
	struct map_desc m;
	char *text = after;
	size_t i;

	vma_find_from(mm, region, &i);
	while (next_map(&text, &m)) {
		const struct vma *v = i < mm->n_vmas ? mm->vmas[i] : NULL;

		if (m.end <= region || m.start >= region + PAGES * PG)
			continue;
		n++;
		i++;
		if (v && same(&m, v))
			continue;
		if (differ++ < 3)
			printf("# kernel 0x%llx-0x%llx %u%s, model 0x%llx-"
			       "0x%llx 0x%x\n",
			       (unsigned long long)m.start,
			       (unsigned long long)m.end, m.prot,
			       m.flags & MAPD_SHARED ? "s" : "",
			       v ? (unsigned long long)v->start : 0,
			       v ? (unsigned long long)v->end : 0,
			       v ? v->flags : 0);
	}
	is_u64(differ, 0, "%u mappings in the end, the same", n);
}

static void
tell(struct kit *k, const struct asked *a)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = 100,
			   .tid = 100,
			   .sys = {.nr = a->nr,
				   .ret = a->ret,
				   .file = a->file,
				   .file_flags = a->file_flags}};

	memcpy(ev.sys.args, a->args, sizeof(a->args));
	if (!kit_event(k, &ev))
		printf("# %s\n", k->e.text);
}

/* Are the same pages mapped after it? */
static bool
same_pages(struct kit *k, const struct asked *a)
{
	struct mm *mm = os_task(k->os, 100, 100)->proc->mm;

	for (uint64_t i = 0; i < PAGES; i++)
		if (a->mapped[i] != (vma_find(mm, region + i * PG) != NULL)) {
			printf(
			    "# page %u (0x%llx) %s: %u(0x%llx, 0x%llx, 0x%llx, "
			    "0x%llx, 0x%llx) = %lld\n",
			    (unsigned)i, (unsigned long long)(region + i * PG),
			    a->mapped[i] ? "is mapped" : "is not", a->nr,
			    (unsigned long long)a->args[0],
			    (unsigned long long)a->args[1],
			    (unsigned long long)a->args[2],
			    (unsigned long long)a->args[3],
			    (unsigned long long)a->args[4], (long long)a->ret);
			return false;
		}
	return true;
}

static uint64_t
soft_limit(int resource)
{
	struct rlimit rl;

	return getrlimit((__rlimit_resource_t)resource, &rl) ? 0 : rl.rlim_cur;
}

static void
tell_all(uint64_t seed)
{
	struct os_config cfg = kit_config();
	struct event ev = {.kind = EV_EXEC, .pid = 100, .tid = 100};
	unsigned failed = 0, differ = 0;
	struct os_stats st;
	struct kit k;

	cfg.kernel = 618;
	cfg.privileged = !geteuid();
	cfg.limit_memlock = soft_limit(RLIMIT_MEMLOCK);
	kit_start(&k, &cfg);
	kit_file(&k, FILE_SHM, 64 * PG);
	kit_file(&k, FILE_REGULAR, 64 * PG);
	ev.image.exe = "/bin/test";
	ev.image.args = "test";
	ev.image.n_maps = n_maps;
	ev.image.maps = maps;
	ok(kit_event(&k, &ev), "seed %llu", (unsigned long long)seed);
	for (unsigned i = 0; i < n_asked; i++) {
		failed += asked[i].ret < 0 && asked[i].ret > -4096;
		tell(&k, &asked[i]);
		if (differ < 3 && !same_pages(&k, &asked[i]))
			differ++;
	}
	os_stats(k.os, &st);
	is_u64(st.result_mismatches, 0, "%u calls, %u of them in vain", n_asked,
	       failed);
	for (uint32_t i = 0; os_mismatch(k.os, i); i++)
		printf("# %s\n", os_mismatch(k.os, i));
	is_u64(differ, 0, "after each the same pages are mapped");
	compare_maps(&k);
	os_check(k.os);
	kit_end(&k);
}

static void
open_files(void)
{
	char name[] = "/tmp/pagewalk-native.XXXXXX";

	fds[0] = memfd_create("native", 0);
	fds[1] = mkstemp(name);
	fds[2] = open(name, O_RDONLY);
	fds[3] = open(name, O_WRONLY);
	unlink(name);
	for (int i = 0; i < 4; i++)
		if (fds[i] < 0 || (i < 2 && ftruncate(fds[i], 64 * (off_t)PG)))
			exit(99);
}

static bool
known_kernel(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	return !uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	       major * 100 + minor >= 617 &&
	       !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

static void
begin(void)
{
	char *text = before;

	n_maps = 0;
	read_maps(before, sizeof(before));
	while (n_maps < 512 && next_map(&text, &maps[n_maps]))
		n_maps += maps[n_maps].start < TASK_SIZE;
}

int
main(void)
{
	if (!known_kernel()) {
		ok(true, "another kernel # SKIP needs Linux 6.17");
		return done_testing();
	}
	open_files();
	for (uint64_t seed = 1; seed <= 8; seed++) {
		region =
		    (uint64_t)(uintptr_t)mmap(NULL, 4096 * PG, 0, ANON, -1, 0);
		munmap((void *)(uintptr_t)region, 4096 * PG);
		region += 2048 * PG;
		begin();
		ask_all(seed);
		read_maps(after, sizeof(after));
		munmap((void *)(uintptr_t)(region - 64 * PG),
		       (PAGES + 128) * PG);
		tell_all(seed);
	}
	return done_testing();
}
