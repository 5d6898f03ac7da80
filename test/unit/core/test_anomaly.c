/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/anomaly.h"

#include <string.h>

enum { POINTS = 4000, DAY = 288 };
#define STEP_NS (5 * NS_PER_MIN)
#define ALARM   0.5

static struct anomaly anomaly;
static double values[POINTS];
static double scores[POINTS];

static int reset(void **state)
{
	(void)state;
	anomaly_init(&anomaly, ANOMALY_ALL);
	return 0;
}

/* A load with a daily course and noise. */
static void make_load(uint64_t seed)
{
	struct prng prng;

	prng_init(&prng, seed);
	for (int i = 0; i < POINTS; i++) {
		double phase = (double)(i % DAY) / DAY;

		values[i] = 100 + 160 * phase * (1 - phase);
		values[i] += 3 * prng_normal(&prng);
	}
}

static void score_from(int first, int end)
{
	for (int i = first; i < end; i++)
		scores[i] = anomaly_update(&anomaly, i * STEP_NS, values[i]);
}

static int alarms(int first, int end)
{
	int count = 0;

	for (int i = first; i < end; i++)
		count += scores[i] >= ALARM;
	return count;
}

/* Scores a load that differs from `from` on. True when that is told within so many points, and at
 * most one point in 500 of the others. */
static bool is_told(int from, int within)
{
	reset(NULL);
	score_from(0, POINTS);
	return alarms(from, from + within) >= 1 &&
	       alarms(0, from) + alarms(from + within, POINTS) <= POINTS / 500;
}

static void ordinary_load_is_quiet(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		make_load(seed);
		reset(NULL);
		score_from(0, POINTS);
		assert_in_range(alarms(0, POINTS), 0, POINTS / 500);
	}
}

static void a_spike_is_told(void **state)
{
	(void)state;
	make_load(1);
	values[3000] += 80;
	assert_true(is_told(3000, 1));
}

static void a_level_shift_is_told_and_accepted(void **state)
{
	(void)state;
	make_load(2);
	for (int i = 2500; i < POINTS; i++)
		values[i] += 60;
	assert_true(is_told(2500, 10));
}

static void a_sensor_that_is_stuck_is_told(void **state)
{
	(void)state;
	make_load(3);
	for (int i = 2600; i < 2600 + DAY; i++)
		values[i] = values[2600];
	assert_true(is_told(2600, 100));
}

static void noise_that_grows_is_told(void **state)
{
	struct prng prng;

	(void)state;
	make_load(4);
	prng_init(&prng, 9);
	for (int i = 3000; i < POINTS; i++)
		values[i] += 15 * prng_normal(&prng);
	assert_true(is_told(3000, 50));
}

/* Noon at midnight: no value is new, the time is wrong. */
static void the_wrong_time_is_told(void **state)
{
	(void)state;
	make_load(5);
	for (int i = 10 * DAY; i < 10 * DAY + 24; i++)
		values[i] += 35;
	assert_true(is_told(10 * DAY, 24));
}

/* Whatever comes later, and however much of it, earlier scores are the same bits. */
static void scores_do_not_know_the_future(void **state)
{
	static double first[POINTS];
	struct prng prng;

	(void)state;
	make_load(6);
	score_from(0, POINTS);
	memcpy(first, scores, sizeof first);
	prng_init(&prng, 3);
	for (int cut = 100; cut < POINTS; cut += 371) {
		make_load(6);
		for (int i = cut; i < POINTS; i++)
			values[i] = 1e6 * prng_normal(&prng);
		reset(NULL);
		score_from(0, cut + 100 < POINTS ? cut + 100 : POINTS);
		assert_memory_equal(first, scores, sizeof *scores * (size_t)cut);
	}
}

static void unit_and_scale_do_not_matter(void **state)
{
	static const double scales[] = {1e-12, 1e12};
	static double first[POINTS];

	(void)state;
	make_load(7);
	values[3000] += 80;
	score_from(0, POINTS);
	memcpy(first, scores, sizeof first);
	for (size_t s = 0; s < 2; s++) {
		make_load(7);
		values[3000] += 80;
		for (int i = 0; i < POINTS; i++)
			values[i] *= scales[s];
		reset(NULL);
		score_from(0, POINTS);
		assert_true(scores[3000] >= ALARM);
		assert_true(num_abs(scores[3000] - first[3000]) < 0.05);
	}
}

static void missing_values_teach_nothing(void **state)
{
	static double first[POINTS];

	(void)state;
	make_load(8);
	score_from(0, POINTS);
	memcpy(first, scores, sizeof first);
	reset(NULL);
	for (int i = 0; i < POINTS; i++) {
		assert_true(anomaly_update(&anomaly, i * STEP_NS, __builtin_nan("")) == 0);
		assert_true(anomaly_update(&anomaly, i * STEP_NS, -__builtin_inf()) == 0);
		assert_true(anomaly_update(&anomaly, i * STEP_NS, values[i]) == first[i]);
	}
}

static void constants_are_never_odd(void **state)
{
	static const double levels[] = {0, 5e-324, 1e-300, -5, 1e12, 1e100};

	(void)state;
	for (size_t level = 0; level < 6; level++) {
		for (int i = 0; i < POINTS; i++)
			values[i] = levels[level];
		reset(NULL);
		score_from(0, POINTS);
		for (int i = 0; i < POINTS; i++)
			assert_true(scores[i] < 0.25);
	}
}

static void one_event_among_zeros_is_told_once(void **state)
{
	(void)state;
	memset(values, 0, sizeof values);
	for (int i = 2000; i < 2010; i++)
		values[i] = 1;
	score_from(0, POINTS);
	assert_true(scores[2000] >= ALARM);
	assert_int_equal(alarms(2000, 2060), 1);
	assert_int_equal(alarms(0, 2000), 0);
}

static void hostile_values_and_times_stay_in_bounds(void **state)
{
	static const double odd[] = {0, -0.0, 1e308, -1e308, 1e-308, 5e-324, 1, -1, 1e100};
	struct prng prng;

	(void)state;
	prng_init(&prng, 11);
	for (int i = 0; i < 20000; i++) {
		double value = odd[prng_below(&prng, sizeof odd / sizeof *odd)];
		int64_t at_ns = (int64_t)prng_next(&prng);
		double score = anomaly_update(&anomaly, at_ns, value);

		assert_true(score >= 0 && score <= 1);
		assert_true(num_is_finite(anomaly.mood));
	}
}

static void parts_can_be_left_out(void **state)
{
	(void)state;
	make_load(1);
	values[3000] += 80;
	for (uint32_t part = 0; part < ANOMALY_PART_COUNT; part++) {
		anomaly_init(&anomaly, ANOMALY_ALL & ~(1u << part));
		for (int i = 0; i < POINTS; i++) {
			anomaly_update(&anomaly, i * STEP_NS, values[i]);
			assert_true(anomaly.evidence[part] == 0);
		}
	}
	anomaly_init(&anomaly, 0);
	for (int i = 0; i < POINTS; i++)
		assert_true(anomaly_update(&anomaly, i * STEP_NS, values[i]) < ALARM);
}

static void nothing_is_told_while_it_learns(void **state)
{
	(void)state;
	make_load(9);
	values[ANOMALY_POINTS_LEARNED - 2] = 1e9;
	score_from(0, ANOMALY_POINTS_LEARNED - 1);
	for (int i = 0; i < ANOMALY_POINTS_LEARNED - 1; i++)
		assert_true(scores[i] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ordinary_load_is_quiet, reset),
		cmocka_unit_test_setup(a_spike_is_told, reset),
		cmocka_unit_test_setup(a_level_shift_is_told_and_accepted, reset),
		cmocka_unit_test_setup(a_sensor_that_is_stuck_is_told, reset),
		cmocka_unit_test_setup(noise_that_grows_is_told, reset),
		cmocka_unit_test_setup(the_wrong_time_is_told, reset),
		cmocka_unit_test_setup(scores_do_not_know_the_future, reset),
		cmocka_unit_test_setup(unit_and_scale_do_not_matter, reset),
		cmocka_unit_test_setup(missing_values_teach_nothing, reset),
		cmocka_unit_test_setup(constants_are_never_odd, reset),
		cmocka_unit_test_setup(one_event_among_zeros_is_told_once, reset),
		cmocka_unit_test_setup(hostile_values_and_times_stay_in_bounds, reset),
		cmocka_unit_test_setup(parts_can_be_left_out, reset),
		cmocka_unit_test_setup(nothing_is_told_while_it_learns, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
