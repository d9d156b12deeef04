/*
 * vgstream.c - start a program under our tool; take turns at the rings of its
 * processes so that all is read in the order of vgring.h.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/vgstream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/progress.h"
#include "base/xalloc.h"
#include "trace/vgstream_int.h"

#define LOOK_SECONDS   0.25 /* between looks for processes that died */
#define SILENT_SECONDS 1.0  /* a process may hold the others up so long */
#define GIVE_BACK      (64u << 10) /* bytes read before space is given back */
#define NAP_MS         4

#define load(p)     __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define store(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

/* --- where the tool is --- */

static bool
has_tool(const char *dir)
{
	char *path = xasprintf("%s/pagewalk-amd64-linux", dir);
	bool there = access(path, X_OK) == 0;

	free(path);
	return there;
}

char *
vgstream_tool_dir(void)
{
	const char *env = getenv("PAGEWALK_VGTOOL_DIR");
	char exe[PATH_MAX], *beside;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (env)
		return has_tool(env) ? xstrdup(env) : NULL;
	exe[n > 0 ? n : 0] = '\0';
	if (strrchr(exe, '/'))
		*strrchr(exe, '/') = '\0';
	beside = xasprintf("%s/vgtool", exe);
	if (has_tool(beside))
		return beside;
	free(beside);
	return has_tool(VGTOOL_DIR) ? xstrdup(VGTOOL_DIR) : NULL;
}

/* --- start --- */

static bool
make_rings(struct vgstream *vs, struct err *e)
{
	void *p;

	vs->fd = memfd_create("pagewalk-rings", MFD_CLOEXEC);
	if (vs->fd < 0 || ftruncate(vs->fd, VGRING_FILE_BYTES))
		return err_set(e, ERR_FAILED, "shared memory: %s",
			       strerror(errno));
	p = mmap(NULL, VGRING_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
		 vs->fd, 0);
	if (p == MAP_FAILED)
		return err_set(e, ERR_FAILED, "shared memory: %s",
			       strerror(errno));
	vs->ctl = p;
	vs->ctl->magic = VGRING_MAGIC;
	vs->ctl->consumer_pid = (uint32_t)getpid();
	vs->ctl->slots[0].state = VGSLOT_IDLE;
	return true;
}

/* Valgrind, its options, the program: an array to be freed; the words are
 * the callers'. */
static char **
command_line(const struct vgstream_options *o, char *ring, char *const *argv)
{
	static const char *const fixed[] = {
	    "--command-line-only=yes", "--tool=pagewalk", "-q",
	    "--trace-children=yes", "--vgdb=no"};
	const size_t n_fixed = sizeof(fixed) / sizeof(fixed[0]);
	size_t n = 0, at = 0;
	char **all;

	while (argv[n])
		n++;
	for (const char *const *w = o->words; w && *w; w++)
		n++;
	all = xcalloc(n + n_fixed + 3, sizeof(*all));
	all[at++] = (char *)(uintptr_t)o->valgrind;
	for (size_t i = 0; i < n_fixed; i++)
		all[at++] = (char *)(uintptr_t)fixed[i];
	all[at++] = ring;
	for (const char *const *w = o->words; w && *w; w++)
		all[at++] = (char *)(uintptr_t)*w;
	while (*argv)
		all[at++] = *argv++;
	return all;
}

static _Noreturn void
child(const struct vgstream *vs, const struct vgstream_options *o,
      char *const *words, int report)
{
	ssize_t ignored;

	fcntl(vs->fd, F_SETFD, 0);
	setenv("VALGRIND_LIB", o->tool_dir, 1);
	if (o->mask)
		sigprocmask(SIG_SETMASK, o->mask, NULL);
	execv(o->valgrind, words);
	ignored = write(report, &errno, sizeof(errno));
	(void)ignored;
	_exit(127);
}

static bool
launch(struct vgstream *vs, const struct vgstream_options *o, char *const *argv,
       struct err *e)
{
	char *ring = xasprintf("--ring=%d:0", vs->fd);
	char **words = command_line(o, ring, argv);
	int report[2], error = 0;

	if (pipe2(report, O_CLOEXEC) == 0) {
		vs->root = fork();
		if (vs->root == 0)
			child(vs, o, words, report[1]);
		close(report[1]);
		if (vs->root < 0)
			error = errno;
		else if (read(report[0], &error, sizeof(error)) > 0)
			waitpid(vs->root, NULL, 0);
		close(report[0]);
	} else {
		error = errno;
	}
	free(words);
	free(ring);
	return !error ||
	       err_set(e, ERR_FAILED, "%s: %s", o->valgrind, strerror(error));
}

struct vgstream *
vgstream_open(struct err *e)
{
	struct vgstream *vs = xcalloc(1, sizeof(*vs));

	vs->fd = -1;
	vg_blocks_init(&vs->blocks);
	vs->files.announce = put_file_event;
	vs->files.ctx = vs;
	page_cache_open(&vs->page_cache);
	vs->ids = xcalloc(BATCH_BLOCKS_MOST, sizeof(*vs->ids));
	vs->addrs = xcalloc(BATCH_ADDRS_MOST, sizeof(*vs->addrs));
	vs->record = xmalloc(VGRING_MAX_RECORD);
	if (!make_rings(vs, e)) {
		vgstream_free(vs);
		return NULL;
	}
	stream_new(vs, 0);
	return vs;
}

struct vgstream *
vgstream_start(const struct vgstream_options *o, char *const *argv,
	       struct err *e)
{
	struct vgstream *vs = vgstream_open(e);

	if (vs && o->smaps) {
		vs->smaps = fopen(o->smaps, "we");
		vs->ctl->wait_at_exit = vs->smaps != NULL;
	}
	if (vs && !launch(vs, o, argv, e)) {
		vgstream_free(vs);
		return NULL;
	}
	if (vs)
		vs->streams->pid = (uint32_t)vs->root;
	return vs;
}

/* --- streams --- */

struct stream *
stream_new(struct vgstream *vs, uint32_t slot)
{
	struct stream *st = xcalloc(1, sizeof(*st));

	if (slot >= VGRING_SLOTS)
		BUG("slot %u", slot);
	st->slot_nr = slot;
	st->slot = &vs->ctl->slots[slot];
	st->ring = (uint8_t *)vs->ctl + VGRING_RING_AT(slot);
	st->status = -1;
	st->next = vs->streams;
	vs->streams = st;
	return st;
}

static void
stream_free(struct vgstream *vs, struct stream *st)
{
	struct stream **at = &vs->streams;

	while (*at != st)
		at = &(*at)->next;
	*at = st->next;
	for (struct stream *s = vs->streams; s; s = s->next)
		if (s->hold == st)
			s->hold = NULL;
	vg_numbers_clear(&vs->blocks, &st->numbers);
	map_free(&st->clear_tid);
	free(st->ranges);
	free(st->maps);
	free(st->exe);
	free(st->args);
	free(st);
}

/* Give what has been read back to the tool, zeroed. */
static void
give_back(struct stream *st)
{
	while (st->clear < st->pos) {
		uint64_t at = st->clear % VGRING_BYTES;
		uint64_t n = st->pos - st->clear;

		if (n > VGRING_BYTES - at)
			n = VGRING_BYTES - at;
		memset(st->ring + at, 0, n);
		st->clear += n;
	}
	store(&st->slot->tail, st->pos);
	if (!load(&st->slot->waiting))
		return;
	/* Not for a little: it would only wait again. */
	if (load(&st->slot->head) - st->pos > VGRING_BYTES / 2)
		return;
	__atomic_fetch_add(&st->slot->space, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &st->slot->space, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* The process has ended and all of it has been read: free its slot. */
static void
retire(struct vgstream *vs, struct stream *st)
{
	struct vgring_slot *slot = st->slot;

	if (st->dead) /* it may have left something unfinished */
		memset(st->ring, 0, VGRING_BYTES);
	slot->head = slot->tail = 0;
	slot->pid = 0;
	store(&slot->state, VGSLOT_FREE);
	stream_free(vs, st);
}

/* --- processes that die --- */

/* Gone, or a zombie; *status is then its wait(2) status if it is known. */
static bool
is_dead(pid_t pid, int *status)
{
	char name[32], line[1024], *p;
	int code = -1;
	char state = '?';
	FILE *in;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	in = fopen(name, "re");
	if (!in)
		return true;
	p = fgets(line, sizeof(line), in) ? strrchr(line, ')') : NULL;
	fclose(in);
	if (!p || sscanf(p + 1, " %c", &state) != 1 || state != 'Z')
		return !p;
	p = strrchr(line, ' ');
	if (p && sscanf(p + 1, "%d", &code) == 1 && *status < 0)
		*status = code;
	return true;
}

void
set_dead(struct stream *st)
{
	uint64_t head = load(&st->slot->head);

	st->dead = true;
	if (st->head < head)
		st->head = head;
}

static uint32_t
pid_of(const struct vgstream *vs, const struct stream *st)
{
	uint32_t pid = load(&st->slot->pid);

	return pid || st->slot_nr ? pid : (uint32_t)vs->root;
}

static void
look_after(struct vgstream *vs)
{
	double now = monotonic_seconds();

	if (now < vs->looked + LOOK_SECONDS)
		return;
	vs->looked = now;
	for (struct stream *st = vs->streams; st; st = st->next) {
		uint32_t pid = pid_of(vs, st);

		if (pid && !st->dead && is_dead((pid_t)pid, &st->status))
			set_dead(st);
	}
}

void
vgstream_reaped(struct vgstream *vs, pid_t pid, int status)
{
	for (struct stream *st = vs->streams; st; st = st->next)
		if (pid_of(vs, st) == (uint32_t)pid && !st->dead) {
			st->status = status;
			set_dead(st);
		}
}

void
vgstream_kill(const struct vgstream *vs, int sig)
{
	for (struct stream *st = vs->streams; st; st = st->next)
		if (pid_of(vs, st) && !st->dead)
			kill((pid_t)pid_of(vs, st), sig);
}

/* --- whose turn it is --- */

/* The number of the segment that begins at st->pos, else of the one it is
 * in. */
static uint64_t
next_seq(struct stream *st)
{
	struct vgr_seg seg;
	const uint8_t *p = st->ring + st->pos % VGRING_BYTES;

	memcpy(&seg.h.tag, p, sizeof(seg.h.tag));
	if (seg.h.tag == (VGR_CONTROL | VGR_PAD)) {
		st->pos += VGRING_BYTES - st->pos % VGRING_BYTES;
		return st->pos < st->head ? next_seq(st) : st->seq;
	}
	if (seg.h.tag != (VGR_CONTROL | VGR_SEG))
		return st->seq;
	memcpy(&seg, p, sizeof(seg));
	return seg.seq;
}

/* See what there is; now: ctl->seq as it was before. */
static void
look(struct stream *st, uint64_t now)
{
	uint32_t state = load(&st->slot->state);
	uint64_t head = load(&st->slot->head);

	if (!st->dead)
		st->head = head;
	if (st->pos < st->head)
		st->bound = next_seq(st);
	else if (state == VGSLOT_BUSY && !st->dead)
		st->bound = st->seq;
	else
		st->bound = now;
}

/* Does it, with nothing to read, hold up the others?  For a while it may: it
 * is about to say more.  But it may have been stopped. */
static bool
holds_up(struct stream *st, uint64_t seq)
{
	double now;

	if (st->bound >= seq) {
		st->silent = 0;
		return false;
	}
	now = monotonic_seconds();
	if (st->silent <= 0)
		st->silent = now;
	return now < st->silent + SILENT_SECONDS;
}

/* The stream to read now, up to vs->until; NULL: none can be. */
static struct stream *
pick(struct vgstream *vs)
{
	uint64_t now = load(&vs->ctl->seq), limit = UINT64_MAX;
	struct stream *best = NULL;

	for (struct stream *st = vs->streams; st; st = st->next) {
		if (st->hold &&
		    (st->hold->exited || (st->hold->execed && !st->hold->dead)))
			st->hold = NULL;
		if (st->hold)
			continue;
		look(st, now);
		if (st->pos < st->head && (!best || st->bound < best->bound))
			best = st;
	}
	for (struct stream *st = vs->streams; best && st; st = st->next) {
		if (st == best || st->hold)
			continue;
		if (st->pos == st->head && holds_up(st, best->bound))
			return NULL;
		if (st->bound >= best->bound && st->bound < limit)
			limit = st->bound;
	}
	vs->until = limit;
	return best;
}

static bool
finished(const struct stream *st)
{
	return st->pos == st->head &&
	       (st->dead || load(&st->slot->state) == VGSLOT_EXITED) &&
	       (st->dead || st->head == load(&st->slot->head));
}

/* Free one that has said all; true if there was one, perhaps with an event
 * to be taken first. */
static bool
retire_one(struct vgstream *vs)
{
	for (struct stream *st = vs->streams; st; st = st->next) {
		if (st->hold || !finished(st))
			continue;
		if (st->dead && !st->remains) {
			st->remains = true;
			commit_remains(st);
			return true;
		}
		if (!st->exited && st->seq) {
			put_exit(vs, st,
				 st->status < 0 ? SIGKILL
						: (uint32_t)st->status);
			return true;
		}
		give_back(st);
		retire(vs, st);
		return true;
	}
	return false;
}

/* --- what is handed out --- */

static enum vg_item
hand_out_batch(struct vgstream *vs, struct trace_batch *b)
{
	*b = (struct trace_batch){.dict = &vs->blocks.dict,
				  .ids = vs->ids,
				  .addrs = vs->addrs,
				  .n_ids = vs->n_ids,
				  .n_addrs = vs->n_addrs,
				  .first_insn = vs->first_insn,
				  .chunk = vs->blocks.chunk};
	vs->references += vs->insns + vs->n_addrs;
	vs->first_insn += vs->insns;
	vs->insns = 0;
	vs->n_ids = vs->n_addrs = 0;
	vs->flush = false;
	return VG_REFS;
}

static void
nap(struct vgstream *vs)
{
	struct timespec t = {.tv_nsec = NAP_MS * 1000000};
	uint32_t bell = load(&vs->ctl->bell);

	store(&vs->ctl->sleeping, 1);
	syscall(SYS_futex, &vs->ctl->bell, FUTEX_WAIT, bell, &t, NULL, 0);
	store(&vs->ctl->sleeping, 0);
}

/* Read on; false if there is nothing to read. */
static bool
advance(struct vgstream *vs)
{
	struct stream *st;

	if (retire_one(vs))
		return true;
	st = pick(vs);
	if (!st)
		return false;
	read_records(vs, st);
	if (st->pos - st->clear >= GIVE_BACK || st->pos == st->head)
		give_back(st);
	return true;
}

enum vg_item
vgstream_next(struct vgstream *vs, int timeout_ms, struct trace_batch *refs,
	      struct event *ev, struct err *e)
{
	double end = monotonic_seconds() + timeout_ms / 1000.0;

	for (;;) {
		bool events = vs->next_event < vs->n_events;

		if (vs->n_ids && (vs->flush || events || vs->failed))
			return hand_out_batch(vs, refs);
		if (events) {
			*ev = vs->events[vs->next_event++];
			return VG_EVENT;
		}
		if (vs->failed) {
			*e = vs->err;
			return VG_ERROR;
		}
		vs->n_events = vs->next_event = 0;
		vs->flush = false;
		if (advance(vs))
			continue;
		if (!vs->streams)
			return vs->n_ids ? hand_out_batch(vs, refs) : VG_END;
		look_after(vs);
		if (monotonic_seconds() >= end)
			return vs->n_ids ? hand_out_batch(vs, refs) : VG_WAIT;
		nap(vs);
	}
}

/* --- the rest --- */

pid_t
vgstream_root(const struct vgstream *vs)
{
	return vs->root;
}

uint64_t
vgstream_references(const struct vgstream *vs)
{
	return vs->references;
}

uint64_t
vgstream_ring_bytes(const struct vgstream *vs)
{
	return vs->ring_bytes;
}

void
vgstream_free(struct vgstream *vs)
{
	if (!vs)
		return;
	if (vs->ctl)
		store(&vs->ctl->closed, 1);
	for (struct stream *st = vs->ctl ? vs->streams : NULL; st;
	     st = st->next) {
		__atomic_fetch_add(&st->slot->space, 1, __ATOMIC_SEQ_CST);
		syscall(SYS_futex, &st->slot->space, FUTEX_WAKE, 1, NULL, NULL,
			0);
	}
	while (vs->streams)
		stream_free(vs, vs->streams);
	vg_blocks_free(&vs->blocks);
	files_free(&vs->files);
	map_free(&vs->file_ids);
	map_free(&vs->mapped);
	page_cache_close(&vs->page_cache);
	if (vs->smaps)
		fclose(vs->smaps);
	free(vs->ids);
	free(vs->addrs);
	free(vs->record);
	free(vs->text);
	if (vs->ctl)
		munmap(vs->ctl, VGRING_FILE_BYTES);
	if (vs->fd >= 0)
		close(vs->fd);
	free(vs);
}
