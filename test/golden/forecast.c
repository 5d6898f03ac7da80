/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What forecasts say, to the last digit. test/unit asks whether they are good; here a change that
 * leaves them as good shows as well, so that none of the numbers in the models moves unnoticed.
 *
 * Lines are what a reader can judge. "all" is a digest of everything beside it that has no line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/backtest.h"
#include "core/bank.h"
#include "core/blend.h"
#include "core/forecast.h"
#include "core/forecaster.h"
#include "core/grid.h"
#include "core/harmonic.h"
#include "core/history.h"
#include "core/lagmodel.h"
#include "core/linear.h"
#include "core/smooth.h"
#include "core/track.h"
#include "golden.h"
#include "series.h"

#define LEADS 168

static const uint32_t SHOWN[] = {1, 2, 4, 24, 168};
#define SHOWN_COUNT (sizeof SHOWN / sizeof *SHOWN)

static const char *const FAMILIES[] = {
#define X(name, text) text,
	BANK_FAMILIES(X)
#undef X
};

static struct series series;
static struct forecaster_room room;
static struct forecaster forecaster;
static struct forecaster_fit fit;
static struct forecast_band bands[FORECAST_STEPS_MAX];

static void write_band(FILE *to, const struct forecast_band *band)
{
	fprintf(to, "%.9g  80 %%: %.9g .. %.9g  95 %%: %.9g .. %.9g\n", band->mean, band->low80,
		band->high80, band->low95, band->high95);
}

static void write_digest(FILE *to, struct digest *digest)
{
	fprintf(to, "  all %016" PRIx64 "\n", digest_value(digest));
}

static void digest_band(struct digest *digest, const struct forecast_band *band)
{
	digest_double(digest, band->mean);
	digest_double(digest, band->low80);
	digest_double(digest, band->high80);
	digest_double(digest, band->low95);
	digest_double(digest, band->high95);
}

/* ---- one forecast ---------------------------------------------------------------------------- */

static void write_history(FILE *to, const struct history *history, struct digest *digest)
{
	uint32_t seen = 0, cut = 0;
	uint32_t from = series.count - history->count;

	for (uint32_t i = 0; i < history->count; i++) {
		seen += history->seen[i];
		cut += history->seen[i] &&
		       history->level[i] != series.values[from + i] / history->scale;
		digest_double(digest, history->level[i]);
		if (history->has_log)
			digest_double(digest, history->logs[i]);
	}
	fprintf(to, "  kept %u, measured %u, cut %u, day %u, week %u%s%s\n", history->count, seen,
		cut, history->day, history->week, history->has_log ? ", has logarithms" : "",
		history->counts ? ", counts" : "");
	fprintf(to, "  scale %.9g, bounds %.9g .. %.9g, shift %.9g\n", history->scale, history->low,
		history->high, history->has_log ? history->log_shift : 0);
}

static void write_weights(FILE *to, const struct blend *blend, const struct bank *bank)
{
	for (uint32_t i = 0; i < SHOWN_COUNT; i++) {
		const double *weights = blend->weights[blend_bucket(SHOWN[i])];

		fprintf(to, "  weights at %u:", SHOWN[i]);
		for (uint32_t family = 0; family < BANK_FAMILY_COUNT; family++) {
			double sum = 0;

			for (uint32_t model = 0; model < bank->model_count; model++)
				if (bank->models[model].family == family)
					sum += weights[model];
			if (sum > 0)
				fprintf(to, " %s %.9g;", FAMILIES[family], sum);
		}
		fprintf(to, "\n");
	}
}

/* All weights, edges and carries, and what every model says from the end and from before. */
static void digest_models(struct digest *digest, struct forecast_room *made)
{
	struct bank *bank = &made->bank;
	uint32_t count = bank->history.count;
	const uint32_t origins[] = {count, count / 2 + 1, 1};

	for (uint32_t bucket = 0; bucket < BLEND_BUCKETS; bucket++) {
		for (uint32_t model = 0; model < bank->model_count; model++)
			digest_double(digest, made->blend.weights[bucket][model]);
		for (uint32_t edge = 0; edge < BLEND_EDGE_COUNT; edge++)
			digest_double(digest, made->blend.edges[bucket][edge]);
	}
	for (uint32_t i = 0; i < BLEND_NEAR_MAX; i++)
		digest_double(digest, made->blend.carry[i]);
	for (uint32_t model = 0; model < bank->model_count; model++) {
		enum bank_family family = bank->models[model].family;
		/* Those that read lags want a season before the origin. */
		bool reads_lags = family >= BANK_LAGS && family <= BANK_HARMONIC;

		for (uint32_t i = 0; i < (reads_lags ? 1 : 3); i++) {
			bank_predict(bank, model, origins[i], LEADS, made->levels);
			for (uint32_t lead = 0; lead < LEADS; lead++)
				digest_double(digest, made->levels[lead]);
		}
	}
}

static void write_forecast(FILE *to, uint32_t steps)
{
	struct forecast_room *made = &room.forecast;
	struct digest digest;

	digest_init(&digest, 0);
	fprintf(to, "%s: %u values, one in %" PRId64 " s\n", series.name, series.count,
		series.step_ns / NS_PER_S);
	if (!forecast_make(made, series.values, series.count, series.step_ns, steps, bands)) {
		fprintf(to, "  no forecast\n");
		return;
	}
	write_history(to, &made->bank.history, &digest);
	fprintf(to, "  %u models, carries %.9g, %.9g\n", made->bank.model_count,
		made->blend.carry[1], made->blend.carry[4]);
	write_weights(to, &made->blend, &made->bank);
	for (uint32_t i = 0; i < SHOWN_COUNT && SHOWN[i] <= steps; i++) {
		fprintf(to, "  +%-3u ", SHOWN[i]);
		write_band(to, &bands[SHOWN[i] - 1]);
	}
	for (uint32_t i = 0; i < steps; i++)
		digest_band(&digest, &bands[i]);
	digest_models(&digest, made);
	write_digest(to, &digest);
}

static void write_forecasts(FILE *to)
{
	for (uint32_t kind = 0; kind < SERIES_COUNT; kind++) {
		series_draw(&series, kind);
		write_forecast(to, LEADS);
	}
}

/* As far as a forecast goes, one step, and without each of the families. */
static void write_other_lengths(FILE *to)
{
	series_draw(&series, SERIES_SHORT_WEEK);
	write_forecast(to, 1);
	series.count = 40;
	write_forecast(to, 20);
	series_draw(&series, SERIES_COUNTS);
	write_forecast(to, FORECAST_STEPS_MAX);
	series_draw(&series, SERIES_EARLY_WEEK);
	for (uint32_t family = 0; family < BANK_FAMILY_COUNT; family++) {
		room.forecast.bank.families_off = 1u << family;
		forecast_make(
			&room.forecast, series.values, series.count, series.step_ns, 24, bands);
		fprintf(to, "without %s: %u models, +24 ", FAMILIES[family],
			room.forecast.bank.model_count);
		write_band(to, &bands[23]);
	}
	room.forecast.bank.families_off = 0;
}

/* What lengths of the past show which season and how they are tried. */
static void write_growth(FILE *to)
{
	static const uint32_t counts[] = {2, 4, 7, 12, 13, 24, 25, 30, 35, 36, 37, 47, 48, 49, 60,
		72, 100, 168, 169, 180, 181, 190, 336, 361, 362};

	series_draw(&series, SERIES_LOAD);
	for (uint32_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		const struct history *history = &room.forecast.bank.history;

		forecast_make(&room.forecast, series.values, counts[i], series.step_ns, 24, bands);
		fprintf(to, "%u hours: day %u, week %u, %u tried, +24 ", counts[i], history->day,
			history->week, room.forecast.blend_room.cell_count);
		write_band(to, &bands[23]);
	}
}

/* ---- a series that goes on ------------------------------------------------------------------- */

static void write_track(FILE *to, const struct track *track)
{
	for (uint32_t i = 0; i < track->horizon_count; i++) {
		const struct track_score *score = &track->horizons[i].score;

		fprintf(to, "  %3u ahead: weight %.9g, accuracy %.9g, bias %.9g, skill %.9g, ",
			track->horizons[i].steps, score->weight, track_accuracy(score),
			track_bias(score), track_skill(score));
		fprintf(to, "in 80 %% %.9g, in 95 %% %.9g, trust %.9g\n", score->inside80,
			score->inside95, track_confidence(score));
	}
}

static void write_standing(FILE *to, uint32_t at)
{
	struct forecast_band band;

	fprintf(to, "  at %u:%s%s left %.9g, widths %.9g %.9g, misses %.9g, ", at,
		forecaster_is_due(&forecaster) ? " due," : "",
		track_has_drifted(&forecaster.track) ? " drifted," : "", forecaster.left,
		forecaster.widen80, forecaster.widen95, forecaster.track.misses);
	fprintf(to, "700 in %" PRId64 " ns, ", forecaster_exhaustion(&forecaster, 700));
	if (!forecaster_band(&forecaster, 3, &band))
		fprintf(to, "no path\n");
	else
		write_band(to, &band);
}

static void digest_standing(struct digest *digest)
{
	static const uint32_t leads[] = {0, 1, 2, 7, 8, 9, 100, 192, 193};

	for (uint32_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		struct forecast_band band = {0};

		digest_u64(digest, forecaster_band(&forecaster, leads[i], &band));
		digest_band(digest, &band);
	}
	digest_u64(digest, forecaster_is_due(&forecaster));
	digest_double(digest, forecaster.left);
	digest_double(digest, forecaster.widen95);
}

/* Follows the drawn series; every fit is made when it is due, and taken `late` values after. */
static void follow(FILE *to, uint32_t begin, uint32_t late, uint32_t shown)
{
	uint32_t fits = 0, taken = 0;
	bool waits = false;
	struct digest digest;

	digest_init(&digest, 0);
	fprintf(to, "%s, fits taken %u values late\n", series.name, late);
	forecaster_init(&forecaster, series.step_ns);
	for (uint32_t i = 0; i < series.count; i++) {
		forecaster_push(&forecaster, series.values[i]);
		if (i < begin)
			continue;
		if (!waits && forecaster_is_due(&forecaster) && fits < 40)
			waits = forecaster_fit(&forecaster, &room, &fit);
		if (waits && forecaster.pushes >= fit.pushes + late) {
			forecaster_take(&forecaster, &fit);
			waits = false;
			fits++;
			taken = i;
		}
		digest_standing(&digest);
		if (i % shown == 0 || track_has_drifted(&forecaster.track))
			write_standing(to, i);
	}
	fprintf(to, "  %u fits, the last at %u, season %u%s\n", fits, taken, forecaster.season,
		forecaster.is_signed ? ", signed" : "");
	write_track(to, &forecaster.track);
	write_digest(to, &digest);
}

static void write_following(FILE *to)
{
	series_draw(&series, SERIES_SHIFT);
	follow(to, 310, 0, 13);
	series_draw(&series, SERIES_WALK);
	follow(to, 40, 5, 31);
	series_draw(&series, SERIES_LATE);
	follow(to, 100, 1, 17);
	series_draw(&series, SERIES_BALANCE);
	follow(to, 440, 0, 7);
	series_draw(&series, SERIES_BURSTS);
	follow(to, 200, 2, 50);
	series_draw(&series, SERIES_DAYS);
	follow(to, 100, 0, 5);
	series_draw(&series, SERIES_LONG);
	follow(to, 8180, 3, 40);
}

/* A path that nobody renews ends; fits that are no use are ignored. */
static void write_ends(FILE *to)
{
	series_draw(&series, SERIES_TREND);
	forecaster_init(&forecaster, series.step_ns);
	for (uint32_t i = 0; i < 100; i++)
		forecaster_push(&forecaster, series.values[i]);
	forecaster_fit(&forecaster, &room, &fit);
	struct forecaster_fit old = fit, future = fit;
	future.pushes++;
	forecaster_take(&forecaster, &future);
	fprintf(to, "a fit of the future: fitted at %" PRIu64 "\n", forecaster.fitted_at);
	for (uint32_t i = 0; i < 50; i++)
		forecaster_push(&forecaster, series.values[100 + i]);
	forecaster_take(&forecaster, &fit);
	fprintf(to, "an old fit: fitted at %" PRIu64 "\n", forecaster.fitted_at);
	write_standing(to, 150);
	forecaster_band(&forecaster, 20, &bands[0]);
	fprintf(to, "its highest at 20 is reached in %" PRId64 " ns\n",
		forecaster_exhaustion(&forecaster, bands[0].high80));
	old.path[140].mean = 1;
	forecaster_take(&forecaster, &old);
	write_standing(to, 150);
	for (uint32_t i = 0; i < 145; i++) {
		forecaster_push(&forecaster, 3000);
		if (i % 12 == 0 || i > 138)
			write_standing(to, 151 + i);
	}
	old.pushes = forecaster.pushes - old.path_count;
	forecaster_take(&forecaster, &old);
	fprintf(to, "as old as its path: fitted at %" PRIu64 "\n", forecaster.fitted_at);
	old.pushes++;
	forecaster_take(&forecaster, &old);
	fprintf(to, "a value younger: fitted at %" PRIu64 "\n", forecaster.fitted_at);
}

/* The horizons of every step, and scores of simple forecasts of a simple series. */
static void write_tracks(FILE *to)
{
	static const int64_t steps_s[] = {
		1, 3, 4, 10, 30, 60, 300, 450, 600, 900, 1800, 3600, 7200, 14400, 86400, 604800};
	static struct track track;
	struct prng prng;

	prng_init(&prng, 4);
	for (uint32_t i = 0; i < sizeof steps_s / sizeof *steps_s; i++) {
		track_init(&track, steps_s[i] * NS_PER_S);
		fprintf(to, "one in %" PRId64 " s:", steps_s[i]);
		for (uint32_t j = 0; j < track.horizon_count; j++)
			fprintf(to, " %u from %u", track.horizons[j].steps,
				track.horizons[j].first);
		fprintf(to, "\n");
	}
	track_init(&track, 900 * NS_PER_S);
	write_track(to, &track);
	for (uint32_t i = 0; i < 400; i++) {
		double value = 10 + prng_normal(&prng);
		struct forecast_band band = {10, 9, 11, 8, 12};

		value = i % 23 == 0   ? __builtin_nan("")
			: i % 11 == 0 ? 12
			: i % 13 == 0 ? 8
				      : value;
		track_score_value(&track, value, i % 5 ? 9.5 : __builtin_nan(""));
		for (uint32_t j = 0; j < track.horizon_count; j++)
			track_expect(&track, j, i % 17 ? &band : NULL);
	}
	write_track(to, &track);
	track_restart(&track);
	write_track(to, &track);
}

/* ---- backtest, grid, least squares ----------------------------------------------------------- */

static void write_backtest(FILE *to, enum series_kind kind, uint32_t count)
{
	static struct backtest backtest;

	series_draw(&series, kind);
	count = count < series.count ? count : series.count;
	bool runs = backtest_run(
		&backtest, &room.forecast, bands, series.values, count, series.step_ns);
	fprintf(to, "%s, %u values: %s, %u origins%s\n", series.name, count,
		runs ? "tried" : "nothing to try", backtest.origins,
		backtest.counts ? ", counts" : "");
	for (uint32_t i = 0; i < backtest.line_count; i++) {
		const struct backtest_line *line = &backtest.lines[i];

		fprintf(to, "  %" PRId64 " s, %u steps: %u values, in 80 %% %u, in 95 %% %u, ",
			line->horizon_ns / NS_PER_S, line->steps, line->values, line->inside80,
			line->inside95);
		fprintf(to, "size %.9g %.9g %.9g, accuracy %.9g, naive %.9g, most %.9g\n",
			line->size, line->size_day, line->size_week, backtest_accuracy(line),
			backtest_accuracy_naive(line), backtest_accuracy_most(&backtest, line));
	}
}

static void write_backtests(FILE *to)
{
	write_backtest(to, SERIES_EARLY_WEEK, 185);
	write_backtest(to, SERIES_COUNTS, 320);
	write_backtest(to, SERIES_BURSTS, 150);
	write_backtest(to, SERIES_TREND, 20);
	write_backtest(to, SERIES_DAYS, 30);
	write_backtest(to, SERIES_FORTNIGHTS, 10);
	write_backtest(to, SERIES_THREE, 3);
	write_backtest(to, SERIES_ONE, 1);
	write_backtest(to, SERIES_NOTHING, 20);
	write_backtest(to, SERIES_LATE, 60);
	write_backtest(to, SERIES_ZEROS, 40);
}

#define POINTS_MAX 3000

static void write_grid(FILE *to, const char *what, struct point *points, size_t count, size_t size)
{
	struct digest digest;
	bool is_ordered = grid_ordered(points, count);

	digest_init(&digest, 0);
	grid_sort(points, count);
	int64_t step_ns = grid_step(points, count);
	size_t filled = step_ns > 0 ? grid_fill(points, count, step_ns, series.values, size) : 0;
	size_t holes = 0;
	for (size_t i = 0; i < filled; i++) {
		holes += series.values[i] != series.values[i];
		digest_double(&digest, series.values[i]);
	}
	for (size_t i = 0; i < count; i++)
		digest_u64(&digest, points[i].row);
	fprintf(to, "%s: %zu points%s, step %" PRId64 " ns, %zu slots, %zu holes\n", what, count,
		is_ordered ? " in order" : "", step_ns, filled, holes);
	write_digest(to, &digest);
}

/* Points a minute apart, each up to `jitter_ns` late, some of them lost, doubled or swapped. */
static void draw_points(struct point *points, size_t count, uint64_t jitter_ns, uint32_t kind)
{
	struct prng prng;
	int64_t now_ns = -90 * NS_PER_S;

	prng_init(&prng, 7 + kind);
	for (size_t i = 0; i < count; i++) {
		uint64_t late_ns = prng_below(&prng, jitter_ns + 1), drawn = prng_below(&prng, 10);

		if (kind == 0 || drawn > 0)
			now_ns += (kind > 1 && drawn == 1 ? 4 : 1) * NS_PER_MIN;
		if (kind > 2 && drawn == 2)
			now_ns -= 7 * NS_PER_MIN;
		points[i] = (struct point){
			now_ns + (int64_t)late_ns, drawn == 3 ? __builtin_nan("") : (double)i, i};
	}
}

/* Gaps of 1, 2, 3 ... seconds, the first of them `alike` times. */
static void write_agreement(FILE *to, struct point *points, uint32_t gaps, uint32_t alike)
{
	points[0] = (struct point){0, 0, 0};
	for (uint32_t i = 1; i <= gaps; i++)
		points[i] = (struct point){
			points[i - 1].at_ns + (i > alike ? i - alike + 1 : 1) * NS_PER_S, i, i};
	write_grid(to, "few agree", points, gaps + 1, 100);
}

static void write_grids(FILE *to)
{
	static struct point points[POINTS_MAX];

	write_grid(to, "none", points, 0, 100);
	draw_points(points, 4, 0, 0);
	write_grid(to, "one", points, 1, 100);
	write_grid(to, "two", points, 2, 100);
	write_grid(to, "room for one", points, 4, 1);
	write_grid(to, "room for three", points, 4, 3);
	write_grid(to, "room for one more", points, 4, 5);
	draw_points(points, 200, 0, 1);
	write_grid(to, "doubled", points, 200, 500);
	draw_points(points, 300, 0, 2);
	write_grid(to, "holes", points, 300, 200);
	draw_points(points, 500, 0, 3);
	write_grid(to, "disorder", points, 500, 2000);
	draw_points(points, 400, 20 * NS_PER_S, 2);
	write_grid(to, "jitter", points, 400, 1000);
	draw_points(points, POINTS_MAX, 2 * NS_PER_MIN, 3);
	write_grid(to, "many", points, POINTS_MAX, 8000);
	for (size_t count = GRID_SAMPLES_MAX - 1; count <= GRID_SAMPLES_MAX; count++) {
		draw_points(points, count, 2 * NS_PER_MIN, 3);
		write_grid(to, "a sample", points, count, 8000);
	}
	for (size_t i = 0; i < 2000; i++)
		points[i] = (struct point){(int64_t)(i / 1999) * NS_PER_S, 1, i};
	write_grid(to, "one late", points, 2000, 8000);
	for (size_t i = 0; i < 2000; i++)
		points[i] = (struct point){(int64_t)(i / 2) * NS_PER_S, 1, i};
	write_grid(to, "pairs", points, 2000, 8000);
	write_agreement(to, points, 3, 1);
	write_agreement(to, points, 8, 2);
	write_agreement(to, points, 9, 2);
	points[0] = (struct point){INT64_MIN, 1, 0};
	points[1] = (struct point){INT64_MAX, 2, 1};
	write_grid(to, "all of time", points, 2, 10);
}

static void write_linear(FILE *to, uint32_t count, uint32_t rows, double ridge)
{
	static struct linear linear;
	double features[LINEAR_FEATURES_MAX] = {0};
	struct prng prng;

	prng_init(&prng, count);
	linear_init(&linear, count);
	for (uint32_t row = 0; row < rows; row++) {
		double target = prng_normal(&prng);

		for (uint32_t i = 0; i < count; i++) {
			features[i] = i == 3 ? features[1] : i == 5 ? 0 : prng_normal(&prng);
			target += (i + 1) * features[i];
		}
		linear_add(&linear, features, target, 1 + row % 3);
	}
	linear_solve(&linear, ridge);
	fprintf(to, "%u features, %u rows, ridge %g:", count, rows, ridge);
	for (uint32_t i = 0; i < count; i++)
		fprintf(to, " %.9g", linear.weights[i]);
	fprintf(to, "; the last row is %.9g\n", linear_value(&linear, features));
}

static void write_linears(FILE *to)
{
	write_linear(to, 1, 1, 0.1);
	write_linear(to, 3, 2, 1e-5);
	write_linear(to, 4, 50, 1e-5);
	write_linear(to, 8, 100, 0.5);
	write_linear(to, LINEAR_FEATURES_MAX, 300, 1e-3);
	write_linear(to, 6, 0, 1e-3);
	static const uint32_t strides[][3] = {{100, 1500, 24}, {1500, 1500, 24}, {1501, 1500, 24},
		{3000, 1500, 24}, {3000, 1500, 0}, {9000, 1500, 168}, {8000, 500, 288},
		{8192, 273, 30}, {7, 1, 7}};
	for (uint32_t i = 0; i < sizeof strides / sizeof *strides; i++)
		fprintf(to, "%u rows, %u wanted, period %u: one in %u\n", strides[i][0],
			strides[i][1], strides[i][2],
			linear_stride(strides[i][0], strides[i][1], strides[i][2]));
	for (uint32_t lead = 1; lead < 3000; lead = lead * 3 / 2 + 1)
		fprintf(to, "lead %u in bucket %u\n", lead, blend_bucket(lead));
	fprintf(to, "spread of -1, 0.04, 4: %.9g, %.9g, %.9g\n", blend_spread(-1),
		blend_spread(0.04), blend_spread(4));
}

int main(int argc, char **argv)
{
	static const struct golden_part parts[] = {
		{"points on a grid", write_grids},
		{"least squares", write_linears},
		{"forecasts", write_forecasts},
		{"other lengths", write_other_lengths},
		{"a growing past", write_growth},
		{"series that go on", write_following},
		{"paths that end", write_ends},
		{"records", write_tracks},
		{"backtests", write_backtests},
	};

	return golden_main(argc, argv, parts, sizeof parts / sizeof *parts);
}
