/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/trend.h"

#include <stdio.h>

/* Processes as they are: a heap that is collected, noise, warm-up, one step. In MiB, each 10 s. */
struct process {
	struct prng prng;
	double level, height, period_s, noise;
	double filling, filling_s;
	double step, step_at_s;
	double leak_begin_s;
	double day, day_from_s;
	double place;
};

static double draw(struct prng *prng, double low, double high)
{
	double unit = prng_unit(prng);

	return low + (high - low) * unit;
}

/* Between -1 and 1, like a sine of 24 hours: two parabolas. */
static double day_course(double at_s)
{
	double turn = at_s / 86400;
	double half = 2 * (turn - num_floor(turn));

	return half < 1 ? 4 * half * (1 - half) : -4 * (half - 1) * (2 - half);
}

static struct process process_make(uint64_t seed)
{
	struct process process = {.leak_begin_s = 1e18};

	prng_init(&process.prng, seed);
	process.level = draw(&process.prng, 100, 600);
	process.height = draw(&process.prng, 0, 60);
	process.period_s = draw(&process.prng, 20, 170);
	process.noise = draw(&process.prng, 0.1, 1.5);
	process.filling = draw(&process.prng, 0, 0.5) * process.level;
	process.filling_s = draw(&process.prng, 30, 180);
	process.step = draw(&process.prng, -0.3, 0.5) * process.level;
	process.step_at_s = draw(&process.prng, 0, 7 * 86400);
	process.day = num_max(draw(&process.prng, -0.1, 0.1), 0) * process.level;
	process.day_from_s = draw(&process.prng, 0, 86400);
	return process;
}

static double process_value(struct process *process, double at_s)
{
	double noise = prng_normal(&process->prng);
	double value = process->level + noise * process->noise;

	value += process->day * day_course(at_s + process->day_from_s);
	process->place += 10 / process->period_s;
	process->place -= num_floor(process->place);
	value += process->height * process->place;
	value += process->filling * (1 - num_exp(-at_s / process->filling_s));
	value += at_s >= process->step_at_s ? process->step : 0;
	return value + num_max(at_s - process->leak_begin_s, 0) / 60;
}

static struct trend trend;

static bool add(struct process *process, int64_t at_s)
{
	double value = process_value(process, (double)at_s);

	return trend_add(&trend, (1000000000 + at_s) * NS_PER_S, value);
}

static void a_week_of_a_fleet_has_few_false_findings(void **state)
{
	(void)state;
	uint32_t findings = 0;

	for (uint64_t i = 0; i < 50; i++) {
		struct process process = process_make(i);

		trend_init(&trend);
		for (int64_t at_s = 0; at_s < 7 * 86400; at_s += 10)
			findings += add(&process, at_s);
	}
	print_message("false findings: %u\n", findings);
	assert_true(findings <= 1);
}

static void a_leak_is_found_in_half_an_hour(void **state)
{
	(void)state;
	uint32_t in_time = 0, near = 0, count = 60;

	for (uint64_t i = 0; i < count; i++) {
		struct process process = process_make(1000 + i);
		int64_t begin_s = 2 * 3600 + (int64_t)i * 600;
		bool found = false;

		process.step = 0;
		process.leak_begin_s = (double)begin_s;
		trend_init(&trend);
		for (int64_t at_s = 0; at_s <= begin_s + 1800; at_s += 10)
			found = add(&process, at_s) || found;
		in_time += found;
		double limit = process.level + process.filling + process.height + 600;
		double left_s = 570 * 60;
		double likely_s = (double)trend_exhaustion(&trend, limit).likely_ns / 1e9;
		near += num_abs(likely_s - left_s) <= 0.2 * left_s;
	}
	print_message(
		"of %u leaks in time: %u, exhaustion within 20 %%: %u\n", count, in_time, near);
	assert_true(in_time >= count * 95 / 100);
	assert_true(near >= count * 80 / 100);
}

static void a_rise_without_noise_is_exact(void **state)
{
	(void)state;
	struct trend_exhaustion left;

	trend_init(&trend);
	for (int64_t at_s = 0; at_s < 3600; at_s += 10)
		trend_add(&trend, at_s * NS_PER_S, 100 + (double)at_s / 60);
	assert_true(trend.finding.is_found);
	assert_true(num_abs(trend.finding.slope * 60 - 1) < 1e-3);
	left = trend_exhaustion(&trend, 220);
	assert_true(left.soonest_ns <= left.likely_ns && left.likely_ns <= left.latest_ns);
	assert_true(num_abs((double)left.likely_ns / 1e9 / 60 - 60) < 6);
	assert_int_equal(trend_exhaustion(&trend, 0).likely_ns, 0);
}

static void what_stands_still_has_no_trend(void **state)
{
	(void)state;
	trend_init(&trend);
	for (int64_t at_s = 0; at_s < 86400; at_s += 10)
		assert_false(trend_add(&trend, at_s * NS_PER_S, at_s % 600 < 10 ? 110 : 100));
	assert_true(trend_exhaustion(&trend, 200).likely_ns == TIME_NEVER_NS);
}

static void nonsense_and_gaps_are_no_rise(void **state)
{
	(void)state;
	trend_init(&trend);
	assert_false(trend_add(&trend, 0, __builtin_nan("")));
	assert_false(trend_add(&trend, -5, 1e308));
	assert_false(trend_add(&trend, INT64_MAX, -1e308));
	assert_false(trend_add(&trend, 0, 1));
	assert_true(trend_exhaustion(&trend, __builtin_nan("")).likely_ns == TIME_NEVER_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_week_of_a_fleet_has_few_false_findings),
		cmocka_unit_test(a_leak_is_found_in_half_an_hour),
		cmocka_unit_test(a_rise_without_noise_is_exact),
		cmocka_unit_test(what_stands_still_has_no_trend),
		cmocka_unit_test(nonsense_and_gaps_are_no_rise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
