/*
 * test_os_hostile.c - traces that lie: events and system calls with arguments
 * out of a random number generator.  Each is taken or refused; none crashes,
 * and afterwards every structure agrees and every frame comes back.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "base/rng.h"
#include "os/internal.h"
#include "os_kit.h"

static struct rng rng;

/* Mostly small or page-aligned things, sometimes anything. */
static uint64_t
word(void)
{
	switch (rng_below(&rng, 10)) {
	case 0:
		return rng_u64(&rng);
	case 1:
		return 0 - rng_below(&rng, 5000);
	case 2:
		return rng_below(&rng, 8);
	case 3:
		return 1ull << rng_below(&rng, 64);
	case 4:
		return TASK_SIZE - rng_below(&rng, 64) * PG;
	case 5:
		return rng_below(&rng, 200);
	default:
		return KIT_BASE + rng_below(&rng, 4096) * PG;
	}
}

static uint64_t
size(void)
{
	return rng_below(&rng, 12) ? rng_below(&rng, 600) * PG : word();
}

static void
random_call(struct event *ev)
{
	static const uint32_t nrs[] = {
	    SYS_mmap,       SYS_mmap,      SYS_munmap,     SYS_mprotect,
	    SYS_mremap,     SYS_brk,       SYS_madvise,    SYS_msync,
	    SYS_mlock,      SYS_mlock2,    SYS_munlock,    SYS_mlockall,
	    SYS_munlockall, SYS_shmat,     SYS_shmdt,      SYS_shmctl,
	    SYS_ftruncate,  SYS_fallocate, SYS_read,       SYS_write,
	    SYS_openat,     SYS_fsync,     SYS_readahead,  SYS_remap_file_pages,
	    SYS_sync,       SYS_fadvise64, SYS_userfaultfd};
	struct syscall_desc *s = &ev->sys;

	ev->kind = EV_SYSCALL;
	s->nr = nrs[rng_below(&rng, sizeof(nrs) / sizeof(nrs[0]))];
	s->args[0] = word();
	s->args[1] = size();
	s->args[2] = s->nr == SYS_mremap    ? size()
		     : s->nr == SYS_madvise ? rng_below(&rng, 105)
					    : rng_below(&rng, 8);
	s->args[3] = rng_below(&rng, 3)
			 ? 1u << rng_below(&rng, 20) | (1 + rng_below(&rng, 2))
			 : word();
	s->args[4] = word();
	s->args[5] = rng_below(&rng, 2) ? 0 : size();
	s->file = (uint32_t)rng_below(&rng, 8);
	s->file_flags = (uint32_t)rng_below(&rng, 4);
	s->file_size = rng_below(&rng, 3) ? 0 : size();
	s->file_pos = size();
	if (rng_below(&rng, 3))
		s->args[3] |= MAP_ANONYMOUS;
	switch (rng_below(&rng, 4)) {
	case 0:
		s->ret = -(int64_t)rng_below(&rng, 40);
		break;
	case 1:
		s->ret = (int64_t)s->args[0];
		break;
	case 2:
		s->ret = 0;
		break;
	default:
		s->ret = (int64_t)word();
	}
}

static void
random_event(struct os *os, struct event *ev, struct map_desc *maps)
{
	static const uint8_t kinds[] = {
	    FILE_REGULAR,  FILE_SHM,     FILE_SYSV,     FILE_CHARDEV,
	    FILE_BLOCKDEV, FILE_ANON_FD, FILE_DIRECTORY};
	uint64_t at = word() & ~(PG - 1);

	memset(ev, 0, sizeof(*ev));
	ev->pid = 100 + (uint32_t)rng_below(&rng, 4);
	for (int i = 0; i < 8 && !os_task(os, ev->pid, ev->pid); i++)
		ev->pid = 100 + (uint32_t)rng_below(&rng, 4);
	ev->tid = ev->pid + (rng_below(&rng, 20) ? 0 : 50);
	if (rng_below(&rng, 10) && os_task(os, ev->pid, ev->pid)) {
		random_call(ev);
		return;
	}
	ev->kind = (uint8_t)rng_below(&rng, EV_KINDS + 1);
	if (ev->kind == EV_EXIT && rng_below(&rng, 4))
		ev->kind = EV_FORK;
	if (ev->kind == EV_FILE) {
		ev->file.id = (uint32_t)rng_below(&rng, 8);
		ev->file.kind = kinds[rng_below(&rng, 7)];
		ev->file.rdev = rng_below(&rng, 2) ? 0x105 : 0x901;
		ev->file.size = size();
		ev->file.path = "/f";
	} else if (ev->kind == EV_FORK) {
		ev->fork.child_pid = 100 + (uint32_t)rng_below(&rng, 4);
		ev->fork.flags = rng_below(&rng, 3) ? 0 : 0x100;
	} else if (ev->kind == EV_PROCESS || ev->kind == EV_EXEC) {
		ev->image.exe = ev->image.args = "x";
		ev->image.start_brk = word();
		ev->image.stack_pointer = word();
		ev->image.stack_limit = size();
		ev->image.n_maps = (uint32_t)rng_below(&rng, 4);
		ev->image.maps = maps;
		for (unsigned i = 0; i < 3; i++) {
			maps[i].start = at;
			maps[i].end = at += size();
			maps[i].offset = rng_below(&rng, 4) * PG;
			maps[i].file_size = size();
			maps[i].file = (uint32_t)rng_below(&rng, 8);
			maps[i].prot = (uint8_t)rng_below(&rng, 8);
			maps[i].flags = (uint8_t)rng_below(&rng, 64);
		}
	}
}

static void
touch(struct kit *k)
{
	struct task *t = os_task(k->os, k->pid, k->pid);

	for (unsigned i = 0; t && i < 20; i++)
		kit_touch(k, word(), (enum access)rng_below(&rng, 3));
}

static void
run(uint64_t seed, unsigned n, struct os_config *cfg)
{
	struct map_desc maps[3];
	struct kit k;
	struct event ev;
	struct fault f;
	uint32_t pid, tid;
	uint64_t refused = 0, taken = 0;

	rng_seed(&rng, seed);
	kit_start(&k, cfg);
	for (unsigned i = 0; i < n; i++) {
		random_event(k.os, &ev, maps);
		if (os_event(k.os, &ev, ++k.insn, &k.e))
			taken++;
		else
			refused++;
		while (os_pending_fault(k.os, &f, &pid, &tid))
			;
		k.pid = 100 + (uint32_t)rng_below(&rng, 4);
		touch(&k);
		if (i % 512 == 0)
			os_check(k.os);
	}
	os_check(k.os);
	ok(taken > n / 4 && refused > n / 100,
	   "seed %" PRIu64 ": %" PRIu64 " events taken, %" PRIu64 " refused",
	   seed, taken, refused);
	kit_end(&k);
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 4000;
	struct os_config cfg = kit_config();

	cfg.memory_bytes = 16u << 20;
	run(seed, n, &cfg);
	cfg.memory_bytes = 1u << 20;
	cfg.page_cache = CACHE_COLD;
	run(seed + 1, n, &cfg);
	cfg.memory_bytes = 32u << 20;
	cfg.kernel = 618;
	cfg.folio_order = 9;
	cfg.thp = THP_ALWAYS;
	run(seed + 2, n, &cfg);
	cfg.instructions_per_second = 2000; /* khugepaged all the time */
	cfg.khugepaged_scan_sleep = 1;
	cfg.khugepaged_pages = 2048;
	cfg.max_ptes_none = cfg.max_ptes_swap = cfg.max_ptes_shared = 511;
	for (unsigned i = 0; i < OS_MTHP_SIZES; i++)
		cfg.mthp[i] = MTHP_ALWAYS;
	cfg.nr_hugepages = 3;
	run(seed + 3, n, &cfg);
	return done_testing();
}
