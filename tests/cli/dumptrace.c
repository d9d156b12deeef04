/*
 * dumptrace.c - print a trace's events and reference counts, for tests.
 *
 * usage: dumptrace [-r] TRACE   (-r: every reference, too)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "trace/reader.h"
#include "trace/syscalls.h"

static void
print_image(const struct image_desc *im)
{
	printf(" exe=%s args='%s' brk=%" PRIx64 " sp=%" PRIx64
	       " stack_limit=%" PRIx64 "\n",
	       im->exe, im->args, im->start_brk, im->stack_pointer,
	       im->stack_limit);
	for (uint32_t i = 0; i < im->n_maps; i++) {
		const struct map_desc *m = &im->maps[i];

		printf("  map %" PRIx64 "-%" PRIx64 " prot=%u flags=%u file=%u"
		       " offset=%" PRIx64 " size=%" PRIu64 "\n",
		       m->start, m->end, m->prot, m->flags, m->file, m->offset,
		       m->file_size);
	}
}

static void
print_syscall(const struct syscall_desc *s)
{
	const struct syscall_row *row = syscall_find(s->nr);

	printf(" %s(", row ? row->name : "?");
	for (int i = 0; i < 6; i++)
		printf("%s%" PRIx64, i ? "," : "", s->args[i]);
	printf(")=%" PRId64, s->ret);
	if (s->file)
		printf(" file=%u flags=%o size=%" PRIu64 " pos=%" PRIu64,
		       s->file, s->file_flags, s->file_size, s->file_pos);
	for (uint32_t i = 0; i < s->n_ranges; i++)
		printf(" %c%" PRIx64 "+%" PRIu64,
		       s->ranges[i].write ? 'W' : 'R', s->ranges[i].addr,
		       s->ranges[i].len);
	putchar('\n');
}

static void
print_cache(const struct cache_desc *c)
{
	printf(" file=%u", c->file);
	for (uint32_t i = 0; i < c->n_runs; i++)
		printf(" %" PRIu64 "+%" PRIu64 "/%u%s", c->runs[i].first,
		       c->runs[i].pages, c->runs[i].order,
		       c->runs[i].flags & CACHE_MARKER ? "!" : "");
	putchar('\n');
}

static void
print_event(const struct event *ev)
{
	static const char *const names[EV_KINDS] = {
	    "END",     "FILE",   "PROCESS", "THREAD",      "SWITCH",
	    "SYSCALL", "FORK",   "EXEC",    "THREAD_EXIT", "EXIT",
	    "SIGNAL",  "MARKER", "TIME",    "CACHE"};

	printf("%s %u/%u", ev->kind < EV_KINDS ? names[ev->kind] : "?", ev->pid,
	       ev->tid);
	if (ev->kind == EV_FILE)
		printf(" id=%u kind=%u dev=%" PRIx64 " inode=%" PRIu64
		       " size=%" PRIu64 " %s\n",
		       ev->file.id, ev->file.kind, ev->file.dev, ev->file.inode,
		       ev->file.size, ev->file.path);
	else if (ev->kind == EV_PROCESS || ev->kind == EV_EXEC)
		print_image(&ev->image);
	else if (ev->kind == EV_SYSCALL)
		print_syscall(&ev->sys);
	else if (ev->kind == EV_FORK)
		printf(" child=%u flags=%" PRIx64 "\n", ev->fork.child_pid,
		       ev->fork.flags);
	else if (ev->kind == EV_EXIT)
		printf(" status=%x\n", ev->status);
	else if (ev->kind == EV_MARKER)
		printf(" %s\n", ev->text);
	else if (ev->kind == EV_SIGNAL)
		printf(" signal=%u code=%d addr=%" PRIx64 "\n", ev->signal,
		       ev->signal_code, ev->fault_addr);
	else if (ev->kind == EV_CACHE)
		print_cache(&ev->cache);
	else
		putchar('\n');
}

static void
print_block(const struct trace_batch *b, const struct code_block *k,
	    const uint64_t *addrs)
{
	uint64_t at = k->start;
	unsigned slot = 0;

	for (unsigned i = 0; i < k->insns; i++) {
		unsigned n = b->dict->insn_bytes[k->first_insn + i];

		printf("I %" PRIx64 ",%u\n", at, n);
		at += n;
		for (; slot < k->slots; slot++) {
			const struct data_slot *s =
			    &b->dict->slots[k->first_slot + slot];

			if (s->insn != i)
				break;
			printf("%c %" PRIx64 ",%u\n", "LSM"[s->op], addrs[slot],
			       s -> bytes);
		}
	}
}

static void
print_batch(const struct trace_batch *b, bool all)
{
	const uint64_t *addrs = b->addrs;
	uint64_t insns = 0;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *k = &b->dict->blocks[b->ids[i]];

		if (all)
			print_block(b, k, addrs);
		addrs += k->slots;
		insns += k->insns;
	}
	if (!all)
		printf("refs insns=%" PRIu64 " data=%u\n", insns, b->n_addrs);
}

int
main(int argc, char **argv)
{
	bool all = argc > 2 && !strcmp(argv[1], "-r");
	struct err e = {0};
	struct trace_reader *r = trace_open(argv[argc - 1], false, &e);
	struct trace_batch b;
	struct event ev;
	enum trace_item item;

	if (!r) {
		fprintf(stderr, "dumptrace: %s\n", e.text);
		return 3;
	}
	for (unsigned i = 0; trace_provenance_key(r, i); i++)
		printf("# %s: %s\n", trace_provenance_key(r, i),
		       trace_provenance_value(r, i));
	while ((item = trace_next(r, &b, &ev, &e)) > TRACE_END) {
		if (item == TRACE_EVENT)
			print_event(&ev);
		else
			print_batch(&b, all);
	}
	trace_close(r);
	if (item == TRACE_ERROR)
		fprintf(stderr, "dumptrace: %s\n", e.text);
	return item == TRACE_ERROR ? 3 : 0;
}
