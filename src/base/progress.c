/* progress.c - how far a long task is, on a terminal.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/progress.h"

#define PERIOD 0.2 /* seconds between two updates */

double
monotonic_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

void
progress_begin(struct progress *p, const char *what, const char *unit,
	       bool quiet)
{
	*p = (struct progress){
	    .on = !quiet && isatty(STDERR_FILENO), .what = what, .unit = unit};
	p->begin = p->last = monotonic_seconds();
}

static void
print_time_left(double seconds)
{
	unsigned s = (unsigned)(seconds + 0.5);

	if (s >= 3600)
		fprintf(stderr, ", %u:%02u h left", s / 3600, s / 60 % 60);
	else
		fprintf(stderr, ", %u:%02u left", s / 60, s % 60);
}

void
progress_update(struct progress *p, uint64_t items, uint64_t done,
		uint64_t total, const char *extra)
{
	double now, spent, share;

	if (!p->on)
		return;
	now = monotonic_seconds();
	if (now - p->last < PERIOD)
		return;
	p->last = now;
	spent = now - p->begin;
	fprintf(stderr, "\r\033[K%s: %.1f M %s, %.2f M/s", p->what,
		(double)items * 1e-6, p->unit, (double)items * 1e-6 / spent);
	if (total && done) {
		share = done < total ? (double)done / (double)total : 1;
		fprintf(stderr, ", %.0f %%", share * 100);
		if (spent > 1)
			print_time_left(spent * (1 - share) / share);
	}
	if (extra)
		fprintf(stderr, ", %s", extra);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->on)
		fputs("\r\033[K", stderr);
	p->on = false;
}
