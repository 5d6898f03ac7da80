/* SPDX-License-Identifier: Apache-2.0 */
/* Three times as much past as future: enough to see what repeats. */
#include "cli/fanchart.h"

#include "base/num.h"
#include "cli/picture.h"
#include "wire/svg.h"

#include <stdio.h>

#define PAST_SHARE 3
#define PAST_MIN   48
#define ROOM_ABOVE 1.3 /* for the legend */
#define NS_AS_S    1e-9
#define WIDTH      960
#define HEIGHT     420

enum { COLOUR_PAST = 6, COLOUR_FORECAST = 0, COLOUR_TRUTH = 1 };

static struct svg svg;
static struct svg_point line[HISTORY_MAX + FORECAST_STEPS_MAX], edge[FORECAST_STEPS_MAX];

/* The range of what is drawn; it holds 0 when nothing is negative. */
static void set_range(struct svg_axis *axis, const double *values, uint32_t count,
	const struct forecast_band *bands, uint32_t steps)
{
	axis->low = 0;
	axis->high = 0;
	for (uint32_t i = 0; i < count; i++) {
		axis->low = num_min(values[i], axis->low);
		axis->high = values[i] > axis->high ? values[i] : axis->high;
	}
	for (uint32_t i = 0; i < steps; i++) {
		axis->low = num_min(bands[i].low95, axis->low);
		axis->high = num_max(bands[i].high95, axis->high);
	}
	axis->high *= ROOM_ABOVE;
}

static double step_time(const struct seriesfile_past *past, int64_t lead)
{
	return (double)(past->last_at_ns + lead * past->step_ns) * NS_AS_S;
}

static void draw_bands(
	const struct seriesfile_past *past, const struct forecast_band *bands, uint32_t steps)
{
	for (uint32_t i = 0; i < steps; i++) {
		line[i] = (struct svg_point){step_time(past, i + 1), bands[i].low95};
		edge[i] = (struct svg_point){line[i].x, bands[i].high95};
	}
	svg_band(&svg, line, edge, steps, COLOUR_FORECAST, "95 %");
	for (uint32_t i = 0; i < steps; i++) {
		line[i].y = bands[i].low80;
		edge[i].y = bands[i].high80;
	}
	svg_band(&svg, line, edge, steps, COLOUR_FORECAST, "80 %");
	for (uint32_t i = 0; i < steps; i++)
		line[i].y = bands[i].mean;
	svg_dashes(&svg, line, steps, COLOUR_FORECAST, "forecast");
}

static void draw_past(const struct seriesfile_past *past, uint32_t shown)
{
	for (uint32_t i = 0; i < shown; i++)
		line[i] = (struct svg_point){step_time(past, (int64_t)i - shown + 1),
			past->values[past->count - shown + i]};
	svg_line(&svg, line, shown, COLOUR_PAST, "past");
}

static void draw_truth(const struct seriesfile *file, size_t rows,
	const struct seriesfile_past *past, uint32_t steps)
{
	uint32_t count = 0;

	for (size_t i = rows; i < file->points.count && count < steps; i++) {
		const struct point *point = &file->points.items[i];
		double at_s = (double)point->at_ns * NS_AS_S;
		double before_s = count > 0 ? line[count - 1].x : step_time(past, 0);

		if (at_s > before_s)
			line[count++] = (struct svg_point){at_s, point->value};
	}
	if (count > 0)
		svg_line(&svg, line, count, COLOUR_TRUTH, "what came");
}

bool fanchart_write(const char *path, const struct seriesfile *file, size_t rows,
	const struct seriesfile_past *past, const struct forecast_band *bands, uint32_t steps)
{
	struct svg_chart chart = {.title = file->name,
		.width = WIDTH,
		.height = HEIGHT,
		.x = {.unit = SVG_TIME},
		.y = {.unit = SVG_NUMBER}};
	uint32_t shown = PAST_SHARE * steps > PAST_MIN ? PAST_SHARE * steps : PAST_MIN;
	struct buffer picture;

	if (path == NULL)
		return true;
	shown = shown < past->count ? shown : past->count;
	set_range(&chart.y, past->values + past->count - shown, shown, bands, steps);
	chart.x.low = step_time(past, 1 - (int64_t)shown);
	chart.x.high = step_time(past, steps);
	buffer_init(&picture, SVG_SIZE_MAX);
	svg_open(&svg, &picture, &chart);
	draw_bands(past, bands, steps);
	draw_past(past, shown);
	draw_truth(file, rows, past, steps);
	svg_rule(&svg, step_time(past, 0), "now");
	bool drawn = svg_close(&svg);
	if (!drawn)
		fprintf(stderr, "%s: the picture is larger than 16 MiB\n", path);
	drawn = drawn && picture_write(path, &picture);
	buffer_release(&picture);
	return drawn;
}
