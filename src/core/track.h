/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_TRACK_H
#define BAL_CORE_TRACK_H

#include "core/forecast.h"

/*
 * track: what the forecasts of one series were worth, scored one by one when the truth arrives. Old
 * scores fade, so a record says how it goes now.
 */
#define TRACK_HORIZONS_MAX 6
#define TRACK_PENDING_MAX  320
/* A forecast counts as right when the truth is within this share of it. */
#define TRACK_TOLERANCE 0.2

struct track_pending {
	float mean, low80, high80, low95, high95;
	bool made; /* there was a forecast */
};

/* Faded sums over the scored forecasts of one horizon. */
struct track_score {
	double weight; /* of all; the newest counts 1 */
	double size, error, bias;
	double error_naive, error_beside; /* of the naive forecast, and of ours where it had one */
	double inside80, inside95, right;
};

struct track_horizon {
	uint32_t steps;
	uint32_t first; /* of its pending forecasts: a ring of `steps` */
	struct track_score score;
};

struct track {
	struct track_horizon horizons[TRACK_HORIZONS_MAX];
	uint32_t horizon_count;
	uint32_t pushes; /* values so far: the place in each ring */
	double misses;   /* faded share of the last values outside their 95 % */
	struct track_pending pending[TRACK_PENDING_MAX];
};

/* Starts a record for a series of this step. */
void track_init(struct track *track, int64_t step_ns);

/* Scores all forecasts that were made for this value (NaN: missing, nothing is scored). `naive` is
 * what the value a season before was, NaN for none. Returns the one-step forecast, or NULL. */
const struct track_pending *track_score_value(struct track *track, double value, double naive);

/* Remembers the forecast just made for horizon `index`, `horizons[index].steps` steps from now;
 * call after track_score_value, for each horizon once. NULL: there is none. */
void track_expect(struct track *track, uint32_t index, const struct forecast_band *band);

/* True when what comes no longer is what is forecast: most of the last values missed their 95 %. */
bool track_has_drifted(const struct track *track);

/* Lets a drifted record begin anew, with little weight left of what it was. */
void track_restart(struct track *track);

/* 1 - WAPE, and (mean error) / (mean size), of one horizon; 0 without a score. */
double track_accuracy(const struct track_score *score);
double track_bias(const struct track_score *score);

/* 1 - error / error of the seasonal naive forecast: above 0 is better than it. 0 without one. */
double track_skill(const struct track_score *score);

/* The chance that the next forecast is right within TRACK_TOLERANCE, from how often they were; one
 * half without a record. */
double track_confidence(const struct track_score *score);

#endif
