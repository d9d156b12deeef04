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

/* CSV: a heading, then a line for each window and lane; lanes: their names. */
bool windows_csv_open(struct outfile *out, const char *path, struct err *e);
bool windows_csv_put(struct outfile *out, const struct window_row *row,
		     const char *const *lanes, struct err *e);

/* w may be NULL: then there is nothing to say. */
void windows_text(const struct windows *w, unsigned lane, FILE *f);
json_t *windows_json(const struct windows *w);
json_t *windows_estimates_json(const struct windows *w, unsigned lane);

#endif
