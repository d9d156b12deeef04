/* synth_order.c - see synth_order.h.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/bits.h"
#include "base/rng.h"
#include "trace/synth_order.h"

#define ROUNDS 6

void
perm_init(struct perm *p, uint64_t n, uint64_t seed)
{
	unsigned bits = n > 2 ? ilog2(n - 1) + 1 : 2;

	p->n = n;
	p->key = hash_u64(seed ^ 0x70616765u);
	p->left = bits / 2;
	p->right = bits - p->left;
}

static uint64_t
low_bits(uint64_t x, unsigned bits)
{
	return x & (((uint64_t)1 << bits) - 1);
}

/* Each half in turn takes a hash of the other: halves may differ in size. */
static uint64_t
feistel(const struct perm *p, uint64_t x)
{
	uint64_t r = low_bits(x, p->right), l = x >> p->right;

	for (unsigned i = 0; i < ROUNDS; i += 2) {
		l ^= low_bits(hash_u64(p->key + (r << 8) + i), p->left);
		r ^= low_bits(hash_u64(p->key + (l << 8) + i + 1), p->right);
	}
	return (l << p->right) | r;
}

uint64_t
perm_at(const struct perm *p, uint64_t i)
{
	do
		i = feistel(p, i);
	while (i >= p->n);
	return i;
}

/* log(1+x)/x and (exp(x)-1)/x, with their limits at 0. */
static double
log1p_over(double x)
{
	return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x / 2;
}

static double
expm1_over(double x)
{
	return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x / 2;
}

/* The density x^-skew, its integral, and the integral's inverse. */
static double
density(const struct zipf *z, double x)
{
	return exp(-z->skew * log(x));
}

static double
integral(const struct zipf *z, double x)
{
	double l = log(x);

	return expm1_over((1 - z->skew) * l) * l;
}

static double
inverse(const struct zipf *z, double y)
{
	double t = y * (1 - z->skew);

	return exp(log1p_over(t < -1 ? -1 : t) * y);
}

void
zipf_init(struct zipf *z, uint64_t n, double skew)
{
	z->n = n;
	z->skew = skew;
	z->h_first = integral(z, 1.5) - 1;
	z->h_last = integral(z, (double)n + 0.5);
	z->cut = 2 - inverse(z, integral(z, 2.5) - density(z, 2));
}

uint64_t
zipf_next(const struct zipf *z, struct rng *r)
{
	for (;;) {
		double u = (double)(rng_u64(r) >> 11) * 0x1p-53;
		double y = z->h_last + u * (z->h_first - z->h_last);
		double x = inverse(z, y), k = floor(x + 0.5);

		if (k < 1)
			k = 1;
		if (k > (double)z->n)
			k = (double)z->n;
		if (k - x <= z->cut ||
		    y >= integral(z, k + 0.5) - density(z, k))
			return min_u64((uint64_t)k, z->n);
	}
}
