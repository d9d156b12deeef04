/*
 * core.h - what the tool needs of Valgrind's core beyond the public headers.
 *
 * These functions are in libcoregrind but not in the installed headers; the
 * declarations follow the symbols of the library (configure links a probe
 * against them, so a version without them is found out there).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef VGTOOL_CORE_H
#define VGTOOL_CORE_H

#include <pub_tool_basics.h>
#include <pub_tool_vki.h>
#include <pub_tool_vkiscnums.h>
#include <pub_tool_threadstate.h>

SysRes VG_(do_syscall)(UWord nr, RegWord a1, RegWord a2, RegWord a3, RegWord a4,
		       RegWord a5, RegWord a6, RegWord a7, RegWord a8);
#define SYSCALL(nr, a, b, c, d, e, f)                                \
	VG_(do_syscall)                                              \
	(nr, (RegWord)(a), (RegWord)(b), (RegWord)(c), (RegWord)(d), \
	 (RegWord)(e), (RegWord)(f), 0, 0)

/* Move a descriptor out of the program's reach (and set FD_CLOEXEC). */
Int VG_(safe_fd)(Int oldfd);
SysRes VG_(am_shared_mmap_file_float_valgrind)(SizeT length, UInt prot, Int fd,
					       Off64T offset);

extern Addr VG_(brk_base);
extern struct vki_rlimit VG_(client_rlimit_stack);

#endif
