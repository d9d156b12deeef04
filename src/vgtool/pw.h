/*
 * pw.h - the parts of the Valgrind tool to each other.
 *
 * Valgrind's callbacks carry no context, so the tool has one object, pw.
 * Only one thread of a process runs at a time (the core's big lock), so it
 * needs no lock of its own.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef VGTOOL_PW_H
#define VGTOOL_PW_H

#include "vgtool/core.h"
#include <pub_tool_tooliface.h>
#include "trace/vgring.h"

struct ring {
	struct vgring_ctl *ctl;
	struct vgring_slot *slot;
	UChar *bytes; /* VGRING_BYTES, behind the slot */
	UChar *cur;   /* the next record; in a shadow register while the
			 program runs */
	UChar *limit; /* a block record may begin up to here */
	UChar *end;   /* of the space that is ours to write, contiguous */
	ULong lap;    /* position of bytes[0] */
	Int fd;
	UInt slot_nr;
	UInt idle;      /* the state to be in while nothing is pending */
	Bool in_client; /* between start_client_code and stop_client_code */
	Bool lost;      /* the consumer is gone: write, and let it overflow */
};

struct pw {
	struct ring ring;
	UInt pid;
	UInt next_id;     /* of a block */
	UInt running_tid; /* Linux's number of the thread last announced */
	UInt child_slot;  /* reserved for a fork under way, or NO_SLOT */
	ULong fork_seq;
	Bool is_exec; /* we replaced an image of the same process */
	Bool image_sent;
	Bool exiting; /* exit status is known */
	UInt exit_status;
	const HChar *ring_option;
};

extern struct pw pw;

#define NO_SLOT 0xffffffffu

/* ring.c */
Bool ring_attach(const HChar *spec); /* "FD:SLOT" */
void ring_enter_client(ThreadId tid);
void ring_leave_client(ThreadId tid);
/* Called from translated code when the window is used up. */
void ring_refill(void *guest_state);
Long ring_cur_offset(void), ring_limit_offset(void);
/* Begin a record of so many bytes, in a segment of its own if ordered;
 * ring_commit() ends it. */
void *ring_record(UInt type, SizeT bytes, Bool ordered);
void ring_commit(void);
/* The same in two steps: a number now, its segment later; nothing between
 * them waits for space. */
ULong ring_prepare(void);
void ring_segment(ULong seq);
void ring_set_state(UInt state);
void ring_may_exec(Bool may); /* a new image may take our place */
UInt ring_reserve_slot(void);
void ring_cancel_slot(UInt slot);
void ring_become(UInt slot); /* after fork, in the child */
void ring_bell(void);
void ring_sync(void);
void ring_wait_at_exit(void);
/* the same, if the consumer asks for it */ /* wait until all that is
					       committed has been read */

/* instrument.c */
IRSB *pw_instrument(VgCallbackClosure *closure, IRSB *in,
		    const VexGuestLayout *layout, const VexGuestExtents *vge,
		    const VexArchInfo *archinfo, IRType guest_word,
		    IRType host_word);

/* What is known of a file when it is used. */
struct file_ref {
	ULong dev, inode, size, pos;
	UInt flags;
};

/* files.c: all announce the file if it is new */
Bool file_of_fd(Int fd, struct file_ref *ref, Bool maps);
Bool file_of_path(const HChar *path, ULong ino, struct file_ref *ref);
Bool file_of_shm(Int shmid, struct file_ref *ref);

struct thread {
	UInt lwp;     /* Linux's number; 0: not begun */
	Bool in_call; /* the rest is of this system call */
	Bool has_file;
	struct file_ref file;
	struct vgr_range *ranges;
	UInt n_ranges, cap_ranges;
};

/* events.c */
void events_register(void);
void events_init(void);
void events_fini(void);
void events_switch(ThreadId tid);
struct thread *thread_of(ThreadId tid);
void event_thread(UInt type, UInt tid);
void event_forked(ThreadId tid, ULong flags, SysRes res);
UInt client_string(Addr a, UInt most);

/* image.c */
void events_image(ThreadId tid);

/* syscalls.c */
void syscalls_register(void);

#endif
