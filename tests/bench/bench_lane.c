/*
 * bench_lane.c - what pricing alone costs, beside a plain C loop.
 *
 *   bare   a 64-entry 4-way lookup for each side and a 1536-entry 12-way one
 *          behind them, most recent way first, exact LRU, every reference
 *   tlbs   the same geometry from hw/tlb, on visits (references that repeat
 *          the page of the one before on their side are one visit)
 *   lane   a whole lane on the same visits: walks, cycles, counters
 * Rates are references a second of CPU time, medians; visits in brackets.
 *
 * usage: bench_lane [LACKEY-TEXT]   (a made-up mixture without)
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/rng.h"
#include "base/xalloc.h"
#include "hw/tlb.h"
#include "sim/lane.h"
#include "sim/stats.h"

#include "../unit/pt.h"

#define REPEAT    15
#define MAX_REFS  ((size_t)4 << 20)
#define INSN_SIDE ((uint64_t)1 << 63)
#define IS_WRITE  ((uint64_t)1 << 62)
#define ADDRESS   (IS_WRITE - 1)

struct input {
	uint64_t *refs;
	size_t n, cap;
	struct visit *visits;
	size_t n_visits, cap_visits;
};

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---------------------------------------------------------------- input */

static void
add_ref(struct input *in, uint64_t ref)
{
	in->refs = xgrow(in->refs, in->n, &in->cap, sizeof(*in->refs));
	in->refs[in->n++] = ref;
}

static void
read_lackey(struct input *in, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[128], op;
	uint64_t addr;

	if (!f) {
		perror(path);
		exit(1);
	}
	while (in->n < MAX_REFS && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %c %" SCNx64 ",", &op, &addr) != 2)
			continue;
		addr &= ADDRESS;
		if (op == 'I')
			add_ref(in, addr | INSN_SIDE);
		else if (op == 'L')
			add_ref(in, addr);
		else if (op == 'S' || op == 'M')
			add_ref(in, addr | IS_WRITE);
	}
	fclose(f);
}

/* Code that calls here and there; a stack, an array and a hash table. */
static void
make_up(struct input *in)
{
	uint64_t code = 0x400000, array = 0x10000000;
	struct rng r;

	rng_seed(&r, 1);
	while (in->n < MAX_REFS) {
		if (!rng_below(&r, 24))
			code = 0x400000 + rng_below(&r, 300) * 4096;
		for (int i = 0; i < 4; i++)
			add_ref(in, (code += 4) | INSN_SIDE);
		add_ref(in, 0x7ff000000 + rng_below(&r, 1024) * 8 +
				(rng_below(&r, 2) ? IS_WRITE : 0));
		if (!rng_below(&r, 3))
			add_ref(in, array += 8);
		if (!rng_below(&r, 12))
			add_ref(in, 0x200000000 + rng_below(&r, 1 << 24));
	}
}

/* Runs of one page on one side become visits, as sim/replay.c makes them. */
static void
make_visits(struct input *in, struct pt *pt)
{
	struct visit *open[2] = {NULL, NULL};
	size_t at[2] = {0, 0};

	for (size_t i = 0; i < in->n; i++) {
		bool insn = in->refs[i] & INSN_SIDE;
		bool write = in->refs[i] & IS_WRITE;
		uint64_t addr = in->refs[i] & ADDRESS;
		struct visit *v;

		v = open[insn] ? &in->visits[at[insn]] : NULL;
		if (!v || v->va.raw >> 12 != addr >> 12 ||
		    (write && !v->writes)) {
			in->visits = xgrow(in->visits, in->n_visits,
					   &in->cap_visits, sizeof(*v));
			at[insn] = in->n_visits++;
			v = open[insn] = &in->visits[at[insn]];
			*v = (struct visit){.va = {addr},
					    .pa = {addr},
					    .area = (uint32_t)(addr >> 32),
					    .as = 1,
					    .page_shift = 12,
					    .flags = insn ? VISIT_INSN : 0};
			pt_map(pt, 1, addr, 0, RW | PTE_D);
		}
		v->reads += !write;
		v->writes += write;
	}
}

/* ----------------------------------------------------------------- loops */

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
bare(const struct input *in, struct pt *pt)
{
	static uint64_t l1[2][16][4], l2[128][12];
	uint64_t walks = 0;

	(void)pt;
	memset(l1, 0xff, sizeof(l1));
	memset(l2, 0xff, sizeof(l2));
	for (size_t i = 0; i < in->n; i++) {
		uint64_t page = (in->refs[i] & ADDRESS) >> 12;

		if (!touch(l1[in->refs[i] >> 63][page % 16], 4, page))
			walks += !touch(l2[page % 128], 12, page);
	}
	return walks;
}

static uint64_t
tlbs(const struct input *in, struct pt *pt)
{
	struct tlb_config small = tlb_cfg("l1", 1, 1, S4K, 64, 4, "lru");
	struct tlb_config big = tlb_cfg("l2", 2, 1, S4K, 1536, 12, "lru");
	struct tlb_port port[3];
	struct tlb l1[2], l2;
	uint64_t walks = 0;

	(void)pt;
	tlb_init(&l1[0], &small, NULL);
	tlb_init(&l1[1], &small, NULL);
	tlb_init(&l2, &big, NULL);
	tlb_port_init(&port[0], &l1[0], 12);
	tlb_port_init(&port[1], &l1[1], 12);
	tlb_port_init(&port[2], &l2, 12);
	for (size_t i = 0; i < in->n_visits; i++) {
		const struct visit *v = &in->visits[i];
		const struct tlb_port *p = &port[v->flags & VISIT_INSN];
		enum tlb_took took;

		if (tlb_port_try(p, v->va.raw) != ASSOC_NONE)
			continue;
		tlb_port_take(p, v->va.raw, &took);
		if (took == TLB_HIT)
			continue;
		tlb_port_take(&port[2], v->va.raw, &took);
		walks += took != TLB_HIT;
	}
	tlb_free(&l1[0]);
	tlb_free(&l1[1]);
	tlb_free(&l2);
	return walks;
}

static uint64_t
whole_lane(const struct input *in, struct pt *pt)
{
	struct lane_config cfg = skylake_lane();
	struct table_source tables = {&pt->mem, pt, pt_view};
	struct lane *l;
	uint64_t walks;

	cfg.tlb[0].entries = 64;
	cfg.tlb[0].ways = 4;
	for (unsigned i = 0; i < cfg.n_tlbs; i++)
		cfg.tlb[i].repl = repl_find("lru");
	cfg.tlb[5].index = INDEX_LINEAR;
	l = lane_new(&cfg, &tables, NULL);
	for (size_t i = 0; i < in->n_visits; i += 4096)
		lane_visits(l, 0, in->visits + i,
			    (uint32_t)(in->n_visits - i < 4096
					   ? in->n_visits - i
					   : 4096));
	walks = lane_stats(l)->walks;
	lane_free(l);
	return walks;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct loop {
	const char *name;
	uint64_t (*run)(const struct input *in, struct pt *pt);
	double seconds[REPEAT], ratio[REPEAT];
	uint64_t walks;
};

static void
measure(struct loop *loops, unsigned n, const struct input *in, struct pt *pt)
{
	for (int i = 0; i < REPEAT; i++)
		for (unsigned k = 0; k < n; k++) {
			double start = cpu_seconds();

			loops[k].walks = loops[k].run(in, pt);
			loops[k].seconds[i] = cpu_seconds() - start;
			loops[k].ratio[i] =
			    loops[0].seconds[i] / loops[k].seconds[i];
		}
	for (unsigned k = 0; k < n; k++) {
		struct loop *l = &loops[k];
		double s;

		qsort(l->seconds, REPEAT, sizeof(double), by_value);
		qsort(l->ratio, REPEAT, sizeof(double), by_value);
		s = l->seconds[REPEAT / 2];
		printf("%-6s %7.1f M/s (%6.1f M visits/s) %5.2f of bare, "
		       "%" PRIu64 " walks\n",
		       l->name, (double)in->n / s / 1e6,
		       (double)in->n_visits / s / 1e6, l->ratio[REPEAT / 2],
		       l->walks);
	}
}

int
main(int argc, char **argv)
{
	struct loop loops[] = {{.name = "bare", .run = bare},
			       {.name = "tlbs", .run = tlbs},
			       {.name = "lane", .run = whole_lane}};
	struct input in = {0};
	struct pt pt;

	pt_init(&pt);
	if (argc > 1)
		read_lackey(&in, argv[1]);
	else
		make_up(&in);
	make_visits(&in, &pt);
	printf("%zu references, %zu visits (%.1f %%)\n", in.n, in.n_visits,
	       100.0 * (double)in.n_visits / (double)in.n);
	measure(loops, 3, &in, &pt);
	free(in.refs);
	free(in.visits);
	pt_free(&pt);
	return 0;
}
