/*
 * gnuplot.h - figures from a result (JSON), drawn by gnuplot.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include <stdbool.h>
#include <stdio.h>

struct err;

/* Draw the figures of the result at path into directory dir: for each the
 * data (.dat), the script (.gp) that can be changed and run again, and a
 * picture in each format of the comma-separated list (pdf, png, svg, tex).
 * Names of the pictures go to say, one a line. */
bool plot_result(const char *path, const char *dir, const char *formats,
		 FILE *say, struct err *e);

/* One more figure: all cycles by cause of each result's first machine, in
 * thousands, side by side ("together-cycles"). */
bool plot_together(const char *const *paths, unsigned n, const char *dir,
		   const char *formats, FILE *say, struct err *e);

#endif
