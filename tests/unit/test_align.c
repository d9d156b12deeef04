/*
 * test_align.c - alignment of fault sequences, and the rules for Valgrind's.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include <stdlib.h>

#include "base/rng.h"
#include "base/xalloc.h"
#include "report/align.h"
#include "tests/tap.h"

#define V       align_valgrind_amd64
#define JIT     UINT64_C(0x1002890000)
#define V_IP    UINT64_C(0x5817ce81)
#define LETTERS 40

/* A word spells a sequence: a letter is a page, capital means written. */
static size_t
spell(struct align_fault *f, const char *word)
{
	size_t n = 0;

	for (; word[n]; n++) {
		bool write = word[n] >= 'A' && word[n] <= 'Z';

		f[n] = (struct align_fault){
		    .addr = (uint64_t)(word[n] | 32) << 12 | 8,
		    .ip = JIT,
		    .pid = 1,
		    .tid = 1,
		    .write = write,
		};
	}
	return n;
}

static struct align_counts
compare(const char *ours, const char *truth)
{
	struct align_fault a[LETTERS], b[LETTERS];
	size_t na = spell(a, ours), nb = spell(b, truth);
	struct align_counts c;

	align_faults(a, na, b, nb, &V, &c);
	return c;
}

static void
test_words(void)
{
	struct align_counts c = compare("abCde", "abCde");

	is_u64(c.same, 5, "equal sequences agree");
	ok(align_percent(&c) > 99.99, "... by 100 %%");
	c = compare("abcd", "abxcd");
	is_u64(c.same, 4, "one fault more: the others still agree");
	is_u64(c.missing, 1, "... and it is missing");
	ok(align_percent(&c) > 79.9 && align_percent(&c) < 80.1,
	   "... of the longer side");
	c = compare("abxcd", "abcd");
	is_u64(c.extra, 1, "one of ours more is extra");
	c = compare("eabcd", "abcde");
	is_u64(c.same, 4, "a fault at another place is not in order");
	is_u64(c.moved, 1, "... but agrees");
	ok(align_percent_ordered(&c) < align_percent(&c),
	   "... which the ordered per cent shows");
	c = compare("abC", "abc");
	is_u64(c.different, 1, "the same page written instead of read differs");
	is_u64(c.same, 2, "... and does not agree");
	c = compare("", "");
	ok(align_percent(&c) > 99.99, "nothing agrees with nothing");
	c = compare("abab", "baba");
	is_u64(c.same, 3, "longest common subsequence");
}

static void
test_processes(void)
{
	struct align_fault a[2], b[2];
	struct align_counts c;

	spell(a, "ab");
	spell(b, "ba");
	a[1].pid = b[0].pid = 2;
	align_faults(a, 2, b, 2, &V, &c);
	is_u64(c.same, 2, "each process has an order of its own");
	is_u64(a[1].partner, 0, "... and a partner on the other side");
	b[0].present = true;
	align_faults(a, 2, b, 2, &V, &c);
	is_u64(c.different, 1, "the present bit must agree");
	b[0].pid = 3;
	align_faults(a, 2, b, 2, &V, &c);
	is_u64(c.missing, 1, "a process we do not have is missing");
	is_u64(c.extra, 1, "... and one they do not have is extra");
}

static size_t
reference_lcs(const char *a, const char *b)
{
	size_t t[LETTERS + 1][LETTERS + 1] = {{0}};
	size_t na = strlen(a), nb = strlen(b);

	for (size_t i = 1; i <= na; i++)
		for (size_t k = 1; k <= nb; k++) {
			size_t up = t[i - 1][k], left = t[i][k - 1];

			t[i][k] = a[i - 1] == b[k - 1] ? t[i - 1][k - 1] + 1
				  : up > left          ? up
						       : left;
		}
	return t[na][nb];
}

static void
random_word(struct rng *r, char *word, unsigned letters)
{
	size_t n = rng_below(r, LETTERS);

	for (size_t i = 0; i < n; i++)
		word[i] = (char)((rng_below(r, 2) ? 'a' : 'A') +
				 (char)rng_below(r, letters));
	word[n] = '\0';
}

static void
test_random(void)
{
	struct rng r;
	size_t bad = 0;

	rng_seed(&r, 7);
	for (int i = 0; i < 3000; i++) {
		char a[LETTERS], b[LETTERS];
		struct align_counts c;

		random_word(&r, a, i % 2 ? 3 : 12);
		random_word(&r, b, i % 2 ? 3 : 12);
		c = compare(a, b);
		bad += c.same != reference_lcs(a, b);
		bad += c.same + c.moved + c.different + c.extra != c.ours;
		bad += c.same + c.moved + c.different + c.missing != c.truth;
	}
	is_u64(bad, 0, "3000 random pairs: as the quadratic method says");
}

static void
test_repeats(void)
{
	size_t n = 50000;
	struct align_fault *a = xcalloc(n, sizeof(*a));
	struct align_fault *b = xcalloc(n, sizeof(*b));
	struct align_counts c;

	for (size_t i = 0; i < n; i++)
		a[i].pid = b[i].pid = 1;
	align_faults(a, n, b, n, &V, &c);
	is_u64(c.same, n, "one page faulting 50000 times");
	free(a);
	free(b);
}

/* Huge pages and fixed addresses lie where Valgrind's own memory may be. */
static void
test_high_memory(void)
{
	struct align_fault a[1], b[3];
	struct align_counts c;

	spell(a, "a");
	spell(b, "abc");
	a[0].addr = 0x7f0000200000;
	b[0].addr = 0x7f0000200000; /* ours has it */
	b[1].addr = 0x7f0000204000; /* next to it: ours, too, if it had it */
	b[2].addr = 0x7f0000400000; /* nobody of ours is near */
	truth_mark(b, 3, a, 1, &V);
	align_faults(a, 1, b, 3, &V, &c);
	is_u64(c.same, 1, "high memory of the program's is compared");
	is_u64(c.missing, 1, "what we lack near it is missing, not set aside");
	is_u64(b[2].rule, RULE_MEMORY, "elsewhere it is Valgrind's");
}

static void
test_memory_and_image(void)
{
	struct align_fault a[1], b[5];
	struct align_counts c;

	spell(a, "P");
	spell(b, "PPPPP");
	b[0].rule = RULE_LAUNCH;
	b[1].ip = b[2].ip = V_IP;
	b[2].addr += 1 << 12;
	b[3].addr = 0x1002001000;
	truth_mark(b, 5, a, 1, &V);
	is_u64(b[0].rule, RULE_LAUNCH, "what the caller marked stays");
	is_u64(b[1].rule, RULE_IMAGE, "Valgrind writes the image");
	is_u64(b[3].rule, RULE_MEMORY, "Valgrind's heap");
	is_u64(b[4].rule, RULE_NONE, "the program's own write");
	align_faults(a, 1, b, 5, &V, &c);
	is_u64(c.aside[RULE_IMAGE], 1, "an image fault we have is compared");
	is_u64(c.same, 1, "... and agrees");
	is_u64(c.missing, 1, "... then the program's own is missing");
}

static void
test_stack_probe(void)
{
	struct align_fault b[4];

	spell(b, "SSST");
	for (int i = 0; i < 4; i++)
		b[i].addr += 0x1ffeff0000;
	b[2].ip = b[3].ip = V_IP;
	truth_mark(b, 4, NULL, 0, &V);
	is_u64(b[0].rule, RULE_STACK_PROBE, "refused, then repeated");
	is_u64(b[1].rule, RULE_NONE, "the repetition counts");
	is_u64(b[2].rule, RULE_NONE, "another instruction's too");
	spell(b, "SSST");
	truth_mark(b, 4, NULL, 0, &V);
	is_u64(b[0].rule, RULE_NONE, "only on the stack");
}

static void
test_copy_tried(void)
{
	struct align_fault b[4];

	spell(b, "ccdd");
	b[0].kernel = b[1].kernel = b[2].kernel = true;
	truth_mark(b, 4, NULL, 0, &V);
	is_u64(b[0].rule, RULE_COPY_TRIED, "tried by the kernel, then faulted");
	is_u64(b[1].rule, RULE_NONE, "... which counts");
	is_u64(b[2].rule, RULE_NONE, "... not by the program");
}

static void
test_modify(void)
{
	struct align_fault a[2], b[3];
	struct align_counts c;

	spell(a, "M");
	spell(b, "mM");
	b[1].present = true;
	b[1].ip += 11;
	truth_mark(b, 2, a, 1, &V);
	is_u64(b[0].rule, RULE_MODIFY, "the load half of a modify");
	align_faults(a, 1, b, 2, &V, &c);
	is_u64(c.same, 1, "... leaves the write, not present");
	spell(a, "mM");
	a[1].present = true;
	spell(b, "mM");
	b[1].present = true;
	truth_mark(b, 2, a, 2, &V);
	is_u64(b[0].rule, RULE_NONE, "a load then a store of the program's");
	align_faults(a, 2, b, 2, &V, &c);
	is_u64(c.same, 2, "... stay two faults");
}

static void
test_code_ahead(void)
{
	struct align_fault a[2], b[3];
	struct align_counts c;

	spell(a, "ap");
	a[0].addr += 0x100000; /* another window */
	a[1].fetch = true;
	spell(b, "qbr");
	b[0].ip = b[1].ip = V_IP;
	b[1].addr += 0x200000;
	align_faults(a, 2, b, 3, &V, &c);
	is_u64(c.aside[RULE_CODE_AHEAD], 1, "code read at another page");
	is_u64(c.aside_ours[RULE_CODE_AHEAD], 1, "... of the same window");
	is_u64(c.aside[RULE_NOT_RUN], 1, "code read and not run");
	is_u64(c.missing, 1, "... is not data");
	is_u64(c.extra, 1, "... nor a page we fault in as data");
	is_u64(a[1].partner, 0, "... and the two are partners");
	b[1].addr -= 0x100000;
	align_faults(a, 2, b, 3, &V, &c);
	is_u64(c.aside[RULE_NOT_RUN], 0, "where we fault too, it was run");
}

static void
test_brk(void)
{
	struct align_fault a[4], b[4];
	struct align_counts c;

	spell(a, "ABab"); /* the heap, twice: it shrank between */
	spell(b, "ABCd"); /* C: zeroed without having been touched */
	for (size_t i = 0; i < 4; i++)
		a[i].heap = b[i].heap = true;
	a[3].addr += 0x100000; /* not had before */
	b[2].ip = b[3].ip = V_IP;
	align_faults(a, 4, b, 4, &V, &c);
	is_u64(c.same, 2, "the heap's first faults agree");
	is_u64(c.aside[RULE_BRK], 1, "zeroed when brk shrinks");
	is_u64(c.missing, 1, "... is a write");
	is_u64(c.aside_ours[RULE_BRK], 1, "a page of brk that is back");
	is_u64(c.extra, 1, "... is one that was there");
	b[2].heap = false;
	a[2].heap = false;
	align_faults(a, 4, b, 4, &V, &c);
	is_u64(c.missing, 2, "... in the heap alone");
	is_u64(c.extra, 2, "... on both sides");
}

static void
test_inherited(void)
{
	struct align_fault a[4], b[3];
	struct align_counts c;

	spell(a, "xayb");
	spell(b, "Zab");
	a[0].fetch = a[2].fetch = true;
	a[2].addr += 0x100000;
	b[0].forked = b[1].forked = true;
	align_faults(a, 4, b, 3, &V, &c);
	is_u64(c.aside_ours[RULE_INHERITED], 2,
	       "a forked child reads no code its parent had translated");
	is_u64(c.ours, 2, "... and that is not compared");
	b[1].forked = false;
	align_faults(a, 4, b, 3, &V, &c);
	is_u64(a[2].verdict, ALIGN_ALONE, "... after exec it does read");
}

int
main(void)
{
	test_words();
	test_processes();
	test_random();
	test_repeats();
	test_memory_and_image();
	test_high_memory();
	test_stack_probe();
	test_copy_tried();
	test_modify();
	test_code_ahead();
	test_brk();
	test_inherited();
	return done_testing();
}
