/* test_conf.c - the key table, files on files, settings, and refusals.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "hw/repl.h"
#include "sim/conf.h"
#include "../tap.h"

static char dir[] = "/tmp/pagewalk-conf.XXXXXX";

static char *
write_file(const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
	return path;
}

/* Does each byte of a struct that keys fill belong to exactly one key? */
static void
check_cover(const char *what, enum conf_part part, size_t from, size_t to)
{
	unsigned char *seen = xcalloc(to, 1);
	bool once = true, all = true;

	for (const struct conf_key *k = conf_keys; k->name; k++)
		for (size_t i = 0; k->part == part && i < k->width; i++)
			once = !seen[k->offset + i]++ && once;
	for (size_t i = from; i < to; i++)
		all = seen[i] && all;
	ok(once, "no member of %s has two keys", what);
	ok(all, "each member of %s has a key", what);
	free(seen);
}

static void
test_table(void)
{
	struct conf_resolved r;
	struct conf *c = conf_new();
	char expected[256];
	bool complete = true;

	for (const struct conf_key *k = conf_keys; k->name; k++) {
		conf_expected(k, expected, sizeof expected);
		complete =
		    complete && *k->help && *k->source && *expected &&
		    strchr(k->name, '.') &&
		    conf_key_find(k->name) == (strchr(k->name, '*') ? NULL : k);
	}
	ok(complete, "each key has help, source, and a range, and is found");
	ok(conf_resolve(c, &r, NULL), "defaults are accepted");
	conf_free(c);
	check_cover(
	    "cost_config", PART_LANE, offsetof(struct lane_config, cost),
	    offsetof(struct lane_config, cost) + sizeof(struct cost_config));
	is_u64(r.lane.cost.fault_entry, 715, "a price of the table");
}

static void
put_item(void *ctx, const struct conf_item *item)
{
	if (strcmp(item->origin, "default"))
		++*(unsigned *)ctx;
}

static void
test_layers(void)
{
	struct conf *c = conf_new();
	struct conf_resolved r;
	struct err e = {0};
	unsigned set = 0;
	char *path;

	free(write_file("bottom.ini", "[cpu]\ncpi = 3\n[tlb.a]\npages = 4K\n"
				      "entries = 8\nways = 2\n"));
	free(write_file("middle.ini", "base = bottom\n[tlb.a]\nways = 4\n"
				      "[tlb.b]\npages = 4K 2M\nentries = 16\n"
				      "ways = full\n"));
	path = write_file("top.ini", "; comment\n[tlb.a]\n  entries = 32\n\n"
				     "base-like = 1\n");
	ok(!conf_load(c, path, &e) && strstr(e.text, "top.ini:5: "),
	   "line of an unknown key: %s", e.text);
	free(path);
	conf_free(c);
	c = conf_new();
	path = write_file("top.ini", "help = on top\nbase = middle.ini\n"
				     "[tlb.a]\n  entries = 32\n");
	ok(conf_load(c, path, &e), "three files: %s", e.text);
	ok(conf_set(c, " tlb.b.replacement = random", "--set", &e),
	   "a setting");
	ok(conf_resolve(c, &r, &e), "good together: %s", e.text);
	ok(r.lane.cpi > 2.9 && r.lane.cpi < 3.1, "from the bottom");
	is_u64(r.lane.n_tlbs, 2, "two TLBs");
	is_str(r.lane.tlb[0].name, "a", "in order of appearance");
	is_u64(r.lane.tlb[0].entries, 32, "from the top");
	is_u64(r.lane.tlb[0].ways, 4, "from the middle");
	is_u64(r.lane.tlb[1].ways, 16, "full is all entries");
	is_u64(r.lane.tlb[1].page_sizes, (1u << 12) | (1u << 21), "page sizes");
	is_str(r.lane.tlb[1].repl->name, "random", "from the setting");
	conf_each(c, put_item, &set);
	is_u64(set, 1 + 3 + 4, "origins are kept");
	ok(conf_set(c, "tlb.a.entries=0", "--set", &e) &&
	       conf_resolve(c, &r, &e) && r.lane.n_tlbs == 1,
	   "size 0 removes");
	conf_free(c);
	free(path);
}

static void
test_circle(void)
{
	struct conf *c = conf_new();
	struct err e = {0};
	char *path;

	free(write_file("one.ini", "base = two\n"));
	path = write_file("two.ini", "\nbase = one\n");
	ok(!conf_load(c, path, &e) && strstr(e.text, "circle") &&
	       e.kind == ERR_INPUT,
	   "a circle is refused: %s", e.text);
	conf_free(c);
	free(path);
}

/* A setting on the default preset that must be refused with these words. */
static void
refused(const char *setting, const char *words)
{
	struct conf *c = conf_new();
	struct conf_resolved r;
	struct err e = {0};

	if (!conf_load(c, CONF_DEFAULT_PRESET, &e))
		abort();
	ok((!conf_set(c, setting, "--set", &e) || !conf_resolve(c, &r, &e)) &&
	       e.kind == ERR_INPUT && strstr(e.text, words),
	   "%s: %s", setting, e.text);
	conf_free(c);
}

static void
test_refusals(void)
{
	refused("tlb.stlb.ways=7", "divisor");
	refused("tlb.stlb.ways=5000", "divisor");
	refused("tlb.stlb.wasy=12", "did you mean tlb.stlb.ways?");
	refused("tlb.stlb.entries=-1", "whole number");
	refused("tlb.stlb.entries=99999999", "1048576");
	refused("tlb.stlb.entries=1500", "power of two");
	refused("tlb.new.entries=4", "tlb.new.pages is not given");
	refused("tlb.stbl.ways=4", "there are l1i-4k, ");
	refused("tlb.stbl.entries=0", "to be removed");
	refused("tlb.stlb.pages=64K", "x86-64-4level");
	refused("tlb.stlb.pages=4K 3M", "page sizes");
	refused("tlb.stlb.replacement=fancy", "tree-plru");
	refused("tlb.l1d-4k.entries=62", "divisor");
	refused("tlb.This.entries=4", "small letters");
	refused("pwc.pde.level=pml5e", "level");
	refused("cache.l1d.line=48", "power of two");
	refused("cache.l1d.size=1000", "multiple");
	refused("os.fault_around=48K", "power of two");
	refused("os.thp=sometimes", "never, madvise, always");
	refused("os.use_zero_page=2", "yes or no");
	refused("cpu.cpi=fast", "a number, 0 to 100");
	refused("cpu.cpi=nan", "a number, 0 to 100");
	refused("cpi=1", "did you mean cpu.cpi?");
	refused("machine.memory=1", "16M");
	refused("no assignment", "KEY=VALUE");
	refused("", "KEY=VALUE");
	refused("=", "no such key");
}

static void
refused_file(const char *text, const char *words)
{
	char *path = write_file("bad.ini", text);
	struct conf *c = conf_new();
	struct err e = {0};

	ok(!conf_load(c, path, &e) && e.kind == ERR_INPUT &&
	       strstr(e.text, words),
	   "%s", e.text);
	conf_free(c);
	free(path);
}

static void
test_bad_files(void)
{
	char line[600];

	refused_file("[cpu]\ncpi\n", "bad.ini:2: expected [section]");
	refused_file("[cpu\ncpi=1\n", "bad.ini:1: ");
	refused_file("cpi = 1\n", "bad.ini:1: cpi: outside a section");
	refused_file("[cpu]\ncpi = 1\n\ncpi = 2\n",
		     "bad.ini:4: cpu.cpi: given");
	refused_file("base = nowhere\n", "bad.ini:1: nowhere: there is no");
	refused_file("base = ./nowhere.ini\n", "No such file");
	refused_file("base = teaching\nbase = teaching\n", "bad.ini:2: base");
	/* Lines behind the mistake do not hide it. */
	refused_file("base = nowhere\n[cpu]\ncpi = 1\n",
		     "bad.ini:1: nowhere: there is no");
	refused_file("[cpu]\ncpi = much\n[walker]\nstart_cycles = 1\n",
		     "bad.ini:2: cpu.cpi");
	refused_file("[cpu]\nnone = 1\n[walker]\nstart_cycles = 1\n",
		     "bad.ini:2: cpu.none");
	refused_file("cpi = 1\n[walker]\nstart_cycles = 1\n",
		     "bad.ini:1: cpi: outside a section");
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	refused_file(line, "bad.ini:1: line too long");
}

int
main(void)
{
	if (!mkdtemp(dir) || chdir(dir))
		abort();
	test_table();
	test_layers();
	test_circle();
	test_refusals();
	test_bad_files();
	if (chdir("/"))
		abort();
	for (const char *const *n =
		 (const char *const[]){"bottom.ini", "middle.ini", "top.ini",
				       "one.ini", "two.ini", "bad.ini", NULL};
	     *n; n++) {
		char *path = xasprintf("%s/%s", dir, *n);

		unlink(path);
		free(path);
	}
	rmdir(dir);
	return done_testing();
}
