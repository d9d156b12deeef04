/*
 * sys_parse.c - see sys_parse.h.  The forms are those of strace (its options
 * -f, -t, -tt, -ttt, -r, -T, -n, -i, -y, -yy) and of perf trace, which names
 * its arguments and leaves out those that are 0.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <ctype.h>
#include <errno.h>
#include <sys/mman.h>

#include "trace/import/scan.h"
#include "trace/import/sys_parse.h"

#define MAX_ARGS 8

struct known_call {
	const char *name;
	uint32_t nr;
	unsigned n_args;  /* that are numbers */
	const char *keys; /* perf trace's names, a space behind each */
};

static const struct known_call known[] = {
    {"mmap", NR_MMAP, 6, "addr len prot flags fd off "},
    {"munmap", NR_MUNMAP, 2, "addr len "},
    {"mprotect", NR_MPROTECT, 3, "start len prot "},
    {"mremap", NR_MREMAP, 5, "addr old_len new_len flags new_addr "},
    {"madvise", NR_MADVISE, 3, "start len_in behavior "},
    {"brk", NR_BRK, 1, "brk "},
    {"open", NR_OPEN, 0, "filename flags mode "},
    {"openat", NR_OPENAT, 0, "dfd filename flags mode "},
    {"close", NR_CLOSE, 1, "fd "},
    {"dup", NR_DUP, 1, "fildes "},
    {"dup2", NR_DUP2, 2, "oldfd newfd "},
    {"dup3", NR_DUP3, 2, "oldfd newfd "},
    {"fstat", NR_FSTAT, 1, "fd "},
    {"newfstatat", NR_NEWFSTATAT, 1, "dfd "},
    {.name = NULL},
};

#define FLAG(prefix, name)                              \
	{                                               \
#name, prefix, sizeof(prefix) - 1, name \
	}

static const struct {
	const char *name, *prefix;
	size_t skip;
	uint64_t value;
} flags[] = {
    FLAG("PROT_", PROT_NONE),
    FLAG("PROT_", PROT_READ),
    FLAG("PROT_", PROT_WRITE),
    FLAG("PROT_", PROT_EXEC),
    FLAG("PROT_", PROT_GROWSDOWN),
    FLAG("PROT_", PROT_GROWSUP),
    FLAG("MAP_", MAP_SHARED),
    FLAG("MAP_", MAP_PRIVATE),
    FLAG("MAP_", MAP_SHARED_VALIDATE),
    FLAG("MAP_", MAP_FIXED),
    FLAG("MAP_", MAP_ANONYMOUS),
    FLAG("MAP_", MAP_GROWSDOWN),
    FLAG("MAP_", MAP_DENYWRITE),
    FLAG("MAP_", MAP_EXECUTABLE),
    FLAG("MAP_", MAP_LOCKED),
    FLAG("MAP_", MAP_NORESERVE),
    FLAG("MAP_", MAP_POPULATE),
    FLAG("MAP_", MAP_NONBLOCK),
    FLAG("MAP_", MAP_STACK),
    FLAG("MAP_", MAP_HUGETLB),
    FLAG("MAP_", MAP_SYNC),
    FLAG("MAP_", MAP_FIXED_NOREPLACE),
    FLAG("MAP_", MAP_32BIT),
    FLAG("MREMAP_", MREMAP_MAYMOVE),
    FLAG("MREMAP_", MREMAP_FIXED),
    FLAG("MREMAP_", MREMAP_DONTUNMAP),
    FLAG("MADV_", MADV_NORMAL),
    FLAG("MADV_", MADV_RANDOM),
    FLAG("MADV_", MADV_SEQUENTIAL),
    FLAG("MADV_", MADV_WILLNEED),
    FLAG("MADV_", MADV_DONTNEED),
    FLAG("MADV_", MADV_FREE),
    FLAG("MADV_", MADV_REMOVE),
    FLAG("MADV_", MADV_DONTFORK),
    FLAG("MADV_", MADV_DOFORK),
    FLAG("MADV_", MADV_MERGEABLE),
    FLAG("MADV_", MADV_UNMERGEABLE),
    FLAG("MADV_", MADV_HUGEPAGE),
    FLAG("MADV_", MADV_NOHUGEPAGE),
    FLAG("MADV_", MADV_DONTDUMP),
    FLAG("MADV_", MADV_DODUMP),
    FLAG("MADV_", MADV_WIPEONFORK),
    FLAG("MADV_", MADV_KEEPONFORK),
    FLAG("MADV_", MADV_COLD),
    FLAG("MADV_", MADV_PAGEOUT),
    FLAG("MADV_", MADV_POPULATE_READ),
    FLAG("MADV_", MADV_POPULATE_WRITE),
};

/* ------------------------------------------------------------- the front */

/* "[pid 123] ", "123 ", "123<comm> " */
static void
leader_pid(struct scan *s, uint32_t *tid)
{
	struct scan t = *s;
	uint64_t v = 0;
	bool bracket = scan_word(&t, "[pid");

	if (bracket)
		scan_blank(&t);
	if (!scan_dec(&t, &v) || v > UINT32_MAX)
		return;
	if (scan_char(&t, '<')) {
		t.at += strcspn(t.at, ">");
		scan_char(&t, '>');
	}
	if (bracket ? !scan_char(&t, ']') : *t.at != ' ')
		return;
	scan_blank(&t);
	*s = t;
	*tid = (uint32_t)v;
}

/* "  0.123 ( 0.004 ms): ls/2345 mmap(": behind it, with the thread. */
static bool
leader_perf(struct scan *s, uint32_t *tid)
{
	struct scan t = *s;
	const char *call, *slash = NULL;
	uint64_t v;

	t.at += strcspn(t.at, ":");
	if (!scan_word(&t, "): "))
		if (t.at == s->at || t.at[-1] != ')' || !scan_word(&t, ": "))
			return false;
	call = strchr(t.at, '(');
	for (const char *p = t.at; call && p < call; p++)
		if (*p == '/')
			slash = p;
	if (!slash)
		return false;
	t.at = slash + 1;
	if (!scan_dec(&t, &v) || v > UINT32_MAX || *t.at != ' ')
		return false;
	scan_blank(&t);
	*s = t;
	*tid = (uint32_t)v;
	return true;
}

/* Times, "[  9]", "[00007f..]" */
static void
leader_rest(struct scan *s)
{
	for (;;) {
		size_t n = strspn(s->at, "0123456789:.+");

		if (*s->at == '[') {
			n = strcspn(s->at, "]");
			n += s->at[n] == ']';
		} else if (*s->at == '(' && s->at[1] == '+') {
			n = strcspn(s->at, ")");
			n += s->at[n] == ')';
		}
		if (!n)
			return;
		s->at += n;
		scan_blank(s);
	}
}

bool
log_leader(const char *line, struct log_line *l)
{
	struct scan s = {line};

	l->tid = 0;
	if (!leader_perf(&s, &l->tid)) {
		scan_blank(&s);
		leader_pid(&s, &l->tid);
		leader_rest(&s);
	}
	l->text = s.at;
	return isalpha((unsigned char)*s.at) || *s.at == '_' ||
	       !strncmp(s.at, "<... ", 5);
}

/* ---------------------------------------------------------- the arguments */

/* A word of the call's text. */
struct part {
	const char *p;
	size_t n;
};

static const char *
skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Behind "<...>" that follows a descriptor (-y); it may hold anything but >
 * (strace escapes that). */
static const char *
skip_path(const char *p)
{
	p += strcspn(p, ">");
	return *p ? p + 1 : p;
}

/* Cut "a, b, {c, d})" at its commas; returns what follows the bracket that
 * closes, or NULL. */
static const char *
split(const char *p, struct part *args, unsigned *n)
{
	const char *from = p;
	int depth = 0;

	*n = 0;
	while (*p) {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		if (*p == '<' && p > from && isdigit((unsigned char)p[-1]) &&
		    p[1] != '<') {
			p = skip_path(p);
			continue;
		}
		if ((*p == ',' || *p == ')') && !depth) {
			if (*n < MAX_ARGS && p > from)
				args[(*n)++] =
				    (struct part){from, (size_t)(p - from)};
			if (*p == ')')
				return p + 1;
			from = p + 1 + strspn(p + 1, " ");
		}
		depth += *p == '(' || *p == '{' || *p == '[';
		depth -= *p == ')' || *p == '}' || *p == ']';
		p++;
	}
	return NULL;
}

static bool
flag_value(const char *word, size_t n, uint64_t *value)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const char *name = flags[i].name;

		if ((strlen(name) != n || memcmp(name, word, n)) &&
		    (strlen(name + flags[i].skip) != n ||
		     memcmp(name + flags[i].skip, word, n)))
			continue;
		*value = flags[i].value;
		return true;
	}
	return false;
}

/* "NULL", "-1", "0x7f00", "3</lib/x>", "PROT_READ|PROT_WRITE", "21<<26" */
static bool
number(struct part a, uint64_t *out)
{
	struct scan s = {a.p};
	const char *end = a.p + a.n;
	uint64_t v;

	*out = 0;
	if (scan_word(&s, "NULL") || scan_word(&s, "AT_FDCWD"))
		return true;
	while (s.at < end) {
		bool minus = scan_char(&s, '-');
		size_t n = strcspn(s.at, "|<,) ");

		if (!scan_number(&s, &v)) {
			if (!flag_value(s.at, n, &v))
				return false;
			s.at += n;
		}
		if (scan_word(&s, "<<MAP_HUGE_SHIFT"))
			v <<= 26;
		*out |= minus ? -v : v;
		if (!scan_char(&s, '|'))
			break;
	}
	return true;
}

/* What stands between the marks, with strace's escapes taken back. */
static void
unescape(const char *p, char mark, char *out, size_t n)
{
	size_t i = 0;

	for (; *p && *p != mark && i + 1 < n; p++) {
		unsigned v = 0, digits = 0;

		if (*p == '\\' && p[1] >= '0' && p[1] <= '7') {
			for (; digits < 3 && p[1] >= '0' && p[1] <= '7';
			     digits++)
				v = v * 8 + (unsigned)(*++p - '0');
			out[i++] = (char)(v ? v : '?');
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		out[i++] = *p;
	}
	out[i] = '\0';
}

/* The file: behind a descriptor (-y), or as opened. */
static void
find_path(const struct known_call *k, const struct part *args, unsigned n,
	  const char *result, struct call *c, char *path, size_t size)
{
	const char *p = NULL;

	if (k->nr == NR_OPEN || k->nr == NR_OPENAT)
		p = memchr(result, '<', strcspn(result, " "));
	else if (k->nr == NR_MMAP && n > 4)
		p = memchr(args[4].p, '<', args[4].n);
	else if (k->nr == NR_FSTAT && n)
		p = memchr(args[0].p, '<', args[0].n);
	if (p) {
		unescape(p + 1, '>', path, size);
		c->path = path;
		return;
	}
	for (unsigned i = 0; i < n && (k->nr == NR_OPEN || k->nr == NR_OPENAT);
	     i++) {
		p = memchr(args[i].p, '"', args[i].n);
		if (p) {
			unescape(p + 1, '"', path, size);
			c->path = path;
			return;
		}
	}
}

/* Where an argument goes: in order, or by perf trace's name for it. */
static unsigned
position(const struct known_call *k, unsigned i, struct part *a)
{
	const char *colon = memchr(a->p, ':', a->n), *key = k->keys;
	size_t n = colon ? (size_t)(colon - a->p) : 0;

	if (!colon || colon[1] != ' ' || memchr(a->p, '"', n))
		return i;
	for (unsigned j = 0; *key; j++) {
		size_t len = strcspn(key, " ");

		if (len == n && !memcmp(key, a->p, n)) {
			a->p += n + 2;
			a->n -= n + 2;
			return j;
		}
		key += len + 1;
	}
	return MAX_ARGS;
}

/* ---------------------------------------------------------------- the call */

/* "ENOMEM (Cannot allocate memory)" */
static int
error_number(const char *p)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
	    {"EPERM", EPERM},   {"ENOENT", ENOENT}, {"EBADF", EBADF},
	    {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES},
	    {"EEXIST", EEXIST}, {"ENODEV", ENODEV}, {"EINVAL", EINVAL}};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strncmp(p, errors[i].name, strlen(errors[i].name)))
			return errors[i].number;
	return EINVAL;
}

/* "= 0x7f00", "= -1 ENOMEM (...)", "= ? ..." */
static enum parsed
result(const char *p, int64_t *ret, const char **text, const char **why)
{
	struct scan s = {p};
	uint64_t v;

	scan_blank(&s);
	if (!scan_char(&s, '=') || !scan_blank(&s)) {
		*why = "a result ('= 0') behind the call";
		return PARSED_BAD;
	}
	*text = s.at;
	if (*s.at == '?' || *s.at == '<')
		return PARSED_OTHER;
	if (scan_word(&s, "-1 ")) {
		*ret = -error_number(s.at);
		return PARSED_CALL;
	}
	if (!scan_number(&s, &v)) {
		*why = "a number as result";
		return PARSED_BAD;
	}
	*ret = (int64_t)v;
	return PARSED_CALL;
}

static const struct known_call *
find_call(const char *name, size_t n)
{
	for (const struct known_call *k = known; k->name; k++)
		if (strlen(k->name) == n && !memcmp(k->name, name, n))
			return k;
	return NULL;
}

static bool
numbers(const struct known_call *k, struct part *args, unsigned n,
	struct call *c)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned at = position(k, i, &args[i]);

		if (at < k->n_args && at < 6 && !number(args[i], &c->args[at]))
			return false;
	}
	return true;
}

enum parsed
log_call(const char *text, struct call *c, char *path, size_t size,
	 const char **why)
{
	size_t len = strcspn(text, "( ");
	const struct known_call *k = find_call(text, len);
	struct part args[MAX_ARGS];
	const char *behind, *res = "", *stat;
	enum parsed p;
	unsigned n;

	*c = (struct call){0};
	if (!k || text[len] != '(')
		return PARSED_OTHER;
	c->nr = k->nr;
	behind = split(text + len + 1, args, &n);
	*why = "the call's closing bracket";
	if (!behind)
		return PARSED_BAD;
	p = result(behind, &c->ret, &res, why);
	if (p != PARSED_CALL)
		return p;
	*why = "arguments that are numbers or known flags";
	if (!numbers(k, args, n, c))
		return PARSED_BAD;
	find_path(k, args, n, res, c, path, size);
	stat = strstr(text, "st_size=");
	if (stat)
		scan_dec(&(struct scan){stat + 8}, &c->size);
	return PARSED_CALL;
}
