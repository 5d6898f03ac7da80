/* SPDX-License-Identifier: Apache-2.0 */
/* The chart has a column per bin and a row per part of the highest value: what was is drawn with
 * '#', what is expected with 'o' in the dotted interval that holds four truths out of five. */
#include "cli/outlook.h"

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHART_ROWS    10
#define CHART_COLUMNS 128

static const struct show_column COLUMNS[] = {
	{"AHEAD", "ahead_seconds", SHOW_SECONDS, false},
	{"MEAN", "mean", SHOW_NUMBER, false},
	{"LOW 80%", "low80", SHOW_NUMBER, false},
	{"HIGH 80%", "high80", SHOW_NUMBER, false},
	{"LOW 95%", "low95", SHOW_NUMBER, false},
	{"HIGH 95%", "high95", SHOW_NUMBER, false},
	{"ACCURACY", "accuracy", SHOW_SHARE, false},
	{"SKILL", "skill", SHOW_SHARE, false},
	{"CONFIDENCE", "confidence", SHOW_SHARE, false},
	{"USUAL", "usual", SHOW_NUMBER, false},
	{"PEAK", "peak", SHOW_TEXT, false},
};

static const struct show_column PEAK_COLUMNS[] = {
	{"PEAK", "peak", SHOW_TEXT, false},
	{"BEGINS", "begins", SHOW_TEXT, false},
	{"ENDS", "ends", SHOW_TEXT, false},
	{"FACTOR", "factor", SHOW_NUMBER, false},
	{"RATE", "rate", SHOW_TEXT, false},
	{"KINDS", "kinds", SHOW_TEXT, false},
};

#define COLUMN_COUNT      ((uint32_t)(sizeof COLUMNS / sizeof COLUMNS[0]))
#define PEAK_COLUMN_COUNT ((uint32_t)(sizeof PEAK_COLUMNS / sizeof PEAK_COLUMNS[0]))

/* ---- the chart ---- */

struct chart {
	char cells[CHART_ROWS][CHART_COLUMNS];
	uint32_t columns;
	double top;
};

static double number_of(yyjson_val *value)
{
	return yyjson_is_num(value) ? yyjson_get_num(value) : 0;
}

/* The row of a value, 0 at the bottom. */
static uint32_t row_of(const struct chart *chart, double value)
{
	double row = value / chart->top * (CHART_ROWS - 1) + 0.5;

	if (!(row > 0))
		return 0;
	return row >= CHART_ROWS ? CHART_ROWS - 1 : (uint32_t)row;
}

static double highest(yyjson_val *past, yyjson_val *ahead)
{
	double top = 0;
	size_t i, count;
	yyjson_val *value;

	yyjson_arr_foreach(past, i, count, value) top =
		number_of(value) > top ? number_of(value) : top;
	yyjson_arr_foreach(ahead, i, count, value)
	{
		double high = number_of(show_member(value, "high80"));

		top = high > top ? high : top;
	}
	return top > 0 ? top : 1;
}

static void draw_past(struct chart *chart, yyjson_val *value)
{
	if (chart->columns == CHART_COLUMNS)
		return;
	if (yyjson_is_num(value))
		for (uint32_t row = 0; row <= row_of(chart, number_of(value)); row++)
			chart->cells[row][chart->columns] = '#';
	chart->columns++;
}

static void draw_ahead(struct chart *chart, yyjson_val *band)
{
	uint32_t high = row_of(chart, number_of(show_member(band, "high80")));

	if (chart->columns == CHART_COLUMNS)
		return;
	for (uint32_t row = row_of(chart, number_of(show_member(band, "low80"))); row <= high;
		row++)
		chart->cells[row][chart->columns] = '.';
	chart->cells[row_of(chart, number_of(show_member(band, "mean")))][chart->columns] = 'o';
	chart->columns++;
}

static void print_chart(yyjson_val *forecast)
{
	yyjson_val *past = show_member(forecast, "past"), *ahead = show_member(forecast, "ahead");
	struct chart chart = {.top = highest(past, ahead)};
	size_t i, count;
	yyjson_val *value;

	memset(chart.cells, ' ', sizeof chart.cells);
	yyjson_arr_foreach(past, i, count, value) draw_past(&chart, value);
	yyjson_arr_foreach(ahead, i, count, value) draw_ahead(&chart, value);
	for (uint32_t row = CHART_ROWS; row > 0; row--)
		printf("%10.3g |%.*s\n", chart.top * (row - 1) / (CHART_ROWS - 1),
			(int)chart.columns, chart.cells[row - 1]);
	printf("%10s  %zu bins of %g min that were (#), %zu that are expected (o)\n", "",
		yyjson_arr_size(past), number_of(show_member(forecast, "course_bin_seconds")) / 60,
		yyjson_arr_size(ahead));
}

/* ---- tables ---- */

static void print_text(yyjson_val *object, const char *key)
{
	char cell[SHOW_CELL_SIZE];

	show_cell(show_member(object, key), SHOW_TEXT, cell, sizeof cell);
	fputs(cell, stdout);
}

/* A time ahead; false when it is not foreseen. */
static bool ahead_text(yyjson_val *exhaustion, const char *key, char *text, size_t size)
{
	yyjson_val *value = show_member(exhaustion, key);

	if (!yyjson_is_num(value))
		return false;
	show_seconds(yyjson_get_num(value), text, size);
	return true;
}

/* "memory/coder reaches its limit of 4096 MiB in 3h20m (2h50m to 4h10m)", or that it does not. */
static void print_exhaustion(yyjson_val *forecast)
{
	yyjson_val *exhaustion = show_member(forecast, "exhaustion");
	char likely[32], soonest[32], latest[32];
	bool is_likely, is_soon;

	if (exhaustion == NULL)
		return;
	is_likely = ahead_text(exhaustion, "likely_seconds", likely, sizeof likely);
	is_soon = ahead_text(exhaustion, "soonest_seconds", soonest, sizeof soonest);
	print_text(forecast, "signal");
	fputs(is_likely || is_soon ? " reaches its limit of " : " stays below its limit of ",
		stdout);
	print_text(forecast, "limit");
	fputs(" ", stdout);
	print_text(forecast, "unit");
	if (!ahead_text(exhaustion, "latest_seconds", latest, sizeof latest))
		snprintf(latest, sizeof latest, "never");
	if (is_likely)
		printf(" in %s (%s to %s)", likely, is_soon ? soonest : likely, latest);
	else if (is_soon)
		printf(" in %s at the soonest, likely not within a week", soonest);
	else
		fputs(", as far as can be foreseen", stdout);
	fputs("\n", stdout);
}

static void print_forecast(yyjson_val *forecast)
{
	print_text(forecast, "signal");
	fputs(" in ", stdout);
	print_text(forecast, "unit");
	if (show_member(forecast, "now") != NULL) {
		fputs(", now ", stdout);
		print_text(forecast, "now");
	}
	if (yyjson_is_true(show_member(forecast, "anomalous"))) {
		fputs(": unusual since ", stdout);
		print_text(forecast, "anomalous_since");
		fputs(", nothing acts on this", stdout);
	}
	fputs("\n", stdout);
	print_exhaustion(forecast);
	show_table(show_member(forecast, "horizons"), COLUMNS, COLUMN_COUNT,
		"no forecast yet: it takes two hours of the past, for whole days one day");
}

static void print_all(yyjson_val *forecasts, bool chart)
{
	size_t i, count;
	yyjson_val *forecast;

	if (yyjson_arr_size(forecasts) == 0)
		fputs("no signals yet: they begin with the first full five minutes after a task, "
		      "or "
		      "with an agent that is measured\n",
			stdout);
	yyjson_arr_foreach(forecasts, i, count, forecast)
	{
		if (i > 0)
			fputs("\n", stdout);
		print_forecast(forecast);
		if (chart)
			print_chart(forecast);
	}
}

static void print_peaks(yyjson_val *peaks)
{
	if (yyjson_arr_size(peaks) == 0)
		return;
	fputs("\nscheduled (UTC)\n", stdout);
	show_table(peaks, PEAK_COLUMNS, PEAK_COLUMN_COUNT, "");
}

int outlook_run(const struct args *args)
{
	char target[ASK_TARGET_MAX], encoded[512];
	bool one = args->word_count == 1;
	struct ask *ask;
	int rc;

	ask = ask_open(args);
	if (ask == NULL)
		return EXIT_USAGE;
	snprintf(target, sizeof target, "/v1/forecasts%s%s", one ? "?signal=" : "",
		one ? ask_encode(args->words[0], encoded, sizeof encoded) : "");
	rc = ask_get(ask, target);
	if (rc == 0 && ask->raw)
		ask_print(ask);
	if (rc == 0 && !ask->raw) {
		print_all(show_member(ask->json.root, "forecasts"), one && isatty(STDOUT_FILENO));
		print_peaks(show_member(ask->json.root, "peaks"));
	}
	ask_close(ask);
	return rc;
}
