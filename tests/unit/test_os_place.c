/*
 * test_os_place.c - where mappings go: the kernel under us and the model are
 * asked the same, and answer the same; and layouts that it does not have.
 *
 * The kernel is asked first, all at once, without a library that allocates
 * between; then the model is told of the same memory and the same calls.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/rng.h"
#include "os_kit.h"

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)
#define HUGE  (512 * PG)
#define CALLS 3000
#define LIVE  200

struct asked {
	uint32_t nr, file;
	uint64_t args[6];
	int64_t ret;
};

static struct asked asked[CALLS];
static struct {
	uint64_t at, len;
	bool resizes; /* by mremap: a mapping of one piece */
} live[LIVE];
static unsigned n_asked, n_live;
static int disk_fd = -1, mem_fd = -1;

static int64_t
ask(uint32_t nr, uint32_t file, const uint64_t *a)
{
	long ret = syscall((long)nr, a[0], a[1], a[2], a[3], a[4], a[5]);

	asked[n_asked] = (struct asked){.nr = nr, .file = file};
	memcpy(asked[n_asked].args, a, sizeof(asked[0].args));
	asked[n_asked++].ret = ret == -1 ? -errno : ret;
	return ret;
}

static uint64_t
some_length(struct rng *r)
{
	switch (rng_below(r, 6)) {
	case 0:
		return HUGE * (1 + rng_below(r, 3));
	case 1:
		return HUGE * (1 + rng_below(r, 2)) + PG * rng_below(r, 512);
	case 2:
		return PG * (1 + rng_below(r, 600));
	default:
		return PG * (1 + rng_below(r, 32));
	}
}

static uint64_t
some_hint(struct rng *r)
{
	if (!n_live || rng_below(r, 4))
		return 0;
	switch (rng_below(r, 5)) {
	case 0:
		return live[rng_below(r, n_live)].at;
	case 1:
		return live[rng_below(r, n_live)].at + HUGE * 64;
	case 2:
		return live[rng_below(r, n_live)].at - HUGE * 3 + 123;
	case 3:
		return 0x100000000000 + PG * rng_below(r, 1u << 20);
	default:
		return 1 + rng_below(r, 70000);
	}
}

static void
ask_mmap(struct rng *r)
{
	uint64_t a[6] = {some_hint(r), some_length(r), RW, ANON, UINT64_MAX, 0};
	uint32_t file = 0;

	switch (rng_below(r, 8)) {
	case 0:
		a[3] = MAP_SHARED | MAP_ANONYMOUS;
		break;
	case 1:
		file = 1;
		a[3] = MAP_PRIVATE;
		break;
	case 2:
		file = 2;
		a[3] = MAP_SHARED;
		break;
	case 3:
		a[3] |= rng_below(r, 2) ? MAP_STACK : MAP_GROWSDOWN;
		break;
	}
	if (file == 1 && disk_fd < 0)
		file = 2;
	if (file) {
		a[4] = (uint64_t)(file == 1 ? disk_fd : mem_fd);
		a[5] = PG * rng_below(r, 1024);
	}
	if (ask(SYS_mmap, file, a) == -1)
		return;
	live[n_live].at = (uint64_t)asked[n_asked - 1].ret;
	live[n_live].len = a[1];
	live[n_live++].resizes = true;
}

static void
ask_munmap(struct rng *r, unsigned i)
{
	uint64_t pages = live[i].len / PG, first = rng_below(r, pages);
	uint64_t n = 1 + rng_below(r, pages - first);
	uint64_t a[6] = {live[i].at + first * PG, n * PG};

	if (rng_below(r, 2)) {
		a[0] = live[i].at;
		a[1] = live[i].len;
		live[i] = live[--n_live];
	} else {
		live[i].resizes = false;
	}
	ask(SYS_munmap, 0, a);
}

static void
ask_mremap(struct rng *r, unsigned i)
{
	uint64_t a[6] = {live[i].at, live[i].len, some_length(r),
			 MREMAP_MAYMOVE};

	if (ask(SYS_mremap, 0, a) == -1)
		return;
	live[i].at = (uint64_t)asked[n_asked - 1].ret;
	live[i].len = a[2];
}

static void
ask_all(uint64_t seed)
{
	struct rng r;

	rng_seed(&r, seed);
	while (n_asked < CALLS) {
		unsigned i = n_live ? (unsigned)rng_below(&r, n_live) : 0;

		if (n_live == LIVE || (n_live > 20 && !rng_below(&r, 3)))
			ask_munmap(&r, i);
		else if (n_live && live[i].resizes && !rng_below(&r, 5))
			ask_mremap(&r, i);
		else
			ask_mmap(&r);
	}
}

/* What is mapped in us, before. */
static char maps_text[1 << 16];
static struct map_desc maps[256];
static uint32_t n_maps;

static void
read_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, maps_text + n, sizeof(maps_text) - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
}

static void
parse_maps(void)
{
	char *save = NULL;

	for (char *l = strtok_r(maps_text, "\n", &save); l && n_maps < 256;
	     l = strtok_r(NULL, "\n", &save)) {
		struct map_desc *m = &maps[n_maps];
		unsigned long long start, end;
		char perms[8];

		if (sscanf(l, "%llx-%llx %7s", &start, &end, perms) != 3 ||
		    start >= 0x7ffffffff000)
			continue;
		*m = (struct map_desc){.start = start, .end = end};
		m->prot = (uint8_t)((perms[0] == 'r' ? PROT_READ : 0) |
				    (perms[1] == 'w' ? PROT_WRITE : 0));
		m->flags = strstr(l, "[stack]")  ? MAPD_STACK
			   : strstr(l, "[v")     ? MAPD_VDSO
			   : strstr(l, "[heap]") ? MAPD_HEAP
						 : 0;
		n_maps++;
	}
}

static void
tell(struct kit *k, const struct asked *a)
{
	static const uint32_t files[] = {0, 1, 2};
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = 100,
			   .tid = 100,
			   .sys = {.nr = a->nr,
				   .ret = a->ret,
				   .file = files[a->file],
				   .file_flags = O_RDWR}};

	memcpy(ev.sys.args, a->args, sizeof(a->args));
	if (!kit_event(k, &ev))
		printf("# %s\n", k->e.text);
}

static void
test_native(unsigned kernel)
{
	struct os_config cfg = kit_config();
	struct event ev = {.kind = EV_EXEC, .pid = 100, .tid = 100};
	struct os_stats was = {0}, st;
	unsigned told = 0;
	struct kit k;

	cfg.kernel = kernel;
	cfg.memory_bytes = (uint64_t)1 << 40 >> 8;
	kit_start(&k, &cfg);
	kit_file(&k, FILE_REGULAR, 4096 * PG);
	kit_file(&k, FILE_SHM, 4096 * PG);
	ev.image.exe = "/bin/test";
	ev.image.args = "test";
	ev.image.n_maps = n_maps;
	ev.image.maps = maps;
	ok(kit_event(&k, &ev), "the model begins with the same memory");
	for (unsigned i = 0; i < n_asked; i++) {
		tell(&k, &asked[i]);
		os_stats(k.os, &st);
		if (st.placed - was.placed !=
			st.placed_as_linux - was.placed_as_linux &&
		    told++ < 5)
			printf("# call %u of %u: %u(0x%llx, 0x%llx, 0x%llx, "
			       "0x%llx) = 0x%llx\n",
			       i, n_asked, asked[i].nr,
			       (unsigned long long)asked[i].args[0],
			       (unsigned long long)asked[i].args[1],
			       (unsigned long long)asked[i].args[2],
			       (unsigned long long)asked[i].args[3],
			       (unsigned long long)asked[i].ret);
		was = st;
	}
	ok(st.placed > CALLS / 3, "%llu mappings without an address",
	   (unsigned long long)st.placed);
	is_u64(st.placed_as_linux, st.placed, "are where the kernel put them");
	is_u64(st.result_mismatches, 0, "and all calls end as they did");
	for (uint32_t i = 0; os_mismatch(k.os, i); i++)
		printf("# %s\n", os_mismatch(k.os, i));
	kit_end(&k);
}

/* A file on a file system that aligns large mappings, if we are on one. */
static void
open_files(void)
{
	char name[] = "/tmp/pagewalk-place.XXXXXX";
	int fd = mkstemp(name);
	struct statfs fs;

	mem_fd = memfd_create("place", 0);
	if (mem_fd < 0 || ftruncate(mem_fd, 4096 * (off_t)PG) || fd < 0)
		exit(99);
	unlink(name);
	if (!ftruncate(fd, 4096 * (off_t)PG) && !fstatfs(fd, &fs) &&
	    (fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_SUPER_MAGIC))
		disk_fd = fd;
}

static void
ask_the_kernel(void)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2 ||
	    major * 100 + minor < 612 ||
	    access("/sys/kernel/mm/transparent_hugepage", F_OK)) {
		ok(true, "the kernel is another # SKIP %s", u.release);
		return;
	}
	open_files();
	read_maps();
	ask_all(20240607);
	parse_maps();
	test_native(618);
}

/* Model only ------------------------------------------------------------- */

static void
expect(struct kit *k, const char *what, uint64_t at, uint64_t hint,
       uint64_t len, int flags)
{
	struct os_stats was, now;

	os_stats(k->os, &was);
	kit_call(k, SYS_mmap, (int64_t)at, hint, len, RW,
		 (uint64_t)(ANON | flags), UINT64_MAX, 0);
	os_stats(k->os, &now);
	is_u64(now.placed_as_linux - was.placed_as_linux, 1, "%s", what);
}

#define BASE 0x7ffff7fff000ull

static void
test_layouts(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	kit_start(&k, &cfg);
	expect(&k, "the first is at the top", BASE - 4 * PG, 0, 4 * PG, 0);
	expect(&k, "the next below", BASE - 5 * PG, 0, PG, 0);
	expect(&k, "aligned to 2 MiB", 0x7ffff7c00000, 0, HUGE + PG, 0);
	expect(&k, "a hint", KIT_BASE, KIT_BASE, PG, 0);
	expect(&k, "a hint that is taken", BASE - 6 * PG, KIT_BASE, PG, 0);
	expect(&k, "below 2 GiB", 0x40000000, 0, PG, MAP_32BIT);
	expect(&k, "and above that", 0x40001000, KIT_BASE, PG, MAP_32BIT);
	kit_end(&k);

	cfg.kernel = 618;
	kit_start(&k, &cfg);
	expect(&k, "Linux 6.12: whole huge pages", 0x7ffff7c00000, 0, HUGE, 0);
	expect(&k, "others not", 0x7ffff7c00000 - HUGE - PG, 0, HUGE + PG, 0);
	kit_end(&k);

	cfg.kernel = 601;
	kit_start(&k, &cfg);
	expect(&k, "Linux 6.6: not aligned", BASE - HUGE, 0, HUGE, 0);
	kit_end(&k);

	cfg.legacy_layout = true;
	kit_start(&k, &cfg);
	expect(&k, "up from a third", 0x2aaaaaaab000, 0, 4 * PG, 0);
	expect(&k, "and on", 0x2aaaaaaaf000, 0, PG, 0);
	kit_end(&k);
}

int
main(void)
{
	ask_the_kernel();
	test_layouts();
	return done_testing();
}
