/* validate_runs.c - see validate_runs.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/validate_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/map.h"
#include "trace/capture.h"
#include "trace/kernel_faults.h"

#define TAKE_MS 20 /* between looks at the records and at the child */

/* What a child tells of its end. */
struct answer {
	bool good;
	struct err err;
	struct native_run native;
	int status;
};

/* What is done in the child, with its standard streams at /dev/null. */
struct job {
	char *const *argv;
	const struct capture_options *capture; /* NULL: run it as it is */
};

static int
exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

/* By vfork: a child that shares our memory takes no faults of its own before
 * its exec. */
static void
exec_and_wait(char *const *argv, struct answer *a)
{
	struct rusage u = {0};
	volatile int failed = 0;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execvp(argv[0], argv);
		failed = errno;
		_exit(127);
	}
	a->good = pid > 0 && wait4(pid, &status, 0, &u) == pid && !failed;
	if (!a->good) {
		err_set(&a->err, ERR_FAILED, "%s: %s", argv[0],
			strerror(failed ? failed : errno));
		return;
	}
	a->native.minor = (uint64_t)u.ru_minflt;
	a->native.major = (uint64_t)u.ru_majflt;
	a->native.status = exit_status(status);
}

static void
child(const struct job *job, int start, int result)
{
	struct answer a = {0};
	int null = open("/dev/null", O_RDWR);
	char go;

	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (read(start, &go, 1) != 1)
		_exit(1);
	close(start);
	if (job->capture)
		a.good =
		    capture_run(job->capture, job->argv, &a.status, &a.err);
	else
		exec_and_wait(job->argv, &a);
	_exit(write(result, &a, sizeof(a)) != sizeof(a));
}

static bool
cloexec_pipe(int ends[2], struct err *e)
{
	return !pipe2(ends, O_CLOEXEC) ||
	       err_set(e, ERR_FAILED, "pipe: %s", strerror(errno));
}

/* Let the child begin, record until it ends. */
static bool
follow(pid_t pid, int start, int result, struct kernel_faults *k,
       struct answer *a, struct err *e)
{
	bool good = !k || kernel_faults_attach(k, pid, e);
	ssize_t n = 0;

	if (good)
		n = write(start, "", 1);
	close(start);
	while (k && good && waitpid(pid, NULL, WNOHANG) == 0)
		kernel_faults_take(k, TAKE_MS);
	if (!k || !good)
		waitpid(pid, NULL, 0);
	if (!good)
		return false;
	if (n == 1 && read(result, a, sizeof(*a)) == sizeof(*a))
		return true;
	return err_set(e, ERR_FAILED, "the run did not end well");
}

static bool
run(const struct job *job, struct kernel_faults *k, struct answer *a,
    struct err *e)
{
	int start[2], result[2];
	bool good;
	pid_t pid;

	if (!cloexec_pipe(start, e))
		return false;
	if (!cloexec_pipe(result, e)) {
		close(start[0]);
		close(start[1]);
		return false;
	}
	pid = fork();
	if (pid == 0) {
		close(start[1]);
		close(result[0]);
		child(job, start[0], result[1]);
	}
	close(start[0]);
	close(result[1]);
	if (pid > 0) {
		good = follow(pid, start[1], result[0], k, a, e);
	} else {
		close(start[1]);
		good = err_set(e, ERR_FAILED, "fork: %s", strerror(errno));
	}
	close(result[0]);
	if (good && !a->good)
		*e = a->err;
	return good && a->good;
}

/* Faults of what has called exec. */
static uint64_t
count_faults(struct kernel_faults *k)
{
	size_t n;
	const struct kf_record *r = kernel_faults_done(k, &n);
	struct map on = {0};
	uint64_t faults = 0, v;

	for (; n; n--, r++) {
		if (r->kind == KF_EXEC)
			map_put(&on, r->pid, 1);
		else if (r->kind == KF_FORK && map_get(&on, r->parent, &v))
			map_put(&on, r->pid, 1);
		else if (r->kind == KF_FAULT)
			faults += map_get(&on, r->pid, &v);
	}
	map_free(&on);
	return faults;
}

bool
run_native(char *const *argv, struct kernel_faults *k, struct native_run *out,
	   struct err *e)
{
	const struct job job = {.argv = argv};
	struct answer a = {0};

	if (!run(&job, k, &a, e))
		return false;
	*out = a.native;
	if (k)
		out->faults = count_faults(k);
	return true;
}

bool
run_captured(const struct capture_options *opt, char *const *argv,
	     struct kernel_faults *k, int *status, struct err *e)
{
	const struct job job = {argv, opt};
	struct answer a = {0};

	if (!run(&job, k, &a, e))
		return false;
	*status = a.status;
	return true;
}
