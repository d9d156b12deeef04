/*
 * plot_csv.h - figures from the CSV that a run writes: what kind it is, its
 * heading says.
 *   --intervals               translation cycles as the program goes on
 *   --attribute heat          price by address and time
 *   --attribute miss          how long walks take, with their tail
 *   --fault-log               how long faults take
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_PLOT_CSV_H
#define REPORT_PLOT_CSV_H

#include <stdbool.h>
#include <stdio.h>

struct err;

bool is_csv(const char *path); /* by its name */

/* As plot_result(). */
bool plot_csv(const char *path, const char *dir, const char *formats, FILE *say,
	      struct err *e);

#endif
