/*
 * perf.c - samples of perf: `perf mem report -D -x,` and `perf script -F
 * tid,time,addr,weight,ip`.  They are not a stream of references; who wants
 * them as one says so, and the trace says so too.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <ctype.h>

#include "base/err.h"
#include "trace/import/detect.h"
#include "trace/import/import_priv.h"
#include "trace/import/scan.h"

#define MAX_COLUMNS 16

/* Bits of a sample's data source (Linux uapi, perf_event.h). */
#define OP_LOAD    0x02u
#define OP_STORE   0x04u
#define TLB_SHIFT  26
#define TLB_HIT    0x02u
#define TLB_L1     0x08u
#define TLB_L2     0x10u
#define TLB_WALKER 0x20u
#define TLB_FAULT  0x40u

/* Where things stand in a line; -1: nowhere. */
struct columns {
	int pid, tid, ip, addr, weight, source;
	char separator;
};

struct sample {
	uint64_t pid, tid, ip, addr, weight, source;
};

struct sums {
	uint64_t samples, weight, without_address;
	uint64_t l1, l2, l1_or_l2, walk, fault;
};

static bool
allowed(struct import *im)
{
	if (im->o->samples)
		return true;
	return err_set(im->e, ERR_INPUT,
		       "%s: these are samples, not all references: counts of "
		       "a replay mean nothing.  --samples imports them as what "
		       "they are",
		       im->in[0]->path);
}

static void
add(struct sums *n, const struct sample *s)
{
	uint64_t tlb = s->source >> TLB_SHIFT & 0x7f;

	n->samples++;
	n->weight += s->weight;
	if (tlb & TLB_FAULT)
		n->fault++;
	else if (tlb & TLB_HIT && tlb & TLB_L1 && tlb & TLB_L2)
		n->l1_or_l2++;
	else if (tlb & TLB_HIT && tlb & TLB_L1)
		n->l1++;
	else if (tlb & TLB_HIT && tlb & TLB_L2)
		n->l2++;
	else if (tlb & TLB_WALKER)
		n->walk++;
}

/* A sample without an address (or of an address of the kernel) counts but
 * is no reference. */
static bool
take(struct import *im, struct sums *n, const struct sample *s)
{
	bool store = s->source & OP_STORE && !(s->source & OP_LOAD);

	add(n, s);
	if (!s->addr) {
		n->without_address++;
		return true;
	}
	if (!import_thread(im, s->pid ? (uint32_t)s->pid : IMPORT_PID,
			   s->tid ? (uint32_t)s->tid : IMPORT_PID) ||
	    !import_fetch(im, s->ip, 1))
		return false;
	return import_data(im, store ? REF_STORE : REF_LOAD, s->addr, 1);
}

static void
note(struct import *im, const struct sums *n)
{
	import_lacks(im, "all references but samples");
	import_note(im, "sample.count", "%llu", (unsigned long long)n->samples);
	import_note(im, "sample.period", "%llu",
		    (unsigned long long)(im->o->period ? im->o->period : 1));
	import_note(im, "sample.weight_sum", "%llu",
		    (unsigned long long)n->weight);
	import_note(im, "sample.without_address", "%llu",
		    (unsigned long long)n->without_address);
	import_note(im, "sample.dtlb",
		    "l1 %llu, l2 %llu, l1 or l2 %llu, walk %llu, fault %llu",
		    (unsigned long long)n->l1, (unsigned long long)n->l2,
		    (unsigned long long)n->l1_or_l2,
		    (unsigned long long)n->walk, (unsigned long long)n->fault);
}

/* -------------------------------------------------------------- perf mem */

static int
column_of(const char *head, const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; *head; i++) {
		const char *end;

		head += strspn(head, "# \t");
		end = head + strcspn(head, ",");
		if ((size_t)(end - head) >= len && !strncmp(head, name, len) &&
		    strspn(head + len, " ") == (size_t)(end - head) - len)
			return i;
		head = *end ? end + 1 : end;
	}
	return -1;
}

static bool
mem_header(struct import *im, const char *line, struct columns *c)
{
	*c = (struct columns){.pid = column_of(line, "PID"),
			      .tid = column_of(line, "TID"),
			      .ip = column_of(line, "IP"),
			      .addr = column_of(line, "ADDR"),
			      .weight = column_of(line, "LOCAL WEIGHT"),
			      .source = column_of(line, "DSRC")};
	if (c->pid >= 0 && c->tid >= 0 && c->ip >= 0 && c->addr >= 0)
		return true;
	return input_fail(im->in[0], 0, im->e,
			  "a header '# PID, TID, IP, ADDR, LOCAL WEIGHT, DSRC, "
			  "SYMBOL' is expected");
}

static bool
number(const char *const *cell, int column, int n, uint64_t *out)
{
	struct scan s = {""};

	*out = 0;
	if (column < 0)
		return true;
	if (column >= n)
		return false;
	s.at = cell[column] + strspn(cell[column], " ");
	return scan_number(&s, out) && (!*s.at || *s.at == ' ');
}

/* Cut at the separator; symbols come last and may hold it too. */
static bool
mem_line(char *line, struct columns *c, struct sample *s)
{
	const char *cell[MAX_COLUMNS];
	int n = 0;

	line += strspn(line, " ");
	if (!c->separator)
		c->separator = line[strspn(line, "0123456789")];
	if (!c->separator || c->separator == ' ' || isalnum(c->separator))
		return false;
	for (char *p = line; p && n < MAX_COLUMNS;) {
		char *end = strchr(p, c->separator);

		cell[n++] = p;
		if (end)
			*end++ = '\0';
		p = end;
	}
	return number(cell, c->pid, n, &s->pid) &&
	       number(cell, c->tid, n, &s->tid) &&
	       number(cell, c->ip, n, &s->ip) &&
	       number(cell, c->addr, n, &s->addr) &&
	       number(cell, c->weight, n, &s->weight) &&
	       number(cell, c->source, n, &s->source) && s->pid <= UINT32_MAX &&
	       s->tid <= UINT32_MAX;
}

static unsigned
mem_detect(const uint8_t *data, size_t n)
{
	static const char head[] = "# PID, TID, IP, ADDR,";

	return n > sizeof(head) && !memcmp(data, head, sizeof(head) - 1) ? 95
									 : 0;
}

static bool
mem_run(struct import *im)
{
	struct columns c = {.pid = -1};
	struct sums sums = {0};
	struct sample s;
	char *line;

	if (!allowed(im))
		return false;
	for (;;) {
		if (!input_line(im->in[0], &line, im->e))
			return false;
		if (!line)
			break;
		if (!*line)
			continue;
		if (*line == '#' || c.pid < 0) {
			if (!mem_header(im, line, &c))
				return false;
			continue;
		}
		if (!mem_line(line, &c, &s))
			return input_fail(im->in[0], 0, im->e,
					  "a sample with separators, such as "
					  "'1,1,0x401000,0x7ffe10,5,0x68100142,"
					  "sym' is expected (use perf mem "
					  "report -D -x,)");
		if (!take(im, &sums, &s))
			return false;
	}
	note(im, &sums);
	return true;
}

const struct importer import_perf_mem = {
    "perf-mem",
    "samples of perf mem report -D -x, (needs --samples)",
    "mappings,syscalls,sizes",
    mem_detect,
    mem_run,
    false};

/* ----------------------------------------------------------- perf script */

/* "  4242 100.000123:     7ffe0010          5   401000" */
static bool
script_line(const char *line, struct sample *s)
{
	struct scan t = {line};
	uint64_t v;

	*s = (struct sample){0};
	scan_blank(&t);
	if (!scan_dec(&t, &s->tid) || s->tid > UINT32_MAX)
		return false;
	if (scan_char(&t, '/')) {
		s->pid = s->tid;
		if (!scan_dec(&t, &s->tid) || s->tid > UINT32_MAX)
			return false;
	}
	return scan_blank(&t) && scan_dec(&t, &v) && scan_char(&t, '.') &&
	       scan_dec(&t, &v) && scan_char(&t, ':') && scan_blank(&t) &&
	       scan_hex(&t, &s->addr) && scan_blank(&t) &&
	       scan_dec(&t, &s->weight) && scan_blank(&t) &&
	       scan_hex(&t, &s->ip) && scan_end(&t);
}

static bool
script_fits(const char *line)
{
	struct sample s;

	return *line == '#' || script_line(line, &s);
}

static unsigned
script_detect(const uint8_t *data, size_t n)
{
	return detect_all(data, n, script_fits, 75);
}

static bool
script_run(struct import *im)
{
	struct sums sums = {0};
	struct sample s;
	char *line;

	if (!allowed(im))
		return false;
	for (;;) {
		if (!input_line(im->in[0], &line, im->e))
			return false;
		if (!line)
			break;
		if (!*line || *line == '#')
			continue;
		if (!script_line(line, &s))
			return input_fail(im->in[0], 0, im->e,
					  "'TID TIME: ADDR WEIGHT IP' is "
					  "expected (use perf script -F "
					  "tid,time,addr,weight,ip without "
					  "call chains)");
		if (!take(im, &sums, &s))
			return false;
	}
	import_lacks(im, "loads or stores");
	note(im, &sums);
	return true;
}

const struct importer import_perf_script = {
    "perf-script",
    "samples of perf script -F tid,time,addr,weight,ip (needs --samples)",
    "mappings,syscalls,sizes",
    script_detect,
    script_run,
    false};
