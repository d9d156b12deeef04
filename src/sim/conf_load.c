/* conf_load.c - INI files, their bases, and where presets are found.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/textfile.h"
#include "base/xalloc.h"
#include "sim/conf_priv.h"

/* One file being laid over a configuration. */
struct source {
	struct conf *conf;
	struct err *e;
	const char *label; /* in messages: path or preset name */
	const char *dir;   /* beside which bases are looked for, or NULL */
	struct text_lines text;
	bool failed;
	bool bases_only; /* first pass: lay the bases, skip all else */
	bool base_seen;  /* this pass */
	char **given;    /* keys of this file, to refuse a second time */
	size_t n_given, cap_given;
	const struct source *user; /* whose base this is, or NULL */
};

static bool load_named(struct conf *c, const char *name,
		       const struct source *user, struct err *e);

static bool
fail_here(struct source *s, const char *fmt, const char *arg)
{
	s->failed = true;
	err_set(s->e, ERR_INPUT, fmt, arg);
	return err_prefix(s->e, "%s:%d", s->label, s->text.line);
}

static bool
lay_bases(struct source *s, const char *names)
{
	char word[256];
	size_t n;

	while (*(names += strspn(names, " ,\t"))) {
		n = strcspn(names, " ,\t");
		if (n >= sizeof word)
			return fail_here(s, "base = %s: name too long", names);
		memcpy(word, names, n);
		word[n] = '\0';
		names += n;
		if (!load_named(s->conf, word, s, s->e)) {
			s->failed = true;
			return err_prefix(s->e, "%s:%d", s->label,
					  s->text.line);
		}
	}
	return true;
}

static bool
top_level(struct source *s, const char *name, const char *value)
{
	if (!strcmp(name, "help")) /* conf_presets() reads it */
		return true;
	if (strcmp(name, "base"))
		return fail_here(s,
				 "%s: outside a section only base and help "
				 "are known",
				 name);
	if (s->base_seen)
		return fail_here(s,
				 "base = %s: given twice; several names "
				 "may stand on one line",
				 value);
	s->base_seen = true;
	return !s->bases_only || lay_bases(s, value);
}

static bool
given_twice(struct source *s, const char *name)
{
	for (size_t i = 0; i < s->n_given; i++)
		if (!strcmp(s->given[i], name))
			return true;
	s->given = xgrow(s->given, s->n_given, &s->cap_given, sizeof *s->given);
	s->given[s->n_given++] = xstrdup(name);
	return false;
}

static bool
take(struct source *s, const char *section, const char *name, const char *value)
{
	char key[2 * CONF_KEY_MAX], origin[300];

	if (!*section)
		return top_level(s, name, value);
	if (s->bases_only)
		return true;
	snprintf(key, sizeof key, "%s.%s", section, name);
	if (given_twice(s, key))
		return fail_here(s, "%s: given twice in this file", key);
	snprintf(origin, sizeof origin, "%s:%d", s->label, s->text.line);
	s->failed = !conf_put(s->conf, key, value, origin, s->e);
	return !s->failed;
}

/* inih met NAME = VALUE.  0 means failure to it, but it would read on. */
static int
handle(void *ctx, const char *section, const char *name, const char *value)
{
	struct source *s = ctx;
	bool good = take(s, section, name, value);

	if (!good)
		s->text.rest = "";
	return good;
}

/* Parse text twice: the bases first, wherever they stand, then the rest. */
static bool
lay_text(struct source *s, const char *text)
{
	int bad_line;

	for (int pass = 0; pass < 2 && !s->failed; pass++) {
		s->bases_only = pass == 0;
		s->base_seen = false;
		s->text = (struct text_lines){.rest = text};
		bad_line =
		    ini_parse_stream(text_next_line, &s->text, handle, s);
		if (s->text.too_long && !s->failed)
			fail_here(s, "%s", "line too long");
		/* inih goes on after its errors; the first one counts. */
		if (bad_line && (!s->failed || bad_line < s->text.line)) {
			s->text.line = bad_line;
			fail_here(s, "%s",
				  "expected [section] or NAME = VALUE");
		}
	}
	for (size_t i = 0; i < s->n_given; i++)
		free(s->given[i]);
	free(s->given);
	return !s->failed;
}

static bool
load_text(struct conf *c, const char *label, const char *dir, const char *text,
	  const struct source *user, struct err *e)
{
	struct source s = {
	    .conf = c, .e = e, .label = label, .dir = dir, .user = user};

	for (; user; user = user->user)
		if (!strcmp(user->label, label))
			return err_set(e, ERR_INPUT,
				       "base = %s: bases go round in a circle",
				       label);
	return lay_text(&s, text);
}

static bool
load_path(struct conf *c, const char *path, const struct source *user,
	  struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir =
	    slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
	char *text = textfile_read(path, "a configuration file", e);
	bool good = text && load_text(c, path, dir, text, user, e);

	free(text);
	free(dir);
	return good;
}

static bool
is_path(const char *name)
{
	size_t n = strlen(name);

	return strchr(name, '/') || (n > 4 && !strcmp(name + n - 4, ".ini"));
}

/* DIR/NAME.ini if it can be read; the caller frees it. */
static char *
readable_in(const char *dir, size_t dir_length, const char *name)
{
	char *path = xasprintf("%.*s/%s.ini", (int)dir_length, dir, name);
	FILE *f = fopen(path, "re");

	if (f) {
		fclose(f);
		return path;
	}
	free(path);
	return NULL;
}

/* In one of the directories of a colon-separated list. */
static char *
readable_in_list(const char *list, const char *name)
{
	char *path = NULL;

	while (list && *list && !path) {
		size_t n = strcspn(list, ":");

		if (n)
			path = readable_in(list, n, name);
		list += n + (list[n] == ':');
	}
	return path;
}

static const struct conf_builtin *
builtin(const char *name)
{
	for (const struct conf_builtin *b = conf_builtins; b->name; b++)
		if (!strcmp(b->name, name))
			return b;
	return NULL;
}

static bool
no_preset(const char *name, struct err *e)
{
	return err_set(e, ERR_INPUT,
		       "%s: there is no such preset ('pagewalk config list' "
		       "shows them; a file's name has a '/' or ends in .ini)",
		       name);
}

/* Where a name leads: a path for the caller to free, or NULL for a built-in
 * preset (*text is set) or nothing (*text is NULL). */
static char *
find_named(const char *name, const char *dir, const char **text)
{
	const struct conf_builtin *b = builtin(name);
	char *path = NULL;

	*text = NULL;
	if (is_path(name))
		return dir && *name != '/' ? xasprintf("%s/%s", dir, name)
					   : xstrdup(name);
	if (dir)
		path = readable_in_list(dir, name);
	if (!path)
		path = readable_in_list(getenv("PAGEWALK_CONFIGS"), name);
	if (path)
		return path;
	if (b) {
		*text = b->text;
		return NULL;
	}
	return readable_in_list(PRESET_DIR, name);
}

static bool
load_named(struct conf *c, const char *name, const struct source *user,
	   struct err *e)
{
	const char *dir = user ? user->dir : NULL, *text;
	char *path = find_named(name, dir, &text);
	bool good;

	if (path)
		good = load_path(c, path, user, e);
	else if (text)
		good = load_text(c, name, NULL, text, user, e);
	else
		good = no_preset(name, e);
	free(path);
	return good;
}

bool
conf_load(struct conf *c, const char *name, struct err *e)
{
	return load_named(c, name, NULL, e);
}

static int
take_help(void *ctx, const char *section, const char *name, const char *value)
{
	char **help = ctx;

	if (!*section && !strcmp(name, "help") && !*help)
		*help = xstrdup(value);
	return 1;
}

/* A list of presets under way. */
struct listing {
	void (*fn)(void *ctx, const char *name, const char *help,
		   const char *place);
	void *ctx;
	char **seen;
	size_t n, cap;
};

static void
list_one(struct listing *l, const char *name, const char *text,
	 const char *place)
{
	char *help = NULL;

	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->seen[i], name))
			return;
	l->seen = xgrow(l->seen, l->n, &l->cap, sizeof *l->seen);
	l->seen[l->n++] = xstrdup(name);
	ini_parse_string(text, take_help, &help);
	l->fn(l->ctx, name, help ? help : "", place);
	free(help);
}

static int
is_ini(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && !strcmp(d->d_name + n - 4, ".ini");
}

static void
list_directory(struct listing *l, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_ini, alphasort);

	for (int i = 0; i < n; i++) {
		const char *file = entries[i]->d_name;
		char *path = xasprintf("%s/%s", dir, file);
		char *name = xstrndup(file, strlen(file) - 4);
		char *text = textfile_read(path, "", NULL);

		if (text)
			list_one(l, name, text, dir);
		free(text);
		free(name);
		free(path);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void
list_directories(struct listing *l, const char *dirs)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		char *dir = xstrndup(dirs, n);

		list_directory(l, dir);
		free(dir);
		dirs += n + (dirs[n] == ':');
	}
}

void
conf_presets(void (*fn)(void *ctx, const char *name, const char *help,
			const char *place),
	     void *ctx)
{
	struct listing l = {.fn = fn, .ctx = ctx};

	list_directories(&l, getenv("PAGEWALK_CONFIGS"));
	for (const struct conf_builtin *b = conf_builtins; b->name; b++)
		list_one(&l, b->name, b->text, "built in");
	list_directories(&l, PRESET_DIR);
	for (size_t i = 0; i < l.n; i++)
		free(l.seen[i]);
	free(l.seen);
}
