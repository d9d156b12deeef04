/* outfile.c - a file that appears whole or not at all.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/outfile.h"
#include "base/xalloc.h"

static bool
failed(const struct outfile *o, int error, struct err *e)
{
	return err_set(e, ERR_FAILED, "%s: %s", o->path, strerror(error));
}

/* Is there something of this name that must not be replaced by a file? */
static bool
is_special(const char *path)
{
	struct stat st;

	return !strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode));
}

static FILE *
open_temporary(struct outfile *o)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	o->temporary = xasprintf("%s.XXXXXX", o->path);
	fd = mkstemp(o->temporary);
	if (fd < 0)
		return NULL;
	fchmod(fd, 0666 & ~mask);
	return fdopen(fd, "w");
}

bool
outfile_open(struct outfile *o, const char *path, struct err *e)
{
	*o = (struct outfile){.path = xstrdup(path)};
	if (!strcmp(path, "-"))
		o->f = fdopen(dup(STDOUT_FILENO), "w");
	else if (is_special(path))
		o->f = fopen(path, "we");
	else
		o->f = open_temporary(o);
	if (o->f)
		return true;
	failed(o, errno, e);
	free(o->temporary);
	o->temporary = NULL;
	outfile_discard(o);
	return false;
}

bool
outfile_commit(struct outfile *o, struct err *e)
{
	bool good = !fflush(o->f) && !ferror(o->f);
	int error = errno;

	if (fclose(o->f) && good) {
		good = false;
		error = errno;
	}
	o->f = NULL;
	if (good && o->temporary && rename(o->temporary, o->path)) {
		good = false;
		error = errno;
	}
	if (good) {
		free(o->temporary);
		o->temporary = NULL;
	} else {
		failed(o, error ? error : EIO, e);
	}
	outfile_discard(o);
	return good;
}

void
outfile_discard(struct outfile *o)
{
	if (o->f)
		fclose(o->f);
	if (o->temporary)
		unlink(o->temporary);
	free(o->temporary);
	free(o->path);
	*o = (struct outfile){0};
}
