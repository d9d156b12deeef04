/*
 * kernel_faults.c - see kernel_faults.h.
 *
 * One ring of records for each CPU, since events that children inherit can be
 * read no other way.  The first event of a CPU also tells of exec, fork and
 * mmap; the second shares its ring.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/kernel_faults.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/xalloc.h"

#define RING_PAGES 2048u /* of data, a power of two: 8 MiB */
#define MAX_RECORD 65536u

enum { USER, KERNEL, TRACEPOINTS };

static const char *const names[TRACEPOINTS] = {"page_fault_user",
					       "page_fault_kernel"};

/* A tracepoint: its number, and where its fields are in the raw record. */
struct tracepoint {
	uint64_t id;
	unsigned address, ip, error;
};

struct ring {
	int fd[TRACEPOINTS];
	struct perf_event_mmap_page *page; /* the data follows it */
};

struct kernel_faults {
	struct tracepoint points[TRACEPOINTS];
	struct ring *rings;
	struct pollfd *polls;
	unsigned n_rings;
	size_t page_bytes, ring_bytes;
	struct kf_record *records;
	size_t n, cap;
	uint64_t lost;
	unsigned char record[MAX_RECORD]; /* one, where the ring wraps */
};

/* What the tracepoint's file says ------------------------------------------ */

static FILE *
open_tracepoint(const char *name, const char *file)
{
	static const char *const roots[] = {"/sys/kernel/tracing",
					    "/sys/kernel/debug/tracing"};
	FILE *f = NULL;

	for (unsigned i = 0; i < 2 && !f; i++) {
		char *path = xasprintf("%s/events/exceptions/%s/%s", roots[i],
				       name, file);

		f = fopen(path, "re");
		free(path);
	}
	return f;
}

/* "field:unsigned long address; offset:8; size:8; signed:0;" */
static void
read_field(const char *line, const char *name, unsigned *offset)
{
	char *want = xasprintf("unsigned long %s;", name);
	const char *at = strstr(line, want);

	if (at)
		sscanf(at + strlen(want), " offset:%u;", offset);
	free(want);
}

static bool
read_tracepoint(const char *name, struct tracepoint *t, struct err *e)
{
	FILE *f = open_tracepoint(name, "format");
	char line[256];
	bool found = false;

	/* As perf(1) does where nobody has yet. */
	if (!f && !mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL))
		f = open_tracepoint(name, "format");
	if (!f)
		return err_set(e, ERR_FAILED,
			       "no tracepoint exceptions:%s (%s); it takes "
			       "root and a mounted tracefs",
			       name, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		unsigned long long id;

		if (sscanf(line, "ID: %llu", &id) == 1) {
			t->id = id;
			found = true;
		}
		read_field(line, "address", &t->address);
		read_field(line, "ip", &t->ip);
		read_field(line, "error_code", &t->error);
	}
	fclose(f);
	if (found && t->address && t->ip && t->error)
		return true;
	return err_set(e, ERR_FAILED,
		       "the format of the tracepoint exceptions:%s is not "
		       "known",
		       name);
}

struct kernel_faults *
kernel_faults_new(struct err *e)
{
	struct kernel_faults *k = xcalloc(1, sizeof(*k));
	bool good = true;

	for (unsigned i = 0; i < TRACEPOINTS && good; i++)
		good = read_tracepoint(names[i], &k->points[i], e);
	if (!good) {
		free(k);
		return NULL;
	}
	k->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	k->ring_bytes = RING_PAGES * k->page_bytes;
	return k;
}

/* Opening ------------------------------------------------------------------ */

static int
open_event(const struct kernel_faults *k, unsigned point, pid_t pid, int cpu)
{
	struct perf_event_attr a = {
	    .type = PERF_TYPE_TRACEPOINT,
	    .size = sizeof(a),
	    .config = k->points[point].id,
	    .sample_period = 1,
	    .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
	    .sample_id_all = 1,
	    .inherit = 1,
	    .use_clockid = 1,
	    .clockid = CLOCK_MONOTONIC,
	    .watermark = 1,
	    .wakeup_watermark = (uint32_t)(k->ring_bytes / 4),
	};

	if (point == USER)
		a.mmap = a.mmap2 = a.mmap_data = a.comm = a.comm_exec = a.task =
		    1;
	return (int)syscall(SYS_perf_event_open, &a, pid, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

static void
close_ring(const struct kernel_faults *k, struct ring *r)
{
	if (r->page)
		munmap(r->page, k->page_bytes + k->ring_bytes);
	for (unsigned i = 0; i < TRACEPOINTS; i++)
		if (r->fd[i] >= 0)
			close(r->fd[i]);
}

static bool
open_ring(const struct kernel_faults *k, struct ring *r, pid_t pid, int cpu)
{
	void *page = MAP_FAILED;

	*r = (struct ring){.fd = {-1, -1}};
	r->fd[USER] = open_event(k, USER, pid, cpu);
	if (r->fd[USER] >= 0)
		page = mmap(NULL, k->page_bytes + k->ring_bytes,
			    PROT_READ | PROT_WRITE, MAP_SHARED, r->fd[USER], 0);
	if (page != MAP_FAILED) {
		r->page = page;
		r->fd[KERNEL] = open_event(k, KERNEL, pid, cpu);
	}
	return r->fd[KERNEL] >= 0 &&
	       !ioctl(r->fd[KERNEL], PERF_EVENT_IOC_SET_OUTPUT, r->fd[USER]);
}

bool
kernel_faults_attach(struct kernel_faults *k, pid_t pid, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	k->rings = xcalloc((size_t)cpus, sizeof(*k->rings));
	k->polls = xcalloc((size_t)cpus, sizeof(*k->polls));
	for (int cpu = 0; cpu < cpus; cpu++) {
		struct ring *r = &k->rings[k->n_rings];

		if (open_ring(k, r, pid, cpu)) {
			k->polls[k->n_rings++] = (struct pollfd){
			    .fd = r->fd[USER], .events = POLLIN};
			continue;
		}
		if (errno != ENODEV) { /* that CPU is not online */
			err_set(e, ERR_FAILED, "perf_event_open: %s",
				strerror(errno));
			close_ring(k, r);
			return false;
		}
		close_ring(k, r);
	}
	return true;
}

void
kernel_faults_free(struct kernel_faults *k)
{
	if (!k)
		return;
	for (unsigned i = 0; i < k->n_rings; i++)
		close_ring(k, &k->rings[i]);
	for (size_t i = 0; i < k->n; i++)
		free(k->records[i].name);
	free(k->records);
	free(k->rings);
	free(k->polls);
	free(k);
}

/* Records ------------------------------------------------------------------ */

/* A record as perf_event_open(2) lays it out, read from the front. */
struct cursor {
	const unsigned char *p, *end;
};

static void
take_bytes(struct cursor *c, void *to, size_t n)
{
	if ((size_t)(c->end - c->p) < n) {
		memset(to, 0, n);
		c->p = c->end;
		return;
	}
	memcpy(to, c->p, n);
	c->p += n;
}

static uint32_t
take_u32(struct cursor *c)
{
	uint32_t v;

	take_bytes(c, &v, sizeof(v));
	return v;
}

static uint64_t
take_u64(struct cursor *c)
{
	uint64_t v;

	take_bytes(c, &v, sizeof(v));
	return v;
}

static void
add_record(struct kernel_faults *k, const struct kf_record *r)
{
	k->records = xgrow(k->records, k->n, &k->cap, sizeof(*k->records));
	k->records[k->n] = *r;
	k->records[k->n].order = k->n;
	k->n++;
}

static void
take_sample(struct kernel_faults *k, struct cursor c)
{
	struct kf_record r = {.kind = KF_FAULT};
	const struct tracepoint *t = &k->points[USER];
	struct cursor raw, field;
	uint16_t id;

	r.pid = take_u32(&c);
	r.tid = take_u32(&c);
	r.time = take_u64(&c);
	(void)take_u32(&c); /* bytes of what follows */
	raw = field = c;
	take_bytes(&field, &id, sizeof(id));
	if (id == k->points[KERNEL].id) {
		t = &k->points[KERNEL];
		r.kernel = true;
	}
	field = (struct cursor){raw.p + t->address, raw.end};
	r.addr = take_u64(&field);
	field = (struct cursor){raw.p + t->ip, raw.end};
	r.ip = take_u64(&field);
	field = (struct cursor){raw.p + t->error, raw.end};
	r.error = (uint32_t)take_u64(&field);
	add_record(k, &r);
}

/* The rest of a record, up to the identifiers at its end. */
static char *
take_name(struct cursor *c)
{
	size_t n = strnlen((const char *)c->p, (size_t)(c->end - c->p));

	return xstrndup((const char *)c->p, n);
}

static void
take_map(struct kernel_faults *k, struct cursor c, struct kf_record r)
{
	unsigned char skipped[24];

	r.kind = KF_MAP;
	r.start = take_u64(&c);
	r.end = r.start + take_u64(&c);
	(void)take_u64(&c);                       /* offset */
	take_bytes(&c, skipped, sizeof(skipped)); /* device and inode */
	r.prot = (uint8_t)take_u32(&c);
	r.shared = take_u32(&c) & MAP_SHARED;
	r.name = take_name(&c);
	add_record(k, &r);
}

/* All but samples end with pid, tid and time. */
static void
take_event(struct kernel_faults *k, const struct perf_event_header *h,
	   struct cursor c)
{
	struct cursor tail = {c.end - 16, c.end};
	struct kf_record r = {0};

	if (c.end - c.p < 16)
		return;
	(void)take_u64(&tail);
	r.time = take_u64(&tail);
	c.end -= 16;
	if (h->type == PERF_RECORD_LOST) {
		(void)take_u64(&c);
		k->lost += take_u64(&c);
		return;
	}
	r.pid = take_u32(&c);
	r.tid = take_u32(&c);
	if (h->type == PERF_RECORD_COMM &&
	    (h->misc & PERF_RECORD_MISC_COMM_EXEC)) {
		r.kind = KF_EXEC;
		r.name = take_name(&c);
		add_record(k, &r);
	} else if (h->type == PERF_RECORD_FORK && r.tid != r.pid) {
		/* here the second number is the parent */
		r.kind = KF_FORK;
		r.parent = r.tid;
		r.tid = take_u32(&c);
		add_record(k, &r);
	} else if (h->type == PERF_RECORD_MMAP2) {
		take_map(k, c, r);
	}
}

static void
take_record(struct kernel_faults *k, const unsigned char *p)
{
	struct perf_event_header h;
	struct cursor c;

	memcpy(&h, p, sizeof(h));
	c = (struct cursor){p + sizeof(h), p + h.size};
	if (h.type == PERF_RECORD_SAMPLE)
		take_sample(k, c);
	else
		take_event(k, &h, c);
}

/* Copy from the ring, which may wrap. */
static void
ring_copy(const struct kernel_faults *k, const struct ring *r, uint64_t at,
	  void *to, size_t n)
{
	const unsigned char *data =
	    (const unsigned char *)r->page + k->page_bytes;
	size_t from = at & (k->ring_bytes - 1), first = k->ring_bytes - from;

	if (first > n)
		first = n;
	memcpy(to, data + from, first);
	memcpy((unsigned char *)to + first, data, n - first);
}

static void
drain(struct kernel_faults *k, struct ring *r)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail;

	while (tail < head) {
		struct perf_event_header h;

		ring_copy(k, r, tail, &h, sizeof(h));
		if (h.size < sizeof(h))
			break; /* not what the kernel writes */
		ring_copy(k, r, tail, k->record, h.size);
		take_record(k, k->record);
		tail += h.size;
	}
	__atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
}

void
kernel_faults_take(struct kernel_faults *k, int ms)
{
	poll(k->polls, k->n_rings, ms);
	for (unsigned i = 0; i < k->n_rings; i++) {
		drain(k, &k->rings[i]);
		if (k->polls[i].revents & POLLHUP)
			k->polls[i].fd = -1; /* pid ended; others may not */
	}
}

static int
by_time(const void *x, const void *y)
{
	const struct kf_record *a = x, *b = y;

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

const struct kf_record *
kernel_faults_done(struct kernel_faults *k, size_t *n)
{
	for (unsigned i = 0; i < k->n_rings; i++)
		for (unsigned j = 0; j < TRACEPOINTS; j++)
			ioctl(k->rings[i].fd[j], PERF_EVENT_IOC_DISABLE, 0);
	kernel_faults_take(k, 0);
	if (k->n)
		qsort(k->records, k->n, sizeof(*k->records), by_time);
	*n = k->n;
	return k->records;
}

uint64_t
kernel_faults_lost(const struct kernel_faults *k)
{
	return k->lost;
}
