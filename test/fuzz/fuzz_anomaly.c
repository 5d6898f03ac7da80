/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a series: any double at any time. A score is in [0, 1], what is kept stays finite, and
 * the scores of a beginning are those of the whole.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/num.h"
#include "core/anomaly.h"
#include "target.h"

#define REPEATS 4 /* of the bytes: more points than it takes to learn */

struct sample {
	int64_t at_ns;
	double value;
};

static struct sample sample_at(const uint8_t *data, size_t index)
{
	struct sample sample;

	memcpy(&sample, data + index * sizeof sample, sizeof sample);
	return sample;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct anomaly whole, beginning;
	size_t count = size / sizeof(struct sample);

	anomaly_init(&whole, ANOMALY_ALL);
	anomaly_init(&beginning, ANOMALY_ALL);
	for (size_t i = 0; i < REPEATS * count; i++) {
		struct sample sample = sample_at(data, i % count);
		double score = anomaly_update(&whole, sample.at_ns, sample.value);

		bal_assert(score >= 0 && score <= 1);
		bal_assert(num_is_finite(whole.mood));
		bal_assert(num_is_finite(whole.high) && num_is_finite(whole.low));
		if (i < count)
			bal_assert(score == anomaly_update(&beginning, sample.at_ns, sample.value));
	}
	return 0;
}
