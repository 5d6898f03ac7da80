/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds are added up in as many parts as the picture has points: means of load and capacity, and
 * violations per second, which share an axis since both are tens to hundreds.  A backlog may be a
 * hundred times the capacity: it is cut off at the frame. */
#include "cli/scalingplot.h"

#include "base/num.h"
#include "base/units.h"
#include "cli/picture.h"
#include "wire/svg.h"

#include <stdio.h>

#define WIDTH      1100
#define HEIGHT     450
#define ROOM_ABOVE 1.15 /* for the legend */

enum { COLOUR_CAPACITY = 0, COLOUR_LATE = 1, COLOUR_LOAD = 6 };
enum line { LINE_LOAD, LINE_CAPACITY, LINE_LATE };

void scalingplot_init(struct scalingplot *plot, const struct scaling_load *load, uint32_t slots)
{
	*plot = (struct scalingplot){.start_utc_ns = load->start_utc_ns,
		.span_ns = scaling_load_span_ns(load),
		.slots = slots};
}

void scalingplot_see(void *context, const struct scaling_second *second)
{
	struct scalingplot *plot = context;
	int64_t part = num_mul_div(second->now_ns - 1, SCALINGPLOT_POINTS, plot->span_ns);

	if (part < 0 || part >= SCALINGPLOT_POINTS)
		return;
	plot->parts[part].load += second->running + second->waiting;
	plot->parts[part].capacity += (double)second->ready * (double)plot->slots;
	plot->parts[part].late += (double)second->late;
	plot->parts[part].seconds++;
}

static double sum_of(const struct scalingplot *plot, uint32_t part, enum line which)
{
	switch (which) {
	case LINE_LOAD:
		return plot->parts[part].load;
	case LINE_CAPACITY:
		return plot->parts[part].capacity;
	default:
		return plot->parts[part].late;
	}
}

/* One of the three lines; returns its largest value. */
static double fill(
	const struct scalingplot *plot, struct svg_point *points, uint32_t *count, enum line which)
{
	double most = 0.0;

	*count = 0;
	for (uint32_t i = 0; i < SCALINGPLOT_POINTS; i++) {
		double seconds = (double)plot->parts[i].seconds;
		double sum = sum_of(plot, i, which);
		int64_t at_ns = num_mul_div(plot->span_ns, i, SCALINGPLOT_POINTS);

		if (seconds <= 0.0)
			continue;
		points[*count].x = (double)(plot->start_utc_ns + at_ns) / (double)NS_PER_S;
		points[*count].y = sum / seconds;
		most = num_max(most, points[*count].y);
		(*count)++;
	}
	return most;
}

bool scalingplot_write(const struct scalingplot *plot, const char *title, const char *path)
{
	static struct svg_point load[SCALINGPLOT_POINTS], capacity[SCALINGPLOT_POINTS],
		late[SCALINGPLOT_POINTS];
	uint32_t load_count, capacity_count, late_count;
	double most = fill(plot, capacity, &capacity_count, LINE_CAPACITY);
	struct svg_chart chart = {.title = title,
		.width = WIDTH,
		.height = HEIGHT,
		.x = {.unit = SVG_TIME,
			.low = (double)plot->start_utc_ns / (double)NS_PER_S,
			.high = (double)(plot->start_utc_ns + plot->span_ns) / (double)NS_PER_S},
		.y = {.label = "slots; tasks that run or wait; too late per second",
			.unit = SVG_NUMBER}};
	struct buffer picture;
	struct svg svg;
	bool drawn;

	fill(plot, load, &load_count, LINE_LOAD);
	most = num_max(most, fill(plot, late, &late_count, LINE_LATE));
	chart.y.high = most * ROOM_ABOVE;
	buffer_init(&picture, SVG_SIZE_MAX);
	svg_open(&svg, &picture, &chart);
	svg_steps(&svg, capacity, capacity_count, COLOUR_CAPACITY, "ready slots");
	svg_line(&svg, load, load_count, COLOUR_LOAD, "tasks");
	svg_line(&svg, late, late_count, COLOUR_LATE, "too late");
	drawn = svg_close(&svg);
	if (!drawn)
		fprintf(stderr, "%s: the picture is larger than 16 MiB\n", path);
	drawn = drawn && picture_write(path, &picture);
	buffer_release(&picture);
	return drawn;
}
