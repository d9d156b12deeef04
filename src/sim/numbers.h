/*
 * numbers.h - several traces on one machine: their processes, threads and
 * files get numbers of the machine's.
 *
 * A process or thread keeps its number unless another trace has one of that
 * number; then it takes the next free one.  A file that several traces name
 * (same device, inode, kind and path) is one file, as the first of them to
 * name it found it.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef SIM_NUMBERS_H
#define SIM_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

struct event;
struct numbers;

struct numbers *numbers_new(unsigned traces);
void numbers_free(struct numbers *n);

/* Rewrite an event of a trace; its list of mappings is then ours, valid until
 * the next call.  False: the machine has this file already, as another trace
 * found it; pass the event over. */
bool numbers_event(struct numbers *n, unsigned trace, struct event *ev);

/* Which trace a process or thread of the machine is from, and its number
 * there.  False if there is none such. */
bool numbers_origin(const struct numbers *n, uint32_t id, unsigned *trace,
		    uint32_t *recorded);

#endif
