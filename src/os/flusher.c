/*
 * flusher.c - dirty pages go to their files in time
 * (fs/fs-writeback.c, mm/page-writeback.c).
 *
 * Every dirty_writeback the flusher wakes and writes files that have been dirty
 * for longer than dirty_expire; beyond the background share of memory it writes
 * the oldest until below it.  Time is instructions at the nominal rate.  What
 * is written is write-protected in every page table, so the next write faults.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "os/internal.h"

static uint64_t
instructions(const struct os *os, uint64_t centisecs)
{
	return os->cfg.instructions_per_second / 100 * centisecs;
}

/* Free memory and the page cache, as global_dirtyable_memory() has it. */
static uint64_t
dirtyable(const struct os *os)
{
	return os->n_free + os->kind_n[FR_FILE];
}

static bool
beyond(const struct os *os, unsigned percent)
{
	return os->n_dirty > dirtyable(os) * percent / 100;
}

static void
write_inode(struct os *os, struct inode *ino)
{
	inode_writeback(os, ino, 0, UINT64_MAX);
	os->stats.flushed_files++;
}

static struct inode *
oldest_dirty(struct os *os)
{
	struct inode *best = NULL;

	for (size_t i = 0; i < os->n_inodes; i++) {
		struct inode *ino = os->inodes[i];

		if (ino && ino->dirty &&
		    (!best || ino->dirtied < best->dirtied))
			best = ino;
	}
	return best;
}

static void
write_expired(struct os *os)
{
	uint64_t age = instructions(os, os->cfg.dirty_expire);

	for (size_t i = 0; i < os->n_inodes; i++) {
		struct inode *ino = os->inodes[i];

		if (ino && ino->dirty && os->insn - ino->dirtied >= age)
			write_inode(os, ino);
	}
}

static void
wake(struct os *os)
{
	uint64_t every = instructions(os, os->cfg.dirty_writeback);
	struct inode *ino;

	if (every && os->insn >= os->next_flush) {
		if (os->next_flush)
			write_expired(os);
		os->next_flush = os->insn - os->insn % every + every;
	}
	while (beyond(os, os->cfg.dirty_background_ratio) &&
	       (ino = oldest_dirty(os)))
		write_inode(os, ino);
}

/* mm/page-writeback.c:balance_dirty_pages(): whoever dirties pages faster than
 * they are written waits, from the middle of both ratios on. */
void
flusher_throttle(struct os *os)
{
	unsigned most =
	    (os->cfg.dirty_ratio + os->cfg.dirty_background_ratio) / 2;
	struct inode *ino;

	if (!beyond(os, most))
		return;
	os->stats.throttled++;
	while (beyond(os, os->cfg.dirty_background_ratio) &&
	       (ino = oldest_dirty(os)))
		write_inode(os, ino);
}

bool
flusher_is_due(const struct os *os)
{
	bool awake = os->cfg.dirty_writeback && os->insn >= os->next_flush;

	return os->n_dirty &&
	       (awake || beyond(os, os->cfg.dirty_background_ratio));
}

/* Its work is nobody's fault and no system call's. */
void
flusher_run(struct os *os)
{
	struct kwork outer = os->work;

	os->work = (struct kwork){0};
	wake(os);
	work_flush(os);
	os->work = outer;
}
