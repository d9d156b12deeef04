/*
 * maps.c - mappings from text like /proc/PID/maps, and the cover for what it
 * does not list.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/addr.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "trace/import/import_priv.h"
#include "trace/import/scan.h"

#define MAX_LISTED 32000u /* the holes between double them */

/* The mapping's file: the same path keeps its number. */
static uint32_t
file_number(struct maps *m, const char *path, uint64_t dev, uint64_t inode,
	    uint64_t size)
{
	struct file_desc *f;

	for (size_t i = 0; i < m->n_files; i++) {
		f = &m->files[i];
		if (strcmp(f->path, path))
			continue;
		if (f->size < size)
			f->size = size;
		return f->id;
	}
	m->files =
	    xgrow(m->files, m->n_files, &m->files_cap, sizeof(*m->files));
	f = &m->files[m->n_files++];
	*f = (struct file_desc){.id = (uint32_t)m->n_files,
				.kind = FILE_REGULAR,
				.dev = dev,
				.inode = inode,
				.size = size,
				.path = xstrdup(path)};
	return f->id;
}

static void
name_mapping(struct maps *m, struct map_desc *d, const char *path, uint64_t dev,
	     uint64_t inode)
{
	if (!strcmp(path, "[stack]"))
		d->flags |= MAPD_STACK;
	else if (!strcmp(path, "[heap]"))
		d->flags |= MAPD_HEAP;
	else if (!strncmp(path, "[v", 2))
		d->flags |= MAPD_VDSO;
	if (*path != '/')
		return;
	d->file_size = d->offset + (d->end - d->start);
	d->file = file_number(m, path, dev, inode, d->file_size);
}

/* "7f00-7f10 rw-p 00001000 08:01 123  /path": *d is filled. */
static bool
parse_line(struct maps *m, char *line, struct map_desc *d)
{
	struct scan s = {line};
	uint64_t major, minor, inode;
	const char *perms;

	*d = (struct map_desc){0};
	if (!scan_hex(&s, &d->start) || !scan_char(&s, '-') ||
	    !scan_hex(&s, &d->end) || !scan_blank(&s))
		return false;
	perms = s.at;
	if (strspn(perms, "rwxsp-") != 4)
		return false;
	s.at += 4;
	if (!scan_blank(&s) || !scan_hex(&s, &d->offset) || !scan_blank(&s) ||
	    !scan_hex(&s, &major) || !scan_char(&s, ':') ||
	    !scan_hex(&s, &minor) || !scan_blank(&s) || !scan_dec(&s, &inode))
		return false;
	scan_blank(&s);
	d->prot = (uint8_t)((perms[0] == 'r' ? PROT_READ : 0) |
			    (perms[1] == 'w' ? PROT_WRITE : 0) |
			    (perms[2] == 'x' ? PROT_EXEC : 0));
	d->flags = perms[3] == 's' ? MAPD_SHARED : 0;
	name_mapping(m, d, s.at, major << 8 | minor, inode);
	return true;
}

static bool
add_line(struct maps *m, struct input *in, char *line, struct err *e)
{
	struct map_desc d;
	uint64_t end = m->n ? m->v[m->n - 1].end : 0;

	if (!parse_line(m, line, &d))
		return input_fail(in, 0, e,
				  "a line of /proc/PID/maps is expected, such "
				  "as '7f0000-7f1000 r--p 00000000 08:01 12 "
				  "/lib/x'");
	if (d.start >= USER_END) /* [vsyscall] */
		return true;
	if ((d.start | d.end | d.offset) & (PAGE_SIZE - 1) ||
	    d.start >= d.end || d.start < end || d.end > USER_END)
		return input_fail(in, 0, e,
				  "a mapping of whole pages behind the one "
				  "before is expected");
	if (m->n >= MAX_LISTED)
		return input_fail(in, 0, e, "more than %u mappings",
				  MAX_LISTED);
	m->v = xgrow(m->v, m->n, &m->cap, sizeof(*m->v));
	m->v[m->n++] = d;
	return true;
}

bool
maps_read(struct maps *m, const char *path, struct err *e)
{
	struct input *in = input_open(path, e);
	bool fine = in;
	char *line;

	while (fine && (fine = input_line(in, &line, e)) && line)
		if (*line)
			fine = add_line(m, in, line, e);
	if (fine && !m->n)
		fine = input_fail(in, 0, e, "has no mapping");
	if (in)
		input_close(in);
	return fine;
}

static size_t
cover(struct map_desc *v, size_t n, uint64_t start, uint64_t end)
{
	if (start < end)
		v[n++] = (struct map_desc){.start = start,
					   .end = end,
					   .prot = PROT_READ | PROT_WRITE |
						   PROT_EXEC,
					   .flags = MAPD_BLIND};
	return n;
}

/* Page numbers are all there is: the code that refers to them must not take a
 * frame, and stands in a device's memory. */
void
maps_code(struct maps *m)
{
	struct map_desc d = {.start = FAKE_CODE,
			     .end = FAKE_CODE + 4096,
			     .prot = PROT_READ | PROT_EXEC};

	d.file = file_number(m, "[no code]", 0, 0, 4096);
	m->files[d.file - 1].kind = FILE_CHARDEV;
	m->v = xgrow(m->v, m->n, &m->cap, sizeof(*m->v));
	m->v[m->n++] = d;
}

/* What no line lists is there all the same. */
void
maps_cover(struct maps *m)
{
	struct map_desc *v = xreallocarray(NULL, 2 * m->n + 1, sizeof(*v));
	uint64_t end = 0;
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		n = cover(v, n, end, m->v[i].start);
		v[n++] = m->v[i];
		end = m->v[i].end;
	}
	n = cover(v, n, end, USER_END);
	free(m->v);
	*m = (struct maps){v, n, n, m->files, m->n_files, m->files_cap};
}

void
maps_free(struct maps *m)
{
	for (size_t i = 0; i < m->n_files; i++)
		free((char *)(uintptr_t)m->files[i].path);
	free(m->files);
	free(m->v);
}
