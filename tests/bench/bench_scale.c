/*
 * bench_scale.c - how a replay grows with memory and with lanes.
 *
 * For footprints from 1 MiB to 64 GiB: 2 M loads and stores of random words,
 * replayed in a process of its own; CPU time a reference, against the
 * smallest one, and the memory the process holds beyond the smallest one's, a
 * page that the program touched.  For 1 to 256 lanes on a trace: CPU time
 * against one lane, and memory a lane.
 *
 * usage: bench_scale CONFIG TRACE
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace/synth.h"

#include "bench.h"

#define REFS   2000000
#define SECOND 1000000.0

/* What one replay took. */
struct cost {
	double seconds;
	uint64_t bytes; /* resident at most */
	uint64_t references, faults;
};

/* In a process of its own, so that its memory is known. */
static struct cost
measure(const char *path, const struct conf *conf, unsigned lanes)
{
	struct cost cost = {0};
	struct replay_counts n;
	struct rusage used;
	int ends[2], status;
	pid_t pid;

	if (pipe(ends) || (pid = fork()) < 0)
		exit(1);
	if (pid == 0) {
		n = run_all(path, conf, lanes, false);
		_exit(write(ends[1], &n, sizeof(n)) != sizeof(n));
	}
	if (read(ends[0], &n, sizeof(n)) != sizeof(n) ||
	    wait4(pid, &status, 0, &used) != pid || status)
		exit(1);
	close(ends[0]);
	close(ends[1]);
	cost.seconds = (double)used.ru_utime.tv_sec +
		       (double)used.ru_utime.tv_usec / SECOND +
		       (double)used.ru_stime.tv_sec +
		       (double)used.ru_stime.tv_usec / SECOND;
	cost.bytes = (uint64_t)used.ru_maxrss * 1024;
	cost.references = n.references;
	cost.faults = n.minor + n.major;
	return cost;
}

/* In a process of its own, too: what it needs is not ours afterwards. */
static void
make_trace(const char *path, uint64_t footprint)
{
	const struct generator *g = generator_find("uniform");
	struct synth_options o = {.footprint = footprint,
				  .refs = REFS,
				  .seed = SYNTH_UNSET,
				  .stride = SYNTH_UNSET,
				  .writes = SYNTH_UNSET,
				  .node = SYNTH_UNSET,
				  .processes = SYNTH_UNSET,
				  .code = SYNTH_UNSET,
				  .skew = -1,
				  .no_init = true};
	struct synth_result result;
	struct err e;
	pid_t pid = fork();
	int status;

	if (pid) {
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			exit(1);
		return;
	}
	if (!synth_settle(g, &o, &e) ||
	    !synth_make(g, &o, path, NULL, &result, &e))
		die(&e);
	_exit(0);
}

static void
by_footprint(const struct conf *conf, const char *path)
{
	struct cost first = {0};

	puts("footprint  pages touched  time a reference  bytes a page");
	for (unsigned shift = 20; shift <= 36; shift += 2) {
		struct cost c;

		make_trace(path, (uint64_t)1 << shift);
		c = measure(path, conf, 1);
		if (shift == 20)
			first = c;
		printf("%6u %s %14" PRIu64 " %17.2f", 1u << (shift % 10),
		       shift < 30 ? "MiB" : "GiB", c.faults,
		       c.seconds / (double)c.references /
			   (first.seconds / (double)first.references));
		if (c.faults > 10 * first.faults)
			printf(" %13.0f\n",
			       (double)(c.bytes - first.bytes) /
				   (double)(c.faults - first.faults));
		else
			printf(" %13s\n", "-");
	}
}

static void
by_lanes(const struct conf *conf, const char *path)
{
	struct cost one = {0};

	puts("\nlanes  time  time a lane  KiB a lane");
	for (unsigned lanes = 1; lanes <= 256; lanes *= 2) {
		struct cost c = measure(path, conf, lanes);

		if (lanes == 1)
			one = c;
		printf("%5u %5.2f %12.3f", lanes, c.seconds / one.seconds,
		       c.seconds / one.seconds / lanes);
		if (lanes > 1)
			printf(" %11.0f\n", (double)(c.bytes - one.bytes) /
						(lanes - 1) / 1024);
		else
			printf(" %11s\n", "-");
	}
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/bench_scale.XXXXXX";
	struct conf *conf;
	struct err e;
	int fd;

	if (argc != 3) {
		fputs("usage: bench_scale CONFIG TRACE\n", stderr);
		return 2;
	}
	conf = conf_new();
	if (!conf_load(conf, argv[1], &e) ||
	    !conf_set(conf, "machine.memory=128G", "bench", &e))
		die(&e);
	fd = mkstemp(path);
	if (fd < 0)
		return 1;
	close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
	by_footprint(conf, path);
	by_lanes(conf, argv[2]);
	unlink(path);
	conf_free(conf);
	return 0;
}
