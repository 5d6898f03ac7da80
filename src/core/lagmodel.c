/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Level and logarithm are fitted apart: the one is right where noise adds, the other where it
 * multiplies, and which it is the backtest says. At most ROWS_MAX rows are used, evenly spread,
 * because more rows of the same days say little new and cost the same each.
 *
 * Rows are read twice, some of them at first, then all: each counts less the more the first fit
 * missed it, which brings the model nearer to the median. A few spikes would else bend it for all
 * other values.
 */
#include "core/lagmodel.h"

#include "base/num.h"

#include <string.h>

#define ROWS_MAX 1500
/* At most so many in the first of two readings. */
#define ROWS_FIRST 500
/* With fewer rows for each feature the fit would learn them by heart. */
#define ROWS_PER_FEATURE 2
#define RIDGE            1e-5
#define LN_2             0.6931471805599453
/* Share of the newest value in the pattern, once there are enough of them for it. */
#define DAY_RATE  0.1
#define WEEK_RATE 0.2
/* Lags longer than this share of the history leave too few rows. */
#define LAG_SHARE   2 / 3
#define HIGH_MARGIN 0.2
/* A row that was missed by this many times the mean miss counts half. */
#define MISS_SHARE 0.5
#define MISS_MIN   1e-12
/* Days of finer steps than this are read in windows of an hour, too. */
#define FINE_DAY 48

static void run_pattern(double *pattern, const struct history *history, const double *values,
	uint32_t period, double rate)
{
	for (uint32_t i = 0; i < history->count; i++) {
		if (i < period) {
			pattern[i] = values[i];
			continue;
		}
		double share = num_max(1.0 / (i / period + 1), rate);
		double error = values[i] - pattern[i - period];

		pattern[i] = pattern[i - period] + (history->seen[i] ? share * error : 0);
	}
}

void lag_memory_run(struct lag_memory *memory, const struct history *history)
{
	for (uint32_t is_log = 0; is_log <= history->has_log; is_log++) {
		const double *values = is_log ? history->logs : history->level;

		if (history->day)
			run_pattern(memory->day[is_log], history, values, history->day, DAY_RATE);
		if (history->week)
			run_pattern(
				memory->week[is_log], history, values, history->week, WEEK_RATE);
		memory->before[is_log][0] = 0;
		for (uint32_t i = 0; i < history->count; i++)
			memory->before[is_log][i + 1] = memory->before[is_log][i] + values[i];
	}
}

/* Takes a lag of `seasons` whole periods and `more` steps; none when the season is not there. */
static void offer_lag(
	struct lagmodel *model, uint32_t period, uint32_t seasons, int more, uint32_t limit)
{
	int64_t lag = (int64_t)period * seasons + more;

	if ((seasons > 0 && period == 0) || lag > limit || model->lag_count == LAG_LAGS_MAX)
		return;
	model->lags[model->lag_count++] = (uint32_t)lag;
	model->reach = lag > model->reach ? (uint32_t)lag : model->reach;
}

static void offer_window(struct lagmodel *model, uint32_t back, uint32_t size, uint32_t limit)
{
	if (back + size > limit)
		return;
	model->windows[model->window_count++] = (struct lag_window){back, size};
	model->reach = back + size > model->reach ? back + size : model->reach;
}

static void shape_wide(struct lagmodel *model, uint32_t day, uint32_t week, uint32_t limit)
{
	uint32_t hour = day >= FINE_DAY ? day / 24 : 0;

	for (int lag = 1; lag <= 3; lag++)
		offer_lag(model, 0, 0, lag, limit);
	for (int more = -1; more <= 1; more++)
		offer_lag(model, day, 1, more, limit);
	offer_lag(model, day, 2, 0, limit);
	for (int more = -1; more <= 1; more++)
		offer_lag(model, week, 1, more, limit);
	offer_lag(model, week, 2, 0, limit);
	if (day == 0 || hour > 1) {
		offer_window(model, 1, hour > 1 ? hour : 4, limit);
		offer_window(model, 1, 3 * (hour > 1 ? hour : 4), limit);
	}
	if (hour > 1) {
		offer_window(model, day - hour, 2 * hour + 1, limit);
		if (week)
			offer_window(model, week - hour, 2 * hour + 1, limit);
	}
}

static void shape_pattern(struct lagmodel *model, uint32_t day, uint32_t week, uint32_t limit)
{
	for (int lag = 1; lag <= 3; lag++)
		offer_lag(model, 0, 0, lag, limit);
	offer_lag(model, day, 1, 0, limit);
	offer_lag(model, day, 1, -1, limit);
	offer_lag(model, week, 1, 0, limit);
	offer_lag(model, week, 1, -1, limit);
	offer_window(model, 1, day >= FINE_DAY ? day / 24 : 3, limit);
	offer_window(model, 1, day ? day : 24, limit);
}

static void shape_seasonal(struct lagmodel *model, uint32_t day, uint32_t week, uint32_t limit)
{
	for (uint32_t seasons = 1; seasons <= 3; seasons++)
		offer_lag(model, day, seasons, 0, limit);
	for (uint32_t seasons = 1; seasons <= 3; seasons++)
		offer_lag(model, week, seasons, 0, limit);
}

static void shape_model(struct lagmodel *model, const struct history *history, enum lag_shape shape)
{
	uint32_t day = history->day, week = history->week;
	uint32_t limit = history->count * LAG_SHARE;

	if (shape == LAG_WIDE)
		shape_wide(model, day, week, limit);
	else if (shape == LAG_PATTERN)
		shape_pattern(model, day, week, limit);
	else
		shape_seasonal(model, day, week, limit);
	model->has_pattern = shape != LAG_SEASONAL;
	model->reach++;
	if (model->has_pattern && model->reach < (week ? week : day))
		model->reach = week ? week : day;
}

/* The features at step `at`, when everything before `origin` is known. */
static void read_features(const struct lagmodel *model, const struct history *history,
	const struct lag_memory *memory, uint32_t at, uint32_t origin, double *features)
{
	const double *values = model->is_log ? history->logs : history->level;
	const double *before = memory->before[model->is_log];
	double mean = model->mean;

	for (uint32_t i = 0; i < model->lag_count; i++)
		*features++ = values[at - model->lags[i]] - mean;
	for (uint32_t i = 0; i < model->window_count; i++) {
		const struct lag_window *window = &model->windows[i];
		uint32_t end = at - window->back + 1;

		*features++ = (before[end] - before[end - window->size]) / window->size - mean;
	}
	if (model->has_pattern && history->day)
		*features++ =
			memory->day[model->is_log][history_back(at, origin, history->day)] - mean;
	if (model->has_pattern && history->week)
		*features++ =
			memory->week[model->is_log][history_back(at, origin, history->week)] - mean;
	*features = 1;
}

static void measure_values(
	struct lagmodel *model, const struct history *history, const double *values)
{
	double sum = 0, low = values[0], high = values[0];
	uint32_t seen = 0;

	for (uint32_t i = 0; i < history->count; i++) {
		if (!history->seen[i])
			continue;
		low = seen ? num_min(values[i], low) : values[i];
		high = seen ? num_max(values[i], high) : values[i];
		sum += values[i];
		seen++;
	}
	model->mean = seen ? sum / seen : 0;
	model->low = low;
	model->high = high + HIGH_MARGIN * (high - low);
}

/* The rows of a fit, newest first. */
struct rows {
	const struct history *history;
	const struct lag_memory *memory;
	uint32_t count, stride;
	double fade; /* importance of a row in units of the one before */
};

static struct rows choose_rows(const struct lagmodel *model, const struct history *history,
	const struct lag_memory *memory, double half_life, uint32_t rows_max)
{
	struct rows rows = {.history = history, .memory = memory};

	rows.count = history->count > model->reach ? history->count - model->reach : 0;
	rows.stride = linear_stride(rows.count, rows_max, history->day);
	rows.fade = num_max(1 - LN_2 * rows.stride / half_life, 0.5);
	return rows;
}

/* Reads a row: its features and what it says came. False when nothing was seen there. */
static bool read_row(const struct lagmodel *model, const struct rows *rows, uint32_t row,
	double *features, double *target)
{
	const struct history *history = rows->history;
	uint32_t at = history->count - 1 - row;

	if (!history->seen[at])
		return false;
	read_features(model, history, rows->memory, at, at, features);
	*target = (model->is_log ? history->logs : history->level)[at] - model->mean;
	return true;
}

/* Returns the number of rows that were seen. */
static uint32_t add_rows(struct lagmodel *model, const struct rows *rows)
{
	double features[LINEAR_FEATURES_MAX], target, importance = 1;
	uint32_t used = 0;

	for (uint32_t row = 0; row < rows->count; row += rows->stride, importance *= rows->fade) {
		if (!read_row(model, rows, row, features, &target))
			continue;
		linear_add(&model->linear, features, target, importance);
		used++;
	}
	return used;
}

/* The mean absolute error over the rows. */
static double measure_miss(const struct lagmodel *model, const struct rows *rows)
{
	double features[LINEAR_FEATURES_MAX], target, sum = 0;
	uint32_t used = 0;

	for (uint32_t row = 0; row < rows->count; row += rows->stride) {
		if (!read_row(model, rows, row, features, &target))
			continue;
		sum += num_abs(target - linear_value(&model->linear, features));
		used++;
	}
	return used ? sum / used : 0;
}

/* Fits again, each row by how well it was met; `half`: a miss of this size halves it. */
static void refit(struct lagmodel *model, const struct rows *rows, double half)
{
	struct linear first = model->linear;
	double features[LINEAR_FEATURES_MAX], target, importance = 1;

	linear_init(&model->linear, first.count);
	for (uint32_t row = 0; row < rows->count; row += rows->stride, importance *= rows->fade) {
		if (!read_row(model, rows, row, features, &target))
			continue;
		double miss = num_abs(target - linear_value(&first, features));
		linear_add(&model->linear, features, target, importance / (1 + miss / half));
	}
	linear_solve(&model->linear, RIDGE);
}

void lagmodel_fit(struct lagmodel *model, const struct history *history,
	const struct lag_memory *memory, enum lag_shape shape, bool is_log, double half_life)
{
	*model = (struct lagmodel){.is_log = is_log};
	shape_model(model, history, shape);
	measure_values(model, history, is_log ? history->logs : history->level);
	uint32_t patterns_read = (uint32_t)(history->day > 0) + (uint32_t)(history->week > 0);
	linear_init(&model->linear, model->lag_count + model->window_count + 1 +
					    (model->has_pattern ? patterns_read : 0));
	struct rows rows = choose_rows(model, history, memory, half_life, ROWS_FIRST);
	if (add_rows(model, &rows) < ROWS_PER_FEATURE * model->linear.count) {
		model->reach = UINT32_MAX; /* it repeats the newest value */
		return;
	}
	linear_solve(&model->linear, RIDGE);
	double half = MISS_SHARE * measure_miss(model, &rows) + MISS_MIN;
	rows = choose_rows(model, history, memory, half_life, ROWS_MAX);
	refit(model, &rows, half);
}

void lagmodel_predict(const struct lagmodel *model, struct history *history,
	struct lag_memory *memory, uint32_t origin, uint32_t steps, double *levels)
{
	double *values = model->is_log ? history->logs : history->level;
	double *before = memory->before[model->is_log];
	double kept[HISTORY_AHEAD], kept_before[HISTORY_AHEAD], features[LINEAR_FEATURES_MAX];

	memcpy(kept, values + origin, steps * sizeof *kept);
	memcpy(kept_before, before + origin + 1, steps * sizeof *kept);
	for (uint32_t i = 0; i < steps; i++) {
		uint32_t at = origin + i;
		double value = values[origin - 1];

		if (at >= model->reach) {
			read_features(model, history, memory, at, origin, features);
			value = model->mean + linear_value(&model->linear, features);
		}
		values[at] = num_clamp(value, model->low, model->high);
		before[at + 1] = before[at] + values[at];
		levels[i] = history_level(history, model->is_log, values[at]);
	}
	memcpy(values + origin, kept, steps * sizeof *kept);
	memcpy(before + origin + 1, kept_before, steps * sizeof *kept);
}
