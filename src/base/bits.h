/*
 * bits.h - powers of two, alignment, hashing of words.
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool
is_pow2(uint64_t x)
{
	return x && !(x & (x - 1));
}

/* Floor of log2; x must not be 0. */
static inline unsigned
ilog2(uint64_t x)
{
	return 63u - (unsigned)__builtin_clzll(x);
}

static inline uint64_t
align_down(uint64_t x, uint64_t a) /* a: power of two */
{
	return x & ~(a - 1);
}

static inline uint64_t
align_up(uint64_t x, uint64_t a) /* a: power of two */
{
	return (x + a - 1) & ~(a - 1);
}

/* Mix all bits of a word (the finaliser of SplitMix64). */
static inline uint64_t
hash_u64(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline uint64_t
min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t
max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
