/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A season is taken for real when the series resembles itself one period earlier. The calendar
 * names the candidates: a search over all lags finds accidents.
 *
 * The logarithm is shifted by a share of the mean, more when small values are frequent: log of
 * nearly nothing would make the quietest hours the loudest.
 */
#include "core/history.h"

#include "base/num.h"
#include "base/units.h"

/* Least autocorrelation of a season. */
#define DAY_ALIKE_MIN   0.2
#define CYCLE_ALIKE_MIN 0.3
/* A short cycle must stand out by this much against half of it: slow drift looks like any cycle. */
#define CYCLE_RISE_MIN 0.1
/* Less than so many weeks of history show one repetition, perhaps of an accident: there the week
 * must be this much more alike than the day. */
#define WEEKS_MIN     2.15
#define WEEK_RISE_MIN 0.05
/* Values below this share of the mean are small; when more than one in fifty is, the shift of the
 * logarithm is the larger one. */
#define SMALL           0.02
#define LOG_SHIFT       0.02
#define LOG_SHIFT_SMALL 0.1
#define LOG_LEVEL_MIN   0.005
/* Zeros are holes when they are rarer than one in twenty, come in runs, and the value a day before
 * was above this share of the mean. */
#define ZERO_RARITY 20
#define HOLE_LEVEL  0.2
/* Values farther from the median than this many ranges of the middle 96 % are events, which must
 * not be learned; the range is taken from a sample. */
#define SPIKE      1
#define SAMPLE_MAX 1024
/* How far beyond the range of the history a forecast may go. */
#define MARGIN 0.3

static bool is_missing(double value)
{
	return value != value;
}

static double find_scale(const double *values, uint32_t count)
{
	double sum = 0;
	uint32_t seen = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (is_missing(values[i]))
			continue;
		sum += num_abs(values[i]);
		seen++;
	}
	if (seen == 0)
		return 0;
	return sum > 0 ? sum / seen : 1;
}

static bool is_count(double value)
{
	return value >= 0 && num_floor(value) == value;
}

/* The end of the run of zeros that starts at `at`. */
static uint32_t find_run(const double *values, uint32_t count, uint32_t at)
{
	while (at < count && values[at] == 0)
		at++;
	return at;
}

/* True for a run of zeros that nobody measured, see above. */
static bool is_hole(const struct history *history, uint32_t from, uint32_t to, uint32_t day)
{
	double before = 0;
	uint32_t known = 0;

	for (uint32_t i = from; i < to && i - from < day; i++) {
		if (i < day)
			continue;
		before += history->level[i - day];
		known++;
	}
	return to - from >= 2 && (known == 0 || before > HOLE_LEVEL * known);
}

/* Marks what was seen and fills holes with the value of a week, else a day, else a step before. */
static void fill_level(struct history *history, const double *values, uint32_t day, uint32_t week)
{
	uint32_t zeros = 0, first = 0, count = history->count, hole_end = 0;

	for (uint32_t i = 0; i < count; i++)
		zeros += values[i] == 0;
	while (is_missing(values[first]))
		first++;
	double last = values[first] / history->scale;
	bool rare = zeros * ZERO_RARITY < count;
	for (uint32_t i = 0; i < count; i++) {
		if (rare && values[i] == 0 && (i == 0 || values[i - 1] != 0)) {
			uint32_t end = find_run(values, count, i);

			hole_end = is_hole(history, i, end, day) ? end : 0;
		}
		history->seen[i] = !is_missing(values[i]) && i >= hole_end;
		if (history->seen[i])
			last = history->level[i] = values[i] / history->scale;
		else if (i >= week && count >= 2 * week)
			history->level[i] = history->level[i - week];
		else
			history->level[i] = i >= day ? history->level[i - day] : last;
		history->counts = history->counts && (is_missing(values[i]) || is_count(values[i]));
	}
}

/* Shell sort, as the sample is short. */
static void sort_sample(double *sample, uint32_t count)
{
	for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
		for (uint32_t i = gap; i < count; i++) {
			double moved = sample[i];
			uint32_t at = i;

			for (; at >= gap && sample[at - gap] > moved; at -= gap)
				sample[at] = sample[at - gap];
			sample[at] = moved;
		}
	}
}

/* Cuts values that lie much farther from the median than nearly all others do. */
static void cut_spikes(struct history *history)
{
	double sample[SAMPLE_MAX];
	uint32_t stride = history->count / SAMPLE_MAX + 1, count = 0;

	for (uint32_t i = 0; i < history->count; i += stride)
		sample[count++] = history->level[i];
	sort_sample(sample, count);
	double median = sample[count / 2];
	double reach = SPIKE * (sample[count - 1 - count / 50] - sample[count / 50]);
	if (!(reach > 0))
		return;
	for (uint32_t i = 0; i < history->count; i++)
		history->level[i] = num_clamp(history->level[i], median - reach, median + reach);
}

/* Autocorrelation at a lag, 0 when there is too little history for it. */
static double measure_likeness(const struct history *history, uint32_t lag)
{
	uint32_t count = history->count;
	double mean = 0, variance = 0, product = 0;

	if (lag < 2 || count < lag + lag / 10 + 2)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		mean += history->level[i];
	mean /= count;
	for (uint32_t i = 0; i < count; i++) {
		double from_mean = history->level[i] - mean;

		variance += from_mean * from_mean;
		if (i >= lag)
			product += from_mean * (history->level[i - lag] - mean);
	}
	return variance > 0 ? product / variance * count / (count - lag) : 0;
}

/* The cycle, shorter than a day, that the history resembles most; 0 for none. */
static uint32_t find_cycle(const struct history *history, int64_t step_ns)
{
	static const int64_t cycles_min[] = {15, 30, 60, 120, 180, 240, 360, 480, 720};
	double best = CYCLE_ALIKE_MIN;
	uint32_t cycle = 0;

	for (uint32_t i = 0; i < sizeof cycles_min / sizeof *cycles_min; i++) {
		int64_t steps = cycles_min[i] * NS_PER_MIN / step_ns;
		if (steps < 4 || steps * step_ns != cycles_min[i] * NS_PER_MIN ||
			steps > HISTORY_MAX)
			continue;
		double alike = measure_likeness(history, (uint32_t)steps);
		double half = measure_likeness(history, (uint32_t)steps / 2);
		if (alike > best && alike > half + CYCLE_RISE_MIN) {
			best = alike;
			cycle = (uint32_t)steps;
		}
	}
	return cycle;
}

/* True when the history repeats by the week, which a short one must do better than by the day. */
static bool has_week(const struct history *history, uint32_t day, uint32_t week)
{
	double alike = measure_likeness(history, week);

	if (history->count >= WEEKS_MIN * week)
		return alike > DAY_ALIKE_MIN;
	return alike > DAY_ALIKE_MIN && alike > measure_likeness(history, day) + WEEK_RISE_MIN;
}

static void find_seasons(struct history *history, uint32_t day, uint32_t week, int64_t step_ns)
{
	if (history->count >= day + day / 2 && measure_likeness(history, day) > DAY_ALIKE_MIN)
		history->day = day;
	if (week > day && has_week(history, day, week))
		history->week = week;
	if (history->day == 0 && history->week == 0)
		history->day = find_cycle(history, step_ns);
}

static void fill_logs(struct history *history)
{
	uint32_t small = 0;

	for (uint32_t i = 0; i < history->count; i++)
		small += history->level[i] < SMALL;
	history->log_shift = small <= history->count / 50 ? LOG_SHIFT : LOG_SHIFT_SMALL;
	for (uint32_t i = 0; i < history->count; i++)
		history->logs[i] =
			num_log(num_max(history->level[i] + history->log_shift, LOG_LEVEL_MIN));
}

static void find_bounds(struct history *history)
{
	double low = history->level[0], high = low;

	for (uint32_t i = 1; i < history->count; i++) {
		low = num_min(history->level[i], low);
		high = num_max(history->level[i], high);
	}
	history->has_log = low >= 0;
	history->low = low >= 0 ? 0 : low - MARGIN * (high - low);
	history->high = high + MARGIN * (high - low);
}

/* A day in steps: at least one, at most more than any history holds. */
static uint32_t count_steps(int64_t step_ns)
{
	int64_t steps = (NS_PER_DAY + step_ns / 2) / step_ns;

	return (uint32_t)num_clamp_i64(steps, 1, HISTORY_MAX + 1);
}

bool history_load(struct history *history, const double *values, uint32_t count, int64_t step_ns)
{
	uint32_t kept = count < HISTORY_MAX ? count : HISTORY_MAX;
	uint32_t day = count_steps(step_ns), week = 7 * day;

	values += count - kept;
	history->count = kept;
	history->day = history->week = 0;
	history->counts = true;
	history->scale = find_scale(values, kept);
	if (!(history->scale > 0))
		return false;
	fill_level(history, values, day, week);
	cut_spikes(history);
	find_bounds(history);
	find_seasons(history, day, week, step_ns);
	if (history->has_log)
		fill_logs(history);
	return true;
}

double history_level(const struct history *history, bool is_log, double value)
{
	return is_log ? num_exp(value) - history->log_shift : value;
}
