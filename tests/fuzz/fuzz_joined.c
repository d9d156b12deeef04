/*
 * fuzz_joined.c - libFuzzer target: any bytes as what is joined to a trace,
 * a list of mappings and a log of system calls.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "base/err.h"
#include "tests/fuzz/input.h"
#include "trace/import.h"

static const char references[] = "i 401000 3\nr 7f0000001000 8\n"
				 "w 4a00000 8\ni 7ffff7fc1003 2\n";

static void
import(const struct import_options *o, const char *in)
{
	struct err e = {.kind = ERR_NONE};
	struct import_result r;

	if (!import_run(o, &in, 1, &r, &e) &&
	    (e.kind != ERR_INPUT || !e.text[0]))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file in, side, out;
	struct import_options o = {.from = "xdin"};

	memory_file_fill(&in, references, strlen(references));
	memory_file_fill(&side, data, size);
	memory_file_fill(&out, "", 0);
	o.output = out.path;
	o.maps = side.path;
	import(&o, in.path);
	o.strict = true;
	import(&o, in.path);
	o.maps = NULL;
	o.syscalls = side.path;
	import(&o, in.path);
	return 0;
}
