/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_FORECASTER_H
#define BAL_CORE_FORECASTER_H

#include "core/forecast.h"
#include "core/track.h"

/*
 * forecaster: the forecast of a series that goes on. It keeps the past of the series, the path that
 * the last fit saw ahead, and a record of how its forecasts did. A new value costs a microsecond:
 * it scores what was expected, moves along the path, and shifts what is near by the error that
 * lasts. A fit costs milliseconds and is a pure function of a copy, so it may run anywhere else.
 */
#define FORECASTER_PATH_MAX 192 /* leads that a fit looks ahead: a week of hours, and a day */

struct forecaster {
	int64_t step_ns;
	uint32_t count; /* of values */
	uint32_t next;  /* where the next value goes */
	uint64_t pushes;
	uint64_t fitted_at; /* pushes when the path began; 0: never */
	uint32_t path_count;
	uint32_t season; /* steps; 0: none */
	double left;     /* error of the newest value against the path */
	double widen80, widen95;
	bool is_signed;
	double carry[BLEND_NEAR_MAX];
	struct track track;
	float path[FORECASTER_PATH_MAX][5]; /* mean, low80, high80, low95, high95 */
	float values[HISTORY_MAX];
};

/* What a fit found, to be given back to the forecaster. */
struct forecaster_fit {
	uint64_t pushes; /* of the copy it was made from */
	uint32_t path_count;
	uint32_t season;
	bool is_signed;
	double carry[BLEND_NEAR_MAX];
	struct forecast_band path[FORECASTER_PATH_MAX];
};

/* Memory of a fit, besides the result. */
struct forecaster_room {
	struct forecast_room forecast;
	double values[HISTORY_MAX];
};

/* A forecaster of nothing yet; step_ns > 0. */
void forecaster_init(struct forecaster *forecaster, int64_t step_ns);

/* The next value, NaN when it is missing; at most 1e30 in size. */
void forecaster_push(struct forecaster *forecaster, double value);

/* True when it is time for a fit: once an hour, or every step when those are longer, and at once
 * when the series has become another one. */
bool forecaster_is_due(const struct forecaster *forecaster);

/* Fits a copy. False when there is no value yet. */
bool forecaster_fit(
	const struct forecaster *copy, struct forecaster_room *room, struct forecaster_fit *fit);

/* Takes a fit; values that came since are accounted for. A fit older than the one in use, or older
 * than its path is long, is ignored. */
void forecaster_take(struct forecaster *forecaster, const struct forecaster_fit *fit);

/* The forecast `lead` steps ahead, lead >= 1. False when no path reaches so far. */
bool forecaster_band(
	const struct forecaster *forecaster, uint32_t lead, struct forecast_band *band);

/* Time until the upper edge of the 80 % interval reaches `limit`: the series may then exhaust it.
 * TIME_NEVER_NS when it does not within the path. */
int64_t forecaster_exhaustion(const struct forecaster *forecaster, double limit);

#endif
