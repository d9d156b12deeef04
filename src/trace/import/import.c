/*
 * import.c - the table of importers, and what they all build on.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "trace/import/import_priv.h"
#include "trace/import/sys_log.h"

#define DETECT_BYTES 65536

static const struct importer *const table[] = {
    &import_lackey,      &import_drmemtrace, &import_champsim,
    &import_cloudsuite,  &import_gem5,       &import_din,
    &import_xdin,        &import_dinb,       &import_pinatrace,
    &import_rw,          &import_pages,      &import_perf_mem,
    &import_perf_script,
};

const struct importer *
importer_at(unsigned i)
{
	return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}

const struct importer *
importer_find(const char *name)
{
	const struct importer *f;

	for (unsigned i = 0; (f = importer_at(i)); i++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* --------------------------------------------- events, processes, threads */

bool
import_event(struct import *im, struct event *ev)
{
	im->fetched = false;
	return trace_event(im->w, ev, im->e);
}

void
import_note(struct import *im, const char *key, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trace_note(im->w, key, text);
}

static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *s = list; (s = strstr(s, word)); s += n)
		if ((s == list || s[-1] == ',') && (!s[n] || s[n] == ','))
			return true;
	return false;
}

static void
add_word(char *list, size_t size, const char *word)
{
	size_t n = strlen(list);

	if (!has_word(list, word))
		snprintf(list + n, size - n, "%s%s", n ? "," : "", word);
}

void
import_lacks(struct import *im, const char *what)
{
	add_word(im->blind, sizeof(im->blind), what);
}

static uint64_t
thread_key(uint32_t pid, uint32_t tid)
{
	return (uint64_t)pid << 32 | tid;
}

static bool
define_files(struct import *im)
{
	for (size_t i = 0; i < im->maps.n_files; i++) {
		struct event ev = {.kind = EV_FILE, .file = im->maps.files[i]};

		if (!import_event(im, &ev))
			return false;
	}
	return true;
}

/* Its first thread has its number. */
static bool
begin_process(struct import *im, uint32_t pid)
{
	struct event ev = {.kind = EV_PROCESS, .pid = pid, .tid = pid};

	if (!im->processes.used && !define_files(im))
		return false;
	ev.image = (struct image_desc){.exe = im->in[0]->path,
				       .args = "",
				       .stack_limit = (uint64_t)8 << 20,
				       .n_maps = (uint32_t)im->maps.n,
				       .maps = im->maps.v};
	map_put(&im->processes, pid, 1);
	map_put(&im->threads, thread_key(pid, pid), 1);
	return import_event(im, &ev);
}

static bool
begin_thread(struct import *im, uint32_t pid, uint32_t tid)
{
	struct event ev = {.kind = EV_THREAD, .pid = pid, .tid = tid};

	map_put(&im->threads, thread_key(pid, tid), 1);
	return import_event(im, &ev);
}

bool
import_thread(struct import *im, uint32_t pid, uint32_t tid)
{
	struct event ev = {.kind = EV_SWITCH, .pid = pid, .tid = tid};
	uint64_t known;

	if (im->tid == tid && im->pid == pid)
		return true;
	if (!map_get(&im->processes, pid, &known) && !begin_process(im, pid))
		return false;
	if (!map_get(&im->threads, thread_key(pid, tid), &known) &&
	    !begin_thread(im, pid, tid))
		return false;
	im->pid = pid;
	im->tid = tid;
	return import_event(im, &ev);
}

bool
import_exit(struct import *im, uint32_t pid, uint32_t tid)
{
	struct event ev = {.kind = EV_THREAD_EXIT, .pid = pid, .tid = tid};

	if (!map_remove(&im->threads, thread_key(pid, tid)))
		return true;
	if (im->pid == pid && im->tid == tid)
		im->pid = im->tid = 0;
	return import_event(im, &ev);
}

static bool
end_processes(struct import *im)
{
	struct map_slot slot;

	for (size_t i = 0; map_next(&im->processes, &i, &slot);) {
		struct event ev = {.kind = EV_EXIT,
				   .pid = (uint32_t)slot.key,
				   .tid = (uint32_t)slot.key};

		if (!import_event(im, &ev))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------ references */

static bool
known_thread(struct import *im)
{
	return im->tid || import_thread(im, IMPORT_PID, IMPORT_PID);
}

/* Beyond what a program may address: the kernel's, or nonsense. */
static bool
beyond(struct import *im, uint64_t addr, uint32_t bytes)
{
	if (addr < USER_END && USER_END - addr >= bytes)
		return false;
	im->dropped++;
	return true;
}

bool
import_fetch(struct import *im, uint64_t addr, uint32_t bytes)
{
	if (beyond(im, addr, bytes))
		return true;
	if (!known_thread(im) || (im->log && !sys_log_reach(im, addr)))
		return false;
	im->fetched = true;
	return trace_fetch(im->w, addr, bytes, im->e);
}

static bool
fake_fetch(struct import *im)
{
	im->fetched = true;
	im->fakes++;
	return trace_fetch(im->w, FAKE_CODE, 1, im->e);
}

bool
import_data(struct import *im, enum ref_op op, uint64_t addr, uint32_t bytes)
{
	struct one_ref refs[CONVENTION_MAX];
	unsigned n;

	if (beyond(im, addr, bytes))
		return true;
	if (!known_thread(im) || (im->log && !sys_log_reach(im, addr)) ||
	    (!im->fetched && !fake_fetch(im)))
		return false;
	n = convention_apply(&im->o->convention, op, addr, bytes, refs);
	for (unsigned i = 0; i < n; i++)
		if (!trace_data(im->w, refs[i].op, refs[i].addr, refs[i].bytes,
				im->e))
			return false;
	return true;
}

bool
import_bare(struct import *im, enum ref_op op, uint64_t addr, uint32_t bytes)
{
	im->fetched = false;
	return import_data(im, op, addr, bytes);
}

/* ----------------------------------------------------------- recognising */

static void
name_candidates(const uint8_t *p, size_t n, unsigned score, char *out,
		size_t size)
{
	const struct importer *f;

	*out = '\0';
	for (unsigned i = 0; (f = importer_at(i)); i++)
		if (f->detect(p, n) == score)
			add_word(out, size, f->name);
}

static const struct importer *
detect(struct import *im)
{
	const uint8_t *p;
	const struct importer *f, *best = NULL;
	unsigned high = 0, ties = 0;
	char names[128];
	size_t n;

	if (!input_fill(im->in[0], DETECT_BYTES, im->e))
		return NULL;
	p = input_at(im->in[0]);
	n = min_u64(input_waiting(im->in[0]), DETECT_BYTES);
	for (unsigned i = 0; (f = importer_at(i)); i++) {
		unsigned score = f->detect(p, n);

		ties = score > high ? 1 : ties + (score && score == high);
		if (score > high) {
			high = score;
			best = f;
		}
	}
	if (!best)
		err_set(im->e, ERR_INPUT,
			"%s: of no format known here; say which with --from",
			im->in[0]->path);
	if (ties < 2)
		return best;
	name_candidates(p, n, high, names, sizeof(names));
	err_set(im->e, ERR_INPUT, "%s: may be any of %s; say which with --from",
		im->in[0]->path, names);
	return NULL;
}

static bool
choose(struct import *im, const char *name)
{
	im->from = name ? importer_find(name) : detect(im);
	if (!im->from && name)
		return err_set(im->e, ERR_USAGE,
			       "--from %s: no such format (--list prints them)",
			       name);
	if (!im->from)
		return false;
	if (im->n_in > 1 && !im->from->many)
		return err_set(im->e, ERR_USAGE, "%s takes one input",
			       im->from->name);
	return true;
}

/* ------------------------------------------------------------- the import */

static bool
open_inputs(struct import *im, const char *const *paths, unsigned n)
{
	im->in = xcalloc(n, sizeof(struct input *));
	for (; im->n_in < n; im->n_in++) {
		im->in[im->n_in] = input_open(paths[im->n_in], im->e);
		if (!im->in[im->n_in])
			return false;
	}
	return true;
}

/* What stays unknown after the options have filled in what they can. */
static void
count_blind(struct import *im)
{
	char *lacks = xstrdup(im->from->lacks), *save = NULL;

	for (char *w = strtok_r(lacks, ",", &save); w;
	     w = strtok_r(NULL, ",", &save))
		if (!(im->o->maps && !strcmp(w, "mappings")) &&
		    !(im->o->syscalls && !strcmp(w, "syscalls")))
			import_lacks(im, w);
	free(lacks);
}

static bool
prepare(struct import *im)
{
	const struct import_options *o = im->o;

	if (o->maps && !maps_read(&im->maps, o->maps, im->e))
		return false;
	if (im->from == &import_pages && !o->maps)
		maps_code(&im->maps);
	if (!o->strict)
		maps_cover(&im->maps);
	if (!o->syscalls)
		return true;
	im->log = sys_log_read(o->syscalls, im->e);
	if (!im->log)
		return false;
	sys_log_begin(im->log, &im->maps);
	return true;
}

static bool
create(struct import *im)
{
	const char *const provenance[][2] = {
	    {"capture.backend", "import"},
	    {"tool.version", pagewalk_version},
	    {"import.format", im->from->name},
	    {"import.source", im->in[0]->path},
	    {"command", im->o->command ? im->o->command : ""},
	};

	im->w = trace_create(im->o->output, NULL, provenance,
			     sizeof(provenance) / sizeof(provenance[0]), im->e);
	return im->w;
}

static bool
convert(struct import *im)
{
	if (!im->from->run(im) || (im->log && !sys_log_finish(im)))
		return false;
	if (!im->processes.used)
		return err_set(im->e, ERR_INPUT, "%s: has no reference",
			       im->in[0]->path);
	if (im->fakes)
		import_lacks(im, "instructions");
	if (im->dropped)
		import_note(im, "import.dropped",
			    "%llu references beyond user addresses",
			    (unsigned long long)im->dropped);
	import_note(im, "capture.blind", "%s", im->blind);
	return end_processes(im);
}

static bool
write_trace(struct import *im, struct import_result *out)
{
	struct stat st;
	bool fine;

	count_blind(im);
	if (!create(im))
		return false;
	fine = convert(im);
	out->totals = *trace_writer_totals(im->w);
	if (!fine)
		trace_abandon(im->w);
	else
		fine = trace_finish(im->w, im->e);
	if (stat(im->o->output, &st) || !S_ISREG(st.st_mode))
		return fine; /* a device or a pipe: neither to measure nor to
				remove */
	if (!fine)
		unlink(im->o->output);
	else
		out->totals.file_bytes = (uint64_t)st.st_size;
	return fine;
}

static void
release(struct import *im)
{
	for (unsigned i = 0; i < im->n_in; i++)
		input_close(im->in[i]);
	free(im->in);
	maps_free(&im->maps);
	map_free(&im->threads);
	map_free(&im->processes);
	descriptors_free(&im->descriptors);
	if (im->log)
		sys_log_free(im->log);
}

bool
import_run(const struct import_options *o, const char *const *inputs,
	   unsigned n, struct import_result *out, struct err *e)
{
	struct import im = {.o = o, .e = e};
	bool fine = open_inputs(&im, inputs, n) && choose(&im, o->from) &&
		    prepare(&im) && write_trace(&im, out);

	out->from = im.from;
	out->dropped = im.dropped;
	memcpy(out->blind, im.blind, sizeof(out->blind));
	release(&im);
	return fine;
}
