/*
 * cmd_sweep.c - run an experiment: its points, as lanes of as few replays as
 * can be, several at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/xalloc.h"
#include "cmd/cmd.h"
#include "cmd/run_windows.h"
#include "cmd/sweep_points.h"
#include "report/report.h"
#include "sim/future.h"
#include "sim/result.h"
#include "sweep/experiment.h"
#include "trace/reader.h"

#define MAX_LANES 64 /* of a replay */
#define MAX_JOBS  1024

struct options {
	const char *output, *shard;
	uint64_t jobs;
	bool dry_run, collect, no_recorded, quiet;
};

static const struct opt_spec specs[] = {
    {"output", 'o', OPT_STRING, "DIR",
     "where results are kept (default: results/ and the experiment's\n"
     "name); what is there already is not made again",
     offsetof(struct options, output)},
    {"jobs", 'j', OPT_U64, "N", "replays at a time (default: the CPUs)",
     offsetof(struct options, jobs)},
    {"dry-run", 'n', OPT_FLAG, NULL, "print the points and what they ask for",
     offsetof(struct options, dry_run)},
    {"shard", 0, OPT_STRING, "I/N",
     "only the I-th of N parts, from 1; makes no tables",
     offsetof(struct options, shard)},
    {"collect", 0, OPT_FLAG, NULL, "only make the tables of what is there",
     offsetof(struct options, collect)},
    {"no-recorded", 0, OPT_FLAG, NULL,
     "do not take the settings of the machines the traces are from",
     offsetof(struct options, no_recorded)},
    {"quiet", 'q', OPT_FLAG, NULL, "no summary and no progress",
     offsetof(struct options, quiet)},
    {NULL, 0, 0, NULL, NULL, 0},
};

/* Points that one replay prices. */
struct job {
	struct sweep_point *lanes[MAX_LANES];
	unsigned n;
	pid_t pid;  /* 0: not begun, or ended */
	int answer; /* where it says what went wrong */
};

struct sweep {
	struct options o;
	const char *file;
	struct experiment *x;
	struct sweep_points points;
	char *dir;
	unsigned shard, shards;
	struct job *jobs;
	unsigned n_jobs, running, done, failed, wanted;
	double begin, shown;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* One replay, in a process of its own ---------------------------------------
 */

struct pricing {
	struct run_result result;
	struct replay *replay;
	struct run_windows windows;
};

static bool
on_fault(void *ctx, const struct fault_record *rec, struct err *e)
{
	struct pricing *p = ctx;

	(void)e;
	result_fault(&p->result, replay_counts(p->replay), rec);
	return true;
}

static void
collect(struct pricing *p, const struct experiment *x)
{
	struct run_result *r = &p->result;

	r->replay = p->replay;
	r->skip = x->skip;
	r->warmup = x->warmup;
	r->limit = x->limit;
	r->roi = x->roi;
	r->windows = p->windows.windows;
	r->complete = true;
	r->counts = replay_counts(p->replay);
	r->os = replay_os(p->replay);
	result_end(r, r->counts);
}

/* Each lane's result, as if it had been alone. */
static bool
write_results(struct pricing *p, const struct sweep *s, const struct job *j,
	      struct err *e)
{
	bool good = true;

	for (unsigned i = 0; good && i < j->n; i++) {
		const struct sweep_point *at = j->lanes[i];
		struct result_lane lane = {.name = at->lane,
					   .conf = at->conf,
					   .config = at->resolved,
					   .lane = i,
					   .stats =
					       replay_lane_stats(p->replay, i)};
		char *path = store_path(s->dir, at);

		p->result.lanes = &lane;
		p->result.n_lanes = 1;
		good = report_json(&p->result, path, e);
		free(path);
	}
	return good;
}

static bool
know_future(const struct job *j, struct replay_options *opt, struct map *future,
	    struct err *e)
{
	const struct os_config *os = &j->lanes[0]->resolved->os;
	struct trace_reader *t;
	bool good;

	if (os->reclaim != RECLAIM_OPT)
		return true;
	t = trace_open(j->lanes[0]->trace, false, e);
	good = t && future_find(&t, 1, os, opt, future, e);
	if (t)
		trace_close(t);
	opt->future = future;
	return good;
}

static bool
replay_job(const struct sweep *s, const struct job *j, struct trace_reader *t,
	   struct err *e)
{
	const struct conf_resolved *first = j->lanes[0]->resolved;
	struct pricing p = {0};
	const struct window_options samples = {.interval = s->x->interval,
					       .period = s->x->period,
					       .rewarm = s->x->rewarm};
	struct replay_options opt = {
	    .skip = s->x->skip,
	    .warmup = s->x->warmup,
	    .limit = s->x->limit,
	    .roi = s->x->roi,
	    .slice = first->replay.slice,
	    .modify_is_write = first->replay.modify_is_write,
	    .price_kernel_refs = first->replay.price_kernel_refs,
	    .on_fault = on_fault,
	    .ctx = &p};
	struct lane_config *lanes = xcalloc(j->n, sizeof(*lanes));
	struct result_trace file = {j->lanes[0]->trace, t};
	struct map future = {0};
	bool good = know_future(j, &opt, &future, e) &&
		    run_windows_open(&p.windows, &samples, NULL, e);

	if (p.windows.windows)
		opt.on_mark = windows_mark;
	opt.mark_ctx = p.windows.windows;
	for (unsigned i = 0; i < j->n; i++)
		lanes[i] = j->lanes[i]->resolved->lane;
	if (good)
		p.replay = replay_new(&t, 1, &first->os, lanes, j->n, &opt, e);
	good = p.replay && replay_run(p.replay, e) &&
	       run_windows_close(&p.windows, p.replay, e);
	if (good) {
		p.result.traces = &file;
		p.result.n_traces = 1;
		collect(&p, s->x);
		good = write_results(&p, s, j, e);
	}
	if (p.replay)
		replay_free(p.replay);
	run_windows_free(&p.windows);
	future_free(&future);
	free(lanes);
	return good;
}

_Noreturn static void
child(const struct sweep *s, const struct job *j, int answer)
{
	struct err e = {0};
	struct trace_reader *t = trace_open(j->lanes[0]->trace, false, &e);

	signal(SIGINT, SIG_DFL);
	if (t)
		trace_read_ahead(t, (unsigned)min_u64(s->o.jobs, s->n_jobs));
	if (!t || !replay_job(s, j, t, &e)) {
		ssize_t n = write(answer, e.text, strlen(e.text));

		_exit(n < 0 ? 2 : 1);
	}
	_exit(0);
}

/* Many of them --------------------------------------------------------------
 */

static bool
start(struct sweep *s, struct job *j, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) || (j->pid = fork()) < 0) {
		j->pid = 0;
		return err_set(e, ERR_FAILED, "fork: %s", strerror(errno));
	}
	if (j->pid == 0)
		child(s, j, ends[1]);
	close(ends[1]);
	j->answer = ends[0];
	s->running++;
	return true;
}

/* All its points failed, or the one that is to blame cannot be told. */
static void
note_failure(struct sweep *s, struct job *j, int status)
{
	char text[1024] = "";
	ssize_t n = read(j->answer, text, sizeof(text) - 1);

	if (n <= 0)
		snprintf(text, sizeof(text), "the replay was ended by %s %d",
			 WIFSIGNALED(status) ? "signal" : "status",
			 WIFSIGNALED(status) ? WTERMSIG(status)
					     : WEXITSTATUS(status));
	for (unsigned i = 0; i < j->n; i++) {
		if (store_has(s->dir, j->lanes[i]))
			continue;
		j->lanes[i]->error = xstrdup(text);
		s->failed++;
	}
}

static void
show(struct sweep *s)
{
	double now = monotonic_seconds(), spent = now - s->begin;
	unsigned left = s->wanted - s->done;

	if (s->o.quiet || !isatty(STDERR_FILENO) || now - s->shown < 0.2)
		return;
	s->shown = now;
	fprintf(stderr, "\r\033[Ksweep: %u of %u points", s->done, s->wanted);
	if (s->done && left)
		fprintf(stderr, ", %.0f s left", spent / s->done * left);
	fflush(stderr);
}

static void
await_one(struct sweep *s)
{
	int status;
	pid_t pid = wait(&status);

	for (unsigned i = 0; pid > 0 && i < s->n_jobs; i++) {
		struct job *j = &s->jobs[i];

		if (j->pid != pid)
			continue;
		j->pid = 0;
		s->running--;
		s->done += j->n;
		if (status && !interrupted)
			note_failure(s, j, status);
		close(j->answer);
	}
	show(s);
}

static bool
run_jobs(struct sweep *s, struct err *e)
{
	struct sigaction action = {.sa_handler = on_signal};
	bool good = true;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	s->begin = monotonic_seconds();
	for (unsigned i = 0; good && i < s->n_jobs && !interrupted; i++) {
		while (s->running >= s->o.jobs)
			await_one(s);
		if (!interrupted)
			good = start(s, &s->jobs[i], e);
	}
	while (s->running)
		await_one(s);
	if (s->shown > 0)
		fputs("\r\033[K", stderr);
	return good;
}

/* Which points are wanted -----------------------------------------------------
 */

static struct job *
job_for(struct sweep *s, const struct sweep_point *p)
{
	for (unsigned i = s->n_jobs; i-- > 0;)
		if (s->jobs[i].lanes[0]->group == p->group &&
		    s->jobs[i].n < MAX_LANES)
			return &s->jobs[i];
	s->jobs = xreallocarray(s->jobs, s->n_jobs + 1, sizeof(*s->jobs));
	s->jobs[s->n_jobs] = (struct job){0};
	return &s->jobs[s->n_jobs++];
}

/* The same result may be asked for twice. */
static bool
is_planned(const struct sweep *s, const struct sweep_point *p)
{
	for (unsigned i = 0; i < s->n_jobs; i++)
		for (unsigned k = 0; k < s->jobs[i].n; k++)
			if (!strcmp(s->jobs[i].lanes[k]->id, p->id))
				return true;
	return false;
}

static void
plan_jobs(struct sweep *s)
{
	for (unsigned i = 0; i < s->points.n; i++) {
		struct sweep_point *p = &s->points.at[i];
		struct job *j;

		s->failed += p->error != NULL;
		if (p->error || p->group % s->shards != s->shard ||
		    store_has(s->dir, p) || is_planned(s, p))
			continue;
		j = job_for(s, p);
		j->lanes[j->n++] = p;
		s->wanted++;
	}
}

/* What is said ---------------------------------------------------------------
 */

static void
print_point(const struct sweep *s, const struct sweep_point *p)
{
	printf("%s", *p->id ? p->id : "----------------");
	for (unsigned k = 0; k < s->x->n_axes; k++)
		printf(" %s=%s", s->x->axes[k].key, p->values[k]);
	if (p->error)
		printf("  cannot be run: %s", p->error);
	else if (store_has(s->dir, p))
		printf("  is there");
	putchar('\n');
}

/* A further lane costs about 0.15 of the first one (`make bench`). */
static void
print_plan(const struct sweep *s)
{
	uint64_t refs = 0;
	double work = 0;

	for (unsigned i = 0; i < s->points.n; i++)
		print_point(s, &s->points.at[i]);
	for (unsigned i = 0; i < s->n_jobs; i++) {
		const struct job *j = &s->jobs[i];
		uint64_t n = points_references(&s->points, j->lanes[0]);

		refs += n;
		work += (double)n * (1 + 0.15 * (j->n - 1));
	}
	printf("%u points, %u to be made by %u replays of %.1f M references; "
	       "as much work as %.1f M references of one machine\n",
	       s->points.n, s->wanted, s->n_jobs, (double)refs * 1e-6,
	       work * 1e-6);
}

static void
print_failures(const struct sweep *s)
{
	const char *before = "";

	for (unsigned i = 0; i < s->points.n; i++) {
		const struct sweep_point *p = &s->points.at[i];

		if (!p->error)
			continue;
		if (strcmp(before, p->error) != 0)
			warn("%s", p->error);
		before = p->error;
	}
}

static bool
conclude(struct sweep *s, struct err *e)
{
	unsigned rows = 0;

	if (!s->o.shard &&
	    (!store_plan(s->dir, s->x, s->points.at, s->points.n, e) ||
	     !store_tables(s->dir, s->x, s->points.at, s->points.n, &rows, e)))
		return false;
	print_failures(s);
	if (!s->o.quiet && !s->o.shard)
		printf("%s/results.csv: %u of %u points, %u made now\n", s->dir,
		       rows, s->points.n, s->done);
	if (interrupted)
		return err_set(e, ERR_FAILED,
			       "interrupted; what was made is kept, run it "
			       "again to go on");
	return !s->failed || err_set(e, ERR_FAILED, "%u of %u points failed",
				     s->failed, s->points.n);
}

/* The command -----------------------------------------------------------------
 */

static bool
parse_shard(struct sweep *s, struct err *e)
{
	char more;

	s->shards = 1;
	if (!s->o.shard)
		return true;
	if (sscanf(s->o.shard, "%u/%u%c", &s->shard, &s->shards, &more) != 2 ||
	    !s->shard || s->shard > s->shards)
		return err_set(e, ERR_USAGE,
			       "--shard: %s: expected I/N, I from 1 to N",
			       s->o.shard);
	s->shard--;
	return true;
}

static bool
parse(struct sweep *s, int argc, char **argv, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int first;

	s->o.jobs = cpus > 0 ? (uint64_t)cpus : 1;
	if (!opt_parse(specs, argc, argv, false, &s->o, &first, e) ||
	    !parse_shard(s, e))
		return false;
	if (argc - first != 1)
		return err_set(e, ERR_USAGE, "expected one experiment");
	if (!s->o.jobs || s->o.jobs > MAX_JOBS)
		return err_set(e, ERR_USAGE, "--jobs: expected 1..%d",
			       MAX_JOBS);
	s->file = argv[first];
	return true;
}

static bool
sweep(struct sweep *s, struct err *e)
{
	s->x = experiment_read(s->file, e);
	if (!s->x)
		return false;
	s->dir = s->o.output ? xstrdup(s->o.output)
			     : xasprintf("results/%s", s->x->name);
	points_make(&s->points, s->x, !s->o.no_recorded);
	plan_jobs(s);
	if (s->o.dry_run) {
		print_plan(s);
		return true;
	}
	if (!store_make(s->dir, e))
		return false;
	return (s->o.collect || run_jobs(s, e)) && conclude(s, e);
}

static void
release(struct sweep *s)
{
	points_free(&s->points);
	if (s->x)
		experiment_free(s->x);
	free(s->jobs);
	free(s->dir);
	free(s);
}

static int
run(int argc, char **argv)
{
	struct sweep *s = xcalloc(1, sizeof(*s));
	struct err e = {0};
	bool good = parse(s, argc, argv, &e) && sweep(s, &e);

	release(s);
	return good ? 0 : cmd_fail(&cmd_sweep, &e);
}

const struct command cmd_sweep = {
    .name = "sweep",
    .synopsis = "EXPERIMENT.ini [-o DIR] [-j N] [OPTION]...",
    .summary = "price many configurations and traces; resume where it stopped",
    .options = specs,
    .run = run,
};
