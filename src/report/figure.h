/*
 * figure.h - one figure: its data, gnuplot's script, the pictures.
 *
 * Sized for a column of a two-column paper; grey levels only, and every bar
 * and row is labelled, so that nothing depends on colour.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef REPORT_FIGURE_H
#define REPORT_FIGURE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/outfile.h"

struct err;

struct figure {
	const char *dir;
	char *name;          /* "ls-cycles"; freed by figure_close() */
	const char *formats; /* of figure_formats() */
	double inches;       /* height */
	bool all;            /* causes: also those that are not translation */
	struct outfile data, script;
};

/* Is list one of formats, with commas? */
bool figure_formats(const char *list, struct err *e);
bool figure_directory(const char *dir, struct err *e); /* made if missing */

/* "out/ls.json" (or .csv), "cycles" -> "ls-cycles". */
char *figure_name(const char *path, const char *what);

bool figure_open(struct figure *g, struct err *e);
/* End the script with draw, run it; the pictures' names go to say. */
bool figure_draw(struct figure *g, const char *draw, FILE *say, struct err *e);
/* What was not drawn leaves no trace. */
void figure_close(struct figure *g);

/* Text inside a gnuplot string in single quotes. */
void figure_quoted(const char *text, FILE *f);
/* A name that can do no harm in any gnuplot string. */
const char *figure_tame(const char *name, char *buf, size_t size);
/* Is name in a list with commas? */
bool figure_wants(const char *list, const char *name);
/* Between two ticks of an axis from 0 to max. */
double figure_step(double max);

#endif
