/* SPDX-License-Identifier: Apache-2.0 */
/* Origins are spread evenly and not by whole days, so that every hour of the day is one of them. */
#include "core/backtest.h"

#include "base/num.h"
#include "base/units.h"

/* Mean absolute deviation of a Poisson count from its mean, in standard deviations: sqrt(2 / pi).
 */
#define POISSON_DEVIATION 0.7978845608028654

/* A naive forecast is compared when it had a value for this share of what came. */
#define NAIVE_SHARE 0.9

static const int64_t HORIZONS_NS[BACKTEST_HORIZONS] = {NS_PER_MIN, 5 * NS_PER_MIN, 15 * NS_PER_MIN,
	NS_PER_HOUR, 4 * NS_PER_HOUR, 6 * NS_PER_HOUR, NS_PER_DAY, 3 * NS_PER_DAY, 7 * NS_PER_DAY};

static void choose_horizons(struct backtest *backtest, uint32_t count, int64_t step_ns)
{
	for (uint32_t i = 0; i < BACKTEST_HORIZONS; i++) {
		int64_t steps = HORIZONS_NS[i] / step_ns;

		if (steps < 1 || steps * step_ns != HORIZONS_NS[i] || steps > FORECAST_STEPS_MAX ||
			steps > count / 4)
			continue;
		backtest->lines[backtest->line_count++] = (struct backtest_line){
			.horizon_ns = HORIZONS_NS[i], .steps = (uint32_t)steps};
	}
	if (backtest->line_count == 0)
		backtest->lines[backtest->line_count++] =
			(struct backtest_line){.horizon_ns = step_ns, .steps = 1};
}

/* The value a whole number of periods before, the newest before the origin. False for none. */
static bool find_naive(
	const double *values, uint32_t at, uint32_t origin, int64_t period, double *value)
{
	int64_t back;

	if (period < 1)
		return false;
	back = (int64_t)at - ((at - origin) / period + 1) * period;
	if (back < 0 || values[back] != values[back])
		return false;
	*value = values[back];
	return true;
}

static void score_value(struct backtest_line *line, const struct forecast_band *band,
	const double *values, uint32_t at, uint32_t origin, int64_t step_ns)
{
	double truth = values[at], naive;

	line->values++;
	line->size += num_abs(truth);
	line->error += num_abs(truth - band->mean);
	line->inside80 += truth >= band->low80 && truth <= band->high80;
	line->inside95 += truth >= band->low95 && truth <= band->high95;
	if (find_naive(values, at, origin, NS_PER_DAY / step_ns, &naive)) {
		line->error_day += num_abs(truth - naive);
		line->size_day += num_abs(truth);
	}
	if (find_naive(values, at, origin, NS_PER_WEEK / step_ns, &naive)) {
		line->error_week += num_abs(truth - naive);
		line->size_week += num_abs(truth);
	}
}

static void score_origin(struct backtest *backtest, const struct forecast_band *bands,
	const double *values, uint32_t count, uint32_t origin, int64_t step_ns)
{
	for (uint32_t i = 0; i < backtest->line_count; i++) {
		struct backtest_line *line = &backtest->lines[i];

		for (uint32_t lead = 0; lead < line->steps && origin + lead < count; lead++)
			if (values[origin + lead] == values[origin + lead])
				score_value(
					line, &bands[lead], values, origin + lead, origin, step_ns);
	}
}

bool backtest_run(struct backtest *backtest, struct forecast_room *room,
	struct forecast_band *bands, const double *values, uint32_t count, int64_t step_ns)
{
	uint32_t first = count / 2, open = count - first;
	uint32_t origins = open < BACKTEST_ORIGINS ? open : BACKTEST_ORIGINS;

	*backtest = (struct backtest){.counts = true};
	choose_horizons(backtest, count, step_ns);
	uint32_t steps = backtest->lines[backtest->line_count - 1].steps;
	for (uint32_t i = 0; i < origins; i++) {
		uint32_t origin = first + (uint32_t)((uint64_t)open * i / origins);

		if (origin == 0 || !forecast_make(room, values, origin, step_ns, steps, bands))
			continue;
		backtest->origins++;
		backtest->counts = backtest->counts && room->bank.history.counts;
		score_origin(backtest, bands, values, count, origin, step_ns);
	}
	return backtest->origins > 0;
}

double backtest_accuracy(const struct backtest_line *line)
{
	return line->size > 0 ? 1 - line->error / line->size : 0;
}

/* NaN when the naive forecast was there for too few of the values to be compared. */
static double accuracy_of(const struct backtest_line *line, double error, double size)
{
	return size > NAIVE_SHARE * line->size ? 1 - error / size : __builtin_nan("");
}

double backtest_accuracy_naive(const struct backtest_line *line)
{
	double day = accuracy_of(line, line->error_day, line->size_day);
	double week = accuracy_of(line, line->error_week, line->size_week);

	return day > week || week != week ? day : week;
}

double backtest_accuracy_most(const struct backtest *backtest, const struct backtest_line *line)
{
	if (!backtest->counts || !(line->size > 0))
		return 1;
	return num_max(1 - POISSON_DEVIATION / num_sqrt(line->size / line->values), 0);
}
