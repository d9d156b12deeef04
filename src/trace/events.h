/*
 * events.h - the bytes of an event.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_EVENTS_H
#define TRACE_EVENTS_H

#include <stdbool.h>

#include "arch/event.h"
#include "trace/bytes.h"

struct err;

/* Arrays that a decoded event points to; all-zero is empty. */
struct event_scratch {
	struct map_desc *maps;
	struct user_range *ranges;
	struct cache_run *runs;
	size_t maps_cap, ranges_cap, runs_cap;
};

/* "file", "fork", ...; [enum event_kind]. */
extern const char *const event_kind_names[EV_KINDS];

void event_scratch_free(struct event_scratch *s);

/* Is it within the format's limits?  False and *e (ERR_INPUT) if not. */
bool event_check(const struct event *ev, struct err *e);

/* ev has passed event_check(). */
void event_encode(struct outbuf *o, const struct event *ev);

/* The next event of in; strings point into in's bytes, arrays into s.  NULL
 * when it is good, else what is wrong with it. */
const char *event_decode(struct inbuf *in, struct event *ev,
			 struct event_scratch *s);

#endif
