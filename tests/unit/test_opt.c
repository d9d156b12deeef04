/* test_opt.c - options and numbers from the command line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/plain.h"
#include "../tap.h"

struct values {
	bool flag;
	const char *text;
	uint64_t number;
	struct opt_list list;
};

static const struct opt_spec specs[] = {
    {"flag", 'f', OPT_FLAG, NULL, "a flag", offsetof(struct values, flag)},
    {"text", 't', OPT_STRING, "TEXT", "a text", offsetof(struct values, text)},
    {"number", 0, OPT_U64, "N", "a number", offsetof(struct values, number)},
    {"list", 'l', OPT_LIST, "X", "a list", offsetof(struct values, list)},
    {NULL, 0, 0, NULL, NULL, 0},
};

/* What a terminal would obey goes, letters of all languages stay. */
static void
test_plain(void)
{
	static const struct {
		const char *text, *plain;
	} rows[] = {
	    {"a\x1b[31mb\tc\x7f\n", "a?[31mb?c??"},
	    {"csi \xc2\x9b"
	     "31m, \x9b, \x80x\x9f",
	     "csi ??31m, ?, ?x?"},
	    {"gr\xc3\xbc\xc3\x9f"
	     "e \xe2\x82\xac \xf0\x9f\x98\x80",
	     "gr\xc3\xbc\xc3\x9f"
	     "e \xe2\x82\xac \xf0\x9f\x98\x80"},
	    {"cut \xe2\x82", "cut \xe2?"},
	    {"latin \xe9", "latin \xe9"},
	};
	char text[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s", rows[i].text);
		make_plain(text, false);
		is_str(text, rows[i].plain, "plain text, row %zu", i);
	}
	snprintf(text, sizeof(text), "a\nb\r");
	make_plain(text, true);
	is_str(text, "a\nb?", "lines are kept where they may be");
}

static void
test_numbers(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
	    {"0", true, 0},
	    {"3000", true, 3000},
	    {"64K", true, 65536},
	    {"16GiB", true, (uint64_t)16 << 30},
	    {"1M", true, 1 << 20},
	    {"2T", true, (uint64_t)2 << 40},
	    {"10m", true, 10000000},
	    {"2g", true, 2000000000},
	    {"5k", true, 5000},
	    {"0x1000", true, 4096},
	    {"", false, 0},
	    {"-1", false, 0},
	    {" 1", false, 0},
	    {"1X", false, 0},
	    {"K", false, 0},
	    {"1.5M", false, 0},
	    {"1KK", false, 0},
	    {"1mB", false, 0},
	    {"18446744073709551615", true, UINT64_MAX},
	    {"18446744073709551616", false, 0},
	    {"16777216T", false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t v = 0;
		bool good = parse_u64(cases[i].text, &v);

		ok(good == cases[i].good && (!good || v == cases[i].value),
		   "number '%s'", cases[i].text);
	}
}

static bool
parse(int argc, const char *const *argv, bool stop, struct values *v,
      int *first, struct err *e)
{
	static char *copy[16];

	for (int i = 0; i < argc; i++)
		copy[i] = (char *)argv[i];
	copy[argc] = NULL;
	*e = (struct err){0};
	return opt_parse(specs, argc, copy, stop, v, first, e);
}

#define PARSE(stop, ...)                                           \
	parse((int)(sizeof((const char *[]){"cmd", __VA_ARGS__}) / \
		    sizeof(char *)),                               \
	      (const char *[]){"cmd", __VA_ARGS__}, stop, &v, &first, &e)

static void
test_options(void)
{
	struct values v = {.number = 7};
	struct err e;
	int first;

	ok(PARSE(false, "word", "-f", "--text=a", "--number", "2K", "-lx",
		 "--list", "y"),
	   "all kinds");
	ok(v.flag, "flag");
	is_str(v.text, "a", "text");
	is_u64(v.number, 2048, "number");
	is_u64(v.list.n, 2, "list");
	is_str(v.list.items[1], "y", "second of the list");
	is_u64((uint64_t)first, 8, "words come last");
	free(v.list.items);
	v = (struct values){.number = 7};
	ok(PARSE(true, "-f", "ls", "-t"), "stop at the first word");
	is_u64((uint64_t)first, 2, "which is here");
	is_u64(v.number, 7, "defaults stay");
	ok(PARSE(false, "--", "-f"), "a double dash ends options");
	is_u64((uint64_t)first, 2, "after it");
}

static void
test_errors(void)
{
	struct values v = {0};
	struct err e;
	int first;

	ok(!PARSE(false, "--nothing") && e.kind == ERR_USAGE, "unknown");
	ok(strstr(e.text, "--nothing") != NULL, "is named");
	ok(!PARSE(false, "-x") && e.kind == ERR_USAGE, "unknown letter");
	ok(strstr(e.text, "-x") != NULL, "is named");
	ok(!PARSE(false, "--text") && e.kind == ERR_USAGE, "no argument");
	ok(!PARSE(false, "--number", "many") && e.kind == ERR_USAGE,
	   "no number");
	ok(strstr(e.text, "many") != NULL, "is shown");
	ok(!PARSE(false, "--flag=1") && e.kind == ERR_USAGE,
	   "a flag takes no argument");
	ok(!PARSE(false, "--help") && e.kind == ERR_NONE, "help is no error");
}

int
main(void)
{
	test_plain();
	test_numbers();
	test_options();
	test_errors();
	return done_testing();
}
