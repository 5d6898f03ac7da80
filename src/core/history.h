/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_HISTORY_H
#define BAL_CORE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * history: what the models of a forecast look at. The newest values of a series, divided by their
 * mean size, with holes filled, as they are and as logarithms; the seasons that the data shows; the
 * bounds that no forecast leaves.
 */
#define HISTORY_MAX   8192 /* four weeks of five minutes, eleven months of hours */
#define HISTORY_AHEAD 2016 /* a week of five minutes */
#define HISTORY_SIZE  (HISTORY_MAX + HISTORY_AHEAD)

struct history {
	uint32_t count;
	/* Seasons in steps; 0: the data does not show it. Without a day the shorter season may be
	 * any cycle that people run things by, an hour for instance. */
	uint32_t day;
	uint32_t week;
	double scale;     /* one unit of `level`, in units of the series */
	double log_shift; /* logs[i] = log(level[i] + log_shift) */
	double low, high; /* bounds of level */
	bool has_log;     /* no value is negative */
	bool counts;      /* all values are whole numbers that are not negative */
	bool seen[HISTORY_MAX];
	/* Behind `count` there is room for a model to write its own forecasts, which it reads as
	 * lags of later ones; it puts back what was there. */
	double level[HISTORY_SIZE];
	double logs[HISTORY_SIZE];
};

/* Takes the newest of `count` values (NaN: missing), oldest first. False when none is there. */
bool history_load(struct history *history, const double *values, uint32_t count, int64_t step_ns);

/* A value of level or logs as a level. */
double history_level(const struct history *history, bool is_log, double value);

/* The newest index before `origin` that is a multiple of `period` before `at`; negative when it
 * lies before the history. at >= origin. */
static inline int64_t history_back(uint32_t at, uint32_t origin, uint32_t period)
{
	return (int64_t)at - (int64_t)((at - origin) / period + 1) * period;
}

#endif
