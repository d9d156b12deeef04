/*
 * synth_order.h - orders and distributions over huge ranges in constant
 * memory.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef TRACE_SYNTH_ORDER_H
#define TRACE_SYNTH_ORDER_H

#include <stdint.h>

struct rng;

/* A permutation of 0 .. n-1: a Feistel network over the next power of two,
 * applied again while the result is not below n (cycle walking). */
struct perm {
	uint64_t n, key;
	unsigned left, right; /* bits of the two halves */
};

void perm_init(struct perm *p, uint64_t n, uint64_t seed); /* n > 0 */
uint64_t perm_at(const struct perm *p, uint64_t i);        /* i < n */

/* Zipf's law over ranks 1 .. n by rejection-inversion (Hoermann and
 * Derflinger, ACM TOMACS 6(3), 1996). */
struct zipf {
	uint64_t n;
	double skew; /* > 0 */
	double h_first, h_last, cut;
};

void zipf_init(struct zipf *z, uint64_t n, double skew);
uint64_t zipf_next(const struct zipf *z, struct rng *r); /* 1 .. n */

#endif
