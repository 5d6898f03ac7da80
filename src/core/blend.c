/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights start as the inverse of the mean absolute error to the fourth power: sharp enough to drop
 * a bad model, blunt enough to keep several good ones. Short leads have many independent trials, so
 * there the weights are improved by exponentiated gradient steps on the mixture's own error, which
 * sees that two models err alike; the few steps are the regularisation.
 *
 * The models were fitted with the very past they are tried on. A second fit without it would cost
 * as much again and measured no better; the intervals are widened by a constant instead.
 *
 * Forecasts from neighbouring origins to the same far step err together, so a bucket is worth no
 * more trials than its leads fit side by side into the tried past. That number says how far its
 * median is to be believed, and how much wider than their quantiles the intervals must be.
 */
#include "core/blend.h"

#include "base/num.h"

#include <string.h>

#define WEIGHT_POWER 4
#define ERROR_MIN    1e-6
/* Days of past that are tried, when the history is at least twice as long. */
#define TRIAL_DAYS 9
/* Values that must come behind the first origin of a trial. */
#define OPEN_MIN 12
/* Steps of improvement for leads up to 16, up to 32, and beyond. */
#define STEPS_NEAR   40
#define STEPS_MIDDLE 10
#define STEPS_FAR    3
#define STEP_SIZE    0.4
#define STEP_MAX     2
#define ROWS_MAX     256
#define ROWS_MIN     8
/* Rows count by the inverse of their error (the sum of absolute errors is what matters), but never
 * more than this share of the mean error says. */
#define ROBUST_SHARE 0.3
/* What intervals are widened by, because the past was known to the fit. */
#define WIDEN_95 1.22
#define WIDEN_80 1.13
/* Quantiles of Student's t exceed the normal ones z by a share of (z^2 + 1) / 4 for each degree of
 * freedom (the first term of their series): what few trials add to the widths. */
#define FEW_95 1.21
#define FEW_80 0.66
/* Standard deviation of the share of trials that err below the median, times the root of their
 * number. */
#define SHARE_DEVIATION 0.5

uint32_t blend_bucket(uint32_t lead)
{
	uint32_t bucket = 0;

	while (bucket + 1 < BLEND_BUCKETS && lead > 1u << bucket)
		bucket++;
	return bucket;
}

double blend_spread(double level)
{
	return num_sqrt(num_max(level, 0.05));
}

/* ---- forecasting the past -------------------------------------------------------------------- */

/* Lets every model forecast from `origin`, into new cells. */
static void try_origin(struct blend_room *room, struct bank *bank, uint32_t origin, uint32_t steps)
{
	double levels[BLEND_LEADS_MAX];
	uint32_t first = room->cell_count;

	for (uint32_t i = 0; i < steps; i++)
		if (bank->history.seen[origin + i])
			room->cells[room->cell_count++] =
				(struct blend_cell){origin + i, origin, blend_bucket(i + 1)};
	for (uint32_t model = 0; model < bank->model_count; model++) {
		bank_predict(bank, model, origin, steps, levels);
		for (uint32_t cell = first; cell < room->cell_count; cell++)
			room->predicted[cell][model] = (float)levels[room->cells[cell].at - origin];
	}
}

/* The earliest origin of a trial. */
static uint32_t find_first(const struct history *history, uint32_t steps)
{
	uint32_t count = history->count;
	uint32_t span = history->day ? TRIAL_DAYS * history->day : count / 2;
	uint32_t first;

	span = span < steps ? steps : span;
	if (span + steps > count / 2)
		span = count / 2 > steps ? count / 2 - steps : count / 2;
	first = count > steps + span ? count - steps - span : 0;
	if (first < 2)
		first = count / 2 > 1 ? count / 2 : 1;
	/* Where a week is all there is, a trial before its end would be one without it. */
	if (first <= history->week && history->week + OPEN_MIN < count)
		first = history->week + 1;
	return first;
}

/* Tries `tries` origins from the one before the last value back to the first. Their age grows with
 * the square of their number: what a series was like lately counts more than what it once was. */
static void try_origins(
	struct blend_room *room, struct bank *bank, uint32_t first, uint32_t tries, uint32_t steps)
{
	uint32_t count = bank->history.count;
	uint32_t open = count > first ? count - first : 0;

	tries = tries < open ? tries : open;
	for (uint32_t i = 0, ahead = 1; i < tries; i++, ahead++) {
		uint64_t square =
			tries > 1 ? (uint64_t)(open - 1) * i * i / (tries - 1) / (tries - 1) : 0;

		ahead = square >= ahead ? (uint32_t)square + 1 : ahead;
		try_origin(room, bank, count - ahead, steps < ahead ? steps : ahead);
	}
}

static void sort_cells(struct blend_room *room)
{
	uint32_t next[BLEND_BUCKETS] = {0};

	memset(room->starts, 0, sizeof room->starts);
	for (uint32_t i = 0; i < room->cell_count; i++)
		room->starts[room->cells[i].bucket + 1]++;
	for (uint32_t i = 0; i < BLEND_BUCKETS; i++) {
		room->starts[i + 1] += room->starts[i];
		next[i] = room->starts[i];
	}
	for (uint32_t i = 0; i < room->cell_count; i++)
		room->order[next[room->cells[i].bucket]++] = i;
}

/* ---- weights --------------------------------------------------------------------------------- */

static void weigh_models(
	double *weights, const struct blend_room *room, const struct bank *bank, uint32_t bucket)
{
	double errors[BANK_MODELS_MAX] = {0}, best = 0, sum = 0;
	uint32_t from = room->starts[bucket], to = room->starts[bucket + 1];

	for (uint32_t i = from; i < to; i++) {
		const float *predicted = room->predicted[room->order[i]];
		double truth = bank->history.level[room->cells[room->order[i]].at];

		for (uint32_t m = 0; m < bank->model_count; m++)
			errors[m] += num_abs(truth - (double)predicted[m]);
	}
	for (uint32_t m = 0; m < bank->model_count; m++) {
		errors[m] = errors[m] / (to - from) + ERROR_MIN;
		best = m == 0 ? errors[m] : num_min(errors[m], best);
	}
	for (uint32_t m = 0; m < bank->model_count; m++) {
		weights[m] = 1;
		for (int i = 0; i < WEIGHT_POWER; i++)
			weights[m] *= best / errors[m];
		sum += weights[m];
	}
	for (uint32_t m = 0; m < bank->model_count; m++)
		weights[m] /= sum;
}

static double mix(const double *weights, const float *predicted, uint32_t count)
{
	double sum = 0;

	for (uint32_t m = 0; m < count; m++)
		sum += weights[m] * (double)predicted[m];
	return sum;
}

/* The error of the mixture as a quadratic form of the weights. */
struct form {
	uint32_t count;
	double size; /* its value at the first weights */
	double products[BANK_MODELS_MAX][BANK_MODELS_MAX];
};

static void add_row(struct form *form, const double *weights, const float *predicted, double truth,
	double floor)
{
	double errors[BANK_MODELS_MAX];
	double error = mix(weights, predicted, form->count) - truth;
	double importance = 1 / (num_abs(error) + floor);

	form->size += importance * error * error;
	for (uint32_t m = 0; m < form->count; m++)
		errors[m] = (double)predicted[m] - truth;
	for (uint32_t m = 0; m < form->count; m++) {
		double scaled = importance * errors[m];

		for (uint32_t j = 0; j <= m; j++)
			form->products[m][j] += scaled * errors[j];
	}
}

/* One multiplicative step downhill that keeps the weights positive and their sum 1. */
static void step_weights(const struct form *form, double *weights)
{
	double slopes[BANK_MODELS_MAX], mean = 0, sum = 0;

	for (uint32_t m = 0; m < form->count; m++) {
		slopes[m] = 0;
		for (uint32_t j = 0; j < form->count; j++)
			slopes[m] += form->products[m][j] * weights[j];
		mean += weights[m] * slopes[m];
	}
	for (uint32_t m = 0; m < form->count; m++) {
		double by = STEP_SIZE * (mean - slopes[m]) / form->size;

		weights[m] *= num_exp(num_clamp(by, -STEP_MAX, STEP_MAX));
		sum += weights[m];
	}
	for (uint32_t m = 0; m < form->count; m++)
		weights[m] /= sum;
}

static void improve_weights(
	double *weights, const struct blend_room *room, const struct bank *bank, uint32_t bucket)
{
	struct form form = {.count = bank->model_count};
	uint32_t from = room->starts[bucket], to = room->starts[bucket + 1];
	uint32_t stride = (to - from) / ROWS_MAX + 1;
	int steps = bucket <= 4 ? STEPS_NEAR : bucket <= 5 ? STEPS_MIDDLE : STEPS_FAR;
	double total = 0;

	if (to - from < ROWS_MIN)
		return;
	for (uint32_t i = from; i < to; i += stride) {
		uint32_t cell = room->order[i];

		total += num_abs(mix(weights, room->predicted[cell], form.count) -
				 bank->history.level[room->cells[cell].at]);
	}
	double floor = ROBUST_SHARE * total * stride / (to - from) + 1e-9;
	for (uint32_t i = from; i < to; i += stride) {
		uint32_t cell = room->order[i];

		add_row(&form, weights, room->predicted[cell],
			bank->history.level[room->cells[cell].at], floor);
	}
	for (uint32_t m = 0; m < form.count; m++)
		for (uint32_t j = 0; j < m; j++)
			form.products[j][m] = form.products[m][j];
	form.size += 1e-300;
	for (int i = 0; i < steps; i++)
		step_weights(&form, weights);
}

/* ---- intervals ------------------------------------------------------------------------------- */

/* Shell sort: short lists, no memory, the same order everywhere. */
static void sort_errors(float *errors, uint32_t count)
{
	for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
		for (uint32_t i = gap; i < count; i++) {
			float moved = errors[i];
			uint32_t at = i;

			for (; at >= gap && errors[at - gap] > moved; at -= gap)
				errors[at] = errors[at - gap];
			errors[at] = moved;
		}
	}
}

/* The quantile of sorted errors such that a new one lies below it with this chance. */
static double find_quantile(const float *errors, uint32_t count, double chance)
{
	double place = num_clamp(chance * (count + 1) - 1, 0, count - 1);
	uint32_t below = (uint32_t)place;

	if (below + 1 >= count)
		return (double)errors[count - 1];
	return (double)errors[below] +
	       (place - below) * ((double)errors[below + 1] - (double)errors[below]);
}

/* How many independent trials the cells of a bucket are worth. */
static double count_trials(const struct blend_room *room, uint32_t bucket)
{
	uint32_t from = room->starts[bucket], to = room->starts[bucket + 1];
	uint32_t first = UINT32_MAX, last = 0;
	uint32_t leads = bucket > 0 ? 1u << (bucket - 1) : 1;

	for (uint32_t i = from; i < to; i++) {
		uint32_t at = room->cells[room->order[i]].at;

		first = at < first ? at : first;
		last = at > last ? at : last;
	}
	double origins = (double)(to - from) / leads;
	double apart = (double)(last - first + 1) / (1u << bucket);
	return num_max(num_min(origins, apart), 1);
}

/* The median of sorted errors, moved towards 0 by one standard deviation of the share below it. */
static double find_centre(const float *errors, uint32_t count, double trials)
{
	double doubt = SHARE_DEVIATION / num_sqrt(trials);
	double low = find_quantile(errors, count, 0.5 - doubt);
	double high = find_quantile(errors, count, 0.5 + doubt);

	return low > 0 ? low : num_min(high, 0);
}

static void find_edges(
	struct blend *blend, struct blend_room *room, const struct bank *bank, uint32_t bucket)
{
	static const double chances[BLEND_EDGE_COUNT] = {0.025, 0.1, 0.9, 0.975};
	static const double widen[BLEND_EDGE_COUNT] = {WIDEN_95, WIDEN_80, WIDEN_80, WIDEN_95};
	static const double few[BLEND_EDGE_COUNT] = {FEW_95, FEW_80, FEW_80, FEW_95};
	uint32_t from = room->starts[bucket], count = room->starts[bucket + 1] - from;
	double trials = count_trials(room, bucket);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t cell = room->order[from + i];
		double level =
			mix(blend->weights[bucket], room->predicted[cell], bank->model_count);
		double error = bank->history.level[room->cells[cell].at] - level;

		room->errors[i] = (float)(error / blend_spread(level));
	}
	sort_errors(room->errors, count);
	double centre = find_centre(room->errors, count, trials);
	for (uint32_t i = 0; i < BLEND_EDGE_COUNT; i++) {
		double edge = find_quantile(room->errors, count, chances[i]) - centre;

		blend->edges[bucket][i] = centre + widen[i] * (1 + few[i] / trials) * edge;
	}
	blend->centres[bucket] = centre;
}

/* How much of the error of the first step later steps share, by least squares through 0. */
static void find_carry(struct blend *blend, const struct blend_room *room, const struct bank *bank)
{
	double products[BLEND_NEAR_MAX] = {0}, square = 0, first = 0;

	for (uint32_t cell = 0; cell < room->cell_count; cell++) {
		const struct blend_cell *tried = &room->cells[cell];
		uint32_t lead = tried->at - tried->origin;
		if (lead >= BLEND_NEAR_MAX)
			continue;
		double error = bank->history.level[tried->at] - mix(blend->weights[tried->bucket],
									room->predicted[cell],
									bank->model_count);
		if (lead == 0) {
			first = error;
			square += error * error;
		} else {
			products[lead] += first * error;
		}
	}
	blend->carry[0] = 1;
	for (uint32_t i = 1; i < BLEND_NEAR_MAX; i++)
		blend->carry[i] =
			square > 0 ? num_clamp(products[i] / square, 0, blend->carry[i - 1]) : 0;
}

/* What is assumed when nothing could be tried: all models alike, and twice the level possible. */
static void assume_bucket(struct blend *blend, const struct bank *bank, uint32_t bucket)
{
	static const double edges[BLEND_EDGE_COUNT] = {-1, -0.65, 0.65, 1};

	for (uint32_t m = 0; m < bank->model_count; m++)
		blend->weights[bucket][m] = 1.0 / bank->model_count;
	memcpy(blend->edges[bucket], edges, sizeof edges);
}

/* Buckets without a trial take after the next shorter one that has some, else the next longer. */
static void spread_buckets(
	struct blend *blend, const struct blend_room *room, const struct bank *bank)
{
	uint32_t from = 0;

	while (from < BLEND_BUCKETS && room->starts[from + 1] == room->starts[from])
		from++;
	if (from == BLEND_BUCKETS) {
		from = 0;
		assume_bucket(blend, bank, from);
	}
	for (uint32_t bucket = 0; bucket < BLEND_BUCKETS; bucket++) {
		if (room->starts[bucket + 1] > room->starts[bucket]) {
			from = bucket;
		} else if (bucket != from) {
			memcpy(blend->weights[bucket], blend->weights[from],
				sizeof *blend->weights);
			memcpy(blend->edges[bucket], blend->edges[from], sizeof *blend->edges);
			blend->centres[bucket] = blend->centres[from];
		}
	}
}

void blend_measure(struct blend *blend, struct blend_room *room, struct bank *bank, uint32_t steps)
{
	steps = steps < BLEND_LEADS_MAX ? steps : BLEND_LEADS_MAX;
	uint32_t first = find_first(&bank->history, steps);

	memset(blend, 0, sizeof *blend);
	room->cell_count = 0;
	try_origins(room, bank, first, BLEND_FAR_ORIGINS, steps);
	try_origins(room, bank, first, BLEND_NEAR_ORIGINS,
		steps < BLEND_NEAR_LEADS ? steps : BLEND_NEAR_LEADS);
	sort_cells(room);
	for (uint32_t bucket = 0; bucket < BLEND_BUCKETS; bucket++) {
		if (room->starts[bucket + 1] == room->starts[bucket])
			continue;
		weigh_models(blend->weights[bucket], room, bank, bucket);
		improve_weights(blend->weights[bucket], room, bank, bucket);
		find_edges(blend, room, bank, bucket);
	}
	spread_buckets(blend, room, bank);
	find_carry(blend, room, bank);
}
