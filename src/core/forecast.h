/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_FORECAST_H
#define BAL_CORE_FORECAST_H

#include "core/bank.h"
#include "core/blend.h"

/*
 * forecast: the next values of a series with intervals, from its past values and nothing else. A
 * pure function: the same values give the same bits. It needs about 6 MB of memory while it runs,
 * which all series share.
 */
#define FORECAST_STEPS_MAX HISTORY_AHEAD

struct forecast_band {
	double mean;          /* what is expected: as likely too high as too low */
	double low80, high80; /* holds the truth four times out of five */
	double low95, high95; /* nineteen times out of twenty */
};

/* Memory; zero it once. */
struct forecast_room {
	struct bank bank;
	struct blend_room blend_room;
	struct blend blend;
	double levels[FORECAST_STEPS_MAX];
};

/*
 * Forecasts `steps` (1 .. FORECAST_STEPS_MAX) steps of step_ns behind the last of `count` values,
 * oldest first, NaN for missing. Bands are finite, ordered, and not negative unless the series is.
 * False when there is no value at all. Values are at most 1e30 in size.
 */
bool forecast_make(struct forecast_room *room, const double *values, uint32_t count,
	int64_t step_ns, uint32_t steps, struct forecast_band *bands);

#endif
