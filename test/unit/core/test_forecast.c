/* SPDX-License-Identifier: Apache-2.0 */
/* Series whose future is known: the forecast must find it. And series that nobody should have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/backtest.h"
#include "core/forecast.h"

enum { VALUES_MAX = 20000, WEEK_H = 168, STEPS = 168 };

static struct forecast_room room;
static struct forecast_band bands[FORECAST_STEPS_MAX], again[FORECAST_STEPS_MAX];
static double values[VALUES_MAX];
static struct prng prng;

static int begin(void **state)
{
	(void)state;
	prng_init(&prng, 11);
	return 0;
}

/* Busy by day, quiet at night, half as much at the weekend. */
static double weekly_load(uint32_t hour)
{
	uint32_t day = hour / 24 % 7, clock = hour % 24;
	double load = clock >= 8 && clock < 20 ? 100 + 10.0 * (clock % 5) : 20;

	return day >= 5 ? load / 2 : load;
}

static void fill(uint32_t count, double noise)
{
	for (uint32_t i = 0; i < count; i++)
		values[i] = weekly_load(i) * (1 + noise * prng_normal(&prng));
}

static bool make(uint32_t count, int64_t step_ns, uint32_t steps)
{
	return forecast_make(&room, values, count, step_ns, steps, bands);
}

/* What is promised of every forecast, whatever the series. */
static void assert_sane(uint32_t steps, double low, double high)
{
	for (uint32_t i = 0; i < steps; i++) {
		assert_true(num_is_finite(bands[i].low95) && num_is_finite(bands[i].high95));
		assert_true(bands[i].low95 <= bands[i].low80 && bands[i].low80 <= bands[i].mean);
		assert_true(bands[i].mean <= bands[i].high80);
		assert_true(bands[i].high80 <= bands[i].high95);
		assert_true(bands[i].mean >= low && bands[i].mean <= high);
		assert_true(low < 0 || bands[i].low95 >= 0);
	}
}

static double measure_error(uint32_t count, uint32_t steps)
{
	double error = 0, size = 0;

	for (uint32_t i = 0; i < steps; i++) {
		error += num_abs(bands[i].mean - weekly_load(count + i));
		size += weekly_load(count + i);
	}
	return error / size;
}

static void a_week_is_learned(void **state)
{
	(void)state;
	fill(5 * WEEK_H, 0);
	assert_true(make(5 * WEEK_H, NS_PER_HOUR, STEPS));
	assert_int_equal(room.bank.history.day, 24);
	assert_int_equal(room.bank.history.week, WEEK_H);
	assert_true(measure_error(5 * WEEK_H, STEPS) < 0.01);
	assert_sane(STEPS, 0, 1000);
}

/* Ten days show one repetition of the week: enough when days differ that much. */
static void a_week_is_seen_after_one(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 250; i++)
		values[i] = weekly_load(i) * (i / 24 % 7 == 2 ? 3 : 1) *
			    (1 + 0.02 * prng_normal(&prng));
	assert_true(make(250, NS_PER_HOUR, 24));
	assert_int_equal(room.bank.history.week, WEEK_H);
	for (uint32_t i = 0; i < 250; i++)
		values[i] = i % 24 < 12 ? 100 : 20;
	assert_true(make(250, NS_PER_HOUR, 24));
	assert_int_equal(room.bank.history.day, 24);
	assert_int_equal(room.bank.history.week, 0);
}

/* Few values and one spike: it is no pattern, and is not forecast again. */
static void a_few_values_are_not_learned_by_heart(void **state)
{
	static const double few[] = {10, 12, 11, 13, 12, 11, 13, 90, 12, 11, 12, 13};

	(void)state;
	for (uint32_t count = 6; count <= sizeof few / sizeof *few; count++) {
		memcpy(values, few, sizeof few);
		assert_true(make(count, NS_PER_HOUR, 6));
		for (uint32_t i = 0; i < 6; i++)
			assert_true(bands[i].mean < (count == 8 ? 90.0 : 30.0));
	}
}

static void noise_is_seen_through(void **state)
{
	(void)state;
	fill(8 * WEEK_H, 0.2);
	assert_true(make(8 * WEEK_H, NS_PER_HOUR, STEPS));
	assert_true(measure_error(8 * WEEK_H, STEPS) < 0.08);
}

/* Twenty independent noisy worlds: the intervals must hold what they promise. */
static void intervals_hold_their_share(void **state)
{
	uint32_t inside80 = 0, inside95 = 0, all = 0;

	(void)state;
	for (int world = 0; world < 20; world++) {
		fill(6 * WEEK_H + 48, 0.15);
		assert_true(make(6 * WEEK_H, NS_PER_HOUR, 48));
		for (uint32_t i = 0; i < 48; i++, all++) {
			double truth = values[6 * WEEK_H + i];

			inside80 += truth >= bands[i].low80 && truth <= bands[i].high80;
			inside95 += truth >= bands[i].low95 && truth <= bands[i].high95;
		}
	}
	assert_in_range(inside80 * 100 / all, 72, 92);
	assert_in_range(inside95 * 100 / all, 91, 99);
}

static void the_same_values_the_same_bits(void **state)
{
	(void)state;
	fill(900, 0.3);
	assert_true(make(900, NS_PER_HOUR, 48));
	memcpy(again, bands, sizeof again);
	fill(400, 0.1); /* what another series leaves in the room must not matter */
	assert_true(make(400, 300 * NS_PER_S, 100));
	prng_init(&prng, 11);
	fill(900, 0.3);
	assert_true(make(900, NS_PER_HOUR, 48));
	assert_memory_equal(again, bands, 48 * sizeof *bands);
}

static void holes_are_no_zeros(void **state)
{
	(void)state;
	fill(5 * WEEK_H, 0.05);
	for (uint32_t i = 300; i < 340; i++)
		values[i] = __builtin_nan("");
	for (uint32_t i = 500; i < 530; i++)
		values[i] = 0;
	for (uint32_t i = 5 * WEEK_H - 6; i < 5 * WEEK_H; i++)
		values[i] = __builtin_nan("");
	assert_true(make(5 * WEEK_H, NS_PER_HOUR, STEPS));
	assert_false(room.bank.history.seen[510]);
	assert_true(measure_error(5 * WEEK_H, STEPS) < 0.08);
}

static void a_spike_does_not_come_back(void **state)
{
	(void)state;
	fill(5 * WEEK_H, 0.05);
	values[4 * WEEK_H + 60] *= 30;
	assert_true(make(5 * WEEK_H, NS_PER_HOUR, STEPS));
	assert_true(measure_error(5 * WEEK_H, STEPS) < 0.25);
	assert_sane(STEPS, 0, 4000);
}

/* Rare values far above all others draw the mean up; the middle is where it was. */
static void skewed_noise_is_met_in_its_middle(void **state)
{
	double sum = 0, above = 0;

	(void)state;
	for (uint32_t i = 0; i < 1500; i++) {
		values[i] = num_exp(0.8 * prng_normal(&prng));
		sum += values[i];
		above += values[i] > 1;
	}
	assert_true(sum / 1500 > 1.25 && above > 650 && above < 850);
	assert_true(make(1500, NS_PER_MIN, 8));
	for (uint32_t i = 0; i < 8; i++) {
		print_message("%f ", bands[i].mean);
		assert_in_range(bands[i].mean * 100, 80, 118);
	}
}

/* Eight days in which the newest value said nothing, then one in which it says all. */
static void what_was_lately_counts_more(void **state)
{
	double level = 1000;

	(void)state;
	for (uint32_t i = 0; i < 9 * 144; i++) {
		double noise = prng_normal(&prng);

		level = i < 8 * 144 ? 1000 + 100 * noise : level + 40 * noise;
		values[i] = level;
	}
	assert_true(make(9 * 144, 10 * NS_PER_MIN, 6));
	double newest = room.bank.history.level[9 * 144 - 1];
	double weight = 0;
	for (uint32_t m = 0; m < room.bank.model_count; m++) {
		double levels[1];

		bank_predict(&room.bank, m, room.bank.history.count, 1, levels);
		weight += num_abs(levels[0] - newest) < 0.03 ? room.blend.weights[0][m] : 0;
	}
	assert_true(weight > 0.4);
}

static void constants_of_any_size(void **state)
{
	static const double sizes[] = {0, 1e-12, 1, 1e12, 1e30};

	(void)state;
	for (uint32_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
		for (uint32_t i = 0; i < 500; i++)
			values[i] = sizes[k];
		assert_true(make(500, NS_PER_MIN, 100));
		assert_sane(100, 0, 1e31);
		assert_true(num_abs(bands[99].mean - sizes[k]) <= 1e-6 * sizes[k]);
	}
}

static void very_short_series(void **state)
{
	(void)state;
	fill(40, 0.3);
	assert_false(make(0, NS_PER_HOUR, 10));
	for (uint32_t count = 1; count < 40; count++) {
		assert_true(make(count, NS_PER_HOUR, 48));
		assert_sane(48, 0, 1000);
	}
	values[0] = values[1] = __builtin_nan("");
	assert_false(make(2, NS_PER_HOUR, 1));
	assert_true(make(3, NS_PER_HOUR, 1));
}

static void wild_series_of_any_step(void **state)
{
	static const int64_t steps_ns[] = {1, NS_PER_S, 10 * NS_PER_S, NS_PER_MIN, 300 * NS_PER_S,
		NS_PER_HOUR, 12 * NS_PER_HOUR, NS_PER_DAY, 30 * NS_PER_DAY};

	(void)state;
	for (uint32_t k = 0; k < 60; k++) {
		uint32_t count = 1 + (uint32_t)prng_below(&prng, 1500);
		double sign = k % 3 == 0 ? -1 : 1;

		for (uint32_t i = 0; i < count; i++) {
			double kind = prng_unit(&prng);
			double drawn = prng_pareto(&prng, 1.1, 100);

			values[i] = kind < 0.1   ? __builtin_nan("")
				    : kind < 0.3 ? 0
				    : kind < 0.6 ? sign * drawn
						 : drawn;
		}
		values[0] = 1;
		assert_true(make(count, steps_ns[k % 9], 1 + k * 5));
		assert_sane(1 + k * 5, sign < 0 ? -1e30 : 0, 1e30);
	}
}

static void a_backtest_sees_what_a_forecast_is_worth(void **state)
{
	static struct backtest backtest;

	(void)state;
	fill(6 * WEEK_H, 0.05);
	assert_true(backtest_run(&backtest, &room, bands, values, 6 * WEEK_H, NS_PER_HOUR));
	assert_int_equal(backtest.line_count, 6);
	for (uint32_t i = 0; i < backtest.line_count; i++) {
		const struct backtest_line *line = &backtest.lines[i];

		assert_true(backtest_accuracy(line) > 0.92);
		assert_true(backtest_accuracy(line) > backtest_accuracy_naive(line));
	}
	assert_true(backtest_accuracy_most(&backtest, &backtest.lines[0]) == 1);
}

static void counts_have_a_floor(void **state)
{
	static struct backtest backtest;

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		values[i] = 0;
		for (int trial = 0; trial < 100; trial++)
			values[i] += prng_unit(&prng) < 0.16;
	}
	assert_true(backtest_run(&backtest, &room, bands, values, 400, NS_PER_MIN));
	double most = backtest_accuracy_most(&backtest, &backtest.lines[0]);
	assert_true(most > 0.79 && most < 0.81);
	assert_true(make(400, NS_PER_MIN, 10));
	assert_true(bands[0].high80 - bands[0].mean >= 1.28 * num_sqrt(bands[0].mean));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_week_is_learned),
		TEST(a_week_is_seen_after_one),
		TEST(noise_is_seen_through),
		cmocka_unit_test(a_few_values_are_not_learned_by_heart),
		TEST(intervals_hold_their_share),
		TEST(the_same_values_the_same_bits),
		TEST(holes_are_no_zeros),
		TEST(a_spike_does_not_come_back),
		TEST(skewed_noise_is_met_in_its_middle),
		TEST(what_was_lately_counts_more),
		TEST(constants_of_any_size),
		TEST(very_short_series),
		TEST(wild_series_of_any_step),
		TEST(a_backtest_sees_what_a_forecast_is_worth),
		TEST(counts_have_a_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
