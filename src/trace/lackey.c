/*
 * lackey.c - the fast half of the log's parser: lines of references.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "trace/lackey.h"

#include <string.h>

/* Value of a lower-case hex digit, plus one; 0: not one. */
static const uint8_t hex_value[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

void
lackey_init(struct lackey *p, const struct lackey_sink *sink, void *ctx)
{
	*p = (struct lackey){.sink = sink, .ctx = ctx, .thread = 1};
}

/* "addr,size" from s up to the newline at end. */
static bool
parse_reference(const char *s, const char *end, uint64_t *addr, uint32_t *bytes)
{
	uint64_t a = 0;
	uint32_t n = 0;
	const char *first = s;

	for (uint8_t v; (v = hex_value[(uint8_t)*s]); s++)
		a = a << 4 | (v - 1u);
	if (s - first < 8 || s - first > 16 || *s++ != ',')
		return false;
	first = s;
	for (; *s >= '0' && *s <= '9' && s - first < 6; s++)
		n = n * 10 + (uint32_t)(*s - '0');
	*addr = a;
	*bytes = n;
	return s == end && s > first && n && n <= REF_MAX_BYTES;
}

/* One line, newline at end.  *ok: go on. */
static bool
reference_line(struct lackey *p, const char *s, const char *end, bool *go_on)
{
	uint64_t addr;
	uint32_t bytes;
	char op = s[1];

	if (end - s < 11 || s[2] != ' ')
		return false;
	if (s[0] == 'I' ? op != ' '
			: s[0] != ' ' || (op != 'L' && op != 'S' && op != 'M'))
		return false;
	if (!parse_reference(s + 3, end, &addr, &bytes))
		return false;
	p->references++;
	if (s[0] == 'I')
		*go_on = p->sink->fetch(p->ctx, addr, bytes);
	else
		*go_on = p->sink->data(p->ctx,
				       op == 'L'   ? REF_LOAD
				       : op == 'S' ? REF_STORE
						   : REF_MODIFY,
				       addr, bytes);
	return true;
}

size_t
lackey_parse(struct lackey *p, const char *buf, size_t n, bool *stopped)
{
	const char *s = buf, *end = buf + n, *nl;
	bool go_on = true;

	while (go_on && s < end && (nl = memchr(s, '\n', (size_t)(end - s)))) {
		p->lines++;
		if (!reference_line(p, s, nl, &go_on))
			go_on = lackey_text(p, s, (size_t)(nl - s));
		s = nl + 1;
	}
	*stopped = !go_on;
	/* No newline for so long: not a line of ours. */
	if (go_on && (size_t)(end - s) > LACKEY_MAX_LINE) {
		p->dropped++;
		s = end;
	}
	return (size_t)(s - buf);
}

size_t
lackey_whole(const char *buf, size_t n)
{
	const char *nl = memrchr(buf, '\n', n), *line;
	size_t end = nl ? (size_t)(nl - buf) + 1 : 0, at = end;

	if (!nl && n > LACKEY_MAX_LINE)
		return n; /* not a line of ours: to be dropped */

	while (at > 0) {
		nl = at > 1 ? memrchr(buf, '\n', at - 1) : NULL;
		line = nl ? nl + 1 : buf;
		at = (size_t)(line - buf);
		if (line[0] == 'I' && line[1] == ' ')
			return at;
		if (line[0] != ' ' || line[1] == '-')
			return end;
	}
	return end;
}
