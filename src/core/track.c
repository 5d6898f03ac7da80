/* SPDX-License-Identifier: Apache-2.0 */
/* Each horizon keeps its forecasts in a ring as long as the horizon: the place that a new one takes
 * is the place of the one that has just been scored. */
#include "core/track.h"

#include "base/assert.h"
#include "base/num.h"
#include "base/units.h"

#include <stddef.h>

/* What is left of a score after one more: a memory of about 250 values. */
#define FADE 0.996
/* And of the share of misses: about eight. */
#define MISS_FADE  0.875
#define MISS_DRIFT 0.5
#define RESTART    0.1
/* Scores that a record without any is worth, half of them right. */
#define PRIOR 4

void track_init(struct track *track, int64_t step_ns)
{
	static const int64_t horizons_ns[] = {15 * NS_PER_MIN, NS_PER_HOUR, 4 * NS_PER_HOUR,
		6 * NS_PER_HOUR, NS_PER_DAY, 3 * NS_PER_DAY, 7 * NS_PER_DAY};
	uint32_t used = 1;

	*track = (struct track){.horizon_count = 1};
	track->horizons[0].steps = 1;
	for (uint32_t i = 0; i < sizeof horizons_ns / sizeof *horizons_ns; i++) {
		int64_t steps = horizons_ns[i] / step_ns;

		if (steps < 2 || used + steps > TRACK_PENDING_MAX ||
			track->horizon_count == TRACK_HORIZONS_MAX)
			continue;
		track->horizons[track->horizon_count++] =
			(struct track_horizon){.steps = (uint32_t)steps, .first = used};
		used += (uint32_t)steps;
	}
}

static struct track_pending *pending_now(struct track *track, uint32_t index)
{
	const struct track_horizon *horizon = &track->horizons[index];

	return &track->pending[horizon->first + track->pushes % horizon->steps];
}

static void fade(struct track_score *score, double by)
{
	score->weight *= by;
	score->size *= by;
	score->error *= by;
	score->bias *= by;
	score->error_naive *= by;
	score->error_beside *= by;
	score->inside80 *= by;
	score->inside95 *= by;
	score->right *= by;
}

static void add_score(
	struct track_score *score, const struct track_pending *made, double value, double naive)
{
	double mean = (double)made->mean, error = num_abs(value - mean);

	fade(score, FADE);
	score->weight += 1;
	score->size += num_abs(value);
	score->error += error;
	score->bias += mean - value;
	score->inside80 += value >= (double)made->low80 && value <= (double)made->high80;
	score->inside95 += value >= (double)made->low95 && value <= (double)made->high95;
	score->right += error <= TRACK_TOLERANCE * num_abs(mean);
	if (naive != naive)
		return;
	score->error_naive += num_abs(value - naive);
	score->error_beside += error;
}

const struct track_pending *track_score_value(struct track *track, double value, double naive)
{
	const struct track_pending *next = pending_now(track, 0);

	if (value == value) {
		for (uint32_t i = 0; i < track->horizon_count; i++) {
			const struct track_pending *made = pending_now(track, i);
			if (made->made)
				add_score(&track->horizons[i].score, made, value, naive);
		}
		if (next->made) {
			bool miss = value < (double)next->low95 || value > (double)next->high95;

			track->misses = MISS_FADE * track->misses + (miss ? 1 - MISS_FADE : 0);
		}
	}
	/* The same places now wait for forecasts: those of the horizon's length from here. */
	return next->made ? next : NULL;
}

void track_expect(struct track *track, uint32_t index, const struct forecast_band *band)
{
	bal_assert(index < track->horizon_count);
	struct track_pending *pending = pending_now(track, index);

	*pending = (struct track_pending){.made = band != NULL};
	if (band != NULL)
		*pending = (struct track_pending){(float)band->mean, (float)band->low80,
			(float)band->high80, (float)band->low95, (float)band->high95, true};
	if (index + 1 == track->horizon_count)
		track->pushes++;
}

bool track_has_drifted(const struct track *track)
{
	return track->misses > MISS_DRIFT;
}

void track_restart(struct track *track)
{
	track->misses = 0;
	for (uint32_t i = 0; i < track->horizon_count; i++)
		fade(&track->horizons[i].score, RESTART);
}

double track_accuracy(const struct track_score *score)
{
	return score->size > 0 ? 1 - score->error / score->size : 0;
}

double track_bias(const struct track_score *score)
{
	return score->size > 0 ? score->bias / score->size : 0;
}

double track_skill(const struct track_score *score)
{
	return score->error_naive > 0 ? 1 - score->error_beside / score->error_naive : 0;
}

double track_confidence(const struct track_score *score)
{
	return (score->right + PRIOR / 2.0) / (score->weight + PRIOR);
}
