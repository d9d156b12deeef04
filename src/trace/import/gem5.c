/*
 * gem5.c - gem5's packet traces: a magic number, then protobuf messages each
 * with its length before it (src/proto/packet.proto, protoio.cc).
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "base/err.h"
#include "trace/import/import_priv.h"
#include "trace/bytes.h"
#include "trace/import/scan.h"

#define MAGIC       0x356d6567u /* "gem5" */
#define MAX_MESSAGE 65536u
#define MAX_COMMAND 256u

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* Fields of Packet. */
enum { F_TICK = 1, F_CMD, F_ADDR, F_SIZE, F_FLAGS, F_ID, F_PC, F_KNOWN };

struct commands {
	char op[MAX_COMMAND]; /* 'r', 'w' or 0 */
};

struct span {
	const uint8_t *p, *end;
};

static bool
varint(struct span *s, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && s->p < s->end; shift += 7) {
		uint8_t b = *s->p++;

		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80) {
			*out = v;
			return true;
		}
	}
	return false;
}

/* Take one field; *value is a number's, known ones are kept by the caller. */
static bool
field(struct span *s, uint64_t *number, uint64_t *value)
{
	uint64_t key, len;

	*value = 0;
	if (!varint(s, &key))
		return false;
	*number = key >> 3;
	switch (key & 7) {
	case WIRE_VARINT:
		return varint(s, value);
	case WIRE_64:
		len = 8;
		break;
	case WIRE_32:
		len = 4;
		break;
	case WIRE_BYTES:
		if (!varint(s, &len))
			return false;
		break;
	default:
		return false;
	}
	if (len > (uint64_t)(s->end - s->p))
		return false;
	s->p += len;
	return true;
}

static bool
parse_packet(struct span s, uint64_t f[F_KNOWN], unsigned *seen)
{
	uint64_t number, value;

	*seen = 0;
	while (s.p < s.end) {
		if (!field(&s, &number, &value))
			return false;
		if (number >= F_KNOWN)
			continue;
		f[number] = value;
		*seen |= 1u << number;
	}
	return true;
}

/* The next message: length, then bytes.  s->p == NULL at the end. */
static bool
message(struct import *im, struct span *s)
{
	struct input *in = im->in[0];
	struct span head;
	uint64_t len;

	s->p = NULL;
	if (!input_fill(in, MAX_MESSAGE + 10, im->e))
		return false;
	if (!input_waiting(in))
		return true;
	head = (struct span){input_at(in), input_at(in) + input_waiting(in)};
	if (!varint(&head, &len) || len > MAX_MESSAGE)
		return input_fail(in, 0, im->e,
				  "the length of a message, at most %u, is "
				  "expected",
				  MAX_MESSAGE);
	if (len > (uint64_t)(head.end - head.p))
		return input_fail(in, 0, im->e,
				  "ends inside a message of %llu bytes",
				  (unsigned long long)len);
	*s = (struct span){head.p, head.p + len};
	in->pos += (size_t)(s->end - input_at(in));
	return true;
}

/* "1,22" */
static bool
list_commands(struct import *im, const char *option, const char *list, char op,
	      struct commands *c)
{
	struct scan s = {list};
	uint64_t v;

	while (*s.at) {
		if (!scan_dec(&s, &v) || v >= MAX_COMMAND ||
		    (*s.at && !scan_char(&s, ',')))
			return err_set(im->e, ERR_USAGE,
				       "--%s %s: numbers below %u, with commas "
				       "between, are expected",
				       option, list, MAX_COMMAND);
		c->op[v] = op;
	}
	return true;
}

static unsigned
detect(const uint8_t *data, size_t n)
{
	return n >= 4 && load_u32(data) == MAGIC ? 95 : 0;
}

static bool
take(struct import *im, const struct commands *c, const uint64_t *f,
     unsigned seen, uint64_t *other)
{
	uint64_t bytes = f[F_SIZE] ? f[F_SIZE] : 1;
	char op = f[F_CMD] < MAX_COMMAND ? c->op[f[F_CMD]] : 0;

	if (!op) {
		++*other;
		return true;
	}
	if (!(seen & 1u << F_ADDR))
		return input_fail(im->in[0], 0, im->e,
				  "a packet without an address");
	if (bytes > REF_MAX_BYTES)
		return input_fail(im->in[0], 0, im->e,
				  "a packet of %llu bytes: at most %u are "
				  "expected",
				  (unsigned long long)bytes, REF_MAX_BYTES);
	if (seen & 1u << F_PC && f[F_PC]) {
		if (!import_fetch(im, f[F_PC], 1))
			return false;
		return import_data(im, op == 'r' ? REF_LOAD : REF_STORE,
				   f[F_ADDR], (uint32_t)bytes);
	}
	return import_bare(im, op == 'r' ? REF_LOAD : REF_STORE, f[F_ADDR],
			   (uint32_t)bytes);
}

static bool
packets(struct import *im, const struct commands *c)
{
	uint64_t f[F_KNOWN] = {0}, other = 0;
	struct span s;
	unsigned seen;

	for (;;) {
		if (!message(im, &s))
			return false;
		if (!s.p)
			break;
		memset(f, 0, sizeof(f));
		if (!parse_packet(s, f, &seen) || !(seen & 1u << F_CMD))
			return input_fail(im->in[0], 0, im->e,
					  "a Packet message is expected before "
					  "this place");
		if (!take(im, c, f, seen, &other))
			return false;
	}
	import_note(im, "import.other_commands", "%llu",
		    (unsigned long long)other);
	return true;
}

/* The numbers of commands move between releases; these two stayed. */
static bool
run(struct import *im)
{
	const char *reads = im->o->reads ? im->o->reads : "1";
	const char *writes = im->o->writes ? im->o->writes : "4";
	struct commands c = {{0}};
	struct span header;
	const uint8_t *p;

	if (!list_commands(im, "reads", reads, 'r', &c) ||
	    !list_commands(im, "writes", writes, 'w', &c) ||
	    !input_record(im->in[0], 4, &p, "the magic number", im->e))
		return false;
	if (!p || load_u32(p) != MAGIC)
		return input_fail(im->in[0], p ? 4 : 0, im->e,
				  "the magic number \"gem5\" is expected");
	if (!message(im, &header))
		return false;
	if (!header.p)
		return input_fail(im->in[0], 0, im->e,
				  "a PacketHeader message is expected");
	import_note(im, "import.gem5_commands", "reads %s, writes %s", reads,
		    writes);
	return packets(im, &c);
}

const struct importer import_gem5 = {
    "gem5",
    "gem5's packet trace (protobuf); addresses taken as virtual",
    "mappings,syscalls,threads,virtual addresses",
    detect,
    run,
    false};
