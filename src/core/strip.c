/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand agents of twenty signals each make this the larger part of what is remembered, so it
 * keeps two codes of 16 bits a slot, and no distribution: its pool has that of all its agents. */
#include "core/strip.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/num.h"
#include "base/terse.h"
#include "base/units.h"

#define FINE_NS         (5 * NS_PER_S)
#define FINE_PER_MINUTE 12
#define FINE_PER_HOUR   (60 * FINE_PER_MINUTE)
#define WALL_MAX_NS     (INT64_MAX / 2)

static const struct {
	uint16_t first, slots;
} GRAINS[STRIP_GRAIN_COUNT] = {
	[STRIP_FINE] = {0, STRIP_FINE_SLOTS},
	[STRIP_MINUTE] = {STRIP_FINE_SLOTS, STRIP_MINUTE_SLOTS},
};

static int64_t number_of(int64_t wall_ns)
{
	int64_t at_ns = num_clamp_i64(wall_ns, -WALL_MAX_NS, WALL_MAX_NS);

	return at_ns / FINE_NS - (at_ns % FINE_NS < 0);
}

static int64_t minute_of(int64_t number)
{
	return number / FINE_PER_MINUTE - (number % FINE_PER_MINUTE < 0);
}

static void push(struct strip *strip, enum strip_grain grain, uint16_t mean, uint16_t max)
{
	uint32_t place = GRAINS[grain].first + strip->next[grain];

	strip->mean[place] = mean;
	strip->max[place] = max;
	strip->next[grain] = (uint16_t)((strip->next[grain] + 1) % GRAINS[grain].slots);
	if (strip->count[grain] < GRAINS[grain].slots)
		strip->count[grain]++;
}

static void close_slot(struct strip *strip, enum strip_grain grain, int64_t skipped)
{
	struct strip_open *open = &strip->open[grain];

	if (open->count == 0)
		push(strip, grain, TERSE_NONE, TERSE_NONE);
	else
		push(strip, grain, terse_of(num_to_i64(open->sum / (double)open->count)),
			terse_of(open->max));
	*open = (struct strip_open){0};
	skipped = num_min_i64(skipped, GRAINS[grain].slots);
	for (int64_t i = 0; i < skipped; i++)
		push(strip, grain, TERSE_NONE, TERSE_NONE);
}

void strip_advance(struct strip *strip, int64_t wall_ns)
{
	int64_t number = number_of(wall_ns);
	int64_t before = strip->open_number;

	if (!strip->begun)
		return;
	if (number < before - FINE_PER_HOUR) {
		strip->open_number = number;
		return;
	}
	if (number <= before)
		return;
	close_slot(strip, STRIP_FINE, number - before - 1);
	if (minute_of(number) > minute_of(before))
		close_slot(strip, STRIP_MINUTE, minute_of(number) - minute_of(before) - 1);
	strip->open_number = number;
}

static void add(struct strip_open *open, int64_t value)
{
	open->sum += (double)value;
	open->max = num_max_i64(open->max, value);
	open->count += open->count < UINT32_MAX;
}

void strip_record(struct strip *strip, int64_t wall_ns, int64_t value)
{
	if (!strip->begun)
		strip->open_number = number_of(wall_ns);
	strip->begun = true;
	strip_advance(strip, wall_ns);
	for (uint32_t i = 0; i < STRIP_GRAIN_COUNT; i++)
		add(&strip->open[i], num_max_i64(value, 0));
}

static uint32_t place_back(const struct strip *strip, enum strip_grain grain, uint32_t back)
{
	uint32_t slots = GRAINS[grain].slots;

	return GRAINS[grain].first + (strip->next[grain] + slots - back) % slots;
}

bool strip_past(const struct strip *strip, enum strip_grain grain, uint32_t back, int64_t *mean,
	int64_t *max)
{
	uint32_t place;

	if (back == 0 || back > strip->count[grain])
		return false;
	place = place_back(strip, grain, back);
	*mean = strip->mean[place] == TERSE_NONE ? -1 : terse_value(strip->mean[place]);
	*max = strip->max[place] == TERSE_NONE ? -1 : terse_value(strip->max[place]);
	return true;
}

int64_t strip_end_ns(const struct strip *strip, enum strip_grain grain)
{
	return grain == STRIP_FINE ? strip->open_number * FINE_NS
				   : minute_of(strip->open_number) * NS_PER_MIN;
}

static void put_grain(
	const struct strip *strip, enum strip_grain grain, struct bytes_writer *writer)
{
	bytes_put_double(writer, strip->open[grain].sum);
	bytes_put_i64(writer, strip->open[grain].max);
	bytes_put_u32(writer, strip->open[grain].count);
	bytes_put_u16(writer, strip->count[grain]);
	for (uint32_t back = strip->count[grain]; back > 0; back--) {
		bytes_put_u16(writer, strip->mean[place_back(strip, grain, back)]);
		bytes_put_u16(writer, strip->max[place_back(strip, grain, back)]);
	}
}

void strip_put(const struct strip *strip, struct bytes_writer *writer)
{
	bytes_put_u8(writer, strip->begun);
	if (!strip->begun)
		return;
	bytes_put_i64(writer, strip->open_number);
	for (uint32_t i = 0; i < STRIP_GRAIN_COUNT; i++)
		put_grain(strip, (enum strip_grain)i, writer);
}

void strip_digest(const struct strip *strip, struct digest *digest)
{
	digest_bytes(digest, &strip->open_number, sizeof strip->open_number);
	digest_bytes(digest, strip->count, sizeof strip->count);
	for (uint32_t i = 0; i < STRIP_GRAIN_COUNT; i++) {
		digest_bytes(digest, &strip->open[i].sum, sizeof strip->open[i].sum);
		digest_bytes(digest, &strip->open[i].max, sizeof strip->open[i].max);
		digest_bytes(digest, &strip->open[i].count, sizeof strip->open[i].count);
		for (uint32_t back = strip->count[i]; back > 0; back--) {
			uint32_t place = place_back(strip, (enum strip_grain)i, back);

			digest_bytes(digest, &strip->mean[place], sizeof strip->mean[place]);
			digest_bytes(digest, &strip->max[place], sizeof strip->max[place]);
		}
	}
}

static bool read_grain(struct strip *strip, enum strip_grain grain, struct bytes_reader *reader)
{
	uint16_t count;

	strip->open[grain].sum = bytes_get_double(reader);
	strip->open[grain].max = bytes_get_i64(reader);
	strip->open[grain].count = bytes_get_u32(reader);
	count = bytes_get_u16(reader);
	if (count > GRAINS[grain].slots)
		return false;
	for (uint32_t i = 0; i < count && !reader->failed; i++) {
		uint16_t mean = bytes_get_u16(reader);
		uint16_t max = bytes_get_u16(reader);

		push(strip, grain, mean, max);
	}
	return !reader->failed;
}

bool strip_read(struct strip *strip, struct bytes_reader *reader)
{
	uint8_t begun = bytes_get_u8(reader);
	bool ok = begun <= 1;

	strip->begun = begun != 0;
	if (ok && strip->begun)
		strip->open_number = bytes_get_i64(reader);
	for (uint32_t i = 0; ok && strip->begun && i < STRIP_GRAIN_COUNT; i++)
		ok = read_grain(strip, (enum strip_grain)i, reader);
	return ok && !reader->failed && strip_check(strip) == NULL;
}

const char *strip_check(const struct strip *strip)
{
	int64_t last = WALL_MAX_NS / FINE_NS;

	if (strip->open_number < -last - 1 || strip->open_number > last)
		return "strip: the number of its slot is of a time";
	for (uint32_t i = 0; i < STRIP_GRAIN_COUNT; i++) {
		const struct strip_open *open = &strip->open[i];

		if (strip->count[i] > GRAINS[i].slots || strip->next[i] >= GRAINS[i].slots)
			return "strip: slots are within their ring";
		if (!num_is_finite(open->sum) || open->sum < 0 || open->max < 0 ||
			(open->count == 0 && (open->sum > 0 || open->max > 0)))
			return "strip: an open slot without values is empty";
	}
	return NULL;
}
