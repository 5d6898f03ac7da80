/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_LAGMODEL_H
#define BAL_CORE_LAGMODEL_H

#include "core/history.h"
#include "core/linear.h"

/*
 * lagmodel: the next value as a weighted sum of earlier ones, fitted by least squares. Longer
 * forecasts read the model's own shorter ones.
 */
enum lag_shape {
	LAG_WIDE,     /* last steps, steps around a day and a week ago, means of windows */
	LAG_PATTERN,  /* fewer of those, and the faded mean of the same phase */
	LAG_SEASONAL, /* only whole days and weeks ago: blind to the last hours */
	LAG_SHAPE_COUNT
};

#define LAG_LAGS_MAX    11
#define LAG_WINDOWS_MAX 4

struct lag_window {
	uint32_t back, size; /* `size` values, the newest of them `back` steps ago */
};

struct lagmodel {
	bool is_log;
	bool has_pattern;
	uint32_t lags[LAG_LAGS_MAX];
	uint32_t lag_count;
	struct lag_window windows[LAG_WINDOWS_MAX];
	uint32_t window_count;
	uint32_t reach;         /* steps back that it reads; UINT32_MAX: too few rows to fit */
	double mean, low, high; /* of the values it was fitted to; it writes none beyond */
	struct linear linear;
};

/*
 * What all lag models read besides the history, [is_log][at]: faded means of the same phase of day
 * and week, and the sum of all values before an index, with room as in struct history.
 */
struct lag_memory {
	double day[2][HISTORY_MAX];
	double week[2][HISTORY_MAX];
	double before[2][HISTORY_SIZE + 1];
};

/* Fills the memory from the history. */
void lag_memory_run(struct lag_memory *memory, const struct history *history);

/* Fits to the whole history. A row `half_life` steps old counts half. */
void lagmodel_fit(struct lagmodel *model, const struct history *history,
	const struct lag_memory *memory, enum lag_shape shape, bool is_log, double half_life);

/* Forecasts level for `steps` steps from `origin` on. Writes behind the origin and puts back what
 * was there. */
void lagmodel_predict(const struct lagmodel *model, struct history *history,
	struct lag_memory *memory, uint32_t origin, uint32_t steps, double *levels);

#endif
