/*
 * text.c - simple texts: Pin's pinatrace, "R/W address" lines, page numbers.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <ctype.h>

#include "arch/addr.h"
#include "base/err.h"
#include "trace/import/detect.h"
#include "trace/import/import_priv.h"
#include "trace/import/scan.h"

unsigned
detect_lines(const uint8_t *data, size_t n, bool (*fits)(const char *line),
	     unsigned *lines)
{
	char line[256];
	unsigned good = 0;

	*lines = 0;
	while (n && *lines < 1000) {
		const uint8_t *nl = memchr(data, '\n', n);
		size_t len = nl ? (size_t)(nl - data) : n;
		size_t keep = len < sizeof(line) - 1 ? len : sizeof(line) - 1;

		memcpy(line, data, keep);
		line[keep] = '\0';
		if (keep && line[keep - 1] == '\r')
			line[keep - 1] = '\0';
		if (line[strspn(line, " \t")]) {
			(*lines)++;
			good += fits(line);
		}
		data += nl ? len + 1 : len;
		n -= nl ? len + 1 : len;
	}
	return good;
}

unsigned
detect_all(const uint8_t *data, size_t n, bool (*fits)(const char *line),
	   unsigned score)
{
	unsigned lines, good = detect_lines(data, n, fits, &lines);

	/* The last line may be cut off. */
	return lines && good + (lines > 1) >= lines ? score : 0;
}

/* ------------------------------------------------------------- pinatrace */

struct pin_ref {
	uint64_t ip, addr;
	enum ref_op op;
};

/* "0x401000: R 0x7ffe0010" */
static bool
pin_line(const char *line, struct pin_ref *r)
{
	struct scan s = {line};

	if (!scan_hex(&s, &r->ip) || !scan_char(&s, ':') || !scan_blank(&s))
		return false;
	r->op = *s.at == 'W' ? REF_STORE : REF_LOAD;
	if (!scan_char(&s, 'R') && !scan_char(&s, 'W'))
		return false;
	return scan_blank(&s) && scan_hex(&s, &r->addr) && scan_end(&s);
}

static bool
pin_fits(const char *line)
{
	struct pin_ref r;

	return *line == '#' || pin_line(line, &r);
}

static unsigned
pin_detect(const uint8_t *data, size_t n)
{
	return detect_all(data, n, pin_fits, 80);
}

/* Records of one instruction follow each other: a load, then a store. */
static bool
pin_run(struct import *im)
{
	struct pin_ref r, last = {.ip = UINT64_MAX};
	char *line;

	for (;;) {
		if (!input_line(im->in[0], &line, im->e))
			return false;
		if (!line)
			break;
		if (!*line || *line == '#')
			continue;
		if (!pin_line(line, &r))
			return input_fail(im->in[0], 0, im->e,
					  "'ADDRESS: R ADDRESS' or 'ADDRESS: W "
					  "ADDRESS' is expected");
		if ((r.ip != last.ip || r.op == REF_LOAD) &&
		    !import_fetch(im, r.ip, 1))
			return false;
		if (!import_data(im, r.op, r.addr, 1))
			return false;
		last = r;
	}
	return true;
}

const struct importer import_pinatrace = {
    "pinatrace",
    "Pin's pinatrace example: 'IP: R ADDRESS'",
    "mappings,syscalls,threads,sizes,instructions without data",
    pin_detect,
    pin_run,
    false};

/* ------------------------------------------------------------ R/W address */

struct rw_ref {
	char kind; /* 'R', 'W', 'I' or 'M' */
	uint64_t addr, bytes;
};

static bool
rw_kind(struct scan *s, char *kind)
{
	static const struct {
		const char *word;
		char kind;
	} words[] = {{"read", 'R'},  {"load", 'R'},  {"write", 'W'},
		     {"store", 'W'}, {"fetch", 'I'}, {"R", 'R'},
		     {"L", 'R'},     {"W", 'W'},     {"S", 'W'},
		     {"I", 'I'},     {"F", 'I'},     {"M", 'M'}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if (strncasecmp(s->at, words[i].word, n) ||
		    isalnum((unsigned char)s->at[n]))
			continue;
		*kind = words[i].kind;
		s->at += n;
		return true;
	}
	return false;
}

/* "R 0x1000", "0041f7a0 W", each perhaps with a decimal size behind it.  A
 * letter that is also a hex digit is a kind only where an address follows. */
static bool
rw_line(const char *line, unsigned radix, struct rw_ref *r)
{
	struct scan s = {line};
	bool kind_first;

	scan_blank(&s);
	kind_first = rw_kind(&s, &r->kind);
	if (kind_first && !scan_char(&s, ','))
		scan_blank(&s);
	if (!scan_word(&s, "0x") && !scan_word(&s, "0X")) {
		if (!scan_digits(&s, radix, &r->addr))
			return false;
	} else if (!scan_digits(&s, 16, &r->addr)) {
		return false;
	}
	if (!scan_char(&s, ','))
		scan_blank(&s);
	if (!kind_first && !rw_kind(&s, &r->kind))
		return false;
	r->bytes = 1;
	if (!scan_char(&s, ','))
		scan_blank(&s);
	if (*s.at && !scan_dec(&s, &r->bytes))
		return false;
	return scan_end(&s) && r->bytes && r->bytes <= REF_MAX_BYTES;
}

static bool
rw_fits(const char *line)
{
	struct rw_ref r;

	return *line == '#' || (rw_line(line, 16, &r) && r.bytes == 1);
}

static unsigned
rw_detect(const uint8_t *data, size_t n)
{
	return detect_all(data, n, rw_fits, 70);
}

static bool
rw_take(struct import *im, const struct rw_ref *r)
{
	uint32_t bytes = (uint32_t)r->bytes;

	if (r->kind == 'I')
		return import_fetch(im, r->addr, bytes < 255 ? bytes : 255);
	return import_bare(im,
			   r->kind == 'R'   ? REF_LOAD
			   : r->kind == 'W' ? REF_STORE
					    : REF_MODIFY,
			   r->addr, bytes);
}

static bool
rw_run(struct import *im)
{
	unsigned radix = im->o->radix ? im->o->radix : 16;
	struct rw_ref r;
	char *line;

	for (;;) {
		if (!input_line(im->in[0], &line, im->e))
			return false;
		if (!line)
			return true;
		if (!line[strspn(line, " \t")] || *line == '#')
			continue;
		if (!rw_line(line, radix, &r))
			return input_fail(im->in[0], 0, im->e,
					  "'R ADDRESS' or 'ADDRESS W' is "
					  "expected (addresses of radix %u)",
					  radix);
		if (!rw_take(im, &r))
			return false;
	}
}

const struct importer import_rw = {
    "rw",
    "lines 'R ADDRESS' or 'ADDRESS W', hexadecimal unless --radix",
    "mappings,syscalls,threads,sizes",
    rw_detect,
    rw_run,
    false};

/* ----------------------------------------------------------- page numbers */

/* A number, perhaps marked as written with '*' or ':w'. */
static bool
page_token(struct scan *s, unsigned radix, uint64_t *page, bool *write)
{
	bool fine = radix ? scan_digits(s, radix, page) : scan_number(s, page);

	*write = fine && (scan_char(s, '*') || scan_word(s, ":w") ||
			  scan_word(s, ":W"));
	if (fine && !*write && !scan_word(s, ":r"))
		scan_word(s, ":R");
	return fine && (!*s->at || strchr(" \t,;", *s->at));
}

static void
page_gap(struct scan *s)
{
	s->at += strspn(s->at, " \t,;");
}

static bool
pages_fit(const char *line)
{
	struct scan s = {line};
	uint64_t page;
	bool write;

	for (page_gap(&s); *s.at && *s.at != '#'; page_gap(&s))
		if (!page_token(&s, 0, &page, &write))
			return strlen(line) >= 255; /* cut off here */
	return true;
}

static unsigned
pages_detect(const uint8_t *data, size_t n)
{
	return detect_all(data, n, pages_fit, 50);
}

static bool
pages_line(struct import *im, const char *line, uint64_t page_size)
{
	struct scan s = {line};
	uint64_t page, addr;
	bool write;

	for (page_gap(&s); *s.at && *s.at != '#'; page_gap(&s)) {
		if (!page_token(&s, im->o->radix, &page, &write))
			return input_fail(
			    im->in[0], 0, im->e,
			    "column %zu: a page number of radix %u is expected",
			    (size_t)(s.at - line) + 1,
			    im->o->radix ? im->o->radix : 10);
		if (__builtin_mul_overflow(page, page_size, &addr) ||
		    addr >= FAKE_CODE)
			return input_fail(im->in[0], 0, im->e,
					  "page %llu of %llu bytes is beyond "
					  "what a program can address",
					  (unsigned long long)page,
					  (unsigned long long)page_size);
		if (!import_bare(im, write ? REF_STORE : REF_LOAD, addr, 1))
			return false;
	}
	return true;
}

static bool
pages_run(struct import *im)
{
	uint64_t page_size = im->o->page_size ? im->o->page_size : PAGE_SIZE;
	char *line;

	import_note(im, "import.page_size", "%llu",
		    (unsigned long long)page_size);
	for (;;) {
		if (!input_line(im->in[0], &line, im->e))
			return false;
		if (!line)
			return true;
		if (!pages_line(im, line, page_size))
			return false;
	}
}

const struct importer import_pages = {
    "pages",
    "page numbers, as in a textbook: '1 2 3* 4' (* is a write)",
    "mappings,syscalls,threads,sizes,offsets",
    pages_detect,
    pages_run,
    false};
