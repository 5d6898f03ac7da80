/* SPDX-License-Identifier: Apache-2.0 */
/* Elementary functions against libm in long double, in ulps; integers against 128-bit ones. */
#include "base/num.h"

#include <float.h>
#include <math.h>

#include "unit.h"

#include "base/checksum.h"
#include "base/prng.h"

#define DRAWS 40000

__extension__ typedef __int128 wide;

/* Distance in units of the last place of the exact value's double. */
static double ulps_off(double actual, long double exact)
{
	double rounded = (double)exact;
	double size = fabs(rounded) < DBL_MIN ? DBL_MIN : fabs(rounded);
	double ulp = nextafter(size, (double)INFINITY) - size;

	if (isinf(rounded) || isinf(actual))
		return rounded == actual ? 0 : (double)INFINITY;
	return (double)(fabsl((long double)actual - exact) / ulp);
}

#define assert_ulps(actual, exact, limit)                                                          \
	do {                                                                                       \
		double off = ulps_off((actual), (exact));                                          \
		if (!(off <= (limit)))                                                             \
			fail_msg("%s = %.17g is off by %g ulp at x = %.17g", #actual, (actual),    \
				off, x);                                                           \
	} while (0)

/* Positive numbers of all magnitudes, every second one near 1. */
static double draw_positive(struct prng *prng)
{
	double unit = prng_unit(prng);
	int exponent = (int)prng_below(prng, 2090) - 1074;

	if (prng_chance(prng, 500000))
		return 0.5 + 1.5 * unit;
	return ldexp(1 + unit, exponent);
}

static void log_and_sqrt_agree_with_libm(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 1);
	for (int i = 0; i < DRAWS; i++) {
		double x = draw_positive(&prng);

		if (isinf(x) || x == 0)
			continue;
		assert_ulps(num_log(x), logl(x), 1);
		assert_ulps(num_sqrt(x), sqrtl(x), 1);
	}
	for (double x = 1; x < 3000; x += 1)
		assert_true(num_sqrt(x * x) == x);
	for (int k = -1074; k < 1024; k++) {
		double x = ldexp(1, k);

		assert_ulps(num_log(x), logl(x), 1);
		assert_ulps(num_sqrt(x), sqrtl(x), 1);
	}
}

static void exp_agrees_with_libm(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 2);
	for (int i = 0; i < DRAWS; i++) {
		double unit = prng_unit(&prng);
		double x = i % 2 == 0 ? 1456 * unit - 746 : 2 * unit - 1;

		assert_ulps(num_exp(x), expl(x), x < -708 ? 2 : 1);
	}
	for (int i = 1; i < 60; i++) {
		double x = ldexp(1, -i);

		assert_ulps(num_exp(x), expl(x), 1);
		assert_ulps(num_exp(-x), expl(-x), 1);
	}
}

static void pow_agrees_with_libm(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 3);
	for (int i = 0; i < DRAWS; i++) {
		double x = draw_positive(&prng);
		double unit = prng_unit(&prng);
		double y =
			i % 3 == 0 ? floor(40 * unit) - 20 : (2 * unit - 1) * 1000 / fabs(log(x));
		long double exact;

		if (isinf(x) || x == 0 || x == 1)
			continue;
		exact = powl(x, y);
		if (exact < (long double)DBL_MIN)
			continue;
		assert_ulps(num_pow(x, y), exact, 2);
	}
}

static void pow_is_exact_where_it_can_be(void **state)
{
	double power = 1;

	(void)state;
	for (int n = 0; n <= 22; n++, power *= 10)
		assert_true(num_pow(10, n) == power);
	for (int n = -1022; n < 1024; n++)
		assert_true(num_pow(2, n) == ldexp(1, n));
	assert_true(num_pow(-3, 3) == -27);
	assert_true(num_pow(-3, 4) == 81);
	assert_true(num_pow(9, 0.5) == 3);
}

static void edges_are_those_of_ieee_754(void **state)
{
	static const double xs[] = {0, 0.5, 1, 2, -0.5, -1, -2, -3, (double)INFINITY,
		-(double)INFINITY, (double)NAN, 1e300, 1e-300};
	static const size_t count = sizeof(xs) / sizeof(xs[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			double expected = pow(xs[i], xs[j]);
			double actual = num_pow(xs[i], xs[j]);

			if (isnan(expected))
				assert_true(isnan(actual));
			else
				assert_true(fabs(actual - expected) <= 4e-16 * fabs(expected) ||
					    actual == expected);
		}
	}
	assert_true(num_log(0) == -(double)INFINITY);
	assert_true(isnan(num_log(-1)) && isnan(num_log((double)NAN)));
	assert_true(isinf(num_log((double)INFINITY)));
	assert_true(num_log(1) == 0 && num_exp(0) == 1 && num_sqrt(0) == 0);
	assert_true(isnan(num_sqrt(-1)) && isnan(num_exp((double)NAN)));
	assert_true(isinf(num_exp(709.79)) && isfinite(num_exp(709.78)));
	assert_true(num_exp(-746) == 0 && num_exp(-745) > 0);
	assert_true(isinf(num_exp((double)INFINITY)) && num_exp(-(double)INFINITY) == 0);
	assert_true(isinf(num_sqrt((double)INFINITY)));
}

static void rounding_agrees_with_libm(void **state)
{
	static const double edges[] = {0, 0.49999999999999994, 0.5, 1.5, 2.5, 4503599627370495.5,
		4503599627370496.0, 9007199254740993.0, 1e300, (double)INFINITY};
	struct prng prng;

	(void)state;
	prng_init(&prng, 4);
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		assert_true(num_floor(edges[i]) == floor(edges[i]));
		assert_true(num_floor(-edges[i]) == floor(-edges[i]));
		assert_true(num_round(edges[i]) == round(edges[i]));
		assert_true(num_round(-edges[i]) == round(-edges[i]));
	}
	for (int i = 0; i < DRAWS; i++) {
		double x = (2 * prng_unit(&prng) - 1) * (i % 2 == 0 ? 10 : 1e17);

		assert_true(num_floor(x) == floor(x));
		assert_true(num_round(x) == round(x));
		assert_true(num_to_i64(x) == (int64_t)x);
	}
	assert_true(isnan(num_floor((double)NAN)) && isnan(num_round((double)NAN)));
	assert_true(num_to_i64((double)NAN) == 0);
	assert_true(
		num_to_i64(9.3e18) == INT64_MAX && num_to_i64(9223372036854775808.0) == INT64_MAX);
	assert_true(num_to_i64(-9.3e18) == INT64_MIN && num_to_i64(-(double)INFINITY) == INT64_MIN);
}

static void comparisons_treat_nan_as_promised(void **state)
{
	(void)state;
	assert_true(num_min((double)NAN, 2) == 2 && num_max((double)NAN, 2) == 2);
	assert_true(num_clamp((double)NAN, 1, 3) == 1);
	assert_true(num_clamp(0, 1, 3) == 1 && num_clamp(9, 1, 3) == 3 && num_clamp(2, 1, 3) == 2);
	assert_true(num_abs(-2.5) == 2.5 && num_abs(2.5) == 2.5);
	assert_true(num_is_finite(DBL_MAX) && !num_is_finite((double)NAN));
	assert_false(num_is_finite((double)INFINITY) || num_is_finite(-(double)INFINITY));
	assert_int_equal(num_clamp_i64(5, 1, 3), 3);
	assert_int_equal(num_clamp_i64(-5, 1, 3), 1);
}

static int64_t clamp_wide(wide x)
{
	if (x > INT64_MAX)
		return INT64_MAX;
	return x < INT64_MIN ? INT64_MIN : (int64_t)x;
}

static int64_t draw_integer(struct prng *prng)
{
	static const int64_t edges[] = {
		0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1};
	uint64_t shift = prng_below(prng, 64);
	uint64_t bits = prng_next(prng);
	uint64_t edge = prng_below(prng, 28);

	return edge < 7 ? edges[edge] : (int64_t)bits >> shift;
}

static void integers_saturate(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 5);
	for (int i = 0; i < 100000; i++) {
		int64_t a = draw_integer(&prng);
		int64_t b = draw_integer(&prng);
		int64_t c = draw_integer(&prng);

		assert_true(num_add_i64(a, b) == clamp_wide((wide)a + b));
		assert_true(num_sub_i64(a, b) == clamp_wide((wide)a - b));
		assert_true(num_mul_i64(a, b) == clamp_wide((wide)a * b));
		if (c != 0)
			assert_true(num_mul_div(a, b, c) == clamp_wide((wide)a * b / c));
	}
	unit_expect_assert((void)num_mul_div(1, 1, 0));
}

/* The promise itself: one value for all compilers and levels of optimisation. It changes only when
 * the algorithms do, and then every recorded journal does not replay any more. */
static void bits_are_the_same_everywhere(void **state)
{
	struct digest digest;
	struct prng prng;

	(void)state;
	prng_init(&prng, 6);
	digest_init(&digest, 0);
	for (int i = 0; i < 5000; i++) {
		double x = 0.5 + 100 * prng_unit(&prng);
		double y = 20 * prng_unit(&prng) - 10;

		digest_double(&digest, num_log(x));
		digest_double(&digest, num_exp(y));
		digest_double(&digest, num_sqrt(x));
		digest_double(&digest, num_pow(x, y));
	}
	assert_int_equal(digest_value(&digest), UINT64_C(0xcfeb97790bbb944b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_and_sqrt_agree_with_libm),
		cmocka_unit_test(exp_agrees_with_libm),
		cmocka_unit_test(pow_agrees_with_libm),
		cmocka_unit_test(pow_is_exact_where_it_can_be),
		cmocka_unit_test(edges_are_those_of_ieee_754),
		cmocka_unit_test(rounding_agrees_with_libm),
		cmocka_unit_test(comparisons_treat_nan_as_promised),
		cmocka_unit_test(integers_saturate),
		cmocka_unit_test(bits_are_the_same_everywhere),
	};

	return cmocka_run_group_tests_name("base/num", tests, NULL, NULL);
}
