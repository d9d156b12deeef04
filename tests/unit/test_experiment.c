/* test_experiment.c - axes, crossed and zipped; rules; what is wrong with a
 * file.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "sweep/experiment.h"

#include "../tap.h"

static char path[] = "/tmp/test_experiment.XXXXXX";

static struct experiment *
read_text(const char *text, struct err *e)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(99);
	*e = (struct err){0};
	return experiment_read(path, e);
}

/* All points of an experiment: "a1b1 a1b2 ...". */
static void
is_points(const char *text, const char *want, const char *what)
{
	struct err e;
	struct experiment *x = read_text(text, &e);
	const char *values[16];
	char got[1024] = "";

	for (uint64_t i = 0; x && i < experiment_size(x); i++) {
		if (!experiment_point(x, i, values))
			continue;
		strcat(got, *got ? " " : "");
		for (unsigned k = 1; k < x->n_axes; k++) /* 0 is the trace */
			strcat(got, values[k]);
	}
	is_str(x ? got : e.text, want, "%s", what);
	if (x)
		experiment_free(x);
}

#define T "[axes]\ntrace = t\n"

static void
test_points(void)
{
	is_points(T "a = 1 2\nb = x y\n", "1x 1y 2x 2y",
		  "crossed, the last one fastest");
	is_points(T "a = 1 2\n[zip]\nb = x y z\nc = p q r\n",
		  "1xp 1yq 1zr 2xp 2yq 2zr", "zipped ones advance together");
	is_points(T "a = 1\na = 2 3\n", "1 2 3", "a key again: more values");
	is_points(T "a = 1, 2,3\n", "1 2 3", "commas, too");
	is_points(T "a = \"4K 2M\" 4K\n", "4K 2M 4K", "quotes hold blanks");
	is_points(T "a = 1..4\n", "1 2 3 4", "a range");
	is_points(T "a = 0..10+4\n", "0 4 8", "by steps");
	is_points(T "a = 1..20*2\n", "1 2 4 8 16", "by factors");
	is_points(T "a = 1K..4K*2\n", "1024 2048 4096", "with suffixes");
	is_points(T "a = 4..1 0..8*2 x..y\n", "4..1 0..8*2 x..y",
		  "what is no range is a word");
	is_points(T "a = 1 2\nb = x y\n[exclude]\n1 = a=2 b=x\n", "1x 1y 2y",
		  "left out: where all words hold");
	is_points(T "a = 1 2\n[exclude]\n1 = a=1\n2 = a=2\n", "",
		  "nothing may be left");
}

static void
test_overrides(void)
{
	struct err e;
	struct experiment *x = read_text(
	    "[experiment]\nhelp = why\nlimit = 5k\n" T "a = 1 2\n[set]\nk = v\n"
	    "[override]\none = a=2 -> b=3 c=4\n",
	    &e);
	const char *values[2];

	ok(x && x->n_rules == 1 && x->limit == 5000 && x->n_sets == 1,
	   "an override, a limit, a setting");
	if (!x)
		return;
	is_str(x->help, "why", "what it is for");
	is_str(x->sets[0], "k=v", "for every point");
	experiment_point(x, 0, values);
	ok(!experiment_applies(x, &x->rules[0], values), "not to a=1");
	experiment_point(x, 1, values);
	ok(experiment_applies(x, &x->rules[0], values), "to a=2");
	is_str(x->rules[0].then, " b=3 c=4", "what it says");
	experiment_free(x);
}

static void
is_wrong(const char *text, const char *want)
{
	struct err e;
	struct experiment *x = read_text(text, &e);

	ok(!x && strstr(e.text, want), "%s", e.text);
	if (x)
		experiment_free(x);
}

static void
test_wrong(void)
{
	char *wide = xasprintf(T "a = %0400d\n", 1);

	is_wrong("[axes]\na = 1\n", "expected `trace = ...`");
	is_wrong(T "a =\n", ":3: a = : expected values");
	is_wrong(T "[zip]\na = 1 2\nb = 1\n", ":5: b: 1 values, but a has 2");
	is_wrong(T "a = 1\nb = 1\na = 2\n", ":5: a = 2: expected all lines");
	is_wrong("[experiment]\nlimit = many\n" T, ":2: limit = many");
	is_wrong("[experiment]\ncolour = red\n" T, ":2: colour = red");
	is_wrong("[axles]\ntrace = t\n", ":2: axles = trace");
	is_wrong(T "[override]\n1 = a=1 b=2\n", "KEY=VALUE ... -> KEY=VALUE");
	is_wrong("trace\n", ":1: expected [section]");
	is_wrong(T "a = 1..200000\n", "at most 100000 values");
	is_wrong(T "a = 1..9999\nb = 1..9999\n", "at most 10000000 points");
	is_wrong(wide, ":3: line");
	free(wide);
	unlink(path);
	ok(!experiment_read(path, &(struct err){0}), "no file");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd < 0)
		return 99;
	close(fd);
	test_points();
	test_overrides();
	test_wrong();
	return done_testing();
}
