/* resident.c - see resident.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/resident.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "os/os.h"

#define KIB_A_PAGE 4

/* "7f00-8f00 r-xp ...", "Rss:  12 kB", and before each process "pid 7". */
static void
take_line(struct resident *r, const char *line, uint32_t *pid)
{
	uint64_t a, b;

	if (sscanf(line, "pid %" SCNu32, pid) == 1)
		return;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &a, &b) == 2) {
		r->ranges = xgrow(r->ranges, r->n_ranges, &r->cap_ranges,
				  sizeof(*r->ranges));
		r->ranges[r->n_ranges++] =
		    (struct resident_range){.pid = *pid, .start = a, .end = b};
	} else if (r->n_ranges &&
		   sscanf(line, "Rss: %" SCNu64 " kB", &a) == 1) {
		r->ranges[r->n_ranges - 1].pages = a / KIB_A_PAGE;
	}
}

bool
resident_read(struct resident *r, const char *path, struct err *e)
{
	FILE *in = fopen(path, "re");
	char line[8192];
	uint32_t pid = 0;
	bool good;

	if (!in)
		return errno == ENOENT ||
		       err_set(e, ERR_FAILED, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), in))
		take_line(r, line, &pid);
	good = !ferror(in);
	fclose(in);
	return good || err_set(e, ERR_FAILED, "%s: cannot be read", path);
}

static void
add_row(struct resident *r, const struct os *os,
	const struct resident_range *range, uint32_t area, uint64_t replay)
{
	const struct area *a = os_area(os, area);
	struct resident_row *row;

	r->rows = xgrow(r->rows, r->n_rows, &r->cap_rows, sizeof(*r->rows));
	row = &r->rows[r->n_rows++];
	row->pid = range->pid;
	row->mapping = xasprintf("%s %s", a->name, a->perms);
	row->kernel = range->pages;
	row->replay = replay;
	r->kernel += range->pages;
	r->replay += replay;
}

void
resident_compare(struct resident *r, const struct os *os, uint32_t pid)
{
	for (size_t i = 0; i < r->n_ranges; i++) {
		const struct resident_range *range = &r->ranges[i];
		uint64_t pages;
		uint32_t area;

		if (range->pid == pid && os_resident(os, pid, range->start,
						     range->end, &pages, &area))
			add_row(r, os, range, area, pages);
	}
}

void
resident_free(struct resident *r)
{
	for (size_t i = 0; i < r->n_rows; i++)
		free(r->rows[i].mapping);
	free(r->rows);
	free(r->ranges);
}
