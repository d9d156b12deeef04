/* input.c - see input.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "trace/import/input.h"
#include "trace/import/unpack.h"

struct input *
input_open(const char *path, struct err *e)
{
	struct unpack *u = unpack_open(path, e);
	struct input *in;

	if (!u)
		return NULL;
	in = xcalloc(1, sizeof(*in));
	in->path = u->raw.path;
	in->unpack = u;
	in->buf = xmalloc(INPUT_BYTES + 1);
	return in;
}

void
input_close(struct input *in)
{
	unpack_close(in->unpack);
	free(in->buf);
	free(in);
}

bool
input_fill(struct input *in, size_t want, struct err *e)
{
	if (in->len - in->pos >= want || in->eof)
		return true;
	memmove(in->buf, in->buf + in->pos, in->len - in->pos);
	in->offset += in->pos;
	in->len -= in->pos;
	in->pos = 0;
	while (in->len < want && !in->eof) {
		size_t got;

		if (!unpack_read(in->unpack, in->buf + in->len,
				 INPUT_BYTES - in->len, &got, e))
			return false;
		in->len += got;
		in->eof = got == 0;
	}
	return true;
}

bool
input_line(struct input *in, char **line, struct err *e)
{
	size_t n = input_waiting(in);
	char *s = (char *)in->buf + in->pos;
	char *nl = memchr(s, '\n', n);

	if (!nl) {
		if (!input_fill(in, INPUT_MAX_LINE + 1, e))
			return false;
		s = (char *)in->buf + in->pos;
		n = input_waiting(in);
		nl = memchr(s, '\n', n);
	}
	*line = n ? s : NULL;
	in->line += n > 0;
	if ((nl ? (size_t)(nl - s) : n) > INPUT_MAX_LINE)
		return input_fail(in, 0, e,
				  "a line of more than %u bytes (is this a "
				  "text file?)",
				  INPUT_MAX_LINE);
	n = nl ? (size_t)(nl - s) : n;
	in->pos += n + (nl != NULL);
	if (n && s[n - 1] == '\r')
		n--;
	s[n] = '\0';
	return true;
}

bool
input_record(struct input *in, size_t n, const uint8_t **p, const char *what,
	     struct err *e)
{
	if (!input_fill(in, n, e))
		return false;
	*p = input_waiting(in) ? input_at(in) : NULL;
	if (input_waiting(in) && input_waiting(in) < n)
		return input_fail(in, 0, e,
				  "ends inside %s: %zu bytes, %zu are expected",
				  what, input_waiting(in), n);
	if (*p)
		in->pos += n;
	return true;
}

bool
input_fail(const struct input *in, size_t back, struct err *e, const char *fmt,
	   ...)
{
	va_list ap;
	char text[512];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (in->line)
		return err_set(e, ERR_INPUT, "%s: line %llu: %s", in->path,
			       (unsigned long long)in->line, text);
	return err_set(e, ERR_INPUT, "%s: offset %llu: %s", in->path,
		       (unsigned long long)(in->offset + in->pos - back), text);
}
