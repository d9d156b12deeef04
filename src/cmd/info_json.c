/*
 * info_json.c - `pagewalk info` for machines.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/outfile.h"
#include "base/release.h"
#include "base/xalloc.h"
#include "cmd/info.h"
#include "report/jsonkit.h"

#define SCHEMA_NAME    "pagewalk-info"
#define SCHEMA_VERSION 1

/* ---------------------------------------------------------------- JSON */

static json_t *
totals_json(const struct info *in)
{
	const struct trace_totals *n = trace_totals(in->trace);
	json_t *t = json_object(), *kinds = json_object();

	json_put_number(t, "references", n->references);
	json_put_number(t, "instructions", n->instructions);
	json_put_number(t, "loads", n->loads);
	json_put_number(t, "stores", n->stores);
	json_put_number(t, "modifies", n->modifies);
	json_put_number(t, "events", n->events);
	json_put_number(t, "chunks", n->chunks);
	json_put_number(t, "file_bytes", n->file_bytes);
	if (n->references)
		json_put(
		    t, "bytes_per_reference",
		    json_real((double)n->file_bytes / (double)n->references));
	for (unsigned k = 1; k < EV_KINDS; k++)
		json_put_number(kinds, info_kind_name(k), in->kinds[k]);
	json_put(t, "events_by_kind", kinds);
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
		json_put_address(j, "start", m->start);
		json_put_address(j, "end", m->end);
		json_put_number(j, "offset", m->offset);
		json_put_number(j, "file", m->file);
		json_put_number(j, "file_size", m->file_size);
		json_put(j, "prot", json_string(prot));
		json_put_number(j, "flags", m->flags);
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

		json_put_number(j, "pid", p->pid);
		json_put_number(j, "parent", p->parent);
		json_put(j, "by_exec", json_boolean(p->exec));
		json_put(j, "exe", json_text(p->exe));
		json_put(j, "args", json_text(p->args));
		json_put_address(j, "start_brk", p->start_brk);
		json_put_address(j, "stack_pointer", p->stack_pointer);
		json_put_address(j, "stack_limit", p->stack_limit);
		json_put(j, "mappings", maps_json(p));
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

		json_put_number(j, "number", f->id);
		json_put(j, "kind", json_string(info_file_kind(f->kind)));
		json_put_number(j, "device", f->dev);
		json_put_number(j, "inode", f->inode);
		json_put_number(j, "rdev", f->rdev);
		json_put_number(j, "size", f->size);
		json_put(j, "path", json_text(in->files[i].path));
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

		json_put_number(j, "offset", d->offset);
		json_put(j, "reason", json_string(d->reason));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *
whole_json(const struct info *in)
{
	json_t *j = json_object();
	json_t *provenance = json_object();
	const char *key;

	json_put_schema(j, SCHEMA_NAME, SCHEMA_VERSION);
	json_put(j, "path", json_text(in->path));
	json_put_number(j, "format_version", 1);
	json_put(j, "content_id", json_text(trace_content_id(in->trace)));
	for (unsigned i = 0; (key = trace_provenance_key(in->trace, i)); i++)
		json_put(provenance, key,
			 json_text(trace_provenance_value(in->trace, i)));
	json_put(j, "provenance", provenance);
	json_put(j, "totals", totals_json(in));
	json_put(j, "processes", images_json(in));
	json_put(j, "files", files_json(in));
	json_put(j, "damage", damage_json(in));
	json_put(j, "checked", json_boolean(in->check));
	json_put(j, "whole", json_boolean(info_whole(in)));
	return j;
}

bool
info_json(const struct info *in, struct err *e)
{
	return json_write(whole_json(in), in->json, e);
}
