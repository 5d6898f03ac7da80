/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/forecaster.h"

enum { WEEK_H = 168, STATE_SIZE_MAX = 65536 };

static struct forecaster forecaster, copy;
static struct forecaster_room room;
static struct forecaster_fit fit;
static struct prng prng;

static int begin(void **state)
{
	(void)state;
	prng_init(&prng, 5);
	forecaster_init(&forecaster, NS_PER_HOUR);
	return 0;
}

static double load_at(uint32_t hour)
{
	uint32_t clock = hour % 24;

	return clock >= 8 && clock < 20 ? 100 + 10.0 * (clock % 5) : 30;
}

static void refit(void)
{
	assert_true(forecaster_fit(&forecaster, &room, &fit));
	forecaster_take(&forecaster, &fit);
}

/* Pushes hours, with a fit every `every` of them. */
static void run_hours(uint32_t from, uint32_t to, double noise, double times, uint32_t every)
{
	for (uint32_t hour = from; hour < to; hour++) {
		double drawn = prng_normal(&prng);

		forecaster_push(&forecaster, times * load_at(hour) * (1 + noise * drawn));
		if (hour % every == 0)
			refit();
	}
}

static const struct track_score *score_of(uint32_t steps)
{
	for (uint32_t i = 0; i < forecaster.track.horizon_count; i++)
		if (forecaster.track.horizons[i].steps == steps)
			return &forecaster.track.horizons[i].score;
	fail_msg("no horizon of %u steps", steps);
	return NULL;
}

static void it_is_small(void **state)
{
	(void)state;
	assert_true(sizeof forecaster <= STATE_SIZE_MAX);
}

static void nothing_is_known_of_nothing(void **state)
{
	struct forecast_band band;

	(void)state;
	assert_false(forecaster_is_due(&forecaster));
	assert_false(forecaster_fit(&forecaster, &room, &fit));
	assert_false(forecaster_band(&forecaster, 1, &band));
	assert_int_equal(forecaster_exhaustion(&forecaster, 1), TIME_NEVER_NS);
	forecaster_push(&forecaster, 5);
	assert_true(forecaster_is_due(&forecaster));
	refit();
	assert_false(forecaster_is_due(&forecaster));
	assert_true(forecaster_band(&forecaster, FORECASTER_PATH_MAX, &band));
	assert_false(forecaster_band(&forecaster, FORECASTER_PATH_MAX + 1, &band));
	assert_true(band.mean == 5.0);
}

static void it_keeps_its_own_record(void **state)
{
	(void)state;
	run_hours(0, 4 * WEEK_H, 0.05, 1, 12);
	run_hours(4 * WEEK_H, 6 * WEEK_H, 0.05, 1, 6);
	const uint32_t horizons[] = {1, 4, 24};
	for (uint32_t i = 0; i < 3; i++) {
		const struct track_score *score = score_of(horizons[i]);
		double share80 = score->inside80 / score->weight;
		double share95 = score->inside95 / score->weight;

		assert_true(track_accuracy(score) > 0.92);
		assert_true(track_skill(score) > 0.1);
		assert_true(num_abs(track_bias(score)) < 0.03);
		assert_true(share80 > 0.72 && share80 < 0.88);
		assert_true(share95 > 0.90);
		assert_true(track_confidence(score) > 0.85);
	}
}

static void a_record_of_noise_is_not_trusted(void **state)
{
	(void)state;
	for (uint32_t hour = 0; hour < 2 * WEEK_H; hour++) {
		forecaster_push(&forecaster, prng_pareto(&prng, 1.3, 10));
		if (hour % 24 == 0)
			refit();
	}
	assert_true(track_confidence(score_of(1)) < 0.6);
}

/* A fit made on a copy and taken two values later leads to the same path as one taken at once. */
static void a_fit_may_come_late(void **state)
{
	struct forecast_band now, late;

	(void)state;
	run_hours(0, 3 * WEEK_H, 0.05, 1, WEEK_H);
	memcpy(&copy, &forecaster, sizeof copy);
	assert_true(forecaster_fit(&copy, &room, &fit));
	forecaster_push(&forecaster, load_at(3 * WEEK_H));
	forecaster_push(&forecaster, load_at(3 * WEEK_H + 1));
	forecaster_take(&forecaster, &fit);
	forecaster_take(&copy, &fit);
	assert_true(forecaster_band(&forecaster, 20, &late));
	assert_true(forecaster_band(&copy, 22, &now));
	assert_true(late.mean == now.mean);
	fit.pushes = forecaster.pushes + 1; /* of a future that this forecaster has not seen */
	fit.path[0].mean = -1;
	forecaster_take(&forecaster, &fit);
	assert_true(forecaster.path[0][0] >= 0);
}

static void a_value_moves_what_is_near(void **state)
{
	struct forecast_band before, after;

	(void)state;
	for (uint32_t hour = 0; hour < 400; hour++) {
		static double level = 100;

		level += prng_normal(&prng) * 3;
		forecaster_push(&forecaster, num_max(level, 10));
	}
	refit();
	assert_true(forecaster_band(&forecaster, 2, &before));
	assert_true(forecaster_band(&forecaster, 1, &after));
	forecaster_push(&forecaster, after.mean + 20);
	assert_true(forecaster_band(&forecaster, 1, &after));
	assert_true(after.mean > before.mean + 8);
}

static void another_level_is_noticed(void **state)
{
	(void)state;
	run_hours(0, 4 * WEEK_H, 0.05, 1, 24);
	assert_false(track_has_drifted(&forecaster.track));
	for (uint32_t i = 0; i < 8; i++)
		forecaster_push(&forecaster, 5 * load_at(4 * WEEK_H + i));
	assert_true(track_has_drifted(&forecaster.track));
	assert_true(forecaster_is_due(&forecaster));
	refit();
	assert_false(track_has_drifted(&forecaster.track));
	assert_true(score_of(1)->weight < 60);
}

static void what_grows_runs_out(void **state)
{
	(void)state;
	for (uint32_t hour = 0; hour < 300; hour++)
		forecaster_push(&forecaster, 1000 + 10.0 * hour);
	refit();
	int64_t left_ns = forecaster_exhaustion(&forecaster, 1000 + 10 * 300 + 100);
	assert_in_range(left_ns, NS_PER_HOUR, 24 * NS_PER_HOUR);
	assert_int_equal(forecaster_exhaustion(&forecaster, 1e9), TIME_NEVER_NS);
}

static void holes_are_no_misses(void **state)
{
	(void)state;
	run_hours(0, 3 * WEEK_H, 0.05, 1, 24);
	double weight = score_of(1)->weight;
	for (uint32_t i = 0; i < 30; i++)
		forecaster_push(&forecaster, __builtin_nan(""));
	assert_true(score_of(1)->weight == weight);
	refit();
	struct forecast_band band;
	assert_true(forecaster_band(&forecaster, 1, &band));
	assert_true(num_is_finite(band.mean));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_small),
		TEST(nothing_is_known_of_nothing),
		TEST(it_keeps_its_own_record),
		TEST(a_record_of_noise_is_not_trusted),
		TEST(a_fit_may_come_late),
		TEST(a_value_moves_what_is_near),
		TEST(another_level_is_noticed),
		TEST(what_grows_runs_out),
		TEST(holes_are_no_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
