/* SPDX-License-Identifier: Apache-2.0 */
/* Two regressions after each other: the waves first, so that the lags of what is left stay small
 * and a long forecast ends in the waves alone. */
#include "core/harmonic.h"

#include "base/num.h"

#include <string.h>

#define ROWS_MAX   1500
#define WAVE_RIDGE 1e-4
#define LAG_RIDGE  1e-3
#define LAGS       5
#define HALF_LIFE  8 /* weeks, or whole histories where there is no week */
#define LN_2       0.6931471805599453
#define TWO_PI     6.283185307179586

/* The sine of a share of a turn, 0 <= turn < 1.25, by its series on a quarter of the circle; the
 * first term left out is below 1e-9. */
static double sine(double turn)
{
	double sign = 1;

	turn -= num_floor(turn);
	if (turn >= 0.5) {
		turn -= 0.5;
		sign = -1;
	}
	if (turn > 0.25)
		turn = 0.5 - turn;
	double angle = TWO_PI * turn, square = angle * angle, sum = 1;
	for (int n = 12; n >= 2; n -= 2)
		sum = 1 - sum * square / (n * (n + 1));
	return sign * angle * sum;
}

void harmonic_circle_run(struct harmonic_circle *circle, const struct history *history)
{
	for (uint32_t i = 0; i < history->day; i++) {
		circle->day[0][i] = sine((double)i / history->day);
		circle->day[1][i] = sine((double)i / history->day + 0.25);
	}
	for (uint32_t i = 0; i < history->week; i++) {
		circle->week[0][i] = sine((double)i / history->week);
		circle->week[1][i] = sine((double)i / history->week + 0.25);
	}
}

static double *read_wave(double *features, const double circle[2][HISTORY_MAX], uint32_t period,
	uint32_t harmonics, uint32_t at)
{
	for (uint32_t i = 1; i <= harmonics; i++) {
		uint32_t phase = i * at % period;

		*features++ = circle[0][phase];
		*features++ = circle[1][phase];
	}
	return features;
}

static void read_features(const struct harmonic *model, const struct harmonic_circle *circle,
	const struct history *history, uint32_t at, double *features)
{
	features = read_wave(features, circle->day, history->day, model->day_count, at);
	features = read_wave(features, circle->week, history->week, model->week_count, at);
	*features = 1;
}

static void fit_wave(struct harmonic *model, const struct harmonic_circle *circle,
	const struct history *history, const double *values)
{
	double features[LINEAR_FEATURES_MAX], importance = 1;
	uint32_t stride = linear_stride(history->count, ROWS_MAX, history->day);
	double half_life = HALF_LIFE * (double)(history->week ? history->week : history->count);
	double fade = num_max(1 - LN_2 * stride / half_life, 0.5);

	linear_init(&model->wave, 2 * (model->day_count + model->week_count) + 1);
	for (uint32_t row = 0; row < history->count; row += stride, importance *= fade) {
		uint32_t at = history->count - 1 - row;
		if (!history->seen[at])
			continue;
		read_features(model, circle, history, at, features);
		linear_add(&model->wave, features, values[at] - model->mean, importance);
	}
	linear_solve(&model->wave, WAVE_RIDGE);
	for (uint32_t i = 0; i < history->count; i++) {
		read_features(model, circle, history, i, features);
		model->rest[i] = values[i] - model->mean - linear_value(&model->wave, features);
	}
}

static void read_lags(const double *rest, uint32_t day, uint32_t at, double *features)
{
	for (uint32_t i = 0; i < 3; i++)
		features[i] = rest[at - 1 - i];
	features[3] = rest[at - day];
	features[4] = rest[at - day - 1];
}

static void fit_lags(struct harmonic *model, const struct history *history)
{
	double features[LAGS];
	uint32_t first = history->day + 1 > 3 ? history->day + 1 : 3;
	uint32_t stride = linear_stride(history->count, ROWS_MAX, history->day);

	linear_init(&model->lags, LAGS);
	for (uint32_t row = 0; row + first < history->count; row += stride) {
		uint32_t at = history->count - 1 - row;
		if (!history->seen[at])
			continue;
		read_lags(model->rest, history->day, at, features);
		linear_add(&model->lags, features, model->rest[at], 1);
	}
	linear_solve(&model->lags, LAG_RIDGE);
}

void harmonic_fit(struct harmonic *model, const struct harmonic_circle *circle,
	const struct history *history, bool is_log)
{
	const double *values = is_log ? history->logs : history->level;
	uint32_t most = (history->day - 1) / 2;
	double sum = 0;

	model->is_log = is_log;
	model->day_count = most < HARMONIC_DAY_MAX ? most : HARMONIC_DAY_MAX;
	model->week_count = history->week ? HARMONIC_WEEK_MAX : 0;
	for (uint32_t i = 0; i < history->count; i++)
		sum += values[i];
	model->mean = sum / history->count;
	fit_wave(model, circle, history, values);
	fit_lags(model, history);
}

void harmonic_predict(struct harmonic *model, const struct harmonic_circle *circle,
	const struct history *history, uint32_t origin, uint32_t steps, double *levels)
{
	double kept[HISTORY_AHEAD], features[LINEAR_FEATURES_MAX];

	memcpy(kept, model->rest + origin, steps * sizeof *kept);
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t at = origin + i;
		double rest = 0;

		if (at > history->day && at > 3) {
			read_lags(model->rest, history->day, at, features);
			rest = linear_value(&model->lags, features);
		}
		model->rest[at] = rest;
		read_features(model, circle, history, at, features);
		levels[i] = history_level(history, model->is_log,
			model->mean + rest + linear_value(&model->wave, features));
	}
	memcpy(model->rest + origin, kept, steps * sizeof *kept);
}
