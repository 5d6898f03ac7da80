/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_SMOOTH_H
#define BAL_CORE_SMOOTH_H

#include "core/history.h"

/*
 * smooth: exponential smoothing with a level, a daily and a weekly pattern, and an error that
 * carries on (after Taylor 2003, "Short-term electricity demand forecasting using double seasonal
 * exponential smoothing"). One pass over the history; what was known at each step is kept, so that
 * forecasts can be made from any origin without looking ahead.
 */
struct smooth_rates {
	double level, day, week; /* of the error that each learns, per step */
	double carry;            /* of the error that is left after one step */
};

struct smooth {
	bool is_log;
	struct smooth_rates rates;
	double level[HISTORY_MAX];
	double error[HISTORY_MAX];
	double day[HISTORY_MAX]; /* of the phase of that step */
	double week[HISTORY_MAX];
};

/* Memory that smooth_run uses and leaves as garbage. */
struct smooth_room {
	double day[HISTORY_MAX];
	double week[HISTORY_MAX];
	double sums[HISTORY_MAX];
	uint32_t counts[HISTORY_MAX];
};

/* Runs over the history with these rates. */
void smooth_run(struct smooth *smooth, struct smooth_room *room, const struct history *history,
	bool is_log, struct smooth_rates rates);

/* Forecasts level for `steps` steps from `origin` on, 1 <= origin <= history->count. */
void smooth_predict(const struct smooth *smooth, const struct history *history, uint32_t origin,
	uint32_t steps, double *levels);

#endif
