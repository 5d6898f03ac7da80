/* SPDX-License-Identifier: Apache-2.0 */
/* Round values are 1, 2 and 5 times a power of ten; for durations and times of day they are what
 * clocks show.  The smallest step with which at most STEPS_MAX fit is taken.  A logarithmic axis is
 * marked at powers of ten, and at 2 and 5 times these when it spans few. */
#include "wire/svgaxis.h"

#include "base/num.h"
#include "base/text_builder.h"
#include "base/units.h"

#define STEPS_MAX      8
#define DECADES_FEW    3.0
#define DURATIONS_WIDE 1001.0 /* high over low: more than DECADES_FEW */
#define EDGE           1e-9 /* of the span: a tick at the end of the axis is not lost to rounding */
#define LN_10          2.302585092994045684
#define DAY_S          86400

static const double CLOCK_STEPS_S[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
	7200, 10800, 21600, 43200, 86400, 172800, 604800};
#define CLOCK_STEPS (sizeof CLOCK_STEPS_S / sizeof CLOCK_STEPS_S[0])

void svg_axis_mend(struct svg_axis *axis)
{
	if (!num_is_finite(axis->low))
		axis->low = axis->is_logarithmic ? 1.0 : 0.0;
	if (axis->is_logarithmic && axis->low <= 0.0)
		axis->low = 1e-9;
	if (!num_is_finite(axis->high) || axis->high <= axis->low)
		axis->high = axis->is_logarithmic ? axis->low * 10.0 : axis->low + 1.0;
	/* Beyond 2^53 one more is the same number. */
	if (axis->high <= axis->low)
		axis->high = axis->low + num_abs(axis->low) * 0.5;
}

double svg_axis_place(const struct svg_axis *axis, double value)
{
	if (axis->is_logarithmic)
		return num_log(value / axis->low) / num_log(axis->high / axis->low);
	return (value - axis->low) / (axis->high - axis->low);
}

/* ---- texts -------------------------------------------------------------------------------- */

static void add_two(struct text_builder *builder, int64_t number)
{
	text_add_char(builder, (char)('0' + number / 10 % 10));
	text_add_char(builder, (char)('0' + number % 10));
}

/* Month and day of a day since 1970: the year is taken to begin in March, so that the leap day is
 * its last; a month then starts at (153 m + 2) / 5. */
static void add_date(struct text_builder *builder, int64_t day)
{
	int64_t shifted = day + 719468; /* days from 0000-03-01 to 1970-01-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t in_era = shifted - era * 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;

	add_two(builder, month < 10 ? month + 3 : month - 9);
	text_add_char(builder, '-');
	add_two(builder, in_year - (153 * month + 2) / 5 + 1);
}

static void add_time(struct text_builder *builder, double value)
{
	int64_t seconds = num_to_i64(num_round(value));
	int64_t day = seconds >= 0 ? seconds / DAY_S : (seconds - DAY_S + 1) / DAY_S;
	int64_t in_day = seconds - day * DAY_S;

	if (in_day == 0) {
		add_date(builder, day);
		return;
	}
	add_two(builder, in_day / 3600);
	text_add_char(builder, ':');
	add_two(builder, in_day / 60 % 60);
	if (in_day % 60 != 0) {
		text_add_char(builder, ':');
		add_two(builder, in_day % 60);
	}
}

/* As many decimals as the step needs; large ones with k, M, G, T. */
static void add_number(struct text_builder *builder, double value, double step)
{
	static const char *const suffixes[] = {"", "k", "M", "G", "T"};
	uint32_t suffix = 0;
	uint32_t decimals = 0;

	while (suffix < 4 && num_abs(value) >= 10000.0 && step >= 100.0) {
		value /= 1000.0;
		step /= 1000.0;
		suffix++;
	}
	while (decimals < 9 && num_abs(step - num_round(step)) > 1e-6 * step) {
		decimals++;
		step *= 10.0;
		value *= 10.0;
	}
	text_add_fixed(builder, num_to_i64(num_round(value)), decimals);
	text_add_string(builder, suffixes[suffix]);
}

static void write_text(const struct svg_axis *axis, double step, struct svg_tick *tick)
{
	struct text_builder builder;

	text_builder_init(&builder, tick->text, sizeof tick->text);
	switch (axis->unit) {
	case SVG_NUMBER:
		add_number(&builder, tick->value, step);
		break;
	case SVG_PERMILLE:
		add_number(&builder, tick->value / 10.0, step / 10.0);
		text_add_string(&builder, " %");
		break;
	case SVG_SECONDS:
		text_add_duration(&builder, num_to_i64(num_round(tick->value * (double)NS_PER_S)));
		break;
	case SVG_TIME:
		add_time(&builder, tick->value);
		break;
	}
}

/* ---- steps -------------------------------------------------------------------------------- */

/* The largest power of ten that is not above x > 0. */
static double decade_below(double x)
{
	double decade = num_pow(10.0, num_floor(num_log(x) / LN_10));

	if (decade > x)
		return decade / 10.0;
	return decade * 10.0 <= x ? decade * 10.0 : decade;
}

static double step_of(const struct svg_axis *axis)
{
	static const double factors[] = {1.0, 2.0, 5.0, 10.0, 20.0};
	double least = (axis->high - axis->low) / STEPS_MAX;
	double decade = decade_below(least);
	bool is_clock = axis->unit == SVG_TIME || (axis->unit == SVG_SECONDS && least > 1.0);
	double largest = CLOCK_STEPS_S[CLOCK_STEPS - 1];

	if (is_clock && least <= largest)
		for (size_t i = 0; i < CLOCK_STEPS; i++)
			if (CLOCK_STEPS_S[i] >= least)
				return CLOCK_STEPS_S[i];
	if (is_clock)
		return largest * (num_floor(least / largest) + 1.0);
	for (size_t i = 0; i < 4; i++)
		if (decade * factors[i] >= least)
			return decade * factors[i];
	return decade * factors[4];
}

static uint32_t mark_linear(const struct svg_axis *axis, struct svg_tick ticks[SVG_TICKS_MAX])
{
	double step = step_of(axis);
	double edge = (axis->high - axis->low) * EDGE;
	double first = num_floor((axis->low - edge) / step) + 1.0;
	uint32_t count = 0;

	while (count < SVG_TICKS_MAX && (first + (double)count) * step <= axis->high + edge) {
		ticks[count].value = (first + (double)count) * step;
		write_text(axis, step, &ticks[count]);
		count++;
	}
	return count;
}

static uint32_t mark_logarithmic(const struct svg_axis *axis, struct svg_tick ticks[SVG_TICKS_MAX])
{
	static const double factors[] = {1.0, 2.0, 5.0};
	double decades = num_log(axis->high / axis->low) / LN_10;
	uint32_t stride = (uint32_t)num_clamp(decades / STEPS_MAX + 1.0, 1.0, 400.0);
	uint32_t per_decade = decades <= DECADES_FEW ? 3 : 1;
	double high = axis->high * (1.0 + EDGE);
	double low = axis->low * (1.0 - EDGE);
	double decade = decade_below(axis->low);
	uint32_t count = 0;

	for (; decade <= high; decade *= num_pow(10.0, (double)stride)) {
		for (uint32_t i = 0; i < per_decade && count < SVG_TICKS_MAX; i++) {
			double value = decade * factors[i];

			if (value < low || value > high)
				continue;
			ticks[count].value = value;
			write_text(axis, value, &ticks[count]);
			count++;
		}
	}
	return count;
}

/* Durations over many powers of ten: those of seconds up to 10, then what clocks show. */
static uint32_t mark_durations(const struct svg_axis *axis, struct svg_tick ticks[SVG_TICKS_MAX])
{
	static const double values[] = {1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0,
		10.0, 60.0, 600.0, 3600.0, 36000.0, 86400.0, 864000.0, 8640000.0};
	uint32_t count = 0;

	for (size_t i = 0; i < sizeof values / sizeof values[0] && count < SVG_TICKS_MAX; i++) {
		if (values[i] < axis->low * (1.0 - EDGE) || values[i] > axis->high * (1.0 + EDGE))
			continue;
		ticks[count].value = values[i];
		write_text(axis, values[i], &ticks[count]);
		count++;
	}
	return count;
}

uint32_t svg_axis_ticks(const struct svg_axis *axis, struct svg_tick ticks[SVG_TICKS_MAX])
{
	bool is_wide = axis->is_logarithmic && axis->high > axis->low * DURATIONS_WIDE;

	if (is_wide && axis->unit == SVG_SECONDS)
		return mark_durations(axis, ticks);
	return axis->is_logarithmic ? mark_logarithmic(axis, ticks) : mark_linear(axis, ticks);
}
