/*
 * main.c - pagewalk's Valgrind tool: records what a program does with memory.
 *
 * It runs as `valgrind --tool=pagewalk --ring=FD:SLOT`, started by
 * `pagewalk capture`, and writes to the shared memory behind FD
 * (trace/vgring.h).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "vgtool/pw.h"
#include <pub_tool_libcassert.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcfile.h>
#include <pub_tool_libcprint.h>
#include <pub_tool_libcproc.h>
#include <pub_tool_options.h>

struct pw pw = {.next_id = 1, .child_slot = NO_SLOT};

static Bool
option(const HChar *arg)
{
	if (VG_STR_CLO(arg, "--ring", pw.ring_option)) {
	} else {
		return False;
	}
	return True;
}

static void
usage(void)
{
	VG_(printf)("    --ring=FD:SLOT  where to write (set by pagewalk)\n");
}

static void
no_debug_usage(void)
{
}

/* The core opens its log (--log-file=/dev/null) at the lowest descriptor,
 * keeps a copy out of the program's reach, and forgets the first; every file
 * that the program opens would then have another number than without us. */
static Int log_fd = -1;

static void
guess_log_fd(void)
{
	log_fd = VG_(fd_open)("/dev/null", VKI_O_RDONLY, 0);
	if (log_fd >= 0)
		VG_(close)(log_fd);
}

static void
close_log_fd(void)
{
	struct vg_stat st, null;

	if (log_fd >= 0 && VG_(fstat)(log_fd, &st) == 0 &&
	    !sr_isError(VG_(stat)("/dev/null", &null)) &&
	    st.rdev == null.rdev && VKI_S_ISCHR(st.mode))
		VG_(close)(log_fd);
}

static void
post_clo_init(void)
{
	close_log_fd();
	pw.pid = (UInt)VG_(getpid)();
	if (!pw.ring_option || !ring_attach(pw.ring_option)) {
		VG_(fmsg)("this tool is run by `pagewalk capture'\n");
		VG_(exit)(1);
	}
	events_init();
}

static void
start_client_code(ThreadId tid, ULong blocks)
{
	(void)blocks;
	events_image(tid);
	events_switch(tid);
	ring_enter_client(tid);
}

static void
stop_client_code(ThreadId tid, ULong blocks)
{
	(void)blocks;
	ring_leave_client(tid);
}

static void
fini(Int status)
{
	(void)status;
	events_fini();
}

static void
pre_clo_init(void)
{
	guess_log_fd();
	VG_(details_name)("pagewalk");
	VG_(details_version)(NULL);
	VG_(details_description)("a recorder of memory references");
	VG_(details_copyright_author)("GPL-3.0-or-later");
	VG_(details_bug_reports_to)("the authors of pagewalk");
	VG_(details_avg_translation_sizeB)(200);

	VG_(basic_tool_funcs)(post_clo_init, pw_instrument, fini);
	VG_(needs_command_line_options)(option, usage, no_debug_usage);
	VG_(track_start_client_code)(start_client_code);
	VG_(track_stop_client_code)(stop_client_code);
	events_register();

	/* One basic block a superblock: records then are the same whatever
	 * the order of translations, and no code runs speculatively. */
	VG_(clo_vex_control).iropt_unroll_thresh = 0;
	VG_(clo_vex_control).guest_chase = False;
	/* A program may handle a fault and go on where it was: all registers
	 * must be right then.  It costs nothing that can be measured. */
	VG_(clo_vex_control).iropt_register_updates_default =
	    VexRegUpdAllregsAtMemAccess;
}

VG_DETERMINE_INTERFACE_VERSION(pre_clo_init)
