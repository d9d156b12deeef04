/*
 * events.c - threads, processes, signals, markers: what happens beside
 * references and system calls.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "vgtool/pw.h"
#include <pub_tool_aspacemgr.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcproc.h>
#include <pub_tool_mallocfree.h>
#include <pagewalk.h>

static struct thread **threads;
static UInt n_threads;

struct thread *
thread_of(ThreadId tid)
{
	if (!threads[tid])
		threads[tid] =
		    VG_(calloc)("pw.thread", 1, sizeof *threads[tid]);
	return threads[tid];
}

void
event_thread(UInt type, UInt tid)
{
	struct vgr_thread *t = ring_record(type, sizeof *t, True);

	t->pid = pw.pid;
	t->tid = tid;
	ring_commit();
}

/* Before the first instruction of a quantum: whose it is. */
void
events_switch(ThreadId tid)
{
	struct thread *t = thread_of(tid);
	struct vgr_thread *s;

	if (!t->lwp)
		t->lwp = (UInt)VG_(gettid)();
	if (t->lwp == pw.running_tid)
		return;
	pw.running_tid = t->lwp;
	s = ring_record(VGR_SWITCH, sizeof *s, False);
	s->pid = pw.pid;
	s->tid = t->lwp;
	ring_commit();
}

static void
thread_begins(ThreadId tid)
{
	thread_of(tid)->lwp = (UInt)VG_(gettid)();
	n_threads++;
}

static void
thread_ends(ThreadId tid)
{
	struct thread *t = thread_of(tid);

	/* With the last one the process ends, which says it. */
	if (!pw.exiting && --n_threads)
		event_thread(VGR_THREAD_EXIT, t->lwp);
	t->lwp = 0;
}

/* --- fork --- */

static void
before_fork(ThreadId tid)
{
	(void)tid;
	pw.child_slot = ring_reserve_slot();
	pw.fork_seq = ring_prepare();
}

/* The parent: its record is made when the call's result is known. */
static void
after_fork(ThreadId tid)
{
	(void)tid;
}

static void
child_begins(ThreadId tid)
{
	UInt slot = pw.child_slot;

	pw.child_slot = NO_SLOT;
	pw.pid = pw.running_tid = thread_of(tid)->lwp = (UInt)VG_(getpid)();
	pw.exiting = False;
	n_threads = 1;
	ring_become(slot);
	event_thread(VGR_CHILD, pw.pid);
}

void
event_forked(ThreadId tid, ULong flags, SysRes res)
{
	UInt slot = pw.child_slot;
	struct vgr_fork *f;

	pw.child_slot = NO_SLOT;
	if (sr_isError(res) || slot == NO_SLOT) {
		ring_cancel_slot(slot);
		return;
	}
	ring_segment(pw.fork_seq);
	f = ring_record(VGR_FORK, sizeof *f, False);
	f->flags = flags;
	f->tid = thread_of(tid)->lwp;
	f->child_pid = (UInt)sr_Res(res);
	f->child_slot = slot;
	ring_commit();
}

/* --- the end --- */

static void
put_exit(UInt status)
{
	struct vgr_exit *x = ring_record(VGR_EXIT, sizeof *x, True);

	x->tid = pw.running_tid;
	x->status = status;
	ring_commit();
	ring_wait_at_exit();
	ring_set_state(VGSLOT_EXITED);
	ring_bell();
}

/* After a signal that kills, pw.exiting is not set: kill_self comes. */
void
events_fini(void)
{
	if (pw.exiting)
		put_exit(pw.exit_status);
}

/* --- the end by a signal --- */

/* Valgrind tells a tool of a fault only if the program handles it.  So our
 * handler comes before its own for signals that are faults. */
typedef void sa_handler(Int sig, vki_siginfo_t *info, void *uc);
typedef Int sigaction_fn(Int sig, const vki_sigaction_toK_t *act,
			 vki_sigaction_fromK_t *old);
sigaction_fn __real_vgPlain_sigaction, __wrap_vgPlain_sigaction;

static struct fault {
	Int signal, code;
	Addr addr;
	sa_handler *handler[VKI_SIGSEGV + 1]; /* Valgrind's */
} fault;

static Bool
is_fault(Int sig)
{
	return sig == VKI_SIGSEGV || sig == VKI_SIGBUS || sig == VKI_SIGFPE ||
	       sig == VKI_SIGILL;
}

static void
on_fault(Int sig, vki_siginfo_t *info, void *uc)
{
	fault.signal = sig;
	fault.code = info->si_code;
	fault.addr = (Addr)info->_sifields._sigfault._addr;
	fault.handler[sig](sig, info, uc);
}

Int
__wrap_vgPlain_sigaction(Int sig, const vki_sigaction_toK_t *act,
			 vki_sigaction_fromK_t *old)
{
	vki_sigaction_toK_t ours;

	if (!act || !is_fault(sig) || act->ksa_handler == VKI_SIG_DFL ||
	    act->ksa_handler == VKI_SIG_IGN)
		return __real_vgPlain_sigaction(sig, act, old);
	ours = *act;
	fault.handler[sig] = (sa_handler *)(void *)act->ksa_handler;
	ours.ksa_handler = (__vki_sighandler_t)(void *)on_fault;
	return __real_vgPlain_sigaction(sig, &ours, old);
}

static void
put_signal(UInt tid, Int sig, Int code, Addr addr)
{
	struct vgr_signal *s = ring_record(VGR_SIGNAL, sizeof *s, True);

	s->tid = tid;
	s->signal = (UInt)sig;
	s->code = code;
	s->fault_addr = is_fault(sig) && code > 0 ? addr : 0;
	ring_commit();
}

void __real_vgPlain_kill_self(Int sig);
void __wrap_vgPlain_kill_self(Int sig);

void
__wrap_vgPlain_kill_self(Int sig)
{
	Bool same = sig == fault.signal;

	if (!pw.exiting) {
		put_signal(pw.running_tid, sig, same ? fault.code : 0,
			   same ? fault.addr : 0);
		put_exit((UInt)sig);
	}
	__real_vgPlain_kill_self(sig);
}

/* --- signals that are handled --- */

typedef void sigframe_fn(ThreadId tid, Bool on_altstack, Addr sp,
			 const vki_siginfo_t *info,
			 const struct vki_ucontext *uc, void *handler,
			 UInt flags, const vki_sigset_t *mask, void *restorer);
sigframe_fn __real_vgPlain_sigframe_create, __wrap_vgPlain_sigframe_create;

void
__wrap_vgPlain_sigframe_create(ThreadId tid, Bool on_altstack, Addr sp,
			       const vki_siginfo_t *info,
			       const struct vki_ucontext *uc, void *handler,
			       UInt flags, const vki_sigset_t *mask,
			       void *restorer)
{
	ring_leave_client(tid);
	put_signal(thread_of(tid)->lwp, info->si_signo, info->si_code,
		   (Addr)info->_sifields._sigfault._addr);
	__real_vgPlain_sigframe_create(tid, on_altstack, sp, info, uc, handler,
				       flags, mask, restorer);
}

/* --- markers --- */

/* Length of the program's string at a, as far as it can be read. */
UInt
client_string(Addr a, UInt most)
{
	UInt n = 0;

	for (; n < most; n++) {
		if ((n == 0 || (a + n) % VKI_PAGE_SIZE == 0) &&
		    !VG_(am_is_valid_for_client)(a + n, 1, VKI_PROT_READ))
			break;
		if (!((const HChar *)a)[n])
			break;
	}
	return n;
}

static void
put_marker(ThreadId tid, const HChar *text, UInt n)
{
	struct vgr_thread *m = ring_record(VGR_MARKER, sizeof *m + n + 1, True);

	m->pid = pw.pid;
	m->tid = thread_of(tid)->lwp;
	VG_(memset)(m + 1, 0, m->h.bytes - sizeof *m);
	VG_(memcpy)(m + 1, text, n);
	ring_commit();
}

static Bool
client_request(ThreadId tid, UWord *arg, UWord *ret)
{
	*ret = 0;
	switch (arg[0]) {
	case PAGEWALK_REQ_ROI_BEGIN:
		put_marker(tid, "roi:begin", 9);
		return True;
	case PAGEWALK_REQ_ROI_END:
		put_marker(tid, "roi:end", 7);
		return True;
	case PAGEWALK_REQ_MARK:
		put_marker(tid, (HChar *)arg[1], client_string(arg[1], 255));
		return True;
	default:
		return False;
	}
}

void
events_init(void)
{
	threads = VG_(calloc)("pw.threads", VG_N_THREADS, sizeof *threads);
	VG_(atfork)(before_fork, after_fork, child_begins);
}

void
events_register(void)
{
	VG_(track_pre_thread_first_insn)(thread_begins);
	VG_(track_pre_thread_ll_exit)(thread_ends);
	VG_(needs_client_requests)(client_request);
	syscalls_register();
}
