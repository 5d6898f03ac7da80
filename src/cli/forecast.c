/* SPDX-License-Identifier: Apache-2.0 */
/* ballast forecast: what a series will do next: the daemon's own ones, see outlook.h, or anybody's
 * file, with the code that the daemon uses. Each origin sees only the rows before it, so a file can
 * be used to check the claims. */
#include "core/forecast.h"

#include "base/units.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/fanchart.h"
#include "cli/outlook.h"
#include "cli/seriesfile.h"
#include "wire/wide.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_DEFAULT 24
#define STEPS_M4      48 /* of its Hourly series */
#define ORIGINS_MAX   4096

static const struct args_option OPTIONS[] = {
	{"--csv", NULL, "FILE", "a series as timestamp,value; an empty value is missing"},
	{"--origin", NULL, "N[,N...]", "forecast from behind row N alone (default: all rows)"},
	{"--steps", NULL, "N", "how many steps ahead (default 24, of M4 48; at most 2016)"},
	{"--m4", NULL, "FILE", "many hourly series, one per line: id,value,value,..."},
	{"--out", "-o", "FILE", "writes the forecasts there instead of standard output"},
	{"--plot", NULL, "FILE", "draws the last forecast with its intervals, as SVG"},
	ASK_OPTIONS,
	{NULL, NULL, NULL, NULL},
};

/* Several megabytes, so not on the stack. */
static struct forecast_room room;
static struct forecast_band bands[FORECAST_STEPS_MAX];
static struct seriesfile_past past;
static struct wide wide;

static bool read_steps(const struct args *args, uint32_t *steps)
{
	const char *text = args_value(args, "--steps");
	uint64_t number = *steps;

	if (text != NULL && !span_number(span_of(text), FORECAST_STEPS_MAX, &number))
		number = 0;
	*steps = (uint32_t)number;
	if (number > 0)
		return true;
	fprintf(stderr, "ballast forecast: --steps wants a number from 1 to %d, found %s\n",
		FORECAST_STEPS_MAX, text);
	return false;
}

/* The file to write to; NULL with a message. */
static FILE *open_output(const struct args *args)
{
	const char *path = args_value(args, "--out");
	FILE *out = path == NULL ? stdout : fopen(path, "w");

	if (out == NULL)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return out;
}

static int close_output(const struct args *args, FILE *out, int code)
{
	const char *path = args_value(args, "--out");
	bool failed = ferror(out) != 0;

	failed = (out == stdout ? fflush(out) : fclose(out)) != 0 || failed;
	if (!failed)
		return code;
	fprintf(stderr, "%s: %s\n", path == NULL ? "standard output" : path, strerror(errno));
	return EXIT_NO;
}

/* ---- one series ------------------------------------------------------------------------------ */

static bool forecast_origin(struct seriesfile *file, size_t rows, uint32_t steps, FILE *out)
{
	seriesfile_past(file, rows, &past);
	if (!forecast_make(&room, past.values, past.count, past.step_ns, steps, bands)) {
		fprintf(stderr, "%s: no value among the last %u steps before row %zu\n", file->name,
			past.count, rows);
		return false;
	}
	for (uint32_t i = 0; i < steps; i++)
		fprintf(out, "%s,%zu,%u,%.9g,%.9g,%.9g,%.9g,%.9g\n", file->name, rows, i + 1,
			bands[i].mean, bands[i].low80, bands[i].high80, bands[i].low95,
			bands[i].high95);
	return true;
}

/* Reads the next number of the list; moves the text. */
static bool take_origin(struct span *list, size_t rows_max, size_t *rows)
{
	uint64_t number;
	struct span text = span_cut(list, ',');

	if (!span_number(text, rows_max, &number) || number == 0) {
		fprintf(stderr, "ballast forecast: --origin wants rows from 1 to %zu, found %.*s\n",
			rows_max, (int)text.size, text.at);
		return false;
	}
	*rows = (size_t)number;
	return true;
}

static int forecast_origins(
	const struct args *args, struct seriesfile *file, uint32_t steps, FILE *out)
{
	const char *origins = args_value(args, "--origin");
	struct span list = span_of(origins);
	size_t rows = file->points.count;

	fputs("series,origin,lead,mean,lo80,hi80,lo95,hi95\n", out);
	if (origins == NULL && !forecast_origin(file, rows, steps, out))
		return EXIT_NO;
	for (uint32_t i = 0; list.at != NULL && i < ORIGINS_MAX; i++) {
		if (!take_origin(&list, file->points.count, &rows))
			return EXIT_USAGE;
		if (!forecast_origin(file, rows, steps, out))
			return EXIT_NO;
	}
	if (list.at != NULL) {
		fprintf(stderr, "ballast forecast: more than %d origins\n", ORIGINS_MAX);
		return EXIT_USAGE;
	}
	return fanchart_write(args_value(args, "--plot"), file, rows, &past, bands, steps)
		       ? EXIT_OK
		       : EXIT_NO;
}

static int forecast_csv(const struct args *args, const char *path)
{
	struct seriesfile file;
	uint32_t steps = STEPS_DEFAULT;
	int code;

	if (!read_steps(args, &steps) || !seriesfile_open(&file, path))
		return EXIT_USAGE;
	FILE *out = open_output(args);
	if (out == NULL) {
		seriesfile_close(&file);
		return EXIT_NO;
	}
	code = close_output(args, out, forecast_origins(args, &file, steps, out));
	seriesfile_close(&file);
	return code;
}

/* ---- many series ----------------------------------------------------------------------------- */

static bool forecast_row(uint32_t steps, FILE *out)
{
	if (!forecast_make(&room, wide.values, wide.count, NS_PER_HOUR, steps, bands))
		return false;
	for (uint32_t i = 0; i < steps; i++)
		fprintf(out, "%.*s,%u,%.9g,%.9g,%.9g\n", (int)wide.id.size, wide.id.at, i + 1,
			bands[i].mean, bands[i].low95, bands[i].high95);
	return true;
}

static int forecast_rows(const char *path, uint32_t steps, FILE *out)
{
	size_t size;
	char *bytes = seriesfile_load(path, &size);
	int code = EXIT_OK;

	if (bytes == NULL)
		return EXIT_USAGE;
	fputs("id,lead,mean,lo95,hi95\n", out);
	wide_init(&wide, (struct span){bytes, size});
	while (wide_next(&wide))
		if (!forecast_row(steps, out))
			fprintf(stderr, "%s:%" PRIu64 ": no value\n", path, wide.line);
	if (wide.reason != NULL) {
		fprintf(stderr, "%s:%" PRIu64 ": %s\n", path, wide.line, wide.reason);
		code = EXIT_USAGE;
	}
	free(bytes);
	return code;
}

static int forecast_m4(const struct args *args, const char *path)
{
	uint32_t steps = STEPS_M4;

	if (!read_steps(args, &steps))
		return EXIT_USAGE;
	FILE *out = open_output(args);
	if (out == NULL)
		return EXIT_NO;
	return close_output(args, out, forecast_rows(path, steps, out));
}

static int forecast(const struct args *args)
{
	const char *csv = args_value(args, "--csv"), *m4 = args_value(args, "--m4");

	if (csv == NULL && m4 == NULL && args->word_count <= 1)
		return outlook_run(args);
	if (args->word_count > 0 || (csv == NULL) == (m4 == NULL)) {
		fprintf(stderr,
			"usage: ballast forecast [SIGNAL]\n"
			"       ballast forecast --csv FILE [--origin N[,N...]] [--steps N] "
			"[--out FILE] [--plot FILE]\n"
			"       ballast forecast --m4 FILE [--steps N] [--out FILE]\n");
		return EXIT_USAGE;
	}
	return csv != NULL ? forecast_csv(args, csv) : forecast_m4(args, m4);
}

const struct command command_forecast = {.name = "forecast",
	.arguments = "[SIGNAL] | --csv FILE | --m4 FILE",
	.help = "shows what load and use are expected, or forecasts a series from a file",
	.run = forecast,
	.options = OPTIONS};
