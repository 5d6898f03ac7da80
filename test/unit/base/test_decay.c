/* SPDX-License-Identifier: Apache-2.0 */
/* Averages against sums over all values, with libm's exp2 for the weights. */
#include "base/decay.h"

#include <math.h>

#include "unit.h"

#include "base/prng.h"
#include "base/units.h"

#define VALUE_COUNT 500
#define HALF_LIFE   (10 * NS_PER_S)

static void assert_near(double a, double b)
{
	if (!(fabs(a - b) <= 1e-12 * fabs(b)))
		fail_msg("%.17g is not near %.17g", a, b);
}

static void agrees_with_the_plain_sum(void **state)
{
	double values[VALUE_COUNT];
	int64_t times[VALUE_COUNT];
	struct decayed decayed = {0};
	struct prng prng;
	int64_t now = 5 * NS_PER_S;

	(void)state;
	prng_init(&prng, 11);
	for (int n = 0; n < VALUE_COUNT; n++) {
		double sum = 0;
		double weight = 0;

		now += (int64_t)prng_below(&prng, (uint64_t)(3 * NS_PER_S));
		values[n] = prng_exponential(&prng, 20);
		times[n] = now;
		decay_add(&decayed, now, HALF_LIFE, values[n]);
		for (int i = 0; i <= n; i++) {
			double w = exp2(-(double)(now - times[i]) / (double)HALF_LIFE);

			sum += w * values[i];
			weight += w;
		}
		assert_near(decay_mean(&decayed, -1), sum / weight);
		assert_near(decay_weight(&decayed, now, HALF_LIFE), weight);
		assert_near(decay_weight(&decayed, now + HALF_LIFE, HALF_LIFE), weight / 2);
	}
}

static void finds_the_rate_of_steady_events(void **state)
{
	struct decayed decayed = {0};
	int64_t now = 0;
	double rate;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		now += NS_PER_S / 40;
		decay_add(&decayed, now, HALF_LIFE, 1);
	}
	rate = decay_rate_s(&decayed, now, HALF_LIFE);
	assert_true(rate > 39.9 && rate < 40.1);
	assert_near(decay_rate_s(&decayed, now + 3 * HALF_LIFE, HALF_LIFE), rate / 8);
}

static void survives_hostile_values(void **state)
{
	struct decayed decayed = {0};

	(void)state;
	assert_true(decay_mean(&decayed, 7.5) == 7.5);
	assert_true(decay_rate_s(&decayed, NS_PER_DAY, HALF_LIFE) == 0);
	decay_add(&decayed, NS_PER_S, HALF_LIFE, (double)NAN);
	decay_add(&decayed, NS_PER_S, HALF_LIFE, (double)INFINITY);
	decay_add(&decayed, NS_PER_S, HALF_LIFE, -1e300);
	assert_true(decay_mean(&decayed, 7.5) == 7.5);
	decay_add(&decayed, NS_PER_S, HALF_LIFE, 4);
	/* The clock goes back: the value counts as if it had stood still. */
	decay_add(&decayed, 0, HALF_LIFE, 2);
	assert_true(decay_mean(&decayed, 0) == 3);
	assert_int_equal(decayed.at_ns, NS_PER_S);
	/* So long ago that nothing of it is left. */
	assert_true(decay_weight(&decayed, INT64_MAX, 1) == 0);
	assert_true(decay_mean(&decayed, 0) == 3);
	decay_add(&decayed, INT64_MAX, 1, 9);
	assert_true(decay_mean(&decayed, 0) == 9);
	unit_expect_assert(decay_add(&decayed, INT64_MAX, 0, 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_plain_sum),
		cmocka_unit_test(finds_the_rate_of_steady_events),
		cmocka_unit_test(survives_hostile_values),
	};

	return cmocka_run_group_tests_name("base/decay", tests, NULL, NULL);
}
