/*
 * info_json.c - `pagewalk info` for machines.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/outfile.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "cmd/info.h"

#define SCHEMA_NAME    "pagewalk-info"
#define SCHEMA_VERSION 1

/* ---------------------------------------------------------------- JSON */

static void
put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static void
put_number(json_t *object, const char *key, uint64_t v)
{
	put(object, key, json_integer((json_int_t)v));
}

/* Addresses go as text: JSON's integers end at 2^63. */
static void
put_address(json_t *object, const char *key, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%#" PRIx64, v);
	put(object, key, json_string(text));
}

/* A string that may not be UTF-8: then its odd bytes become \xNN. */
static json_t *
string(const char *s)
{
	json_t *j = json_string(s);
	char *escaped, *out;
	size_t size = 4 * strlen(s) + 1;

	if (j)
		return j;
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

static json_t *
totals_json(const struct info *in)
{
	const struct trace_totals *n = trace_totals(in->trace);
	json_t *t = json_object(), *kinds = json_object();

	put_number(t, "references", n->references);
	put_number(t, "instructions", n->instructions);
	put_number(t, "loads", n->loads);
	put_number(t, "stores", n->stores);
	put_number(t, "modifies", n->modifies);
	put_number(t, "events", n->events);
	put_number(t, "chunks", n->chunks);
	put_number(t, "file_bytes", n->file_bytes);
	if (n->references)
		put(t, "bytes_per_reference",
		    json_real((double)n->file_bytes / (double)n->references));
	for (unsigned k = 1; k < EV_KINDS; k++)
		put_number(kinds, info_kind_name(k), in->kinds[k]);
	put(t, "events_by_kind", kinds);
	return t;
}

static json_t *
maps_json(const struct image *image)
{
	json_t *list = json_array();
	char prot[5];

	for (uint32_t i = 0; i < image->n_maps; i++) {
		const struct map_desc *m = &image->maps[i];
		json_t *j = json_object();

		info_prot(m, prot);
		put_address(j, "start", m->start);
		put_address(j, "end", m->end);
		put_number(j, "offset", m->offset);
		put_number(j, "file", m->file);
		put_number(j, "file_size", m->file_size);
		put(j, "prot", json_string(prot));
		put_number(j, "flags", m->flags);
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
images_json(const struct info *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->n_images; i++) {
		const struct image *p = &in->images[i];
		json_t *j = json_object();

		put_number(j, "pid", p->pid);
		put_number(j, "parent", p->parent);
		put(j, "by_exec", json_boolean(p->exec));
		put(j, "exe", string(p->exe));
		put(j, "args", string(p->args));
		put_address(j, "start_brk", p->start_brk);
		put_address(j, "stack_pointer", p->stack_pointer);
		put_address(j, "stack_limit", p->stack_limit);
		put(j, "mappings", maps_json(p));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
files_json(const struct info *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < in->n_files; i++) {
		const struct file_desc *f = &in->files[i].desc;
		json_t *j = json_object();

		put_number(j, "number", f->id);
		put(j, "kind", json_string(info_file_kind(f->kind)));
		put_number(j, "device", f->dev);
		put_number(j, "inode", f->inode);
		put_number(j, "rdev", f->rdev);
		put_number(j, "size", f->size);
		put(j, "path", string(in->files[i].path));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
damage_json(const struct info *in)
{
	json_t *list = json_array();

	for (size_t i = 0; i < trace_damage_count(in->trace); i++) {
		const struct trace_damage *d = trace_damage(in->trace, i);
		json_t *j = json_object();

		put_number(j, "offset", d->offset);
		put(j, "reason", json_string(d->reason));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
whole_json(const struct info *in)
{
	json_t *j = json_object(), *schema = json_object();
	json_t *provenance = json_object();
	const char *key;

	put(schema, "name", json_string(SCHEMA_NAME));
	put_number(schema, "version", SCHEMA_VERSION);
	put(j, "schema", schema);
	put(j, "program",
	    json_pack("{s:s, s:s}", "name", "pagewalk", "version",
		      pagewalk_version));
	put(j, "path", string(in->path));
	put_number(j, "format_version", 1);
	put(j, "content_id", string(trace_content_id(in->trace)));
	for (unsigned i = 0; (key = trace_provenance_key(in->trace, i)); i++)
		put(provenance, key,
		    string(trace_provenance_value(in->trace, i)));
	put(j, "provenance", provenance);
	put(j, "totals", totals_json(in));
	put(j, "processes", images_json(in));
	put(j, "files", files_json(in));
	put(j, "damage", damage_json(in));
	put(j, "checked", json_boolean(in->check));
	put(j, "whole", json_boolean(info_whole(in)));
	return j;
}

bool
info_json(const struct info *in, struct err *e)
{
	struct outfile out;
	json_t *j;

	if (!outfile_open(&out, in->json, e))
		return false;
	j = whole_json(in);
	json_dumpf(j, out.f, JSON_INDENT(2));
	fputc('\n', out.f);
	json_decref(j);
	return outfile_commit(&out, e);
}
