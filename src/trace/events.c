/* events.c - see events.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "arch/addr.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "trace/events.h"
#include "trace/format.h"

#define MAPD_ALL                                                       \
	(MAPD_SHARED | MAPD_STACK | MAPD_HEAP | MAPD_BSS | MAPD_VDSO | \
	 MAPD_BLIND)

const char *const event_kind_names[EV_KINDS] = {
    [EV_FILE] = "file",       [EV_PROCESS] = "process",
    [EV_THREAD] = "thread",   [EV_SWITCH] = "switch",
    [EV_SYSCALL] = "syscall", [EV_FORK] = "fork",
    [EV_EXEC] = "exec",       [EV_THREAD_EXIT] = "thread_exit",
    [EV_EXIT] = "exit",       [EV_SIGNAL] = "signal",
    [EV_MARKER] = "marker",   [EV_TIME] = "time",
    [EV_CACHE] = "cache"};

void
event_scratch_free(struct event_scratch *s)
{
	free(s->maps);
	free(s->ranges);
	free(s->runs);
	*s = (struct event_scratch){0};
}

/* Mappings as a kernel could have them: whole pages, ascending, apart. */
static const char *
maps_wrong(const struct image_desc *image)
{
	uint64_t end = 0;

	if (image->n_maps > MAX_MAPS)
		return "more than 65530 mappings in an image";
	for (uint32_t i = 0; i < image->n_maps; i++) {
		const struct map_desc *m = &image->maps[i];

		if ((m->start | m->end | m->offset) & (PAGE_SIZE - 1))
			return "a mapping that is not of whole pages";
		if (m->start >= m->end)
			return "a mapping that ends before it begins";
		if (m->start < end)
			return "mappings out of order or overlapping";
		if (m->prot > 7 || m->flags & ~MAPD_ALL)
			return "a mapping with unknown prot or flags";
		end = m->end;
	}
	return NULL;
}

/* Runs of whole aligned folios, ascending, apart, within what a file can
 * have. */
static const char *
runs_wrong(const struct cache_desc *c)
{
	uint64_t end = 0;

	if (c->n_runs > MAX_CACHE_RUNS)
		return "more than 65536 runs of cached pages";
	for (uint32_t i = 0; i < c->n_runs; i++) {
		const struct cache_run *r = &c->runs[i];

		if (r->order > MAX_CACHE_ORDER || r->flags & ~CACHE_MARKER)
			return "cached pages of unknown order or flags";
		if (!r->pages ||
		    (r->first | r->pages) & (((uint64_t)1 << r->order) - 1))
			return "cached pages that are not whole folios";
		if (r->first < end || r->pages > MAX_FILE_PAGES ||
		    r->first > MAX_FILE_PAGES - r->pages)
			return "cached pages out of order or beyond a file";
		end = r->first + r->pages;
	}
	return NULL;
}

static const char *
event_wrong(const struct event *ev)
{
	switch (ev->kind) {
	case EV_FILE:
		if (ev->file.kind > FILE_ANON_FD)
			return "a file of unknown kind";
		return ev->file.id == FILE_NONE ? "file number 0 defined"
						: NULL;
	case EV_PROCESS:
	case EV_EXEC:
		return maps_wrong(&ev->image);
	case EV_SYSCALL:
		return ev->sys.n_ranges > MAX_RANGES
			   ? "more than 65536 user ranges in a system call"
			   : NULL;
	case EV_CACHE:
		return runs_wrong(&ev->cache);
	case EV_END:
		return "an event of kind 0";
	default:
		return ev->kind < EV_KINDS ? NULL : "an unknown event kind";
	}
}

bool
event_check(const struct event *ev, struct err *e)
{
	const char *wrong = event_wrong(ev);

	return !wrong || err_set(e, ERR_INPUT, "event %u of %u/%u has %s",
				 ev->kind, ev->pid, ev->tid, wrong);
}

static void
encode_file(struct outbuf *o, const struct file_desc *f)
{
	out_varint(o, f->id);
	out_u8(o, f->kind);
	out_varint(o, f->dev);
	out_varint(o, f->inode);
	out_varint(o, f->rdev);
	out_varint(o, f->size);
	out_str(o, f->path);
}

static void
encode_image(struct outbuf *o, const struct image_desc *image)
{
	uint64_t end = 0;

	out_str(o, image->exe);
	out_str(o, image->args);
	out_varint(o, image->start_brk);
	out_varint(o, image->stack_pointer);
	out_varint(o, image->stack_limit);
	out_varint(o, image->n_maps);
	for (uint32_t i = 0; i < image->n_maps; i++) {
		const struct map_desc *m = &image->maps[i];

		out_varint(o, m->start - end);
		out_varint(o, m->end - m->start);
		out_varint(o, m->offset);
		out_varint(o, m->file_size);
		out_varint(o, m->file);
		out_u8(o, m->prot);
		out_u8(o, m->flags);
		end = m->end;
	}
}

static void
encode_syscall(struct outbuf *o, const struct syscall_desc *s)
{
	out_varint(o, s->nr);
	for (int i = 0; i < 6; i++)
		out_varint(o, s->args[i]);
	out_svarint(o, s->ret);
	out_varint(o, s->file);
	out_varint(o, s->file_flags);
	out_varint(o, s->file_size);
	out_varint(o, s->file_pos);
	out_varint(o, s->n_ranges);
	for (uint32_t i = 0; i < s->n_ranges; i++) {
		out_varint(o, s->ranges[i].addr);
		out_varint(o, s->ranges[i].len);
		out_u8(o, s->ranges[i].write);
	}
}

static void
encode_cache(struct outbuf *o, const struct cache_desc *c)
{
	uint64_t end = 0;

	out_varint(o, c->file);
	out_varint(o, c->n_runs);
	for (uint32_t i = 0; i < c->n_runs; i++) {
		const struct cache_run *r = &c->runs[i];

		out_varint(o, r->first - end);
		out_varint(o, r->pages >> r->order);
		out_u8(o, r->order);
		out_u8(o, r->flags);
		end = r->first + r->pages;
	}
}

void
event_encode(struct outbuf *o, const struct event *ev)
{
	out_u8(o, ev->kind);
	out_varint(o, ev->pid);
	out_varint(o, ev->tid);
	switch ((enum event_kind)ev->kind) {
	case EV_FILE:
		encode_file(o, &ev->file);
		break;
	case EV_PROCESS:
		out_varint(o, ev->parent);
		encode_image(o, &ev->image);
		break;
	case EV_EXEC:
		encode_image(o, &ev->image);
		break;
	case EV_SYSCALL:
		encode_syscall(o, &ev->sys);
		break;
	case EV_FORK:
		out_varint(o, ev->fork.child_pid);
		out_varint(o, ev->fork.flags);
		break;
	case EV_EXIT:
		out_varint(o, ev->status);
		break;
	case EV_SIGNAL:
		out_varint(o, ev->signal);
		out_svarint(o, ev->signal_code);
		out_varint(o, ev->fault_addr);
		break;
	case EV_MARKER:
		out_str(o, ev->text);
		break;
	case EV_TIME:
		out_varint(o, ev->time_ns);
		break;
	case EV_CACHE:
		encode_cache(o, &ev->cache);
		break;
	case EV_THREAD:
	case EV_SWITCH:
	case EV_THREAD_EXIT:
	case EV_END:
	case EV_KINDS:
		break;
	}
}

static uint32_t
in_varint32(struct inbuf *in)
{
	return (uint32_t)in_varint_max(in, UINT32_MAX);
}

static void
decode_file(struct inbuf *in, struct file_desc *f)
{
	f->id = in_varint32(in);
	f->kind = in_u8(in);
	f->dev = in_varint(in);
	f->inode = in_varint(in);
	f->rdev = in_varint(in);
	f->size = in_varint(in);
	f->path = in_str(in);
}

/* A count of things that take at least `each` bytes: never believe more
 * than there can be. */
static uint32_t
in_count(struct inbuf *in, uint32_t max, size_t each)
{
	uint32_t n = (uint32_t)in_varint_max(in, max);

	if (n <= in_left(in) / each)
		return n;
	in->bad = true;
	return 0;
}

static void
decode_image(struct inbuf *in, struct image_desc *image,
	     struct event_scratch *s)
{
	uint64_t end = 0;

	image->exe = in_str(in);
	image->args = in_str(in);
	image->start_brk = in_varint(in);
	image->stack_pointer = in_varint(in);
	image->stack_limit = in_varint(in);
	image->n_maps = in_count(in, MAX_MAPS, 7);
	while (s->maps_cap < image->n_maps || !s->maps_cap)
		s->maps =
		    xgrow(s->maps, s->maps_cap, &s->maps_cap, sizeof(*s->maps));
	image->maps = s->maps;
	for (uint32_t i = 0; i < image->n_maps; i++) {
		struct map_desc *m = &s->maps[i];

		m->start = end + in_varint(in);
		end = m->end = m->start + in_varint(in);
		m->offset = in_varint(in);
		m->file_size = in_varint(in);
		m->file = in_varint32(in);
		m->prot = in_u8(in);
		m->flags = in_u8(in);
	}
}

static void
decode_syscall(struct inbuf *in, struct syscall_desc *sys,
	       struct event_scratch *s)
{
	sys->nr = in_varint32(in);
	for (int i = 0; i < 6; i++)
		sys->args[i] = in_varint(in);
	sys->ret = in_svarint(in);
	sys->file = in_varint32(in);
	sys->file_flags = in_varint32(in);
	sys->file_size = in_varint(in);
	sys->file_pos = in_varint(in);
	sys->n_ranges = in_count(in, MAX_RANGES, 3);
	while (s->ranges_cap < sys->n_ranges || !s->ranges_cap)
		s->ranges = xgrow(s->ranges, s->ranges_cap, &s->ranges_cap,
				  sizeof(*s->ranges));
	sys->ranges = s->ranges;
	for (uint32_t i = 0; i < sys->n_ranges; i++) {
		s->ranges[i].addr = in_varint(in);
		s->ranges[i].len = in_varint(in);
		s->ranges[i].write = in_u8(in) != 0;
	}
}

static void
decode_cache(struct inbuf *in, struct cache_desc *c, struct event_scratch *s)
{
	uint64_t end = 0;

	c->file = in_varint32(in);
	c->n_runs = in_count(in, MAX_CACHE_RUNS, 4);
	while (s->runs_cap < c->n_runs || !s->runs_cap)
		s->runs =
		    xgrow(s->runs, s->runs_cap, &s->runs_cap, sizeof(*s->runs));
	c->runs = s->runs;
	for (uint32_t i = 0; i < c->n_runs; i++) {
		struct cache_run *r = &s->runs[i];
		uint64_t folios;

		r->first = end + in_varint(in);
		folios = in_varint_max(in, MAX_FILE_PAGES);
		r->order = in_u8(in);
		r->flags = in_u8(in);
		if (r->order <= MAX_CACHE_ORDER)
			r->pages = folios << r->order;
		else
			in->bad = true;
		end = r->first + r->pages;
	}
}

static void
decode_signal(struct inbuf *in, struct event *ev)
{
	int64_t code;

	ev->signal = in_varint32(in);
	code = in_svarint(in);
	in->bad |= code < INT32_MIN || code > INT32_MAX;
	ev->signal_code = (int32_t)code;
	ev->fault_addr = in_varint(in);
}

static void
decode_payload(struct inbuf *in, struct event *ev, struct event_scratch *s)
{
	switch (ev->kind) {
	case EV_FILE:
		decode_file(in, &ev->file);
		break;
	case EV_PROCESS:
		ev->parent = in_varint32(in);
		decode_image(in, &ev->image, s);
		break;
	case EV_EXEC:
		decode_image(in, &ev->image, s);
		break;
	case EV_SYSCALL:
		decode_syscall(in, &ev->sys, s);
		break;
	case EV_FORK:
		ev->fork.child_pid = in_varint32(in);
		ev->fork.flags = in_varint(in);
		break;
	case EV_EXIT:
		ev->status = in_varint32(in);
		break;
	case EV_SIGNAL:
		decode_signal(in, ev);
		break;
	case EV_MARKER:
		ev->text = in_str(in);
		break;
	case EV_TIME:
		ev->time_ns = in_varint(in);
		break;
	case EV_CACHE:
		decode_cache(in, &ev->cache, s);
		break;
	}
}

const char *
event_decode(struct inbuf *in, struct event *ev, struct event_scratch *s)
{
	*ev = (struct event){.kind = in_u8(in)};
	ev->pid = in_varint32(in);
	ev->tid = in_varint32(in);
	decode_payload(in, ev, s);
	return in->bad ? "a malformed or unfinished event" : event_wrong(ev);
}
