/*
 * cmd_info.c - say what is in a trace: where it comes from, what it holds,
 * whether it is whole.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "cmd/info.h"

struct options {
	const char *json;
	bool check, events;
};

static const struct opt_spec specs[] = {
    {"json", 'j', OPT_STRING, "FILE",
     "write it as JSON; -: to standard output, instead of the text",
     offsetof(struct options, json)},
    {"check", 0, OPT_FLAG, NULL,
     "decode all references and verify every checksum and count",
     offsetof(struct options, check)},
    {"events", 'e', OPT_FLAG, NULL, "list the events, one a line",
     offsetof(struct options, events)},
    {NULL, 0, 0, NULL, NULL, 0},
};

static const char *const kind_names[EV_KINDS] = {
    "end",  "file",        "process", "thread", "switch", "syscall", "fork",
    "exec", "thread-exit", "exit",    "signal", "marker", "time",    "cache",
};

const char *
info_kind_name(unsigned kind)
{
	return kind < EV_KINDS ? kind_names[kind] : "?";
}

const char *
info_file_kind(unsigned kind)
{
	static const char *const names[] = {"regular",  "directory", "chardev",
					    "blockdev", "pipe",      "socket",
					    "shm",      "sysv",      "anon-fd"};

	return kind <= FILE_ANON_FD ? names[kind] : "?";
}

void
info_prot(const struct map_desc *m, char text[5])
{
	text[0] = m->prot & 1 ? 'r' : '-';
	text[1] = m->prot & 2 ? 'w' : '-';
	text[2] = m->prot & 4 ? 'x' : '-';
	text[3] = m->flags & MAPD_SHARED ? 's' : 'p';
	text[4] = '\0';
}

static void
keep_file(struct info *in, const struct file_desc *f)
{
	in->files =
	    xgrow(in->files, in->n_files, &in->files_cap, sizeof *in->files);
	in->files[in->n_files++] =
	    (struct file){.desc = *f, .path = xstrdup(f->path)};
}

static void
keep_image(struct info *in, const struct event *ev)
{
	const struct image_desc *d = &ev->image;
	struct image *i;

	in->images = xgrow(in->images, in->n_images, &in->images_cap,
			   sizeof *in->images);
	i = &in->images[in->n_images++];
	*i = (struct image){.pid = ev->pid,
			    .exec = ev->kind == EV_EXEC,
			    .exe = xstrdup(d->exe),
			    .args = xstrdup(d->args),
			    .start_brk = d->start_brk,
			    .stack_pointer = d->stack_pointer,
			    .stack_limit = d->stack_limit,
			    .n_maps = d->n_maps};
	if (ev->kind == EV_PROCESS)
		i->parent = ev->parent;
	i->maps = xreallocarray(NULL, d->n_maps + 1ul, sizeof *i->maps);
	memcpy(i->maps, d->maps, d->n_maps * sizeof *i->maps);
}

static void
take_event(struct info *in, const struct event *ev, uint64_t insn)
{
	in->kinds[ev->kind]++;
	if (ev->kind == EV_FILE)
		keep_file(in, &ev->file);
	if (ev->kind == EV_PROCESS || ev->kind == EV_EXEC)
		keep_image(in, ev);
	if (in->events && in->text)
		info_print_event(in, ev, insn);
}

/* ------------------------------------------------------------- reading */

static void
count_batch(struct trace_totals *t, const struct trace_batch *b)
{
	uint64_t ops[3] = {0};

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *k = &b->dict->blocks[b->ids[i]];
		const struct data_slot *s = &b->dict->slots[k->first_slot];

		t->instructions += k->insns;
		for (unsigned n = 0; n < k->slots; n++)
			ops[s[n].op]++;
	}
	t->loads += ops[REF_LOAD];
	t->stores += ops[REF_STORE];
	t->modifies += ops[REF_MODIFY];
}

/* Without --check or --events, references are passed over; --events decodes
 * them to say after which instruction each event is. */
static bool
read_all(struct info *in, struct err *e)
{
	bool decode = in->check || in->events;
	struct trace_batch batch;
	enum trace_item item;
	struct event ev;
	uint64_t insn = 0;

	if (!decode && !trace_skip_to(in->trace, UINT64_MAX, e))
		return false;
	while ((item = trace_next(in->trace, &batch, &ev, e)) > TRACE_END) {
		if (item == TRACE_EVENT) {
			take_event(in, &ev, insn);
			continue;
		}
		insn = batch.first_insn - in->seen.instructions;
		count_batch(&in->seen, &batch);
		insn += in->seen.instructions;
	}
	return item == TRACE_END;
}

static bool
same_totals(const struct trace_totals *a, const struct trace_totals *b)
{
	return a->instructions == b->instructions && a->loads == b->loads &&
	       a->stores == b->stores && a->modifies == b->modifies;
}

bool
info_whole(const struct info *in)
{
	return !trace_damage_count(in->trace) &&
	       (!in->check || same_totals(&in->seen, trace_totals(in->trace)));
}

/* ------------------------------------------------------------- command */

static void
info_free(struct info *in)
{
	for (size_t i = 0; i < in->n_files; i++)
		free(in->files[i].path);
	for (size_t i = 0; i < in->n_images; i++) {
		free(in->images[i].exe);
		free(in->images[i].args);
		free(in->images[i].maps);
	}
	free(in->files);
	free(in->images);
	trace_close(in->trace);
}

static bool
info(struct info *in, struct err *e)
{
	/* A damaged trace is still worth describing. */
	in->trace = trace_open(in->path, true, e);
	if (!in->trace || !read_all(in, e))
		return false;
	if (in->text)
		info_print(in);
	if (in->json && !info_json(in, e))
		return false;
	return info_whole(in) ||
	       err_set(e, ERR_INPUT, "%s: the trace is damaged (%zu places)",
		       in->path, trace_damage_count(in->trace));
}

static int
run(int argc, char **argv)
{
	struct options o = {0};
	struct info in = {0};
	struct err e = {0};
	bool good;
	int first;

	if (!opt_parse(specs, argc, argv, false, &o, &first, &e))
		return cmd_fail(&cmd_info, &e);
	if (first != argc - 1) {
		err_set(&e, ERR_USAGE, "expected one trace");
		return cmd_fail(&cmd_info, &e);
	}
	in = (struct info){.path = argv[first],
			   .check = o.check,
			   .events = o.events,
			   .json = o.json,
			   .text =
			       o.json && !strcmp(o.json, "-") ? NULL : stdout};
	good = info(&in, &e);
	info_free(&in);
	return good ? 0 : cmd_fail(&cmd_info, &e);
}

const struct command cmd_info = {
    .name = "info",
    .synopsis = "[--check] [--events] [--json FILE] TRACE",
    .summary = "say what is in a trace and whether it is whole",
    .options = specs,
    .run = run,
};
