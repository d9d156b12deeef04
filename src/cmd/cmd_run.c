/* cmd_run.c - replay a trace and report.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "cmd/run_lanes.h"
#include "cmd/run_windows.h"
#include "report/attribute.h"
#include "report/report.h"
#include "sim/future.h"
#include "sim/result.h"
#include "trace/capture.h"
#include "trace/reader.h"

#define MAX_TRACES 64

struct options {
	struct run_lanes_options lanes;
	struct opt_list attribute;
	uint64_t skip, warmup, limit;
	const char *roi;
	struct window_options windows;
	const char *json, *fault_log, *backend;
	bool recover, no_recorded, quiet, live;
};

static const struct opt_spec specs[] = {
    {"config", 'c', OPT_LIST, "CONFIG",
     "preset or configuration file; a further one is laid over\n"
     "the first (default: " CONF_DEFAULT_PRESET ")",
     offsetof(struct options, lanes.config)},
    {"set", 's', OPT_LIST, "KEY=VALUE",
     "one configuration value on top; may be repeated",
     offsetof(struct options, lanes.set)},
    {"lane", 'l', OPT_LIST, "[NAME=]CONFIG[,KEY=VALUE...]",
     "price the same replay on another machine, too; an empty\n"
     "CONFIG means what -c and --set give; may be repeated",
     offsetof(struct options, lanes.lane)},
    {"what-if", 0, OPT_STRING, "SIZE[,SIZE...]",
     "price the same replay with all memory in pages of another\n"
     "size, too, such as 64K,2M,1G",
     offsetof(struct options, lanes.what_if)},
    {"skip", 0, OPT_U64, "N",
     "pass over N instructions: only events are applied",
     offsetof(struct options, skip)},
    {"warmup", 0, OPT_U64, "N", "replay N instructions before counting",
     offsetof(struct options, warmup)},
    {"limit", 0, OPT_U64, "N", "end after N counted instructions",
     offsetof(struct options, limit)},
    {"roi", 0, OPT_STRING, "NAME",
     "count from PAGEWALK_MARK(NAME) to the next marker; roi:\n"
     "from PAGEWALK_ROI_BEGIN() to _END()",
     offsetof(struct options, roi)},
    {"interval", 0, OPT_U64, "N",
     "measure each N instructions by themselves, too",
     offsetof(struct options, windows.interval)},
    {"intervals", 0, OPT_STRING, "FILE",
     "write what was measured in each of them as CSV",
     offsetof(struct options, windows.intervals)},
    {"period", 0, OPT_U64, "N",
     "price one interval in each N instructions only, and judge\n"
     "the whole by them; the kernel still sees all",
     offsetof(struct options, windows.period)},
    {"rewarm", 0, OPT_U64, "N",
     "price N instructions before each of them without counting",
     offsetof(struct options, windows.rewarm)},
    {"simpoints", 0, OPT_STRING, "FILE",
     "price the intervals only that SimPoint chose",
     offsetof(struct options, windows.simpoints)},
    {"weights", 0, OPT_STRING, "FILE", "what SimPoint says they stand for",
     offsetof(struct options, windows.weights)},
    {"attribute", 0, OPT_LIST, "KIND=FILE",
     "write whose misses and faults they are as CSV: by function,\n"
     "line, page, or heat (page and time); or each miss, or each\n"
     "load of a walk (walk); may be repeated",
     offsetof(struct options, attribute)},
    {"json", 'j', OPT_STRING, "FILE",
     "write the result as JSON; -: to standard output, instead\n"
     "of the report",
     offsetof(struct options, json)},
    {"fault-log", 'f', OPT_STRING, "FILE", "write every page fault as CSV",
     offsetof(struct options, fault_log)},
    {"no-recorded", 0, OPT_FLAG, NULL,
     "do not take the settings of the machine the trace is from",
     offsetof(struct options, no_recorded)},
    {"recover", 0, OPT_FLAG, NULL,
     "pass over damaged parts of the trace and say so",
     offsetof(struct options, recover)},
    {"live", 0, OPT_FLAG, NULL,
     "run a command and replay it as it runs; nothing is stored",
     offsetof(struct options, live)},
    {"backend", 'b', OPT_STRING, "NAME", "what captures it, as for capture",
     offsetof(struct options, backend)},
    {"quiet", 'q', OPT_FLAG, NULL, "no report and no progress",
     offsetof(struct options, quiet)},
    {NULL, 0, 0, NULL, NULL, 0},
};

/* A run from its command line to its reports. */
struct run {
	struct options o;
	char **paths;                   /* of argv */
	struct capture_options capture; /* --live */
	struct capture_live *live;
	struct trace_reader *traces[MAX_TRACES];
	struct result_trace files[MAX_TRACES];
	unsigned n_traces;
	struct replay *replay;
	struct progress progress;
	struct fault_log log;
	bool logging, interrupted;
	int program_status; /* --live: its own end */
	struct run_lanes lanes;
	struct run_result result;
	struct run_windows windows;
	struct attribution *attribution; /* or NULL */
	struct map future;               /* os.reclaim=opt */
};

/* The one flag that a signal handler needs. */
static volatile sig_atomic_t interrupted;

static void
on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void
catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_signal,
				   .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
}

/* ---------------------------------------------------------------- replay */

static bool
on_fault(void *ctx, const struct fault_record *rec, struct err *e)
{
	struct run *run = ctx;

	result_fault(&run->result, replay_counts(run->replay), rec);
	if (run->attribution)
		attribution_fault(run->attribution, rec);
	return !run->logging || fault_log_put(&run->log, rec, e);
}

static void
on_miss(void *ctx, const struct miss_record *m)
{
	const struct run *run = ctx;

	attribution_miss(run->attribution, replay_os(run->replay), m);
}

static bool
on_progress(void *ctx, uint64_t instructions, uint64_t references)
{
	struct run *run = ctx;
	uint64_t done = 0, all = 0;

	(void)instructions;
	for (unsigned i = 0; i < run->n_traces; i++) {
		done += trace_tell(run->traces[i]);
		all += trace_totals(run->traces[i])->file_bytes;
	}
	progress_update(&run->progress, references, done, all, NULL);
	run->interrupted = interrupted;
	return !interrupted;
}

static bool
open_all(const struct run *run, struct trace_reader **traces, struct err *e)
{
	bool good = true;

	for (unsigned i = 0; i < run->n_traces; i++) {
		traces[i] =
		    good ? trace_open(run->paths[i], run->o.recover, e) : NULL;
		good = traces[i] != NULL;
		if (good)
			trace_read_ahead(traces[i], run->n_traces);
	}
	return good;
}

static void
close_all(const struct run *run, struct trace_reader **traces)
{
	for (unsigned i = 0; i < run->n_traces; i++)
		if (traces[i])
			trace_close(traces[i]);
}

/* os.reclaim=opt needs to know what will be: from a replay of its own. */
static bool
find_future(struct run *run, const struct os_config *os,
	    struct replay_options *opt, struct err *e)
{
	struct trace_reader *again[MAX_TRACES];
	bool good;

	if (os->reclaim != RECLAIM_OPT)
		return true;
	if (run->o.live)
		return err_set(
		    e, ERR_USAGE,
		    "os.reclaim: opt has to know the future; capture "
		    "the program first");
	good = open_all(run, again, e) &&
	       future_find(again, run->n_traces, os, opt, &run->future, e);
	close_all(run, again);
	opt->future = &run->future;
	return good;
}

static bool
make_replay(struct run *run, struct err *e)
{
	struct lane_config *lanes = xcalloc(run->lanes.n, sizeof *lanes);
	const struct conf_resolved *first = &run->lanes.resolved[0];
	struct replay_options opt = {
	    .skip = run->o.skip,
	    .warmup = run->o.warmup,
	    .limit = run->o.limit,
	    .roi = run->o.roi,
	    .slice = first->replay.slice,
	    .modify_is_write = first->replay.modify_is_write,
	    .price_kernel_refs = first->replay.price_kernel_refs,
	    .on_fault = on_fault,
	    .on_miss = run->attribution ? on_miss : NULL,
	    .on_progress = on_progress,
	    .ctx = run,
	    .on_mark = run->windows.windows ? windows_mark : NULL,
	    .mark_ctx = run->windows.windows,
	};

	if (!find_future(run, &first->os, &opt, e)) {
		free(lanes);
		return false;
	}
	for (unsigned i = 0; i < run->lanes.n; i++)
		lanes[i] = run->lanes.resolved[i].lane;
	run->replay = replay_new(run->traces, run->n_traces, &first->os, lanes,
				 run->lanes.n, &opt, e);
	free(lanes);
	return run->replay != NULL;
}

static bool
replay(struct run *run, struct err *e)
{
	bool good;

	catch_interrupt();
	if (run->o.attribute.n &&
	    !(run->attribution =
		  attribution_new((const char *const *)run->o.attribute.items,
				  (unsigned)run->o.attribute.n, e)))
		return false;
	if (!run_windows_open(&run->windows, &run->o.windows,
			      (const char *const *)run->lanes.name, e) ||
	    !make_replay(run, e))
		return false;
	if (run->o.fault_log) {
		if (!fault_log_open(&run->log, run->o.fault_log, e))
			return false;
		run->logging = true;
	}
	progress_begin(&run->progress, "run", "references", run->o.quiet);
	run->result.seconds = monotonic_seconds();
	good = replay_run(run->replay, e);
	run->result.seconds = monotonic_seconds() - run->result.seconds;
	progress_end(&run->progress);
	return good && run_windows_close(&run->windows, run->replay, e);
}

/* --------------------------------------------------------------- reports */

static void
collect(struct run *run, struct result_lane *lanes)
{
	struct run_result *r = &run->result;

	for (unsigned i = 0; i < run->n_traces; i++)
		run->files[i] = (struct result_trace){
		    run->o.live ? "live" : run->paths[i], run->traces[i]};
	r->traces = run->files;
	r->n_traces = run->n_traces;
	r->replay = run->replay;
	r->skip = run->o.skip;
	r->warmup = run->o.warmup;
	r->limit = run->o.limit;
	r->roi = run->o.roi;
	r->windows = run->windows.windows;
	r->complete = !run->interrupted;
	r->counts = replay_counts(run->replay);
	r->os = replay_os(run->replay);
	result_end(r, r->counts);
	for (unsigned i = 0; i < run->lanes.n; i++)
		lanes[i] = (struct result_lane){
		    .name = run->lanes.name[i],
		    .conf = run->lanes.conf[i],
		    .config = &run->lanes.resolved[i],
		    .stats = replay_lane_stats(run->replay, i),
		    .lane = i,
		    .what_if = run->lanes.what_if[i]};
	r->lanes = lanes;
	r->n_lanes = run->lanes.n;
}

static bool
report(struct run *run, struct err *e)
{
	struct result_lane lanes[RUN_MAX_LANES];
	bool to_stdout = run->o.json && !strcmp(run->o.json, "-");

	collect(run, lanes);
	if (run->logging && !fault_log_close(&run->log, e))
		return false;
	if (run->attribution &&
	    !attribution_write(run->attribution, replay_os(run->replay), e))
		return false;
	if (run->o.json && !report_json(&run->result, run->o.json, e))
		return false;
	if (!run->o.quiet && !to_stdout)
		report_text(&run->result, stdout);
	if (run->interrupted)
		return err_set(e, ERR_FAILED,
			       "interrupted; the report is of the part before");
	if (os_oom_text(replay_os(run->replay)))
		return err_set(e, ERR_REFUSED, "%s",
			       os_oom_text(replay_os(run->replay)));
	return true;
}

/* Returns the status of a live program's end. */
static int
release(struct run *run)
{
	int status;

	if (run->logging)
		fault_log_discard(&run->log);
	run_windows_free(&run->windows);
	attribution_free(run->attribution);
	if (run->replay)
		replay_free(run->replay);
	close_all(run, run->traces);
	if (run->live)
		run->program_status = capture_live_end(run->live);
	future_free(&run->future);
	run_lanes_free(&run->lanes);
	free(run->o.lanes.config.items);
	free(run->o.lanes.set.items);
	free(run->o.lanes.lane.items);
	free(run->o.attribute.items);
	status = run->program_status;
	free(run);
	return status;
}

static bool
open_live(struct run *run, struct err *e)
{
	run->n_traces = 1;
	run->capture.backend = run->o.backend;
	run->live = capture_live_start(&run->capture, run->paths,
				       &run->program_status, e);
	if (run->live)
		run->traces[0] = capture_live_trace(run->live);
	return run->live != NULL;
}

static bool
open_traces(struct run *run, struct err *e)
{
	return run->o.live ? open_live(run, e) : open_all(run, run->traces, e);
}

/* Then a command follows, whose options are its own. */
static bool
is_live(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--live"))
			return true;
	return false;
}

static bool
parse(struct run *run, int argc, char **argv, struct err *e)
{
	int first;

	if (!opt_parse(specs, argc, argv, is_live(argc, argv), &run->o, &first,
		       e))
		return false;
	if (argc == first)
		return err_set(e, ERR_USAGE,
			       run->o.live ? "--live: expected a command"
					   : "expected a trace");
	if (run->o.roi && run->o.warmup)
		return err_set(e, ERR_USAGE,
			       "--roi and --warmup: expected one of them");
	if (!run->o.live && argc - first > MAX_TRACES)
		return err_set(e, ERR_USAGE, "at most %d traces", MAX_TRACES);
	run->paths = argv + first;
	run->n_traces = (unsigned)(argc - first);
	return true;
}

static bool
configure(struct run *run, struct err *e)
{
	if (!run->o.no_recorded)
		run->o.lanes.recorded = run->traces[0];
	return run_lanes_load(&run->lanes, &run->o.lanes, e);
}

static int
cmd_run_main(int argc, char **argv)
{
	struct run *run = xcalloc(1, sizeof *run);
	struct err e = {0};
	bool good = parse(run, argc, argv, &e) && open_traces(run, &e) &&
		    configure(run, &e) && replay(run, &e) && report(run, &e);
	int status = release(run);

	if (!good) {
		int failure = cmd_fail(&cmd_run, &e);

		return status ? status : failure;
	}
	return status;
}

const struct command cmd_run = {
    "run",
    "TRACE... [-c CONFIG]... [--set KEY=VALUE]... [OPTION...]\n"
    "       pagewalk run --live [OPTION...] [--] COMMAND [ARG]...",
    "replay traces on one machine; report where translation time and faults\n"
    "come from",
    specs,
    cmd_run_main,
};
