/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "core/linear.h"

static struct linear linear;

static void a_known_sum_is_found(void **state)
{
	struct prng prng;
	double features[3];

	(void)state;
	prng_init(&prng, 1);
	linear_init(&linear, 3);
	for (int row = 0; row < 200; row++) {
		features[0] = prng_normal(&prng);
		features[1] = prng_normal(&prng);
		features[2] = 1;
		linear_add(&linear, features, 2 * features[0] - 3 * features[1] + 5, 1);
	}
	linear_solve(&linear, 0);
	assert_true(num_abs(linear.weights[0] - 2) < 1e-6);
	assert_true(num_abs(linear.weights[1] + 3) < 1e-6);
	assert_true(num_abs(linear.weights[2] - 5) < 1e-6);
	assert_true(num_abs(linear_value(&linear, features) -
			    (2 * features[0] - 3 * features[1] + 5)) < 1e-6);
}

static void twins_share_the_weight(void **state)
{
	(void)state;
	linear_init(&linear, 3);
	for (int row = 0; row < 50; row++) {
		double features[3] = {row, row, 0};

		linear_add(&linear, features, 4.0 * row, 1);
	}
	linear_solve(&linear, 1e-5);
	assert_true(num_abs(linear.weights[0] - 2) < 1e-3);
	assert_true(num_abs(linear.weights[1] - 2) < 1e-3);
	assert_true(num_is_finite(linear.weights[2]));
}

static void no_row_gives_finite_weights(void **state)
{
	(void)state;
	linear_init(&linear, LINEAR_FEATURES_MAX);
	linear_solve(&linear, 1e-5);
	for (uint32_t i = 0; i < LINEAR_FEATURES_MAX; i++)
		assert_true(linear.weights[i] == 0.0);
}

static void strides_meet_every_phase(void **state)
{
	(void)state;
	assert_int_equal(linear_stride(100, 1500, 24), 1);
	assert_int_equal(linear_stride(3000, 1500, 24), 5);
	assert_int_equal(linear_stride(8192, 1500, 288), 5);
	assert_int_equal(linear_stride(3000, 1500, 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_sum_is_found),
		cmocka_unit_test(twins_share_the_weight),
		cmocka_unit_test(no_row_gives_finite_weights),
		cmocka_unit_test(strides_meet_every_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
