/*
 * test_trace.c - what is written to a trace is what is read from it.
 *
 * A program of random references and events goes through the writer and into
 * a plain log; the reader's batches, taken apart again, must give the log.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace_kit.h"

static void
test_random(uint64_t seed, size_t n, unsigned n_code, unsigned event_every,
	    uint64_t chunk)
{
	struct log l = {0};
	struct rng r;
	struct trace_writer *w = create(chunk, 1 + (int)(seed % 9));

	rng_seed(&r, seed);
	put_good = true;
	random_refs(w, &l, &r, n, n_code, event_every);
	ok(put_good, "seed %" PRIu64 ": written", seed);
	finish(w);
	ok(read_back(&l, false, 0), "seed %" PRIu64 ": read back", seed);
	ok(read_back(&l, true, 0), "seed %" PRIu64 ": in recover mode", seed);
	check_totals(&l);
	for (int i = 0; i < 6; i++) {
		uint64_t skip = rng_below(&r, n);

		ok(read_back(&l, false, skip),
		   "seed %" PRIu64 ": skip to %" PRIu64, seed, skip);
	}
	log_free(&l);
}

static void
test_empty(void)
{
	struct log l = {0};
	struct trace_reader *r;

	finish(create(0, 0));
	ok(read_back(&l, false, 0), "an empty trace");
	check_totals(&l);
	r = trace_open(path, false, NULL);
	is_str(trace_provenance_key(r, 0), provenance[0][0], "first key");
	is_str(trace_provenance_value(r, 0), provenance[0][1], "its value");
	is_str(trace_provenance(r, "empty"), "", "an empty value");
	is_str(trace_provenance(r, "exit.status"), "0", "a late note");
	ok(!trace_provenance_key(r, 3), "no fourth pair");
	ok(!trace_provenance(r, "nothing"), "an unknown key");
	trace_close(r);
}

/* One instruction, one load; addresses at both ends; the largest blocks. */
static void
test_edges(void)
{
	struct log l = {0};
	struct trace_writer *w = create(0, 0);

	put_good = true;
	put_fetch(w, &l, 0, 1);
	put_data(w, &l, REF_LOAD, UINT64_MAX, 1);
	put_data(w, &l, REF_STORE, 0, REF_MAX_BYTES);
	put_data(w, &l, REF_LOAD, (uint64_t)1 << 63, 8);
	for (uint64_t i = 0; i < 256; i++)
		put_data(w, &l, REF_MODIFY, (uint64_t)1 << i % 64, 8);
	put_fetch(w, &l, UINT64_MAX - 255, 255);
	for (uint64_t i = 0; i < 1000; i++)
		put_fetch(w, &l, 5000 + i * 255, 255);
	for (uint64_t i = 0; i < 2000; i++) {
		put_fetch(w, &l, 4 * i, 4);
		for (uint64_t k = 0; k < 7; k++)
			put_data(w, &l, REF_LOAD, k << 8 * k, 8);
	}
	ok(put_good, "edges written");
	finish(w);
	ok(read_back(&l, false, 0), "edges");
	check_totals(&l);
	log_free(&l);
}

static void
test_refused_runs(struct trace_writer *w)
{
	static const struct {
		const char *what;
		struct cache_run run[2];
	} rows[] = {
	    {"no pages", {{0, 0, 0, 0}, {1, 1, 0, 0}}},
	    {"an unaligned folio", {{2, 4, 2, 0}, {8, 1, 0, 0}}},
	    {"part of a folio", {{4, 6, 2, 0}, {16, 1, 0, 0}}},
	    {"runs that overlap", {{0, 4, 0, 0}, {3, 1, 0, 0}}},
	    {"an unknown flag", {{0, 4, 0, 2}, {4, 1, 0, 0}}},
	    {"a folio of 2^19", {{0, 1 << 19, 19, 0}, {1 << 20, 1, 0, 0}}},
	    {"no such file", {{0, 1, 0, 0}, {UINT64_MAX, 1, 0, 0}}},
	};
	struct err e = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct event ev = {.kind = EV_CACHE,
				   .cache = {1, 2, rows[i].run}};

		ok(!trace_event(w, &ev, &e), "cache: %s: %s", rows[i].what,
		   e.text);
	}
}

static void
test_refused(void)
{
	struct trace_writer *w = create(0, 0);
	struct map_desc bad = {.start = 0x1000, .end = 0x1001};
	struct event ev = {.kind = EV_EXEC,
			   .image = {.n_maps = 1, .maps = &bad}};
	struct err e = {0};

	ok(!trace_data(w, REF_LOAD, 0, 1, &e) && e.kind == ERR_INPUT,
	   "data before a fetch: %s", e.text);
	ok(!trace_fetch(w, 0, 0, &e), "fetch of 0 bytes: %s", e.text);
	ok(!trace_fetch(w, 0, 256, &e), "fetch of 256 bytes");
	ok(!trace_fetch(w, UINT64_MAX, 2, &e), "fetch past the end");
	ok(trace_fetch(w, 0, 1, &e), "a good one after it");
	ok(!trace_data(w, REF_LOAD, 0, 0, &e), "load of 0 bytes");
	ok(!trace_data(w, REF_LOAD, 0, 65536, &e), "load of 64 KiB");
	ok(!trace_event(w, &ev, &e), "a mapping of odd length: %s", e.text);
	test_refused_runs(w);
	ev.kind = EV_KINDS;
	ok(!trace_event(w, &ev, &e), "an unknown event: %s", e.text);
	trace_abandon(w);
}

/* Chunks end early when their dictionary or their events are large. */
static void
test_large(void)
{
	struct log l = {0};
	struct trace_writer *w = create(0, 1);
	struct event ev = {.kind = EV_MARKER, .text = long_text};

	put_good = true;
	for (uint64_t i = 0; i < 200000; i++)
		put_fetch(w, &l, i * 16, 1);
	for (int i = 0; i < 300; i++)
		put_event(w, &l, &ev);
	is_u64(trace_writer_totals(w)->chunks, 5, "chunks by then");
	ok(put_good && trace_flush(w, NULL), "flush");
	is_u64(trace_writer_totals(w)->chunks, 6, "one more");
	ok(trace_flush(w, NULL), "flush of nothing");
	is_u64(trace_writer_totals(w)->chunks, 6, "makes none");
	finish(w);
	ok(read_back(&l, false, 0), "many blocks, large events");
	ok(read_back(&l, false, 150000), "and with a skip");
	check_totals(&l);
	log_free(&l);
}

/* The largest image, and a string that is cut. */
static void
test_largest(void)
{
	enum { MAPS = 65530 };
	struct map_desc *many = xcalloc(MAPS + 1, sizeof(*many));
	struct event ev = {.kind = EV_PROCESS,
			   .image = {.n_maps = MAPS + 1, .maps = many}};
	struct trace_writer *w = create(0, 1);
	char *text = xmalloc(70001);
	struct trace_reader *r;
	struct trace_batch b;
	struct event got;
	struct err e;

	memset(text, 'y', 70000);
	text[70000] = '\0';
	ev.image.exe = text;
	ev.image.args = NULL;
	for (uint64_t i = 0; i <= MAPS; i++)
		many[i] =
		    (struct map_desc){.start = i << 12, .end = (i + 1) << 12};
	ok(!trace_event(w, &ev, &e), "one mapping too many: %s", e.text);
	ev.image.n_maps = MAPS;
	ok(trace_event(w, &ev, &e), "the most that may be");
	finish(w);
	r = trace_open(path, false, &e);
	ok(r && trace_next(r, &b, &got, &e) == TRACE_EVENT, "is read");
	is_u64(got.image.n_maps, MAPS, "with all mappings");
	is_u64(got.image.maps[MAPS - 1].end, (uint64_t)MAPS << 12, "the last");
	is_u64(strlen(got.image.exe), 65535, "a longer string is cut");
	is_str(got.image.args, "", "none is empty");
	trace_close(r);
	free(text);
	free(many);
}

int
main(void)
{
	fill_constants();
	scratch_path();
	test_empty();
	test_edges();
	test_refused();
	test_large();
	test_largest();
	test_random(1, 20000, 50, 100, 1000);
	test_random(2, 300000, 3000, 2000, 0);
	test_random(3, 100000, 30000, 0, 70000);
	test_random(4, 2000, 10, 2, 50);
	test_random(5, 3000000, 100000, 20000, 1 << 20);
	unlink(path);
	return done_testing();
}
