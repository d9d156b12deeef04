/* figure.c - see figure.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "report/figure.h"

#define COLUMN_INCHES 3.4

/* Would mean something to LaTeX, beside what no string may have. */
#define TEX_SPECIAL "_#$%&~^"

/* tex has the text set by LaTeX, in its fonts, over a PDF of the same name; the
 * suffix keeps that apart from the one of "pdf". */
struct format {
	const char *name, *terminal;
	double unit; /* of the terminal's size, in an inch */
	const char *rest, *suffix;
};

static const struct format all_formats[] = {
    {"pdf", "pdfcairo noenhanced", 1, "font 'Helvetica,8' fontscale 0.9", ""},
    {"png", "pngcairo noenhanced", 300,
     "font 'Helvetica,8' fontscale 3.0 linewidth 3 pointscale 2", ""},
    {"svg", "svg noenhanced", 100, "font 'Helvetica,11'", ""},
    {"tex", "cairolatex pdf", 1, "font ',8'", "-tex"},
    {NULL, NULL, 0, NULL, NULL},
};

bool
figure_open(struct figure *g, struct err *e)
{
	char *data = xasprintf("%s/%s.dat", g->dir, g->name);
	char *script = xasprintf("%s/%s.gp", g->dir, g->name);
	bool good = outfile_open(&g->data, data, e) &&
		    outfile_open(&g->script, script, e);

	free(data);
	free(script);
	return good;
}

/* Text inside a gnuplot string in single quotes. */
void
figure_quoted(const char *text, FILE *f)
{
	putc('\'', f);
	for (; *text; text++) {
		if (*text == '\'')
			putc('\'', f);
		putc(strchr(TEX_SPECIAL, *text) ? ' ' : *text, f);
	}
	putc('\'', f);
}

/* A name that can do no harm in any gnuplot string. */
const char *
figure_tame(const char *name, char *buf, size_t size)
{
	size_t n = 0;

	for (; *name && n + 1 < size; name++)
		buf[n++] = strchr("'\"\\`@{}" TEX_SPECIAL, *name) || *name < ' '
			       ? ' '
			       : *name;
	buf[n] = '\0';
	return buf;
}

bool
figure_wants(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, name, n) && (!p[n] || p[n] == ','))
			return true;
	}
	return false;
}

/* The terminals: the first draws, the others draw it again. */
static void
put_terminals(const struct figure *g, const char *draw, FILE *f)
{
	for (const struct format *t = all_formats; t->name; t++) {
		if (!figure_wants(g->formats, t->name))
			continue;
		fprintf(f, "set terminal %s size %g,%g %s\n", t->terminal,
			COLUMN_INCHES * t->unit, g->inches * t->unit, t->rest);
		fprintf(f, "set output '%s%s.%s'\n%s\n", g->name, t->suffix,
			t->name, draw);
	}
	fputs("set output\n", f);
}

/* gnuplot runs in the directory, so that the script names files plainly. */
static _Noreturn void
become_gnuplot(const char *dir, const char *script)
{
	if (chdir(dir) == 0)
		execlp("gnuplot", "gnuplot", script, (char *)NULL);
	_exit(errno == ENOENT ? 127 : 126);
}

static bool
run_gnuplot(const struct figure *g, struct err *e)
{
	char *script = xasprintf("%s.gp", g->name);
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		become_gnuplot(g->dir, script);
	free(script);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return err_set(e, ERR_FAILED, "gnuplot: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(e, ERR_FAILED,
			       "gnuplot is not installed (Debian: apt install "
			       "gnuplot-nox); %s/%s.gp and .dat are there to "
			       "draw elsewhere",
			       g->dir, g->name);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, ERR_FAILED, "gnuplot failed on %s/%s.gp",
			       g->dir, g->name);
	return true;
}

bool
figure_draw(struct figure *g, const char *draw, FILE *say, struct err *e)
{
	put_terminals(g, draw, g->script.f);
	if (!outfile_commit(&g->data, e) || !outfile_commit(&g->script, e) ||
	    !run_gnuplot(g, e))
		return false;
	for (const struct format *t = all_formats; t->name; t++)
		if (figure_wants(g->formats, t->name))
			fprintf(say, "%s/%s%s.%s\n", g->dir, g->name, t->suffix,
				t->name);
	return true;
}

void
figure_close(struct figure *g)
{
	outfile_discard(&g->data);
	outfile_discard(&g->script);
	free(g->name);
}

/* Ticks far enough apart for a narrow figure: 1, 2 or 5 times a power of ten,
 * at most five of them. */
double
figure_step(double max)
{
	static const double steps[] = {1, 2, 5, 10};
	double power;

	if (max <= 0)
		return 1;
	power = pow(10, floor(log10(max / 4)));
	for (unsigned i = 0; i < 4; i++)
		if (max / (steps[i] * power) <= 4.5)
			return steps[i] * power;
	return 10 * power;
}

bool
figure_formats(const char *list, struct err *e)
{
	for (const char *p = list; p; p = strchr(p, ',')) {
		const struct format *t = all_formats;
		size_t n;

		p += *p == ',';
		n = strcspn(p, ",");
		while (t->name &&
		       (strlen(t->name) != n || strncmp(t->name, p, n) != 0))
			t++;
		if (!t->name)
			return err_set(
			    e, ERR_USAGE,
			    "--format %s: expected pdf, png, svg, tex, "
			    "or several with commas",
			    list);
	}
	return true;
}

char *
figure_name(const char *path, const char *what)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	if (n > 5 && !strcmp(base + n - 5, ".json"))
		n -= 5;
	else if (n > 4 && !strcmp(base + n - 4, ".csv"))
		n -= 4;
	return xasprintf("%.*s-%s", (int)n, base, what);
}

bool
figure_directory(const char *dir, struct err *e)
{
	return !mkdir(dir, 0777) || errno == EEXIST ||
	       err_set(e, ERR_FAILED, "%s: %s", dir, strerror(errno));
}
