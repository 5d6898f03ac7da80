/* SPDX-License-Identifier: Apache-2.0 */
/* ballast backtest: how good the forecasts of a series are, honestly: beside what one gets for
 * nothing, and beside what nobody can get. */
#include "core/backtest.h"

#include "base/units.h"
#include "cli/commands.h"
#include "cli/seriesfile.h"
#include "cli/show.h"

#include <stdio.h>
#include <stdlib.h>

#define SLOTS_MAX    (UINT64_C(1) << 22)
#define WANTED       0.90 /* accuracy of a forecast */
#define WANTED_LEARN 0.95 /* and of one that has learned the series */

static const struct args_option OPTIONS[] = {
	{"--csv", NULL, "FILE", "a series as timestamp,value; an empty value is missing"},
	{NULL, NULL, NULL, NULL},
};

static struct forecast_room room;
static struct forecast_band bands[FORECAST_STEPS_MAX];

static const char *judge(double accuracy, double most, double wanted)
{
	if (accuracy >= wanted)
		return "met";
	return most < wanted ? "below the noise floor" : "missed";
}

static void print_line(const struct backtest *backtest, const struct backtest_line *line)
{
	double accuracy = backtest_accuracy(line), naive = backtest_accuracy_naive(line);
	double most = backtest_accuracy_most(backtest, line);
	char horizon[32], compared[16] = "-", floor[16] = "-";

	show_seconds((double)line->horizon_ns / 1e9, horizon, sizeof horizon);
	if (naive == naive)
		snprintf(compared, sizeof compared, "%.1f %%", 100 * naive);
	if (backtest->counts)
		snprintf(floor, sizeof floor, "%.1f %%", 100 * most);
	printf("%-8s %5u %7.1f %% %9s %9s %6.1f %% %6.1f %%  %-22s %s\n", horizon, line->steps,
		100 * accuracy, compared, floor, 100.0 * line->inside80 / line->values,
		100.0 * line->inside95 / line->values, judge(accuracy, most, WANTED),
		judge(accuracy, most, WANTED_LEARN));
}

static void print_backtest(const struct seriesfile *file, const struct backtest *backtest,
	uint32_t count, int64_t step_ns)
{
	char step[32];

	show_seconds((double)step_ns / 1e9, step, sizeof step);
	printf("%s: %u values, one each %s; its second half forecast from %u origins\n\n",
		file->name, count, step, backtest->origins);
	printf("%-8s %5s %9s %9s %9s %8s %8s  %-22s %s\n", "HORIZON", "STEPS", "ACCURACY", "NAIVE",
		"POSSIBLE", "IN 80 %", "IN 95 %", "90 % WANTED", "95 % WANTED");
	for (uint32_t i = 0; i < backtest->line_count; i++)
		if (backtest->lines[i].values >= BACKTEST_VALUES_MIN)
			print_line(backtest, &backtest->lines[i]);
	printf("\nACCURACY is 1 - WAPE of all leads up to the horizon, NAIVE that of the value a "
	       "day "
	       "or a week before,\nwhichever is better, POSSIBLE what independent counts allow.\n");
}

static int run_backtest(struct seriesfile *file)
{
	struct backtest backtest;
	size_t rows = file->points.count;
	int code = EXIT_NO;

	grid_sort(file->points.items, rows);
	int64_t step_ns = grid_step(file->points.items, rows);
	double *values = malloc(SLOTS_MAX * sizeof *values);
	if (values == NULL) {
		fprintf(stderr, "%s: no memory\n", file->name);
		return code;
	}
	if (step_ns == 0)
		step_ns = NS_PER_HOUR;
	uint32_t count = (uint32_t)grid_fill(file->points.items, rows, step_ns, values, SLOTS_MAX);
	if (backtest_run(&backtest, &room, bands, values, count, step_ns) &&
		backtest.lines[0].values >= BACKTEST_VALUES_MIN) {
		print_backtest(file, &backtest, count, step_ns);
		code = 0;
	} else {
		fprintf(stderr,
			"%s: too few values for a backtest: it needs %d in the second half\n",
			file->name, BACKTEST_VALUES_MIN);
	}
	free(values);
	return code;
}

static int backtest(const struct args *args)
{
	const char *path = args_value(args, "--csv");
	struct seriesfile file;

	if (path == NULL || args->word_count > 0) {
		fprintf(stderr, "usage: ballast backtest --csv FILE\n");
		return EXIT_USAGE;
	}
	if (!seriesfile_open(&file, path))
		return EXIT_USAGE;
	int code = run_backtest(&file);
	seriesfile_close(&file);
	return code;
}

const struct command command_backtest = {.name = "backtest",
	.arguments = "--csv FILE",
	.help = "how good forecasts of a series would have been, per horizon",
	.run = backtest,
	.options = OPTIONS};
