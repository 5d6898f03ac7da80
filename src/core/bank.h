/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_BANK_H
#define BAL_CORE_BANK_H

#include "core/harmonic.h"
#include "core/history.h"
#include "core/lagmodel.h"
#include "core/smooth.h"

/*
 * bank: the models that a forecast is mixed from. All cheap, all fitted to the same history, and
 * different enough that their errors partly cancel. Which of them a series uses follows from what
 * its history shows; the constants are the same for every series.
 */
#define BANK_MODELS_MAX   32
#define BANK_SMOOTH_RATES 4
#define BANK_LAG_MODELS   3

/* The families, for leaving one out in measurements. */
#define BANK_FAMILIES(X)                                                                           \
	X(SMOOTH, "exponential smoothing")                                                         \
	X(LAGS, "lags")                                                                            \
	X(LAGS_PATTERN, "lags and faded pattern")                                                  \
	X(LAGS_SEASONAL, "seasonal lags")                                                          \
	X(HARMONIC, "harmonics and lags")                                                          \
	X(NAIVE, "seasonal naive")                                                                 \
	X(LEVEL, "level")

enum bank_family {
#define X(name, text) BANK_##name,
	BANK_FAMILIES(X)
#undef X
		BANK_FAMILY_COUNT
};

struct bank_model {
	enum bank_family family;
	uint32_t index;  /* which of the fitted ones */
	uint32_t period; /* NAIVE: steps between the values that are averaged */
	uint32_t repeats;
	double rate; /* LEVEL: share of the newest value */
};

struct bank {
	struct history history;
	uint32_t families_off; /* bits of families to leave out; 0 in use */
	struct bank_model models[BANK_MODELS_MAX];
	uint32_t model_count;
	struct smooth smooths[2 * BANK_SMOOTH_RATES];
	struct smooth_room room;
	struct lagmodel lags[2 * BANK_LAG_MODELS];
	struct lag_memory memory;
	struct harmonic harmonics[2];
	struct harmonic_circle circle;
};

/* Chooses and fits the models for bank->history, which has been loaded. */
void bank_fit(struct bank *bank);

/* Forecasts level with one model for `steps` steps from `origin` on, within the history's bounds;
 * 1 <= origin <= count. */
void bank_predict(
	struct bank *bank, uint32_t model, uint32_t origin, uint32_t steps, double *levels);

#endif
