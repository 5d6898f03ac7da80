/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window is cut into a few blocks, and of each block only the lowest value counts: with at least
 * one collection in a block that is the floor, whatever the saw tooth does above it. Through the
 * floors goes the line of Theil and Sen (Sen, JASA 1968), the median of all slopes between two of
 * them, which one odd block does not move; its interval comes from the same slopes.
 *
 * A line is a rise when four things hold.
 *   1. It is large for this series: five times the root of the mean square of all rises and falls
 *      over such a window before, fading over half a day. That covers noise, collections longer
 *      than a block, and loads that wander, without knowing any of them. A young series has seen
 *      little, and the scatter around the line stands in.
 *   2. It is steady: the first half of it rises as the second does, and the median step is not far
 *      from the mean step. A step to another level is one large step, and what fills at the start
 *      slows down.
 *   3. It is a good part of what is freed again each time: floors are seen as well as that.
 *   4. It is not the course of the day. Once a day has been seen, the floor of that time of the day
 *      is taken off before. On the first day a rise must be faster than a course that doubles from
 *      night to noon.
 *
 * A rise too slow for that is one from day to day: five daily floors, each above the one before by
 * about as much.
 */
#include "core/trend.h"

#include "base/num.h"
#include "base/units.h"

#include <string.h>

#define BLOCKS_MAX     9
#define PAIRS_MAX      (BLOCKS_MAX * (BLOCKS_MAX - 1) / 2)
#define MINUTES_DAY    1440
#define MINUTES_SLOT   15
#define SLOT_LAG       8  /* slots: a window that is looked at has left them */
#define MINUTES_WARM   2  /* at the start, which nobody looks at */
#define FILL_MINUTES   60 /* of the first day, which are not what other days are */
#define GAP_MAX        120
#define LARGE          5.0
#define SPREAD_SHARE   0.5
#define LARGE_SPREAD   3.0
#define LARGE_YOUNG    1.3  /* the scatter counts for more as long as there is little else */
#define LOOKS_YOUNG    60.0 /* looks that the scatter is worth */
#define ODD            3.0
#define FADE           0.999   /* of a minute: half a day */
#define RISE_LEAST     0.005   /* of the floor, over a window: below it is rounding */
#define SLOPE_OF_DAY   0.00087 /* of the floor, each minute: 2 pi / 1440 times a fifth */
#define BARE_SHARE     0.7
#define HEIGHT_SHARE   0.33 /* of what is freed again each time: floors are no surer than that */
#define SHORT_MINUTES  1    /* blocks of a window that only shows what is urgent: ... */
#define SHORT_SHARE    0.25 /* ... a rise by so much of all */
#define SCALE_OF_STEPS 3    /* the scale whose usual rises say what a step is */
#define STEADY_LOW     0.6
#define STEADY_YOUNG   0.85 /* as long as what fills at the start is in the window */
#define STEADY_HIGH    1.6
#define STEADY_STEP    0.5
#define CALM_MINUTES   24
#define CALM_SLOPE     0.3
#define DAYS_RISING    5
#define DAYS_RISE      0.02
#define VALUE_MAX      1e30
#define Z95            1.96

/* The windows: blocks of so many minutes. */
static const struct window {
	uint32_t blocks, minutes;
} WINDOWS[TREND_SCALES] = {{8, SHORT_MINUTES}, {9, 3}, {7, 4}, {8, 6}, {8, 14}};

/* What a window shows. */
struct line {
	uint32_t blocks;
	uint32_t minutes; /* of a block */
	bool has_day;     /* the day's course was taken off */
	double floors[BLOCKS_MAX];
	double spread; /* the rise of the series itself without its largest step */
	double slope, slope_low, slope_high; /* per block */
	double middle;                       /* of the line, at the middle of the window */
	double scatter;
	double confidence;
};

void trend_init(struct trend *trend)
{
	memset(trend, 0, sizeof *trend);
	for (uint32_t i = 0; i < TREND_SLOTS; i++)
		trend->slots[i] = __builtin_nanf("");
	for (uint32_t i = 0; i < TREND_DAYS; i++)
		trend->days[i] = __builtin_nanf("");
	for (uint32_t i = 0; i < TREND_MINUTES; i++)
		trend->lows[i] = trend->highs[i] = __builtin_nanf("");
	trend->day_low = __builtin_nanf("");
}

/* ---- floors ---- */

static uint32_t place_of(int64_t minute)
{
	return (uint32_t)((uint64_t)minute % TREND_MINUTES);
}

static uint32_t slot_of(int64_t minute)
{
	return (uint32_t)((uint64_t)minute / MINUTES_SLOT % TREND_SLOTS);
}

/* The smaller of two, of which either may be missing. */
static float lower(float a, float b)
{
	return b != b || a < b ? a : b;
}

static float higher(float a, float b)
{
	return b != b || a > b ? a : b;
}

/* The floor of a slot and its neighbours; NaN when one is not known. */
static double slot_floor(const struct trend *trend, uint32_t slot)
{
	double before = (double)trend->slots[(slot + TREND_SLOTS - 1) % TREND_SLOTS];
	double after = (double)trend->slots[(slot + 1) % TREND_SLOTS];

	return ((double)trend->slots[slot] * 2 + before + after) / 4;
}

/* What the day brings at this minute, between the middles of slots; NaN: not known. */
static double day_floor(const struct trend *trend, int64_t minute)
{
	uint64_t shifted = (uint64_t)minute + MINUTES_DAY - MINUTES_SLOT / 2;
	uint32_t slot = slot_of((int64_t)shifted);
	double share = (double)(shifted % MINUTES_SLOT) / MINUTES_SLOT;

	return slot_floor(trend, slot) * (1 - share) +
	       slot_floor(trend, (slot + 1) % TREND_SLOTS) * share;
}

/* The lowest of a block that ends before `end`; false when nothing is there. */
static bool block_floor(
	const struct trend *trend, int64_t end, uint32_t minutes, bool has_day, double *floor)
{
	double low = __builtin_nan("");

	for (uint32_t i = 1; i <= minutes; i++) {
		double value = (double)trend->lows[place_of(end - i)];

		if (has_day)
			value -= day_floor(trend, end - i);
		if (value == value && !(value >= low))
			low = value;
	}
	*floor = low;
	return low == low;
}

/* ---- the line ---- */

static void sort(double *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		double value = values[i];
		uint32_t at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

static double median(double *values, uint32_t count)
{
	sort(values, count);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Slopes between all pairs of the floors from `first` on, sorted; their number. */
static uint32_t pair_slopes(
	const double *floors, uint32_t first, uint32_t end, double slopes[PAIRS_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = first; i < end; i++)
		for (uint32_t j = i + 1; j < end; j++)
			slopes[count++] = (floors[j] - floors[i]) / (j - i);
	sort(slopes, count);
	return count;
}

static double pair_median(const double *floors, uint32_t first, uint32_t end)
{
	double slopes[PAIRS_MAX];
	uint32_t count = pair_slopes(floors, first, end, slopes);

	return (slopes[(count - 1) / 2] + slopes[count / 2]) / 2;
}

/* The probability of Mann and Kendall's test, from the number of pairs that rise and fall. */
static double kendall(uint32_t rising, uint32_t falling, double deviation)
{
	double score = (double)rising - (double)falling;

	score = score > 0 ? num_max(score - 1, 0) : num_min(score + 1, 0);
	/* The logistic curve is within 0.01 of the normal distribution's. */
	return 1 / (1 + num_exp(-1.702 * score / deviation));
}

/* The whole rise but for the largest step. */
static double spread_rise(const struct line *line)
{
	double largest = 0;

	for (uint32_t i = 0; i + 1 < line->blocks; i++)
		largest = num_max(largest, line->floors[i + 1] - line->floors[i]);
	return line->floors[line->blocks - 1] - line->floors[0] - largest;
}

static void fit_line(struct line *line)
{
	double slopes[PAIRS_MAX], rest[BLOCKS_MAX] = {0};
	uint32_t count = pair_slopes(line->floors, 0, line->blocks, slopes);
	double n = line->blocks;
	double deviation = num_sqrt(n * (n - 1) * (2 * n + 5) / 18);
	uint32_t out = (uint32_t)num_max(num_floor((count - Z95 * deviation) / 2), 0);
	uint32_t rising = 0, falling = 0;

	for (uint32_t i = 0; i < count; i++) {
		rising += slopes[i] > 0;
		falling += slopes[i] < 0;
	}
	line->slope = (slopes[(count - 1) / 2] + slopes[count / 2]) / 2;
	line->slope_low = slopes[out];
	line->slope_high = slopes[count - 1 - out];
	line->confidence = kendall(rising, falling, deviation);
	for (uint32_t i = 0; i < line->blocks; i++)
		rest[i] = line->floors[i] - line->slope * (i - (n - 1) / 2);
	line->middle = median(rest, line->blocks);
	line->scatter = 0;
	for (uint32_t i = 0; i < line->blocks; i++)
		line->scatter += num_abs(rest[i] - line->middle);
	/* Of a normal distribution the mean deviation is 0.8 of the standard deviation; two of the
	 * blocks are used up by the line. */
	line->scatter *= 1.25 / num_max(n - 2, 1);
}

/* What the window shows; false when a block of it is empty. */
static bool read_line(
	const struct trend *trend, const struct window *window, bool has_day, struct line *line)
{
	line->blocks = window->blocks;
	line->minutes = window->minutes;
	line->has_day = has_day;
	for (uint32_t i = 0; i < line->blocks; i++) {
		int64_t end = trend->minute - (int64_t)(line->blocks - 1 - i) * line->minutes;

		if (!block_floor(trend, end, line->minutes, has_day, &line->floors[i]))
			return false;
	}
	fit_line(line);
	line->spread = spread_rise(line);
	return true;
}

/* The line without the day's course where that is known. What is learned of the day can be wrong,
 * after a step for instance: the series itself must rise by half as much. */
static bool read_rise(const struct trend *trend, const struct window *window, struct line *line)
{
	struct line bare;

	if (!read_line(trend, window, false, &bare))
		return false;
	if (!read_line(trend, window, true, line)) {
		*line = bare;
		return true;
	}
	if (bare.slope < line->slope * BARE_SHARE)
		line->slope = num_max(bare.slope, num_min(line->slope, 0));
	line->spread = num_min(line->spread, bare.spread);
	return true;
}

/* ---- what counts as a rise ---- */

/* The rise is spread over all of the window. */
static bool is_steady(const struct line *line, double least)
{
	double steps[BLOCKS_MAX];
	uint32_t half = line->blocks / 2;
	double first = pair_median(line->floors, 0, line->blocks - half);
	double second = pair_median(line->floors, half, line->blocks);

	for (uint32_t i = 0; i + 1 < line->blocks; i++)
		steps[i] = line->floors[i + 1] - line->floors[i];
	double mean = (line->floors[line->blocks - 1] - line->floors[0]) / (line->blocks - 1);

	return mean > 0 && second >= least * first && second <= STEADY_HIGH * first &&
	       median(steps, line->blocks - 1) >= STEADY_STEP * mean;
}

/* Rises and falls that this series has over such a window anyway: their root mean square. */
static double usual_rise(const struct trend_scale *scale, const struct line *line)
{
	double stand_in = LARGE_YOUNG * line->scatter;
	double young = LOOKS_YOUNG / (LOOKS_YOUNG + scale->weight * scale->weight / 100);
	double square = scale->weight > 0 ? scale->square / scale->weight : 0;

	return num_sqrt(square + young * stand_in * stand_in);
}

/* Mean height of the highest values of blocks above the line. */
static double peak_height(const struct trend *trend, const struct line *line)
{
	double heights[BLOCKS_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < line->blocks; i++) {
		int64_t end = trend->minute - (int64_t)(line->blocks - 1 - i) * line->minutes;
		float low = __builtin_nanf(""), high = low;

		for (uint32_t j = 1; j <= line->minutes; j++) {
			low = lower(trend->lows[place_of(end - j)], low);
			high = higher(trend->highs[place_of(end - j)], high);
		}
		if (high == high)
			heights[count++] = (double)high - (double)low;
	}
	return count > 0 ? num_max(median(heights, count), 0) : 0;
}

static bool is_large(
	const struct trend *trend, const struct trend_scale *scale, const struct line *line)
{
	double rise = line->slope * (line->blocks - 1);
	double level = num_abs((double)trend->lows[place_of(trend->minute - 1)]);

	if (!line->has_day && line->slope < SLOPE_OF_DAY * level * line->minutes)
		return false;
	double usual = usual_rise(scale, line);
	double height = HEIGHT_SHARE * peak_height(trend, line);

	if (line->minutes == SHORT_MINUTES &&
		(rise < SHORT_SHARE * level || line->spread < 2 * height / HEIGHT_SHARE))
		return false;
	return rise > RISE_LEAST * level && rise > LARGE * usual && rise > height &&
	       line->spread > LARGE_SPREAD * usual && line->spread > SPREAD_SHARE * rise;
}

/* What goes beyond all that is usual counts as much as what is just beyond: a step to another level
 * would hide all rises for half a day. */
static void learn_rise(struct trend_scale *scale, int64_t minute, const struct line *line)
{
	float *late = &scale->late[(uint64_t)minute % (sizeof scale->late / sizeof *scale->late)];
	double rise = (double)*late;
	double square = rise * rise;

	if (scale->weight >= LOOKS_YOUNG)
		square = num_min(square, ODD * ODD * scale->square / scale->weight);
	scale->square = FADE * scale->square + square;
	scale->weight = FADE * scale->weight + (rise != 0);
	*late = (float)(line->slope * (line->blocks - 1));
}

/* ---- findings ---- */

static void note_line(struct trend *trend, const struct line *line)
{
	struct trend_finding *finding = &trend->finding;
	double block_s = line->minutes * 60.0;
	double half = (line->blocks - 1) / 2.0;
	int64_t end = trend->minute;
	double floors[BLOCKS_MAX], middle;

	/* The line is of what is left without the day; the floor is of the series. */
	for (uint32_t i = 0; i < line->blocks; i++) {
		block_floor(trend, end - (int64_t)(line->blocks - 1 - i) * line->minutes,
			line->minutes, false, &floors[i]);
		floors[i] -= line->slope * (i - half);
	}
	middle = median(floors, line->blocks);
	finding->slope = line->slope / block_s;
	finding->slope_low = line->slope_low / block_s;
	finding->slope_high = line->slope_high / block_s;
	finding->confidence = line->confidence;
	/* The lowest of a block lies half a block before its end on average. */
	finding->floor = middle + line->slope * (half + 0.5);
	finding->height = peak_height(trend, line);
	finding->at_ns = num_mul_i64(end, NS_PER_MIN);
}

static void found(struct trend *trend, const struct line *line, bool *is_new)
{
	trend->calm = 0;
	if (!trend->finding.is_found) {
		trend->finding = (struct trend_finding){.is_found = true};
		trend->finding.since_ns = num_mul_i64(trend->minute, NS_PER_MIN);
		*is_new = true;
	}
	note_line(trend, line);
}

/* What was found goes on as long as the floor rises by a good part of what it did. */
static bool goes_on(const struct trend *trend, const struct line *line)
{
	return trend->finding.is_found &&
	       line->slope >= CALM_SLOPE * trend->finding.slope * line->minutes * 60;
}

static void look_at_minutes(struct trend *trend, bool *is_new)
{
	int64_t age = trend->minute - trend->begin;
	bool rises = false, lasts = false;
	struct line shown;

	for (uint32_t i = 0; i < TREND_SCALES; i++) {
		const struct window *window = &WINDOWS[i];
		struct trend_scale *scale = &trend->scales[i];
		bool young = age < FILL_MINUTES + window->blocks * window->minutes;
		struct line line;

		if (age < MINUTES_WARM + window->blocks * window->minutes)
			continue;
		if (!read_rise(trend, window, &line))
			continue;
		lasts = lasts || goes_on(trend, &line);
		if (is_large(trend, scale, &line) &&
			is_steady(&line, young ? STEADY_YOUNG : STEADY_LOW)) {
			rises = true;
			shown = line;
		}
		if (!trend->finding.is_found &&
			age >= FILL_MINUTES + window->blocks * window->minutes)
			learn_rise(scale, trend->minute, &line);
	}
	if (rises)
		found(trend, &shown, is_new);
	else if (trend->finding.is_found && lasts)
		trend->calm = 0;
	else if (trend->finding.is_found && ++trend->calm >= CALM_MINUTES)
		trend->finding = (struct trend_finding){0};
}

/* Day by day, for what is too slow to be seen in hours. */
static void look_at_days(struct trend *trend, bool *is_new)
{
	int64_t day = trend->minute / MINUTES_DAY;
	struct line line = {.blocks = DAYS_RISING, .minutes = MINUTES_DAY};
	double least = VALUE_MAX;

	for (uint32_t i = 0; i < DAYS_RISING; i++) {
		float low = trend->days[(uint64_t)(day - DAYS_RISING + i) % TREND_DAYS];

		if (low != low)
			return;
		line.floors[i] = (double)low;
		if (i > 0)
			least = num_min(least, line.floors[i] - line.floors[i - 1]);
	}
	fit_line(&line);
	double mean = (line.floors[DAYS_RISING - 1] - line.floors[0]) / (DAYS_RISING - 1);
	if (mean > DAYS_RISE * num_abs(line.floors[0]) && least >= STEADY_STEP * mean)
		found(trend, &line, is_new);
}

/* ---- time ---- */

/* How far the floor of a slot that ended before `end` is from what is known of it; false when
 * either is missing. */
static bool slot_off(const struct trend *trend, int64_t end, double *off)
{
	double known = (double)trend->slots[slot_of(end - 1)], floor;

	if (known != known || !block_floor(trend, end, MINUTES_SLOT, false, &floor))
		return false;
	*off = floor - known;
	return true;
}

/* Where a slot and the two after it are off by as much, all of the series went to another level,
 * and the course of the day with it: left where it was, it would be a rise a day later. */
static bool follow_step(struct trend *trend, int64_t end)
{
	const struct trend_scale *scale = &trend->scales[SCALE_OF_STEPS];
	double off[3], first, usual;

	for (uint32_t i = 0; i < 3; i++)
		if (!slot_off(trend, end + i * MINUTES_SLOT, &off[i]))
			return true;
	first = off[0];
	usual = scale->weight > 0 ? num_sqrt(scale->square / scale->weight) : 0;
	if (num_abs(median(off, 3)) <= ODD * usual)
		return true;
	if (num_abs(first - median(off, 3)) > num_abs(median(off, 3)) / 2)
		return false;
	for (uint32_t i = 0; i < TREND_SLOTS; i++)
		trend->slots[i] += (float)median(off, 3);
	return true;
}

/* The slot that the longest window has left becomes part of the day's course. */
static void learn_slot(struct trend *trend)
{
	int64_t end = trend->minute - (SLOT_LAG - 1) * MINUTES_SLOT;
	float *slot = &trend->slots[slot_of(end - 1)];
	double floor;

	if (trend->finding.is_found || end - MINUTES_SLOT < trend->begin + FILL_MINUTES ||
		!follow_step(trend, end) || !block_floor(trend, end, MINUTES_SLOT, false, &floor))
		return;
	*slot = (float)(*slot == *slot ? (double)*slot * 0.7 + floor * 0.3 : floor);
}

static void close_day(struct trend *trend, bool *is_new)
{
	int64_t day = trend->minute / MINUTES_DAY;

	trend->days[(uint64_t)(day - 1) % TREND_DAYS] = trend->day_low;
	trend->day_low = __builtin_nanf("");
	look_at_days(trend, is_new);
}

static void close_minute(struct trend *trend, bool *is_new)
{
	uint32_t place = place_of(trend->minute);

	trend->lows[place] = trend->low;
	trend->highs[place] = trend->high;
	trend->day_low = lower(trend->low, trend->day_low);
	trend->low = trend->high = __builtin_nanf("");
	trend->minute++;
	if (trend->minute % MINUTES_SLOT == 0)
		learn_slot(trend);
	look_at_minutes(trend, is_new);
	if (trend->minute % MINUTES_DAY == 0)
		close_day(trend, is_new);
}

static void open(struct trend *trend, int64_t minute)
{
	trend_init(trend);
	trend->is_open = true;
	trend->begin = minute;
	trend->minute = minute;
	trend->low = trend->high = __builtin_nanf("");
}

bool trend_add(struct trend *trend, int64_t at_ns, double value)
{
	int64_t minute = num_max_i64(at_ns, 0) / NS_PER_MIN;
	bool is_new = false;

	if (!num_is_finite(value))
		return false;
	if (!trend->is_open || minute - trend->minute > GAP_MAX)
		open(trend, minute);
	while (trend->minute < minute)
		close_minute(trend, &is_new);
	float small = (float)num_clamp(value, -VALUE_MAX, VALUE_MAX);
	trend->low = lower(small, trend->low);
	trend->high = higher(small, trend->high);
	return is_new;
}

/* Time that a slope takes for the room that is left. */
static int64_t time_for(double room, double slope)
{
	if (room <= 0)
		return 0;
	if (slope <= 0 || room / slope > 1e9)
		return TIME_NEVER_NS;
	return num_to_i64(room / slope * (double)NS_PER_S);
}

struct trend_exhaustion trend_exhaustion(const struct trend *trend, double limit)
{
	const struct trend_finding *finding = &trend->finding;
	double room = limit - finding->floor - finding->height;

	if (!finding->is_found || limit != limit)
		return (struct trend_exhaustion){TIME_NEVER_NS, TIME_NEVER_NS, TIME_NEVER_NS};
	/* The line is as of its last look. */
	double since_s = (double)(num_mul_i64(trend->minute, NS_PER_MIN) - finding->at_ns) / 1e9;
	return (struct trend_exhaustion){
		time_for(room - since_s * finding->slope_high, finding->slope_high),
		time_for(room - since_s * finding->slope, finding->slope),
		time_for(room - since_s * finding->slope_low, finding->slope_low)};
}
