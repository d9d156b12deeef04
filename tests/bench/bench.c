/*
 * bench.c - what a reference costs, as ratios taken side by side in one run.
 *
 * For each trace, in turn and several times over:
 *   bare     a plain C loop over the same addresses, already decoded in
 *            memory: a 64-entry 4-way lookup for each side and a 1536-entry
 *            12-way one behind them, most recent way first, exact LRU
 *   inflate  reading and inflating the file, and nothing else
 *   decode   the same, decoded to blocks and addresses
 *   run      all that `pagewalk run` does on one CPU, with one lane
 *   ahead    the same, the trace being read ahead on another CPU
 * Rates are references per second of CPU time of this process, medians; of
 * ahead, of real time.
 *
 * usage: bench CONFIG REPEAT TRACE...
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/chunk.h"
#include "trace/codec.h"

#include "bench.h"

#define MAX_REPEAT 15
#define MAX_REFS   ((size_t)96 << 20) /* kept decoded: 768 MiB */
#define INSN_SIDE  ((uint64_t)1 << 63)

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double
cpu_seconds(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* ------------------------------------------------------------ bare loop */

/* Ways of a set in order of use, most recent first. */
static inline bool
touch(uint64_t *way, unsigned ways, uint64_t page)
{
	uint64_t carry = way[0];

	if (carry == page)
		return true;
	for (unsigned i = 1; i < ways; i++) {
		uint64_t here = way[i];

		way[i] = carry;
		if (here == page) {
			way[0] = page;
			return true;
		}
		carry = here;
	}
	way[0] = page;
	return false;
}

static uint64_t
bare_loop(const uint64_t *refs, size_t n)
{
	static uint64_t l1[2][16][4], l2[128][12];
	uint64_t walks = 0;

	memset(l1, 0xff, sizeof(l1));
	memset(l2, 0xff, sizeof(l2));
	for (size_t i = 0; i < n; i++) {
		uint64_t page = (refs[i] & ~INSN_SIDE) >> 12;

		if (!touch(l1[refs[i] >> 63][page % 16], 4, page))
			walks += !touch(l2[page % 128], 12, page);
	}
	return walks;
}

/* Every reference of a batch, in program order. */
static size_t
spread_batch(const struct trace_batch *b, uint64_t *refs, size_t n)
{
	const uint64_t *addr = b->addrs;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *c = &b->dict->blocks[b->ids[i]];
		const struct data_slot *s = &b->dict->slots[c->first_slot];
		const struct data_slot *end = s + c->slots;
		uint64_t at = c->start;

		if (n + c->insns + c->slots > MAX_REFS)
			return n;
		for (unsigned j = 0; j < c->insns; j++) {
			refs[n++] = at | INSN_SIDE;
			at += b->dict->insn_bytes[c->first_insn + j];
			for (; s < end && s->insn == j; s++)
				refs[n++] = *addr++;
		}
	}
	return n;
}

static size_t
spread(const char *path, uint64_t *refs)
{
	struct trace_reader *t = open_trace(path);
	struct trace_batch b;
	struct event ev;
	struct err e;
	enum trace_item item;
	size_t n = 0;

	while ((item = trace_next(t, &b, &ev, &e)) != TRACE_END) {
		if (item == TRACE_ERROR)
			die(&e);
		if (item == TRACE_REFS)
			n = spread_batch(&b, refs, n);
	}
	trace_close(t);
	return n;
}

/* ---------------------------------------------------------- other loops */

struct image {
	uint8_t *bytes;
	size_t n;
};

static struct image
slurp(const char *path)
{
	struct image im = {0};
	FILE *f = fopen(path, "rb");

	if (!f || fseek(f, 0, SEEK_END))
		exit(1);
	im.n = (size_t)ftell(f);
	im.bytes = xmalloc(im.n);
	rewind(f);
	if (fread(im.bytes, 1, im.n, f) != im.n)
		exit(1);
	fclose(f);
	return im;
}

/* Inflate every section of every chunk with zlib, as fast as it goes. */
static uint64_t
inflate_only(const struct image *im)
{
	static uint8_t out[MAX_DICT_RAW];
	uint64_t sum = 0;
	uint8_t *p = im->bytes;
	struct unpacker *u = unpacker_new();

	while ((p = memmem(p, im->n - (size_t)(p - im->bytes), PWT_CHUNK_MAGIC,
			   8))) {
		struct chunk_head h;

		if (chunk_head_get(p, &h))
			exit(1);
		p += PWT_CHUNK_BYTES;
		for (unsigned i = 0; i < SEC_COUNT; i++) {
			if (h.raw[i] > sizeof(out) ||
			    !unpacker_run(u, h.codec, p, h.packed[i], out,
					  h.raw[i]))
				exit(1);
			sum += h.raw[i];
			p += h.packed[i];
		}
	}
	unpacker_free(u);
	return sum;
}

static uint64_t
decode_only(const char *path)
{
	struct trace_reader *t = open_trace(path);
	struct trace_batch b;
	struct event ev;
	struct err e;
	enum trace_item item;
	uint64_t sum = 0;

	while ((item = trace_next(t, &b, &ev, &e)) != TRACE_END) {
		if (item == TRACE_ERROR)
			die(&e);
		if (item == TRACE_REFS)
			sum += b.n_addrs;
	}
	trace_close(t);
	return sum;
}

/* ------------------------------------------------------------- the table */

struct timing {
	double s[MAX_REPEAT];
	unsigned n;
};

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(struct timing *t)
{
	qsort(t->s, t->n, sizeof(t->s[0]), by_value);
	return t->s[t->n / 2];
}

static volatile uint64_t keep; /* so that no loop is optimised away */

/* Over all traces: references, seconds of the bare loop, of the run. */
struct sum {
	double refs, bare, run;
};

static void
bench_one(const char *path, const struct conf *conf, unsigned repeat,
	  uint64_t *refs, struct sum *all)
{
	struct timing bare = {0}, unzip = {0}, decode = {0}, run = {0},
		      run8 = {0}, ahead = {0};
	struct image im = slurp(path);
	struct replay_counts c = {0};
	size_t n = spread(path, refs);
	double m, b;

	for (unsigned i = 0; i < repeat; i++) {
		double t0 = cpu_seconds(), t1, t2, t3, t4, t5, real;

		keep = bare_loop(refs, n);
		t1 = cpu_seconds();
		keep = decode_only(path);
		t2 = cpu_seconds();
		c = run_all(path, conf, 1, false);
		t3 = cpu_seconds();
		keep = run_all(path, conf, 8, false).references;
		t4 = cpu_seconds();
		keep = inflate_only(&im);
		t5 = cpu_seconds();
		real = seconds(CLOCK_MONOTONIC);
		keep = run_all(path, conf, 1, true).references;
		real = seconds(CLOCK_MONOTONIC) - real;
		ahead.s[ahead.n++] = real / (double)c.references;
		unzip.s[unzip.n++] = (t5 - t4) / (double)c.references;
		bare.s[bare.n++] = (t1 - t0) / (double)n;
		decode.s[decode.n++] = (t2 - t1) / (double)c.references;
		run.s[run.n++] = (t3 - t2) / (double)c.references;
		run8.s[run8.n++] = (t4 - t3) / (double)c.references;
	}
	m = median(&run);
	b = median(&bare);
	all->refs += (double)c.references;
	all->bare += b * (double)c.references;
	all->run += m * (double)c.references;
	free(im.bytes);
	path = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	printf("%-16s %8.1f %7.1f %8.1f %8.1f %8.2f %8.2f %8.2f %8.2f %8.2f\n",
	       path, (double)c.references * 1e-6,
	       100.0 * (double)c.visits / (double)c.references, 1e-6 / b,
	       1e-6 / m, b / m, b / median(&ahead), median(&unzip) / m,
	       median(&decode) / m, (median(&run8) - m) / 7 / m);
}

int
main(int argc, char **argv)
{
	struct sum all = {0};
	struct conf *conf;
	struct err e;
	uint64_t *refs;
	unsigned repeat;

	if (argc < 4) {
		fprintf(stderr, "usage: bench CONFIG REPEAT TRACE...\n");
		return 2;
	}
	repeat = (unsigned)strtoul(argv[2], NULL, 10);
	if (repeat < 1 || repeat > MAX_REPEAT)
		repeat = 5;
	conf = conf_new();
	if (!conf_load(conf, argv[1], &e))
		die(&e);
	refs = xreallocarray(NULL, MAX_REFS, sizeof(*refs));
	puts("trace              M refs visits%   bare/s    run/s "
	     "run:bare ahd:bare run:infl decode   lane");
	for (int i = 3; i < argc; i++)
		bench_one(argv[i], conf, repeat, refs, &all);
	printf("%-16s %8.1f %7s %8.1f %8.1f %8.2f\n", "all", all.refs * 1e-6,
	       "", all.refs * 1e-6 / all.bare, all.refs * 1e-6 / all.run,
	       all.bare / all.run);
	free(refs);
	conf_free(conf);
	return 0;
}
