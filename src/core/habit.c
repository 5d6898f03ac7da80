/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two views of the same habit, because they fail differently. The mean of a time of the day sees
 * small departures of a smooth course, and is fooled by a peak that comes five minutes late. The
 * envelope, the highest and lowest values at that time and the quarters before and after, is blind
 * within, and forgives the late peak.
 *
 * The mean per hour of the week knows weekends, and needs weeks to learn them. Both means keep an
 * account of their errors, and the better one speaks: choosing by recent error is the simplest form
 * of following the best expert (Herbster and Warmuth, Machine Learning 1998).
 */
#include "core/habit.h"

#include "base/num.h"
#include "base/units.h"

/* Means are plain until they have 1/RATE values, then they forget: about a week of days when each
 * quarter of an hour holds one value. */
#define DAY_RATE      0.2
#define WEEK_RATE     0.3
#define ERROR_RATE    0.003
#define ENVELOPE_RATE 0.02 /* a bound moves towards each value inside by this part */

#define QUARTER_NS (INT64_C(15) * NS_PER_MIN)

/* Index of the slot on a ring of `slots`, also for times before 1970. */
static uint32_t slot_of(int64_t at_ns, int64_t slot_ns, uint32_t slots)
{
	int64_t period_ns = slot_ns * slots;
	int64_t phase_ns = at_ns % period_ns;

	if (phase_ns < 0)
		phase_ns += period_ns;
	return (uint32_t)(phase_ns / slot_ns);
}

static void learn(struct habit_mean *mean, double value, double rate_min)
{
	double rate = num_max(1.0 / (mean->count + 1.0), rate_min);

	mean->mean += rate * (value - mean->mean);
	mean->count += mean->count < UINT32_MAX;
}

static double outside_envelope(const struct habit *habit, uint32_t slot, double value)
{
	bool is_known = false;
	double high = 0;
	double low = 0;

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t at = (slot + HABIT_DAY_SLOTS - 1 + i) % HABIT_DAY_SLOTS;

		if (habit->day[at].count == 0)
			continue;
		high = is_known ? num_max(high, habit->high[at]) : habit->high[at];
		low = is_known ? num_min(low, habit->low[at]) : habit->low[at];
		is_known = true;
	}
	if (!is_known)
		return 0;
	return value > high ? value - high : value < low ? low - value : 0;
}

static void widen_envelope(struct habit *habit, uint32_t slot, double value)
{
	double *high = &habit->high[slot];
	double *low = &habit->low[slot];
	bool is_first = habit->day[slot].count == 0;

	*high = is_first || value > *high ? value : *high + ENVELOPE_RATE * (value - *high);
	*low = is_first || value < *low ? value : *low + ENVELOPE_RATE * (value - *low);
}

struct habit_departure habit_meet(struct habit *habit, int64_t at_ns, double value)
{
	uint32_t quarter = slot_of(at_ns, QUARTER_NS, HABIT_DAY_SLOTS);
	struct habit_mean *day = &habit->day[quarter];
	struct habit_mean *week = &habit->week[slot_of(at_ns, NS_PER_HOUR, HABIT_WEEK_SLOTS)];
	double from_day = num_abs(value - day->mean);
	double from_week = num_abs(value - week->mean);
	struct habit_departure departure = {
		.is_known = day->count > 0 || week->count > 0,
		.deviation = day->count > 0 ? from_day : from_week,
		.outside = outside_envelope(habit, quarter, value),
	};

	if (day->count > 0 && week->count > 0) {
		if (habit->week_error < habit->day_error)
			departure.deviation = from_week;
		habit->day_error += ERROR_RATE * (from_day - habit->day_error);
		habit->week_error += ERROR_RATE * (from_week - habit->week_error);
	}
	widen_envelope(habit, quarter, value);
	learn(day, value, DAY_RATE);
	learn(week, value, WEEK_RATE);
	return departure;
}
