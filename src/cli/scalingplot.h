/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CLI_SCALINGPLOT_H
#define BAL_CLI_SCALINGPLOT_H

#include "sim/scaling_world.h"

#include <stdbool.h>
#include <stdint.h>

/* scalingplot: a picture of one policy's way with a load: slots that work or are waited for, slots
 * that are there, and how many tasks per second wait too long, over time. */
#define SCALINGPLOT_POINTS 1200

struct scalingplot {
	int64_t start_utc_ns, span_ns;
	struct {
		double load, capacity, late;
		uint32_t seconds;
	} parts[SCALINGPLOT_POINTS];
	uint32_t slots; /* of an agent */
};

/* Begins a picture of a load. */
void scalingplot_init(struct scalingplot *plot, const struct scaling_load *load, uint32_t slots);

/* A second of the world: scaling_options.observe, with the picture as its context. */
void scalingplot_see(void *plot, const struct scaling_second *second);

/* Writes it as SVG.  False after a message. */
bool scalingplot_write(const struct scalingplot *plot, const char *title, const char *path);

#endif
