/* test_synth.c - generated traces: orders, laws, and that every reference of
 * every pattern goes where its program has mapped memory.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "tests/tap.h"
#include "trace/reader.h"
#include "trace/synth.h"
#include "trace/synth_order.h"

static char path[64], path2[64];

/* ----------------------------------------------------- orders and laws */

static bool
is_permutation(uint64_t n, uint64_t seed)
{
	bool *seen = xcalloc(n, sizeof(*seen)), good = true;
	struct perm p;

	perm_init(&p, n, seed);
	for (uint64_t i = 0; i < n && good; i++) {
		uint64_t x = perm_at(&p, i);

		good = x < n && !seen[x];
		if (good)
			seen[x] = true;
	}
	free(seen);
	return good;
}

static void
test_permutations(void)
{
	uint64_t bad = 0, fixed = 0;
	struct perm p;

	for (uint64_t n = 1; n <= 600; n++)
		bad += !is_permutation(n, n);
	is_u64(bad, 0, "1 to 600 elements: each once");
	ok(is_permutation(1000003, 7), "1000003 elements: each once");
	perm_init(&p, 4096, 1);
	for (uint64_t i = 0; i < 4096; i++)
		fixed += perm_at(&p, i) == i;
	ok(fixed < 16, "few of 4096 elements stay in place (%u)",
	   (unsigned)fixed);
	perm_init(&p, (uint64_t)1 << 44, 3);
	for (uint64_t i = 0; i < 1000; i++)
		bad += perm_at(&p, i << 30) >> 44;
	is_u64(bad, 0, "2^44 elements: in range");
}

/* How often rank 1 comes, against the law. */
static void
test_zipf(double skew, uint64_t n)
{
	const unsigned draws = 200000;
	double sum = 0, share, want;
	unsigned first = 0, bad = 0;
	struct zipf z;
	struct rng r;

	rng_seed(&r, 42);
	zipf_init(&z, n, skew);
	for (unsigned i = 0; i < draws; i++) {
		uint64_t rank = zipf_next(&z, &r);

		first += rank == 1;
		bad += rank < 1 || rank > n;
	}
	for (uint64_t k = 1; k <= n; k++)
		sum += __builtin_pow((double)k, -skew);
	share = (double)first / draws;
	want = 1 / sum;
	is_u64(bad, 0, "zipf %g over %u: in range", skew, (unsigned)n);
	ok(share > want * 0.97 && share < want * 1.03,
	   "zipf %g: rank 1 has %.4f of the draws, the law says %.4f", skew,
	   share, want);
}

/* ------------------------------------------------------------ the traces */

static struct synth_options
unset(void)
{
	return (struct synth_options){SYNTH_UNSET, SYNTH_UNSET, SYNTH_UNSET,
				      SYNTH_UNSET, SYNTH_UNSET, SYNTH_UNSET,
				      SYNTH_UNSET, SYNTH_UNSET, -1,
				      false,       false,       false};
}

static bool
make(const char *name, struct synth_options o, const char *to,
     struct synth_result *r)
{
	struct err e = {.kind = ERR_NONE};
	bool fine = synth_settle(generator_find(name), &o, &e) &&
		    synth_make(generator_find(name), &o, to, NULL, r, &e);

	if (!fine)
		printf("# %s: %s\n", name, e.text);
	return fine;
}

/* What a process may touch, as its events say: pages below 2^47 in ranges. */
struct range {
	uint64_t start, end;
	uint32_t pid;
	bool writable, executable;
};

struct memory {
	struct range ranges[4096];
	unsigned n;
};

static void
forget(struct memory *m, uint32_t pid, uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct range *r = &m->ranges[i];

		if (r->pid == pid && r->start >= start && r->end <= end)
			*r-- = m->ranges[--m->n], i--;
	}
}

static void
note(struct memory *m, uint32_t pid, uint64_t start, uint64_t end,
     unsigned prot)
{
	if (m->n < 4096)
		m->ranges[m->n++] = (struct range){
		    start, end, pid, prot & PROT_WRITE, prot & PROT_EXEC};
}

static void
apply(struct memory *m, const struct event *ev)
{
	const uint64_t *a = ev->sys.args;
	unsigned n = m->n;

	if (ev->kind == EV_PROCESS)
		for (unsigned i = 0; i < ev->image.n_maps; i++)
			note(m, ev->pid, ev->image.maps[i].start,
			     ev->image.maps[i].end, ev->image.maps[i].prot);
	if (ev->kind == EV_FORK)
		for (unsigned i = 0; i < n; i++)
			if (m->ranges[i].pid == ev->pid) {
				m->ranges[m->n] = m->ranges[i];
				m->ranges[m->n++].pid = ev->fork.child_pid;
			}
	if (ev->kind == EV_EXIT)
		forget(m, ev->pid, 0, UINT64_MAX);
	if (ev->kind != EV_SYSCALL)
		return;
	if (ev->sys.nr == 9)
		note(m, ev->pid, (uint64_t)ev->sys.ret,
		     (uint64_t)ev->sys.ret + align_up(a[1], 4096),
		     (unsigned)a[2]);
	if (ev->sys.nr == 11 || ev->sys.nr == 10)
		forget(m, ev->pid, a[0], a[0] + a[1]);
	if (ev->sys.nr == 10)
		note(m, ev->pid, a[0], a[0] + a[1], (unsigned)a[2]);
}

static bool
allowed(const struct memory *m, uint32_t pid, uint64_t at, uint64_t bytes,
	bool write, bool exec)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct range *r = &m->ranges[i];

		if (r->pid == pid && at >= r->start && at + bytes <= r->end)
			return (!write || r->writable) &&
			       (!exec || r->executable);
	}
	return false;
}

struct walk {
	struct memory memory;
	uint64_t data, bad, insns, forks, exits;
	uint32_t pid;
};

static void
walk_batch(struct walk *w, const struct trace_batch *b)
{
	const uint64_t *addr = b->addrs;

	for (uint32_t i = 0; i < b->n_ids; i++) {
		const struct code_block *c = &b->dict->blocks[b->ids[i]];

		w->insns += c->insns;
		w->bad += !allowed(&w->memory, w->pid, c->start, c->bytes,
				   false, true);
		for (unsigned k = 0; k < c->slots; k++, addr++, w->data++) {
			const struct data_slot *s =
			    &b->dict->slots[c->first_slot + k];

			w->bad += !allowed(&w->memory, w->pid, *addr, s->bytes,
					   s->op != REF_LOAD, false);
		}
	}
}

static bool
walk(const char *file, struct walk *w)
{
	struct err e = {.kind = ERR_NONE};
	struct trace_reader *r = trace_open(file, false, &e);
	struct trace_batch b;
	struct event ev;
	enum trace_item item = TRACE_ERROR;

	memset(w, 0, sizeof(*w));
	while (r && (item = trace_next(r, &b, &ev, &e)) != TRACE_END &&
	       item != TRACE_ERROR) {
		if (item == TRACE_REFS) {
			walk_batch(w, &b);
			continue;
		}
		apply(&w->memory, &ev);
		w->forks += ev.kind == EV_FORK;
		w->exits += ev.kind == EV_EXIT;
		if (ev.kind == EV_SWITCH)
			w->pid = ev.pid;
	}
	if (r)
		trace_close(r);
	if (item != TRACE_END)
		printf("# %s\n", e.text);
	return item == TRACE_END;
}

static void
test_pattern(const struct generator *g)
{
	struct synth_options o = unset();
	struct synth_result r;
	static struct walk w;

	o.footprint = (uint64_t)1 << 20;
	o.refs = 20000;
	o.code = 12288;
	if (!ok(make(g->name, o, path, &r), "%s: made", g->name))
		return;
	ok(walk(path, &w), "%s: read back", g->name);
	is_u64(w.bad, 0, "%s: every reference is to mapped memory", g->name);
	is_u64(w.exits, w.forks + 1, "%s: every process ends", g->name);
	is_u64(w.memory.n, 0, "%s: nothing is left", g->name);
	is_u64(w.insns, r.totals.instructions, "%s: instructions", g->name);
	ok(r.data_refs >= 20000 && r.data_refs < 22000 && w.data >= r.data_refs,
	   "%s: as many data references as asked (%u)", g->name,
	   (unsigned)r.data_refs);
}

static bool
same_bytes(const char *a, const char *b)
{
	FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
	bool same = f && g;
	int x = 0, y = 0;

	while (same && x != EOF) {
		x = getc(f);
		y = getc(g);
		same = x == y;
	}
	if (f)
		fclose(f);
	if (g)
		fclose(g);
	return same;
}

static void
test_seeds(void)
{
	struct synth_options o = unset();
	struct synth_result r;

	o.footprint = (uint64_t)1 << 20;
	o.refs = 5000;
	make("zipf", o, path, &r);
	make("zipf", o, path2, &r);
	ok(same_bytes(path, path2), "the same seed gives the same bytes");
	o.seed = 2;
	make("zipf", o, path2, &r);
	ok(!same_bytes(path, path2), "another seed gives others");
}

/* The data addresses after the marker: up to max of them. */
static uint64_t
measured(const char *file, uint64_t *out, uint64_t max)
{
	struct err e = {.kind = ERR_NONE};
	struct trace_reader *r = trace_open(file, false, &e);
	struct trace_batch b;
	struct event ev;
	enum trace_item item;
	bool on = false;
	uint64_t n = 0;

	while (r && (item = trace_next(r, &b, &ev, &e)) != TRACE_END &&
	       item != TRACE_ERROR) {
		on |= item == TRACE_EVENT && ev.kind == EV_MARKER;
		for (uint32_t i = 0;
		     on && item == TRACE_REFS && i < b.n_addrs && n < max; i++)
			out[n++] = b.addrs[i];
	}
	if (r)
		trace_close(r);
	return n;
}

static void
test_chase(void)
{
	static uint64_t at[256];
	struct synth_options o = unset();
	struct synth_result r;
	uint64_t seen[2] = {0}, jumps = 0, again = 0;

	o.footprint = 96 * 4096;
	o.stride = 4096;
	o.refs = 192;
	make("chase", o, path, &r);
	is_u64(measured(path, at, 256), 192, "chase: 192 loads");
	for (unsigned i = 0; i < 96; i++) {
		uint64_t k = (at[i] >> 12) % 128;

		seen[k / 64] |= (uint64_t)1 << (k % 64);
		jumps += at[i + 1] != at[i] + 4096;
		again += at[i] == at[i + 96];
	}
	is_u64((uint64_t)(__builtin_popcountll(seen[0]) +
			  __builtin_popcountll(seen[1])),
	       96, "chase: a lap visits each of 96 pages");
	is_u64(again, 96, "chase: the next lap is the same");
	ok(jumps > 80, "chase: in no order");

	o.stride = 1024;
	o.page_random = true;
	o.footprint = 16 * 4096;
	o.refs = 64;
	make("chase", o, path, &r);
	jumps = again = 0;
	is_u64(measured(path, at, 256), 64, "page-random chase: 64 loads");
	for (unsigned i = 0; i + 1 < 64; i++) {
		again += at[i + 1] == at[i] + 1024;
		jumps += at[i + 1] >> 12 != at[i] >> 12;
	}
	ok(again >= 48 && jumps == 15,
	   "page-random chase: in order inside pages, which are visited once");
}

static void
test_far(void)
{
	static uint64_t at[2048];
	struct synth_options o = unset();
	struct synth_result r;
	uint64_t low = UINT64_MAX, high = 0, n;

	o.footprint = (uint64_t)8 << 40;
	o.refs = 2048;
	o.no_init = true;
	ok(make("gups", o, path, &r), "8 TiB: made");
	n = measured(path, at, 2048);
	for (uint64_t i = 0; i < n; i++) {
		low = min_u64(low, at[i]);
		high = max_u64(high, at[i]);
	}
	ok(n == 2048 && high - low > (uint64_t)7 << 40 &&
	       high - low < (uint64_t)8 << 40,
	   "8 TiB: references are all over it");
	ok(r.totals.references < 50000, "8 TiB: nothing is stored for it");
}

static void
test_refusals(void)
{
	static const struct {
		const char *pattern;
		size_t offset;
		uint64_t value;
		const char *word;
	} bad[] = {
	    {"gups", offsetof(struct synth_options, stride), 64, "--stride"},
	    {"chase", offsetof(struct synth_options, stride), 1, "--stride"},
	    {"chase", offsetof(struct synth_options, writes), 1, "--writes"},
	    {"btree", offsetof(struct synth_options, writes), 101, "--writes"},
	    {"btree", offsetof(struct synth_options, node), 64, "--node"},
	    {"gups", offsetof(struct synth_options, footprint), 1,
	     "--footprint"},
	    {"gups", offsetof(struct synth_options, footprint),
	     (uint64_t)1 << 60, "--footprint"},
	    {"forks", offsetof(struct synth_options, processes), 0,
	     "--processes"},
	    {"gups", offsetof(struct synth_options, refs), 0, "--refs"},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct synth_options o = unset();
		struct err e = {.kind = ERR_NONE};

		memcpy((char *)&o + bad[i].offset, &bad[i].value, 8);
		ok(!synth_settle(generator_find(bad[i].pattern), &o, &e) &&
		       e.kind == ERR_USAGE && strstr(e.text, bad[i].word),
		   "refused: %s", e.text);
	}
	ok(!generator_find("nonesuch"), "no such pattern");
}

int
main(void)
{
	snprintf(path, sizeof(path), "test_synth.%d.pwt", (int)getpid());
	snprintf(path2, sizeof(path2), "test_synth.%d.b.pwt", (int)getpid());
	test_permutations();
	test_zipf(0.99, 1000);
	test_zipf(1, 5000);
	test_zipf(1.5, 100);
	for (const struct generator *g = generators; g->name; g++)
		test_pattern(g);
	test_seeds();
	test_chase();
	test_far();
	test_refusals();
	unlink(path);
	unlink(path2);
	return done_testing();
}
