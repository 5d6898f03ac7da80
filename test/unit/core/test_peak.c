/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduled windows: the calendar of UTC, which has no summer time, and who counts when several are
 * open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/units.h"
#include "core/peak.h"

#define MONDAY   1u
#define SUNDAY   64u
#define WORKDAYS 31u
#define DAILY    127u

/* 2026-03-23 00:00 UTC, a Monday; in the week that follows, Europe's clocks are put forward. */
#define WEEK_NS (20535 * NS_PER_DAY)

static struct peak_table table;

static int begin(void **state)
{
	(void)state;
	table = (struct peak_table){0};
	return 0;
}

static void put(uint32_t place, uint32_t days, int64_t begins_ns, int64_t duration_ns,
	uint32_t factor_permille)
{
	struct bal_event_peak peak = {.place = place,
		.name = place,
		.days = days,
		.begins_ns = begins_ns,
		.duration_ns = duration_ns,
		.factor_permille = factor_permille};

	assert_true(peak_set(&table, &peak));
	assert_null(peak_check(&table));
}

/* The share of the usual in the hour that begins then. */
static double share_at(int64_t at_ns, uint32_t kind)
{
	struct peak_load load;

	return peak_over(&table, kind, at_ns, at_ns + NS_PER_HOUR, &load) ? load.share : -1;
}

static void test_days_of_the_week(void **state)
{
	(void)state;
	put(0, WORKDAYS, 9 * NS_PER_HOUR, NS_PER_HOUR, 3000);
	for (int64_t day = -14; day < 21; day++) {
		int64_t nine_ns = WEEK_NS + day * NS_PER_DAY + 9 * NS_PER_HOUR;
		bool works = ((day % 7) + 7) % 7 < 5;

		assert_true(share_at(nine_ns, 0) == (works ? 3.0 : -1.0));
		assert_true(share_at(nine_ns - NS_PER_HOUR, 0) == -1.0);
		assert_true(share_at(nine_ns + NS_PER_HOUR, 0) == -1.0);
		assert_true(share_at(nine_ns - NS_PER_HOUR / 2, 0) == (works ? 2.0 : -1.0));
	}
	/* Before 1970, on a Thursday and on a Saturday. */
	assert_true(share_at(-7 * NS_PER_DAY + 9 * NS_PER_HOUR, 0) == 3.0);
	assert_true(share_at(-5 * NS_PER_DAY + 9 * NS_PER_HOUR, 0) == -1.0);
}

static void test_over_the_end_of_day_and_week(void **state)
{
	int64_t monday_ns = WEEK_NS + 7 * NS_PER_DAY, begins_ns, ends_ns;

	(void)state;
	put(0, SUNDAY, 23 * NS_PER_HOUR, 3 * NS_PER_HOUR, 2000);
	assert_true(share_at(monday_ns - NS_PER_HOUR, 0) == 2.0);
	assert_true(share_at(monday_ns, 0) == 2.0);
	assert_true(share_at(monday_ns + NS_PER_HOUR, 0) == 2.0);
	assert_true(share_at(monday_ns + 2 * NS_PER_HOUR, 0) == -1.0);
	assert_true(peak_next(&table.items[0], monday_ns, &begins_ns, &ends_ns));
	assert_true(begins_ns == monday_ns - NS_PER_HOUR && ends_ns == monday_ns + 2 * NS_PER_HOUR);
	assert_true(peak_next(&table.items[0], ends_ns, &begins_ns, &ends_ns));
	assert_true(begins_ns == monday_ns + 7 * NS_PER_DAY - NS_PER_HOUR);
}

static void test_once(void **state)
{
	int64_t begins_ns, ends_ns;

	(void)state;
	put(0, 0, WEEK_NS, 36 * NS_PER_HOUR, 0);
	assert_true(share_at(WEEK_NS, 0) == 0.0);
	assert_true(share_at(WEEK_NS + 35 * NS_PER_HOUR, 0) == 0.0);
	assert_true(share_at(WEEK_NS + 36 * NS_PER_HOUR, 0) == -1.0);
	assert_true(share_at(WEEK_NS + 7 * NS_PER_DAY, 0) == -1.0);
	assert_false(peak_next(&table.items[0], WEEK_NS + 36 * NS_PER_HOUR, &begins_ns, &ends_ns));
}

static void test_the_largest_counts_and_a_rate_first(void **state)
{
	struct bal_event_peak rate = {.place = 2,
		.name = 7,
		.days = DAILY,
		.begins_ns = 10 * NS_PER_HOUR,
		.duration_ns = NS_PER_HOUR / 2,
		.rate_count = 120,
		.rate_period_ns = NS_PER_MIN,
		.kinds_count = 2,
		.kinds = {3, 5}};
	struct peak_load load;

	(void)state;
	put(0, DAILY, 10 * NS_PER_HOUR, NS_PER_HOUR, 2000);
	put(1, DAILY, 10 * NS_PER_HOUR, NS_PER_HOUR / 4, 4000);
	assert_true(share_at(WEEK_NS + 10 * NS_PER_HOUR, 3) == 2.5);
	assert_true(peak_set(&table, &rate));
	assert_true(share_at(WEEK_NS + 10 * NS_PER_HOUR, 4) == 2.5);
	assert_true(peak_over(
		&table, 5, WEEK_NS + 10 * NS_PER_HOUR, WEEK_NS + 11 * NS_PER_HOUR, &load));
	assert_true(load.share == 1.0 && load.rate == 1.0 && load.name == 7);
}

static void test_taking_back(void **state)
{
	struct bal_event_peak none = {.place = 4};

	(void)state;
	put(4, DAILY, 0, NS_PER_DAY, 2000);
	put(1, MONDAY, 0, NS_PER_DAY, 3000);
	assert_int_equal(table.high, 5);
	assert_true(share_at(WEEK_NS + NS_PER_DAY, 0) == 2.0);
	assert_true(peak_set(&table, &none));
	assert_int_equal(table.high, 2);
	assert_true(share_at(WEEK_NS + NS_PER_DAY, 0) == -1.0);
	assert_true(share_at(WEEK_NS, 0) == 3.0);
}

static void test_what_is_none(void **state)
{
	static const struct bal_event_peak rows[] = {
		{.place = BAL_PEAKS_MAX, .days = 1, .duration_ns = 1},
		{.days = 128, .duration_ns = 1},
		{.duration_ns = -1},
		{.days = 1, .duration_ns = NS_PER_DAY + 1},
		{.days = 1, .begins_ns = NS_PER_DAY, .duration_ns = 1},
		{.begins_ns = -1, .duration_ns = 1},
		{.duration_ns = 367 * NS_PER_DAY},
		{.duration_ns = 1, .rate_count = 1},
		{.duration_ns = 1, .kinds_count = BAL_PEAK_KINDS_MAX + 1},
		{.duration_ns = 1, .factor_permille = UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_false(peak_set(&table, &rows[i]));
	assert_int_equal(table.high, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_days_of_the_week, begin),
		cmocka_unit_test_setup(test_over_the_end_of_day_and_week, begin),
		cmocka_unit_test_setup(test_once, begin),
		cmocka_unit_test_setup(test_the_largest_counts_and_a_rate_first, begin),
		cmocka_unit_test_setup(test_taking_back, begin),
		cmocka_unit_test_setup(test_what_is_none, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
