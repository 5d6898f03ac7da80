/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A histogram over the logarithm of the value. Below the largest TAIL_SHARE of the values the
 * rarity is counted. Above, counting ends at one in the number of values seen, and that is where
 * anomalies are; so the tail is continued as a power law, which the logarithm turns into an
 * exponential: one number, its mean excess, is the maximum-likelihood fit (Hill, Annals of
 * Statistics 1975). To fit a tail beyond a high quantile of a stream is the idea of Siffer et al.,
 * "Anomaly Detection in Streams with Extreme Value Theory" (KDD 2017).
 *
 * A young stream has a handful of values in its tail, and the fit would believe them. So the fit
 * starts from PRIOR_COUNT imagined values with an exponent of about 3, which is what returns of
 * prices, sizes of files and loads have in common. A second parameter for the tail's shape was
 * rejected: it cannot be learned from so few values.
 */
#include "core/tail.h"

#include "base/assert.h"
#include "base/num.h"

#define TAIL_SHARE   0.02
#define PRIOR_COUNT  60.0
#define PRIOR_EXCESS (0.5 * TAIL_OCTAVE_BUCKETS) /* half an octave */

#define BUCKETS_PER_E (TAIL_OCTAVE_BUCKETS * 1.4426950408889634)
#define LOG10_E       0.43429448190325183
#define COUNT_MAX     (UINT32_C(1) << 31)

/* Where the value lies on the axis of buckets, 0 .. TAIL_BUCKETS - 1. */
static double place(double value)
{
	return num_clamp(
		num_log(value) * BUCKETS_PER_E + TAIL_BUCKETS / 2.0, 0.0, TAIL_BUCKETS - 1.0);
}

/* Within its bucket a value counts as many as lie above it if they are spread evenly. */
static double rarity_counted(const struct tail *tail, double at)
{
	uint32_t bucket = (uint32_t)at;
	double above = (bucket + 1 - at) * tail->counts[bucket];

	for (uint32_t i = tail->top; i > bucket; i--)
		above += tail->counts[i];
	return LOG10_E * num_log((tail->count + 1.0) / (above + 1.0));
}

double tail_rarity(const struct tail *tail, double value)
{
	double at = place(value);
	double needed = TAIL_SHARE * tail->count;
	double above = 0;
	double excess = 0;
	uint32_t start = tail->top + 1;

	if (tail->count == 0)
		return 0;
	do {
		start--;
		above += tail->counts[start];
		excess += tail->counts[start] * (start + 0.5);
	} while (start > 0 && above < needed);
	if ((uint32_t)at <= start)
		return rarity_counted(tail, at);
	excess = (excess - above * start + PRIOR_COUNT * PRIOR_EXCESS) / (above + PRIOR_COUNT);
	return LOG10_E * (num_log((tail->count + 1.0) / above) + (at - start) / excess);
}

/* Every count halves: what is old counts less, and nothing overflows. */
static void halve(struct tail *tail)
{
	tail->count = 0;
	for (uint32_t i = 0; i <= tail->top; i++) {
		tail->counts[i] /= 2;
		tail->count += tail->counts[i];
	}
	while (tail->top > 0 && tail->counts[tail->top] == 0)
		tail->top--;
}

void tail_add(struct tail *tail, double value)
{
	uint32_t bucket = (uint32_t)place(value);

	bal_assert(value >= 0);
	if (tail->count == COUNT_MAX)
		halve(tail);
	tail->counts[bucket]++;
	tail->count++;
	if (bucket > tail->top)
		tail->top = bucket;
}
