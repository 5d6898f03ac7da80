/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "core/habit.h"

#include <string.h>

enum { QUARTERS = 96 };

static struct habit habit;

static int reset(void **state)
{
	(void)state;
	memset(&habit, 0, sizeof habit);
	return 0;
}

static struct habit_departure meet(int64_t quarter, double value)
{
	return habit_meet(&habit, quarter * 15 * NS_PER_MIN, value);
}

/* A peak of 100 at half past six, 10 else. */
static double course(int64_t quarter)
{
	return quarter % QUARTERS == 26 ? 100 : 10;
}

static void live_days(int64_t days)
{
	for (int64_t i = 0; i < days * QUARTERS; i++)
		meet(i, course(i));
}

static void nothing_is_known_at_first(void **state)
{
	(void)state;
	struct habit_departure departure = meet(0, 5.0);

	assert_false(departure.is_known);
	assert_true(departure.outside == 0);
}

static void a_repeated_day_is_expected(void **state)
{
	(void)state;
	live_days(5);
	for (int64_t i = 5 * QUARTERS; i < 6 * QUARTERS; i++) {
		struct habit_departure departure = meet(i, course(i));

		assert_true(departure.is_known);
		assert_true(departure.deviation == 0);
		assert_true(departure.outside == 0);
	}
}

static void the_envelope_forgives_a_quarter_of_an_hour(void **state)
{
	(void)state;
	live_days(5);
	int64_t day = 5 * QUARTERS;
	struct habit_departure late = meet(day + 27, 100);
	struct habit_departure later = meet(day + 40, 100);
	struct habit_departure missing = meet(day + QUARTERS + 26, 10);

	assert_true(late.deviation == 90);
	assert_true(late.outside == 0);
	assert_true(later.deviation == 90);
	assert_true(later.outside == 90);
	assert_true(missing.deviation == 90);
	assert_true(missing.outside == 0);
}

static void bounds_fade(void **state)
{
	(void)state;
	meet(0, 10);
	meet(QUARTERS, 100);
	for (int64_t i = 2; i < 100; i++)
		meet(i * QUARTERS, 10);
	struct habit_departure departure = meet(100 * QUARTERS, 100);

	assert_true(departure.outside > 70 && departure.outside < 90);
}

/* Weekdays 50, weekends 5: the hour of the week becomes the better guess. */
static void weekends_are_learned(void **state)
{
	double first = 0;
	double last = 0;

	(void)state;
	for (int64_t i = 0; i < 8 * 7 * QUARTERS; i++) {
		int64_t day = i / QUARTERS;
		struct habit_departure departure = meet(i, day % 7 < 5 ? 50 : 5);

		if (day / 7 == 0)
			first += departure.deviation;
		if (day / 7 == 7)
			last += departure.deviation;
	}
	assert_true(first > 0);
	assert_true(last < first / 50);
}

static void any_time_has_a_slot(void **state)
{
	static const int64_t times[] = {INT64_MIN, -1, 0, 1, INT64_MAX, -1, INT64_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		assert_true(num_is_finite(habit_meet(&habit, times[i], 1.0).deviation));
	assert_true(habit_meet(&habit, -1, 1.0).is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_known_at_first, reset),
		cmocka_unit_test_setup(a_repeated_day_is_expected, reset),
		cmocka_unit_test_setup(the_envelope_forgives_a_quarter_of_an_hour, reset),
		cmocka_unit_test_setup(bounds_fade, reset),
		cmocka_unit_test_setup(weekends_are_learned, reset),
		cmocka_unit_test_setup(any_time_has_a_slot, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
