/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a forecast costs, on made-up hourly series of 90 days: a fit with a week ahead, a new value,
 * the memory kept per series. CPU time, medians.
 *
 * bench_forecast --series writes the first five of these series, a line each: for other programs.
 *
 * bench_forecast --off FAMILIES STEPS (CSV ORIGIN... | M4) forecasts without some families of
 * models (bits), in the form of `ballast forecast`: what each of them adds is measured so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/prng.h"
#include "base/units.h"
#include "core/forecaster.h"
#include "wire/points.h"
#include "wire/wide.h"

enum {
	HOURS = 90 * 24,
	STEPS = 168,
	SERIES = 31,
	SERIES_SHOWN = 5,
	PUSHES = 150,
	FILE_SIZE_MAX = 64 << 20
};

static struct forecaster_room room;
static struct forecaster forecaster;
static struct forecaster_fit fit;
static struct forecast_band bands[FORECAST_STEPS_MAX];
static double values[HISTORY_MAX];
static struct wide wide;

static double cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *times, size_t count)
{
	qsort(times, count, sizeof *times, compare);
	return times[count / 2];
}

static void draw_series(struct prng *prng)
{
	double noise = 0.2 * prng_unit(prng);

	for (uint32_t i = 0; i < HOURS; i++) {
		double day = i % 24 >= 8 && i % 24 < 20 ? 2 : 1;
		double week = i / 24 % 7 >= 5 ? 0.6 : 1;

		values[i] =
			num_round(num_max(500 * day * week * (1 + noise * prng_normal(prng)), 0));
	}
}

static int measure_cost(void)
{
	static double fits[SERIES], pushes[SERIES];
	struct prng prng;

	prng_init(&prng, 1);
	for (int i = 0; i < SERIES; i++) {
		draw_series(&prng);
		double begun = cpu_us();
		forecast_make(&room.forecast, values, HOURS, NS_PER_HOUR, STEPS, bands);
		fits[i] = cpu_us() - begun;
		forecaster_init(&forecaster, NS_PER_HOUR);
		forecaster_push(&forecaster, values[0]);
		forecaster_fit(&forecaster, &room, &fit);
		forecaster_take(&forecaster, &fit);
		begun = cpu_us();
		for (int j = 0; j < PUSHES; j++)
			forecaster_push(&forecaster, values[j % HOURS]);
		pushes[i] = (cpu_us() - begun) / PUSHES;
	}
	double push_us = median(pushes, SERIES);
	printf("fit of %d values and %d steps: %.2f ms (goal 5)\n", HOURS, STEPS,
		median(fits, SERIES) / 1e3);
	printf("a new value: %.2f us (goal 20)\n", push_us);
	printf("10,000 series, a value each minute: %.2f %% of a core (goal 5)\n",
		push_us * 10000 / 60e6 * 100);
	printf("memory per series: %.1f KiB (goal 64), shared by all: %.1f MiB\n",
		(double)sizeof forecaster / 1024, (double)sizeof room / 1048576);
	return 0;
}

static int write_series(void)
{
	struct prng prng;

	prng_init(&prng, 1);
	for (int i = 0; i < SERIES_SHOWN; i++) {
		draw_series(&prng);
		for (int j = 0; j < HOURS; j++)
			printf("%s%.0f", j > 0 ? "," : "", values[j]);
		putchar('\n');
	}
	return 0;
}

/* ---- without some models ----------------------------------------------------------------------
 */

static char *load_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *bytes = malloc(FILE_SIZE_MAX);

	if (file == NULL || bytes == NULL) {
		perror(path);
		exit(1);
	}
	*size = fread(bytes, 1, FILE_SIZE_MAX, file);
	fclose(file);
	return bytes;
}

static void forecast_rows(struct span text, uint32_t steps)
{
	wide_init(&wide, text);
	while (wide_next(&wide)) {
		if (!forecast_make(
			    &room.forecast, wide.values, wide.count, NS_PER_HOUR, steps, bands))
			continue;
		for (uint32_t i = 0; i < steps; i++)
			printf("%.*s,%u,%.9g,%.9g,%.9g\n", (int)wide.id.size, wide.id.at, i + 1,
				bands[i].mean, bands[i].low95, bands[i].high95);
	}
}

static void forecast_origins(const char *name, struct span text, char **origins, uint32_t steps)
{
	struct points points;

	if (!points_read(&points, text))
		exit(1);
	for (; *origins != NULL; origins++) {
		size_t rows = strtoul(*origins, NULL, 10);
		int64_t step_ns = grid_step(points.items, rows);
		size_t count = grid_fill(points.items, rows, step_ns, values, HISTORY_MAX);

		if (!forecast_make(&room.forecast, values, (uint32_t)count, step_ns, steps, bands))
			exit(1);
		for (uint32_t i = 0; i < steps; i++)
			printf("%s,%zu,%u,%.9g,%.9g,%.9g,%.9g,%.9g\n", name, rows, i + 1,
				bands[i].mean, bands[i].low80, bands[i].high80, bands[i].low95,
				bands[i].high95);
	}
	points_release(&points);
}

int main(int argc, char **argv)
{
	size_t size;

	if (argc == 2 && strcmp(argv[1], "--families") == 0) {
#define X(name, text) puts(text);
		BANK_FAMILIES(X)
#undef X
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--series") == 0)
		return write_series();
	if (argc < 5 || strcmp(argv[1], "--off") != 0)
		return measure_cost();
	room.forecast.bank.families_off = (uint32_t)strtoul(argv[2], NULL, 10);
	uint32_t steps = (uint32_t)strtoul(argv[3], NULL, 10);
	char *bytes = load_file(argv[4], &size);
	if (argc == 5) {
		forecast_rows((struct span){bytes, size}, steps);
	} else {
		const char *slash = strrchr(argv[4], '/');
		char *name = strdup(slash == NULL ? argv[4] : slash + 1);

		name[strcspn(name, ".")] = 0;
		forecast_origins(name, (struct span){bytes, size}, argv + 5, steps);
		free(name);
	}
	free(bytes);
	return 0;
}
