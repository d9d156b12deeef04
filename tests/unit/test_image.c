/*
 * test_image.c - the initial image, and descriptors, read from a live
 * process: this one and a copy of it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/tap.h"
#include "trace/capture_files.h"
#include "trace/image.h"

/* Where Valgrind would put a program's parts. */
#define HEAP  0x10000000ul
#define ELF   0x11000000ul
#define STACK 0x1ffefff000ul

/* An ELF file of one writable segment: 0x1100 bytes of a file, 0x3000 of
 * memory. */
static int
make_elf(char *name)
{
	Elf64_Ehdr eh = {.e_ident = ELFMAG,
			 .e_phoff = sizeof(eh),
			 .e_phentsize = sizeof(Elf64_Phdr),
			 .e_phnum = 1};
	Elf64_Phdr ph = {.p_type = PT_LOAD,
			 .p_flags = PF_R | PF_W,
			 .p_filesz = 0x1100,
			 .p_memsz = 0x3000};
	int fd = mkstemp(name);

	eh.e_ident[EI_CLASS] = ELFCLASS64;
	if (write(fd, &eh, sizeof(eh)) != sizeof(eh) ||
	    write(fd, &ph, sizeof(ph)) != sizeof(ph) || ftruncate(fd, 0x1100))
		printf("# cannot write %s\n", name);
	return fd;
}

static void *
map(uint64_t at, size_t n, int prot, int fd)
{
	return mmap((void *)(uintptr_t)at, n, prot,
		    MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd,
		    0);
}

static void
check_map(const struct image *im, unsigned i, uint64_t start, uint64_t bytes,
	  unsigned prot, unsigned flags, const char *what)
{
	const struct map_desc *m = &im->maps[i];

	if (!ok(i < im->desc.n_maps, "%s is there", what))
		return;
	is_u64(m->start, start, "%s: start", what);
	is_u64(m->end - m->start, bytes, "%s: length", what);
	is_u64(m->prot, prot, "%s: rights", what);
	is_u64(m->flags, flags, "%s: flags", what);
}

static void
test_image(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	char name[] = "/tmp/pagewalk-test-XXXXXX";
	int fd = make_elf(name);
	struct files f = {0};
	struct image im;
	uint64_t *stack;

	map(HEAP, 0x1000, rw | PROT_EXEC, -1);
	map(ELF, 0x2000, rw, fd);
	map(ELF + 0x2000, 0x1000, rw, -1);
	stack = map(STACK, 0x2000, rw, -1);
	stack[0x300] = 2; /* argc */
	stack[0x305] = 1;
	ok(image_read(&im, &f, getpid(), 0), "an image is read");
	is_u64(im.desc.n_maps, 4, "of four mappings");
	check_map(&im, 0, HEAP, 0x1000, rw | PROT_EXEC, MAPD_HEAP, "heap");
	check_map(&im, 1, ELF, 0x2000, rw, MAPD_BSS, "data");
	check_map(&im, 2, ELF + 0x2000, 0x1000, rw, MAPD_BSS, "bss");
	check_map(&im, 3, STACK, 0x2000, rw, MAPD_STACK, "stack");
	is_u64(im.desc.start_brk, HEAP, "the heap's start");
	is_u64(im.desc.stack_pointer, STACK + 0x1800, "the stack pointer");
	is_u64(im.maps[1].file_size, 0x1100, "the file's size");
	is_str(im.desc.exe, name, "the program");
	ok(im.desc.stack_limit > 0, "there is a limit of the stack");
	image_free(&im);
	files_free(&f);
	unlink(name);
	close(fd);
}

/* The sanitizer's own memory lies where the program's stack would. */
static bool
low_memory_is_free(void)
{
	void *at = (void *)(uintptr_t)STACK;
	void *p =
	    mmap(at, 0x2000, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return p == at;
}

static void
test_nobody(void)
{
	struct files f = {0};
	struct image im;

	ok(!image_read(&im, &f, 0x7fffffff, 0), "no process, no image");
	image_free(&im);
	files_free(&f);
}

static void
test_ranges(void)
{
	ok(!image_is_valgrinds(0x108000, 0x109000, "/usr/bin/ls"),
	   "a program below");
	ok(image_is_valgrinds(0x58000000, 0x58001000,
			      "/usr/libexec/valgrind/lackey-amd64-linux"),
	   "the tool");
	ok(image_is_valgrinds(0x58232000, 0x58c25000, ""), "its data");
	ok(image_is_valgrinds(0x1002001000, 0x100278c000, ""), "its heap");
	ok(!image_is_valgrinds(0x1ffefff000, 0x1fff001000, ""),
	   "the program's stack");
	ok(image_is_valgrinds(0x7fffe50ed000, 0x7fffe510e000, "[stack]"),
	   "the real stack");
	ok(!image_is_valgrinds(0x4835000, 0x4837000, ""), "a mapping");
}

static uint32_t last_announced;

static void
announced(void *ctx, const struct file_desc *d)
{
	(void)ctx;
	last_announced = d->id;
}

static void
test_descriptors(void)
{
	struct files f = {.announce = announced};
	struct fd_table t = {0}, copy;
	char name[] = "/tmp/pagewalk-test-XXXXXX";
	int fd = mkstemp(name), again = dup(fd), null = open("/dev/null", 0);
	struct open_file *o;

	if (write(fd, "hello", 5) != 5)
		printf("# cannot write %s\n", name);
	fds_scan(&t, &f, getpid());
	o = fds_get(&t, &f, getpid(), (uint32_t)fd);
	ok(o && o->pos == 5, "a position is known");
	ok(o && (o->flags & O_ACCMODE) == O_RDWR, "and the mode");
	is_u64(files_size(&f, o->file), 5, "and the size");
	is_str(files_get(&f, o->file)->path, name, "and the name");
	is_u64(fds_get(&t, &f, getpid(), (uint32_t)again)->file, o->file,
	       "a duplicate is the same file");
	is_u64(files_get(&f, fds_get(&t, &f, getpid(), (uint32_t)null)->file)
		   ->kind,
	       FILE_CHARDEV, "/dev/null is a device");
	fds_copy(&copy, &t);
	fds_get(&copy, &f, getpid(), (uint32_t)fd)->pos = 9;
	is_u64(o->pos, 9, "a child shares the position");
	fds_free(&copy);
	unlink(name);
	close(again);
	fds_closed(&t, (uint32_t)again);
	ok(!fds_get(&t, &f, getpid(), (uint32_t)again), "closed is closed");
	is_str(files_get(&f, o->file)->path, name, "a name outlives its file");
	fds_closed_range(&t, 0, UINT32_MAX);
	is_u64(t.fds.used, 0, "all closed");
	fds_free(&t);
	files_free(&f);
	close(fd);
	close(null);
}

static void
test_kinds(void)
{
	struct files f = {.announce = announced};
	struct fd_table t = {0};
	int m = memfd_create("x", 0), p[2];
	uint32_t first;

	if (pipe(p))
		return;
	first = fds_get(&t, &f, getpid(), (uint32_t)m)->file;
	is_u64(files_get(&f, first)->kind, FILE_SHM, "a memfd is shm");
	is_u64(last_announced, first, "a file is announced");
	is_u64(files_get(&f, fds_get(&t, &f, getpid(), (uint32_t)p[0])->file)
		   ->kind,
	       FILE_PIPE, "a pipe is one");
	is_u64(fds_get(&t, &f, getpid(), (uint32_t)p[0])->file,
	       fds_get(&t, &f, getpid(), (uint32_t)p[1])->file,
	       "both ends are one file");
	close(m);
	close(p[0]);
	close(p[1]);
	fds_free(&t);
	files_free(&f);
}

int
main(void)
{
	if (low_memory_is_free())
		test_image();
	test_nobody();
	test_ranges();
	test_descriptors();
	test_kinds();
	return done_testing();
}
