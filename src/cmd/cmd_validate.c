/*
 * cmd_validate.c - pagewalk validate: hold a replay's page faults against
 * those that the kernel takes, on this machine.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "cmd/layers.h"
#include "cmd/validate_runs.h"
#include "report/report.h"
#include "report/validate.h"
#include "sim/conf.h"
#include "sim/recorded.h"
#include "sim/replay.h"
#include "trace/capture.h"
#include "trace/kernel_faults.h"
#include "trace/reader.h"

#define MAX_REPEAT 1000

struct options {
	uint64_t repeat, least;
	const char *json, *keep, *backend;
	struct opt_list config, set;
	bool no_recorded, each, quiet;
};

static const struct opt_spec specs[] = {
    {"repeat", 'n', OPT_U64, "N", "capture and compare N times (default 1)",
     offsetof(struct options, repeat)},
    {"json", 'j', OPT_STRING, "FILE",
     "write the result as JSON; -: to standard output, instead\n"
     "of the report",
     offsetof(struct options, json)},
    {"config", 'c', OPT_LIST, "CONFIG",
     "preset or configuration file for the replay, as for run",
     offsetof(struct options, config)},
    {"set", 's', OPT_LIST, "KEY=VALUE",
     "one configuration value on top; may be repeated",
     offsetof(struct options, set)},
    {"no-recorded", 0, OPT_FLAG, NULL,
     "replay without the settings of this machine",
     offsetof(struct options, no_recorded)},
    {"backend", 'b', OPT_STRING, "NAME", "what captures, as for capture",
     offsetof(struct options, backend)},
    {"keep", 'k', OPT_STRING, "DIR",
     "leave trace, fault log and smaps of each run in DIR",
     offsetof(struct options, keep)},
    {"least", 'm', OPT_U64, "PERCENT",
     "fail unless that much agrees (default 0)",
     offsetof(struct options, least)},
    {"each", 'e', OPT_FLAG, NULL, "list every fault that does not agree",
     offsetof(struct options, each)},
    {"quiet", 'q', OPT_FLAG, NULL, "no report",
     offsetof(struct options, quiet)},
    {NULL, 0, 0, NULL, NULL, 0},
};

/* A validation under way. */
struct work {
	struct options o;
	char *const *argv;
	char *command, *recorded, *backend;
	char scratch[64]; /* directory of our own, "" if --keep names one */
	struct err why;   /* no tracepoints: */
	struct validation v;
	struct val_ours ours;
	struct fault_log log;
	bool logging;
};

/* One capture: its files. */
static char *
file_of_run(const struct work *w, const char *suffix)
{
	const char *dir = w->o.keep ? w->o.keep : w->scratch;

	return xasprintf("%s/run%u.%s", dir, w->v.n_runs + 1, suffix);
}

static bool
on_fault(void *ctx, const struct fault_record *r, struct err *e)
{
	struct work *w = ctx;

	val_ours_add(&w->ours, r);
	return !w->logging || fault_log_put(&w->log, r, e);
}

static void
on_end(void *ctx, const struct os *os, uint32_t pid)
{
	struct work *w = ctx;

	resident_compare(&w->v.runs[w->v.n_runs].resident, os, pid);
}

static struct replay *
new_replay(struct work *w, struct trace_reader *trace, const struct conf *c,
	   struct err *e)
{
	struct conf_resolved r;
	struct replay_options opt = {
	    .on_fault = on_fault, .on_exit = on_end, .ctx = w};

	if (!conf_resolve(c, &r, e))
		return NULL;
	opt.slice = r.replay.slice;
	opt.modify_is_write = r.replay.modify_is_write;
	opt.price_kernel_refs = r.replay.price_kernel_refs;
	return replay_new(&trace, 1, &r.os, &r.lane, 1, &opt, e);
}

/* What is said of all runs, from the first trace. */
static void
note_trace(struct work *w, const struct trace_reader *trace,
	   const struct conf *c)
{
	const char *backend = trace_provenance(trace, "capture.backend");
	const char *valgrind = trace_provenance(trace, "valgrind.version");

	if (w->recorded)
		return;
	w->recorded = recorded_in_force(c);
	w->backend = xasprintf("%s, %s", backend ? backend : "?",
			       valgrind ? valgrind : "?");
}

static bool
replay_and_compare(struct work *w, struct trace_reader *trace, struct conf *c,
		   struct kernel_faults *k, struct err *e)
{
	struct val_run *run = &w->v.runs[w->v.n_runs];
	const struct kf_record *records = NULL;
	struct replay *replay;
	size_t n = 0;
	bool good;

	/* Valgrind runs a vfork as a fork, and reads the start of each file
	 * that is mapped: that is what the kernel saw. */
	if (!conf_set(c, "os.vfork=copied", "validate", e) ||
	    !conf_set(c, "os.mmap_probe=yes", "validate", e) ||
	    !layers_load(c, w->o.no_recorded ? NULL : trace, &w->o.config,
			 &w->o.set, e))
		return false;
	note_trace(w, trace, c);
	replay = new_replay(w, trace, c, e);
	if (!replay)
		return false;
	good = replay_run(replay, e);
	if (good && k)
		records = kernel_faults_done(k, &n);
	if (good) {
		val_compare(run, &w->ours, replay_os(replay), records, n);
		run->lost = k ? kernel_faults_lost(k) : 0;
		w->v.n_runs++;
	}
	replay_free(replay);
	return good;
}

/* Replay the trace at path, with its fault log if that is to be kept. */
static bool
open_and_compare(struct work *w, const char *path, struct kernel_faults *k,
		 struct err *e)
{
	struct trace_reader *trace = trace_open(path, false, e);
	struct conf *c = conf_new();
	char *log = file_of_run(w, "csv");
	bool good = trace != NULL;

	if (good)
		trace_read_ahead(trace, 1);
	if (good && w->o.keep)
		good = w->logging = fault_log_open(&w->log, log, e);
	good = good && replay_and_compare(w, trace, c, k, e);
	if (w->logging && good)
		good = fault_log_close(&w->log, e);
	else if (w->logging)
		fault_log_discard(&w->log);
	w->logging = false;
	free(log);
	conf_free(c);
	if (trace)
		trace_close(trace);
	val_ours_free(&w->ours);
	return good;
}

/* New, or NULL with the reason noted: then counts must do. */
static struct kernel_faults *
tracepoints(struct work *w)
{
	struct kernel_faults *k =
	    w->why.kind ? NULL : kernel_faults_new(&w->why);

	if (!k)
		w->v.unavailable = w->why.text;
	return k;
}

static bool
one_run(struct work *w, struct err *e)
{
	char *path = file_of_run(w, "pwt");
	char *smaps = file_of_run(w, "smaps");
	struct capture_options opt = {.output = path,
				      .smaps = smaps,
				      .backend = w->o.backend,
				      .quiet = true};
	struct kernel_faults *k = tracepoints(w);
	struct resident *resident = &w->v.runs[w->v.n_runs].resident;
	bool good;

	good = run_captured(&opt, w->argv, k, &w->v.captured_status, e) &&
	       resident_read(resident, smaps, e) &&
	       open_and_compare(w, path, k, e);
	if (!w->o.keep) {
		unlink(path);
		unlink(smaps);
	}
	kernel_faults_free(k);
	free(smaps);
	free(path);
	return good;
}

/* Without Valgrind: warms the page cache, and counts. */
static bool
native(struct work *w, struct err *e)
{
	struct kernel_faults *k = tracepoints(w);
	struct native_run n;
	bool good = run_native(w->argv, k, &n, e);

	kernel_faults_free(k);
	if (!good && k && e->kind == ERR_FAILED &&
	    !strncmp(e->text, "perf_event_open", 15)) {
		w->why = *e;
		w->v.unavailable = w->why.text;
		good = run_native(w->argv, NULL, &n, e);
	}
	if (!good)
		return false;
	w->v.native.minor = n.minor;
	w->v.native.major = n.major;
	w->v.native.faults = n.faults;
	w->v.native.status = n.status;
	return true;
}

static bool
make_scratch(struct work *w, struct err *e)
{
	const char *dir = getenv("TMPDIR");

	if (w->o.keep) {
		if (!mkdir(w->o.keep, 0777) || errno == EEXIST)
			return true;
		return err_set(e, ERR_FAILED, "%s: %s", w->o.keep,
			       strerror(errno));
	}
	if (snprintf(w->scratch, sizeof w->scratch, "%s/pagewalk.XXXXXX",
		     dir && *dir ? dir : "/tmp") >= (int)sizeof w->scratch ||
	    !mkdtemp(w->scratch)) {
		w->scratch[0] = '\0';
		return err_set(e, ERR_FAILED, "TMPDIR: cannot be used");
	}
	return true;
}

static bool
all_runs(struct work *w, struct err *e)
{
	if (!make_scratch(w, e) || !native(w, e))
		return false;
	w->v.runs = xcalloc(w->o.repeat, sizeof *w->v.runs);
	for (uint64_t i = 0; i < w->o.repeat; i++)
		if (!one_run(w, e))
			return false;
	return true;
}

static bool
report(struct work *w, struct err *e)
{
	bool to_stdout = w->o.json && !strcmp(w->o.json, "-");
	struct utsname u;
	double agreed;

	w->v.command = w->command;
	w->v.kernel = uname(&u) ? "?" : u.release;
	w->v.recorded = w->recorded;
	w->v.backend = w->backend;
	if (!w->o.quiet && !to_stdout)
		val_text(&w->v, w->o.each, stdout);
	if (w->o.json && !val_json(&w->v, w->o.json, e))
		return false;
	agreed = val_agreement(&w->v);
	return agreed >= (double)w->o.least ||
	       err_set(e, ERR_FAILED, "%.1f %% agree, %llu were asked for",
		       agreed, (unsigned long long)w->o.least);
}

static bool
parse(struct work *w, int argc, char **argv, struct err *e)
{
	int first;

	w->o.repeat = 1;
	if (!opt_parse(specs, argc, argv, true, &w->o, &first, e))
		return false;
	if (first >= argc)
		return err_set(e, ERR_USAGE, "no command given");
	if (!w->o.repeat || w->o.repeat > MAX_REPEAT)
		return err_set(e, ERR_USAGE, "--repeat: expected 1..%d",
			       MAX_REPEAT);
	if (w->o.least > 100)
		return err_set(e, ERR_USAGE, "--least: expected 0..100");
	w->argv = argv + first;
	w->command = xstrdup(argv[first]);
	for (int i = first + 1; i < argc; i++) {
		char *more = xasprintf("%s %s", w->command, argv[i]);

		free(w->command);
		w->command = more;
	}
	return true;
}

static void
release(struct work *w)
{
	for (unsigned i = 0; i < w->v.n_runs; i++)
		val_run_free(&w->v.runs[i]);
	free(w->v.runs);
	if (w->scratch[0])
		rmdir(w->scratch);
	free(w->command);
	free(w->recorded);
	free(w->backend);
	free(w->o.config.items);
	free(w->o.set.items);
	free(w);
}

static int
run(int argc, char **argv)
{
	struct work *w = xcalloc(1, sizeof *w);
	struct err e = {0};
	bool good =
	    parse(w, argc, argv, &e) && all_runs(w, &e) && report(w, &e);

	release(w);
	return good ? 0 : cmd_fail(&cmd_validate, &e);
}

const struct command cmd_validate = {
    .name = "validate",
    .synopsis = "[--repeat N] [--json FILE] [-c CONFIG]... "
		"[--set KEY=VALUE]... [--] COMMAND [ARG]...",
    .summary = "compare a replay's page faults with those the kernel takes",
    .options = specs,
    .run = run,
};
