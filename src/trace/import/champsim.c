/*
 * champsim.c - ChampSim's records of one instruction (inc/trace_instruction.h):
 * 64 bytes, or 96 of the form made for CloudSuite.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/err.h"
#include "trace/import/import_priv.h"
#include "trace/bytes.h"

struct layout {
	const char *what;
	unsigned bytes, dst, n_dst, src, n_src;
};

static const struct layout champsim = {
    "a record of 64 bytes", 64, 16, 2, 32, 4};
static const struct layout cloudsuite = {
    "a record of 96 bytes", 96, 24, 4, 56, 4};

/* Where a user program or a kernel has things. */
static bool
is_address(uint64_t a)
{
	return a < (uint64_t)1 << 57 || a >= (uint64_t)0xff << 56;
}

static bool
plausible(const struct layout *l, const uint8_t *p)
{
	bool fine =
	    load_u64(p) && is_address(load_u64(p)) && p[8] <= 1 && p[9] <= 1;

	for (unsigned i = 0; i < l->n_dst; i++)
		fine &= is_address(load_u64(p + l->dst + 8 * i));
	for (unsigned i = 0; i < l->n_src; i++)
		fine &= is_address(load_u64(p + l->src + 8 * i));
	return fine;
}

static unsigned
detect(const struct layout *l, const uint8_t *data, size_t n, unsigned score)
{
	if (n < l->bytes)
		return 0;
	for (size_t i = 0; i + l->bytes <= n && i < 32768; i += l->bytes)
		if (!plausible(l, data + i))
			return 0;
	return score;
}

/* No lengths are recorded: the distance to the next instruction, where that
 * can be a length. */
static uint32_t
length_to(uint64_t ip, uint64_t next)
{
	return next > ip && next - ip <= 15 ? (uint32_t)(next - ip) : 1;
}

static bool
take(struct import *im, const struct layout *l, const uint8_t *p,
     uint32_t length)
{
	if (!import_fetch(im, load_u64(p), length))
		return false;
	for (unsigned i = 0; i < l->n_src; i++) {
		uint64_t a = load_u64(p + l->src + 8 * i);

		if (a && !import_data(im, REF_LOAD, a, 1))
			return false;
	}
	for (unsigned i = 0; i < l->n_dst; i++) {
		uint64_t a = load_u64(p + l->dst + 8 * i);

		if (a && !import_data(im, REF_STORE, a, 1))
			return false;
	}
	return true;
}

static bool
check(struct import *im, const uint8_t *p)
{
	if (p[8] <= 1 && p[9] <= 1)
		return true;
	return input_fail(im->in[0], 0, im->e,
			  "branch flags %u, %u: 0 or 1 are expected (is this "
			  "%s?)",
			  p[8], p[9], im->from->name);
}

/* One record behind, to know the next instruction. */
static bool
run(struct import *im, const struct layout *l)
{
	for (;;) {
		struct input *in = im->in[0];
		const uint8_t *p, *next;
		size_t n;

		if (!input_fill(in, 2 * l->bytes, im->e))
			return false;
		n = input_waiting(in);
		if (!n)
			return true;
		p = n < l->bytes ? NULL : input_at(in);
		if (!p)
			return input_record(in, l->bytes, &p, l->what, im->e);
		next = n < 2 * l->bytes ? NULL : p + l->bytes;
		if (!check(im, p) ||
		    !take(im, l, p,
			  next ? length_to(load_u64(p), load_u64(next)) : 1))
			return false;
		in->pos += l->bytes;
	}
}

static unsigned
champsim_detect(const uint8_t *data, size_t n)
{
	return detect(&champsim, data, n, 60);
}

static bool
champsim_run(struct import *im)
{
	return run(im, &champsim);
}

static unsigned
cloudsuite_detect(const uint8_t *data, size_t n)
{
	return detect(&cloudsuite, data, n, 60);
}

static bool
cloudsuite_run(struct import *im)
{
	return run(im, &cloudsuite);
}

const struct importer import_champsim = {"champsim",
					 "ChampSim, 64 bytes an instruction",
					 "mappings,syscalls,threads,sizes",
					 champsim_detect,
					 champsim_run,
					 false};

const struct importer import_cloudsuite = {
    "cloudsuite",
    "ChampSim's CloudSuite form, 96 bytes an instruction",
    "mappings,syscalls,threads,sizes",
    cloudsuite_detect,
    cloudsuite_run,
    false};
