/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is fitted and measured anew for each forecast: that is what keeps it a pure function
 * of the values, and it costs milliseconds. */
#include "core/forecast.h"

#include "base/assert.h"
#include "base/num.h"

#include <string.h>

/* A series without an error in the past is still not known for certain. */
#define WIDTH_MIN 1e-9
/* Standard deviations of the intervals of a Poisson count. */
#define SIGMAS_80 1.2816
#define SIGMAS_95 1.96

/* Sums the models' forecasts, each by its weight for the lead, into the means. */
static void mix_models(struct forecast_room *room, uint32_t steps, struct forecast_band *bands)
{
	struct bank *bank = &room->bank;

	for (uint32_t i = 0; i < steps; i++)
		bands[i] = (struct forecast_band){0};
	for (uint32_t model = 0; model < bank->model_count; model++) {
		bank_predict(bank, model, bank->history.count, steps, room->levels);
		for (uint32_t i = 0; i < steps; i++)
			bands[i].mean +=
				room->blend.weights[blend_bucket(i + 1)][model] * room->levels[i];
	}
}

/* A level and its distance as a value that is possible. */
static double to_value(const struct history *history, double level)
{
	return (history->has_log ? num_max(level, 0) : level) * history->scale;
}

static void widen_to(struct forecast_band *band, double least80, double least95, double low)
{
	band->low80 = num_max(num_min(band->low80, band->mean - least80), low);
	band->low95 = num_max(num_min(band->low95, band->mean - least95), low);
	band->high80 = num_max(band->high80, band->mean + least80);
	band->high95 = num_max(band->high95, band->mean + least95);
	band->low95 = num_min(band->low95, band->low80);
	band->high95 = num_max(band->high95, band->high80);
}

/* Makes a band of the mixture, which band->mean is, for a bucket of leads. */
static void set_band(const struct history *history, const struct blend *blend, uint32_t bucket,
	struct forecast_band *band)
{
	const double *edges = blend->edges[bucket];
	double level = num_clamp(band->mean, history->low, history->high);
	double spread = blend_spread(level);

	band->mean = to_value(history,
		num_clamp(level + spread * blend->centres[bucket], history->low, history->high));
	band->low95 = to_value(history, level + spread * edges[BLEND_LOW95]);
	band->low80 = to_value(history, level + spread * edges[BLEND_LOW80]);
	band->high80 = to_value(history, level + spread * edges[BLEND_HIGH80]);
	band->high95 = to_value(history, level + spread * edges[BLEND_HIGH95]);
	double noise = history->counts ? num_sqrt(band->mean) : 0;
	double least = WIDTH_MIN * history->scale;
	widen_to(band, num_max(SIGMAS_80 * noise, least), num_max(SIGMAS_95 * noise, least),
		history->has_log ? 0 : -history->scale * 1e9);
}

bool forecast_make(struct forecast_room *room, const double *values, uint32_t count,
	int64_t step_ns, uint32_t steps, struct forecast_band *bands)
{
	struct bank *bank = &room->bank;

	bal_assert(steps >= 1 && steps <= FORECAST_STEPS_MAX);
	bal_assert(step_ns > 0);
	if (!history_load(&bank->history, values, count, step_ns))
		return false;
	bank_fit(bank);
	blend_measure(&room->blend, &room->blend_room, bank, steps);
	mix_models(room, steps, bands);
	for (uint32_t i = 0; i < steps; i++)
		set_band(&bank->history, &room->blend, blend_bucket(i + 1), &bands[i]);
	return true;
}
