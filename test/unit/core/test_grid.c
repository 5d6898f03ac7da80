/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/units.h"
#include "core/grid.h"

enum { POINTS_MAX = 5000 };

static struct point points[POINTS_MAX];
static double values[POINTS_MAX];

static bool is_missing(double value)
{
	return value != value;
}

/* One point per step, its number as its value. */
static void make_points(size_t count, int64_t step_ns)
{
	for (size_t i = 0; i < count; i++)
		points[i] = (struct point){(int64_t)i * step_ns, (double)i, i};
}

static void a_regular_series(void **state)
{
	(void)state;
	make_points(100, NS_PER_MIN);
	assert_true(grid_ordered(points, 100));
	assert_int_equal(grid_step(points, 100), NS_PER_MIN);
	assert_int_equal(grid_fill(points, 100, NS_PER_MIN, values, POINTS_MAX), 100);
	for (size_t i = 0; i < 100; i++)
		assert_true(values[i] == (double)i);
}

static void only_the_newest_slots(void **state)
{
	(void)state;
	make_points(100, NS_PER_MIN);
	assert_int_equal(grid_fill(points, 100, NS_PER_MIN, values, 10), 10);
	assert_true(values[0] == 90.0 && values[9] == 99.0);
}

static void shuffled_points_come_back_in_order(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 7);
	make_points(POINTS_MAX, NS_PER_S);
	for (size_t i = POINTS_MAX - 1; i > 0; i--) {
		size_t other = prng_below(&prng, i + 1);
		struct point kept = points[i];

		points[i] = points[other];
		points[other] = kept;
	}
	assert_false(grid_ordered(points, POINTS_MAX));
	grid_sort(points, POINTS_MAX);
	assert_true(grid_ordered(points, POINTS_MAX));
	for (size_t i = 0; i < POINTS_MAX; i++)
		assert_int_equal(points[i].row, i);
}

static void holes_are_missing_and_the_last_of_a_slot_counts(void **state)
{
	const struct point some[] = {{0, 1, 0}, {60 * NS_PER_S, 2, 1}, {60 * NS_PER_S, 3, 2},
		{61 * NS_PER_S, __builtin_nan(""), 3}, {240 * NS_PER_S, 5, 4},
		{300 * NS_PER_S, 6, 5}};

	(void)state;
	assert_int_equal(grid_step(some, 6), 60 * NS_PER_S);
	assert_int_equal(grid_fill(some, 6, 60 * NS_PER_S, values, POINTS_MAX), 6);
	assert_true(values[0] == 1.0 && values[1] == 3.0);
	assert_true(is_missing(values[2]) && is_missing(values[3]));
	assert_true(values[4] == 5.0 && values[5] == 6.0);
}

static void a_clock_that_jitters(void **state)
{
	struct prng prng;

	(void)state;
	prng_init(&prng, 3);
	make_points(2000, 10 * NS_PER_S);
	for (size_t i = 0; i < 2000; i++)
		points[i].at_ns += (int64_t)prng_below(&prng, 900) * NS_PER_MS;
	int64_t step_ns = grid_step(points, 2000);
	assert_in_range(step_ns, 9900 * NS_PER_MS, 10100 * NS_PER_MS);
}

static void no_step_without_two_times(void **state)
{
	const struct point same[] = {{5, 1, 0}, {5, 2, 1}, {5, 3, 2}};

	(void)state;
	assert_int_equal(grid_step(same, 3), 0);
	assert_int_equal(grid_step(same, 1), 0);
	assert_int_equal(grid_step(same, 0), 0);
	assert_int_equal(grid_fill(same, 0, 1, values, 10), 0);
}

static void the_ends_of_time(void **state)
{
	const struct point ends[] = {{INT64_MIN, 1, 0}, {INT64_MAX, 2, 1}};

	(void)state;
	assert_int_equal(grid_step(ends, 2), INT64_MAX);
	assert_int_equal(grid_fill(ends, 2, 1, values, 10), 10);
	assert_true(values[9] == 2.0);
	assert_true(is_missing(values[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_regular_series),
		cmocka_unit_test(only_the_newest_slots),
		cmocka_unit_test(shuffled_points_come_back_in_order),
		cmocka_unit_test(holes_are_missing_and_the_last_of_a_slot_counts),
		cmocka_unit_test(a_clock_that_jitters),
		cmocka_unit_test(no_step_without_two_times),
		cmocka_unit_test(the_ends_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
