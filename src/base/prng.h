/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_BASE_PRNG_H
#define BAL_BASE_PRNG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A random number generator whose whole state is visible and saved with the rest: same seed, same
 * draws, everywhere. Not for secrets. Make one draw per statement: the order in which a compiler
 * evaluates two draws inside one expression is its own choice.
 */
struct prng {
	uint64_t state[4]; /* never all zero */
};

/* Any seed will do, also 0 and small numbers. */
void prng_init(struct prng *prng, uint64_t seed);

/* 64 random bits. */
uint64_t prng_next(struct prng *prng);

/* Uniform and unbiased in [0, bound); bound > 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);

/* Uniform in [0, 1), a multiple of 2^-53. */
double prng_unit(struct prng *prng);

/* True with a probability of `ppm` millionths (0 and less: never; 1000000 and more: always). Draws
 * in every case, so that changing a probability does not shift the rest of a run. */
bool prng_chance(struct prng *prng, int64_t ppm);

/* Exponential with this mean (> 0): the time between arrivals that know nothing of each other. */
double prng_exponential(struct prng *prng, double mean);

/* Normal with mean 0 and standard deviation 1. */
double prng_normal(struct prng *prng);

/* Log-normal with this mean (> 0) and coefficient of variation (standard deviation / mean, >= 0).
 */
double prng_lognormal(struct prng *prng, double mean, double cv);

/* What the logarithm and the root of a coefficient of variation come to, for many draws. */
struct prng_sizes {
	double mean, deviation, half_variance;
};

/* Works it out, and draws with it what prng_lognormal would, bit for bit. */
void prng_sizes_init(struct prng_sizes *sizes, double mean, double cv);
double prng_size(struct prng *prng, const struct prng_sizes *sizes);

/* Pareto with this mean (> 0) and shape alpha (> 1; the variance is infinite up to 2). */
double prng_pareto(struct prng *prng, double alpha, double mean);

#endif
