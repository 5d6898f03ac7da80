/* SPDX-License-Identifier: Apache-2.0 */
/* What a load is about, seen through noise, steps and days. */
#include "core/pace.h"

#include "../base/unit.h"
#include "base/num.h"
#include "base/prng.h"

#define ALIKE_S 5.0

/* A load that is played to a pace, second by second, with the bins that it wants. */
struct play {
	struct pace pace;
	struct prng prng;
	double noise; /* half the width of a uniform factor, anew each second */
	double drift, sum;
	int32_t at_s;
};

static void begin(struct play *play, double noise)
{
	*play = (struct play){.noise = noise};
	prng_init(&play->prng, 7);
}

static void see(struct play *play, double load)
{
	double value = load * (1 + play->noise * (2 * prng_unit(&play->prng) - 1));
	struct pace_look look = {
		.value = value, .since_s = 1, .drift = play->drift, .memory_s = ALIKE_S};

	pace_see(&play->pace, &look);
	play->sum += value;
	if (++play->at_s % PACE_BIN_S != 0)
		return;
	pace_bin(&play->pace, play->sum / PACE_BIN_S);
	play->sum = 0;
}

static void see_for(struct play *play, double load, int32_t seconds)
{
	for (int32_t i = 0; i < seconds; i++)
		see(play, load);
}

/* The first look is all that is known; then the mean of all, until the windows are full. */
static void begins_with_what_is_known(void **state)
{
	struct play play;

	(void)state;
	begin(&play, 0);
	see(&play, 40);
	assert_true(play.pace.now == 40);
	see(&play, 20);
	assert_true(num_abs(play.pace.now - 30) < 1e-9);
	assert_true(num_abs(pace_fast(&play.pace) - 30) < 1e-9);
	assert_true(play.pace.span_s == 960);
	see_for(&play, 20, 8);
	assert_true(num_abs(play.pace.now - 22) < 1e-9);
}

/* Noise of a third: the level is known within three percent, by the longest window. */
static void steady_noise_is_calm(void **state)
{
	struct play play;

	(void)state;
	begin(&play, 0.6);
	see_for(&play, 50, 3600);
	for (int32_t i = 0; i < 3600; i++) {
		see(&play, 50);
		assert_true(num_abs(play.pace.now - 50) < 1.5);
		assert_true(play.pace.span_s >= 480);
	}
	/* A bin's mean has a tenth of the variance of a look, which is 0.6^2 / 3. */
	assert_true(num_abs(play.pace.noise - 0.012) < 0.002);
}

/* Up or down, within two minutes when it is large, within four when it is lost in the noise. */
static void steps_are_followed(void **state)
{
	static const struct {
		double to;
		int32_t within_s;
	} rows[] = {{1000, 120}, {100, 120}, {75, 240}, {25, 120}, {0, 120}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct play play;

		begin(&play, 0.6);
		see_for(&play, 50, 2 * 3600);
		see_for(&play, rows[i].to, rows[i].within_s);
		assert_true(num_abs(play.pace.now - rows[i].to) <= 0.25 * rows[i].to + 5);
		assert_true(play.pace.span_s < 480);
		see_for(&play, rows[i].to, 3600);
		assert_true(num_abs(play.pace.now - rows[i].to) <= 0.03 * rows[i].to + 1e-6);
	}
}

/* A load that grows by a percent each minute, foreseen and not. */
static void what_is_foreseen_does_not_lag(void **state)
{
	(void)state;
	for (int foreseen = 0; foreseen < 2; foreseen++) {
		struct play play;
		double load = 50, behind = 0;

		begin(&play, 0.6);
		see_for(&play, load, 3600);
		play.drift = foreseen ? 0.01 / 60 : 0;
		for (int32_t i = 0; i < 3600; i++) {
			load *= 1 + 0.01 / 60;
			see(&play, load);
			behind += (1 - play.pace.now / load) / 3600;
		}
		if (foreseen)
			assert_true(num_abs(behind) < 0.01);
		else
			assert_true(behind > 0.02 && behind < 0.12);
	}
}

/* A forecast that says too much is bounded: a percent per second. */
static void drift_is_bounded(void **state)
{
	struct play play;

	(void)state;
	begin(&play, 0);
	see_for(&play, 100, 960);
	play.drift = 5;
	see(&play, 100);
	assert_true(play.pace.means[PACE_WINDOWS - 1] < 101.1);
	assert_true(play.pace.means[PACE_WINDOWS - 1] > 100.9);
	play.drift = -5;
	see(&play, 100);
	assert_true(play.pace.means[PACE_WINDOWS - 1] < 100.1);
}

/* Load that is alike for long differs little from bin to bin: the same differences mean more noise,
 * and windows that agree less. */
static void long_tasks_are_noisy_for_longer(void **state)
{
	struct pace quick = {.known_s = 960, .noise = 0.001, .weight = 100}, slow;
	struct pace_look look = {.value = 60, .since_s = 1, .memory_s = 1};

	(void)state;
	for (uint32_t i = 0; i < PACE_WINDOWS; i++)
		quick.means[i] = i < 4 ? 60 : 50;
	slow = quick;
	pace_see(&quick, &look);
	look.memory_s = 600;
	pace_see(&slow, &look);
	assert_true(quick.now == 60 && quick.span_s == 120);
	assert_true(slow.span_s == 960);
}

static void begins_again(void **state)
{
	struct play play;
	double noise;

	(void)state;
	begin(&play, 0.6);
	see_for(&play, 50, 3600);
	noise = play.pace.noise;
	pace_begin(&play.pace);
	see(&play, 500);
	assert_true(play.pace.now > 150);
	assert_true(play.pace.noise == noise);
	/* The bin before is another load's: no difference is taken. */
	pace_bin(&play.pace, 500);
	assert_true(play.pace.noise == noise);
	pace_bin(&play.pace, 500);
	assert_true(play.pace.noise < noise);
}

static void valid(void **state)
{
	struct pace pace = {0};
	double *const members[] = {&pace.now, &pace.span_s, &pace.known_s, &pace.noise,
		&pace.weight, &pace.before, &pace.means[0], &pace.means[PACE_WINDOWS - 1]};

	(void)state;
	assert_true(pace_valid(&pace));
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		*members[i] = -1;
		assert_false(pace_valid(&pace));
		*members[i] = __builtin_nan("");
		assert_false(pace_valid(&pace));
		*members[i] = 1e16;
		assert_false(pace_valid(&pace));
		*members[i] = 0;
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_with_what_is_known),
		cmocka_unit_test(steady_noise_is_calm),
		cmocka_unit_test(steps_are_followed),
		cmocka_unit_test(what_is_foreseen_does_not_lag),
		cmocka_unit_test(drift_is_bounded),
		cmocka_unit_test(long_tasks_are_noisy_for_longer),
		cmocka_unit_test(begins_again),
		cmocka_unit_test(valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
