/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test is CUSUM (Page, Biometrika 1954) for a shift of 20 % in either direction, on the means
 * of the logarithms of ten seconds: of durations whose spread is as large as their mean, it needs
 * 1/40 nat each. Means instead of single values make a step of the test cheap, and let what varies
 * from bin to bin more than single values would explain count as noise.
 *
 * What is usual has three parts. The course of the day, learned per quarter of an hour and over a
 * week or so. What remains is followed over half an hour: without it the first day would be full
 * of findings, and a day that is all a little slower too. It learns ten minutes late, so that a
 * shift is found before it is taken for usual. The level moves by what was found, at once; the
 * course is kept against it, so that yesterday's hours before a shift are of use after it.
 *
 * When a shift ends within a day, its quarters learn a part of it: what comes again every day is
 * usual after a few days, and a fault of one afternoon is no reason to expect it the next one.
 */
#include "core/shift.h"

#include "ballast.h"
#include "base/bytes.h"
#include "base/num.h"
#include "base/units.h"

#include <string.h>

#define BIN_NS         (10 * NS_PER_S)
#define SLOT_NS        (15 * NS_PER_MIN)
#define SLOT_BINS      (SLOT_NS / BIN_NS)
#define DAY_BINS       (24 * NS_PER_HOUR / BIN_NS)
#define STEP           0.1823215567939546 /* ln 1.2 */
#define FOUND          16.0               /* nats; measured, see BENCHMARKS.md */
#define STEP_MIN       0.08               /* less is not told */
#define SIZE_MAX_LN    20.0
#define BACK           0.07 /* so near to what was usual is usual */
#define LEARN_BINS     180  /* before something is found */
#define LATE_BINS      45   /* learned so much later */
#define FOLLOW_BINS    120.0
#define FOLLOW_WEIGHT  500.0  /* at least, or what is followed is noise */
#define FOLLOW_KEEP    1500.0 /* rather over a longer time than over less */
#define PACE_MIN       1600.0
#define SLOT_WEIGHT    50.0 /* durations from which on a quarter is known */
#define DAY_KEEP       0.7
#define DAY_AGAIN      0.3 /* part of a shift that its quarters learn */
#define SQUARES_WITHIN 20000.0
#define SQUARES_OF     720.0 /* bins */
#define SQUARES_MIN    60.0
#define CLIP           4.0 /* standard deviations of one duration */
#define REACH_FIRST    1e3
#define SQUARE_FIRST   1.0  /* of durations whose spread is 1.3 of their mean */
#define SQUARE_MIN     1e-4 /* differences of a hundredth are rounding */
#define SECONDS_MIN    1e-9
#define SECONDS_MAX    1e9
#define BIN_MAX        (INT64_MAX / BIN_NS)

void shift_init(struct shift *shift)
{
	memset(shift, 0, sizeof *shift);
}

/* ---- what is usual ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static uint32_t place_of(int64_t slot)
{
	return (uint32_t)(slot - floor_div(slot, SHIFT_SLOTS) * SHIFT_SLOTS);
}

static bool is_known(const struct shift *shift, int64_t slot)
{
	return shift->weights[place_of(slot)] >= (float)SLOT_WEIGHT;
}

/* The course at a quarter, smoothed with those beside it; 0 when it is not known. */
static double course_at(const struct shift *shift, int64_t slot)
{
	double sum = 0.0, weight = 0.0;

	if (!is_known(shift, slot))
		return 0.0;
	for (int64_t i = -1; i <= 1; i++) {
		double part = i == 0 ? 2.0 : 1.0;

		if (!is_known(shift, slot + i))
			continue;
		sum += part * (double)shift->course[place_of(slot + i)];
		weight += part;
	}
	return sum / weight;
}

static double square_of(const struct shift *shift)
{
	double square = SQUARE_FIRST;

	if (shift->within_weight >= SQUARES_MIN)
		square = shift->within_sum / shift->within_weight;
	if (shift->between_weight >= SQUARES_MIN)
		square = num_max(shift->within_weight >= SQUARES_MIN ? square : 0.0,
			shift->between / shift->between_weight);
	return num_max(square, SQUARE_MIN);
}

/* What remains beside the course, `bins` after it was followed last. While there is no course it
 * follows that of the day, which is ahead of a mean: a line through two means of different age
 * (Brown, "Smoothing, Forecasting and Prediction of Discrete Time Series", 1963). */
static double rest_at(const struct shift *shift, int64_t slot, double bins)
{
	double line = shift->follow - shift->follow_slow;

	if (is_known(shift, slot))
		return shift->follow;
	return shift->follow + line * (1.0 + bins / FOLLOW_BINS);
}

static double usual_at(const struct shift *shift, int64_t bin)
{
	int64_t slot = floor_div(bin, SLOT_BINS);
	double bins = num_clamp((double)(bin - shift->learned), 0.0, LATE_BINS);

	return course_at(shift, slot) + rest_at(shift, slot, bins);
}

/* What is followed is against the course: where one begins or ends to be known, it starts again. */
static void cross_slots(struct shift *shift, int64_t from, int64_t to)
{
	if (from == to || is_known(shift, from) == is_known(shift, to))
		return;
	if (is_known(shift, to))
		shift->follow = 0.0;
	else
		shift->follow += course_at(shift, from);
	shift->follow_slow = shift->follow;
	shift->follow_weight = num_min(shift->follow_weight, FOLLOW_WEIGHT);
}

/* ---- learning ---- */

static void fade(double *sum, double *weight, double most)
{
	if (*weight <= most)
		return;
	*sum *= most / *weight;
	*weight = most;
}

static void end_slot(struct shift *shift, int64_t next)
{
	uint32_t place = place_of(shift->slot);
	double before = (double)shift->weights[place] * DAY_KEEP;
	double weight = before + shift->slot_weight;

	if (shift->slot_weight > 0.0) {
		shift->course[place] =
			(float)((before * (double)shift->course[place] + shift->slot_sum) / weight);
		shift->weights[place] = (float)weight;
	}
	shift->slot = next;
	shift->slot_sum = 0.0;
	shift->slot_weight = 0.0;
}

static void follow(struct shift *shift, const struct shift_bin *bin, double left)
{
	double bins = num_clamp((double)(bin->number - shift->learned), 0.0, 1e6);
	double keep = num_exp(-bins / FOLLOW_BINS), count = (double)bin->count;

	shift->pace = shift->pace * keep + count;
	if (shift->follow_weight > FOLLOW_KEEP)
		shift->follow_weight = num_max(shift->follow_weight * keep, FOLLOW_KEEP);
	shift->follow_weight += count;
	shift->follow += count / shift->follow_weight * left;
	shift->follow_slow += count / shift->follow_weight * (shift->follow - shift->follow_slow);
}

static void vary(struct shift *shift, const struct shift_bin *bin, double off)
{
	if (bin->number - shift->begin < LATE_BINS)
		return;
	shift->between += off * off * (double)bin->count;
	shift->between_weight += 1.0;
	fade(&shift->between, &shift->between_weight, SQUARES_OF);
}

static void learn(struct shift *shift, const struct shift_bin *bin)
{
	int64_t slot = floor_div(bin->number, SLOT_BINS);
	double left = bin->mean - course_at(shift, slot) - shift->follow;
	double off = bin->mean - usual_at(shift, bin->number);

	if (slot != shift->slot)
		end_slot(shift, slot);
	shift->slot_sum += bin->mean * (double)bin->count;
	shift->slot_weight += (double)bin->count;
	/* What was left before the course was known, or since it is not, says nothing of now. */
	if (is_known(shift, slot) == is_known(shift, floor_div(shift->bin, SLOT_BINS))) {
		vary(shift, bin, off);
		follow(shift, bin, left);
	}
	shift->learned = bin->number;
}

/* Learns what has waited long enough. At the very beginning nothing can be found, so nothing has
 * to wait. */
static void learn_waiting(struct shift *shift, int64_t now)
{
	while (shift->waiting_count > 0) {
		const struct shift_bin *bin = &shift->waiting[shift->first];

		if (shift->waiting_count < SHIFT_WAITING_MAX && now - bin->number < LATE_BINS &&
			now - shift->begin >= LEARN_BINS / 2)
			return;
		learn(shift, bin);
		shift->first = (shift->first + 1) % SHIFT_WAITING_MAX;
		shift->waiting_count--;
	}
}

static void wait(struct shift *shift, const struct shift_bin *bin)
{
	uint32_t place = (shift->first + shift->waiting_count) % SHIFT_WAITING_MAX;

	shift->waiting[place] = *bin;
	shift->waiting_count++;
}

/* ---- findings ---- */

/* May something be found now? */
static bool is_ready(const struct shift *shift, int64_t bin)
{
	return bin - shift->begin >= LEARN_BINS && shift->follow_weight >= FOLLOW_WEIGHT &&
	       (is_known(shift, floor_div(bin, SLOT_BINS)) || shift->pace >= PACE_MIN);
}

/* The quarters of a shift that has ended learn a part of it. */
static void learn_again(struct shift *shift, int64_t from, int64_t end, double shifted)
{
	int64_t first = floor_div(from, SLOT_BINS), last = floor_div(end, SLOT_BINS);

	if (last - first >= SHIFT_SLOTS)
		first = last - SHIFT_SLOTS + 1;
	for (int64_t slot = first; slot <= last; slot++)
		shift->course[place_of(slot)] += (float)(DAY_AGAIN * shifted);
}

/* What was found last has lasted for a day, or is over: it is usual. */
static void forget(struct shift *shift)
{
	shift->shifted = 0.0;
	shift->step = 0.0;
	shift->finding = (struct shift_finding){.factor = 1.0};
}

/* The level moves by what was found; bins that wait are kept against it. */
static void move_level(struct shift *shift, double size, int64_t since)
{
	shift->level += size;
	shift->shifted += size;
	shift->low += size;
	shift->high += size;
	for (uint32_t i = 0; i < shift->waiting_count; i++) {
		struct shift_bin *late = &shift->waiting[(shift->first + i) % SHIFT_WAITING_MAX];

		if (late->number >= since)
			late->mean -= size;
	}
}

/* True when the shift is new: not the way back, nor the rest of one that was found just now. */
static bool find(struct shift *shift, const struct shift_side *side, int64_t bin)
{
	double size = side->sum / side->weight, before = shift->step;
	struct shift_finding *finding = &shift->finding;
	bool is_rest = finding->is_found && before * size > 0.0 &&
		       bin - floor_div(finding->at_ns, BIN_NS) < 2 * LATE_BINS;

	move_level(shift, size, side->since);
	shift->step = is_rest ? before + size : size;
	if (before * size < 0.0 && num_abs(before + size) < num_max(BACK, num_abs(before) / 2)) {
		learn_again(shift, floor_div(finding->since_ns, BIN_NS), side->since, before);
		shift->step = 0.0;
	}
	if (!is_rest)
		*finding = (struct shift_finding){
			true, 1.0, side->since * BIN_NS, num_add_i64(bin * BIN_NS, BIN_NS)};
	finding->factor = num_exp(num_clamp(shift->shifted, -SIZE_MAX_LN, SIZE_MAX_LN));
	if (num_abs(shift->shifted) < num_max(BACK, num_abs(before) / 2))
		forget(shift);
	shift->up = (struct shift_side){0};
	shift->down = (struct shift_side){0};
	return finding->is_found && !is_rest;
}

static void look(struct shift_side *side, double sign, const struct shift_bin *bin, double left,
	double square)
{
	double count = (double)bin->count;

	if (side->score <= 0.0)
		*side = (struct shift_side){.since = bin->number};
	side->score += count * STEP * (sign * left - STEP / 2.0) / square;
	side->sum += count * left;
	side->weight += count;
}

static bool has_found(const struct shift_side *side)
{
	return side->score >= FOUND && num_abs(side->sum) >= STEP_MIN * side->weight;
}

static bool judge(struct shift *shift, const struct shift_bin *bin)
{
	double left = bin->mean - usual_at(shift, bin->number);
	double square = square_of(shift);
	struct shift_side side;

	if (shift->finding.is_found &&
		bin->number - floor_div(shift->finding.at_ns, BIN_NS) >= DAY_BINS)
		forget(shift);
	if (!is_ready(shift, bin->number)) {
		shift->up.score = 0.0;
		shift->down.score = 0.0;
		return false;
	}
	look(&shift->up, 1.0, bin, left, square);
	look(&shift->down, -1.0, bin, left, square);
	side = has_found(&shift->up) ? shift->up : shift->down;
	return has_found(&side) && find(shift, &side, bin->number);
}

/* ---- bins ---- */

static void open_bin(struct shift *shift, int64_t bin)
{
	int64_t from = floor_div(shift->bin, SLOT_BINS), to = floor_div(bin, SLOT_BINS);
	double usual, reach;

	if (shift->is_open)
		cross_slots(shift, from, to);
	usual = shift->level + usual_at(shift, bin);
	reach = shift->follow_weight < FOLLOW_WEIGHT
			? REACH_FIRST
			: num_max(CLIP * num_sqrt(square_of(shift)), 3.0 * STEP);
	shift->low = usual - reach;
	shift->high = usual + reach;
	shift->bin = bin;
	shift->count = 0;
	shift->sum = 0.0;
	shift->square = 0.0;
}

static bool close_bin(struct shift *shift)
{
	struct shift_bin bin = {shift->bin, 0.0, shift->count};
	double mean = shift->sum / (double)shift->count;
	bool found;

	if (shift->count > 1) {
		shift->within_sum += num_max(shift->square - shift->sum * mean, 0.0);
		shift->within_weight += (double)shift->count - 1.0;
		fade(&shift->within_sum, &shift->within_weight, SQUARES_WITHIN);
	}
	bin.mean = mean - shift->level;
	found = judge(shift, &bin);
	bin.mean = mean - shift->level;
	wait(shift, &bin);
	learn_waiting(shift, shift->bin);
	return found;
}

static void begin(struct shift *shift, int64_t bin, double value)
{
	shift->level = value;
	open_bin(shift, bin);
	shift->begin = bin;
	shift->learned = bin;
	shift->slot = floor_div(bin, SLOT_BINS);
	shift->is_open = true;
}

bool shift_add(struct shift *shift, int64_t at_ns, double seconds)
{
	int64_t bin = floor_div(at_ns, BIN_NS);
	bool found = false;
	double value;

	if (!(seconds > 0.0) || !num_is_finite(seconds))
		return false;
	value = num_log(num_clamp(seconds, SECONDS_MIN, SECONDS_MAX));
	if (shift->is_open && bin < shift->bin - DAY_BINS)
		shift_init(shift); /* the clock was set */
	if (!shift->is_open)
		begin(shift, bin, value);
	if (bin > shift->bin) {
		found = close_bin(shift);
		open_bin(shift, bin);
	}
	value = num_clamp(value, shift->low, shift->high);
	shift->count++;
	shift->sum += value;
	shift->square += value * value;
	return found;
}

/* ---- saved states ---- */

/* clang-format off */
#define NUMBERS(X)                                                                                 \
	X(sum)                                                                                     \
	X(square)                                                                                  \
	X(low)                                                                                     \
	X(high) X(level) X(follow) X(follow_slow) X(follow_weight) X(pace) X(within_sum)           \
		X(within_weight) X(between) X(between_weight) X(slot_sum) X(slot_weight)           \
			X(up.score) X(up.sum) X(up.weight) X(down.score) X(down.sum)               \
				X(down.weight) X(shifted) X(step) X(finding.factor)

#define PLACES(X) X(bin) X(begin) X(learned) X(slot) X(up.since) X(down.since)
/* clang-format on */

void shift_put(const struct shift *shift, struct bytes_writer *writer)
{
	bytes_put_u8(writer, shift->is_open);
	bytes_put_u8(writer, shift->finding.is_found);
	bytes_put_u32(writer, shift->count);
#define X(name) bytes_put_double(writer, shift->name);
	NUMBERS(X)
#undef X
#define X(name) bytes_put_i64(writer, shift->name);
	PLACES(X)
#undef X
	bytes_put_i64(writer, shift->finding.since_ns);
	bytes_put_i64(writer, shift->finding.at_ns);
	for (uint32_t i = 0; i < SHIFT_SLOTS; i++) {
		bytes_put_double(writer, (double)shift->course[i]);
		bytes_put_double(writer, (double)shift->weights[i]);
	}
	bytes_put_u32(writer, shift->waiting_count);
	for (uint32_t i = 0; i < shift->waiting_count; i++) {
		const struct shift_bin *bin =
			&shift->waiting[(shift->first + i) % SHIFT_WAITING_MAX];

		bytes_put_i64(writer, bin->number);
		bytes_put_double(writer, bin->mean);
		bytes_put_u32(writer, bin->count);
	}
}

static bool get_number(struct bytes_reader *reader, double *number)
{
	*number = bytes_get_double(reader);
	return num_abs(*number) <= 1e15;
}

static bool get_place(struct bytes_reader *reader, int64_t *place)
{
	*place = bytes_get_i64(reader);
	return *place >= -BIN_MAX && *place <= BIN_MAX;
}

static bool read_course(struct shift *shift, struct bytes_reader *reader)
{
	double course, weight;
	bool ok = true;

	for (uint32_t i = 0; i < SHIFT_SLOTS; i++) {
		ok = get_number(reader, &course) && ok;
		ok = get_number(reader, &weight) && weight >= 0.0 && ok;
		shift->course[i] = ok ? (float)course : 0.0F;
		shift->weights[i] = ok ? (float)weight : 0.0F;
	}
	return ok;
}

static bool read_waiting(struct shift *shift, struct bytes_reader *reader)
{
	uint32_t count = bytes_get_u32(reader);
	bool ok = count < SHIFT_WAITING_MAX;

	shift->waiting_count = ok ? count : 0;
	for (uint32_t i = 0; i < shift->waiting_count; i++) {
		struct shift_bin *bin = &shift->waiting[i];

		ok = get_place(reader, &bin->number) && ok;
		ok = get_number(reader, &bin->mean) && ok;
		bin->count = bytes_get_u32(reader);
		ok = ok && bin->count > 0;
	}
	return ok;
}

bool shift_read(struct shift *shift, struct bytes_reader *reader)
{
	uint8_t is_open, is_found;
	bool ok;

	shift_init(shift);
	is_open = bytes_get_u8(reader);
	is_found = bytes_get_u8(reader);
	ok = is_open <= 1 && is_found <= 1;
	shift->is_open = is_open != 0;
	shift->finding.is_found = is_found != 0;
	shift->count = bytes_get_u32(reader);
#define X(name) ok = get_number(reader, &shift->name) && ok;
	NUMBERS(X)
#undef X
#define X(name) ok = get_place(reader, &shift->name) && ok;
	PLACES(X)
#undef X
	shift->finding.since_ns = bytes_get_i64(reader);
	shift->finding.at_ns = bytes_get_i64(reader);
	ok = read_course(shift, reader) && ok;
	ok = read_waiting(shift, reader) && ok;
	return ok && !reader->failed && shift->is_open == (shift->count > 0) &&
	       shift->follow_weight >= 0.0 && shift->up.weight >= 0.0 && shift->down.weight >= 0.0;
}
