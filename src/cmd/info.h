/*
 * info.h - what `pagewalk info` gathers from a trace, and its two forms.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_INFO_H
#define CMD_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arch/event.h"
#include "trace/reader.h"

struct err;

/* An image: what a process began with, or what it became by exec. */
struct image {
	uint32_t pid, parent;
	bool exec;
	char *exe, *args;
	uint64_t start_brk, stack_pointer, stack_limit;
	struct map_desc *maps;
	uint32_t n_maps;
};

struct file {
	struct file_desc desc; /* path is ours */
	char *path;
};

struct info {
	bool check, events; /* options */
	const char *json;
	const char *path;
	struct trace_reader *trace;
	FILE *text; /* NULL: JSON takes its place */
	struct file *files;
	size_t n_files, files_cap;
	struct image *images;
	size_t n_images, images_cap;
	uint64_t kinds[EV_KINDS];
	struct trace_totals seen; /* with --check: decoded and counted */
};

/* No damage and, with --check, the counts that the trace claims. */
bool info_whole(const struct info *in);

const char *info_kind_name(unsigned kind); /* of an event */
const char *info_file_kind(unsigned kind);
void info_prot(const struct map_desc *m, char text[5]); /* "r-xp" */

/* After instruction insn came ev: one line to in->text. */
void info_print_event(const struct info *in, const struct event *ev,
		      uint64_t insn);
void info_print(const struct info *in);
bool info_json(const struct info *in, struct err *e);

#endif
