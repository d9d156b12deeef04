/*
 * test_vgstream.c - the consumer of our Valgrind tool's rings, with this test
 * in the place of the tool.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "tests/tap.h"
#include "trace/vgstream_int.h"

/* --- the writing end --- */

struct pen {
	struct vgstream *vs;
	struct vgring_slot *slot;
	uint8_t *ring;
	uint64_t pos;
};

static struct pen
pen_at(struct vgstream *vs, uint32_t slot)
{
	struct pen p = {.vs = vs,
			.slot = &vs->ctl->slots[slot],
			.ring = (uint8_t *)vs->ctl + VGRING_RING_AT(slot)};

	p.slot->pid = (uint32_t)getpid(); /* one that lives */
	p.slot->state = VGSLOT_IDLE;
	return p;
}

static void
put(struct pen *p, const void *data, size_t n)
{
	uint64_t at = p->pos % VGRING_BYTES;

	if (at + n + 64 > VGRING_BYTES) {
		uint32_t pad = VGR_CONTROL | VGR_PAD;

		memcpy(p->ring + at, &pad, 4);
		p->pos += VGRING_BYTES - at;
		at = 0;
	}
	memcpy(p->ring + at, data, n);
	p->pos += n;
}

static void
commit(struct pen *p)
{
	__atomic_store_n(&p->slot->head, p->pos, __ATOMIC_RELEASE);
}

static void
put_record(struct pen *p, uint32_t type, void *r, size_t n)
{
	struct vgr_head h = {VGR_CONTROL | type, (uint32_t)n};

	memcpy(r, &h, sizeof(h));
	put(p, r, n);
}

static void
put_seg(struct pen *p, uint64_t seq)
{
	struct vgr_seg s = {.seq = seq};

	put_record(p, VGR_SEG, &s, sizeof(s));
	if (p->vs->ctl->seq < seq)
		p->vs->ctl->seq = seq;
}

static void
put_thread(struct pen *p, uint32_t type, uint32_t pid, uint32_t tid)
{
	struct vgr_thread t = {.pid = pid, .tid = tid};

	put_record(p, type, &t, sizeof(t));
}

static void
put_image(struct pen *p, uint64_t seq, uint32_t pid, bool exec)
{
	struct {
		struct vgr_image im;
		char text[12];
	} r = {.im = {.exec = exec, .exe_bytes = 4, .args_bytes = 6},
	       .text = "/bina b c"};
	struct vgr_map m = {.start = 0x1000, .end = 0x2000, .prot = 5};

	put_seg(p, seq);
	put_record(p, VGR_IMAGE, &r, sizeof(r));
	put_record(p, VGR_MAP, &m, sizeof(m));
	put_thread(p, VGR_IMAGE_END, pid, pid);
	put_thread(p, VGR_SWITCH, pid, pid);
}

static void
put_exit_record(struct pen *p, uint64_t seq, uint32_t tid, uint32_t status)
{
	struct vgr_exit x = {.tid = tid, .status = status};

	put_seg(p, seq);
	put_record(p, VGR_EXIT, &x, sizeof(x));
	commit(p);
	p->slot->state = VGSLOT_EXITED;
}

static void
put_call(struct pen *p, uint64_t seq, uint32_t tid, uint32_t nr, int64_t ret,
	 uint64_t extra)
{
	struct vgr_syscall s = {
	    .nr = nr, .tid = tid, .ret = ret, .file_pos = extra};

	put_seg(p, seq);
	put_record(p, VGR_SYSCALL, &s, sizeof(s));
}

/* A block of n one-byte instructions, each with a load of 8 bytes. */
struct block {
	uint32_t id;
	uint64_t start;
	unsigned n;
	struct vgr_slot_def slot[8];
	struct vgr_prefix prefix[3];
	unsigned prefixes;
};

static struct block
loads(uint32_t id, uint64_t start, unsigned n)
{
	struct block b = {.id = id, .start = start, .n = n, .prefixes = 1};

	for (unsigned i = 0; i < n; i++)
		b.slot[i] = (struct vgr_slot_def){.insn = (uint16_t)i,
						  .bytes = 8,
						  .ref = (uint16_t)i,
						  .op = REF_LOAD,
						  .kind = VGS_DYNAMIC};
	b.prefix[0] =
	    (struct vgr_prefix){.insns = (uint16_t)n, .slots = (uint16_t)n};
	return b;
}

static void
put_def(struct pen *p, const struct block *b)
{
	uint8_t r[512] = {0};
	struct vgr_def d = {.start = b->start,
			    .id = b->id,
			    .insns = (uint16_t)b->n,
			    .slots = (uint16_t)b->n,
			    .prefixes = (uint16_t)b->prefixes};
	size_t at = sizeof(d);

	memcpy(r, &d, sizeof(d));
	memcpy(r + at, b->slot, b->n * sizeof(b->slot[0]));
	at += b->n * sizeof(b->slot[0]);
	memcpy(r + at, b->prefix, b->prefixes * sizeof(b->prefix[0]));
	at += b->prefixes * sizeof(b->prefix[0]);
	memset(r + at, 1, b->n);
	at = (at + b->n + 3) & ~(size_t)3;
	put_record(p, VGR_DEF, r, at);
}

static void
put_run(struct pen *p, uint32_t id, const uint64_t *addrs, unsigned n)
{
	uint8_t r[4 + 8 * 8];

	memcpy(r, &id, 4);
	memcpy(r + 4, addrs, n * 8);
	put(p, r, 4 + 8 * n);
}

/* --- the reading end, as text --- */

static char said[65536];
static size_t said_n;

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	said_n +=
	    (size_t)vsnprintf(said + said_n, sizeof(said) - said_n, fmt, ap);
	va_end(ap);
}

static void
say_refs(const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *k = &b->dict->blocks[b->ids[i]];

		say("[%" PRIx64 " %u", k->start, k->insns);
		for (unsigned j = 0; j < k->slots; j++)
			say(" %c%" PRIx64,
			    "LSM"[b->dict->slots[k->first_slot + j].op],
			    *addr++);
		say("]");
	}
}

static void
say_event(const struct event *ev)
{
	static const char *const names[] = {
	    "?",    "file", "process", "thread", "switch", "call", "fork",
	    "exec", "gone", "exit",    "sig",    "mark",   "time"};

	say(" %s:%u/%u", names[ev->kind], ev->pid, ev->tid);
	if (ev->kind == EV_EXIT)
		say("=%x", ev->status);
	if (ev->kind == EV_SYSCALL)
		say("=%u", ev->sys.nr);
	if (ev->kind == EV_PROCESS || ev->kind == EV_EXEC)
		say("=%s(%s)%u", ev->image.exe, ev->image.args,
		    ev->image.n_maps);
	if (ev->kind == EV_MARKER)
		say("=%s", ev->text);
}

/* All there is to read now; what ended it. */
static enum vg_item
take(struct vgstream *vs)
{
	struct trace_batch b;
	struct err e = {0};
	struct event ev;
	enum vg_item item;

	said_n = 0;
	said[0] = '\0';
	for (;;) {
		item = vgstream_next(vs, 0, &b, &ev, &e);
		if (item == VG_REFS)
			say_refs(&b);
		else if (item == VG_EVENT)
			say_event(&ev);
		else
			break;
	}
	if (item == VG_ERROR)
		say("%s", e.text);
	return item;
}

static struct vgstream *
fresh(void)
{
	struct err e = {0};
	struct vgstream *vs = vgstream_open(&e);

	if (!vs) {
		printf("Bail out! %s\n", e.text);
		exit(1);
	}
	return vs;
}

/* --- tests --- */

static void
test_one_process(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0);
	struct block b = loads(1, 0x1000, 2);
	uint64_t a[2] = {0x111, 0x222};

	put_image(&p, 1, 10, false);
	put_def(&p, &b);
	put_seg(&p, 2);
	put_run(&p, 1, a, 2);
	put_run(&p, 1, a, 2);
	put_call(&p, 3, 10, 39, 10, VGR_NO_STATUS);
	put_run(&p, 1, a, 2);
	put_exit_record(&p, 4, 10, 0x300);
	is_u64(take(vs), VG_END, "one process: ends");
	is_str(said,
	       " process:10/10=/bin(a b c)1 switch:10/10"
	       "[1000 2 L111 L222][1000 2 L111 L222] call:10/10=39"
	       "[1000 2 L111 L222] exit:10/10=300",
	       "one process: image, blocks, call, exit in order");
	is_u64(vgstream_references(vs), 12, "references are counted");
	is_u64(vs->ctl->slots[0].state, VGSLOT_FREE, "its slot is free again");
	vgstream_free(vs);
}

static void
test_slots(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0);
	struct block b = loads(1, 0x1000, 4);
	uint64_t done[2] = {0x100, 0x900}, not [2] = {0x100, VGR_NOT_DONE};

	b.slot[1].kind = VGS_DERIVED;
	b.slot[1].ref = 0;
	b.slot[1].value = (uint64_t)-8;
	b.slot[1].op = REF_STORE;
	b.slot[2].kind = VGS_CONST;
	b.slot[2].value = 0x5000;
	b.slot[2].op = REF_MODIFY;
	b.slot[3].kind = VGS_CONDITIONAL;
	b.slot[3].ref = 1;
	put_image(&p, 1, 10, false);
	put_def(&p, &b);
	put_run(&p, 1, done, 2);
	put_run(&p, 1, not, 2);
	put_run(&p, 1, done, 2);
	commit(&p);
	take(vs);
	is_str(said,
	       " process:10/10=/bin(a b c)1 switch:10/10"
	       "[1000 4 L100 Sf8 M5000 L900][1000 4 L100 Sf8 M5000]"
	       "[1000 4 L100 Sf8 M5000 L900]",
	       "derived, constant and conditional addresses");
	vgstream_free(vs);
}

static void
test_prefix_and_fault(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0);
	struct block b = loads(1, 0x1000, 3);
	uint64_t a[3] = {1, 2, 3};
	struct {
		struct vgr_partial p;
		uint64_t addr;
	} fault = {.p = {.id = 1, .dyns = 1, .ip = 0x1001}, .addr = 7};

	b.prefixes = 2;
	b.prefix[1] = (struct vgr_prefix){.insns = 2, .slots = 1};
	put_image(&p, 1, 10, false);
	put_def(&p, &b);
	put_run(&p, 1, a, 3);
	put_run(&p, 2, a, 1);
	put_record(&p, VGR_PARTIAL, &fault, sizeof(fault));
	commit(&p);
	take(vs);
	is_str(said,
	       " process:10/10=/bin(a b c)1 switch:10/10"
	       "[1000 3 L1 L2 L3][1000 2 L1][1000 2 L7 L0]",
	       "a block left early; one left by a fault at address 0");
	vgstream_free(vs);
}

/* Two processes: their segments alternate by number, whoever is first. */
static void
test_order(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0), q;
	struct block b = loads(1, 0x1000, 1);
	struct vgr_fork f = {.tid = 10, .child_pid = 11, .child_slot = 1};
	uint64_t a[1] = {1}, c[1] = {2};

	put_image(&p, 1, 10, false);
	put_def(&p, &b);
	put_seg(&p, 2);
	put_record(&p, VGR_FORK, &f, sizeof(f));
	put_seg(&p, 6);
	put_run(&p, 1, a, 1);
	put_seg(&p, 9);
	put_run(&p, 1, a, 1);
	q = pen_at(vs, 1);
	put_seg(&q, 3);
	put_thread(&q, VGR_CHILD, 11, 11);
	put_run(&q, 1, c, 1);
	put_seg(&q, 8);
	put_run(&q, 1, c, 1);
	commit(&q);
	commit(&p);
	take(vs);
	is_str(said,
	       " process:10/10=/bin(a b c)1 switch:10/10 fork:10/10"
	       " switch:11/11[1000 1 L2] switch:10/10[1000 1 L1]"
	       " switch:11/11[1000 1 L2] switch:10/10[1000 1 L1]",
	       "segments of two processes in the order of their numbers; the "
	       "child has its parent's blocks");
	put_seg(&p, 11);
	put_run(&p, 1, a, 1);
	commit(&p);
	q.slot->state = VGSLOT_BUSY; /* has a number we have not seen */
	is_u64(take(vs), VG_WAIT, "a busy process holds up the other");
	is_str(said, "", "which is not read");
	put_seg(&q, 10);
	put_run(&q, 1, c, 1);
	commit(&q);
	q.slot->state = VGSLOT_IDLE;
	take(vs);
	is_str(said, " switch:11/11[1000 1 L2] switch:10/10[1000 1 L1]",
	       "until it has said what was before");
	vgstream_free(vs);
}

/* A vfork's parent waits for the child's exec; a wait for its end. */
static void
test_holds(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0), q;
	struct block b = loads(1, 0x1000, 1);
	struct vgr_fork f = {.tid = 10,
			     .child_pid = 11,
			     .child_slot = 1,
			     .flags = CLONE_VM | CLONE_VFORK};
	uint64_t a[1] = {1};

	put_image(&p, 1, 10, false);
	put_def(&p, &b);
	put_seg(&p, 2);
	put_record(&p, VGR_FORK, &f, sizeof(f));
	put_seg(&p, 4);
	put_run(&p, 1, a, 1);
	put_call(&p, 5, 10, SYS_wait4, 11, 9);
	commit(&p);
	q = pen_at(vs, 1);
	put_seg(&q, 6);
	put_thread(&q, VGR_CHILD, 11, 11);
	put_run(&q, 1, a, 1);
	put_image(&q, 7, 11, true);
	put_def(&q, &b);
	commit(&q);
	put_run(&q, 1, a, 1); /* never committed: it was killed */
	take(vs);
	is_str(said,
	       " process:10/10=/bin(a b c)1 switch:10/10 fork:10/10"
	       " switch:11/11[1000 1 L1] exec:11/11=/bin(a b c)1"
	       " switch:10/10[1000 1 L1]"
	       " switch:11/11[1000 1 L1] exit:11/11=9"
	       " switch:10/10 call:10/10=61",
	       "vfork and wait; what a killed process had not committed");
	is_u64(vs->ctl->slots[1].state, VGSLOT_FREE,
	       "the child's slot is free");
	vgstream_free(vs);
}

static void
test_wrap(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0);
	struct block b = loads(1, 0x1000, 8);
	struct rng r;
	uint64_t laps = 0, sum = 0, got = 0, dirty = 0;

	rng_seed(&r, 7);
	put_image(&p, 1, 10, false);
	put_def(&p, &b);
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t a[8];

		for (int k = 0; k < 8; k++)
			sum += a[k] = rng_u64(&r) | 1;
		put_run(&p, 1, a, 8);
		if (i % 9999)
			continue;
		commit(&p);
		for (;;) {
			struct trace_batch batch;
			struct event ev;
			struct err e;
			enum vg_item item =
			    vgstream_next(vs, 0, &batch, &ev, &e);

			if (item == VG_WAIT || item == VG_ERROR)
				break;
			for (uint32_t k = 0;
			     item == VG_REFS && k < batch.n_addrs; k++)
				got += batch.addrs[k];
		}
		if (p.slot->tail == p.pos)
			laps = p.pos / VGRING_BYTES;
	}
	for (uint32_t i = 0; i < VGRING_BYTES; i++)
		dirty += p.ring[i] != 0;
	ok(laps >= 3, "the ring went round (%" PRIu64 " times)", laps);
	commit(&p);
	for (;;) {
		struct trace_batch batch;
		struct event ev;
		struct err e;
		enum vg_item item = vgstream_next(vs, 0, &batch, &ev, &e);

		if (item == VG_WAIT)
			break;
		for (uint32_t k = 0; item == VG_REFS && k < batch.n_addrs; k++)
			got += batch.addrs[k];
	}
	is_u64(got, sum, "all addresses arrive");
	dirty = 0;
	for (uint32_t i = 0; i < VGRING_BYTES; i++)
		dirty += p.ring[i] != 0;
	is_u64(dirty, 0, "what was read is zero again");
	vgstream_free(vs);
}

static void
test_many_blocks(void)
{
	struct vgstream *vs = fresh();
	struct pen p = pen_at(vs, 0);
	uint64_t a[1] = {1}, refs = 0;
	bool good = true;

	put_image(&p, 1, 10, false);
	for (uint32_t i = 1; i <= 70000; i++) {
		struct block b = loads(i, 0x1000 + i * 16ull, 1);

		put_def(&p, &b);
		put_run(&p, i, a, 1);
		if (i % 4000)
			continue;
		commit(&p);
		for (;;) {
			struct trace_batch t;
			struct event ev;
			struct err e;
			enum vg_item item = vgstream_next(vs, 0, &t, &ev, &e);

			if (item == VG_WAIT || item == VG_ERROR)
				break;
			for (uint32_t k = 0; item == VG_REFS && k < t.n_ids;
			     k++)
				good &= t.dict->blocks[t.ids[k]].start ==
					0x1000 + ++refs * 16;
		}
	}
	is_u64(refs, 68000, "more blocks than a dictionary holds all run");
	ok(good, "each as defined");
	vgstream_free(vs);
}

static void
test_corrupt(void)
{
	static const char *const what[] = {
	    "an undefined block", "an unknown type", "a length of 0",
	    "a length beyond what is there", "a slot that refers forward"};

	for (unsigned i = 0; i < 5; i++) {
		struct vgstream *vs = fresh();
		struct pen p = pen_at(vs, 0);
		struct block b = loads(1, 0x1000, 2);
		uint32_t word[2] = {77, 8};

		put_image(&p, 1, 10, false);
		if (i == 1)
			word[0] = VGR_CONTROL | 99;
		if (i == 2 || i == 3)
			word[0] = VGR_CONTROL | VGR_SWITCH;
		if (i == 2)
			word[1] = 0;
		if (i == 3)
			word[1] = 4096;
		b.slot[1].kind = VGS_DERIVED;
		b.slot[1].ref = 5;
		if (i == 4)
			put_def(&p, &b);
		else
			put(&p, word, 8);
		commit(&p);
		is_u64(take(vs), VG_ERROR, "refused: %s", what[i]);
		vgstream_free(vs);
	}
}

int
main(void)
{
	test_one_process();
	test_slots();
	test_prefix_and_fault();
	test_order();
	test_holds();
	test_wrap();
	test_many_blocks();
	test_corrupt();
	return done_testing();
}
