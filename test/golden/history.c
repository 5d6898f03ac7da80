/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a history begins to see something: seasons that come out of the noise, zeros that are
 * holes, spikes, small values. Each row is one step over a threshold; the forecasts of forecast.c
 * are too few to stand on both sides of all of them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/checksum.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/bank.h"
#include "core/history.h"
#include "core/lagmodel.h"
#include "golden.h"

#define VALUES_MAX 9000
#define COUNT_MAX  3500 /* of values that models are fitted to */

static struct bank bank;
static double values[VALUES_MAX];

static void write_history(FILE *to, uint32_t count, int64_t step_ns)
{
	struct history *history = &bank.history;
	struct digest digest;
	uint32_t seen = 0;

	digest_init(&digest, 0);
	if (!history_load(history, values, count, step_ns)) {
		fprintf(to, "nothing\n");
		return;
	}
	for (uint32_t i = 0; i < history->count; i++) {
		seen += history->seen[i];
		digest_double(&digest, history->level[i]);
		if (history->has_log)
			digest_double(&digest, history->logs[i]);
	}
	fprintf(to,
		"day %u, week %u, %u measured%s, shift %.9g, bounds %.9g .. %.9g, %016" PRIx64 "\n",
		history->day, history->week, seen, history->counts ? ", counts" : "",
		history->has_log ? history->log_shift : 0, history->low, history->high,
		digest_value(&digest));
}

/* A square wave of `period` steps in noise, and one seven times as long. */
static void draw_waves(uint32_t count, uint32_t period, double short_size, double long_size)
{
	struct prng prng;

	prng_init(&prng, 21);
	for (uint32_t i = 0; i < count; i++) {
		double noise = prng_normal(&prng);

		values[i] = 20 + noise + (i % period < period / 2 ? short_size : 0) +
			    (i / period % 7 >= 5 ? long_size : 0);
	}
}

static void write_seasons(FILE *to)
{
	static const int64_t cycles_min[] = {15, 30, 45, 60, 120, 180, 240, 360, 480, 720};
	static const int64_t steps_s[] = {60, 225, 600, 900};
	static const uint32_t hours[] = {
		35, 36, 169, 170, 184, 185, 186, 187, 190, 334, 335, 336, 361, 362, 400, 504};

	for (uint32_t i = 0; i <= 40; i++) {
		draw_waves(24 * 30, 24, 0.1 * i, 0);
		fprintf(to, "day %.9g of noise: ", 0.1 * i);
		write_history(to, 24 * 30, NS_PER_HOUR);
		draw_waves(24 * 30, 24, 0, 0.1 * i);
		fprintf(to, "week %.9g of noise: ", 0.1 * i);
		write_history(to, 24 * 30, NS_PER_HOUR);
		draw_waves(340, 24, 2, 0.1 * i);
		fprintf(to, "two weeks, %.9g of noise: ", 0.1 * i);
		write_history(to, 340, NS_PER_HOUR);
		draw_waves(240, 12, 0.1 * i, 0);
		fprintf(to, "an hour %.9g of noise: ", 0.1 * i);
		write_history(to, 240, 300 * NS_PER_S);
	}
	for (uint32_t i = 0; i < sizeof hours / sizeof *hours; i++) {
		draw_waves(hours[i], 24, 1.5, 6);
		fprintf(to, "%u hours: ", hours[i]);
		write_history(to, hours[i], NS_PER_HOUR);
	}
	for (uint32_t i = 0; i < sizeof cycles_min / sizeof *cycles_min; i++) {
		for (uint32_t j = 0; j < sizeof steps_s / sizeof *steps_s; j++) {
			int64_t step_s = steps_s[j];
			uint32_t period = (uint32_t)(cycles_min[i] * 60 / step_s);
			uint32_t count = step_s > 60 ? (uint32_t)(120000 / step_s) : 1000;

			draw_waves(count, period > 1 ? period : 2, 5, 0);
			fprintf(to, "%" PRId64 " min, one in %" PRId64 " s: ", cycles_min[i],
				step_s);
			write_history(to, count, step_s * NS_PER_S);
		}
	}
	/* A slow drift is no cycle. */
	for (uint32_t i = 0; i < 300; i++)
		values[i] = i;
	write_history(to, 300, 300 * NS_PER_S);
}

/* Runs of zeros of every length, at several places and levels of the day before. */
static void write_holes(FILE *to)
{
	for (uint32_t length = 1; length <= 30; length += length < 5 ? 1 : 5) {
		for (uint32_t from = 0; from <= 60; from += 12) {
			draw_waves(400, 24, 0, 0);
			for (uint32_t i = 0; i < length; i++)
				values[from + i] = 0;
			fprintf(to, "%u zeros from %u: ", length, from);
			write_history(to, 400, NS_PER_HOUR);
		}
	}
	for (uint32_t i = 0; i <= 20; i++) {
		for (uint32_t at = 0; at < 400; at++)
			values[at] = at % 24 < 4 ? 2.5 * i : 100;
		values[194] = values[195] = values[196] = 0;
		fprintf(to, "zeros where %.9g was: ", 2.5 * i);
		write_history(to, 400, NS_PER_HOUR);
	}
	for (uint32_t zeros = 17; zeros <= 22; zeros++) {
		draw_waves(400, 24, 0, 0);
		for (uint32_t i = 0; i < zeros; i++)
			values[200 + i + i / 2] = 0;
		fprintf(to, "%u zeros of 400: ", zeros);
		write_history(to, 400, NS_PER_HOUR);
	}
	for (uint32_t from = 0; from < 360; from += 40) {
		draw_waves(360, 24, 4, 4);
		for (uint32_t i = 0; i < 20; i++)
			values[from + i] = __builtin_nan("");
		fprintf(to, "nobody measured from %u: ", from);
		write_history(to, 336 + from % 80, NS_PER_HOUR);
	}
}

static void write_sizes(FILE *to)
{
	for (uint32_t few = 0; few <= 10; few++) {
		for (uint32_t i = 0; i < 200; i++)
			values[i] = i % 20 == 3 && i / 20 < few ? 1.9 : 100 + i % 3;
		fprintf(to, "%u small ones of 200: ", few);
		write_history(to, 200, NS_PER_HOUR);
	}
	for (int i = -2; i <= 8; i++) {
		for (uint32_t at = 0; at < 200; at++)
			values[at] = at % 10 == 4 ? 0.5 * i : 98 + at % 5;
		fprintf(to, "small ones of %.9g: ", 0.5 * i);
		write_history(to, 200, NS_PER_HOUR);
	}
	for (uint32_t count = 48; count <= 3000; count = count * 2 + 1) {
		draw_waves(count, 24, 3, 0);
		values[count / 3] = 90;
		values[count / 2] = -50;
		fprintf(to, "spikes among %u: ", count);
		write_history(to, count, NS_PER_HOUR);
	}
	draw_waves(VALUES_MAX, 24, 3, 0);
	for (uint32_t count = HISTORY_MAX - 1; count <= HISTORY_MAX + 2; count++) {
		fprintf(to, "%u values: ", count);
		write_history(to, count, NS_PER_HOUR);
	}
	for (uint32_t i = 0; i < 40; i++)
		values[i] = i == 30 ? 2.5 : i == 31 ? __builtin_nan("") : i % 7;
	for (uint32_t count = 29; count < 34; count++)
		write_history(to, count, NS_PER_HOUR);
}

static void write_lags(FILE *to, const struct lagmodel *model)
{
	fprintf(to, "  reach %u, %u features; lags", model->reach, model->linear.count);
	for (uint32_t lag = 0; lag < model->lag_count; lag++)
		fprintf(to, " %u", model->lags[lag]);
	for (uint32_t i = 0; i < model->window_count; i++)
		fprintf(to, "; %u from %u", model->windows[i].size, model->windows[i].back);
	fprintf(to, "; last weight %.9g\n", model->linear.weights[model->linear.count - 1]);
}

/* What the models read of so many days. */
static void write_bank(FILE *to, int64_t step_s, uint32_t days)
{
	uint32_t day = (uint32_t)(86400 / step_s);
	uint32_t count = days * day < COUNT_MAX ? days * day : COUNT_MAX;

	draw_waves(count, day, 4, 4);
	fprintf(to, "%" PRId64 " s, %u days: ", step_s, days);
	write_history(to, count, step_s * NS_PER_S);
	bank_fit(&bank);
	for (uint32_t i = 0; i < bank.model_count; i++) {
		const struct bank_model *model = &bank.models[i];

		if (model->family >= BANK_LAGS && model->family <= BANK_LAGS_SEASONAL &&
			!bank.lags[model->index].is_log)
			write_lags(to, &bank.lags[model->index]);
	}
}

static void write_models(FILE *to)
{
	static const int64_t steps_s[] = {60, 300, 900, 1200, 1800, 1900, 3600, 7200, 14400, 21600};
	static const uint32_t days[] = {1, 2, 3, 4, 9, 16, 23};

	for (uint32_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++)
		for (uint32_t j = 0; j < sizeof days / sizeof *days; j++)
			write_bank(to, steps_s[i], days[j]);
}

int main(int argc, char **argv)
{
	static const struct golden_part parts[] = {
		{"seasons", write_seasons},
		{"holes", write_holes},
		{"sizes", write_sizes},
		{"what models read", write_models},
	};

	return golden_main(argc, argv, parts, sizeof parts / sizeof *parts);
}
