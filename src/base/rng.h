/*
 * rng.h - a small, fast, seeded random number generator (xoshiro256**,
 * Blackman and Vigna 2018), so that every run can be repeated exactly.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

#include "base/bits.h"

struct rng {
	uint64_t s[4];
};

static inline void
rng_seed(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = hash_u64(seed += 0x9e3779b97f4a7c15u);
}

static inline uint64_t
rng_u64(struct rng *r)
{
	uint64_t *s = r->s, x = s[1] * 5, t = s[1] << 17;
	uint64_t result = ((x << 7) | (x >> 57)) * 9;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = (s[3] << 45) | (s[3] >> 19);
	return result;
}

/* Uniform in 0 .. n-1 (n > 0), without bias worth speaking of. */
static inline uint64_t
rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rng_u64(r) * n) >> 64);
}

#endif
