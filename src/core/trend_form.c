/* SPDX-License-Identifier: Apache-2.0 */
/* Where the ring of minutes begins is given by the minute, so places are written as they are. */
#include "base/bytes.h"
#include "base/num.h"
#include "core/trend.h"

#include <string.h>

#define VALUE_MAX  1e30
#define TIME_MAX   (INT64_MAX / 2)
#define MINUTE_MAX (TIME_MAX / 60000000000)

struct put {
	struct bytes_writer *writer;
	void (*flush)(void *context);
	void *context;
};

static void put_floats(const struct put *put, const float *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &values[i], sizeof bits);
		bytes_put_u32(put->writer, bits);
	}
	put->flush(put->context);
}

/* NaN is missing. */
static bool get_floats(struct bytes_reader *reader, float *values, uint32_t count)
{
	bool ok = true;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t bits = bytes_get_u32(reader);

		memcpy(&values[i], &bits, sizeof bits);
		ok = ok && !(num_abs((double)values[i]) > VALUE_MAX);
	}
	return ok;
}

static bool get_number(struct bytes_reader *reader, double *number)
{
	*number = bytes_get_double(reader);
	return num_abs(*number) <= VALUE_MAX * VALUE_MAX;
}

static bool get_time(struct bytes_reader *reader, int64_t most, int64_t *time)
{
	*time = bytes_get_i64(reader);
	return *time >= -most && *time <= most;
}

static void put_finding(struct bytes_writer *writer, const struct trend_finding *finding)
{
	bytes_put_u8(writer, finding->is_found);
	bytes_put_double(writer, finding->slope);
	bytes_put_double(writer, finding->slope_low);
	bytes_put_double(writer, finding->slope_high);
	bytes_put_double(writer, finding->confidence);
	bytes_put_double(writer, finding->floor);
	bytes_put_double(writer, finding->height);
	bytes_put_i64(writer, finding->since_ns);
	bytes_put_i64(writer, finding->at_ns);
}

static bool get_finding(struct bytes_reader *reader, struct trend_finding *finding)
{
	bool ok;

	finding->is_found = bytes_get_u8(reader) != 0;
	ok = get_number(reader, &finding->slope);
	ok = get_number(reader, &finding->slope_low) && ok;
	ok = get_number(reader, &finding->slope_high) && ok;
	ok = get_number(reader, &finding->confidence) && ok;
	ok = get_number(reader, &finding->floor) && ok;
	ok = get_number(reader, &finding->height) && ok;
	ok = get_time(reader, TIME_MAX, &finding->since_ns) && ok;
	return get_time(reader, TIME_MAX, &finding->at_ns) && ok;
}

void trend_put(const struct trend *trend, struct bytes_writer *writer, void (*flush)(void *context),
	void *context)
{
	struct put put = {writer, flush, context};

	bytes_put_i64(writer, trend->minute);
	bytes_put_i64(writer, trend->begin);
	bytes_put_u8(writer, trend->is_open);
	bytes_put_u32(writer, trend->calm);
	put_finding(writer, &trend->finding);
	put_floats(&put, &trend->low, 1);
	put_floats(&put, &trend->high, 1);
	put_floats(&put, trend->lows, TREND_MINUTES);
	put_floats(&put, trend->highs, TREND_MINUTES);
	put_floats(&put, trend->slots, TREND_SLOTS);
	put_floats(&put, trend->days, TREND_DAYS);
	put_floats(&put, &trend->day_low, 1);
	for (uint32_t i = 0; i < TREND_SCALES; i++) {
		bytes_put_double(writer, trend->scales[i].square);
		bytes_put_double(writer, trend->scales[i].weight);
		put_floats(&put, trend->scales[i].late, 32);
	}
}

bool trend_read(struct trend *trend, struct bytes_reader *reader)
{
	bool ok = get_time(reader, MINUTE_MAX, &trend->minute);

	ok = get_time(reader, MINUTE_MAX, &trend->begin) && trend->begin <= trend->minute && ok;
	trend->is_open = bytes_get_u8(reader) != 0;
	trend->calm = bytes_get_u32(reader);
	ok = get_finding(reader, &trend->finding) && ok;
	ok = get_floats(reader, &trend->low, 1) && ok;
	ok = get_floats(reader, &trend->high, 1) && ok;
	ok = get_floats(reader, trend->lows, TREND_MINUTES) && ok;
	ok = get_floats(reader, trend->highs, TREND_MINUTES) && ok;
	ok = get_floats(reader, trend->slots, TREND_SLOTS) && ok;
	ok = get_floats(reader, trend->days, TREND_DAYS) && ok;
	ok = get_floats(reader, &trend->day_low, 1) && ok;
	for (uint32_t i = 0; i < TREND_SCALES; i++) {
		ok = get_number(reader, &trend->scales[i].square) && ok;
		ok = get_number(reader, &trend->scales[i].weight) && ok;
		ok = get_floats(reader, trend->scales[i].late, 32) && ok;
	}
	return ok && !reader->failed;
}
