/*
 * test_os_errno.c - how calls on mappings end: limits, promises of memory,
 * seals, what other processes' settings would make of them.  The plain rows
 * of the table are in tests/programs/errno.c, which asks Linux, too.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "os_kit.h"

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define AT   (KIT_BASE + (1ull << 32)) /* nothing is mapped there */
#define M    ((uint64_t)1 << 20)

static uint64_t
mismatches(struct kit *k)
{
	struct os_stats s;

	os_stats(k->os, &s);
	return s.result_mismatches;
}

/* The model would have returned ret: it agrees with that, and not with an
 * error that nothing makes. */
static void
expect(struct kit *k, const char *what, uint32_t nr, int64_t ret, uint64_t a,
       uint64_t b, uint64_t c, uint64_t d, uint64_t file, uint64_t f)
{
	uint64_t before = mismatches(k), wrong;

	kit_call(k, nr, -EXDEV, a, b, c, d, file, f);
	wrong = mismatches(k) - before;
	kit_call(k, nr, ret, a, b, c, d, file, f);
	is_u64(wrong, 1, "%s: judged", what);
	is_u64(mismatches(k) - before, 1, "%s: %lld", what, (long long)ret);
}

#define MMAP(k, what, ret, at, len, prot, flags, file)                         \
	expect(k, what, SYS_mmap, ret, at, len, prot, (uint64_t)(flags), file, \
	       0)

static void
set_limit(struct kit *k, int resource, uint64_t soft)
{
	struct event ev = {.kind = EV_SYSCALL,
			   .pid = k->pid,
			   .tid = k->pid,
			   .sys = {.nr = SYS_prlimit64,
				   .args = {0, (uint64_t)resource, 1},
				   .file_size = UINT64_MAX,
				   .file_pos = soft}};

	ok(kit_event(k, &ev), "prlimit");
}

static void
test_address_space(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.limit_as = 16 * M;
	kit_start(&k, &cfg);
	MMAP(&k, "below RLIMIT_AS", AT, 0, 12 * M, RW, ANON, 0);
	MMAP(&k, "beyond RLIMIT_AS", -ENOMEM, 0, 8 * M, RW, ANON, 0);
	MMAP(&k, "in place of itself", AT, AT, 12 * M, RW, ANON | MAP_FIXED, 0);
	expect(&k, "growing beyond it", SYS_mremap, -ENOMEM, AT, 12 * M, 20 * M,
	       MREMAP_MAYMOVE, 0, 0);
	kit_fork(&k, 200, 0);
	k.pid = 200;
	MMAP(&k, "the child's limit", -ENOMEM, 0, 8 * M, RW, ANON, 0);
	set_limit(&k, RLIMIT_AS, UINT64_MAX);
	MMAP(&k, "the child's own", AT + 64 * M, 0, 8 * M, RW, ANON, 0);
	k.pid = 100;
	MMAP(&k, "not the parent's", -ENOMEM, 0, 8 * M, RW, ANON, 0);
	kit_exit(&k, 200);
	kit_end(&k);
}

static void
test_data(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint64_t before;

	kit_start(&k, &cfg);
	set_limit(&k, RLIMIT_DATA, 4 * M);
	MMAP(&k, "beyond RLIMIT_DATA", -ENOMEM, 0, 8 * M, RW, ANON, 0);
	MMAP(&k, "shared memory is none", AT, 0, 8 * M, RW,
	     MAP_SHARED | MAP_ANONYMOUS, 0);
	MMAP(&k, "nor what is read only", AT + 64 * M, 0, 8 * M, PROT_READ,
	     ANON, 0);
	expect(&k, "until it may be written", SYS_mprotect, -ENOMEM,
	       AT + 64 * M, 8 * M, RW, 0, 0, 0);
	before = mismatches(&k);
	kit_call(&k, SYS_brk, 0x10000000 + (int64_t)M, 0x10000000 + M, 0, 0, 0,
		 0, 0);
	is_u64(mismatches(&k) - before, 0, "brk below RLIMIT_DATA");
	kit_call(&k, SYS_brk, 0x10000000 + 8 * (int64_t)M, 0x10000000 + 8 * M,
		 0, 0, 0, 0, 0);
	is_u64(mismatches(&k) - before, 1, "brk beyond it");
	kit_touch(&k, 0x10000000 + 7 * M, ACC_WRITE);
	is_u64(k.last.signal, 0, "what was recorded is done all the same");
	kit_end(&k);
}

static void
test_locked(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.limit_memlock = 64 * PG;
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 256);
	expect(&k, "mlock", SYS_mlock, 0, AT, 60 * PG, 0, 0, 0, 0);
	expect(&k, "mlock again", SYS_mlock, 0, AT, 62 * PG, 0, 0, 0, 0);
	expect(&k, "mlock beyond the limit", SYS_mlock, -ENOMEM, AT + 62 * PG,
	       4 * PG, 0, 0, 0, 0);
	expect(&k, "mlockall beyond it", SYS_mlockall, -ENOMEM, MCL_CURRENT, 0,
	       0, 0, 0, 0);
	MMAP(&k, "MAP_LOCKED beyond it", -EAGAIN, 0, 4 * PG, RW,
	     ANON | MAP_LOCKED, 0);
	expect(&k, "mremap beyond it", SYS_mremap, -EAGAIN, AT, 62 * PG,
	       90 * PG, MREMAP_MAYMOVE, 0, 0);
	set_limit(&k, RLIMIT_MEMLOCK, 0);
	expect(&k, "mlock without a limit", SYS_mlock, -EPERM, AT, PG, 0, 0, 0,
	       0);
	MMAP(&k, "MAP_LOCKED without", -EPERM, 0, PG, RW, ANON | MAP_LOCKED, 0);
	expect(&k, "munlock", SYS_munlock, 0, AT, 62 * PG, 0, 0, 0, 0);
	kit_end(&k);

	cfg.privileged = true;
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 256);
	expect(&k, "mlock with the right", SYS_mlock, 0, AT, 256 * PG, 0, 0, 0,
	       0);
	kit_mmap(&k, AT + M, 4, PROT_NONE, ANON, 0, 0);
	expect(&k, "mlock of what cannot be had", SYS_mlock, -ENOMEM, AT + M,
	       4 * PG, 0, 0, 0, 0);
	kit_end(&k);
}

static void
test_low(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	kit_start(&k, &cfg);
	MMAP(&k, "mmap at 0", -EPERM, 0, PG, RW, ANON | MAP_FIXED, 0);
	kit_end(&k);
	cfg.privileged = true;
	kit_start(&k, &cfg);
	MMAP(&k, "mmap at 0, as root", 0, 0, PG, RW, ANON | MAP_FIXED, 0);
	kit_end(&k);
}

static void
test_map_count(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.max_map_count = 8;
	kit_start(&k, &cfg);
	for (uint64_t i = 0; i < 8; i++)
		kit_mmap(&k, AT + 2 * i * 8 * PG, 8, RW, ANON, 0, 0);
	expect(&k, "munmap in the middle", SYS_munmap, -ENOMEM, AT + 2 * PG, PG,
	       0, 0, 0, 0);
	expect(&k, "mprotect in the middle", SYS_mprotect, -ENOMEM, AT + 2 * PG,
	       PG, PROT_READ, 0, 0, 0);
	expect(&k, "mlock in the middle", SYS_mlock, -ENOMEM, AT + 2 * PG, PG,
	       0, 0, 0, 0);
	expect(&k, "mremap", SYS_mremap, -ENOMEM, AT, PG, PG,
	       MREMAP_MAYMOVE | MREMAP_FIXED, AT + 999 * PG, 0);
	MMAP(&k, "one more, which Linux allows", AT + 500 * PG, 0, PG, RW,
	     MAP_SHARED | MAP_ANONYMOUS, 0);
	MMAP(&k, "and no more", -ENOMEM, 0, PG, RW, MAP_SHARED | MAP_ANONYMOUS,
	     0);
	expect(&k, "munmap of a whole one", SYS_munmap, 0, AT, 8 * PG, 0, 0, 0,
	       0);
	kit_end(&k);
}

/* 256 MiB of memory, no swap. */
static void
test_heuristic(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	kit_start(&k, &cfg);
	MMAP(&k, "more than there is", -ENOMEM, 0, 257 * M, RW, ANON, 0);
	MMAP(&k, "shared", -ENOMEM, 0, 257 * M, RW, MAP_SHARED | MAP_ANONYMOUS,
	     0);
	MMAP(&k, "not reserved", AT, 0, 257 * M, RW, ANON | MAP_NORESERVE, 0);
	MMAP(&k, "read only", AT + 512 * M, 0, 257 * M, PROT_READ, ANON, 0);
	expect(&k, "and then written", SYS_mprotect, -ENOMEM, AT + 512 * M,
	       257 * M, RW, 0, 0, 0);
	MMAP(&k, "all there is", AT + 1024 * M, 0, 250 * M, RW, ANON, 0);
	MMAP(&k, "and again", AT + 2048 * M, 0, 250 * M, RW, ANON, 0);
	expect(&k, "a segment", SYS_shmget, -ENOMEM, IPC_PRIVATE, 257 * M, 0600,
	       0, 0, 0);
	kit_end(&k);
	cfg.overcommit = 1;
	kit_start(&k, &cfg);
	MMAP(&k, "more than there is, always", AT, 0, 257 * M, RW, ANON, 0);
	kit_end(&k);
}

/* Half of 256 MiB and 64 MiB of swap, less 8 MiB for administrators: 184. */
static void
test_strict(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.overcommit = 2;
	cfg.swap_bytes = 64 * M;
	kit_start(&k, &cfg);
	MMAP(&k, "most of it", AT, 0, 150 * M, RW, ANON, 0);
	MMAP(&k, "the rest and more", -ENOMEM, 0, 40 * M, RW, ANON, 0);
	MMAP(&k, "MAP_NORESERVE is ignored", -ENOMEM, 0, 40 * M, RW,
	     ANON | MAP_NORESERVE, 0);
	MMAP(&k, "in place of the same", AT, AT, 150 * M, RW, ANON | MAP_FIXED,
	     0);
	MMAP(&k, "shared counts, too", -ENOMEM, 0, 40 * M, RW,
	     MAP_SHARED | MAP_ANONYMOUS, 0);
	expect(&k, "munmap", SYS_munmap, 0, AT, 140 * M, 0, 0, 0, 0);
	MMAP(&k, "gives it back", AT + 512 * M, 0, 100 * M, RW,
	     MAP_SHARED | MAP_ANONYMOUS, 0);
	expect(&k, "all", SYS_munmap, 0, AT, 1024 * M, 0, 0, 0, 0);
	MMAP(&k, "of it", AT, 0, 170 * M, RW, ANON, 0);
	kit_end(&k);
	cfg.overcommit_ratio = 100;
	kit_start(&k, &cfg);
	MMAP(&k, "at a ratio of 100", AT, 0, 290 * M, RW, ANON, 0);
	kit_end(&k);
}

static void
test_seals(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_SHM, 8 * PG);
	kit_call(&k, SYS_memfd_create, 3, 0, MFD_ALLOW_SEALING, 0, 0, f, 0);
	expect(&k, "ftruncate", SYS_ftruncate, 0, 3, 6 * PG, 0, 0, f, 0);
	kit_call(&k, SYS_fcntl, 0, 3, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW,
		 0, f, 0);
	expect(&k, "smaller", SYS_ftruncate, -EPERM, 3, 5 * PG, 0, 0, f, 0);
	expect(&k, "larger", SYS_ftruncate, -EPERM, 3, 7 * PG, 0, 0, f, 0);
	expect(&k, "the same", SYS_ftruncate, 0, 3, 6 * PG, 0, 0, f, 0);
	MMAP(&k, "mmap for writing", AT, 0, PG, RW, MAP_SHARED, f);
	kit_call(&k, SYS_fcntl, 0, 3, F_ADD_SEALS, F_SEAL_WRITE, 0, f, 0);
	MMAP(&k, "not if writing is sealed", -EPERM, 0, PG, RW, MAP_SHARED, f);
	MMAP(&k, "but privately", AT + M, 0, PG, RW, MAP_PRIVATE, f);
	kit_end(&k);
}

static void
test_keys(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	kit_start(&k, &cfg);
	kit_anon(&k, AT, 4);
	expect(&k, "no such key", SYS_pkey_mprotect, -EINVAL, AT, PG, RW, 5, 0,
	       0);
	kit_call(&k, SYS_pkey_alloc, 5, 0, 0, 0, 0, 0, 0);
	expect(&k, "a key", SYS_pkey_mprotect, 0, AT, PG, RW, 5, 0, 0);
	expect(&k, "no key", SYS_pkey_mprotect, 0, AT, PG, RW, UINT64_MAX, 0,
	       0);
	expect(&k, "freed", SYS_pkey_free, 0, 5, 0, 0, 0, 0, 0);
	expect(&k, "not twice", SYS_pkey_free, -EINVAL, 5, 0, 0, 0, 0, 0);
	kit_end(&k);
}

static void
test_mseal(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.kernel = 618;
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 8);
	expect(&k, "mseal over a hole", 462, -ENOMEM, AT, 9 * PG, 0, 0, 0, 0);
	expect(&k, "mseal with flags", 462, -EINVAL, AT, PG, 1, 0, 0, 0);
	expect(&k, "mseal of nothing", 462, 0, AT, 0, 0, 0, 0, 0);
	expect(&k, "mseal", 462, 0, AT, 4 * PG, 0, 0, 0, 0);
	expect(&k, "munmap, sealed", SYS_munmap, -EPERM, AT + 2 * PG, 4 * PG, 0,
	       0, 0, 0);
	expect(&k, "mprotect, sealed", SYS_mprotect, -EPERM, AT, PG, PROT_READ,
	       0, 0, 0);
	expect(&k, "mremap, sealed", SYS_mremap, -EPERM, AT, PG, 2 * PG,
	       MREMAP_MAYMOVE, 0, 0);
	MMAP(&k, "mmap over it", -EPERM, AT, PG, RW, ANON | MAP_FIXED, 0);
	kit_call(&k, SYS_madvise, 0, AT, PG, MADV_DONTNEED, 0, 0, 0);
	expect(&k, "what is not sealed", SYS_munmap, 0, AT + 4 * PG, 4 * PG, 0,
	       0, 0, 0);
	kit_end(&k);
}

static void
test_process_madvise(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	kit_start(&k, &cfg);
	expect(&k, "process_madvise with flags", SYS_process_madvise, -EINVAL,
	       3, AT, 1, 20, 1, 0);
	expect(&k, "process_madvise that discards", SYS_process_madvise,
	       -EINVAL, 3, AT, 1, MADV_DONTNEED, 0, 0);
	ok(kit_call(&k, SYS_process_madvise, 4096, 3, AT, 1, 20, 0, 0),
	   "that makes old is passed over");
	kit_end(&k);
	cfg.kernel = 618;
	kit_start(&k, &cfg);
	ok(!kit_call(&k, SYS_process_madvise, 4096, 3, AT, 1, MADV_DONTNEED, 0,
		     0),
	   "that discards is refused");
	os_free(k.os);
}

/* PR_SET_THP_DISABLE holds through fork. */
static void
test_prctl(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	cfg.thp = THP_ALWAYS;
	kit_start(&k, &cfg);
	kit_anon(&k, AT, 2048);
	is_u64(kit_run(&k, AT, 512, ACC_WRITE), 1, "a huge page");
	kit_call(&k, SYS_prctl, 0, PR_SET_THP_DISABLE, 1, 0, 0, 0, 0);
	is_u64(kit_run(&k, AT + 512 * PG, 512, ACC_WRITE), 512, "not any more");
	kit_fork(&k, 200, 0);
	k.pid = 200;
	is_u64(kit_run(&k, AT + 1024 * PG, 512, ACC_WRITE), 512,
	       "nor for a child");
	kit_call(&k, SYS_prctl, 0, PR_SET_THP_DISABLE, 0, 0, 0, 0, 0);
	is_u64(kit_run(&k, AT + 1536 * PG, 512, ACC_WRITE), 1, "and again");
	kit_end(&k);
}

int
main(void)
{
	test_mseal();
	test_process_madvise();
	test_prctl();
	test_address_space();
	test_data();
	test_locked();
	test_low();
	test_map_count();
	test_heuristic();
	test_strict();
	test_seals();
	test_keys();
	return done_testing();
}
