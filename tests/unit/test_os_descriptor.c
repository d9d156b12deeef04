/*
 * test_os_descriptor.c - files without a name go with the last descriptor and
 * the last mapping, whichever comes later.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>

#include "os_kit.h"

#define RW (PROT_READ | PROT_WRITE)

static uint64_t
cached(struct kit *k)
{
	struct os_stats s;

	os_stats(k->os, &s);
	return s.page_cache_pages;
}

static uint32_t
memfd(struct kit *k, uint64_t flags, int64_t fd)
{
	uint32_t f = kit_file(k, FILE_SHM, 0);

	kit_call(k, SYS_memfd_create, fd, 0, flags, 0, 0, f, 0);
	kit_call(k, SYS_ftruncate, 0, (uint64_t)fd, 8 * PG, 0, 0, f, 0);
	return f;
}

/* A call on descriptor fd of file f. */
static void
on_fd(struct kit *k, uint32_t nr, int64_t ret, uint64_t fd, uint64_t b,
      uint64_t c, uint32_t f, uint32_t flags)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = k->pid,
			   .tid = k->pid,
			   .sys = {.nr = nr,
				   .args = {fd, b, c},
				   .ret = ret,
				   .file = f,
				   .file_flags = flags | O_RDWR}};

	if (!kit_event(k, &ev))
		printf("# %s\n", k->e.text);
}

static void
close_fd(struct kit *k, uint64_t fd, uint32_t f)
{
	on_fd(k, SYS_close, 0, fd, 0, 0, f, 0);
}

static void
map_and_write(struct kit *k, uint64_t at, uint64_t fd, uint32_t f)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = k->pid,
			   .tid = k->pid,
			   .sys = {.nr = SYS_mmap,
				   .args = {at, 8 * PG, RW, MAP_SHARED, fd, 0},
				   .ret = (int64_t)at,
				   .file = f,
				   .file_flags = O_RDWR}};

	if (!kit_event(k, &ev))
		printf("# %s\n", k->e.text);
	kit_run(k, at, 8, ACC_WRITE);
}

static void
test_memfd(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	kit_start(&k, &cfg);
	f = memfd(&k, 0, 3);
	map_and_write(&k, KIT_BASE, 3, f);
	is_u64(cached(&k), 8, "pages of a memfd");
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 8 * PG, 0, 0, 0, 0);
	is_u64(cached(&k), 8, "stay while it is open");
	on_fd(&k, SYS_dup, 4, 3, 0, 0, f, 0);
	close_fd(&k, 3, f);
	is_u64(cached(&k), 8, "even by a copy of the descriptor");
	on_fd(&k, SYS_fcntl, 9, 4, F_DUPFD_CLOEXEC, 9, f, 0);
	on_fd(&k, SYS_dup2, 5, 4, 5, 0, f, 0);
	close_fd(&k, 4, f);
	close_fd(&k, 9, f);
	is_u64(cached(&k), 8, "by any of them");
	map_and_write(&k, KIT_BASE, 5, f);
	close_fd(&k, 5, f);
	is_u64(cached(&k), 8, "or while it is mapped");
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 4 * PG, 0, 0, 0, 0);
	is_u64(cached(&k), 8, "even in part");
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 8 * PG, 0, 0, 0, 0);
	is_u64(cached(&k), 0, "and go with the last mapping");
	kit_end(&k);
}

static void
test_processes(void)
{
	struct os_config cfg = kit_config();
	struct event ev = {.kind = EV_EXEC, .pid = 200, .tid = 200};
	struct kit k;
	uint32_t f, g;

	kit_start(&k, &cfg);
	f = memfd(&k, MFD_CLOEXEC, 3);
	g = memfd(&k, 0, 4);
	map_and_write(&k, KIT_BASE, 3, f);
	map_and_write(&k, KIT_BASE + 16 * PG, 4, g);
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 24 * PG, 0, 0, 0, 0);
	kit_fork(&k, 200, 0);
	close_fd(&k, 3, f);
	close_fd(&k, 4, g);
	is_u64(cached(&k), 16, "a child has them open, too");
	ev.image.exe = "/bin/other";
	ev.image.args = "other";
	ok(kit_event(&k, &ev), "until it calls exec");
	is_u64(cached(&k), 8, "which closes one");
	kit_exit(&k, 200);
	is_u64(cached(&k), 0, "and then it ends");
	kit_end(&k);
}

static void
test_named(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f, g;

	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_SHM, 8 * PG);
	on_fd(&k, SYS_openat, 3, 0, 0, 0, f, 0);
	map_and_write(&k, KIT_BASE, 3, f);
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 8 * PG, 0, 0, 0, 0);
	close_fd(&k, 3, f);
	is_u64(cached(&k), 8, "what has a name stays");
	on_fd(&k, SYS_openat, 3, 0, 0, 0, f, 0);
	on_fd(&k, SYS_close, 0, 3, 0, 0, f, FILE_NAMELESS);
	is_u64(cached(&k), 0, "until it has lost it");
	g = kit_file(&k, FILE_REGULAR, 4 * PG);
	on_fd(&k, SYS_openat, 7, 0, 0, 0, g, 0);
	map_and_write(&k, KIT_BASE, 7, g);
	on_fd(&k, SYS_close_range, 0, 5, 9, 0, 0, 0);
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 8 * PG, 0, 0, 0, 0);
	is_u64(cached(&k), 4, "files of a file system, too");
	on_fd(&k, SYS_openat, 7, 0, 0, 0, g, 0);
	on_fd(&k, SYS_fstat, 0, 7, 0, 0, g, FILE_NAMELESS);
	on_fd(&k, SYS_close_range, 0, 5, 9, 0, 0, 0);
	is_u64(cached(&k), 0, "go with their last descriptor");
	kit_end(&k);
}

int
main(void)
{
	test_memfd();
	test_processes();
	test_named();
	return done_testing();
}
