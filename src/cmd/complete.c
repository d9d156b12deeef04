/* complete.c - candidates for the shell's completion, from the same tables as
 * --help.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/opt.h"
#include "cmd/cmd.h"
#include "sim/conf.h"
#include "trace/export.h"
#include "trace/import.h"
#include "trace/synth.h"

/* Candidates begin with this word; they go to f. */
struct completion {
	const char *word;
	FILE *f;
};

static void
offer(const struct completion *c, const char *candidate, const char *tail)
{
	if (!strncmp(candidate, c->word, strlen(c->word)))
		fprintf(c->f, "%s%s\n", candidate, tail);
}

static void
offer_preset(void *ctx, const char *name, const char *help, const char *place)
{
	(void)help;
	(void)place;
	offer(ctx, name, "");
}

static void
offer_options(const struct completion *c, const struct opt_spec *o)
{
	char name[64];

	for (; o && o->name; o++) {
		snprintf(name, sizeof name, "--%s", o->name);
		offer(c, name, "");
	}
	offer(c, "--help", "");
}

/* Keys of the default preset, its arrays member by member. */
static void
offer_item(void *ctx, const struct conf_item *item)
{
	offer(ctx, item->name, "=");
}

static void
offer_keys(const struct completion *c)
{
	struct conf *conf = conf_new();
	struct conf_resolved resolved;

	if (conf_load(conf, CONF_DEFAULT_PRESET, NULL) &&
	    conf_resolve(conf, &resolved, NULL))
		conf_each(conf, offer_item, (void *)c);
	conf_free(conf);
}

/* The values of a choice: after --set KEY=. */
static void
offer_values(const struct completion *c, const char *equals)
{
	char key[96], candidate[160];
	const struct conf_key *k;
	int n = (int)(equals - c->word);

	snprintf(key, sizeof key, "%.*s", n, c->word);
	k = conf_key_find(key);
	for (unsigned i = 0; k && k->choices && k->choices[i].name; i++) {
		snprintf(candidate, sizeof candidate, "%s=%s", key,
			 k->choices[i].name);
		offer(c, candidate, "");
	}
}

/* Is word the option that takes an argument called arg? */
static bool
takes(const struct command *cmd, const char *word, const char *arg)
{
	for (const struct opt_spec *o = cmd->options; o && o->name; o++) {
		bool is_long =
		    !strncmp(word, "--", 2) && !strcmp(word + 2, o->name);
		bool is_short = word[0] == '-' && o->letter &&
				word[1] == o->letter && !word[2];

		if ((is_long || is_short) && o->arg && !strcmp(o->arg, arg))
			return true;
	}
	return false;
}

static void
offer_config_words(const struct completion *c, int n, char **words)
{
	static const char *const actions[] = {"check", "describe", "from-host",
					      "list",  "show",     NULL};

	if (n == 2) {
		for (unsigned i = 0; actions[i]; i++)
			offer(c, actions[i], "");
		return;
	}
	conf_presets(offer_preset, (void *)c);
	if (!strcmp(words[1], "describe"))
		for (const struct conf_key *k = conf_keys; k->name; k++)
			offer(c, k->name, "");
}

static void
offer_patterns(const struct completion *c)
{
	for (const struct generator *g = generators; g->name; g++)
		offer(c, g->name, "");
}

/* Formats that are read (import) or written (export). */
static void
offer_forms(const struct completion *c, bool import)
{
	for (unsigned i = 0; import && importer_at(i); i++)
		offer(c, importer_at(i)->name, "");
	for (unsigned i = 0; !import && exporters[i].name; i++)
		offer(c, exporters[i].name, "");
}

void
cmd_complete(int n, char **words, FILE *f)
{
	struct completion c = {n > 0 ? words[n - 1] : "", f};
	const struct command *cmd;

	if (n <= 1) {
		for (unsigned i = 0; commands[i]; i++)
			offer(&c, commands[i]->name, "");
		offer(&c, "help", "");
		offer(&c, "--help", "");
		offer(&c, "--version", "");
		return;
	}
	cmd = cmd_find(words[0]);
	if (!strcmp(words[0], "help"))
		cmd_complete(1, words + 1, f);
	if (!cmd)
		return;
	if (takes(cmd, words[n - 2], "CONFIG"))
		conf_presets(offer_preset, &c);
	else if (takes(cmd, words[n - 2], "KEY=VALUE") && strchr(c.word, '='))
		offer_values(&c, strchr(c.word, '='));
	else if (takes(cmd, words[n - 2], "KEY=VALUE"))
		offer_keys(&c);
	else if (takes(cmd, words[n - 2], "FORMAT"))
		offer_forms(&c, true);
	else if (takes(cmd, words[n - 2], "FORM"))
		offer_forms(&c, false);
	else if (*c.word == '-')
		offer_options(&c, cmd->options);
	else if (!strcmp(cmd->name, "config"))
		offer_config_words(&c, n, words);
	else if (!strcmp(cmd->name, "generate"))
		offer_patterns(&c);
}
