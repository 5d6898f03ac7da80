/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_SVG_H
#define BAL_WIRE_SVG_H

#include "wire/buffer.h"
#include "wire/svgaxis.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * svg: a chart as a picture, piece by piece into a buffer.
 *
 *	struct svg svg;
 *	svg_open(&svg, &buffer, &(struct svg_chart){.title = "Waits", .x = {...}, .y = {...}});
 *	svg_band(&svg, low, high, count, 0, "80 %");
 *	svg_line(&svg, points, count, 0, "median");
 *	if (!svg_close(&svg)) ...
 *
 * Points are in the units of the axes, ascending in x; what lies outside is cut off at the frame,
 * what is no number breaks the line. Texts are escaped. The same calls give the same bytes
 * everywhere. Colours are those of Okabe and Ito (2008), which colour-blind people tell apart; the
 * ninth is the first again.
 */
#define SVG_SIZE_MAX   (16u << 20) /* a good bound for the buffer of one chart */
#define SVG_LEGEND_MAX 20
#define SVG_LABEL_SIZE 48

struct svg_chart {
	const char *title;      /* borrowed; NULL: none */
	uint32_t width, height; /* pixels; 0: 800 x 450 */
	struct svg_axis x, y;
};

struct svg_point {
	double x, y;
};

enum svg_mark { SVG_MARK_LINE, SVG_MARK_DASHES, SVG_MARK_BAND };

struct svg {
	/* The writer's own. */
	struct buffer *buffer;
	struct svg_axis x, y;
	int32_t width, height;
	int32_t left, right, top, bottom; /* of the frame */
	uint32_t legend_count;
	struct {
		enum svg_mark mark;
		uint32_t colour;
		char label[SVG_LABEL_SIZE];
	} legend[SVG_LEGEND_MAX];
};

/* Begins a picture: background, title, axes. */
void svg_open(struct svg *svg, struct buffer *buffer, const struct svg_chart *chart);

/* A line through the points. Those with the same label share a line of the legend; NULL: none. */
void svg_line(struct svg *svg, const struct svg_point *points, uint32_t count, uint32_t colour,
	const char *label);

/* The same, dashed: what is expected or compared with. */
void svg_dashes(struct svg *svg, const struct svg_point *points, uint32_t count, uint32_t colour,
	const char *label);

/* Each value holds until the next point: counts of agents, distributions. */
void svg_steps(struct svg *svg, const struct svg_point *points, uint32_t count, uint32_t colour,
	const char *label);

/* The area between two lines with the same number of points. */
void svg_band(struct svg *svg, const struct svg_point *low, const struct svg_point *high,
	uint32_t count, uint32_t colour, const char *label);

/* A vertical mark through the whole frame with a text at its top (NULL: none): "now". */
void svg_rule(struct svg *svg, double x, const char *text);

/* Draws the legend and ends the picture. False: the buffer failed, the picture is of no use. */
bool svg_close(struct svg *svg);

#endif
