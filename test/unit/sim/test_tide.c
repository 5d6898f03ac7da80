/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ballast.h"
#include "base/num.h"
#include "base/units.h"
#include "sim/course.h"
#include "sim/tide.h"

#define GAP_NS (0.5 * (double)NS_PER_S)

static bool near(double found, double wanted, double share)
{
	return num_abs(found - wanted) <= share * wanted;
}

/* Whatever the shape, the mean rate over whole weeks is what was asked for. */
static void test_mean_rates(void **state)
{
	(void)state;
	for (uint32_t shape = 0; shape < TIDE_SHAPE_COUNT; shape++) {
		const double end_ns = 2.0 * (double)NS_PER_WEEK;
		struct tide tide;
		double count = 0.0, before_ns = 0.0;

		tide_init(&tide, shape, GAP_NS, 7);
		for (double at_ns = tide_next(&tide); at_ns < end_ns; at_ns = tide_next(&tide)) {
			assert_true(at_ns > before_ns);
			before_ns = at_ns;
			count += 1.0;
		}
		assert_true(near(count * GAP_NS, end_ns, 0.02));
	}
}

/* The variance of counts per minute is their mean for Poisson, and far more in bursts. */
static double dispersion(enum tide_shape shape)
{
	struct tide tide;
	double sum = 0.0, squares = 0.0;
	double at_ns;
	const uint32_t minutes = 20000;

	tide_init(&tide, shape, GAP_NS, 11);
	at_ns = tide_next(&tide);
	for (uint32_t i = 0; i < minutes; i++) {
		double count = 0.0;

		for (; at_ns < (double)NS_PER_MIN * (i + 1); at_ns = tide_next(&tide))
			count += 1.0;
		sum += count;
		squares += count * count;
	}
	sum /= minutes;
	return (squares / minutes - sum * sum) / sum;
}

static void test_dispersion(void **state)
{
	(void)state;
	assert_true(near(dispersion(TIDE_POISSON), 1.0, 0.05));
	assert_true(dispersion(TIDE_BURSTS) > 20.0);
}

static void test_clock(void **state)
{
	const double day = (double)NS_PER_DAY, hour = (double)NS_PER_HOUR;

	(void)state;
	assert_true(near(tide_rate(TIDE_DAILY, 3.0 * hour), 0.40, 1e-9));
	assert_true(near(tide_rate(TIDE_DAILY, 14.5 * hour), 1.59, 1e-9));
	assert_true(near(tide_rate(TIDE_DAILY, 9.0 * day + 3.0 * hour), 0.40, 1e-9));
	assert_true(near(tide_rate(TIDE_WEEKLY, 3.0 * hour), 0.46, 1e-9));
	assert_true(near(tide_rate(TIDE_WEEKLY, 13.0 * day + 3.0 * hour), 0.22, 1e-9));
	assert_true(near(tide_rate(TIDE_BURSTS, 3.0 * hour), 1.0, 1e-9));
	assert_int_equal(tide_find("weekly"), TIDE_WEEKLY);
	assert_int_equal(tide_find("yearly"), TIDE_SHAPE_COUNT);
}

/* Tenants' shares are 1, 1/2, 1/3 of the first one's; classes have those of the table. */
static void test_details(void **state)
{
	struct course_options options;
	struct course course;
	double tenants[3] = {0.0}, classes[BAL_PRIORITY_COUNT] = {0.0};

	(void)state;
	course_defaults(&options);
	options.tasks = 100000;
	options.tenants = 3;
	options.has_priorities = true;
	assert_true(course_init(&course, &options));
	for (uint32_t i = 0; i < course.task_count; i++) {
		tenants[course.tasks[i].tenant] += 1.0 / course.task_count;
		classes[course.tasks[i].priority] += 1.0 / course.task_count;
	}
	assert_true(near(tenants[0], 6.0 / 11.0, 0.02));
	assert_true(near(tenants[2], 2.0 / 11.0, 0.02));
	assert_true(near(classes[BAL_PRIORITY_CRITICAL], 0.02, 0.1));
	assert_true(near(classes[BAL_PRIORITY_NORMAL], 0.6, 0.02));
	course_release(&course);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mean_rates),
		cmocka_unit_test(test_dispersion),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_details),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
