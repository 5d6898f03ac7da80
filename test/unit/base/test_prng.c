/* SPDX-License-Identifier: Apache-2.0 */
/* The generator against values of its authors' code, and distributions by their moments. The seeds
 * are fixed, so a bound that holds once holds for ever. */
#include "base/prng.h"

#include <math.h>
#include <stdlib.h>

#include "unit.h"

#define DRAWS 200000

/* splitmix64 from 0, and xoshiro256** from the state 1, 2, 3, 4: the values that other
 * implementations test themselves with. */
static void gives_the_published_values(void **state)
{
	static const uint64_t seeded[] = {UINT64_C(0xe220a8397b1dcdaf),
		UINT64_C(0x6e789e6aa1b965f4), UINT64_C(0x06c45d188009454f),
		UINT64_C(0xf88bb8a8724c81ec)};
	static const uint64_t drawn[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240),
		UINT64_C(1216172134540287360), UINT64_C(607988272756665600)};
	struct prng prng;

	(void)state;
	prng_init(&prng, 0);
	assert_memory_equal(prng.state, seeded, sizeof(seeded));
	prng = (struct prng){{1, 2, 3, 4}};
	for (size_t i = 0; i < sizeof(drawn) / sizeof(drawn[0]); i++) {
		uint64_t next = prng_next(&prng);

		assert_int_equal(next, drawn[i]);
	}
}

static void bounded_draws_are_even(void **state)
{
	static const uint64_t bounds[] = {1, 2, 3, 7, 10};
	struct prng prng;

	(void)state;
	prng_init(&prng, 1);
	for (size_t k = 0; k < sizeof(bounds) / sizeof(bounds[0]); k++) {
		uint64_t counts[10] = {0};
		double expected = (double)DRAWS / (double)bounds[k];

		for (int i = 0; i < DRAWS; i++) {
			uint64_t drawn = prng_below(&prng, bounds[k]);

			assert_true(drawn < bounds[k]);
			counts[drawn]++;
		}
		for (uint64_t i = 0; i < bounds[k]; i++)
			assert_true(fabs((double)counts[i] - expected) <= 4 * sqrt(expected));
	}
	unit_expect_assert((void)prng_below(&prng, 0));
}

/* With this bound a plain multiplication would give a third of the numbers twice as often. */
static void large_bounds_are_unbiased(void **state)
{
	uint64_t bound = UINT64_C(3) << 62;
	struct prng prng;
	int thirds[3] = {0};

	(void)state;
	prng_init(&prng, 2);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t drawn = prng_below(&prng, bound);

		assert_true(drawn < bound);
		thirds[drawn % 3]++;
	}
	for (int i = 0; i < 3; i++)
		assert_true(abs(thirds[i] - DRAWS / 3) < 900);
}

static void chances_come_true_as_often_as_told(void **state)
{
	struct prng prng;
	struct prng other;
	int count = 0;

	(void)state;
	prng_init(&prng, 3);
	for (int i = 0; i < DRAWS; i++)
		count += prng_chance(&prng, 250000);
	assert_true(abs(count - DRAWS / 4) < 800);
	prng_init(&prng, 4);
	prng_init(&other, 4);
	for (int i = 0; i < 1000; i++) {
		assert_false(prng_chance(&prng, 0));
		assert_true(prng_chance(&other, 1000000));
	}
	/* Both drew the same number of times. */
	assert_memory_equal(prng.state, other.state, sizeof(prng.state));
}

enum shape { UNIT, EXPONENTIAL, NORMAL, LOGNORMAL, PARETO };

static double draw(struct prng *prng, enum shape shape)
{
	switch (shape) {
	case EXPONENTIAL:
		return prng_exponential(prng, 5);
	case NORMAL:
		return prng_normal(prng);
	case LOGNORMAL:
		return prng_lognormal(prng, 3, 0.5);
	case PARETO:
		return prng_pareto(prng, 4, 6);
	case UNIT:
		break;
	}
	return prng_unit(prng);
}

static void moments_are_right(void **state)
{
	static const struct {
		enum shape shape;
		double mean;
		double deviation;
		double low; /* no value is smaller */
	} cases[] = {
		{UNIT, 0.5, 0.28867513, 0},
		{EXPONENTIAL, 5, 5, 0},
		{NORMAL, 0, 1, -20},
		{LOGNORMAL, 3, 1.5, 0},
		{PARETO, 6, 2.12132034, 4.5},
	};
	struct prng prng;

	(void)state;
	prng_init(&prng, 5);
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		double sum = 0;
		double squares = 0;
		double mean;
		double deviation;

		for (int i = 0; i < DRAWS; i++) {
			double x = draw(&prng, cases[k].shape);

			assert_true(isfinite(x) && x >= cases[k].low);
			sum += x;
			squares += x * x;
		}
		mean = sum / DRAWS;
		deviation = sqrt(squares / DRAWS - mean * mean);
		assert_true(fabs(mean - cases[k].mean) < 0.01 * cases[k].deviation);
		assert_true(fabs(deviation / cases[k].deviation - 1) < 0.04);
	}
}

static void tails_are_right(void **state)
{
	struct prng prng;
	int normal = 0;
	int exponential = 0;
	int pareto = 0;

	(void)state;
	prng_init(&prng, 6);
	for (int i = 0; i < DRAWS; i++) {
		normal += prng_normal(&prng) > 2;
		exponential += prng_exponential(&prng, 1) > 3;
		pareto += prng_pareto(&prng, 1.5, 3) > 10;
	}
	/* 1 - Phi(2), exp(-3), and (1 / 10)^1.5 with the smallest value 1. */
	assert_true(fabs(normal / (double)DRAWS - 0.02275) < 0.0015);
	assert_true(fabs(exponential / (double)DRAWS - 0.04979) < 0.002);
	assert_true(fabs(pareto / (double)DRAWS - 0.03162) < 0.0016);
	unit_expect_assert((void)prng_pareto(&prng, 1, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_values),
		cmocka_unit_test(bounded_draws_are_even),
		cmocka_unit_test(large_bounds_are_unbiased),
		cmocka_unit_test(chances_come_true_as_often_as_told),
		cmocka_unit_test(moments_are_right),
		cmocka_unit_test(tails_are_right),
	};

	return cmocka_run_group_tests_name("base/prng", tests, NULL, NULL);
}
