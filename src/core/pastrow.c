/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot's place in its day follows from its number, so a row needs only the number of its first
 * slot. What is in the open slot is written whole, as a histogram: a slot that was begun before a
 * restart and ended after it knows the distribution of all of its values.
 *
 * The open hour has what the closed quarters of it had, and no more, in the trail as in the rows.
 * So a quarter that was open is closed into its hour when the trail goes on after it, and into no
 * other: of hours whose rows are lost, what their quarters had is in the quarters alone.
 */
#include "core/pastrow.h"

#include "base/bytes.h"
#include "base/num.h"
#include "base/terse.h"
#include "base/units.h"

#define ROW_VERSION 1

static uint32_t slots_per_day(enum trail_grain grain)
{
	return (uint32_t)(NS_PER_DAY / trail_step_ns(grain));
}

/* What has come into the open slot of a grain so far. */
static void gather_open(const struct trail *trail, enum trail_grain grain, struct histogram *all)
{
	*all = trail->open[grain];
	for (uint32_t i = 0; grain == TRAIL_QUARTER && i < grain; i++)
		histogram_merge(all, &trail->open[i]);
}

static bool has_open(const struct trail *trail, enum trail_grain grain)
{
	uint64_t count = trail->open[grain].count;

	for (uint32_t i = 0; grain == TRAIL_QUARTER && i < grain; i++)
		count += trail->open[i].count;
	return count > 0;
}

bool pastrow_span(
	const struct trail *trail, enum trail_grain grain, int64_t *begin_ns, int64_t *end_ns)
{
	*end_ns = trail_end_ns(trail, grain);
	*begin_ns = *end_ns - (int64_t)trail->count[grain] * trail_step_ns(grain);
	return trail->begun && (trail->count[grain] > 0 || has_open(trail, grain));
}

static void put_slot(const struct trail *trail, enum trail_grain grain, uint32_t back,
	struct bytes_writer *writer)
{
	const struct trail_slot *slot = trail_slot_back(trail, grain, back);

	bytes_put_varint(writer, slot->codes[0]);
	for (uint32_t i = 1; slot->codes[0] > 0 && i < TRAIL_NUMBERS; i++)
		bytes_put_varint(writer, slot->codes[i]);
}

/* A day in which nobody reported is not kept. */
static bool has_any(const struct trail *trail, enum trail_grain grain, int64_t first, int64_t end)
{
	for (int64_t number = first; number < end; number++)
		if (trail_slot_back(trail, grain, (uint32_t)(trail->open_number[grain] - number))
				->codes[0] > 0)
			return true;
	return false;
}

bool pastrow_put(
	const struct trail *trail, enum trail_grain grain, int64_t day, struct bytes_writer *writer)
{
	int64_t open = trail->open_number[grain];
	int64_t first = num_max_i64(day * slots_per_day(grain), open - trail->count[grain]);
	int64_t end = num_min_i64((day + 1) * slots_per_day(grain), open);
	bool is_open = open / slots_per_day(grain) == day && has_open(trail, grain);
	struct histogram all;

	if (!trail->begun || open < 0 || day < 0 || !(is_open || has_any(trail, grain, first, end)))
		return false;
	first = num_min_i64(first, end);
	bytes_put_u8(writer, ROW_VERSION);
	bytes_put_varint(writer, (uint64_t)first);
	bytes_put_varint(writer, (uint64_t)(end - first));
	for (int64_t number = first; number < end; number++)
		put_slot(trail, grain, (uint32_t)(open - number), writer);
	bytes_put_u8(writer, is_open);
	if (is_open) {
		gather_open(trail, grain, &all);
		histogram_save(&all, writer);
	}
	return true;
}

/* Brings the open slot to `number` without a word to the grain above: that knows already. */
static void close_until(struct trail *trail, enum trail_grain grain, int64_t number)
{
	static const struct trail_slot empty;
	int64_t skipped = num_min_i64(
		number - trail->open_number[grain], (int64_t)trail_slot_count(grain) + 1);
	struct trail_slot slot;

	for (int64_t i = 0; i < skipped; i++) {
		if (i == 0)
			trail_sum_up(&trail->open[grain], &slot);
		trail_push(trail, grain, i == 0 ? &slot : &empty);
	}
	if (skipped <= 0)
		return;
	histogram_reset(&trail->open[grain]);
	trail->open_number[grain] = number;
}

static bool read_slot(struct trail_slot *slot, struct bytes_reader *reader)
{
	*slot = (struct trail_slot){.codes = {0}};
	for (uint32_t i = 0; i < TRAIL_NUMBERS; i++) {
		uint64_t code = bytes_get_varint(reader);

		if (code >= TERSE_NONE)
			return false;
		slot->codes[i] = (uint16_t)code;
		if (slot->codes[0] == 0)
			break;
	}
	return !reader->failed;
}

bool pastrow_read(struct pastrow *row, enum trail_grain grain, struct bytes_reader *reader)
{
	uint32_t day_slots = slots_per_day(grain);
	uint8_t version = bytes_get_u8(reader);
	uint64_t first = bytes_get_varint(reader);
	uint64_t count = bytes_get_varint(reader);
	uint8_t is_open;

	if (version != ROW_VERSION || count > day_slots ||
		first > (uint64_t)(INT64_MAX / 2 / trail_step_ns(grain)) ||
		first % day_slots + count > day_slots)
		return false;
	row->first = (int64_t)first;
	row->count = (uint32_t)count;
	for (uint32_t i = 0; i < row->count; i++)
		if (!read_slot(&row->slots[i], reader))
			return false;
	is_open = bytes_get_u8(reader);
	row->open.count = 0;
	if (is_open > 1 || (is_open == 1 && !histogram_load(&row->open, reader)))
		return false;
	return !reader->failed && bytes_left(reader) == 0 && (row->open.count > 0) == is_open;
}

static bool is_fresh(const struct trail *trail)
{
	return trail->count[TRAIL_FINE] == 0 && trail->open[TRAIL_FINE].count == 0;
}

static bool is_empty(const struct trail *trail, enum trail_grain grain)
{
	return trail->count[grain] == 0 && trail->open[grain].count == 0;
}

bool pastrow_take(
	struct trail *trail, enum trail_grain grain, const struct pastrow *row, int64_t wall_ns)
{
	int64_t now = wall_ns / trail_step_ns(grain);
	int64_t first = num_min_i64(row->first, now);
	int64_t keep = num_clamp_i64(now - first, 0, row->count);

	if (wall_ns < 0 || !is_fresh(trail))
		return false;
	if (is_empty(trail, grain))
		trail->open_number[grain] = first;
	else if (row->first < trail->open_number[grain])
		return false;
	trail->begun = true;
	close_until(trail, grain, first);
	for (int64_t i = 0; i < keep; i++)
		trail_push(trail, grain, &row->slots[i]);
	trail->open_number[grain] += keep;
	if (row->open.count > 0 && row->first + row->count <= now)
		trail->open[grain] = row->open;
	return true;
}

void pastrow_resume(struct trail *trail, int64_t wall_ns)
{
	int64_t *numbers = trail->open_number;
	int64_t hour;

	if (!trail->begun || wall_ns < 0 || !is_fresh(trail))
		return;
	for (uint32_t i = 0; i < TRAIL_HOUR; i++)
		if (is_empty(trail, (enum trail_grain)i))
			numbers[i] = wall_ns / trail_step_ns((enum trail_grain)i);
	hour = numbers[TRAIL_QUARTER] / (trail_step_ns(TRAIL_HOUR) / trail_step_ns(TRAIL_QUARTER));
	if (is_empty(trail, TRAIL_HOUR))
		numbers[TRAIL_HOUR] = hour;
	close_until(trail, TRAIL_HOUR, hour);
	if (numbers[TRAIL_QUARTER] < wall_ns / trail_step_ns(TRAIL_QUARTER)) {
		if (hour == numbers[TRAIL_HOUR])
			histogram_merge(&trail->open[TRAIL_HOUR], &trail->open[TRAIL_QUARTER]);
		close_until(trail, TRAIL_QUARTER, wall_ns / trail_step_ns(TRAIL_QUARTER));
	}
	close_until(trail, TRAIL_HOUR, wall_ns / trail_step_ns(TRAIL_HOUR));
}
