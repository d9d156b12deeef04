/*
 * image.c - initial mappings from /proc/PID/maps and ELF headers.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch/addr.h"
#include "base/bits.h"
#include "base/xalloc.h"
#include "trace/capture_files.h"

/* Where Valgrind 3.19 puts things on amd64 Linux (its m_aspacemgr and the
 * tools' link address): the tool at 0x58000000, its data from 64 GiB up, the
 * program's stack below 0x1fff001000, nothing of the program's above. */
#define TOOL_START  UINT64_C(0x58000000)
#define TOOL_END    UINT64_C(0x60000000)
#define OWN_START   UINT64_C(0x1000000000)
#define STACK_FLOOR UINT64_C(0x1f00000000)
#define OWN_END     UINT64_C(0x2000000000)

bool
image_is_valgrinds(uint64_t start, uint64_t end, const char *path)
{
	const char *name = strrchr(path, '/');

	if (name && !strcmp(name + 1, "lackey-amd64-linux"))
		return true;
	if (start >= TOOL_START && end <= TOOL_END)
		return true;
	return start >= OWN_START && !(start >= STACK_FLOOR && end < OWN_END);
}

/* A line of /proc/PID/maps. */
struct line {
	uint64_t start, end, offset, inode;
	char perms[5];
	const char *path;
};

static bool
parse_line(char *text, struct line *l)
{
	int at = 0;

	text[strcspn(text, "\n")] = '\0';
	if (sscanf(text,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 " %n",
		   &l->start, &l->end, l->perms, &l->offset, &l->inode,
		   &at) < 5)
		return false;
	l->path = text + at;
	return true;
}

/* The file behind a mapping: through map_files if we may, else by path. */
static void
find_file(struct files *files, pid_t pid, const struct line *l,
	  struct map_desc *m)
{
	char link[PATH_MAX + 32];
	struct stat st;

	if (!l->inode)
		return;
	snprintf(link, sizeof(link), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		 (int)pid, l->start, l->end);
	m->file = files_add_link(files, link, &st);
	if (!m->file) {
		snprintf(link, sizeof(link), "/proc/%d/root%s", (int)pid,
			 l->path);
		if (stat(link, &st) || st.st_ino != l->inode)
			return;
		m->file = files_add(files, &st, FILE_REGULAR, l->path);
	}
	m->file_size = (uint64_t)st.st_size;
	files_set_size(files, m->file, m->file_size);
}

static void
add_map(struct image *im, struct files *files, pid_t pid, const struct line *l)
{
	struct map_desc m = {
	    .start = l->start, .end = l->end, .offset = l->offset};
	const char *p = l->perms;

	m.prot = (uint8_t)((p[0] == 'r' ? PROT_READ : 0) |
			   (p[1] == 'w' ? PROT_WRITE : 0) |
			   (p[2] == 'x' ? PROT_EXEC : 0));
	if (p[3] == 's')
		m.flags |= MAPD_SHARED;
	find_file(files, pid, l, &m);
	if (m.file && !im->exe)
		im->exe = xstrdup(l->path);
	im->maps = xgrow(im->maps, im->desc.n_maps, &im->cap, sizeof(m));
	im->maps[im->desc.n_maps++] = m;
}

static bool
read_maps(struct image *im, struct files *files, pid_t pid)
{
	char name[64], *text = NULL;
	struct line l;
	size_t cap = 0;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	in = fopen(name, "re");
	if (!in)
		return false;
	while (getline(&text, &cap, in) > 0)
		if (parse_line(text, &l) &&
		    !image_is_valgrinds(l.start, l.end, l.path))
			add_map(im, files, pid, &l);
	free(text);
	fclose(in);
	return im->desc.n_maps > 0;
}

/* The program's stack is its last mapping; the heap begins as one page that
 * may be executed, which nothing else of a new image is without a file. */
static void
mark_stack_and_heap(struct image *im)
{
	const uint8_t rwx = PROT_READ | PROT_WRITE | PROT_EXEC;

	for (uint32_t i = 0; i < im->desc.n_maps; i++) {
		struct map_desc *m = &im->maps[i];

		if (m->file)
			continue;
		if (m->start >= STACK_FLOOR) {
			m->flags |= MAPD_STACK;
		} else if (m->prot == rwx && m->end - m->start == PAGE_SIZE) {
			m->flags |= MAPD_HEAP;
			im->desc.start_brk = m->start;
		}
	}
}

/* The memory of an ELF segment ends at file_end, in the middle of a page:
 * the rest of that page was cleared, and whole pages follow (.bss). */
static void
mark_bss(struct image *im, uint64_t file_end)
{
	uint64_t page_end = align_up(file_end, PAGE_SIZE);

	for (uint32_t i = 0; i < im->desc.n_maps; i++) {
		struct map_desc *m = &im->maps[i];

		if ((m->start < file_end && m->end >= file_end && m->file) ||
		    (m->start == page_end && !m->file &&
		     !(m->flags & MAPD_HEAP)))
			m->flags |= MAPD_BSS;
	}
}

static void
scan_segments(struct image *im, int fd, const Elf64_Ehdr *eh, uint64_t start)
{
	uint64_t bias = UINT64_MAX;
	Elf64_Phdr ph;

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		off_t at = (off_t)(eh->e_phoff + i * sizeof(ph));

		if (pread(fd, &ph, sizeof(ph), at) != sizeof(ph))
			return;
		if (ph.p_type != PT_LOAD)
			continue;
		if (bias == UINT64_MAX)
			bias = start - align_down(ph.p_vaddr, PAGE_SIZE);
		if (ph.p_memsz > ph.p_filesz && ph.p_filesz &&
		    (ph.p_flags & PF_W))
			mark_bss(im, bias + ph.p_vaddr + ph.p_filesz);
	}
}

/* m is the first mapping of its file: read the ELF header there. */
static void
scan_elf(struct image *im, struct files *files, pid_t pid,
	 const struct map_desc *m)
{
	char path[PATH_MAX + 32];
	Elf64_Ehdr eh;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid,
		 files_get(files, m->file)->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (pread(fd, &eh, sizeof(eh), 0) == sizeof(eh) &&
	    !memcmp(eh.e_ident, ELFMAG, SELFMAG) &&
	    eh.e_ident[EI_CLASS] == ELFCLASS64 &&
	    eh.e_phentsize == sizeof(Elf64_Phdr))
		scan_segments(im, fd, &eh, m->start);
	close(fd);
}

/* Is this page of pid in memory?  Looking must not put it there. */
static bool
page_present(int pagemap, uint64_t addr)
{
	uint64_t entry = 0;

	return pread(pagemap, &entry, sizeof(entry),
		     (off_t)(addr / PAGE_SIZE * sizeof(entry))) ==
		   sizeof(entry) &&
	       entry >> 63;
}

/* Nothing has been pushed yet, so the lowest word on the stack that is not
 * zero is argc: where the stack pointer is. */
static uint64_t
find_stack_pointer(pid_t pid, const struct map_desc *stack)
{
	uint64_t words[PAGE_SIZE / 8];
	char name[64];
	int pagemap;
	uint64_t found = 0;

	snprintf(name, sizeof(name), "/proc/%d/pagemap", (int)pid);
	pagemap = open(name, O_RDONLY | O_CLOEXEC);
	for (uint64_t a = stack->start; a < stack->end && !found;
	     a += PAGE_SIZE) {
		struct iovec to = {words, sizeof(words)};
		struct iovec from = {(void *)(uintptr_t)a, sizeof(words)};

		if (!page_present(pagemap, a) ||
		    process_vm_readv(pid, &to, 1, &from, 1, 0) !=
			(ssize_t)sizeof(words))
			continue;
		for (size_t i = 0; i < PAGE_SIZE / 8 && !found; i++)
			if (words[i])
				found = a + i * 8;
	}
	if (pagemap >= 0)
		close(pagemap);
	return align_down(found, 16);
}

/* The command line without Valgrind's words. */
static char *
read_args(pid_t pid, unsigned skip_args)
{
	char name[64], *word = NULL, *all = xstrdup("");
	size_t cap = 0;
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)pid);
	in = fopen(name, "re");
	while (in && getdelim(&word, &cap, '\0', in) > 0) {
		char *more;

		if (skip_args) {
			skip_args--;
			continue;
		}
		more = xasprintf("%s%s%s", all, *all ? " " : "", word);
		free(all);
		all = more;
	}
	free(word);
	if (in)
		fclose(in);
	return all;
}

bool
image_read(struct image *im, struct files *files, pid_t pid, unsigned skip_args)
{
	struct rlimit rl = {RLIM_INFINITY, RLIM_INFINITY};
	uint32_t last = FILE_NONE;

	*im = (struct image){0};
	if (!read_maps(im, files, pid))
		return false;
	mark_stack_and_heap(im);
	for (uint32_t i = 0; i < im->desc.n_maps; i++) {
		const struct map_desc *m = &im->maps[i];

		if (m->file && m->file != last && m->offset == 0)
			scan_elf(im, files, pid, m);
		if (m->file)
			last = m->file;
		if (m->flags & MAPD_STACK)
			im->desc.stack_pointer = find_stack_pointer(pid, m);
	}
	prlimit(pid, RLIMIT_STACK, NULL, &rl);
	im->desc.stack_limit = rl.rlim_cur; /* RLIM_INFINITY: UINT64_MAX */
	im->args = read_args(pid, skip_args);
	if (!im->exe)
		im->exe = xstrdup("");
	im->desc.exe = im->exe;
	im->desc.args = im->args;
	im->desc.maps = im->maps;
	return true;
}

void
image_free(struct image *im)
{
	free(im->maps);
	free(im->exe);
	free(im->args);
	*im = (struct image){0};
}
