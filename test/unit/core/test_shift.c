/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as they are: lognormal with a spread as large as their mean, in the course of a day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/shift.h"

#include <string.h>

#define HOUR_S 3600.0
#define DAY_S  86400.0

struct fleet {
	struct prng prng;
	struct prng_sizes sizes;
	double rate;     /* a second, on the mean of a day */
	double busy;     /* how the rate varies over the day */
	double swing;    /* of the duration over the day, 0.3: 30 % up and down */
	double day_from; /* s */
	double at_s;
	double fault_at_s, fault_end_s, fault;
	struct shift shift;
};

/* Between -1 and 1, like a sine of 24 hours: two parabolas. */
static double day_course(double at_s)
{
	double turn = at_s / DAY_S;
	double half = 2 * (turn - num_floor(turn));

	return half < 1 ? 4 * half * (1 - half) : -4 * (half - 1) * (2 - half);
}

static void fleet_init(struct fleet *fleet, uint64_t seed, double rate)
{
	memset(fleet, 0, sizeof *fleet);
	prng_init(&fleet->prng, seed);
	prng_sizes_init(&fleet->sizes, 2.0, 1.0);
	fleet->rate = rate;
	fleet->swing = 0.3;
	fleet->busy = 0.6;
	fleet->day_from = prng_unit(&fleet->prng) * DAY_S;
	fleet->fault_at_s = 1e18;
	fleet->fault_end_s = 1e18;
	fleet->fault = 1.0;
	shift_init(&fleet->shift);
}

/* The next duration; arrivals have a course of the day too, which leads that of the durations. */
static bool step(struct fleet *fleet)
{
	double size, course = day_course(fleet->at_s + fleet->day_from);
	double busy = 1 + fleet->busy * day_course(fleet->at_s + fleet->day_from + 2 * HOUR_S);

	fleet->at_s += prng_exponential(&fleet->prng, 1 / (fleet->rate * busy));
	size = prng_size(&fleet->prng, &fleet->sizes) * (1 + fleet->swing * course);
	if (fleet->at_s >= fleet->fault_at_s && fleet->at_s < fleet->fault_end_s)
		size *= fleet->fault;
	return shift_add(&fleet->shift, (int64_t)((fleet->at_s + 1.75e9) * 1e9), size);
}

static uint32_t run_until(struct fleet *fleet, double end_s)
{
	uint32_t found = 0;

	while (fleet->at_s < end_s)
		found += step(fleet);
	return found;
}

/* Seconds until +20 % is found; 1e18 for never in an hour. `early` counts what was found before. */
static double time_to_find(struct fleet *fleet, double after_s, uint32_t *early)
{
	fleet->fault_at_s = after_s;
	fleet->fault = 1.2;
	*early += run_until(fleet, after_s);
	while (fleet->at_s < after_s + HOUR_S)
		if (step(fleet))
			return fleet->at_s - after_s;
	return 1e18;
}

static void check_delay(double rate, double after_s, double limit_s, uint32_t trials)
{
	static struct fleet fleet;
	double worst = 0, sum = 0;
	uint32_t early = 0, late = 0;

	for (uint32_t i = 0; i < trials; i++) {
		double took_s;

		fleet_init(&fleet, 100 + i, rate);
		fleet.busy = 0; /* this rate, whatever the time of the day */
		took_s = time_to_find(&fleet, after_s + 4567.0 * i, &early);
		worst = num_max(worst, took_s);
		sum += took_s;
		late += took_s > limit_s;
		assert_true(took_s > limit_s || fleet.shift.finding.factor > 1.08);
		assert_true(took_s > limit_s || fleet.shift.finding.factor < 1.4);
	}
	print_message("%g/s after %g h: +20 %% found in %.0f s on the mean, %.0f at worst; %u of "
		      "%u late, %u false before\n",
		rate, after_s / HOUR_S, sum / trials, worst, late, trials, early);
	assert_true(late * 20 <= trials);
	assert_int_equal(early, 0);
}

static void a_fifth_more_is_found_in_time(void **state)
{
	(void)state;
	check_delay(20, 2 * HOUR_S, 110, 6);
	check_delay(5, 3 * HOUR_S, 300, 20);
	check_delay(5, 2.2 * DAY_S, 300, 4);
}

/* Fifty kinds at paces from one in a minute up, with little and with much of a day's course. */
static void a_week_of_a_fleet_has_few_false_findings(void **state)
{
	static const double rates[] = {0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 0.03, 0.15, 1.5};
	static struct fleet fleet;
	uint32_t findings = 0, ready = 0;

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t found;

		fleet_init(&fleet, i, rates[i % 10]);
		fleet.swing = 0.1 * (i % 5);
		found = run_until(&fleet, 7 * DAY_S);
		if (found > 0)
			print_message("%u at %g/s, swing %g\n", found, rates[i % 10], fleet.swing);
		findings += found;
		ready += fleet.shift.follow_weight >= 500;
	}
	print_message("false findings: %u\n", findings);
	assert_true(findings <= 1);
	assert_int_equal(ready, 50);
}

/* A saved series goes on bit for bit, with a finding in it; damaged bytes do no harm. */
static void a_saved_series_goes_on(void **state)
{
	static struct fleet fleet, after;
	static uint8_t bytes[4096], again[4096];
	struct bytes_writer writer;
	struct bytes_reader reader;

	(void)state;
	fleet_init(&fleet, 3, 10);
	fleet.fault_at_s = 3 * HOUR_S;
	fleet.fault = 1.5;
	assert_int_equal(run_until(&fleet, 3.2 * HOUR_S), 1);
	assert_true(fleet.shift.finding.is_found);
	after = fleet;
	bytes_writer_init(&writer, bytes, sizeof bytes);
	shift_put(&fleet.shift, &writer);
	assert_false(writer.overflow);
	assert_true(writer.used <= 3400);
	bytes_reader_init(&reader, bytes, writer.used);
	assert_true(shift_read(&after.shift, &reader));
	run_until(&fleet, 6 * HOUR_S);
	run_until(&after, 6 * HOUR_S);
	bytes_writer_init(&writer, bytes, sizeof bytes);
	shift_put(&fleet.shift, &writer);
	bytes_writer_init(&writer, again, sizeof again);
	shift_put(&after.shift, &writer);
	assert_memory_equal(bytes, again, writer.used);
	bytes_reader_init(&reader, bytes, writer.used / 2);
	assert_false(shift_read(&after.shift, &reader));
}

/* Back to what is usual is the end of a finding, and none of its own; so is a day. */
static void a_shift_ends(void **state)
{
	static struct fleet fleet;

	(void)state;
	fleet_init(&fleet, 5, 5);
	fleet.fault_at_s = 3 * HOUR_S;
	fleet.fault_end_s = 4 * HOUR_S;
	fleet.fault = 1.5;
	run_until(&fleet, 4 * HOUR_S);
	assert_true(num_abs(fleet.shift.finding.factor - 1.5) < 0.15);
	assert_true(
		num_abs((double)fleet.shift.finding.since_ns / 1e9 - 1.75e9 - 3 * HOUR_S) < 900);
	assert_int_equal(run_until(&fleet, 5 * HOUR_S), 0);
	assert_false(fleet.shift.finding.is_found);
	fleet.fault_at_s = 6 * HOUR_S;
	fleet.fault_end_s = 1e18;
	assert_int_equal(run_until(&fleet, 29 * HOUR_S), 1);
	assert_true(fleet.shift.finding.is_found);
	assert_int_equal(run_until(&fleet, 31 * HOUR_S), 0);
	assert_false(fleet.shift.finding.is_found);
}

static void nonsense_is_missing(void **state)
{
	static const double odd[] = {-1, 0, 1e308, 5e-324, __builtin_inf(), __builtin_nan("")};
	static struct shift shift;

	(void)state;
	shift_init(&shift);
	for (uint32_t i = 0; i < 100000; i++)
		shift_add(&shift, (int64_t)i * NS_PER_S, odd[i % 6]);
	assert_true(num_is_finite(shift.level) && num_is_finite(shift.follow));
	shift_add(&shift, INT64_MAX, 1);
	shift_add(&shift, INT64_MIN, 1);
	shift_add(&shift, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fifth_more_is_found_in_time),
		cmocka_unit_test(a_saved_series_goes_on),
		cmocka_unit_test(a_shift_ends),
		cmocka_unit_test(nonsense_is_missing),
		cmocka_unit_test(a_week_of_a_fleet_has_few_false_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
