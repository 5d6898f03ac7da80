/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rates of the smoothings span slow to fast; they and the half-lives were chosen once, by the
 * error over all series of the measurements together (BENCHMARKS.md says what each family adds).
 */
#include "core/bank.h"

#include "base/num.h"

/* Weeks (or whole histories, where there is no week) after which a row counts half. */
#define HALF_LIFE        6
#define HALF_LIFE_RECENT 1.5
/* A level of rate r has forgotten what lies this many times 1 / r back. */
#define LEVEL_SPAN 8

static const struct smooth_rates RATES[BANK_SMOOTH_RATES] = {
	{.level = 0.37, .day = 0.04, .week = 0.17, .carry = 0.0},
	{.level = 0.04, .day = 0.15, .week = 0.08, .carry = 0.23},
	{.level = 0.05, .day = 0.015, .week = 0.27, .carry = 0.93},
	{.level = 0.95, .day = 0.06, .week = 0.02, .carry = 0.3},
};

static const struct {
	enum bank_family family;
	enum lag_shape shape;
	double half_life;
} LAGS[BANK_LAG_MODELS] = {
	{BANK_LAGS, LAG_WIDE, HALF_LIFE_RECENT},
	{BANK_LAGS_PATTERN, LAG_PATTERN, HALF_LIFE},
	{BANK_LAGS_SEASONAL, LAG_SEASONAL, HALF_LIFE},
};

/* Takes a model into the bank; false when its family is left out. */
static bool offer_model(struct bank *bank, struct bank_model model)
{
	if (bank->families_off >> model.family & 1)
		return false;
	bank->models[bank->model_count++] = model;
	return true;
}

static void fit_smooths(struct bank *bank, uint32_t logs)
{
	for (uint32_t i = 0; i < 2 * BANK_SMOOTH_RATES; i++) {
		bool is_log = i % 2;
		if (is_log > logs ||
			!offer_model(bank, (struct bank_model){BANK_SMOOTH, .index = i}))
			continue;
		smooth_run(&bank->smooths[i], &bank->room, &bank->history, is_log, RATES[i / 2]);
	}
}

static void fit_lags(struct bank *bank, uint32_t logs)
{
	const struct history *history = &bank->history;
	bool seasonal = history->day > 0 || history->week > 0;

	lag_memory_run(&bank->memory, history);
	for (uint32_t i = 0; i < 2 * BANK_LAG_MODELS; i++) {
		bool is_log = i % 2;
		double period = history->week ? history->week : history->count;
		bool fits = seasonal || LAGS[i / 2].shape == LAG_WIDE;
		if (is_log > logs || !fits ||
			!offer_model(bank, (struct bank_model){LAGS[i / 2].family, .index = i}))
			continue;
		lagmodel_fit(&bank->lags[i], history, &bank->memory, LAGS[i / 2].shape, is_log,
			LAGS[i / 2].half_life * period);
	}
}

static void fit_harmonics(struct bank *bank, uint32_t logs)
{
	if (bank->history.day == 0)
		return;
	harmonic_circle_run(&bank->circle, &bank->history);
	for (uint32_t i = 0; i <= logs; i++)
		if (offer_model(bank, (struct bank_model){BANK_HARMONIC, .index = i}))
			harmonic_fit(&bank->harmonics[i], &bank->circle, &bank->history, i == 1);
}

static void offer_naives(struct bank *bank)
{
	static const uint32_t days[] = {1, 3}, weeks[] = {1, 2, 4};
	uint32_t day = bank->history.day, week = bank->history.week;

	for (uint32_t i = 0; day && i < 2; i++)
		offer_model(
			bank, (struct bank_model){BANK_NAIVE, .period = day, .repeats = days[i]});
	for (uint32_t i = 0; week && i < 3; i++)
		offer_model(
			bank, (struct bank_model){BANK_NAIVE, .period = week, .repeats = weeks[i]});
}

static void offer_levels(struct bank *bank)
{
	static const double rates[] = {0.1, 0.4, 1, 0.03};
	/* With a season the smoothings hold the slow level already. */
	uint32_t count = bank->history.day ? 3 : 4;

	for (uint32_t i = 0; i < count; i++)
		offer_model(bank, (struct bank_model){BANK_LEVEL, .rate = rates[i]});
}

void bank_fit(struct bank *bank)
{
	uint32_t logs = bank->history.has_log ? 1 : 0;

	bank->model_count = 0;
	fit_smooths(bank, logs);
	fit_lags(bank, logs);
	fit_harmonics(bank, logs);
	offer_naives(bank);
	offer_levels(bank);
}

/* The mean of up to `repeats` seen values at whole periods before; else the newest value. */
static double repeat_value(
	const struct history *history, const struct bank_model *model, uint32_t at, uint32_t origin)
{
	int64_t back = history_back(at, origin, model->period);
	uint32_t seen = 0;
	double sum = 0;

	for (uint32_t i = 0; i < model->repeats && back >= 0; i++, back -= model->period) {
		if (!history->seen[back])
			continue;
		sum += history->level[back];
		seen++;
	}
	return seen ? sum / seen : history->level[origin - 1];
}

static double find_level(const struct history *history, double rate, uint32_t origin)
{
	uint32_t span = (uint32_t)(LEVEL_SPAN / rate) + 1;
	uint32_t from = origin > span ? origin - span : 0;
	double level = history->level[from];

	for (uint32_t i = from; i < origin; i++)
		if (history->seen[i])
			level += rate * (history->level[i] - level);
	return level;
}

static void predict_plainly(const struct history *history, const struct bank_model *model,
	uint32_t origin, uint32_t steps, double *levels)
{
	double level = 0;

	if (model->family == BANK_LEVEL)
		level = find_level(history, model->rate, origin);
	for (uint32_t i = 0; i < steps; i++)
		levels[i] = model->family == BANK_LEVEL
				    ? level
				    : repeat_value(history, model, origin + i, origin);
}

void bank_predict(
	struct bank *bank, uint32_t model, uint32_t origin, uint32_t steps, double *levels)
{
	const struct bank_model *chosen = &bank->models[model];
	struct history *history = &bank->history;
	uint32_t index = chosen->index;

	switch (chosen->family) {
	case BANK_SMOOTH:
		smooth_predict(&bank->smooths[index], history, origin, steps, levels);
		break;
	case BANK_LAGS:
	case BANK_LAGS_PATTERN:
	case BANK_LAGS_SEASONAL:
		lagmodel_predict(&bank->lags[index], history, &bank->memory, origin, steps, levels);
		break;
	case BANK_HARMONIC:
		harmonic_predict(
			&bank->harmonics[index], &bank->circle, history, origin, steps, levels);
		break;
	default:
		predict_plainly(history, chosen, origin, steps, levels);
	}
	for (uint32_t i = 0; i < steps; i++)
		levels[i] = num_clamp(levels[i], history->low, history->high);
}
