/*
 * layers.h - what a replay's configuration is made of, from the bottom: the
 * default machine, what the trace recorded of its own, -c files, --set.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef CMD_LAYERS_H
#define CMD_LAYERS_H

#include <stdbool.h>

struct conf;
struct err;
struct opt_list;
struct trace_reader;

/* Lay them over c, which is empty.  recorded: NULL to leave that layer out.
 * The default machine is there only when no file is given. */
bool layers_load(struct conf *c, const struct trace_reader *recorded,
		 const struct opt_list *files, const struct opt_list *sets,
		 struct err *e);

/* What a lane is called: its file, "configs/a.ini" -> "a"; its files, joined.
 * free() it. */
char *layers_short_name(const char *config);
char *layers_name(const struct opt_list *files);

#endif
