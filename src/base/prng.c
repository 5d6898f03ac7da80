/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xoshiro256** 1.0 (Blackman and Vigna, 2018), seeded by splitmix64 as its authors advise: a few
 * shifts per draw, 256 bits of state that are easily saved, and no known failed test. Bounded
 * numbers are Lemire's (2019) multiplication with rejection; normal ones Marsaglia's polar method,
 * of which the second value is thrown away so that the state stays these four words.
 */
#include "base/prng.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

__extension__ typedef unsigned __int128 wide;

/* 2^-53 */
#define UNIT_STEP 1.1102230246251565e-16

static uint64_t rotate_left(uint64_t x, int count)
{
	return x << count | x >> (64 - count);
}

void prng_init(struct prng *prng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t x;

		seed += UINT64_C(0x9e3779b97f4a7c15);
		x = seed;
		x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
		prng->state[i] = x ^ (x >> 31);
	}
}

uint64_t prng_next(struct prng *prng)
{
	uint64_t *s = prng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t shifted = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
	uint64_t reject_below;
	wide product;

	bal_assert(bound > 0);
	/* 2^64 mod bound: so many of the low halves would favour the numbers that get them. */
	reject_below = (0 - bound) % bound;
	do {
		product = (wide)prng_next(prng) * bound;
	} while ((uint64_t)product < reject_below);
	return (uint64_t)(product >> 64);
}

double prng_unit(struct prng *prng)
{
	return (double)(prng_next(prng) >> 11) * UNIT_STEP;
}

bool prng_chance(struct prng *prng, int64_t ppm)
{
	return (int64_t)prng_below(prng, (uint64_t)PPM) < ppm;
}

double prng_exponential(struct prng *prng, double mean)
{
	double unit = prng_unit(prng);

	/* 1 - unit is exact and never 0. */
	return -mean * num_log(1 - unit);
}

double prng_normal(struct prng *prng)
{
	double x;
	double y;
	double square;

	/* A point of the square is in the disc with 79 %; the loop ends with probability one. */
	do {
		x = prng_unit(prng);
		y = prng_unit(prng);
		x = 2 * x - 1;
		y = 2 * y - 1;
		square = x * x + y * y;
	} while (square >= 1 || square == 0);
	return x * num_sqrt(-2 * num_log(square) / square);
}

void prng_sizes_init(struct prng_sizes *sizes, double mean, double cv)
{
	double variance = num_log(1 + cv * cv);

	*sizes = (struct prng_sizes){
		.mean = mean, .deviation = num_sqrt(variance), .half_variance = variance / 2};
}

double prng_size(struct prng *prng, const struct prng_sizes *sizes)
{
	double normal = prng_normal(prng);

	return sizes->mean * num_exp(sizes->deviation * normal - sizes->half_variance);
}

double prng_lognormal(struct prng *prng, double mean, double cv)
{
	struct prng_sizes sizes;

	prng_sizes_init(&sizes, mean, cv);
	return prng_size(prng, &sizes);
}

double prng_pareto(struct prng *prng, double alpha, double mean)
{
	double unit = prng_unit(prng);

	bal_assert(alpha > 1);
	return mean * (alpha - 1) / alpha * num_pow(1 - unit, -1 / alpha);
}
