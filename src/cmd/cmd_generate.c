/* cmd_generate.c - pagewalk generate: synthetic traces by name and seed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "trace/synth.h"

struct generate_values {
	struct synth_options o;
	const char *output, *skew;
	bool list;
};

#define AT(member) offsetof(struct generate_values, member)

static const struct opt_spec options[] = {
    {"output", 'o', OPT_STRING, "FILE", "where the trace goes (PATTERN.pwt)",
     AT(output)},
    {"list", 0, OPT_FLAG, NULL, "print the patterns and exit", AT(list)},
    {"footprint", 'f', OPT_U64, "BYTES",
     "memory that the references go to, up to 64T", AT(o.footprint)},
    {"refs", 'n', OPT_U64, "N",
     "data references to make, after the pass that\n"
     "writes each page once",
     AT(o.refs)},
    {"seed", 0, OPT_U64, "N", "another seed, another trace (1)", AT(o.seed)},
    {"stride", 0, OPT_U64, "BYTES", "from one element to the next",
     AT(o.stride)},
    {"writes", 0, OPT_U64, "PERCENT", "data references that are stores",
     AT(o.writes)},
    {"skew", 0, OPT_STRING, "NUMBER", "exponent of Zipf's law (0.99)",
     AT(skew)},
    {"node", 0, OPT_U64, "BYTES", "size of a tree's node (4096)", AT(o.node)},
    {"processes", 0, OPT_U64, "N", "children alive at once (16)",
     AT(o.processes)},
    {"code", 0, OPT_U64, "BYTES",
     "code that the loop is spread over, a copy in\neach page (4096)",
     AT(o.code)},
    {"page-random", 0, OPT_FLAG, NULL,
     "chase: pages in random order, elements inside a\npage in order",
     AT(o.page_random)},
    {"huge", 0, OPT_FLAG, NULL, "madvise(MADV_HUGEPAGE) on the memory",
     AT(o.huge)},
    {"no-init", 0, OPT_FLAG, NULL,
     "leave out the pass that writes each page once", AT(o.no_init)},
    {.name = NULL},
};

static void
print_patterns(void)
{
	for (const struct generator *g = generators; g->name; g++)
		printf("%-12s %s\n", g->name, g->help);
}

static bool
parse_skew(const char *text, double *skew, struct err *e)
{
	char *end;

	if (!text)
		return true;
	*skew = strtod(text, &end);
	if (*text && !*end && isfinite(*skew) && *skew >= 0)
		return true;
	return err_set(e, ERR_USAGE, "--skew %s: a number is expected", text);
}

static void
print_result(const char *path, const struct synth_result *r)
{
	printf("%s: %llu references (%llu instructions), %llu bytes\n", path,
	       (unsigned long long)r->totals.references,
	       (unsigned long long)r->totals.instructions,
	       (unsigned long long)r->totals.file_bytes);
	printf("measured part: %llu data references, from instruction %llu on "
	       "(run with --warmup %llu)\n",
	       (unsigned long long)r->data_refs,
	       (unsigned long long)r->measured_from,
	       (unsigned long long)r->measured_from);
}

static bool
generate(const char *pattern, struct generate_values *v, const char *command,
	 struct err *e)
{
	const struct generator *g = generator_find(pattern);
	struct synth_result result;
	char *path;
	bool fine;

	if (!g)
		return err_set(e, ERR_USAGE,
			       "%s: no such pattern (--list prints them)",
			       pattern);
	if (!parse_skew(v->skew, &v->o.skew, e) || !synth_settle(g, &v->o, e))
		return false;
	path = v->output ? xstrdup(v->output) : xasprintf("%s.pwt", g->name);
	fine = synth_make(g, &v->o, path, command, &result, e);
	if (fine)
		print_result(path, &result);
	free(path);
	return fine;
}

static int
run(int argc, char **argv)
{
	struct generate_values v = {.o = {SYNTH_UNSET, SYNTH_UNSET, SYNTH_UNSET,
					  SYNTH_UNSET, SYNTH_UNSET, SYNTH_UNSET,
					  SYNTH_UNSET, SYNTH_UNSET, -1, false,
					  false, false}};
	char *command = cmd_words(argc, argv);
	struct err e = {.kind = ERR_NONE};
	int first;
	bool fine = opt_parse(options, argc, argv, false, &v, &first, &e);

	if (fine && v.list)
		print_patterns();
	else if (fine && argc - first != 1)
		fine = err_set(&e, ERR_USAGE, "one PATTERN is expected");
	else if (fine)
		fine = generate(argv[first], &v, command, &e);
	free(command);
	return fine ? 0 : cmd_fail(&cmd_generate, &e);
}

const struct command cmd_generate = {
    "generate", "PATTERN [-o FILE.pwt] [options]",
    "make a synthetic trace: a known pattern of references", options, run};
