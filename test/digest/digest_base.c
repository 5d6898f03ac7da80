/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of what base computes: every function of num, every distribution of prng, averages that
 * fade, histograms. Arguments are drawn, and cover the whole range of doubles as bit patterns as
 * well as the small numbers that occur: rounding differs where nobody would have looked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/decay.h"
#include "base/histogram.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"

#define ROUNDS        200000
#define SEED          UINT64_C(20240229)
#define HALF_LIFE_NS  (INT64_C(300) * NS_PER_S)
#define SERVICE_MAX_S 3600.0

/* Any double at all: infinities, NaNs and subnormal numbers too. */
static double draw_any(struct prng *prng)
{
	uint64_t bits = prng_next(prng);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static void digest_functions(struct digest *digest, double x, double y)
{
	digest_double(digest, num_log(x));
	digest_double(digest, num_exp(x));
	digest_double(digest, num_sqrt(x));
	digest_double(digest, num_pow(x, y));
	digest_double(digest, num_floor(x));
	digest_double(digest, num_round(x));
	digest_i64(digest, num_to_i64(x));
}

static void digest_integers(struct digest *digest, struct prng *prng)
{
	int64_t a = (int64_t)prng_next(prng);
	int64_t b = (int64_t)(prng_next(prng) >> prng_below(prng, 64));
	int64_t c = (int64_t)prng_below(prng, 1000) + 1;

	digest_i64(digest, num_add_i64(a, b));
	digest_i64(digest, num_sub_i64(a, b));
	digest_i64(digest, num_mul_i64(a, b));
	digest_i64(digest, num_mul_div(a, b, c));
}

static void digest_draws(struct digest *digest, struct prng *prng)
{
	digest_double(digest, prng_unit(prng));
	digest_u64(digest, prng_chance(prng, PPM / 3));
	digest_double(digest, prng_exponential(prng, 2.5));
	digest_double(digest, prng_normal(prng));
	digest_double(digest, prng_lognormal(prng, 12.0, 1.7));
	digest_double(digest, prng_pareto(prng, 1.5, 40.0));
}

int main(void)
{
	static struct histogram histogram;
	struct decayed decayed = {0};
	struct digest digest;
	struct prng prng;
	int64_t now_ns = 0;

	prng_init(&prng, SEED);
	digest_init(&digest, SEED);
	for (int round = 0; round < ROUNDS; round++) {
		double any = draw_any(&prng);
		double small = prng_unit(&prng) * 100.0 - 50.0;
		double service_s = prng_pareto(&prng, 1.2, 30.0);

		digest_functions(&digest, any, small);
		digest_functions(&digest, small, any);
		digest_integers(&digest, &prng);
		digest_draws(&digest, &prng);
		service_s = num_min(service_s, SERVICE_MAX_S);
		now_ns += (int64_t)prng_below(&prng, (uint64_t)NS_PER_MIN);
		decay_add(&decayed, now_ns, HALF_LIFE_NS, service_s);
		digest_double(&digest, decay_rate_s(&decayed, now_ns, HALF_LIFE_NS));
		digest_double(&digest, decay_mean(&decayed, 0.0));
		histogram_record(&histogram, num_to_i64(service_s * (double)NS_PER_S), 1);
	}
	digest_i64(&digest, histogram_quantile(&histogram, 990000));
	digest_double(&digest, histogram_mean(&histogram));
	printf("base: %016" PRIx64 "\n", digest_value(&digest));
	return 0;
}
