/*
 * windows.h - the parts of a run that were measured one by one, and what they
 * say of the whole.  SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_WINDOWS_H
#define REPORT_WINDOWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/outfile.h"
#include "sim/windows.h"

/* CSV: a line for each window and lane. */
struct window_log {
	struct outfile out; /* while .out.f is not NULL */
	const char *const *lanes;
};

/* lanes: their names; they must outlive the log. */
bool window_log_open(struct window_log *log, const char *path,
		     const char *const *lanes, struct err *e);
bool window_log_put(struct window_log *log, const struct window_row *row,
		    struct err *e);
bool window_log_close(struct window_log *log, struct err *e);
void window_log_discard(struct window_log *log);

/* w may be NULL: then there is nothing to say. */
void windows_text(const struct windows *w, unsigned lane, FILE *f);
json_t *windows_json(const struct windows *w);
json_t *windows_estimates_json(const struct windows *w, unsigned lane);

#endif
