/*
 * capture_vg.c - the back end with our own Valgrind tool: its stream, written
 * as it comes.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>

#include "trace/capture_int.h"
#include "trace/vgstream.h"

/* How long one call may wait for the program, so that signals to us and
 * progress are looked at. */
#define WAIT_MS 50

const char capture_vg_blind[] =
    "references that the kernel makes for the program beside those of system "
    "calls (signal frames, the identifier it clears when a thread ends); the "
    "vDSO; vfork(2) and clone(CLONE_VM|CLONE_VFORK) run as fork(2), with the "
    "parent's references put after the child's exec or exit; threads run one "
    "at a time, in Valgrind's order; addresses are those under Valgrind, "
    "without randomisation";

bool
capture_vg_launch(struct capture *c, const char *valgrind, char *const *argv,
		  const sigset_t *mask)
{
	static const char *const words[] = {"--log-file=/dev/null", NULL};
	char *dir = vgstream_tool_dir();
	const struct vgstream_options o = {.valgrind = valgrind,
					   .tool_dir = dir,
					   .words = words,
					   .smaps = c->opt->smaps,
					   .mask = mask};

	if (!dir)
		return err_set(&c->err, ERR_FAILED,
			       "our Valgrind tool is not there (it is built "
			       "where Valgrind's development files are)");
	c->vg = vgstream_start(&o, argv, &c->err);
	free(dir);
	if (!c->vg)
		return false;
	c->root = vgstream_root(c->vg);
	return true;
}

/* How many references block i of b makes. */
static uint64_t
block_refs(const struct trace_batch *b, uint32_t i)
{
	const struct code_block *block = &b->dict->blocks[b->ids[i]];

	return (uint64_t)block->insns + block->slots;
}

/* Cut the first n blocks off b. */
static void
cut_blocks(struct trace_batch *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct code_block *block = &b->dict->blocks[b->ids[i]];

		b->addrs += block->slots;
		b->n_addrs -= block->slots;
		b->first_insn += block->insns;
	}
	b->ids += n;
	b->n_ids -= n;
}

/* Write references from .. to - 1 of b's first block, one by one.  Data of an
 * instruction that is left out is left out, too. */
static void
write_part(struct capture *c, const struct trace_batch *b, uint64_t from,
	   uint64_t to)
{
	const struct code_block *block = &b->dict->blocks[b->ids[0]];
	const struct data_slot *slot = b->dict->slots + block->first_slot;
	uint64_t at = block->start, ref = 0;
	unsigned k = 0;
	bool fetched = false;

	for (unsigned i = 0; i < block->insns && ref < to; i++) {
		uint8_t bytes = b->dict->insn_bytes[block->first_insn + i];

		fetched = ref >= from;
		if (ref++ >= from && !trace_fetch(c->out, at, bytes, &c->err))
			c->failed = true;
		at += bytes;
		for (; k < block->slots && slot[k].insn == i && ref < to; k++)
			if (ref++ >= from && fetched &&
			    !trace_data(c->out, slot[k].op, b->addrs[k],
					slot[k].bytes, &c->err))
				c->failed = true;
	}
}

/* Blocks that are left out whole, then the rest of one. */
static void
skip_some(struct capture *c, struct trace_batch *b)
{
	uint32_t n = 0;

	while (n < b->n_ids && block_refs(b, n) <= c->skip_left)
		c->skip_left -= block_refs(b, n++);
	cut_blocks(b, n);
	if (!b->n_ids)
		return;
	write_part(c, b, c->skip_left, UINT64_MAX);
	c->skip_left = 0;
	cut_blocks(b, 1);
}

/* Keep the blocks that are wanted whole, and part of one more. */
static void
limit(struct capture *c, struct trace_batch *b)
{
	uint64_t left = c->opt->max_refs - c->refs;
	struct trace_batch rest = *b;
	uint32_t n = 0;

	while (n < b->n_ids && block_refs(b, n) <= left)
		left -= block_refs(b, n++);
	if (n == b->n_ids)
		return;
	b->n_ids = n;
	c->full = true;
	if (n && !trace_refs(c->out, b, &c->err))
		c->failed = true;
	b->n_ids = 0;
	cut_blocks(&rest, n);
	write_part(c, &rest, 0, left);
}

static void
count_refs(struct capture *c)
{
	c->refs = trace_writer_totals(c->out)->references;
}

static void
take_refs(struct capture *c, struct trace_batch *b)
{
	if (c->full || (c->opt->roi && !c->in_roi))
		return;
	if (c->skip_left)
		skip_some(c, b);
	count_refs(c);
	if (c->opt->max_refs)
		limit(c, b);
	if (b->n_ids && !trace_refs(c->out, b, &c->err))
		c->failed = true;
	count_refs(c);
}

static void
take_event(struct capture *c, const struct event *ev)
{
	if (ev->kind == EV_MARKER && !strcmp(ev->text, "roi:begin"))
		c->in_roi = true;
	else if (ev->kind == EV_MARKER && !strcmp(ev->text, "roi:end"))
		c->in_roi = false;
	if (ev->kind == EV_PROCESS || ev->kind == EV_SWITCH) {
		c->pid = ev->pid;
		c->tid = ev->tid;
	}
	if (!c->full && !trace_event(c->out, ev, &c->err))
		c->failed = true;
	/* The program does not wait: what is cached now is what it found if
	 * nothing had to be read. */
	if (ev->kind == EV_FILE)
		emit_cache(c, &ev->file, ev->file.path);
}

bool
capture_vg_step(struct capture *c)
{
	struct trace_batch b;
	struct event ev;

	/* Enough at once that looking at the clock between costs nothing. */
	for (int i = 0; i < 64 && !c->failed; i++) {
		switch (vgstream_next(c->vg, WAIT_MS, &b, &ev, &c->err)) {
		case VG_REFS:
			take_refs(c, &b);
			break;
		case VG_EVENT:
			take_event(c, &ev);
			break;
		case VG_WAIT:
			return true;
		case VG_END:
			return false;
		case VG_ERROR:
			c->failed = true;
		}
	}
	return true;
}
