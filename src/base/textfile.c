/* textfile.c - see textfile.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/textfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"

#define MAX_FILE (1 << 20) /* bytes */

char *
textfile_read(const char *path, const char *what, struct err *e)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (!f) {
		err_set(e, ERR_INPUT, "%s: cannot open: %s", path,
			strerror(errno));
		return NULL;
	}
	text = xmalloc(MAX_FILE + 1);
	n = fread(text, 1, MAX_FILE, f);
	text[n] = '\0';
	if (ferror(f) || !feof(f) || strlen(text) != n) {
		err_set(e, ERR_INPUT,
			"%s: not %s (unreadable, larger than 1 MiB, or with "
			"zero bytes)",
			path, what);
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

char *
text_next_line(char *buf, int size, void *ctx)
{
	struct text_lines *t = ctx;
	size_t n;

	if (!*t->rest)
		return NULL;
	t->line++;
	t->rest += strspn(t->rest, " \t");
	n = strcspn(t->rest, "\n");
	if (n + 2 > (size_t)size) {
		t->too_long = true;
		t->rest = "";
		return NULL;
	}
	memcpy(buf, t->rest, n);
	buf[n] = '\n';
	buf[n + 1] = '\0';
	t->rest += n + (t->rest[n] == '\n');
	return buf;
}
