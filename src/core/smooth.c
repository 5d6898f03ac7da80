/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seasonal patterns learn from an error that is cut at three times its usual size: a spike is
 * an event, and must not come back as a season. Patterns of fine steps are learned together with
 * their neighbours, because one phase alone sees one noisy value a day.
 */
#include "core/smooth.h"

#include "base/num.h"

#include <string.h>

/* An error larger than this many times the mean one is cut, after some steps of learning it. */
#define ERROR_CUT       3
#define ERROR_RATE      0.02
#define ERROR_STEPS_MIN 30
/* Neighbours on each side that learn together: one for each 72th of a day. */
#define SPREAD_SHARE 72
#define SPREAD_MAX   8

struct run {
	struct smooth *smooth;
	struct smooth_room *room;
	const double *values;
	uint32_t count, day, week, spread;
};

/* Averages of each phase over the first `span` values, without `mean`; shrunk a little to 0. */
static void begin_pattern(
	struct run *run, double *pattern, uint32_t period, uint32_t span, double mean)
{
	const double *other = pattern == run->room->week && run->day ? run->room->day : NULL;
	double *sums = run->room->sums;
	uint32_t *counts = run->room->counts;

	memset(sums, 0, period * sizeof *sums);
	memset(counts, 0, period * sizeof *counts);
	for (uint32_t i = 0, phase = 0; i < span; i++) {
		sums[phase] += run->values[i] - mean - (other ? other[i % run->day] : 0);
		counts[phase]++;
		phase = phase + 1 == period ? 0 : phase + 1;
	}
	for (uint32_t i = 0; i < period; i++)
		sums[i] /= counts[i] + 0.5;
	for (uint32_t i = 0; i < period; i++) {
		double sum = 0;

		for (uint32_t j = 0; j <= 2 * run->spread; j++)
			sum += sums[(i + period + j - run->spread) % period];
		pattern[i] = sum / (2 * run->spread + 1);
	}
}

/* The level and patterns to start from, out of the first two weeks or four days. Returns the mean
 * and, in *deviation, the mean distance to it. */
static double begin_run(struct run *run, double *deviation)
{
	uint32_t span = run->week ? 2 * run->week : 4 * run->day;
	double mean = 0;

	span = span < 1 ? 1 : span > run->count ? run->count : span;
	for (uint32_t i = 0; i < span; i++)
		mean += run->values[i];
	mean /= span;
	*deviation = 0;
	for (uint32_t i = 0; i < span; i++)
		*deviation += num_abs(run->values[i] - mean) / span;
	if (run->day)
		begin_pattern(run, run->room->day, run->day, span, mean);
	if (run->week)
		begin_pattern(run, run->room->week, run->week, span, mean);
	return mean;
}

/* Adds to a phase of a pattern and, less and less, to its neighbours. */
static void learn_phase(
	double *pattern, uint32_t period, uint32_t phase, uint32_t spread, double by)
{
	double share = by / (spread + 1);

	pattern[phase] += share;
	for (uint32_t j = 1; j <= spread; j++) {
		double weight = 1 - (double)j / (spread + 1);
		uint32_t after = phase + j < period ? phase + j : phase + j - period;
		uint32_t before = phase >= j ? phase - j : phase + period - j;

		pattern[after] += share * weight;
		pattern[before] += share * weight;
	}
}

/* Learns a pattern at step `at` and keeps what it is now, for the neighbours too. */
static void learn_pattern(double *kept, double *pattern, uint32_t period, uint32_t at,
	uint32_t phase, uint32_t spread, double by)
{
	learn_phase(pattern, period, phase, spread, by);
	for (uint32_t j = 0; j <= spread && j <= at; j++)
		kept[at - j] = pattern[phase >= j ? phase - j : phase + period - j];
}

void smooth_run(struct smooth *smooth, struct smooth_room *room, const struct history *history,
	bool is_log, struct smooth_rates rates)
{
	struct run run = {smooth, room, is_log ? history->logs : history->level, history->count,
		history->day, history->week, history->day / SPREAD_SHARE};
	double deviation, left = 0;
	uint32_t day_phase = 0, week_phase = 0;

	run.spread = run.spread > SPREAD_MAX ? SPREAD_MAX : run.spread;
	smooth->is_log = is_log;
	smooth->rates = rates;
	double level = begin_run(&run, &deviation);
	for (uint32_t i = 0; i < run.count; i++) {
		double day = run.day ? room->day[day_phase] : 0;
		double week = run.week ? room->week[week_phase] : 0;
		bool seen = history->seen[i];
		double error = seen ? run.values[i] - level - day - week - rates.carry * left : 0;
		double cut = error;

		level += rates.level * error;
		if (i > ERROR_STEPS_MIN)
			cut = num_clamp(error, -ERROR_CUT * deviation, ERROR_CUT * deviation);
		if (run.day)
			learn_pattern(smooth->day, room->day, run.day, i, day_phase, run.spread,
				rates.day * cut);
		if (run.week)
			learn_pattern(smooth->week, room->week, run.week, i, week_phase, run.spread,
				rates.week * cut);
		left = seen ? run.values[i] - level - (run.day ? room->day[day_phase] : 0) -
				       (run.week ? room->week[week_phase] : 0)
			    : 0;
		deviation += seen ? ERROR_RATE * (num_abs(error) - deviation) : 0;
		smooth->level[i] = level;
		smooth->error[i] = left;
		day_phase = day_phase + 1 >= run.day ? 0 : day_phase + 1;
		week_phase = week_phase + 1 >= run.week ? 0 : week_phase + 1;
	}
}

static double pattern_at(const double *kept, uint32_t at, uint32_t origin, uint32_t period)
{
	int64_t back = period ? history_back(at, origin, period) : -1;

	return back >= 0 ? kept[back] : 0;
}

void smooth_predict(const struct smooth *smooth, const struct history *history, uint32_t origin,
	uint32_t steps, double *levels)
{
	double level = smooth->level[origin - 1];
	double left = smooth->error[origin - 1];

	for (uint32_t i = 0; i < steps; i++) {
		left *= smooth->rates.carry;
		double value = level + left +
			       pattern_at(smooth->day, origin + i, origin, history->day) +
			       pattern_at(smooth->week, origin + i, origin, history->week);
		levels[i] = history_level(history, smooth->is_log, value);
	}
}
