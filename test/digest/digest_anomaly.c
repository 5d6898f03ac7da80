/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A digest of the scores of the anomaly detector on loads of very different sizes with days, noise,
 * shifts, spikes and holes.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/checksum.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/anomaly.h"

#define SERIES 20
#define POINTS 8000
#define SEED   UINT64_C(20240229)

static struct anomaly anomaly;

static double draw_value(struct prng *prng, int64_t minute, double level)
{
	double phase = (double)(minute % 1440) / 1440;
	double course = 1 + 4 * phase * (1 - phase);
	double noise = prng_normal(prng);

	if (prng_chance(prng, PPM / 100))
		return __builtin_nan("");
	if (prng_chance(prng, PPM / 500))
		return level * prng_pareto(prng, 1.5, 10.0);
	return level * (course + 0.1 * noise);
}

static void digest_series(struct digest *digest, struct prng *prng)
{
	double level = prng_lognormal(prng, 1000.0, 3.0);
	int64_t step = 1 + (int64_t)prng_below(prng, 60);

	anomaly_init(&anomaly, ANOMALY_ALL);
	for (int64_t i = 0; i < POINTS; i++) {
		if (prng_chance(prng, PPM / 2000))
			level = prng_lognormal(prng, 1000.0, 3.0);
		double value = draw_value(prng, i * step, level);

		digest_double(digest, anomaly_update(&anomaly, i * step * NS_PER_MIN, value));
		digest_double(digest, anomaly.mood);
	}
}

int main(void)
{
	struct digest digest;
	struct prng prng;

	prng_init(&prng, SEED);
	digest_init(&digest, SEED);
	for (int i = 0; i < SERIES; i++)
		digest_series(&digest, &prng);
	printf("anomaly: %016" PRIx64 "\n", digest_value(&digest));
	return 0;
}
