/*
 * fuzz_config.c - libFuzzer target: any bytes as a configuration, and, line
 * by line, as settings of the command line.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "sim/conf.h"
#include "tests/fuzz/input.h"

static void
look(void *ctx, const struct conf_item *item)
{
	size_t *n = ctx;

	*n += strlen(item->name) + strlen(item->text) + strlen(item->origin);
}

static void
resolve(struct conf *c, bool fine, struct err *e)
{
	struct conf_resolved r;
	size_t n = 0;

	if (fine && conf_resolve(c, &r, e))
		conf_each(c, look, &n);
	else if (e->kind != ERR_INPUT || !e->text[0])
		abort();
}

static void
as_file(const char *path)
{
	struct err e = {.kind = ERR_NONE};
	struct conf *c = conf_new();

	resolve(c, conf_load(c, path, &e), &e);
	conf_free(c);
}

static void
as_settings(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size), *save = NULL;
	struct err e = {.kind = ERR_NONE};
	struct conf *c = conf_new();
	bool fine = conf_load(c, CONF_DEFAULT_PRESET, &e);

	for (char *s = strtok_r(text, "\n", &save); s && fine;
	     s = strtok_r(NULL, "\n", &save))
		fine = conf_set(c, s, "--set", &e);
	resolve(c, fine, &e);
	conf_free(c);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct memory_file in;

	/* A base may be any file: not those of this machine. */
	if (memmem(data, size, "base", 4) && memchr(data, '/', size))
		return 0;
	memory_file_fill(&in, data, size);
	as_file(in.path);
	as_settings(data, size);
	return 0;
}
