/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A value is recorded once, in the open slot of 5 s. A slot that closes is summed up into its ring
 * and merged whole into the open slot above it, so coarse slots know the distribution of all their
 * values, and a value costs the same however many grains there are. Rings have a place of their own
 * and not one that follows from the time: a clock that is set then needs no slot to move.
 */
#include "core/trail.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/terse.h"
#include "base/units.h"

#define BACK_MAX_NS NS_PER_HOUR
#define WALL_MAX_NS (INT64_MAX / 2)

static const struct {
	int64_t step_ns;
	uint32_t first, slots;
} GRAINS[TRAIL_GRAIN_COUNT] = {
	[TRAIL_FINE] = {5 * NS_PER_S, 0, TRAIL_FINE_SLOTS},
	[TRAIL_MINUTE] = {NS_PER_MIN, TRAIL_FINE_SLOTS, TRAIL_MINUTE_SLOTS},
	[TRAIL_QUARTER] = {15 * NS_PER_MIN, TRAIL_FINE_SLOTS + TRAIL_MINUTE_SLOTS,
		TRAIL_QUARTER_SLOTS},
	[TRAIL_HOUR] = {NS_PER_HOUR, TRAIL_FINE_SLOTS + TRAIL_MINUTE_SLOTS + TRAIL_QUARTER_SLOTS,
		TRAIL_HOUR_SLOTS},
};

_Static_assert(TRAIL_FINE_SLOTS + TRAIL_MINUTE_SLOTS + TRAIL_QUARTER_SLOTS + TRAIL_HOUR_SLOTS ==
		       TRAIL_SLOTS,
	"the rings of all grains");

int64_t trail_step_ns(enum trail_grain grain)
{
	return GRAINS[grain].step_ns;
}

uint32_t trail_slot_count(enum trail_grain grain)
{
	return GRAINS[grain].slots;
}

static int64_t number_of(int64_t wall_ns, enum trail_grain grain)
{
	int64_t step_ns = GRAINS[grain].step_ns;
	int64_t at_ns = num_clamp_i64(wall_ns, -WALL_MAX_NS, WALL_MAX_NS);

	return at_ns / step_ns - (at_ns % step_ns < 0);
}

void trail_push(struct trail *trail, enum trail_grain grain, const struct trail_slot *slot)
{
	trail->slots[GRAINS[grain].first + trail->next[grain]] = *slot;
	trail->next[grain] = (trail->next[grain] + 1) % GRAINS[grain].slots;
	if (trail->count[grain] < GRAINS[grain].slots)
		trail->count[grain]++;
}

void trail_sum_up(const struct histogram *open, struct trail_slot *slot)
{
	*slot = (struct trail_slot){.codes = {0}};
	if (open->count == 0)
		return;
	slot->codes[0] = terse_of((int64_t)(open->count & INT64_MAX));
	slot->codes[1] = terse_of(open->value_min);
	slot->codes[2] = terse_of(num_to_i64(histogram_mean(open)));
	slot->codes[3] = terse_of(open->value_max);
	slot->codes[4] = terse_of(histogram_quantile(open, 500000));
	slot->codes[5] = terse_of(histogram_quantile(open, 900000));
	slot->codes[6] = terse_of(histogram_quantile(open, 950000));
	slot->codes[7] = terse_of(histogram_quantile(open, 990000));
}

/* Closes the open slot, and those after it up to `number` in which nothing was. */
static void close_slot(struct trail *trail, enum trail_grain grain, int64_t number)
{
	static const struct trail_slot empty;
	int64_t skipped = number - trail->open_number[grain] - 1;
	struct trail_slot slot;

	trail_sum_up(&trail->open[grain], &slot);
	trail_push(trail, grain, &slot);
	if (grain + 1 < TRAIL_GRAIN_COUNT)
		histogram_merge(&trail->open[grain + 1], &trail->open[grain]);
	histogram_reset(&trail->open[grain]);
	skipped = num_min_i64(skipped, GRAINS[grain].slots);
	for (int64_t i = 0; i < skipped; i++)
		trail_push(trail, grain, &empty);
}

static void set_numbers(struct trail *trail, int64_t wall_ns)
{
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++)
		trail->open_number[i] = number_of(wall_ns, (enum trail_grain)i);
}

void trail_advance(struct trail *trail, int64_t wall_ns)
{
	int64_t number = number_of(wall_ns, TRAIL_FINE);

	if (!trail->begun)
		return;
	if (number < trail->open_number[TRAIL_FINE] - BACK_MAX_NS / GRAINS[TRAIL_FINE].step_ns)
		set_numbers(trail, wall_ns);
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++) {
		number = number_of(wall_ns, (enum trail_grain)i);
		if (number <= trail->open_number[i])
			break;
		close_slot(trail, (enum trail_grain)i, number);
		trail->open_number[i] = number;
	}
}

void trail_record(struct trail *trail, int64_t wall_ns, int64_t value)
{
	if (!trail->begun)
		set_numbers(trail, wall_ns);
	trail->begun = true;
	trail_advance(trail, wall_ns);
	histogram_record(&trail->open[TRAIL_FINE], value, 1);
}

const struct trail_slot *trail_slot_back(
	const struct trail *trail, enum trail_grain grain, uint32_t back)
{
	uint32_t slots = GRAINS[grain].slots;

	return &trail->slots[GRAINS[grain].first + (trail->next[grain] + slots - back) % slots];
}

bool trail_past(
	const struct trail *trail, enum trail_grain grain, uint32_t back, struct trail_view *view)
{
	const uint16_t *codes;

	if (back == 0 || back > trail->count[grain])
		return false;
	codes = trail_slot_back(trail, grain, back)->codes;
	*view = (struct trail_view){.count = terse_value(codes[0]),
		.min = terse_value(codes[1]),
		.mean = terse_value(codes[2]),
		.max = terse_value(codes[3]),
		.p50 = terse_value(codes[4]),
		.p90 = terse_value(codes[5]),
		.p95 = terse_value(codes[6]),
		.p99 = terse_value(codes[7])};
	return true;
}

bool trail_window(
	const struct trail *trail, enum trail_grain grain, uint32_t slots, struct trail_view *view)
{
	double sum = 0, weight = 0;
	struct trail_view slot;

	*view = (struct trail_view){0};
	for (uint32_t back = 1; back <= slots && trail_past(trail, grain, back, &slot); back++) {
		if (slot.count == 0)
			continue;
		view->min = weight > 0 ? num_min_i64(view->min, slot.min) : slot.min;
		view->max = num_max_i64(view->max, slot.max);
		sum += (double)slot.mean * (double)slot.count;
		weight += (double)slot.count;
	}
	view->count = num_to_i64(weight);
	view->mean = weight > 0 ? num_to_i64(sum / weight) : 0;
	return slots > 0 && trail->count[grain] > 0;
}

int64_t trail_end_ns(const struct trail *trail, enum trail_grain grain)
{
	return trail->open_number[grain] * GRAINS[grain].step_ns;
}

void trail_put(const struct trail *trail, struct bytes_writer *writer)
{
	bytes_put_u8(writer, trail->begun);
	if (!trail->begun)
		return;
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++) {
		bytes_put_i64(writer, trail->open_number[i]);
		bytes_put_varint(writer, trail->count[i]);
		histogram_save(&trail->open[i], writer);
		for (uint32_t back = trail->count[i]; back > 0; back--)
			for (uint32_t j = 0; j < TRAIL_NUMBERS; j++)
				bytes_put_varint(
					writer, trail_slot_back(trail, (enum trail_grain)i, back)
							->codes[j]);
	}
}

/* Of an empty one only that it is. */
static void digest_open(const struct histogram *open, struct digest *digest)
{
	digest_u64(digest, open->count);
	if (open->count == 0)
		return;
	digest_u64(digest, open->sum_low);
	digest_u64(digest, open->sum_high);
	digest_i64(digest, open->value_min);
	digest_i64(digest, open->value_max);
	digest_bytes(digest, open->buckets, sizeof open->buckets);
}

void trail_digest(const struct trail *trail, struct digest *digest)
{
	if (!trail->begun)
		return;
	digest_bytes(digest, trail->open_number, sizeof trail->open_number);
	digest_bytes(digest, trail->count, sizeof trail->count);
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++) {
		digest_open(&trail->open[i], digest);
		for (uint32_t back = trail->count[i]; back > 0; back--)
			digest_bytes(digest, trail_slot_back(trail, (enum trail_grain)i, back),
				sizeof(struct trail_slot));
	}
}

static bool read_slots(struct trail *trail, enum trail_grain grain, struct bytes_reader *reader)
{
	uint64_t count = bytes_get_varint(reader);

	if (count > GRAINS[grain].slots || !histogram_load(&trail->open[grain], reader))
		return false;
	for (uint64_t i = 0; i < count && !reader->failed; i++) {
		struct trail_slot slot;

		for (uint32_t j = 0; j < TRAIL_NUMBERS; j++) {
			uint64_t code = bytes_get_varint(reader);

			if (code >= TERSE_NONE)
				return false;
			slot.codes[j] = (uint16_t)code;
		}
		trail_push(trail, grain, &slot);
	}
	return !reader->failed;
}

bool trail_read(struct trail *trail, struct bytes_reader *reader)
{
	uint8_t begun = bytes_get_u8(reader);
	bool ok = begun <= 1;

	trail->begun = begun != 0;
	for (uint32_t i = 0; ok && trail->begun && i < TRAIL_GRAIN_COUNT; i++) {
		trail->open_number[i] = bytes_get_i64(reader);
		ok = read_slots(trail, (enum trail_grain)i, reader);
	}
	return ok && !reader->failed && trail_check(trail) == NULL;
}

const char *trail_check(const struct trail *trail)
{
	for (uint32_t i = 0; i < TRAIL_GRAIN_COUNT; i++) {
		int64_t last = WALL_MAX_NS / GRAINS[i].step_ns;

		if (trail->count[i] > GRAINS[i].slots || trail->next[i] >= GRAINS[i].slots)
			return "trail: slots are within their ring";
		if (trail->open_number[i] < -last - 1 || trail->open_number[i] > last)
			return "trail: numbers of slots are of times";
		if (i > 0 && trail->begun &&
			trail->open_number[i] !=
				number_of(trail_end_ns(trail, TRAIL_FINE), (enum trail_grain)i))
			return "trail: open slots lie in each other";
	}
	return NULL;
}
