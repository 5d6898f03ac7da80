/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of forecasts: series of all kinds and steps (noisy, growing, sparse, negative, with
 * holes and spikes), forecast at once and followed value by value. Long sums of doubles are where
 * compilers would differ first.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/checksum.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/forecaster.h"

#define ROUNDS     40
#define SEED       UINT64_C(20240301)
#define VALUES_MAX 3000
#define STEPS      96

static struct forecaster_room room;
static struct forecaster forecaster;
static struct forecaster_fit fit;
static struct forecast_band bands[STEPS];
static double values[VALUES_MAX];

static void draw_series(struct prng *prng, int round, uint32_t count, uint32_t day)
{
	double noise = 0.3 * prng_unit(prng), slope = 0.002 * prng_unit(prng);
	double holes = 0.05 * prng_unit(prng), low = round % 5 == 0 ? -1 : 0;

	for (uint32_t i = 0; i < count; i++) {
		double shape = 1 + (i % day < day / 2 ? 1 : 0) + (i / day % 7 >= 5 ? -0.4 : 0);
		double drawn = prng_normal(prng), kind = prng_unit(prng);

		values[i] = 100 * (shape + low + slope * i) * (1 + noise * drawn);
		if (low == 0 && values[i] < 0)
			values[i] = 0;
		if (round % 3 == 0)
			values[i] = num_round(values[i]);
		if (kind < holes)
			values[i] = kind < holes / 2 ? __builtin_nan("") : 20 * values[i];
	}
	values[0] = 100;
}

static void digest_bands(struct digest *digest, const struct forecast_band *band, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++, band++) {
		digest_double(digest, band->mean);
		digest_double(digest, band->low80);
		digest_double(digest, band->high80);
		digest_double(digest, band->low95);
		digest_double(digest, band->high95);
	}
}

static void follow_series(struct digest *digest, uint32_t count, int64_t step_ns)
{
	forecaster_init(&forecaster, step_ns);
	for (uint32_t i = 0; i < count; i++) {
		struct forecast_band band;

		forecaster_push(&forecaster, values[i]);
		if (i > count - 30 && i % 10 == 0 && forecaster_fit(&forecaster, &room, &fit))
			forecaster_take(&forecaster, &fit);
		if (forecaster_band(&forecaster, 3, &band))
			digest_bands(digest, &band, 1);
	}
	digest_double(digest, track_confidence(&forecaster.track.horizons[0].score));
}

int main(void)
{
	static const int64_t steps_ns[] = {
		10 * NS_PER_S, NS_PER_MIN, 300 * NS_PER_S, 1800 * NS_PER_S, NS_PER_HOUR};
	struct digest digest;
	struct prng prng;

	prng_init(&prng, SEED);
	digest_init(&digest, SEED);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t count = 3 + (uint32_t)prng_below(&prng, VALUES_MAX - 3);
		int64_t step_ns = steps_ns[round % 5];

		draw_series(&prng, round, count, (uint32_t)(NS_PER_DAY / step_ns));
		forecast_make(&room.forecast, values, count, step_ns, STEPS, bands);
		digest_bands(&digest, bands, STEPS);
		follow_series(&digest, count, step_ns);
	}
	printf("digest of %d series forecast: %016" PRIx64 "\n", ROUNDS, digest_value(&digest));
	return 0;
}
