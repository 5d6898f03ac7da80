/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_HARMONIC_H
#define BAL_CORE_HARMONIC_H

#include "core/history.h"
#include "core/linear.h"

/*
 * harmonic: day and week as a few sines and cosines, and what is left of the last steps as a sum of
 * lags. Smooth by construction, so it sees through noise where the others repeat it.
 */
#define HARMONIC_DAY_MAX  4
#define HARMONIC_WEEK_MAX 3

struct harmonic {
	bool is_log;
	uint32_t day_count, week_count; /* of harmonics */
	double mean;
	struct linear wave;
	struct linear lags;
	double rest[HISTORY_SIZE]; /* the values without the wave; room as in struct history */
};

/* One turn of the circle in steps of a day and of a week: sine first, then cosine. */
struct harmonic_circle {
	double day[2][HISTORY_MAX];
	double week[2][HISTORY_MAX];
};

/* Fills the circle for the seasons of the history. */
void harmonic_circle_run(struct harmonic_circle *circle, const struct history *history);

/* Fits to the whole history, which has a day. */
void harmonic_fit(struct harmonic *model, const struct harmonic_circle *circle,
	const struct history *history, bool is_log);

/* Forecasts level for `steps` steps from `origin` on. */
void harmonic_predict(struct harmonic *model, const struct harmonic_circle *circle,
	const struct history *history, uint32_t origin, uint32_t steps, double *levels);

#endif
