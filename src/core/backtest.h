/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_BACKTEST_H
#define BAL_CORE_BACKTEST_H

#include "core/forecast.h"

/*
 * backtest: what forecasts of a series would have been worth. Its second half is forecast from many
 * origins, each with what was known there, and compared with what came, with seasonal naive
 * forecasts, and with the noise that no forecast can foresee.
 */
#define BACKTEST_ORIGINS    40
#define BACKTEST_HORIZONS   9
#define BACKTEST_VALUES_MIN 8 /* that must have come for a line to say something */

/* A horizon: all leads up to it together. */
struct backtest_line {
	int64_t horizon_ns;
	uint32_t steps;
	uint32_t values; /* that were forecast and came */
	uint32_t inside80, inside95;
	double size;                  /* sum of what came, each by its absolute value */
	double error;                 /* sum of absolute errors; error / size is the WAPE */
	double error_day, error_week; /* of the seasonal naive forecasts */
	double size_day, size_week;   /* of what came where those had a forecast */
};

struct backtest {
	struct backtest_line lines[BACKTEST_HORIZONS];
	uint32_t line_count;
	uint32_t origins;
	bool counts; /* all values are whole numbers that are not negative */
};

/*
 * Tries the horizons 1, 5 and 15 min, 1, 4, 6, 24, 72 and 168 h that are whole steps of this series
 * and not longer than a quarter of it; a series with none of them gets one line of one step.
 * `bands` has room for FORECAST_STEPS_MAX. False when the history has no value.
 */
bool backtest_run(struct backtest *backtest, struct forecast_room *room,
	struct forecast_band *bands, const double *values, uint32_t count, int64_t step_ns);

/* 1 - WAPE; 0 when nothing came. */
double backtest_accuracy(const struct backtest_line *line);

/* That of the better seasonal naive forecast; NaN when there was none. */
double backtest_accuracy_naive(const struct backtest_line *line);

/* The best that is possible when the values are independent counts; 1 for other series. */
double backtest_accuracy_most(const struct backtest *backtest, const struct backtest_line *line);

#endif
