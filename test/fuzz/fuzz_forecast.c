/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a series: every forecast of it is finite, in order, and not negative unless the
 * series is; twice the same bits. Then the same series value by value. */
#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"
#include "core/forecaster.h"
#include "target.h"

#include <string.h>

enum { VALUES_MAX = 2000, STEPS_MAX = 60, HEAD_SIZE = 2, EVERY = 16 };

#define VALUE_MAX 1e30

static struct forecaster_room room;
static struct forecaster forecaster;
static struct forecaster_fit fit;
static struct forecast_band bands[STEPS_MAX], again[STEPS_MAX];
static double values[VALUES_MAX];

/* Eight bytes are a double as it is; one byte in between is a small number, or a hole. */
static uint32_t read_values(const uint8_t *data, size_t size, bool *is_signed)
{
	uint32_t count = 0;

	*is_signed = false;
	while (size > 0 && count < VALUES_MAX) {
		double value = data[0] == 0xff ? __builtin_nan("") : data[0];

		if (data[0] == 0xfe && size > sizeof value) {
			memcpy(&value, data + 1, sizeof value);
			data += sizeof value;
			size -= sizeof value;
			if (!(num_abs(value) <= VALUE_MAX))
				value = __builtin_nan("");
		}
		*is_signed = *is_signed || value < 0;
		values[count++] = value;
		data++;
		size--;
	}
	return count;
}

static void check_bands(uint32_t steps, bool is_signed)
{
	for (uint32_t i = 0; i < steps; i++) {
		const struct forecast_band *band = &bands[i];

		bal_assert(num_is_finite(band->low95));
		bal_assert(num_is_finite(band->high95));
		bal_assert(band->low95 <= band->low80);
		bal_assert(band->low80 <= band->mean);
		bal_assert(band->mean <= band->high80);
		bal_assert(band->high80 <= band->high95);
		bal_assert(is_signed || band->low95 >= 0);
	}
}

static void follow(uint32_t count, int64_t step_ns)
{
	struct forecast_band band;

	forecaster_init(&forecaster, step_ns);
	for (uint32_t i = 0; i < count; i++) {
		forecaster_push(&forecaster, values[i]);
		if (i == count / 2 && forecaster_fit(&forecaster, &room, &fit))
			forecaster_take(&forecaster, &fit);
		if (forecaster_band(&forecaster, 1, &band)) {
			bal_assert(num_is_finite(band.low95));
			bal_assert(band.low95 <= band.mean);
			bal_assert(band.mean <= band.high95);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t steps_ns[] = {1, NS_PER_S, 10 * NS_PER_S, NS_PER_MIN, 300 * NS_PER_S,
		NS_PER_HOUR, NS_PER_DAY, 365 * NS_PER_DAY};
	bool is_signed;

	/* A forecast costs as much as parsing a megabyte: most of the made-up inputs are let go. */
	if (size < HEAD_SIZE || data[0] % EVERY != 0)
		return 0;
	int64_t step_ns = steps_ns[data[0] / EVERY % 8];
	uint32_t steps = 1 + data[1] % STEPS_MAX;
	uint32_t count = read_values(data + HEAD_SIZE, size - HEAD_SIZE, &is_signed);
	bool made = forecast_make(&room.forecast, values, count, step_ns, steps, bands);
	if (!made)
		return 0;
	check_bands(steps, is_signed);
	bal_assert(forecast_make(&room.forecast, values, count, step_ns, steps, again));
	bal_assert(memcmp(bands, again, steps * sizeof *bands) == 0);
	follow(count, step_ns);
	return 0;
}
