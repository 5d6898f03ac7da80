/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sum and weight fade by the same factor, 2^(-elapsed / half-life), whenever a value comes; reading
 * fades a copy, so that reading often or seldom makes no difference to what is computed later. The
 * mean is their quotient and needs no fading: with nothing new, an old answer is better than none.
 */
#include "base/decay.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#define LN_2 0.6931471805599453

/* Below this, about a thousand half-lives after the last value, one starts anew: sum and weight
 * stay normal numbers. */
#define WEIGHT_MIN 1e-300
/* Larger values are left out: so many of them that the sum overflows are out of reach. */
#define VALUE_MAX 1e280

static double fade_factor(const struct decayed *decayed, int64_t now_ns, int64_t half_life_ns)
{
	bal_assert(half_life_ns > 0);
	if (now_ns <= decayed->at_ns)
		return 1;
	return num_exp(-LN_2 * (double)num_sub_i64(now_ns, decayed->at_ns) / (double)half_life_ns);
}

void decay_add(struct decayed *decayed, int64_t now_ns, int64_t half_life_ns, double value)
{
	double factor = fade_factor(decayed, now_ns, half_life_ns);

	if (!(num_abs(value) <= VALUE_MAX))
		return;
	if (decayed->weight * factor < WEIGHT_MIN) {
		decayed->sum = value;
		decayed->weight = 1;
	} else {
		decayed->sum = decayed->sum * factor + value;
		decayed->weight = decayed->weight * factor + 1;
	}
	decayed->at_ns = num_max_i64(decayed->at_ns, now_ns);
}

double decay_mean(const struct decayed *decayed, double otherwise)
{
	return decayed->weight > 0 ? decayed->sum / decayed->weight : otherwise;
}

double decay_weight(const struct decayed *decayed, int64_t now_ns, int64_t half_life_ns)
{
	return decayed->weight * fade_factor(decayed, now_ns, half_life_ns);
}

double decay_rate_s(const struct decayed *decayed, int64_t now_ns, int64_t half_life_ns)
{
	double sum = decayed->sum * fade_factor(decayed, now_ns, half_life_ns);

	/* One value per second adds up to half-life / ln 2 in the long run. */
	return sum * LN_2 / ((double)half_life_ns / (double)NS_PER_S);
}
