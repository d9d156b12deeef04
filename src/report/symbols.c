/* symbols.c - see symbols.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/xalloc.h"
#include "report/symbols.h"

/* A file and what libdwfl made of it. */
struct object {
	char *path;
	Dwfl *dwfl; /* NULL: no program file */
	Dwfl_Module *module;
	Elf *elf;
	GElf_Addr bias; /* of addresses in module to those in elf */
};

struct symbols {
	struct object *objects;
	size_t n, cap;
	size_t last; /* that was found */
};

static const Dwfl_Callbacks callbacks = {
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct symbols *
symbols_new(void)
{
	return xcalloc(1, sizeof(struct symbols));
}

void
symbols_free(struct symbols *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (s->objects[i].dwfl)
			dwfl_end(s->objects[i].dwfl);
		free(s->objects[i].path);
	}
	free(s->objects);
	free(s);
}

/* The path is from a trace: nothing but a regular file is opened. */
static bool
is_file(const char *path)
{
	struct stat st;

	return *path == '/' && !stat(path, &st) && S_ISREG(st.st_mode);
}

static void
open_object(struct object *o)
{
	if (!is_file(o->path) || !(o->dwfl = dwfl_begin(&callbacks)))
		return;
	o->module = dwfl_report_offline(o->dwfl, "", o->path, -1);
	dwfl_report_end(o->dwfl, NULL, NULL);
	if (o->module)
		o->elf = dwfl_module_getelf(o->module, &o->bias);
}

static struct object *
object_at(struct symbols *s, const char *path)
{
	if (s->n && !strcmp(s->objects[s->last].path, path))
		return &s->objects[s->last];
	for (s->last = 0; s->last < s->n; s->last++)
		if (!strcmp(s->objects[s->last].path, path))
			return &s->objects[s->last];
	s->objects = xgrow(s->objects, s->n, &s->cap, sizeof(*s->objects));
	s->objects[s->n] = (struct object){.path = xstrdup(path)};
	open_object(&s->objects[s->n]);
	return &s->objects[s->n++];
}

/* The address that the loaded segment with this offset gives it. */
static bool
address_of(const struct object *o, uint64_t offset, GElf_Addr *at)
{
	size_t n = 0;

	if (!o->elf || elf_getphdrnum(o->elf, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(o->elf, (int)i, &p) && p.p_type == PT_LOAD &&
		    offset >= p.p_offset && offset - p.p_offset < p.p_filesz) {
			*at = offset - p.p_offset + p.p_vaddr + o->bias;
			return true;
		}
	}
	return false;
}

struct symbol
symbols_find(struct symbols *s, const char *path, uint64_t offset)
{
	const struct object *o = object_at(s, path);
	struct symbol found = {0};
	GElf_Addr at;
	Dwfl_Line *line;

	if (!address_of(o, offset, &at))
		return found;
	found.function = dwfl_module_addrname(o->module, at);
	line = dwfl_module_getsrc(o->module, at);
	if (line)
		found.file =
		    dwfl_lineinfo(line, NULL, &found.line, NULL, NULL, NULL);
	return found;
}
