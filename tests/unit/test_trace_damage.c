/*
 * test_trace_damage.c - what is left of a trace that was cut, flipped or
 * made by an enemy: an error, or every whole chunk; never a crash and never
 * a wrong reference.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <signal.h>
#include <sys/resource.h>

#include "trace/chunk.h"
#include "trace/codec.h"
#include "trace_kit.h"

#define CHUNK_REFS 500

/* A good trace, as bytes, and what is in it. */
static struct log whole;
static size_t *insn_at;
static uint8_t *bytes;
static size_t n_bytes;

struct place {
	size_t offset, end;
	struct chunk_head head;
};
static struct place chunks[200];
static unsigned n_chunks;
static size_t index_offset;

static void
put_bytes(const uint8_t *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(p, 1, n, f) != n || fclose(f)) {
		printf("Bail out! cannot write %s\n", path);
		exit(99);
	}
}

static void
get_bytes(void)
{
	FILE *f = fopen(path, "rb");

	n_bytes = 0;
	bytes = xmalloc(4u << 20);
	if (f)
		n_bytes = fread(bytes, 1, 4u << 20, f);
	if (f)
		fclose(f);
}

static void
find_chunks(void)
{
	size_t at = PWT_HEAD_BYTES + load_u32(bytes + 16);

	while (!chunk_head_get(bytes + at, &chunks[n_chunks].head)) {
		struct place *c = &chunks[n_chunks++];

		c->offset = at;
		at += PWT_CHUNK_BYTES + (size_t)chunk_packed(&c->head);
		c->end = at;
	}
	index_offset = at;
}

static void
make_trace(void)
{
	struct trace_writer *w = create(CHUNK_REFS, 6);
	struct rng r;

	rng_seed(&r, 99);
	random_refs(w, &whole, &r, 10000, 100, 150);
	ok(put_good && trace_finish(w, NULL), "a trace is written");
	get_bytes();
	find_chunks();
	insn_at = log_insns(&whole);
	ok(n_chunks >= 19, "it has %u chunks, %zu bytes", n_chunks, n_bytes);
	ok(!memcmp(bytes + index_offset, PWT_INDEX_MAGIC, 8),
	   "and an index after them");
}

static uint64_t
all_insns(void)
{
	return chunks[n_chunks - 1].head.first_insn +
	       chunks[n_chunks - 1].head.n.insns;
}

/* One bit anywhere: strict reading fails or gives all; recovery gives all
 * but, at most, one chunk's references. */
static void
test_flips(unsigned n)
{
	unsigned wrong = 0, refused = 0;
	struct rng r;

	rng_seed(&r, 7);
	for (unsigned i = 0; i < n; i++) {
		size_t at = rng_below(&r, n_bytes);
		uint8_t bit = (uint8_t)(1u << rng_below(&r, 8));
		struct survey s;

		bytes[at] ^= bit;
		put_bytes(bytes, n_bytes);
		bytes[at] ^= bit;
		s = survey(&whole, insn_at, false);
		refused += s.failed;
		if (!s.good || (!s.failed && s.insns != all_insns()))
			printf("# strict, offset %zu: wrong\n", at), wrong++;
		if (s.failed && !strstr(s.e.text, "offset"))
			printf("# no offset: %s\n", s.e.text), wrong++;
		s = survey(&whole, insn_at, true);
		if (!s.good || (s.opened && (s.failed || !s.damage)) ||
		    (at >= chunks[0].offset &&
		     s.insns + CHUNK_REFS + 300 < all_insns()))
			printf("# recover, offset %zu: wrong\n", at), wrong++;
	}
	is_u64(wrong, 0, "%u bit flips, %u refused", n, refused);
}

/* Cut at `at`: strict reading fails unless the cut is between two chunks or
 * behind them; recovery gives exactly the chunks before it. */
static bool
wrong_cut(size_t at)
{
	struct survey s;
	uint64_t insns = 0;
	bool clean = at >= n_bytes, wrong;

	for (unsigned i = 0; i < n_chunks; i++) {
		if (chunks[i].end <= at)
			insns += chunks[i].head.n.insns;
		clean |= at == chunks[i].end;
	}
	clean |= at == chunks[0].offset || at >= index_offset + 8;
	put_bytes(bytes, at);
	s = survey(&whole, insn_at, false);
	wrong = !s.good || s.failed == clean;
	s = survey(&whole, insn_at, true);
	if (at < chunks[0].offset)
		wrong |= s.opened;
	else
		wrong |= !s.good || s.failed || s.insns != insns ||
			 (!s.damage && at < n_bytes);
	if (wrong)
		printf("# cut at %zu: strict should %s; %s\n", at,
		       clean ? "read" : "fail", s.e.text);
	return wrong;
}

static void
test_cuts(void)
{
	unsigned wrong = 0;

	for (size_t at = 0; at < n_bytes; at += at < 300 ? 1 : 499)
		wrong += wrong_cut(at);
	for (unsigned i = 0; i < n_chunks; i++)
		for (size_t d = 0; d < 3; d++) {
			wrong += wrong_cut(chunks[i].end - 1 + d);
			wrong += wrong_cut(chunks[i].offset + PWT_CHUNK_BYTES -
					   1 + d);
		}
	for (size_t at = index_offset; at <= n_bytes; at++)
		wrong += wrong_cut(at);
	is_u64(wrong, 0, "cuts");
}

/* Chunks lost, doubled, exchanged; zeros; more bytes at the end. */
static void
test_moved(void)
{
	size_t a = chunks[4].offset, b = chunks[4].end, c = chunks[5].end;
	uint8_t *copy = xmalloc(n_bytes + 100000);
	struct survey s;

	memcpy(copy, bytes, a);
	memcpy(copy + a, bytes + b, n_bytes - b);
	put_bytes(copy, n_bytes - (b - a));
	ok(survey(&whole, insn_at, false).failed, "a lost chunk is refused");
	s = survey(&whole, insn_at, true);
	ok(s.good && !s.failed && s.damage, "and passed over");
	is_u64(s.insns, all_insns() - chunks[4].head.n.insns,
	       "with the rest there");

	memcpy(copy + a, bytes + b, c - b);
	memcpy(copy + a + (c - b), bytes + a, b - a);
	memcpy(copy + c, bytes + c, n_bytes - c);
	put_bytes(copy, n_bytes);
	ok(survey(&whole, insn_at, false).failed, "exchanged ones are refused");
	s = survey(&whole, insn_at, true);
	ok(s.good && !s.failed && s.damage, "or in part passed over");

	memcpy(copy, bytes, n_bytes);
	memset(copy + a, 0, b - a);
	put_bytes(copy, n_bytes);
	ok(survey(&whole, insn_at, false).failed, "zeros are refused");
	s = survey(&whole, insn_at, true);
	is_u64(s.insns, all_insns() - chunks[4].head.n.insns, "or passed over");

	memcpy(copy, bytes, n_bytes);
	memset(copy + n_bytes, 'x', 1000);
	put_bytes(copy, n_bytes + 1000);
	s = survey(&whole, insn_at, false);
	ok(s.good && !s.failed && s.damage == 1 && s.insns == all_insns(),
	   "bytes after the end are told and left");
	free(copy);
}

/* The first chunk defines files; without it the index does. */
static void
test_files(void)
{
	uint8_t *copy = xmalloc(n_bytes);
	struct trace_reader *r;
	struct trace_batch b;
	struct event ev;
	unsigned defined = 0, unknown = 0;
	enum trace_item item;

	memcpy(copy, bytes, n_bytes);
	copy[chunks[0].offset + 20] ^= 1;
	put_bytes(copy, n_bytes);
	free(copy);
	r = trace_open(path, true, NULL);
	while ((item = trace_next(r, &b, &ev, NULL)) > TRACE_END) {
		if (item == TRACE_EVENT && ev.kind == EV_FILE)
			defined |= 1u << ev.file.id;
		if (item == TRACE_EVENT && ev.kind == EV_SYSCALL &&
		    ev.sys.file && !(defined >> ev.sys.file & 1))
			unknown++;
	}
	ok(item == TRACE_END && defined == 6 && !unknown,
	   "files of a lost chunk come from the index");
	trace_close(r);
}

/* ---- an enemy who can compute checksums */

static struct packer *packer;
static struct unpacker *unpacker;

/* Change section s of chunk c and seal it again; headers too. */
static void
reseal(struct rng *r, const struct place *c, unsigned s)
{
	struct outbuf raw = {0}, out = {0};
	struct chunk_head h = c->head;
	size_t at = c->offset + PWT_CHUNK_BYTES;

	out_bytes(&out, bytes, at);
	for (unsigned i = 0; i < SEC_COUNT; i++) {
		size_t begin = out.n;

		if (i == s) {
			out_space(&raw, h.raw[i] + 16ul);
			unpacker_run(unpacker, h.codec, bytes + at, h.packed[i],
				     raw.p, h.raw[i]);
			raw.n = h.raw[i];
			for (uint64_t k = rng_below(r, 3); raw.n && k < 3; k++)
				raw.p[rng_below(r, raw.n)] =
				    (uint8_t)(rng_u64(r) >> rng_below(r, 64));
			packer_run(packer, &raw, &out);
		} else {
			out_bytes(&out, bytes + at, h.packed[i]);
		}
		at += h.packed[i];
		h.packed[i] = (uint32_t)(out.n - begin);
		h.crc[i] = bytes_crc(out.p + begin, h.packed[i]);
	}
	chunk_head_put(out.p + c->offset, &h);
	out_bytes(&out, bytes + at, index_offset - at);
	put_bytes(out.p, out.n);
	out_free(&raw);
	out_free(&out);
}

/* Some number of the header replaced. */
static void
reseal_head(struct rng *r, const struct place *c)
{
	uint8_t *copy = xmalloc(n_bytes), *h = copy + c->offset;
	size_t at = 12 + 4 * rng_below(r, (PWT_CHUNK_BYTES - 12) / 4);
	uint32_t v = load_u32(bytes + c->offset + at);

	memcpy(copy, bytes, n_bytes);
	switch (rng_below(r, 4)) {
	case 0:
		v += (uint32_t)rng_below(r, 3) - 1;
		break;
	case 1:
		v = (uint32_t)rng_u64(r);
		break;
	case 2:
		v = UINT32_MAX - (uint32_t)rng_below(r, 2);
		break;
	default:
		v ^= 1u << rng_below(r, 32);
	}
	store_u32(h + at, v);
	store_u32(h + 8, bytes_crc(h + 12, PWT_CHUNK_BYTES - 12));
	put_bytes(copy, index_offset);
	free(copy);
}

/* Is a batch what reader.h promises, whatever the file says? */
static bool
sane(const struct trace_batch *b)
{
	uint32_t addrs = 0;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *k;
		const struct data_slot *s;
		uint32_t sum = 0;

		if (b->ids[i] >= b->dict->n_blocks)
			return false;
		k = &b->dict->blocks[b->ids[i]];
		s = &b->dict->slots[k->first_slot];
		for (unsigned n = 0; n < k->insns; n++)
			sum += b->dict->insn_bytes[k->first_insn + n];
		for (unsigned n = 0; n < k->slots; n++)
			if (s[n].insn >= k->insns || s[n].op > REF_MODIFY ||
			    !s[n].bytes || (n && s[n].insn < s[n - 1].insn))
				return false;
		if (!k->insns || sum != k->bytes || k->slots > BLOCK_MAX_SLOTS)
			return false;
		addrs += k->slots;
	}
	return addrs == b->n_addrs && b->n_ids && b->n_ids <= 4096;
}

static bool
sane_trace(bool recover, bool ahead)
{
	struct trace_reader *r = trace_open(path, recover, NULL);
	struct trace_batch b;
	struct event ev;
	enum trace_item item;
	uint64_t sum = 0;
	bool good = true;

	if (r && ahead)
		trace_read_ahead(r, 0);
	while (r && (item = trace_next(r, &b, &ev, NULL)) > TRACE_END) {
		if (item == TRACE_EVENT)
			continue;
		good &= sane(&b);
		for (uint32_t i = 0; i < b.n_addrs; i++)
			sum += b.addrs[i];
	}
	trace_close(r);
	return good && sum != 1;
}

static void
test_enemy(unsigned n)
{
	unsigned wrong = 0;
	struct rng r;

	packer = packer_new(1);
	unpacker = unpacker_new();
	rng_seed(&r, 5);
	for (unsigned i = 0; i < n; i++) {
		const struct place *c = &chunks[rng_below(&r, n_chunks)];

		if (rng_below(&r, 4))
			reseal(&r, c, (unsigned)rng_below(&r, SEC_COUNT));
		else
			reseal_head(&r, c);
		wrong += !sane_trace(false, i % 4 == 0);
		wrong += !sane_trace(true, false);
	}
	packer_free(packer);
	unpacker_free(unpacker);
	is_u64(wrong, 0, "%u changes under right checksums", n);
}

/* ---- a disk that is full */

static void
test_full(void)
{
	struct rlimit old, limit;
	struct log l = {0};
	struct trace_writer *w;
	struct survey s;
	struct err e = {0};
	struct rng r;
	size_t *at;

	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 30000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	rng_seed(&r, 3);
	w = create(CHUNK_REFS, 6);
	put_good = true;
	random_refs(w, &l, &r, 40000, 100, 300);
	ok(!put_good, "a full disk is told");
	ok(!trace_fetch(w, 1, 1, &e) && e.kind == ERR_FAILED,
	   "again and again: %s", e.text);
	ok(!trace_flush(w, &e), "by a flush, too");
	ok(!trace_finish(w, &e), "and at the end");
	setrlimit(RLIMIT_FSIZE, &old);
	at = log_insns(&l);
	s = survey(&l, at, false);
	ok(s.good && !s.failed && s.insns > 2000 && s.damage == 1,
	   "chunks before it are there without recovery (%" PRIu64
	   " instructions)",
	   s.insns);
	free(at);
	log_free(&l);
}

int
main(void)
{
	fill_constants();
	scratch_path();
	make_trace();
	test_cuts();
	test_moved();
	test_files();
	test_flips(1000);
	test_enemy(2000);
	test_full();
	unlink(path);
	free(bytes);
	free(insn_at);
	log_free(&whole);
	return done_testing();
}
