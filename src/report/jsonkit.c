/* jsonkit.c - see jsonkit.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/jsonkit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/outfile.h"
#include "base/release.h"
#include "base/xalloc.h"

json_t *
json_number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

json_t *
json_text(const char *s)
{
	json_t *j = json_string(s ? s : "");
	char *escaped, *out;
	size_t size;

	if (j)
		return j;
	size = 4 * strlen(s) + 1;
	escaped = out = xmalloc(size);
	for (; *s; s++)
		if ((unsigned char)*s < 0x80)
			*out++ = *s;
		else
			out += snprintf(out, 5, "\\x%02x", (unsigned char)*s);
	*out = '\0';
	j = json_string(escaped);
	free(escaped);
	return j;
}

void
json_put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

void
json_put_number(json_t *object, const char *key, uint64_t v)
{
	json_put(object, key, json_number(v));
}

void
json_put_address(json_t *object, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "0x%" PRIx64, v);
	json_put(object, key, json_string(text));
}

void
json_put_schema(json_t *root, const char *name, int version)
{
	json_put(root, "schema",
		 json_pack("{s:s, s:i}", "name", name, "version", version));
	json_put(root, "program",
		 json_pack("{s:s, s:s}", "name", "pagewalk", "version",
			   pagewalk_version));
}

bool
json_write(json_t *root, const char *path, struct err *e)
{
	struct outfile out;
	bool good = outfile_open(&out, path, e);

	if (!good) {
		json_decref(root);
		return false;
	}
	good = !json_dumpf(root, out.f, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	json_decref(root);
	putc('\n', out.f);
	if (good || ferror(out.f)) /* which then says why */
		return outfile_commit(&out, e);
	outfile_discard(&out);
	return err_set(e, ERR_FAILED, "%s: cannot be written", path);
}
