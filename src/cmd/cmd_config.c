/* cmd_config.c - list, show, describe and check configurations.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"
#include "cmd/cmd.h"
#include "cmd/config_host.h"
#include "hw/repl.h"
#include "sim/conf.h"

struct options {
	struct opt_list config, set;
	bool origin;
};

static const struct opt_spec specs[] = {
    {"config", 'c', OPT_LIST, "CONFIG",
     "preset or file to lay over what is there; may be repeated",
     offsetof(struct options, config)},
    {"set", 's', OPT_LIST, "KEY=VALUE", "one value on top; may be repeated",
     offsetof(struct options, set)},
    {"origin", 0, OPT_FLAG, NULL, "show: say where each value comes from",
     offsetof(struct options, origin)},
    {NULL, 0, 0, NULL, NULL, 0},
};

static void
list_preset(void *ctx, const char *name, const char *help, const char *place)
{
	(void)ctx;
	printf("%-16s %s (%s)\n", name, help, place);
}

static int
list(void)
{
	conf_presets(list_preset, NULL);
	return 0;
}

/* What stands before an item, to print a section's heading once. */
struct shower {
	char section[128];
	bool origin;
};

static void
show_item(void *ctx, const struct conf_item *item)
{
	struct shower *s = ctx;
	const char *dot = strrchr(item->name, '.');
	size_t n = (size_t)(dot - item->name);
	int width;

	if (strlen(s->section) != n || strncmp(s->section, item->name, n)) {
		printf("%s[%.*s]\n", *s->section ? "\n" : "", (int)n,
		       item->name);
		snprintf(s->section, sizeof s->section, "%.*s", (int)n,
			 item->name);
	}
	width = printf("%s = %s", dot + 1, item->text);
	if (s->origin)
		printf("%*s ; %s", width < 36 ? 36 - width : 0, "",
		       item->origin);
	putchar('\n');
}

/* Lay the -c files (or words, or the default) and --set values. */
static bool
build(struct conf *conf, const struct options *o, int n, char **words,
      struct err *e)
{
	for (unsigned i = 0; i < o->config.n; i++)
		if (!conf_load(conf, o->config.items[i], e))
			return false;
	for (int i = 0; i < n; i++)
		if (!conf_load(conf, words[i], e))
			return false;
	if (!n && !o->config.n && !conf_load(conf, CONF_DEFAULT_PRESET, e))
		return false;
	for (unsigned i = 0; i < o->set.n; i++)
		if (!conf_set(conf, o->set.items[i], "--set", e))
			return false;
	return true;
}

static bool
show(const struct options *o, int n, char **words, struct err *e)
{
	struct conf *conf = conf_new();
	struct conf_resolved resolved;
	struct shower s = {.origin = o->origin};
	bool good =
	    build(conf, o, n, words, e) && conf_resolve(conf, &resolved, e);

	if (good)
		conf_each(conf, show_item, &s);
	conf_free(conf);
	return good;
}

/* What the words that a key takes mean, where they have a meaning. */
static void
describe_words(const struct conf_key *k)
{
	if (k->type == CONF_POLICY)
		for (unsigned i = 0; repl_policies[i].name; i++)
			printf("             %-13s %s\n", repl_policies[i].name,
			       repl_policies[i].help);
	if (k->type == CONF_PAGING)
		for (unsigned i = 0; paging_modes[i].levels; i++)
			printf("             %-15s %s\n", paging_modes[i].name,
			       paging_modes[i].help);
}

static void
describe_key(const struct conf_key *k)
{
	char expected[256];

	conf_expected(k, expected, sizeof expected);
	printf("%s\n    %s\n    takes:   %s\n", k->name, k->help, expected);
	describe_words(k);
	if (*k->unit)
		printf("    unit:    %s\n", k->unit);
	printf("    default: %s\n    source:  %s\n",
	       k->def ? k->def : "none, must be given", k->source);
}

/* A preset asked for by name. */
struct wanted {
	const char *name;
	bool found;
};

static void
describe_preset(void *ctx, const char *name, const char *help,
		const char *place)
{
	struct wanted *w = ctx;

	if (strcmp(w->name, name))
		return;
	w->found = true;
	printf("%s (%s)\n    %s\n    'pagewalk config show --origin %s' shows "
	       "its values\n",
	       name, place, help, name);
}

/* All keys that begin with a word and a dot: a section. */
static bool
describe_section(const char *section)
{
	size_t n = strlen(section);
	bool found = false;

	for (const struct conf_key *k = conf_keys; k->name; k++)
		if (!strncmp(k->name, section, n) && k->name[n] == '.') {
			describe_key(k);
			found = true;
		}
	return found;
}

static bool
describe(const char *word, struct err *e)
{
	struct wanted w = {word, false};
	char near[96];

	for (const struct conf_key *k = conf_keys; k->name; k++)
		if (!strcmp(k->name, word)) {
			describe_key(k);
			return true;
		}
	if (conf_key_find(word)) {
		describe_key(conf_key_find(word));
		return true;
	}
	conf_presets(describe_preset, &w);
	if (w.found || describe_section(word))
		return true;
	if (conf_suggest(word, near, sizeof near))
		return err_set(e, ERR_INPUT,
			       "%s: no such key or preset; did you mean %s?",
			       word, near);
	return err_set(e, ERR_INPUT, "%s: no such key or preset", word);
}

static bool
describe_all(int n, char **words, struct err *e)
{
	if (!n)
		for (const struct conf_key *k = conf_keys; k->name; k++)
			describe_key(k);
	for (int i = 0; i < n; i++)
		if (!describe(words[i], e))
			return false;
	return true;
}

static bool
check(const struct options *o, int n, char **words, struct err *e)
{
	struct conf_resolved resolved;

	for (int i = 0; i < n; i++) {
		struct conf *conf = conf_new();
		bool good = build(conf, o, 1, words + i, e) &&
			    conf_resolve(conf, &resolved, e);

		conf_free(conf);
		if (!good)
			return false;
		printf("%s: good\n", words[i]);
	}
	return true;
}

static bool
act(const struct options *o, int n, char **words, struct err *e)
{
	const char *action = n ? words[0] : "";

	if (!strcmp(action, "list") && n == 1)
		return list() == 0;
	if (!strcmp(action, "show"))
		return show(o, n - 1, words + 1, e);
	if (!strcmp(action, "describe"))
		return describe_all(n - 1, words + 1, e);
	if (!strcmp(action, "check") && n > 1)
		return check(o, n - 1, words + 1, e);
	if (!strcmp(action, "from-host") && n == 1)
		return config_from_host(stdout, e);
	return err_set(e, ERR_USAGE,
		       "expected list, show [CONFIG...], describe "
		       "[KEY|SECTION|PRESET...], check CONFIG... or "
		       "from-host");
}

static int
run(int argc, char **argv)
{
	struct options o = {0};
	struct err e = {0};
	int first;
	bool good;

	good = opt_parse(specs, argc, argv, false, &o, &first, &e) &&
	       act(&o, argc - first, argv + first, &e);
	free(o.config.items);
	free(o.set.items);
	return good ? 0 : cmd_fail(&cmd_config, &e);
}

const struct command cmd_config = {
    "config",
    "list | show [CONFIG...] | describe [KEY...] | check CONFIG... | from-host",
    "list, show, explain and check configurations",
    specs,
    run,
};
