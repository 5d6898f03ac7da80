/* SPDX-License-Identifier: Apache-2.0 */
/* Near horizons are read from the fine series, which follow the last minutes; far ones from the
 * hourly series, which know the days. A forecast and its record are of bins of that length. */
#include "ballast.h"
#include "base/num.h"
#include "base/units.h"
#include "core/series_state.h"

_Static_assert((int)BAL_SERIES_ARRIVALS == (int)SERIES_ARRIVALS &&
		       (int)BAL_SERIES_WORK == (int)SERIES_WORK,
	"the contract and the book mean the same");

/* Requirement "predictive optimization": forecasts are acted on from this confidence on. */
#define CONFIDENCE_MIN 0.80
#define RATE_STEPS_MAX 12
#define HOURS_AHEAD    24

static const struct {
	enum series_grain grain;
	uint32_t steps;
} HORIZONS[BAL_HORIZONS_MAX] = {
	{SERIES_FINE, 3},
	{SERIES_FINE, 12},
	{SERIES_FINE, 48},
	{SERIES_FINE, 72},
	{SERIES_HOURLY, 24},
	{SERIES_HOURLY, 72},
	{SERIES_HOURLY, 168},
};

static const struct track_score *find_score(const struct forecaster *forecaster, uint32_t steps)
{
	const struct track *track = &forecaster->track;

	for (uint32_t i = 0; i < track->horizon_count; i++)
		if (track->horizons[i].steps == steps)
			return &track->horizons[i].score;
	return NULL;
}

static void take_score(struct bal_outlook *outlook, const struct track_score *score)
{
	outlook->scored = score->weight > 0 && score->size > 0;
	outlook->confidence = track_confidence(score);
	if (!outlook->scored)
		return;
	outlook->accuracy = track_accuracy(score);
	outlook->bias = track_bias(score);
	outlook->skilled = score->error_naive > 0;
	outlook->skill = track_skill(score);
	outlook->inside80 = score->inside80 / score->weight;
	outlook->inside95 = score->inside95 / score->weight;
}

bool series_ahead(const struct series_book *book, uint32_t kind, enum series_what what,
	enum series_grain grain, uint32_t lead, struct bal_band *band)
{
	const struct forecaster *forecaster = series_find(book, kind, what, grain);
	struct forecast_band found;

	if (forecaster == NULL || !forecaster_band(forecaster, lead, &found))
		return false;
	*band = (struct bal_band){found.mean, found.low80, found.high80, found.low95, found.high95};
	return true;
}

bool series_outlook(const struct series_book *book, uint32_t kind, enum series_what what,
	uint32_t horizon, struct bal_outlook *outlook)
{
	enum series_grain grain;
	uint32_t steps;

	if (horizon >= BAL_HORIZONS_MAX)
		return false;
	grain = HORIZONS[horizon].grain;
	steps = HORIZONS[horizon].steps;
	*outlook = (struct bal_outlook){
		.ahead_ns = steps * series_step_ns(grain), .bin_ns = series_step_ns(grain)};
	if (!series_ahead(book, kind, what, grain, steps, &outlook->band))
		return false;
	take_score(outlook, find_score(series_find(book, kind, what, grain), steps));
	return true;
}

bool series_past(const struct series_book *book, uint32_t kind, enum series_what what,
	enum series_grain grain, uint32_t back, double *value)
{
	const struct forecaster *forecaster = series_find(book, kind, what, grain);

	if (forecaster == NULL || back == 0 || back > forecaster->count)
		return false;
	*value = (double)forecaster->values[(forecaster->next + HISTORY_MAX - back) % HISTORY_MAX];
	return true;
}

/* True when the forecasts of a series have been right often enough to act on. */
static bool may_act(const struct series_book *book, uint32_t kind, enum series_what what)
{
	struct bal_outlook outlook;

	return series_outlook(book, kind, what, 0, &outlook) && outlook.scored &&
	       outlook.confidence >= CONFIDENCE_MIN;
}

bool series_rate(const struct series_book *book, uint32_t kind, double ahead_s, double *rate)
{
	double step_s = (double)series_step_ns(SERIES_FINE) / (double)NS_PER_S;
	double steps = num_clamp(ahead_s / step_s, 1, RATE_STEPS_MAX), sum = 0;
	struct bal_band band;
	uint32_t lead = 0;

	if (!may_act(book, kind, SERIES_ARRIVALS))
		return false;
	while ((double)lead < steps &&
		series_ahead(book, kind, SERIES_ARRIVALS, SERIES_FINE, lead + 1, &band)) {
		sum += band.mean;
		lead++;
	}
	*rate = sum / ((double)lead * step_s);
	return true;
}

/* Adds what is forecast of a kind's work for each of the next steps; false when there is none. */
static bool add_ahead(const struct series_book *book, uint32_t kind, enum series_grain grain,
	uint32_t steps, double *sums)
{
	struct bal_band band;

	for (uint32_t i = 0; i < steps; i++) {
		if (!series_ahead(book, kind, SERIES_WORK, grain, i + 1, &band))
			return false;
		sums[i] += band.mean * (double)NS_PER_S / (double)series_step_ns(grain);
	}
	return true;
}

bool series_tide(const struct series_book *book, double *soon, double *day)
{
	double near[RATE_STEPS_MAX] = {0}, far[HOURS_AHEAD] = {0};
	bool any = false;

	for (uint32_t kind = 0; kind < series_kinds_high(book); kind++)
		if (may_act(book, kind, SERIES_WORK) &&
			add_ahead(book, kind, SERIES_HOURLY, HOURS_AHEAD, far))
			any |= add_ahead(book, kind, SERIES_FINE, RATE_STEPS_MAX, near);
	*soon = 0.0;
	*day = 0.0;
	for (uint32_t i = 0; i < RATE_STEPS_MAX; i++)
		*soon = num_max(*soon, near[i]);
	for (uint32_t i = 0; i < HOURS_AHEAD; i++)
		*day += far[i] / (double)HOURS_AHEAD;
	return any;
}
