/*
 * test_os.c - the kernel model: faults by kind, copy-on-write, fork, exec,
 * mappings.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os_kit.h"

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void
test_anon(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	struct mapping m;

	kit_start(&k, &cfg);
	kit_anon(&k, KIT_BASE, 1000);
	is_u64(kit_run(&k, KIT_BASE, 1000, ACC_READ), 1000, "anon reads");
	is_u64(k.kinds[FAULT_ZERO_READ], 1000, "map the zero page");
	is_u64(kit_run(&k, KIT_BASE, 1000, ACC_READ), 0, "and only once");
	is_u64(kit_run(&k, KIT_BASE, 1000, ACC_WRITE), 1000, "writes after");
	is_u64(k.kinds[FAULT_COW_ZERO], 1000, "replace the zero page");
	is_u64(k.flush_pages, 1000, "flushing it each time");
	kit_touch_map(&k, KIT_BASE, ACC_READ, &m);
	ok(m.writable && m.page.raw && !m.executable, "a page of its own");
	kit_anon(&k, KIT_BASE, 1000);
	is_u64(kit_run(&k, KIT_BASE, 1000, ACC_WRITE), 1000, "write first");
	is_u64(k.kinds[FAULT_ANON_ALLOC], 1000, "allocates");
	is_u64(kit_counts(&k).minor, 3000, "all minor");
	is_u64(kit_touch(&k, KIT_BASE, ACC_EXEC), 1, "NX, present: one fault");
	ok(k.last.signal == SIGSEGV && k.last.si_code == SEGV_ACCERR &&
	       k.last.present,
	   "which is refused");
	kit_anon(&k, KIT_BASE, 1);
	is_u64(kit_touch(&k, KIT_BASE, ACC_EXEC), 2, "NX, not there: two");
	is_u64(kit_touch(&k, KIT_BASE - PG, ACC_READ), 1, "nothing mapped");
	ok(k.last.signal == SIGSEGV && k.last.si_code == SEGV_MAPERR,
	   "SEGV_MAPERR");
	kit_end(&k);
}

static void
test_file(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint32_t f;

	kit_start(&k, &cfg);
	f = kit_file(&k, FILE_REGULAR, 1024 * PG);
	kit_mmap(&k, KIT_BASE, 1024, RW, MAP_PRIVATE, f, 0);
	is_u64(kit_run(&k, KIT_BASE, 1024, ACC_READ), 64, "fault-around");
	is_u64(kit_touch(&k, KIT_BASE + 5 * PG, ACC_WRITE), 1, "write after");
	is_u64(k.kinds[FAULT_FILE_PRIVATE_COPY], 1, "copies");
	kit_mmap(&k, KIT_BASE, 1024, RW, MAP_SHARED, f, 0);
	is_u64(kit_touch(&k, KIT_BASE + 400 * PG, ACC_WRITE), 1, "write");
	is_u64(k.kinds[FAULT_FILE_SHARED_WRITE], 1, "to a shared page");
	is_u64(kit_run(&k, KIT_BASE + 384 * PG, 32, ACC_READ), 2, "one only");
	is_u64(kit_touch(&k, KIT_BASE + 401 * PG, ACC_WRITE), 1, "notify");
	is_u64(k.kinds[FAULT_WRITE_NOTIFY], 1, "of the first write");
	is_u64(kit_touch(&k, KIT_BASE + 1024 * PG, ACC_READ), 1, "beyond");
	ok(k.last.signal == SIGSEGV, "the mapping");
	kit_mmap(&k, KIT_BASE, 1025, RW, MAP_SHARED, f, 0);
	is_u64(kit_touch(&k, KIT_BASE + 1024 * PG, ACC_READ), 1, "beyond");
	ok(k.last.signal == SIGBUS && k.last.si_code == BUS_ADRERR,
	   "the end of the file");
	kit_end(&k);
}

static void
test_fork(void)
{
	struct os_config cfg = kit_config();
	struct kit k;
	uint64_t before;

	kit_start(&k, &cfg);
	kit_anon(&k, KIT_BASE, 200);
	kit_run(&k, KIT_BASE, 200, ACC_WRITE);
	before = k.flush_as;
	ok(kit_fork(&k, 200, 0), "fork");
	is_u64(k.flush_as - before, 1, "flushes the parent");
	k.pid = 200;
	is_u64(kit_run(&k, KIT_BASE, 200, ACC_READ), 0, "child reads freely");
	is_u64(kit_run(&k, KIT_BASE, 50, ACC_WRITE), 50, "and copies");
	is_u64(k.kinds[FAULT_COW_COPY], 50, "what it writes");
	is_u64(kit_counts(&k).minor, 50, "its own count");
	k.pid = 100;
	is_u64(kit_run(&k, KIT_BASE, 50, ACC_WRITE), 50, "the parent");
	is_u64(k.kinds[FAULT_COW_REUSE], 50, "has those back");
	kit_exit(&k, 200);
	is_u64(kit_run(&k, KIT_BASE + 50 * PG, 150, ACC_WRITE), 150, "all");
	is_u64(k.kinds[FAULT_COW_REUSE], 200, "when the child is gone");
	ok(!kit_exit(&k, 200), "nobody dies twice");
	kit_end(&k);
}

static void
test_protect(void)
{
	struct os_config cfg = kit_config();
	struct kit k;

	kit_start(&k, &cfg);
	kit_anon(&k, KIT_BASE, 100);
	kit_run(&k, KIT_BASE, 100, ACC_WRITE);
	kit_call(&k, SYS_mprotect, 0, KIT_BASE, 100 * PG, PROT_READ, 0, 0, 0);
	is_u64(kit_touch(&k, KIT_BASE, ACC_WRITE), 1, "write to read-only");
	ok(k.last.signal == SIGSEGV && k.last.si_code == SEGV_ACCERR &&
	       k.last.present,
	   "is refused");
	kit_call(&k, SYS_mprotect, 0, KIT_BASE, 100 * PG, RW, 0, 0, 0);
	is_u64(kit_run(&k, KIT_BASE, 100, ACC_WRITE), 0, "RO->RW: no fault");
	kit_call(&k, SYS_mprotect, 0, KIT_BASE, 100 * PG, 0, 0, 0, 0);
	is_u64(kit_touch(&k, KIT_BASE, ACC_READ), 1, "PROT_NONE");
	ok(k.last.signal == SIGSEGV && !k.last.present, "is not present");
	kit_call(&k, SYS_mprotect, 0, KIT_BASE, 100 * PG, RW, 0, 0, 0);
	is_u64(kit_run(&k, KIT_BASE, 100, ACC_WRITE), 0, "NONE->RW: none");
	kit_call(&k, SYS_munmap, 0, KIT_BASE, 100 * PG, 0, 0, 0, 0);
	is_u64(kit_touch(&k, KIT_BASE, ACC_READ), 1, "munmap");
	ok(k.last.signal == SIGSEGV, "leaves nothing");
	kit_call(&k, SYS_brk, 0x10000000, 0, 0, 0, 0, 0, 0);
	kit_call(&k, SYS_brk, 0x10000000 + 98 * 4096, 0x10000000 + 98 * 4096, 0,
		 0, 0, 0, 0);
	is_u64(kit_run(&k, 0x10000000, 98, ACC_WRITE), 98, "brk");
	kit_end(&k);
}

int
main(void)
{
	test_anon();
	test_file();
	test_fork();
	test_protect();
	return done_testing();
}
