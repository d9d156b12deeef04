/*
 * info_text.c - `pagewalk info` for people.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <string.h>

#include "cmd/info.h"
#include "report/table.h"
#include "trace/syscalls.h"

/* ---------------------------------------------------------- one event */

static void
print_time(const struct info *in, uint64_t insn)
{
	fprintf(in->text, "%12" PRIu64 "  ", insn);
}

static void
print_syscall(FILE *f, const struct syscall_desc *s)
{
	const struct syscall_row *row = syscall_find(s->nr);

	if (row)
		fprintf(f, "syscall %s (", row->name);
	else
		fprintf(f, "syscall %" PRIu32 " (", s->nr);
	for (int i = 0; i < 6; i++)
		fprintf(f, "%s%#" PRIx64, i ? ", " : "", s->args[i]);
	if (s->ret < 0 && s->ret > -4096)
		fprintf(f, ") = %" PRId64 " (%s)", s->ret,
			strerrorname_np((int)-s->ret));
	else
		fprintf(f, ") = %#" PRIx64, (uint64_t)s->ret);
	if (s->file)
		fprintf(f, " file %" PRIu32 " size %" PRIu64 " at %" PRIu64,
			s->file, s->file_size, s->file_pos);
	for (uint32_t i = 0; i < s->n_ranges; i++)
		fprintf(f, " %c:%#" PRIx64 "+%" PRIu64,
			s->ranges[i].write ? 'w' : 'r', s->ranges[i].addr,
			s->ranges[i].len);
}

/* "0-63", "64-319 by 4", "320-831 by 16!" (with the readahead mark). */
static void
print_cache(FILE *f, const struct cache_desc *c)
{
	fprintf(f, "cache file %" PRIu32 ":", c->file);
	for (uint32_t i = 0; i < c->n_runs; i++) {
		const struct cache_run *r = &c->runs[i];

		fprintf(f, " %" PRIu64 "-%" PRIu64, r->first,
			r->first + r->pages - 1);
		if (r->order)
			fprintf(f, " by %" PRIu64, (uint64_t)1 << r->order);
		fprintf(f, "%s%s", r->flags & CACHE_MARKER ? "!" : "",
			i + 1 < c->n_runs ? "," : "");
	}
}

static void
print_payload(FILE *f, const struct event *ev)
{
	switch (ev->kind) {
	case EV_FILE:
		fprintf(f, "file %" PRIu32 " ", ev->file.id);
		print_plain(ev->file.path, f);
		break;
	case EV_PROCESS:
	case EV_EXEC:
		fprintf(f, "%s %" PRIu32 " mappings ", info_kind_name(ev->kind),
			ev->image.n_maps);
		print_plain(ev->image.exe, f);
		break;
	case EV_SYSCALL:
		print_syscall(f, &ev->sys);
		break;
	case EV_FORK:
		fprintf(f, "fork child %" PRIu32 " flags %#" PRIx64,
			ev->fork.child_pid, ev->fork.flags);
		break;
	case EV_EXIT:
		fprintf(f, "exit status %#" PRIx32, ev->status);
		break;
	case EV_SIGNAL:
		fprintf(f, "signal %" PRIu32 " code %" PRId32 " at %#" PRIx64,
			ev->signal, ev->signal_code, ev->fault_addr);
		break;
	case EV_MARKER:
		fputs("marker ", f);
		print_plain(ev->text, f);
		break;
	case EV_TIME:
		fprintf(f, "time %" PRIu64 " ns", ev->time_ns);
		break;
	case EV_CACHE:
		print_cache(f, &ev->cache);
		break;
	default:
		fputs(info_kind_name(ev->kind), f);
	}
}

void
info_print_event(const struct info *in, const struct event *ev, uint64_t insn)
{
	print_time(in, insn);
	fprintf(in->text, "%6" PRIu32 "/%-6" PRIu32 "  ", ev->pid, ev->tid);
	print_payload(in->text, ev);
	fputc('\n', in->text);
}

/* ---------------------------------------------------------------- text */

static void
print_provenance(const struct info *in)
{
	struct table *t = table_new("ll");
	const char *key;

	for (unsigned i = 0; (key = trace_provenance_key(in->trace, i)); i++) {
		table_text(t, "%s", key);
		table_text(t, "%s", trace_provenance_value(in->trace, i));
	}
	fputs("\nProvenance\n", in->text);
	table_print(t, in->text);
}

static void
print_total(struct table *t, const char *what, uint64_t n)
{
	table_text(t, "%s", what);
	table_count(t, n);
}

static void
print_totals(const struct info *in)
{
	const struct trace_totals *n = trace_totals(in->trace);
	struct table *t = table_new("lr");

	table_text(t, "What");
	table_text(t, "Count");
	print_total(t, "references", n->references);
	print_total(t, "  instructions", n->instructions);
	print_total(t, "  loads", n->loads);
	print_total(t, "  stores", n->stores);
	print_total(t, "  modifies", n->modifies);
	print_total(t, "events", n->events);
	for (unsigned k = 1; k < EV_KINDS; k++)
		if (in->kinds[k]) {
			table_text(t, "  %s", info_kind_name(k));
			table_count(t, in->kinds[k]);
		}
	print_total(t, "chunks", n->chunks);
	print_total(t, "bytes of file", n->file_bytes);
	table_text(t, "bytes a reference");
	table_ratio(t, (double)n->file_bytes, (double)n->references, 3);
	fputs("\nTotals\n", in->text);
	table_print(t, in->text);
}

static const char *
map_name(const struct info *in, const struct map_desc *m)
{
	if (m->file)
		for (size_t i = 0; i < in->n_files; i++)
			if (in->files[i].desc.id == m->file)
				return in->files[i].path;
	return m->flags & MAPD_STACK  ? "[stack]"
	       : m->flags & MAPD_HEAP ? "[heap]"
	       : m->flags & MAPD_BSS  ? "[bss]"
	       : m->flags & MAPD_VDSO ? "[vdso]"
	       : m->file              ? "(unknown file)"
				      : "";
}

static void
print_maps(const struct info *in, const struct image *image)
{
	struct table *t = table_new("llrrl");
	char prot[5];

	table_text(t, "Addresses");
	table_text(t, "Prot");
	table_text(t, "KiB");
	table_text(t, "Offset");
	table_text(t, "What");
	for (uint32_t i = 0; i < image->n_maps; i++) {
		const struct map_desc *m = &image->maps[i];

		info_prot(m, prot);
		table_text(t, "%" PRIx64 "-%" PRIx64, m->start, m->end);
		table_text(t, "%s", prot);
		table_count(t, (m->end - m->start) >> 10);
		table_text(t, "%#" PRIx64, m->offset);
		table_text(t, "%s", map_name(in, m));
	}
	table_print(t, in->text);
}

static void
print_images(const struct info *in)
{
	for (size_t i = 0; i < in->n_images; i++) {
		const struct image *p = &in->images[i];

		fprintf(in->text, "\nProcess %" PRIu32 "%s: ", p->pid,
			p->exec ? ", after exec" : "");
		print_plain(p->args, in->text);
		fputs("\n  program ", in->text);
		print_plain(p->exe, in->text);
		fprintf(in->text,
			", %s %" PRIu32 ", heap at %#" PRIx64
			", stack pointer %#" PRIx64 "\n",
			p->exec ? "mappings" : "parent",
			p->exec ? p->n_maps : p->parent, p->start_brk,
			p->stack_pointer);
		if (p->n_maps)
			print_maps(in, p);
	}
}

static void
print_files(const struct info *in)
{
	struct table *t = table_new("rlrrl");

	fputs("\nFiles\n", in->text);
	table_text(t, "Number");
	table_text(t, "Kind");
	table_text(t, "Inode");
	table_text(t, "Bytes");
	table_text(t, "Path");
	for (size_t i = 0; i < in->n_files; i++) {
		const struct file_desc *f = &in->files[i].desc;

		table_text(t, "%" PRIu32, f->id);
		table_text(t, "%s", info_file_kind(f->kind));
		table_text(t, "%" PRIu64, f->inode);
		table_count(t, f->size);
		table_text(t, "%s", in->files[i].path);
	}
	table_print(t, in->text);
}

static void
print_state(const struct info *in)
{
	size_t n = trace_damage_count(in->trace);
	const struct trace_totals *t = &in->seen;

	if (n)
		fprintf(in->text, "\nDamage\n");
	for (size_t i = 0; i < n; i++) {
		const struct trace_damage *d = trace_damage(in->trace, i);

		fprintf(in->text, "  offset %" PRIu64 ": %s\n", d->offset,
			d->reason);
	}
	if (!in->check)
		return;
	fprintf(in->text, "\nChecked: %" PRIu64 " references decoded; %s.\n",
		t->instructions + t->loads + t->stores + t->modifies,
		info_whole(in) ? "every checksum and count is right"
			       : "the trace is damaged");
}

void
info_print(const struct info *in)
{
	print_plain(in->path, in->text);
	fprintf(in->text, ": pagewalk trace, format version 1, content %s\n",
		trace_content_id(in->trace));
	if (trace_provenance_key(in->trace, 0))
		print_provenance(in);
	print_totals(in);
	print_images(in);
	if (in->n_files)
		print_files(in);
	print_state(in);
}
