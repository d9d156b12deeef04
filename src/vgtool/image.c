/*
 * image.c - a new image as its first instruction finds it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <elf.h>

#include "vgtool/pw.h"
#include <pub_tool_aspacemgr.h>
#include <pub_tool_clientstate.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcproc.h>
#include <pub_tool_machine.h>
#include <pub_tool_mallocfree.h>
#include <pub_tool_xarray.h>
#include "arch/event.h"

#define ARGS_MOST  (16u << 10)
#define TOOL_BYTES (16u << 20) /* more than our text */
#define CLIENT     (SkFileC | SkAnonC | SkShmC)

/* Ends of file data inside writable ELF segments: the rest of the page was
 * cleared, and whole anonymous pages follow. */
#define MAX_BSS 16
static Addr bss_at[MAX_BSS];
static UInt n_bss;

static void
scan_segments(const Elf64_Ehdr *eh, Addr start)
{
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(start + eh->e_phoff);
	Addr bias = 0;
	Bool first = True;
	UInt i;

	for (i = 0; i < eh->e_phnum; i++, ph++) {
		if (ph->p_type != PT_LOAD)
			continue;
		if (first)
			bias = start - VG_PGROUNDDN(ph->p_vaddr);
		first = False;
		if (ph->p_memsz > ph->p_filesz && ph->p_filesz &&
		    (ph->p_flags & PF_W) && n_bss < MAX_BSS)
			bss_at[n_bss++] = bias + ph->p_vaddr + ph->p_filesz;
	}
}

/* The segment that begins with an ELF header has the program headers too. */
static void
scan_elf(const NSegment *seg)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)seg->start;
	SizeT bytes = seg->end + 1 - seg->start;

	if (seg->kind != SkFileC || seg->offset || !seg->hasR ||
	    bytes < sizeof *eh || VG_(memcmp)(eh->e_ident, ELFMAG, SELFMAG))
		return;
	if (eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	    eh->e_phentsize == sizeof(Elf64_Phdr) && eh->e_phoff < bytes &&
	    eh->e_phnum * sizeof(Elf64_Phdr) <= bytes - eh->e_phoff)
		scan_segments(eh, seg->start);
}

static UInt
flags_of(const NSegment *seg, Addr sp)
{
	UInt flags = seg->kind == SkShmC ? MAPD_SHARED : 0, i;

	if (seg->start <= sp && sp <= seg->end)
		return flags | MAPD_STACK;
	if (seg->start == VG_(brk_base))
		return flags | MAPD_HEAP;
	for (i = 0; i < n_bss; i++)
		if ((seg->kind == SkFileC && seg->start < bss_at[i] &&
		     bss_at[i] <= seg->end + 1) ||
		    (seg->kind == SkAnonC &&
		     seg->start == VG_PGROUNDUP(bss_at[i])))
			flags |= MAPD_BSS;
	return flags;
}

static void
put_map(const NSegment *seg, Addr sp)
{
	struct file_ref file = {0};
	struct vgr_map *m;

	if (seg->kind == SkFileC)
		file_of_path(VG_(am_get_filename)(seg), seg->ino, &file);
	m = ring_record(VGR_MAP, sizeof *m, False);
	*m = (struct vgr_map){
	    .h = m->h,
	    .start = seg->start,
	    .end = seg->end + 1,
	    .offset = (ULong)seg->offset,
	    .dev = file.dev,
	    .inode = file.inode,
	    .file_size = file.size,
	    .prot = (seg->hasR ? VKI_PROT_READ : 0u) |
		    (seg->hasW ? VKI_PROT_WRITE : 0u) |
		    (seg->hasX ? VKI_PROT_EXEC : 0u),
	    .flags = flags_of(seg, sp),
	};
	ring_commit();
}

/* The command line, words parted by spaces, as far as it fits. */
static UInt
join_args(HChar *out)
{
	Word i, n = VG_(sizeXA)(VG_(args_for_client));
	UInt at;

	VG_(strncpy)(out, VG_(args_the_exename), ARGS_MOST);
	at = (UInt)VG_(strlen)(out);
	for (i = 0; i < n; i++) {
		const HChar *arg =
		    *(HChar **)VG_(indexXA)(VG_(args_for_client), i);
		SizeT len = VG_(strlen)(arg);

		if (at + len + 2 > ARGS_MOST)
			break;
		out[at++] = ' ';
		VG_(memcpy)(out + at, arg, len);
		at += (UInt)len;
	}
	return at;
}

/* first: the program's lowest mapping, which is of its own file. */
static void
put_image(Addr sp, const NSegment *first)
{
	static HChar args[ARGS_MOST + 1];
	const HChar *exe = VG_(am_get_filename)(first);
	UInt n_args = join_args(args), n_exe;
	struct vgr_image *im;

	if (!exe)
		exe = VG_(args_the_exename);
	n_exe = (UInt)VG_(strlen)(exe);
	im = ring_record(VGR_IMAGE, sizeof *im + n_exe + n_args, True);
	im->start_brk = VG_(brk_base);
	im->stack_pointer = sp;
	im->stack_limit = VG_(client_rlimit_stack).rlim_cur;
	im->parent = (UInt)VG_(getppid)();
	im->exec = pw.is_exec;
	im->exe_bytes = n_exe;
	im->args_bytes = n_args;
	VG_(memcpy)(im + 1, exe, n_exe);
	VG_(memcpy)((HChar *)(im + 1) + n_exe, args, n_args);
	ring_commit();
}

/* A page of Valgrind's own text that counts as the program's, for handlers
 * without a restorer. */
static Bool
is_trampoline(Addr a)
{
	return VG_PGROUNDDN((Addr)&events_image) - a < TOOL_BYTES ||
	       a - VG_PGROUNDDN((Addr)&events_image) < TOOL_BYTES;
}

/* All segments that are the program's. */
static Int
segments(Addr **starts)
{
	Int cap = 64, n;

	for (;;) {
		*starts = VG_(malloc)("pw.image", (SizeT)cap * sizeof **starts);
		n = VG_(am_get_segment_starts)(CLIENT, *starts, cap);
		if (n >= 0)
			return n;
		VG_(free)(*starts);
		cap = -n;
	}
}

/* The first thing a new image says; the first block is translated before it
 * runs, so whichever of the two comes first calls this. */
void
events_image(ThreadId tid)
{
	Addr *starts, sp;
	Int i, n;
	struct vgr_thread *end;

	if (pw.image_sent)
		return;
	pw.image_sent = True;
	sp = VG_(get_SP)(tid);
	n = segments(&starts);
	put_image(sp, VG_(am_find_nsegment)(starts[0]));
	for (i = 0; i < n; i++)
		scan_elf(VG_(am_find_nsegment)(starts[i]));
	for (i = 0; i < n; i++)
		if (!is_trampoline(starts[i]))
			put_map(VG_(am_find_nsegment)(starts[i]), sp);
	VG_(free)(starts);
	end = ring_record(VGR_IMAGE_END, sizeof *end, False);
	end->pid = pw.pid;
	end->tid = pw.pid;
	ring_commit();
}
