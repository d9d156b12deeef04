/*
 * ring.c - the writing end of the ring (trace/vgring.h).
 *
 * The window [cur, end) is space known to be free.  Translated code writes
 * block records into it and calls ring_refill() when cur passes limit, which
 * leaves VGRING_SLACK for a record that was begun.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "vgtool/pw.h"
#include <pub_tool_clientstate.h>
#include <pub_tool_libcassert.h>
#include <pub_tool_libcbase.h>
#include <pub_tool_libcfile.h>
#include <pub_tool_libcprint.h>
#include <pub_tool_libcproc.h>
#include <pub_tool_machine.h>
#include <pub_tool_mallocfree.h>
#include <libvex_guest_amd64.h>

#define PROT_RW      (VKI_PROT_READ | VKI_PROT_WRITE)
#define WAIT_NS      (50 * 1000 * 1000)
#define load(p)      __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define store(p, v)  __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define R_CUR        offsetof(VexGuestAMD64State, guest_RAX)
#define R_LIMIT      offsetof(VexGuestAMD64State, guest_RCX)
#define SHADOW_BYTES ((Long)sizeof(VexGuestAMD64State))

static struct ring *const r = &pw.ring;

/* Where translated code keeps cur and limit: in the first shadow of RAX and
 * RCX, which no one else uses in this tool. */
Long
ring_cur_offset(void)
{
	return SHADOW_BYTES + (Long)R_CUR;
}

Long
ring_limit_offset(void)
{
	return SHADOW_BYTES + (Long)R_LIMIT;
}

static ULong
position(void)
{
	return r->lap + (ULong)(r->cur - r->bytes);
}

static Bool
consumer_alive(void)
{
	Int pid = (Int)r->ctl->consumer_pid;

	return !load(&r->ctl->closed) &&
	       !sr_isError(SYSCALL(__NR_kill, pid, 0, 0, 0, 0, 0));
}

/* Sleep while *word is still value, at most WAIT_NS. */
static void
futex_wait(UInt *word, UInt value)
{
	struct vki_timespec t = {0, WAIT_NS};

	SYSCALL(__NR_futex, word, VKI_FUTEX_WAIT, value, &t, 0, 0);
}

void
ring_bell(void)
{
	if (!load(&r->ctl->sleeping))
		return;
	__atomic_fetch_add(&r->ctl->bell, 1, __ATOMIC_SEQ_CST);
	SYSCALL(__NR_futex, &r->ctl->bell, VKI_FUTEX_WAKE, 1, 0, 0, 0);
}

void
ring_set_state(UInt state)
{
	store(&r->slot->state, state);
}

void
ring_commit(void)
{
	if (r->lost)
		return;
	__atomic_store_n(&r->slot->head, position(), __ATOMIC_RELEASE);
	if (!r->in_client)
		ring_set_state(r->idle);
}

void
ring_may_exec(Bool may)
{
	r->idle = may ? VGSLOT_EXEC : VGSLOT_IDLE;
	ring_set_state(r->idle);
}

/* A consumer that is done lets the program run on: what it would record falls
 * into one private window, over and over.  One that was killed takes it along,
 * as a broken pipe would. */
static void
lose(void)
{
	if (!load(&r->ctl->closed))
		SYSCALL(__NR_kill, VG_(getpid)(), VKI_SIGKILL, 0, 0, 0, 0);
	r->lost = True;
	r->cur = r->bytes;
	r->end = r->bytes + VGRING_BYTES;
	r->limit = r->end - VGRING_SLACK;
}

/* Wait until the ring has room for bytes more after position(). */
static void
wait_for_space(SizeT bytes)
{
	while (position() + bytes - load(&r->slot->tail) > VGRING_BYTES) {
		UInt word = load(&r->slot->space);

		if (!consumer_alive()) {
			lose();
			return;
		}
		store(&r->slot->waiting, 1);
		ring_set_state(r->idle); /* all we have is committed */
		ring_bell();
		if (position() + bytes - load(&r->slot->tail) > VGRING_BYTES)
			futex_wait(&r->slot->space, word);
		store(&r->slot->waiting, 0);
		ring_set_state(VGSLOT_BUSY);
	}
}

void
ring_sync(void)
{
	while (!r->lost && load(&r->slot->tail) < load(&r->slot->head)) {
		UInt word = load(&r->slot->space);

		if (!consumer_alive()) {
			lose();
			return;
		}
		store(&r->slot->waiting, 1);
		ring_bell();
		if (load(&r->slot->tail) < load(&r->slot->head))
			futex_wait(&r->slot->space, word);
		store(&r->slot->waiting, 0);
	}
}

void
ring_wait_at_exit(void)
{
	if (load(&r->ctl->wait_at_exit))
		ring_sync();
}

static ULong
time_now(void)
{
	struct vki_timespec t;

	VG_(clock_gettime)(&t, VKI_CLOCK_MONOTONIC);
	return (ULong)t.tv_sec * 1000000000u + (ULong)t.tv_nsec;
}

static void
put_segment(ULong seq, Bool timed)
{
	struct vgr_seg *s = (struct vgr_seg *)r->cur;

	s->h.tag = VGR_CONTROL | VGR_SEG;
	s->h.bytes = sizeof *s;
	s->seq = seq;
	s->time_ns = timed ? time_now() : 0;
	r->cur += sizeof *s;
}

/* The rest of the lap is too short: go on at the start of the ring. */
static void
wrap(void)
{
	if (r->cur < r->bytes + VGRING_BYTES)
		*(UInt *)r->cur = VGR_CONTROL | VGR_PAD;
	r->lap += VGRING_BYTES;
	r->cur = r->bytes;
}

/* A new window with room for one record of need bytes and any block. */
static void
next_window(SizeT need)
{
	SizeT want = need + 2 * VGRING_SLACK, rest;

	if (r->lost) {
		lose();
		return;
	}
	rest = (SizeT)(r->bytes + VGRING_BYTES - r->cur);
	if (rest < want) {
		wrap();
		rest = VGRING_BYTES;
	}
	if (want < VGRING_STRIDE)
		want = rest < VGRING_STRIDE ? rest : VGRING_STRIDE;
	__atomic_store_n(&r->slot->head, position(), __ATOMIC_RELEASE);
	ring_bell();
	wait_for_space(want);
	if (r->lost)
		return;
	r->end = r->cur + want;
	r->limit = r->end - VGRING_SLACK;
}

static ULong
take_seq(void)
{
	ring_set_state(VGSLOT_BUSY);
	return __atomic_add_fetch(&r->ctl->seq, 1, __ATOMIC_SEQ_CST);
}

void
ring_refill(void *guest_state)
{
	ULong *cur = (ULong *)((UChar *)guest_state + ring_cur_offset());
	ULong *limit = (ULong *)((UChar *)guest_state + ring_limit_offset());

	r->cur = (UChar *)*cur;
	next_window(sizeof(struct vgr_seg));
	put_segment(take_seq(), True);
	*cur = (ULong)r->cur;
	*limit = (ULong)r->limit;
}

void *
ring_record(UInt type, SizeT bytes, Bool ordered)
{
	SizeT whole = (bytes + 3) & ~(SizeT)3;
	struct vgr_head *h;

	tl_assert(!r->in_client && whole <= VGRING_MAX_RECORD);
	ring_set_state(VGSLOT_BUSY);
	if (r->cur + whole + sizeof(struct vgr_seg) + VGRING_SLACK > r->end)
		next_window(whole + sizeof(struct vgr_seg));
	if (ordered)
		put_segment(take_seq(), True);
	h = (struct vgr_head *)r->cur;
	h->tag = VGR_CONTROL | type;
	h->bytes = (UInt)whole;
	r->cur += whole;
	return h;
}

ULong
ring_prepare(void)
{
	if (r->cur + VGRING_MAX_RECORD + VGRING_SLACK > r->end)
		next_window(VGRING_MAX_RECORD);
	return take_seq();
}

void
ring_segment(ULong seq)
{
	put_segment(seq, True);
}

void
ring_enter_client(ThreadId tid)
{
	ring_set_state(VGSLOT_BUSY);
	if (r->cur + sizeof(struct vgr_seg) > r->limit)
		next_window(sizeof(struct vgr_seg));
	put_segment(take_seq(), False);
	VG_(set_shadow_regs_area)(tid, 1, R_CUR, 8, (UChar *)&r->cur);
	VG_(set_shadow_regs_area)(tid, 1, R_LIMIT, 8, (UChar *)&r->limit);
	r->in_client = True;
}

/* A fault left the record at from unfinished.  Its addresses so far come
 * before the first 0 (but for an access to address 0 itself, which the
 * consumer finds by ip). */
static void
partial_record(UChar *from, Addr ip)
{
	UInt n = 0, id = *(UInt *)from;
	ULong addr[VGRING_SLACK / 8], *in = (ULong *)(from + 4);
	struct vgr_partial *p;

	while (n < VGRING_SLACK / 8 - 2 && in[n]) {
		addr[n] = in[n];
		n++;
	}
	VG_(memset)(from, 0, 4 + 8 * n);
	p = ring_record(VGR_PARTIAL, sizeof *p + 8 * n, False);
	p->id = id;
	p->dyns = n;
	p->ip = ip;
	VG_(memcpy)(p + 1, addr, 8 * n);
}

/* Mostly between blocks.  A fault ends a block in its middle: then its
 * record has been begun, and the word at cur is not 0.  If a signal handler
 * is set up for it, that happens first, and has left already. */
void
ring_leave_client(ThreadId tid)
{
	UChar *from;

	if (!r->in_client)
		return;
	VG_(get_shadow_regs_area)(tid, (UChar *)&from, 1, R_CUR, 8);
	r->cur = from;
	r->in_client = False;
	if (*(UInt *)from != 0 && !r->lost)
		partial_record(from, VG_(get_IP)(tid));
	ring_commit();
}

static SysRes
map_over(UInt flags, Int fd, ULong offset)
{
	return SYSCALL(__NR_mmap, r->bytes, VGRING_BYTES, PROT_RW,
		       VKI_MAP_FIXED | flags, fd, offset);
}

/* Start writing where the slot's last writer stopped; no window yet. */
static void
take_over(UInt slot)
{
	ULong head;

	r->slot_nr = slot;
	r->slot = &r->ctl->slots[slot];
	head = load(&r->slot->head);
	r->lap = head - head % VGRING_BYTES;
	r->cur = r->bytes + head % VGRING_BYTES;
	r->end = r->limit = r->cur;
	r->in_client = False;
	r->idle = VGSLOT_IDLE;
	store(&r->slot->pid, pw.pid);
	store(&r->slot->waiting, 0);
}

/* An exec passes our options on, so they must name the descriptor where it
 * is now and the slot that is ours. */
static void
update_option(void)
{
	static HChar text[64];
	Word i, n = VG_(sizeXA)(VG_(args_for_valgrind));

	VG_(sprintf)(text, "--ring=%d:%u", r->fd, r->slot_nr);
	for (i = 0; i < n; i++) {
		HChar **arg = VG_(indexXA)(VG_(args_for_valgrind), i);

		if (VG_(strncmp)(*arg, "--ring=", 7) == 0)
			*arg = text;
	}
}

static Bool
parse_option(const HChar *spec, UInt *slot)
{
	HChar *rest;

	r->fd = (Int)VG_(strtoll10)(spec, &rest);
	if (*rest != ':')
		return False;
	*slot = (UInt)VG_(strtoll10)(rest + 1, &rest);
	return *rest == '\0' && *slot < VGRING_SLOTS;
}

Bool
ring_attach(const HChar *spec)
{
	SysRes ctl, bytes;
	UInt slot;

	if (!parse_option(spec, &slot))
		return False;
	r->fd = VG_(safe_fd)(r->fd);
	SYSCALL(__NR_fcntl, r->fd, VKI_F_SETFD, 0, 0, 0, 0);
	ctl = VG_(am_shared_mmap_file_float_valgrind)(VGRING_CTL_BYTES, PROT_RW,
						      r->fd, 0);
	bytes = VG_(am_shared_mmap_file_float_valgrind)(
	    VGRING_BYTES, PROT_RW, r->fd, (Off64T)VGRING_RING_AT(slot));
	if (sr_isError(ctl) || sr_isError(bytes))
		return False;
	r->ctl = (struct vgring_ctl *)sr_Res(ctl);
	r->bytes = (UChar *)sr_Res(bytes);
	if (r->ctl->magic != VGRING_MAGIC)
		return False;
	pw.is_exec = load(&r->ctl->slots[slot].state) == VGSLOT_EXEC &&
		     load(&r->ctl->slots[slot].pid) == pw.pid;
	take_over(slot);
	update_option();
	return True;
}

UInt
ring_reserve_slot(void)
{
	struct vki_timespec t = {0, 2 * 1000 * 1000};
	UInt nr;

	for (;;) {
		for (nr = 0; nr < VGRING_SLOTS; nr++) {
			UInt was = VGSLOT_FREE;

			if (__atomic_compare_exchange_n(
				&r->ctl->slots[nr].state, &was, VGSLOT_RESERVED,
				False, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
				return nr;
		}
		if (!consumer_alive())
			return NO_SLOT;
		ring_bell();
		SYSCALL(__NR_nanosleep, &t, 0, 0, 0, 0, 0);
	}
}

void
ring_cancel_slot(UInt slot)
{
	if (slot != NO_SLOT)
		store(&r->ctl->slots[slot].state, VGSLOT_FREE);
}

/* Translated code keeps the addresses of the parent's ring, so ours goes to
 * the same place. */
void
ring_become(UInt slot)
{
	SysRes res;

	if (slot == NO_SLOT || r->lost) {
		map_over(VKI_MAP_PRIVATE | VKI_MAP_ANONYMOUS, -1, 0);
		lose();
		return;
	}
	res = map_over(VKI_MAP_SHARED, r->fd, VGRING_RING_AT(slot));
	if (sr_isError(res)) {
		ring_cancel_slot(slot);
		ring_become(NO_SLOT);
		return;
	}
	take_over(slot);
	update_option();
}
