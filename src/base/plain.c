/* plain.c - see plain.h.  SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "base/plain.h"
#include "base/xalloc.h"

static bool
is_c1(unsigned char c)
{
	return c >= 0x80 && c < 0xa0;
}

/* Bytes of the UTF-8 character that begins at s, if it is whole; else 1. */
static unsigned
character(const unsigned char *s)
{
	unsigned n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 1;

	for (unsigned i = 1; i < n; i++)
		if (s[i] >> 6 != 2)
			return 1;
	return n;
}

void
make_plain(char *text, bool keep_newlines)
{
	unsigned char *s = (unsigned char *)text;

	while (*s) {
		unsigned n = character(s);

		if (n == 2 && *s == 0xc2 && is_c1(s[1]))
			s[0] = s[1] = '?';
		else if (n == 1 &&
			 ((*s < 0x20 && !(*s == '\n' && keep_newlines)) ||
			  *s == 0x7f || is_c1(*s)))
			*s = '?';
		s += n;
	}
}

void
put_csv_text(const char *s, FILE *f)
{
	char *plain = xstrdup(s);

	make_plain(plain, false);
	putc('"', f);
	for (const char *p = plain; *p; p++) {
		if (*p == '"')
			putc('"', f);
		putc(*p, f);
	}
	putc('"', f);
	free(plain);
}
