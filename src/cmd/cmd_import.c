/* cmd_import.c - pagewalk import: other people's traces in.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "trace/import.h"

struct import_values {
	struct import_options o;
	const char *modify, *straddle;
	uint64_t radix;
	bool list;
};

#define AT(member) offsetof(struct import_values, member)

static const struct opt_spec options[] = {
    {"from", 'f', OPT_STRING, "FORMAT",
     "the input's format (found out where that is\n"
     "possible; --list prints them)",
     AT(o.from)},
    {"output", 'o', OPT_STRING, "FILE", "where the trace goes (import.pwt)",
     AT(o.output)},
    {"list", 0, OPT_FLAG, NULL, "print the formats and exit", AT(list)},
    {"maps", 0, OPT_STRING, "FILE",
     "the program's mappings, as in /proc/PID/maps", AT(o.maps)},
    {"syscalls", 0, OPT_STRING, "FILE",
     "a log of strace or perf trace, joined by thread\nand order",
     AT(o.syscalls)},
    {"strict", 0, OPT_FLAG, NULL,
     "only what --maps and system calls map is mapped;\n"
     "else all the rest is one anonymous mapping",
     AT(o.strict)},
    {"modify", 0, OPT_STRING, "one|two",
     "a modify is one reference, or a load and a store", AT(modify)},
    {"straddle", 0, OPT_STRING, "one|two",
     "a reference over the edge of a page is one, or\n"
     "one in each page",
     AT(straddle)},
    {"samples", 0, OPT_FLAG, NULL,
     "accept samples of perf, which are no full stream", AT(o.samples)},
    {"period", 0, OPT_U64, "N", "events that each sample stands for (1)",
     AT(o.period)},
    {"page-size", 0, OPT_U64, "BYTES", "of page numbers (4096)",
     AT(o.page_size)},
    {"radix", 0, OPT_U64, "N",
     "of page numbers (10, and 16 behind 0x) or of\n"
     "addresses without 0x (16)",
     AT(radix)},
    {"reads", 0, OPT_STRING, "N,N...", "gem5: commands that read (1)",
     AT(o.reads)},
    {"writes", 0, OPT_STRING, "N,N...", "gem5: commands that write (4)",
     AT(o.writes)},
    {.name = NULL},
};

static void
print_formats(void)
{
	const struct importer *f;

	for (unsigned i = 0; (f = importer_at(i)); i++)
		printf("%-12s %s\n", f->name, f->help);
}

static bool
check(struct import_values *v, struct err *e)
{
	if (!convention_parse("modify", v->modify, &v->o.convention.modify_two,
			      e) ||
	    !convention_parse("straddle", v->straddle,
			      &v->o.convention.straddle_two, e))
		return false;
	if (v->radix && (v->radix < 2 || v->radix > 36))
		return err_set(e, ERR_USAGE,
			       "--radix %llu: 2 to 36 is expected",
			       (unsigned long long)v->radix);
	v->o.radix = (unsigned)v->radix;
	if (!v->o.output)
		v->o.output = "import.pwt";
	return true;
}

static void
print_result(const struct import_values *v, const struct import_result *r)
{
	printf("%s: format %s, %llu references (%llu instructions), "
	       "%llu bytes\n",
	       v->o.output, r->from->name,
	       (unsigned long long)r->totals.references,
	       (unsigned long long)r->totals.instructions,
	       (unsigned long long)r->totals.file_bytes);
	if (*r->blind)
		printf("not in the source: %s\n", r->blind);
	if (r->dropped)
		printf("left out: %llu references beyond user addresses\n",
		       (unsigned long long)r->dropped);
}

static int
run(int argc, char **argv)
{
	struct import_values v = {0};
	char *command = cmd_words(argc, argv);
	struct err e = {.kind = ERR_NONE};
	struct import_result r;
	int first;
	bool fine = opt_parse(options, argc, argv, false, &v, &first, &e);

	v.o.command = command;
	if (fine && v.list) {
		print_formats();
	} else if (fine && argc == first) {
		fine = err_set(&e, ERR_USAGE, "an INPUT is expected");
	} else if (fine) {
		fine = check(&v, &e) &&
		       import_run(&v.o, (const char *const *)argv + first,
				  (unsigned)(argc - first), &r, &e);
		if (fine)
			print_result(&v, &r);
	}
	free(command);
	return fine ? 0 : cmd_fail(&cmd_import, &e);
}

const struct command cmd_import = {
    "import", "[--from FORMAT] [-o OUT.pwt] [options] INPUT...",
    "make a trace of what another tool recorded", options, run};
