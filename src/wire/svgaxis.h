/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_WIRE_SVGAXIS_H
#define BAL_WIRE_SVGAXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * svgaxis: what lies between the values of a chart and its coordinates: a scale, and the round
 * values at which it is marked, with their texts.
 */
#define SVG_TICKS_MAX      12
#define SVG_TICK_TEXT_SIZE 24

enum svg_unit {
	SVG_NUMBER,   /* 1500 */
	SVG_PERMILLE, /* 850 is "85 %" */
	SVG_SECONDS,  /* durations: "250 ms", "45 m" */
	SVG_TIME      /* seconds since 1970, UTC: "14:30", at midnight "03-17" */
};

/* The values from one end of the axis to the other. */
struct svg_axis {
	const char *label; /* borrowed; NULL: none */
	double low, high;
	enum svg_unit unit;
	bool is_logarithmic; /* both ends > 0 */
};

struct svg_tick {
	double value;
	char text[SVG_TICK_TEXT_SIZE]; /* empty: a mark without text */
};

/* Mends an axis that cannot be drawn (ends that are equal, the wrong way round or no numbers). */
void svg_axis_mend(struct svg_axis *axis);

/* Where a value lies: 0 at the low end, 1 at the high one, beyond outside; NaN for what has no
 * place (NaN, and 0 or less on a logarithmic axis). */
double svg_axis_place(const struct svg_axis *axis, double value);

/* The round values of a mended axis, ascending; returns how many of SVG_TICKS_MAX. */
uint32_t svg_axis_ticks(const struct svg_axis *axis, struct svg_tick ticks[SVG_TICKS_MAX]);

#endif
