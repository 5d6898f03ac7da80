/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "core/tail.h"

#include <string.h>

enum { VALUES = 20000 };

static struct tail tail;

static int reset(void **state)
{
	(void)state;
	memset(&tail, 0, sizeof tail);
	return 0;
}

/* P(value > x) = (scale / x)^exponent for x >= scale. */
static void add_pareto(uint64_t seed, double exponent, double scale, int count)
{
	struct prng prng;

	prng_init(&prng, seed);
	for (int i = 0; i < count; i++)
		tail_add(&tail, prng_pareto(&prng, exponent, scale * exponent / (exponent - 1)));
}

static void nothing_is_rare_at_first(void **state)
{
	(void)state;
	assert_true(tail_rarity(&tail, 0) == 0);
	assert_true(tail_rarity(&tail, 1e300) == 0);
}

static void rarity_is_minus_log10_of_the_probability(void **state)
{
	(void)state;
	add_pareto(1, 2.0, 1.0, VALUES);
	/* The true probabilities are 1/4, 1/100 and 1/10000; the last is beyond what was counted.
	 */
	assert_true(num_abs(tail_rarity(&tail, 2.0) - 0.602) < 0.05);
	assert_true(num_abs(tail_rarity(&tail, 10.0) - 2.0) < 0.1);
	assert_true(num_abs(tail_rarity(&tail, 100.0) - 4.0) < 0.3);
}

static void larger_is_never_less_rare(void **state)
{
	double before = 0;

	(void)state;
	add_pareto(2, 1.5, 3.0, VALUES);
	tail_add(&tail, 0);
	for (double value = 0; value < 1e6; value = value * 1.07 + 0.01) {
		double rarity = tail_rarity(&tail, value);

		assert_true(rarity >= before - 1e-9);
		before = rarity;
	}
	assert_true(before > 6);
}

static void the_unit_does_not_matter(void **state)
{
	static const double scales[] = {1e-12, 1e12};
	double wanted;

	(void)state;
	add_pareto(3, 2.5, 1.0, 500);
	wanted = tail_rarity(&tail, 7.3);
	for (size_t i = 0; i < 2; i++) {
		reset(NULL);
		add_pareto(3, 2.5, scales[i], 500);
		/* The edges of the buckets lie elsewhere, nothing more. */
		assert_true(num_abs(tail_rarity(&tail, 7.3 * scales[i]) - wanted) < 0.15);
	}
}

static void a_handful_of_values_is_not_believed(void **state)
{
	double young, old;

	(void)state;
	for (int i = 0; i < 10; i++)
		tail_add(&tail, 1.0);
	young = tail_rarity(&tail, 2.0);
	for (int i = 0; i < VALUES; i++)
		tail_add(&tail, 1.0);
	old = tail_rarity(&tail, 2.0);
	assert_true(young > 0.3 && young < 2.0);
	assert_true(old > young + 1);
}

static void extreme_values_have_a_place(void **state)
{
	static const double values[] = {0, 1e-308, 1e-60, 1e60, 1.7e308};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		tail_add(&tail, values[i]);
	assert_int_equal(tail.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_true(num_is_finite(tail_rarity(&tail, values[i])));
}

static void counts_do_not_overflow(void **state)
{
	(void)state;
	tail_add(&tail, 1.0);
	tail_add(&tail, 1e9);
	tail.counts[TAIL_BUCKETS / 2] = (UINT32_C(1) << 31) - 1;
	tail.count = UINT32_C(1) << 31;
	tail_add(&tail, 1.0);
	assert_int_equal(tail.count, UINT32_C(1) << 30);
	assert_int_equal(tail.top, TAIL_BUCKETS / 2); /* the single large one is forgotten */
	assert_true(tail_rarity(&tail, 1.0) < 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_rare_at_first, reset),
		cmocka_unit_test_setup(rarity_is_minus_log10_of_the_probability, reset),
		cmocka_unit_test_setup(larger_is_never_less_rare, reset),
		cmocka_unit_test_setup(the_unit_does_not_matter, reset),
		cmocka_unit_test_setup(a_handful_of_values_is_not_believed, reset),
		cmocka_unit_test_setup(extreme_values_have_a_place, reset),
		cmocka_unit_test_setup(counts_do_not_overflow, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
