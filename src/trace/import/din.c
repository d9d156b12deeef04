/*
 * din.c - Dinero's formats: classic din, extended din, binary (Dinero IV,
 * d4.h and its din readers).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/err.h"
#include "trace/import/detect.h"
#include "trace/import/import_priv.h"
#include "trace/bytes.h"
#include "trace/import/scan.h"

/* Labels and letters say the same, in this order. */
enum din_kind {
	DIN_READ,
	DIN_WRITE,
	DIN_FETCH,
	DIN_MISC,     /* counts as a read in Dinero */
	DIN_COPYBACK, /* of a cache: no reference of the program */
	DIN_INVALIDATE,
	DIN_KINDS
};

static const char letters[] = "rwimcv";

struct din_ref {
	enum din_kind kind;
	uint64_t addr, bytes;
};

static bool
take(struct import *im, const struct din_ref *r)
{
	switch (r->kind) {
	case DIN_FETCH:
		return import_fetch(im, r->addr,
				    r->bytes < 255 ? (uint32_t)r->bytes : 255);
	case DIN_READ:
	case DIN_MISC:
		return import_data(im, REF_LOAD, r->addr, (uint32_t)r->bytes);
	case DIN_WRITE:
		return import_data(im, REF_STORE, r->addr, (uint32_t)r->bytes);
	default:
		import_lacks(im, "cache control lines");
		return true;
	}
}

static bool
is_blank(const char *line)
{
	return !line[strspn(line, " \t")];
}

/* "2 0041f7a0 ...": words are of 4 bytes, as Dinero takes them. */
static bool
classic(const char *line, struct din_ref *r)
{
	struct scan s = {line};
	uint64_t label;

	scan_blank(&s);
	if (!scan_hex(&s, &label) || !*s.at || !scan_blank(&s) ||
	    label >= DIN_KINDS || !scan_hex(&s, &r->addr) ||
	    (*s.at && !scan_blank(&s)))
		return false;
	*r = (struct din_ref){(enum din_kind)label, r->addr & ~(uint64_t)3, 4};
	return true;
}

/* "r 41f7a0 8 ...": size in hex. */
static bool
extended(const char *line, struct din_ref *r)
{
	struct scan s = {line};
	const char *letter;

	scan_blank(&s);
	letter = *s.at ? strchr(letters, *s.at) : NULL;
	if (!letter)
		return false;
	s.at++;
	if (!scan_blank(&s) || !scan_hex(&s, &r->addr) || !*s.at ||
	    !scan_blank(&s) || !scan_hex(&s, &r->bytes) ||
	    (*s.at && !scan_blank(&s)))
		return false;
	r->kind = (enum din_kind)(letter - letters);
	return r->bytes > 0 && r->bytes <= REF_MAX_BYTES;
}

static bool
run_text(struct import *im, bool (*parse)(const char *, struct din_ref *),
	 const char *expected)
{
	struct din_ref r;
	char *line;

	for (;;) {
		if (!input_line(im->in[0], &line, im->e))
			return false;
		if (!line)
			return true;
		if (is_blank(line))
			continue;
		if (!parse(line, &r))
			return input_fail(im->in[0], 0, im->e, "%s is expected",
					  expected);
		if (!take(im, &r))
			return false;
	}
}

static bool
classic_fits(const char *line)
{
	struct din_ref r;

	return classic(line, &r);
}

/* Few such lines may as well be page numbers. */
static unsigned
classic_detect(const uint8_t *data, size_t n)
{
	unsigned lines;

	detect_lines(data, n, classic_fits, &lines);
	return detect_all(data, n, classic_fits, lines < 4 ? 50 : 70);
}

static bool
classic_run(struct import *im)
{
	return run_text(im, classic,
			"a label 0 to 5 and a hexadecimal address");
}

static bool
extended_fits(const char *line)
{
	struct din_ref r;

	return extended(line, &r);
}

static unsigned
extended_detect(const uint8_t *data, size_t n)
{
	return detect_all(data, n, extended_fits, 75);
}

static bool
extended_run(struct import *im)
{
	return run_text(im, extended,
			"one of r w i m c v, a hexadecimal address and a "
			"hexadecimal size");
}

/* 8 bytes: u32 address, u16 size, u8 kind, u8 padding. */
static bool
binary(const uint8_t *p, struct din_ref *r)
{
	*r =
	    (struct din_ref){(enum din_kind)p[6], load_u32(p), load_u16(p + 4)};
	return p[6] < DIN_KINDS && r->bytes;
}

static unsigned
binary_detect(const uint8_t *data, size_t n)
{
	struct din_ref r;

	if (n < 32)
		return 0;
	for (size_t i = 0; i + 8 <= n && i < 8192; i += 8)
		if (!binary(data + i, &r) || r.bytes > 64 || data[i + 7])
			return 0;
	return 55;
}

static bool
binary_run(struct import *im)
{
	const uint8_t *p;
	struct din_ref r;

	for (;;) {
		if (!input_record(im->in[0], 8, &p, "a record", im->e))
			return false;
		if (!p)
			return true;
		if (!binary(p, &r))
			return input_fail(im->in[0], 8, im->e,
					  "kind %u, size %u: kind 0 to 5 and a "
					  "size are expected",
					  p[6], load_u16(p + 4));
		if (!take(im, &r))
			return false;
	}
}

const struct importer import_din = {"din",
				    "Dinero, classic text: 'LABEL ADDRESS'",
				    "mappings,syscalls,threads,sizes",
				    classic_detect,
				    classic_run,
				    false};

const struct importer import_xdin = {
    "xdin",
    "Dinero IV, extended text: 'r ADDRESS SIZE'",
    "mappings,syscalls,threads",
    extended_detect,
    extended_run,
    false};

const struct importer import_dinb = {
    "dinb",
    "Dinero IV, binary: 8 bytes a reference, 32-bit addresses",
    "mappings,syscalls,threads",
    binary_detect,
    binary_run,
    false};
