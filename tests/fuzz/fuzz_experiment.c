/*
 * fuzz_experiment.c - libFuzzer target: any bytes as an experiment; its first
 * points are asked for.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/err.h"
#include "base/xalloc.h"
#include "sweep/experiment.h"
#include "tests/fuzz/input.h"

#define POINTS 500

static void
walk(const struct experiment *x)
{
	const char **values = xcalloc(x->n_axes + 1, sizeof(*values));
	uint64_t n = experiment_size(x);

	for (uint64_t i = 0; i < n && i < POINTS; i++) {
		if (!experiment_point(x, i, values))
			continue;
		for (unsigned k = 0; k < x->n_axes; k++)
			if (!values[k])
				abort();
		for (unsigned k = 0; k < x->n_rules; k++)
			experiment_applies(x, &x->rules[k], values);
	}
	free(values);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file in;
	struct err e = {.kind = ERR_NONE};
	struct experiment *x;

	memory_file_fill(&in, data, size);
	x = experiment_read(in.path, &e);
	if (x)
		walk(x);
	else if (e.kind != ERR_INPUT || !e.text[0])
		abort();
	if (x)
		experiment_free(x);
	return 0;
}
