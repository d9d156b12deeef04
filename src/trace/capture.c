/*
 * capture.c - start a program under Valgrind, follow it, write its trace.
 *
 * One thread does it all: take held calls, read the logs' pipes in turn,
 * parse, write.  A pipe that is full makes its Valgrind wait, so memory is
 * bounded whatever the program does, and nothing is stored on the way.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/capture_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "base/progress.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "trace/vgstream.h"

/* Between a request to end and SIGKILL.  Valgrind looks for signals every
 * 100,000 blocks of code, which can be seconds of lackey's writing. */
#define GRACE_SECONDS 10.0

#define FAST_LEVEL 4 /* of compression, where that is the slowest part */

static const char *const valgrind_options[] = {
    "--command-line-only=yes", "--tool=lackey",        "--basic-counts=no",
    "--trace-mem=yes",         "--trace-syscalls=yes", "--trace-sched=yes",
    "--trace-signals=yes",     "--trace-children=yes", "--vgdb=no",
};

#define N_OPTIONS (sizeof(valgrind_options) / sizeof(valgrind_options[0]))

/* What the loop needs beside struct capture. */
struct loop {
	int signals;      /* signalfd */
	double started;   /* seconds, monotonic */
	double ending_at; /* when to kill; 0: not yet asked to end */
	double next_report;
	bool progress;
	int idle_ms;
};

/* The file a command names, as execvp(3) finds it; NULL if there is none. */
static char *
find_program(const char *name)
{
	const char *dir = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : xstrdup(name);
	if (!dir)
		dir = "/usr/local/bin:/usr/bin:/bin";
	while (*dir) {
		size_t n = strcspn(dir, ":");
		char *path = n ? xasprintf("%.*s/%s", (int)n, dir, name)
			       : xasprintf("./%s", name);
		struct stat st;

		if (!stat(path, &st) && S_ISREG(st.st_mode) &&
		    !access(path, X_OK))
			return path;
		free(path);
		dir += n + (dir[n] == ':');
	}
	return NULL;
}

char *
capture_find_valgrind(struct err *e)
{
	char *path = find_program("valgrind"), *real;

	if (!path) {
		err_set(e, ERR_FAILED,
			"valgrind is not installed (or not in PATH); "
			"on Debian: apt-get install valgrind");
		return NULL;
	}
	/* Debian wraps it in a script that adds to LD_LIBRARY_PATH, which
	 * would make every program look into more directories. */
	real = xasprintf("%s.bin", path);
	if (access(real, X_OK)) {
		free(real);
		return path;
	}
	free(path);
	return real;
}

static void
add_version(struct facts *f, const char *valgrind)
{
	char *command = xasprintf("'%s' --version 2>/dev/null", valgrind);
	char line[128];
	FILE *in = popen(command, "re");

	free(command);
	if (!in)
		return;
	if (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		facts_add(f, "valgrind.version", line);
	}
	pclose(in);
}

/* Size and CRC-32 tell whether a program is still the one traced. */
static void
add_program(struct facts *f, const char *path)
{
	unsigned char part[16384];
	char value[64], *real = realpath(path, NULL);
	uint64_t size = 0;
	uLong crc = crc32(0, NULL, 0);
	size_t n;
	FILE *in = fopen(path, "re");

	facts_add(f, "program.path", real ? real : path);
	free(real);
	if (!in)
		return;
	while ((n = fread(part, 1, sizeof(part), in)) > 0) {
		crc = crc32(crc, part, (uInt)n);
		size += n;
	}
	fclose(in);
	snprintf(value, sizeof(value), "%llu", (unsigned long long)size);
	facts_add(f, "program.size", value);
	snprintf(value, sizeof(value), "%08lx", crc);
	facts_add(f, "program.crc32", value);
}

static void
add_command(struct facts *f, char *const *argv)
{
	char *all = xstrdup(argv[0]), *cwd = getcwd(NULL, 0);

	for (int i = 1; argv[i]; i++) {
		char *more = xasprintf("%s %s", all, argv[i]);

		free(all);
		all = more;
	}
	facts_add(f, "command", all);
	facts_add(f, "cwd", cwd ? cwd : "");
	free(cwd);
	free(all);
}

/* What a reader of the trace must know was not seen. */
static const char blind[] =
    "references that the kernel makes for the program beside those of system "
    "calls (signal frames, futexes of ended threads); instructions of a block "
    "left by a fault before lackey printed them; the vDSO; vfork(2) and "
    "clone(CLONE_VM|CLONE_VFORK) give the child a copy of the memory; threads "
    "run one at a time, in "
    "Valgrind's order; addresses are those under Valgrind, without "
    "randomisation";

static void
gather_facts(struct facts *f, const char *valgrind, const char *program,
	     char *const *argv, bool own_tool)
{
	char date[64];
	time_t t = time(NULL);
	struct tm tm;

	facts_add(f, "tool.version", pagewalk_version);
	facts_add(f, "capture.backend", own_tool ? "pagewalk" : "lackey");
	facts_add(f, "capture.blind", own_tool ? capture_vg_blind : blind);
	add_command(f, argv);
	add_program(f, program);
	facts_add_environment(f);
	add_version(f, valgrind);
	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	facts_add(f, "date", date);
	facts_add_machine(f, program);
}

static bool
create_trace(struct capture *c, const char *valgrind, const char *program,
	     char *const *argv, char **path)
{
	struct trace_writer_options wo = {.level = (int)c->opt->level};
	const char *name = strrchr(argv[0], '/');
	struct facts f = {0};

	/* Our tool is held up by the compressor. */
	if (c->own_tool && !wo.level)
		wo.level = FAST_LEVEL;
	*path = c->opt->output ? xstrdup(c->opt->output)
			       : xasprintf("%s.pwt", name ? name + 1 : argv[0]);
	gather_facts(&f, valgrind, program, argv, c->own_tool);
	facts_add(&f, "capture.page_cache", page_cache_detail(&c->page_cache));
	c->out = trace_create(*path, &wo, f.pairs, f.n, &c->err);
	facts_free(&f);
	return c->out;
}

/* Valgrind, its options, the program. */
static char **
command_line(struct capture *c, const char *valgrind, char *const *argv)
{
	char **all;
	size_t n = 0, at = 0;

	while (argv[n])
		n++;
	all = xcalloc(n + N_OPTIONS + 3, sizeof(*all));
	all[at++] = xstrdup(valgrind);
	for (size_t i = 0; i < N_OPTIONS; i++)
		all[at++] = xstrdup(valgrind_options[i]);
	all[at++] = xasprintf("--log-file=%s%%p.%%n", c->log_prefix);
	c->skip_args = (unsigned)at;
	for (size_t i = 0; i < n; i++)
		all[at++] = xstrdup(argv[i]);
	return all;
}

static void
free_words(char **words)
{
	for (size_t i = 0; words[i]; i++)
		free(words[i]);
	free(words);
}

/* The program's limit of descriptors, with room above it that Valgrind can
 * have without privilege. */
static uint64_t
limit_descriptors(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return 0;
	if (rl.rlim_max > 4 * FD_ROOM && rl.rlim_cur > rl.rlim_max - FD_ROOM) {
		rl.rlim_cur = rl.rlim_max - FD_ROOM;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	return rl.rlim_cur;
}

static bool
launch_lackey(struct capture *c, const char *valgrind, char *const *argv,
	      const sigset_t *mask)
{
	char **words;

	/* Nothing can be made under that name if we are not there. */
	snprintf(c->log_prefix, sizeof(c->log_prefix), "/proc/pagewalk-log-%d/",
		 (int)getpid());
	words = command_line(c, valgrind, argv);
	c->fd_limit = limit_descriptors();
	c->root = gate_launch(&c->gate, words, mask, &c->err);
	free_words(words);
	if (c->root < 0)
		return false;
	process_new(c, (uint32_t)c->root);
	return true;
}

static bool
launch(struct capture *c, struct loop *l, const char *valgrind,
       char *const *argv)
{
	sigset_t ours, before;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ours, &before);
	l->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	return c->own_tool ? capture_vg_launch(c, valgrind, argv, &before)
			   : launch_lackey(c, valgrind, argv, &before);
}

static void
kill_all(struct capture *c)
{
	if (c->vg)
		vgstream_kill(c->vg, SIGKILL);
	for (struct process *p = c->processes; p; p = p->next)
		if (p->pidfd >= 0)
			syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL,
				0);
	for (size_t i = 0; i < c->n_held; i++)
		if (c->held[i].pid && gate_valid(&c->gate, c->held[i].call.id))
			kill((pid_t)c->held[i].pid, SIGKILL);
}

/* A signal for us: the program is to end.  The terminal has told it already;
 * a sender has not. */
static void
on_end_signal(struct capture *c, struct loop *l,
	      const struct signalfd_siginfo *si)
{
	if (c->ending) {
		l->ending_at = monotonic_seconds();
		return;
	}
	c->ending = (int)si->ssi_signo;
	l->ending_at = monotonic_seconds() + GRACE_SECONDS;
	if (si->ssi_code == SI_KERNEL)
		return;
	if (c->vg)
		vgstream_kill(c->vg, (int)si->ssi_signo);
	for (struct process *p = c->processes; p; p = p->next)
		if (p->pidfd >= 0)
			syscall(SYS_pidfd_send_signal, p->pidfd,
				(int)si->ssi_signo, NULL, 0);
}

static void
take_signals(struct capture *c, struct loop *l)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	while (read(l->signals, &si, sizeof(si)) == sizeof(si))
		if (si.ssi_signo != SIGCHLD)
			on_end_signal(c, l, &si);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (c->vg)
			vgstream_reaped(c->vg, pid, status);
		if (pid != c->root)
			continue;
		c->root_status = status;
		c->root_reaped = true;
	}
}

/* Read every log once; the largest slice. */
static size_t
read_logs(struct capture *c)
{
	size_t most = 0;

	for (struct process *p = c->processes; p; p = p->next) {
		size_t n = process_read(p);

		if (n > most)
			most = n;
	}
	return most;
}

static void
free_dead(struct capture *c)
{
	struct process *p = c->processes, *next;

	for (; p; p = next) {
		next = p->next;
		if (p->dead)
			process_free(p);
	}
}

static void
report_progress(struct capture *c, struct loop *l)
{
	const struct trace_totals *t = trace_writer_totals(c->out);
	double at = monotonic_seconds(), seconds = at - c->started;

	if (!l->progress || at < l->next_report)
		return;
	l->next_report = at + 0.5;
	fprintf(stderr, "\r%.1f M references, %.2f M/s, %.1f MB written\033[K",
		(double)c->refs / 1e6, (double)c->refs / 1e6 / seconds,
		(double)t->file_bytes / 1e6);
}

/* Sleep until a call is held, a signal comes, or the pipes are worth
 * reading: a pipe that is polled wakes us for every line. */
static void
wait_a_little(struct capture *c, struct loop *l, size_t most)
{
	struct pollfd fds[2] = {{.fd = c->gate.listener, .events = POLLIN},
				{.fd = l->signals, .events = POLLIN}};

	if (most >= 32768)
		l->idle_ms = 0;
	else if (most || c->n_held)
		l->idle_ms = 1;
	else if (l->idle_ms < 16)
		l->idle_ms = l->idle_ms ? l->idle_ms * 2 : 1;
	poll(fds, 2, l->idle_ms);
}

static void
follow(struct capture *c, struct loop *l)
{
	size_t most = 0;

	while (c->processes || c->n_held || !c->root_reaped) {
		wait_a_little(c, l, most);
		take_signals(c, l);
		held_take(c);
		most = read_logs(c);
		held_release(c);
		processes_reap(c);
		free_dead(c);
		report_progress(c, l);
		if (c->failed || c->full ||
		    (c->ending && monotonic_seconds() >= l->ending_at))
			kill_all(c);
	}
}

static void
follow_own_tool(struct capture *c, struct loop *l)
{
	bool more = true;

	while (more || !c->root_reaped) {
		take_signals(c, l);
		if (more && !c->failed)
			more = capture_vg_step(c);
		else
			poll(NULL, 0, 10);
		report_progress(c, l);
		if (c->failed || c->full ||
		    (c->ending && monotonic_seconds() >= l->ending_at))
			kill_all(c);
		if (c->failed)
			more = false;
	}
}

static void
note_number(struct capture *c, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	trace_note(c->out, key, text);
}

/* The program's.  When it did not end in time and we killed it, its status
 * would tell of that, not of what was asked. */
static int
exit_status(const struct capture *c)
{
	if (c->full)
		return 0;
	if (c->ending && WIFSIGNALED(c->root_status) &&
	    WTERMSIG(c->root_status) == SIGKILL)
		return 128 + c->ending;
	if (WIFSIGNALED(c->root_status))
		return 128 + WTERMSIG(c->root_status);
	return WEXITSTATUS(c->root_status);
}

static const char *
end_reason(const struct capture *c)
{
	if (c->full)
		return "max-refs";
	return c->ending ? "interrupted" : "program ended";
}

/* Close the trace; say what was done. */
static bool
finish(struct capture *c, const struct loop *l, const char *path)
{
	const struct trace_totals totals = *trace_writer_totals(c->out);
	struct stat st = {0};

	if (c->failed) {
		trace_abandon(c->out);
		err_prefix(&c->err,
			   "%s: the trace ends early, what was "
			   "written stays readable: ",
			   path);
		return false;
	}
	note_number(c, "exit.status", (uint64_t)exit_status(c));
	note_number(c, "references", c->refs);
	note_number(c, "capture.unfinished_calls", c->lost);
	note_number(c, "capture.untraced_processes", c->untraced);
	if (c->untraced)
		warn("%s: %u processes ran without Valgrind and are in the "
		     "trace by their start and end only",
		     path, c->untraced);
	trace_note(c->out, "capture.end", end_reason(c));
	if (!trace_finish(c->out, &c->err))
		return false;
	stat(path, &st);
	if (!c->opt->quiet)
		fprintf(stderr,
			"%spagewalk: %s: %llu references in %.1f s, %lld "
			"bytes (%.3f bytes a reference)\n",
			l->progress ? "\r\033[K" : "", path,
			(unsigned long long)totals.references,
			monotonic_seconds() - c->started, (long long)st.st_size,
			totals.references
			    ? (double)st.st_size / (double)totals.references
			    : 0.0);
	return true;
}

static void
clean_up(struct capture *c, struct loop *l)
{
	while (c->processes)
		process_free(c->processes);
	vgstream_free(c->vg);
	gate_close(&c->gate);
	files_free(&c->files);
	page_cache_close(&c->page_cache);
	map_free(&c->mapped);
	free(c->held);
	free(c->ranges.items);
	if (l->signals >= 0)
		close(l->signals);
}

/* 126 and 127 as env(1) and the shells have them. */
static char *
find_command(const char *name, int *status, struct err *e)
{
	char *path = find_program(name);

	if (path)
		return path;
	*status = strchr(name, '/') && !access(name, F_OK) ? 126 : 127;
	err_set(e, ERR_FAILED, "%s: %s", name,
		*status == 126 ? "cannot be executed" : "command not found");
	return NULL;
}

/* Which back end?  False and *e if the one asked for is not there. */
static bool
choose_backend(struct capture *c, struct err *e)
{
	const char *name = c->opt->backend;
	char *dir = vgstream_tool_dir();

	c->own_tool = dir && (!name || strcmp(name, "lackey") != 0);
	free(dir);
	if (name && strcmp(name, "lackey") != 0 &&
	    strcmp(name, "pagewalk") != 0)
		return err_set(e, ERR_USAGE,
			       "--backend: %s is not pagewalk or lackey", name);
	if (c->opt->roi && !c->own_tool)
		return err_set(e, ERR_FAILED,
			       "--roi: lackey does not see markers");
	if (name && !c->own_tool && strcmp(name, "pagewalk") == 0)
		return err_set(e, ERR_FAILED,
			       "--backend: our Valgrind tool is not there (it "
			       "is built where Valgrind's development files "
			       "are)");
	if (!name && !c->own_tool && !c->opt->quiet)
		warn("our Valgrind tool has not been built: using lackey, "
		     "which is a hundred times slower");
	return true;
}

bool
capture_run(const struct capture_options *opt, char *const *argv, int *status,
	    struct err *e)
{
	struct capture c = {.opt = opt,
			    .started = monotonic_seconds(),
			    .skip_left = opt->skip_refs,
			    .files = {.announce = emit_file, .ctx = &c},
			    .gate = {.listener = -1}};
	struct loop l = {.signals = -1};
	char *valgrind =
	    choose_backend(&c, e) ? capture_find_valgrind(e) : NULL;
	char *path = NULL;
	char *program = valgrind ? find_command(argv[0], status, e) : NULL;
	bool fine = false;

	page_cache_open(&c.page_cache);
	if (program) {
		l.progress = !opt->quiet && (opt->progress || isatty(2));
		fine = create_trace(&c, valgrind, program, argv, &path);
		if (fine && !launch(&c, &l, valgrind, argv)) {
			trace_abandon(c.out);
			unlink(path);
			fine = false;
		} else if (fine) {
			if (c.vg)
				follow_own_tool(&c, &l);
			else
				follow(&c, &l);
			fine = finish(&c, &l, path);
			*status = fine ? exit_status(&c) : 0;
		}
		if (!fine)
			*e = c.err;
	}
	clean_up(&c, &l);
	free(program);
	free(valgrind);
	free(path);
	return fine;
}

/* Live -------------------------------------------------------------------- */

struct capture_live {
	struct capture c;
	struct loop l;
	struct facts facts;
	unsigned calls;
	bool ended;
};

static void
look_at_signals(struct capture_live *cl)
{
	take_signals(&cl->c, &cl->l);
	if (cl->c.ending && monotonic_seconds() >= cl->l.ending_at)
		kill_all(&cl->c);
}

static void
await_root(struct capture_live *cl)
{
	for (; !cl->c.root_reaped; poll(NULL, 0, 1))
		look_at_signals(cl);
}

static enum trace_item
live_next(void *ctx, struct trace_batch *refs, struct event *ev, struct err *e)
{
	struct capture_live *cl = ctx;

	for (;;) {
		if (cl->calls++ % 64 == 0)
			look_at_signals(cl);
		switch (vgstream_next(cl->c.vg, 50, refs, ev, e)) {
		case VG_REFS:
			return TRACE_REFS;
		case VG_EVENT:
			return TRACE_EVENT;
		case VG_WAIT:
			look_at_signals(cl);
			break;
		case VG_END:
			cl->ended = true;
			await_root(cl);
			return TRACE_END;
		case VG_ERROR:
			return TRACE_ERROR;
		}
	}
}

static bool
live_launch(struct capture_live *cl, char *const *argv, int *status,
	    struct err *e)
{
	struct capture *c = &cl->c;
	char *valgrind = capture_find_valgrind(e), *program = NULL;
	bool good = false;

	if (valgrind)
		program = find_command(argv[0], status, e);
	if (program) {
		gather_facts(&cl->facts, valgrind, program, argv, true);
		facts_add(&cl->facts, "capture.page_cache",
			  page_cache_detail(&c->page_cache));
		good = launch(c, &cl->l, valgrind, argv);
		if (!good)
			*e = c->err;
	}
	free(program);
	free(valgrind);
	return good;
}

struct capture_live *
capture_live_start(const struct capture_options *opt, char *const *argv,
		   int *status, struct err *e)
{
	struct capture_live *cl = xcalloc(1, sizeof(*cl));

	cl->c.opt = opt;
	cl->c.gate.listener = -1;
	cl->l.signals = -1;
	page_cache_open(&cl->c.page_cache);
	if (choose_backend(&cl->c, e) && !cl->c.own_tool)
		err_set(e, ERR_FAILED,
			"lackey cannot be followed live: capture first, or "
			"build our Valgrind tool");
	if (!e->kind && live_launch(cl, argv, status, e))
		return cl;
	cl->ended = true;
	capture_live_end(cl);
	return NULL;
}

struct trace_reader *
capture_live_trace(struct capture_live *cl)
{
	return trace_of_source(live_next, cl, cl->facts.pairs, cl->facts.n);
}

int
capture_live_end(struct capture_live *cl)
{
	int status = 0;

	if (!cl->ended) {
		kill_all(&cl->c);
		await_root(cl);
	} else if (cl->c.root_reaped) {
		status = exit_status(&cl->c);
	}
	clean_up(&cl->c, &cl->l);
	facts_free(&cl->facts);
	free(cl);
	return status;
}
