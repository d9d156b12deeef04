/*
 * lackey.c - what Valgrind's lackey wrote, with or without system calls,
 * mixed with the program's own output or not.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "trace/import/detect.h"
#include "trace/import/import_priv.h"
#include "trace/import/scan.h"
#include "trace/lackey.h"

/* Calls that threads have begun: Valgrind's thread number -> struct
 * begun. */
struct begun {
	struct call call;
	int64_t strings[6];
};

struct reader {
	struct import *im;
	struct map pending;
	bool saw_calls;
};

static bool
on_fetch(void *ctx, uint64_t addr, uint32_t bytes)
{
	struct reader *r = ctx;

	return import_fetch(r->im, addr, bytes < 255 ? bytes : 255);
}

static bool
on_data(void *ctx, enum ref_op op, uint64_t addr, uint32_t bytes)
{
	struct reader *r = ctx;

	return import_data(r->im, op, addr, bytes);
}

static bool
on_thread(void *ctx, uint32_t thread)
{
	struct reader *r = ctx;

	return import_thread(r->im, IMPORT_PID, IMPORT_PID + thread - 1);
}

static bool
on_call(void *ctx, const struct lackey_call *call)
{
	struct reader *r = ctx;
	struct begun *b = map_get_ptr(&r->pending, call->thread);

	r->saw_calls = true;
	if (!b) {
		b = xcalloc(1, sizeof(*b));
		map_put_ptr(&r->pending, call->thread, b);
	}
	b->call = (struct call){.nr = call->nr, .strings = b->strings};
	for (unsigned i = 0; i < 6; i++) {
		b->call.args[i] = i < call->n_args ? call->args[i] : 0;
		b->strings[i] = i < call->n_args ? call->strings[i] : -1;
	}
	return true;
}

static bool
on_result(void *ctx, uint32_t thread, int64_t ret)
{
	struct reader *r = ctx;
	struct begun *b = map_get_ptr(&r->pending, thread);
	struct call done;

	if (!b || b->call.nr == UINT32_MAX)
		return true;
	done = b->call;
	done.ret = ret;
	b->call.nr = UINT32_MAX;
	return import_thread(r->im, IMPORT_PID, IMPORT_PID + thread - 1) &&
	       import_call(r->im, &done);
}

static bool
on_fork(void *ctx, uint32_t child)
{
	struct reader *r = ctx;

	(void)child;
	import_lacks(r->im, "children");
	return true;
}

static bool
on_signal(void *ctx, const struct lackey_signal *sig)
{
	(void)ctx;
	(void)sig;
	return true;
}

static const struct lackey_sink sink = {.fetch = on_fetch,
					.data = on_data,
					.thread = on_thread,
					.call = on_call,
					.result = on_result,
					.fork = on_fork,
					.signal = on_signal};

/* "I  04001000,3", " L 1ffefff000,8" */
static bool
fits(const char *line)
{
	struct scan s = {line};
	uint64_t addr, bytes;

	return (scan_word(&s, "I  ") || scan_word(&s, " L ") ||
		scan_word(&s, " S ") || scan_word(&s, " M ")) &&
	       scan_digits(&s, 16, &addr) && s.at - line >= 11 &&
	       scan_char(&s, ',') && scan_dec(&s, &bytes) && !*s.at;
}

/* The program may say more than lackey does. */
static unsigned
detect(const uint8_t *data, size_t n)
{
	unsigned lines;

	return detect_lines(data, n, fits, &lines) ? 85 : 0;
}

static bool
feed(struct lackey *p, struct input *in)
{
	bool stopped;

	in->pos += lackey_parse(p, (const char *)input_at(in),
				input_waiting(in), &stopped);
	return !stopped;
}

/* A last line without its end. */
static bool
feed_rest(struct lackey *p, struct input *in)
{
	size_t n = input_waiting(in);
	char *line = xmalloc(n + 1);
	bool stopped = false;

	memcpy(line, input_at(in), n);
	line[n] = '\n';
	lackey_parse(p, line, n + 1, &stopped);
	free(line);
	return !stopped;
}

static bool
parse_all(struct lackey *p, struct import *im)
{
	struct input *in = im->in[0];

	do {
		if (!input_fill(in, input_waiting(in) + 1, im->e) ||
		    !feed(p, in))
			return false;
	} while (!in->eof);
	return !input_waiting(in) || feed_rest(p, in);
}

static void
drop_pending(struct map *pending)
{
	struct map_slot slot;

	for (size_t i = 0; map_next(pending, &i, &slot);)
		free((void *)(uintptr_t)slot.value);
	map_free(pending);
}

static bool
run(struct import *im)
{
	struct reader r = {.im = im};
	struct lackey p;
	bool fine;

	lackey_init(&p, &sink, &r);
	fine = parse_all(&p, im);
	drop_pending(&r.pending);
	if (fine && !p.references)
		return err_set(im->e, ERR_INPUT,
			       "%s: %llu lines and no reference: 'I  "
			       "04001000,3' or ' L 1ffefff000,8' is expected",
			       im->in[0]->path, (unsigned long long)p.lines);
	if (fine && !r.saw_calls && !im->log)
		import_lacks(im, "syscalls");
	import_lacks(im, r.saw_calls ? "files" : "threads");
	import_note(im, "import.other_lines", "%llu",
		    (unsigned long long)(p.lines - p.references));
	return fine;
}

const struct importer import_lackey = {
    "lackey",
    "Valgrind's lackey, --trace-mem=yes (perhaps with system calls)",
    "mappings",
    detect,
    run,
    false};
