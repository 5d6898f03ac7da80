/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between fits only the near leads are corrected, by the error of the newest value times the share
 * of such errors that the backtest saw last. The widths of the intervals follow what happens
 * (adaptive conformal inference, Gibbs and Candes 2021): each miss widens, each hit narrows a
 * little.
 */
#include "core/forecaster.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#include <stddef.h>
#include <string.h>

#define WIDEN_RATE 0.05
#define WIDEN_MIN  0.5
#define WIDEN_MAX  4

enum path_edge { MEAN, LOW80, HIGH80, LOW95, HIGH95 };

void forecaster_init(struct forecaster *forecaster, int64_t step_ns)
{
	bal_assert(step_ns > 0);
	/* Path and values are read as far as they were written; memory is touched with use. */
	memset(forecaster, 0, offsetof(struct forecaster, path));
	forecaster->step_ns = step_ns;
	forecaster->widen80 = 1;
	forecaster->widen95 = 1;
	track_init(&forecaster->track, step_ns);
}

/* The value `back` steps ago, 1 is the newest; NaN for none. */
static double value_back(const struct forecaster *forecaster, uint32_t back)
{
	if (back == 0 || back > forecaster->count)
		return __builtin_nan("");
	return (double)forecaster->values[(forecaster->next + HISTORY_MAX - back) % HISTORY_MAX];
}

static double adapt(double widen, bool inside, double share)
{
	double by = WIDEN_RATE * (inside ? share - 1 : share);

	return num_clamp(widen * (1 + by), WIDEN_MIN, WIDEN_MAX);
}

static void adapt_widths(
	struct forecaster *forecaster, const struct track_pending *expected, double value)
{
	bool inside80 = value >= (double)expected->low80 && value <= (double)expected->high80;
	bool inside95 = value >= (double)expected->low95 && value <= (double)expected->high95;

	forecaster->widen80 = adapt(forecaster->widen80, inside80, 0.8);
	forecaster->widen95 = adapt(forecaster->widen95, inside95, 0.95);
}

/* The place on the path of a lead; false when it is beyond its end. */
static bool find_place(const struct forecaster *forecaster, uint32_t lead, uint32_t *place)
{
	uint64_t moved = forecaster->pushes - forecaster->fitted_at;

	if (forecaster->path_count == 0 || moved + lead > forecaster->path_count)
		return false;
	*place = (uint32_t)moved + lead - 1;
	return true;
}

static void append(struct forecaster *forecaster, double value)
{
	uint32_t place;

	forecaster->left = 0;
	if (value == value && find_place(forecaster, 1, &place))
		forecaster->left = value - (double)forecaster->path[place][MEAN];
	forecaster->values[forecaster->next] = (float)value;
	forecaster->next = (forecaster->next + 1) % HISTORY_MAX;
	if (forecaster->count < HISTORY_MAX)
		forecaster->count++;
	forecaster->pushes++;
}

static void expect_all(struct forecaster *forecaster)
{
	struct track *track = &forecaster->track;

	for (uint32_t i = 0; i < track->horizon_count; i++) {
		struct forecast_band band;
		bool made = forecaster_band(forecaster, track->horizons[i].steps, &band);

		track_expect(track, i, made ? &band : NULL);
	}
}

void forecaster_push(struct forecaster *forecaster, double value)
{
	double naive = value_back(forecaster, forecaster->season);
	const struct track_pending *expected = track_score_value(&forecaster->track, value, naive);

	if (expected != NULL && value == value)
		adapt_widths(forecaster, expected, value);
	append(forecaster, value);
	expect_all(forecaster);
}

bool forecaster_is_due(const struct forecaster *forecaster)
{
	int64_t hour = NS_PER_HOUR / forecaster->step_ns;
	uint64_t since = forecaster->pushes - forecaster->fitted_at;

	if (forecaster->count == 0)
		return false;
	return forecaster->path_count == 0 || since >= (uint64_t)num_max_i64(hour, 1) ||
	       (since > 0 && track_has_drifted(&forecaster->track));
}

bool forecaster_fit(
	const struct forecaster *copy, struct forecaster_room *room, struct forecaster_fit *fit)
{
	for (uint32_t i = 0; i < copy->count; i++)
		room->values[i] = value_back(copy, copy->count - i);
	fit->pushes = copy->pushes;
	fit->path_count = FORECASTER_PATH_MAX;
	if (copy->count == 0 || !forecast_make(&room->forecast, room->values, copy->count,
					copy->step_ns, fit->path_count, fit->path))
		return false;
	const struct history *history = &room->forecast.bank.history;
	fit->season = history->week ? history->week : history->day;
	fit->is_signed = !history->has_log;
	memcpy(fit->carry, room->forecast.blend.carry, sizeof fit->carry);
	return true;
}

void forecaster_take(struct forecaster *forecaster, const struct forecaster_fit *fit)
{
	if (fit->pushes > forecaster->pushes || fit->pushes <= forecaster->fitted_at ||
		forecaster->pushes - fit->pushes >= fit->path_count)
		return;
	forecaster->fitted_at = fit->pushes;
	forecaster->path_count = fit->path_count;
	forecaster->season = fit->season;
	forecaster->is_signed = fit->is_signed;
	memcpy(forecaster->carry, fit->carry, sizeof forecaster->carry);
	for (uint32_t i = 0; i < fit->path_count; i++) {
		const struct forecast_band *band = &fit->path[i];

		forecaster->path[i][MEAN] = (float)band->mean;
		forecaster->path[i][LOW80] = (float)band->low80;
		forecaster->path[i][HIGH80] = (float)band->high80;
		forecaster->path[i][LOW95] = (float)band->low95;
		forecaster->path[i][HIGH95] = (float)band->high95;
	}
	/* A path that already knows the newest value owes it no correction. */
	uint64_t moved = forecaster->pushes - fit->pushes;
	double newest = value_back(forecaster, 1);
	forecaster->left = moved > 0 && newest == newest
				   ? newest - (double)forecaster->path[moved - 1][MEAN]
				   : 0;
	if (track_has_drifted(&forecaster->track))
		track_restart(&forecaster->track);
}

/* A distance from the mean of the path, on one side. */
static double edge_distance(const float *place, enum path_edge edge, double widen)
{
	return widen * ((double)place[edge] - (double)place[MEAN]);
}

bool forecaster_band(const struct forecaster *forecaster, uint32_t lead, struct forecast_band *band)
{
	uint32_t at;

	if (lead == 0 || !find_place(forecaster, lead, &at))
		return false;
	const float *place = forecaster->path[at];
	double low = forecaster->is_signed ? -1e300 : 0;
	double shift = lead < BLEND_NEAR_MAX ? forecaster->carry[lead] * forecaster->left : 0;
	double widen80 = forecaster->widen80;
	double widen95 = num_max(forecaster->widen95, forecaster->widen80 / 2);
	band->mean = num_max((double)place[MEAN] + shift, low);
	band->low80 = num_max(band->mean + edge_distance(place, LOW80, widen80), low);
	band->high80 = band->mean + edge_distance(place, HIGH80, widen80);
	band->low95 = num_max(band->mean + edge_distance(place, LOW95, widen95), low);
	band->high95 = band->mean + edge_distance(place, HIGH95, widen95);
	band->low95 = num_min(band->low95, band->low80);
	band->high95 = num_max(band->high95, band->high80);
	return true;
}

int64_t forecaster_exhaustion(const struct forecaster *forecaster, double limit)
{
	struct forecast_band band;

	for (uint32_t lead = 1; forecaster_band(forecaster, lead, &band); lead++)
		if (band.high80 >= limit)
			return num_mul_i64(lead, forecaster->step_ns);
	return TIME_NEVER_NS;
}
