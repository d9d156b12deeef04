/* cmd_export.c - pagewalk export: traces for other tools.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/outfile.h"
#include "cmd/cmd.h"
#include "trace/export.h"

struct export_values {
	const char *to, *output, *modify, *straddle;
	uint64_t pid, limit, interval;
	bool list;
};

#define AT(member) offsetof(struct export_values, member)

static const struct opt_spec options[] = {
    {"to", 't', OPT_STRING, "FORM",
     "lackey, din, xdin, champsim, csv or bbv (--list\nexplains them)", AT(to)},
    {"output", 'o', OPT_STRING, "FILE", "where to (standard output)",
     AT(output)},
    {"list", 0, OPT_FLAG, NULL, "print the forms and exit", AT(list)},
    {"pid", 'p', OPT_U64, "PID", "only this process", AT(pid)},
    {"limit", 'n', OPT_U64, "N", "stop after N instructions", AT(limit)},
    {"interval", 0, OPT_U64, "N", "bbv: instructions a vector", AT(interval)},
    {"modify", 0, OPT_STRING, "one|two",
     "a modify is one reference (where the form has no\n"
     "such thing, a store), or a load and a store",
     AT(modify)},
    {"straddle", 0, OPT_STRING, "one|two",
     "a reference over the edge of a page is one, or\n"
     "one in each page",
     AT(straddle)},
    {.name = NULL},
};

static void
print_forms(void)
{
	for (const struct exporter *t = exporters; t->name; t++)
		printf("%-10s %s\n", t->name, t->help);
}

static bool
settle(const struct export_values *v, const struct exporter **to,
       struct export_options *o, struct err *e)
{
	if (!v->to)
		return err_set(e, ERR_USAGE, "--to FORM is expected");
	*to = exporter_find(v->to);
	if (!*to)
		return err_set(e, ERR_USAGE,
			       "--to %s: no such form (--list prints them)",
			       v->to);
	if (v->pid > UINT32_MAX)
		return err_set(e, ERR_USAGE,
			       "--pid %llu: at most 4294967295 is expected",
			       (unsigned long long)v->pid);
	if (!(*to)->block != !v->interval)
		return err_set(e, ERR_USAGE,
			       v->interval
				   ? "--interval: only --to bbv has it"
				   : "--to %s: --interval N is expected",
			       v->to);
	*o = (struct export_options){.pid = (uint32_t)v->pid,
				     .limit = v->limit,
				     .interval = v->interval};
	o->convention.modify_two = (*to)->modify_two;
	return convention_parse("modify", v->modify, &o->convention.modify_two,
				e) &&
	       convention_parse("straddle", v->straddle,
				&o->convention.straddle_two, e);
}

static void
remark(const struct exporter *to, const struct export_counts *n)
{
	if (n->processes > 1 && strcmp(to->name, "csv"))
		warn("the references of %u processes are mixed, and %s cannot "
		     "tell them apart; --pid chooses one",
		     n->processes, to->name);
	if (n->lost)
		warn("%llu references to address 0 cannot be said in %s",
		     (unsigned long long)n->lost, to->name);
	if (!n->instructions)
		warn("no reference was written");
}

static bool
export_to(const struct export_values *v, const char *trace, struct err *e)
{
	const char *name = v->output ? v->output : "-";
	bool to_stdout = !strcmp(name, "-");
	const struct exporter *to = NULL;
	struct export_counts n = {0};
	struct export_options o;
	struct outfile out;

	if (!settle(v, &to, &o, e))
		return false;
	if (to_stdout && to->binary && isatty(STDOUT_FILENO))
		return err_set(e, ERR_USAGE,
			       "%s is binary: -o FILE is expected", to->name);
	if (!outfile_open(&out, name, e))
		return false;
	if (!export_run(to, &o, trace, out.f,
			to_stdout ? "standard output" : name, &n, e)) {
		outfile_discard(&out);
		return false;
	}
	if (!outfile_commit(&out, e))
		return false;
	remark(to, &n);
	return true;
}

static int
run(int argc, char **argv)
{
	struct export_values v = {0};
	struct err e = {.kind = ERR_NONE};
	int first;
	bool fine = opt_parse(options, argc, argv, false, &v, &first, &e);

	if (fine && v.list)
		print_forms();
	else if (fine && argc - first != 1)
		fine = err_set(&e, ERR_USAGE, "one TRACE is expected");
	else if (fine)
		fine = export_to(&v, argv[first], &e);
	return fine ? 0 : cmd_fail(&cmd_export, &e);
}

const struct command cmd_export = {
    "export", "--to FORM [-o FILE] [options] TRACE",
    "write a trace in the form of another tool", options, run};
