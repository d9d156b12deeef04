/*
 * vgrecord.c - the records of our Valgrind tool, as batches and events.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "trace/vgstream_int.h"

#define TIME_STEP_NS 100000000u /* between two EV_TIME */

static void
corrupt(struct vgstream *vs, const struct stream *st, const char *what)
{
	if (vs->failed)
		return;
	vs->failed = true;
	err_set(&vs->err, ERR_FAILED,
		"the recorder of process %u wrote %s at %llu", st->pid, what,
		(unsigned long long)st->pos);
}

/* --- events --- */

static struct event *
put_event(struct vgstream *vs, uint8_t kind, uint32_t pid, uint32_t tid)
{
	struct event *ev;

	if (vs->n_events == EVENTS_MOST)
		BUG("more than %u events from one record", EVENTS_MOST);
	ev = &vs->events[vs->n_events++];
	*ev = (struct event){.kind = kind, .pid = pid, .tid = tid};
	return ev;
}

static void
switch_to(struct vgstream *vs, uint32_t pid, uint32_t tid)
{
	if (vs->pid == pid && vs->tid == tid)
		return;
	vs->pid = pid;
	vs->tid = tid;
	put_event(vs, EV_SWITCH, pid, tid);
}

/* An event of a thread: it runs from here on. */
static struct event *
put_thread_event(struct vgstream *vs, const struct stream *st, uint8_t kind,
		 uint32_t tid)
{
	switch_to(vs, st->pid, tid);
	return put_event(vs, kind, st->pid, tid);
}

void
put_file_event(void *ctx, const struct file_desc *f)
{
	put_event(ctx, EV_FILE, 0, 0)->file = *f;
}

/* --- files --- */

static uint64_t
file_key(uint64_t dev, uint64_t inode)
{
	return hash_u64(hash_u64(dev) ^ inode) >> 1;
}

static bool
in_tmpfs(const char *path, const struct vgr_file *f)
{
	struct statfs fs;
	struct stat st;

	return strncmp(path, "/memfd:", 7) == 0 ||
	       (!statfs(path, &fs) && fs.f_type == TMPFS_MAGIC &&
		!stat(path, &st) && st.st_ino == f->inode);
}

static uint8_t
file_kind(const struct vgr_file *f, const char *path)
{
	switch (f->mode & S_IFMT) {
	case S_IFREG:
		return in_tmpfs(path, f) ? FILE_SHM : FILE_REGULAR;
	case S_IFDIR:
		return FILE_DIRECTORY;
	case S_IFCHR:
		return FILE_CHARDEV;
	case S_IFBLK:
		return FILE_BLOCKDEV;
	case S_IFIFO:
		return FILE_PIPE;
	case S_IFSOCK:
		return FILE_SOCKET;
	default:
		return FILE_ANON_FD;
	}
}

/* What of the file is cached: when it is new and when it is first mapped.
 * The program waits meanwhile. */
static void
look_at_cache(struct vgstream *vs, const struct stream *st,
	      const struct vgr_file *f, uint32_t id, const char *path)
{
	struct cache_desc cache;
	char link[64];

	snprintf(link, sizeof(link), "/proc/%u/fd/%d", st->pid, f->fd);
	if (page_cache_look(&vs->page_cache, files_get(&vs->files, id),
			    f->fd >= 0 ? link : path, &cache))
		put_event(vs, EV_CACHE, 0, 0)->cache = cache;
}

static void
read_file(struct vgstream *vs, const struct stream *st,
	  const struct vgr_file *f)
{
	struct stat attr = {.st_dev = f->dev,
			    .st_ino = f->inode,
			    .st_rdev = f->rdev,
			    .st_size = (off_t)f->size};
	char *path = xstrndup((const char *)(f + 1), f->path_bytes);
	size_t known = vs->files.n;
	uint64_t was;
	uint32_t id;

	if (f->dev == VGR_SYSV_DEV)
		id = files_add_sysv(&vs->files, (int)f->inode, f->size);
	else
		id = files_add(&vs->files, &attr, file_kind(f, path), path);
	map_put(&vs->file_ids, file_key(f->dev, f->inode), id);
	if (vs->files.n > known ||
	    (f->mapped && !map_get(&vs->mapped, id, &was)))
		look_at_cache(vs, st, f, id, path);
	if (f->mapped)
		map_put(&vs->mapped, id, 1);
	free(path);
}

static uint32_t
file_id(const struct vgstream *vs, uint64_t dev, uint64_t inode)
{
	uint64_t id = FILE_NONE;

	if (dev || inode)
		map_get(&vs->file_ids, file_key(dev, inode), &id);
	return (uint32_t)id;
}

/* --- system calls --- */

/* How many arguments each call of x86-64 has, from number 0 on (Linux's
 * /sys/kernel/tracing/events/syscalls); registers beyond them hold whatever
 * they held.  What is not known has 6. */
static const char arg_counts[] =
    "333122233632144034433215053333331202213043336633232334555003"
    "142133412453321122321122122123223331222114030110020002222333"
    "311112224322236122232322311122210032652121012522142213666664"
    "666666035554443332222163362153366166531044342112224144326635"
    "415523655453203244345343453433651236444646321442442132155455"
    "25453214236656345332635133666421564";

static unsigned
arg_count(uint32_t nr)
{
	return nr < sizeof(arg_counts) - 1 ? (unsigned)arg_counts[nr] - '0' : 6;
}

static void
add_range(struct stream *st, uint64_t addr, uint64_t len, bool write)
{
	st->ranges = xgrow(st->ranges, st->n_ranges, &st->ranges_cap,
			   sizeof(*st->ranges));
	st->ranges[st->n_ranges++] = (struct user_range){addr, len, write};
}

static void
read_ranges(struct stream *st, const struct vgr_head *h)
{
	const struct vgr_range *r = (const void *)(h + 1);
	size_t n = (h->bytes - sizeof(*h)) / sizeof(*r);

	if (st->exec_tid) { /* those of an execve that failed */
		st->exec_tid = 0;
		st->n_ranges = 0;
	}
	for (size_t i = 0; i < n; i++, r++)
		add_range(st, r->addr, r->len, r->write);
}

/* The numbers of threads that the kernel stores for clone(2), in the new one
 * where that is to be; and clears when a thread ends.  Valgrind's core names
 * both places for the parent. */
static void
add_tid_ranges(struct stream *st, const struct syscall_desc *d, uint32_t tid)
{
	uint64_t flags = d->nr == SYS_clone ? d->args[0] : 0, addr;

	if (d->nr == SYS_clone)
		st->n_ranges = 0;
	if (flags & CLONE_PARENT_SETTID && d->ret > 0)
		add_range(st, d->args[2], 4, true);
	if (flags & CLONE_CHILD_SETTID && d->ret == 0)
		add_range(st, d->args[3], 4, true);
	if (flags & CLONE_CHILD_CLEARTID && d->ret > 0)
		map_put(&st->clear_tid, (uint64_t)d->ret, d->args[3]);
	if (flags & CLONE_CHILD_CLEARTID && d->ret == 0)
		map_put(&st->clear_tid, tid, d->args[3]);
	if (d->nr == SYS_set_tid_address)
		map_put(&st->clear_tid, tid, d->args[0]);
	if (d->nr == SYS_exit && map_get(&st->clear_tid, tid, &addr) && addr)
		add_range(st, addr, 4, true);
}

/* What the kernel reads to write it elsewhere is what it has written; and
 * it does not look at what goes to /dev/null. */
static void
cut_written(const struct vgstream *vs, struct stream *st,
	    const struct syscall_desc *d)
{
	const struct file_desc *f = files_get(&vs->files, d->file);
	uint64_t left = d->ret > 0 ? (uint64_t)d->ret : 0;

	if (d->nr != SYS_write && d->nr != SYS_pwrite64)
		return;
	if (f && f->kind == FILE_CHARDEV && f->rdev == makedev(1, 3))
		left = 0;
	if (!left)
		st->n_ranges = 0;
	for (size_t i = 0; i < st->n_ranges; i++)
		if (st->ranges[i].len > left)
			st->ranges[i].len = left;
}

static void
fill_syscall(struct vgstream *vs, struct stream *st, struct syscall_desc *d,
	     const struct vgr_syscall *s)
{
	*d = (struct syscall_desc){.nr = s->nr, .ret = s->ret};
	memcpy(d->args, s->args, arg_count(s->nr) * sizeof(d->args[0]));
	if (s->has_file) {
		d->file = file_id(vs, s->dev, s->inode);
		d->file_flags = s->file_flags;
		d->file_size = s->file_size;
		d->file_pos = s->file_pos;
	} else if (s->nr == SYS_setrlimit || s->nr == SYS_prlimit64) {
		d->file_pos = s->file_pos;   /* the soft limit */
		d->file_size = s->file_size; /* the hard one */
	}
	add_tid_ranges(st, d, s->tid);
	cut_written(vs, st, d);
	d->n_ranges = (uint32_t)st->n_ranges;
}

static void
put_syscall(struct vgstream *vs, struct stream *st, uint32_t tid,
	    const struct syscall_desc *d)
{
	struct event *ev = put_thread_event(vs, st, EV_SYSCALL, tid);

	ev->sys = *d;
	ev->sys.ranges = st->ranges;
	st->n_ranges = 0; /* the array stays as it is until the next record */
}

static void
read_syscall(struct vgstream *vs, struct stream *st,
	     const struct vgr_syscall *s)
{
	struct syscall_desc d;

	if (st->exec_tid) /* it failed, before it read anything */
		st->n_ranges = 0;
	st->exec_tid = 0;
	fill_syscall(vs, st, &d, s);
	put_syscall(vs, st, s->tid, &d);
}

/* Keep it, with its ranges, until an image follows. */
static void
read_exec(struct vgstream *vs, struct stream *st, const struct vgr_syscall *s)
{
	fill_syscall(vs, st, &st->exec, s);
	st->exec_tid = s->tid;
}

/* --- images --- */

static void
read_image(struct stream *st, const struct vgr_image *im)
{
	const char *text = (const char *)(im + 1);

	free(st->exe);
	free(st->args);
	st->exe = xstrndup(text, im->exe_bytes);
	st->args = xstrndup(text + im->exe_bytes, im->args_bytes);
	st->n_maps = 0;
	st->parent = im->parent;
	st->is_exec = im->exec;
	st->image = (struct image_desc){.exe = st->exe,
					.args = st->args,
					.start_brk = im->start_brk,
					.stack_pointer = im->stack_pointer,
					.stack_limit = im->stack_limit};
}

static void
read_map(struct vgstream *vs, struct stream *st, const struct vgr_map *m)
{
	st->maps =
	    xgrow(st->maps, st->n_maps, &st->maps_cap, sizeof(*st->maps));
	st->maps[st->n_maps++] =
	    (struct map_desc){.start = m->start,
			      .end = m->end,
			      .offset = m->offset,
			      .file_size = m->file_size,
			      .file = file_id(vs, m->dev, m->inode),
			      .prot = (uint8_t)m->prot,
			      .flags = (uint8_t)m->flags};
}

static void
end_image(struct vgstream *vs, struct stream *st, const struct vgr_thread *t)
{
	struct event *ev;

	st->execed = true;
	if (st->is_exec && st->exec_tid)
		put_syscall(vs, st, st->exec_tid, &st->exec);
	st->exec_tid = 0;
	st->pid = t->pid;
	st->tid = t->tid;
	if (st->is_exec)
		ev = put_thread_event(vs, st, EV_EXEC, t->tid);
	else
		ev = put_event(vs, EV_PROCESS, t->pid, t->tid);
	st->image.maps = st->maps;
	st->image.n_maps = (uint32_t)st->n_maps;
	ev->image = st->image;
	if (!st->is_exec)
		ev->parent = st->slot_nr ? st->parent : 0;
	switch_to(vs, t->pid, t->tid);
}

/* --- processes and threads --- */

static void
read_fork(struct vgstream *vs, struct stream *st, const struct vgr_fork *f)
{
	struct event *ev = put_thread_event(vs, st, EV_FORK, f->tid);
	struct stream *child = stream_new(vs, f->child_slot);
	uint64_t addr;

	ev->fork.child_pid = f->child_pid;
	ev->fork.flags = f->flags;
	child->pid = child->tid = f->child_pid;
	child->seq = st->seq;
	vg_numbers_copy(&child->numbers, &st->numbers);
	if (map_get(&st->clear_tid, f->tid, &addr))
		map_put(&child->clear_tid, f->child_pid, addr);
	if (f->flags & CLONE_VFORK)
		st->hold = child;
}

static void
read_signal(struct vgstream *vs, struct stream *st, const struct vgr_signal *s)
{
	struct event *ev = put_thread_event(vs, st, EV_SIGNAL, s->tid);

	ev->signal = s->signal;
	ev->signal_code = s->code;
	ev->fault_addr = s->fault_addr;
}

static void
read_marker(struct vgstream *vs, struct stream *st, const struct vgr_thread *m)
{
	free(vs->text);
	vs->text = xstrndup((const char *)(m + 1), m->h.bytes - sizeof(*m));
	put_thread_event(vs, st, EV_MARKER, m->tid)->text = vs->text;
}

void
put_exit(struct vgstream *vs, struct stream *st, uint32_t status)
{
	if (st->exited)
		return;
	st->exited = true;
	put_thread_event(vs, st, EV_EXIT, st->pid)->status = status;
}

/* Its process waits. */
static void
keep_smaps(struct vgstream *vs, uint32_t pid)
{
	char path[32], line[4096];
	FILE *in;

	if (!vs->smaps)
		return;
	snprintf(path, sizeof(path), "/proc/%u/smaps", pid);
	in = fopen(path, "re");
	if (!in)
		return;
	fprintf(vs->smaps, "pid %u\n", pid);
	while (fgets(line, sizeof(line), in))
		fputs(line, vs->smaps);
	fclose(in);
}

static void
read_segment(struct vgstream *vs, struct stream *st, const struct vgr_seg *s)
{
	st->seq = s->seq;
	if (!s->time_ns || !vs->pid)
		return;
	if (!vs->time_base)
		vs->time_base = s->time_ns;
	if (s->time_ns < vs->time_last + TIME_STEP_NS)
		return;
	vs->time_last = s->time_ns;
	put_event(vs, EV_TIME, vs->pid, vs->tid)->time_ns =
	    s->time_ns - vs->time_base;
}

/* --- references --- */

/* Room for one more block of so many references?  If not, the batch must go
 * out. */
static bool
batch_room(const struct vgstream *vs, unsigned slots)
{
	return vs->n_ids < BATCH_BLOCKS_MOST &&
	       vs->n_addrs + slots <= BATCH_ADDRS_MOST;
}

static void
put_addresses(uint64_t *out, const struct vg_block *b, const uint8_t *record)
{
	if (b->plain) {
		memcpy(out, record + 4, b->record - 4);
		return;
	}
	for (unsigned i = 0; i < b->slots; i++) {
		uint64_t addr;

		memcpy(&addr, record + b->slot[i].at, 8);
		out[i] = (addr & b->slot[i].mask) + b->slot[i].value;
	}
}

/* Add a block that ran to the batch; false: the batch must go out first. */
static inline bool
run_block(struct vgstream *vs, struct vg_block *b, const uint8_t *record)
{
	if (__builtin_expect(b->conditional, 0))
		b = vg_variant(&vs->blocks, b, record);
	if (!batch_room(vs, b->slots))
		return false;
	if (__builtin_expect(b->chunk != vs->blocks.chunk, 0) &&
	    !vg_blocks_place(&vs->blocks, b)) {
		if (!vs->n_ids)
			vg_blocks_next_chunk(&vs->blocks);
		return vs->n_ids ? false : run_block(vs, b, record);
	}
	put_addresses(vs->addrs + vs->n_addrs, b, record);
	vs->ids[vs->n_ids++] = b->id;
	vs->n_addrs += b->slots;
	vs->insns += b->insns;
	return true;
}

/* Blocks from record p on, up to end; returns where it stopped. */
static const uint8_t *
run_blocks(struct vgstream *vs, struct stream *st, const uint8_t *p,
	   const uint8_t *end)
{
	while (p < end) {
		struct vg_block *b;
		uint32_t tag;

		memcpy(&tag, p, 4);
		if (tag >= VGR_CONTROL)
			break;
		b = vg_number(&st->numbers, tag);
		if (!b || b->record > (size_t)(end - p)) {
			corrupt(vs, st, "a block that is not defined");
			break;
		}
		if (!run_block(vs, b, p)) {
			vs->flush = true;
			break;
		}
		p += b->record;
	}
	return p;
}

static unsigned
insn_at(const struct vg_block *b, uint64_t ip)
{
	uint64_t at = b->start;
	unsigned i = 0;

	while (i + 1u < b->insns && at + b->insn_bytes[i] <= ip)
		at += b->insn_bytes[i++];
	return i;
}

/* How many slots the faulting instruction got to: those before it, and its
 * own as far as their addresses were known. */
static unsigned
slots_reached(const struct vg_block *b, unsigned insn, unsigned dyns)
{
	unsigned k = 0;
	bool own = false;

	for (; k < b->slots && b->defs[k].insn <= insn; k++) {
		const struct vgr_slot_def *d = &b->defs[k];
		bool dynamic =
		    d->kind == VGS_DYNAMIC || d->kind == VGS_CONDITIONAL;

		if (d->insn == insn && own && dynamic && d->ref >= dyns)
			break;
		own |= d->insn == insn;
	}
	return k;
}

/* A block left by a fault: its beginning, as a block of its own. */
static void
read_partial(struct vgstream *vs, struct stream *st,
	     const struct vgr_partial *p)
{
	struct vg_block *b = vg_number(&st->numbers, p->id), *part;
	unsigned insn, slots, dyns = p->dyns;
	uint8_t *record;

	if (!b || dyns > (p->h.bytes - sizeof(*p)) / 8) {
		corrupt(vs, st, "a block that is not defined");
		return;
	}
	insn = insn_at(b, p->ip);
	slots = slots_reached(b, insn, dyns);
	part = vg_prefix(&vs->blocks, b, (uint16_t)(insn + 1), (uint16_t)slots);
	record = xcalloc(1, part->record + 8);
	if (dyns > (part->record - 4) / 8)
		dyns = (part->record - 4) / 8;
	memcpy(record + 4, p + 1, dyns * 8);
	if (!run_block(vs, part, record))
		BUG("a batch that is not empty");
	free(record);
}

/* --- records --- */

/* Records that make an event of a thread or process; false: none of them. */
static bool
read_thread_record(struct vgstream *vs, struct stream *st, uint32_t type)
{
	const struct vgr_thread *t = (const void *)vs->record;
	const struct vgr_exit *x = (const void *)vs->record;

	switch (type) {
	case VGR_CHILD:
		break;
	case VGR_SWITCH:
		st->tid = t->tid;
		break;
	case VGR_THREAD:
		put_event(vs, EV_THREAD, st->pid, t->tid);
		break;
	case VGR_THREAD_EXIT:
		put_thread_event(vs, st, EV_THREAD_EXIT, t->tid);
		break;
	case VGR_FORK:
		read_fork(vs, st, (const void *)vs->record);
		break;
	case VGR_SIGNAL:
		read_signal(vs, st, (const void *)vs->record);
		break;
	case VGR_MARKER:
		read_marker(vs, st, t);
		break;
	case VGR_EXIT:
		keep_smaps(vs, st->pid);
		put_exit(vs, st, x->status);
		break;
	default:
		return false;
	}
	return true;
}

static void
read_control(struct vgstream *vs, struct stream *st, uint32_t type)
{
	const void *r = vs->record;

	switch (type) {
	case VGR_SEG:
		read_segment(vs, st, r);
		break;
	case VGR_DEF:
		if (!vg_define(&vs->blocks, &st->numbers, r))
			corrupt(vs, st, "a malformed definition");
		break;
	case VGR_PARTIAL:
		read_partial(vs, st, r);
		break;
	case VGR_FILE:
		read_file(vs, st, r);
		break;
	case VGR_IMAGE:
		vg_numbers_clear(&vs->blocks, &st->numbers);
		read_image(st, r);
		break;
	case VGR_MAP:
		read_map(vs, st, r);
		break;
	case VGR_IMAGE_END:
		end_image(vs, st, r);
		break;
	case VGR_RANGES:
		read_ranges(st, r);
		break;
	case VGR_SYSCALL:
		read_syscall(vs, st, r);
		break;
	case VGR_EXEC:
		read_exec(vs, st, r);
		break;
	default:
		if (!read_thread_record(vs, st, type))
			corrupt(vs, st, "a record of no known type");
	}
}

/* Must the batch go out before a record of this type is read?  Those that
 * make no event and no references do not cut it. */
static bool
cuts_batch(uint32_t type)
{
	return type != VGR_SEG && type != VGR_DEF && type != VGR_SWITCH &&
	       type != VGR_RANGES && type != VGR_MAP && type != VGR_EXEC;
}

/* A process that was waited for has ended: all of it comes first.  True if
 * there is some left to read. */
static bool
waits_for_child(struct vgstream *vs, struct stream *st, const uint8_t *p)
{
	struct vgr_syscall s;
	struct stream *child = vs->streams;

	memcpy(&s, p, sizeof(s));
	if (s.nr != SYS_wait4 || s.ret <= 0)
		return false;
	while (child && (child == st || child->pid != (uint64_t)s.ret))
		child = child->next;
	if (!child || child->exited)
		return false;
	if (s.file_pos != VGR_NO_STATUS) {
		if (((int)s.file_pos & 0xff) == 0x7f ||
		    (int)s.file_pos == 0xffff)
			return false; /* it was stopped, or goes on */
		child->status = (int)s.file_pos;
	}
	if (!child->dead)
		set_dead(child);
	st->hold = child;
	return true;
}

/* A record that is no block; false: not now. */
static bool
control(struct vgstream *vs, struct stream *st, const uint8_t *p, uint64_t left)
{
	struct vgr_head h;
	struct vgr_seg seg;

	memcpy(&h, p, sizeof(h));
	h.tag &= VGR_TYPE_MASK;
	if (h.tag == VGR_PAD) {
		st->pos += VGRING_BYTES - st->pos % VGRING_BYTES;
		return true;
	}
	if (h.bytes < sizeof(h) || h.bytes > left ||
	    h.bytes > VGRING_MAX_RECORD) {
		corrupt(vs, st, "a record of no possible length");
		return false;
	}
	if (vs->n_ids && cuts_batch(h.tag)) {
		vs->flush = true;
		return false;
	}
	if (h.tag == VGR_PARTIAL &&
	    (vs->pid != st->pid || vs->tid != st->tid)) {
		switch_to(vs, st->pid, st->tid);
		return false;
	}
	if (h.tag == VGR_SEG) {
		memcpy(&seg, p, sizeof(seg));
		if (seg.seq > vs->until)
			return false;
		if (seg.time_ns >= vs->time_last + TIME_STEP_NS)
			vs->flush = vs->n_ids;
		if (vs->flush)
			return false;
	}
	if (h.tag == VGR_SYSCALL && waits_for_child(vs, st, p))
		return false;
	memcpy(vs->record, p, h.bytes);
	read_control(vs, st, h.tag);
	st->pos += h.bytes;
	return true;
}

static bool
read_one_run(struct vgstream *vs, struct stream *st)
{
	const uint8_t *p = st->ring + st->pos % VGRING_BYTES, *end, *q;
	uint64_t left = st->head - st->pos;
	uint64_t lap = VGRING_BYTES - st->pos % VGRING_BYTES;
	uint32_t tag;

	if (left > lap)
		left = lap;
	end = p + left;
	memcpy(&tag, p, 4);
	if (tag >= VGR_CONTROL)
		return control(vs, st, p, left);
	if (vs->pid != st->pid || vs->tid != st->tid) {
		vs->flush = vs->n_ids;
		if (!vs->n_ids)
			switch_to(vs, st->pid, st->tid);
		return false;
	}
	q = run_blocks(vs, st, p, end);
	st->pos += (uint64_t)(q - p);
	return !vs->failed;
}

void
read_records(struct vgstream *vs, struct stream *st)
{
	uint64_t from = st->pos;

	while (st->pos < st->head && !vs->n_events && !vs->flush &&
	       read_one_run(vs, st))
		;
	vs->ring_bytes += st->pos - from;
}

/* The record of a block at p, if it is whole. */
static uint32_t
whole_record(const struct stream *st, const uint8_t *p, uint64_t left)
{
	const struct vg_block *b;
	uint32_t tag;

	memcpy(&tag, p, 4);
	b = tag < VGR_CONTROL ? vg_number(&st->numbers, tag) : NULL;
	if (!b || b->record > left)
		return 0;
	for (uint32_t i = 4; i < b->record; i += 8) {
		uint64_t addr;

		memcpy(&addr, p + i, 8);
		if (!addr)
			return 0;
	}
	return b->record;
}

void
commit_remains(struct stream *st)
{
	uint64_t lap = VGRING_BYTES - st->head % VGRING_BYTES;
	const uint8_t *p = st->ring + st->head % VGRING_BYTES;
	uint32_t n;

	while (lap >= 4 && (n = whole_record(st, p, lap)) != 0) {
		p += n;
		lap -= n;
		st->head += n;
	}
}
