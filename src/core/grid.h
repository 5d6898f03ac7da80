/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAL_CORE_GRID_H
#define BAL_CORE_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * grid: measured points become values at equal steps of time, which is all that forecasting and
 * anomaly detection understand.
 *
 * Points come as people have them: late ones, doubled ones, with holes. A value that is missing is
 * NaN everywhere in these modules, and never 0: nobody measured is not nothing happened.
 */
struct point {
	int64_t at_ns;
	double value; /* NaN: missing */
	uint64_t row; /* where it stood, from 0; ends ties */
};

/* Differences of neighbours that grid_step looks at, spread over all points. */
#define GRID_SAMPLES_MAX 1024

/* True when no point is earlier than the one before it. */
bool grid_ordered(const struct point *points, size_t count);

/* Sorts by time, points of one time by row. In place, n log n, the same order everywhere. */
void grid_sort(struct point *points, size_t count);

/*
 * The step of ordered points in ns: the most frequent difference of neighbours when a quarter of
 * them agree on one, else the median one (clocks that jitter). 0 when there are fewer than two
 * different times.
 */
int64_t grid_step(const struct point *points, size_t count);

/*
 * Fills `values` with the newest slots of a grid that starts at the first point, oldest first, and
 * returns their number, at most `size`. A point belongs to the nearest slot; of several in one slot
 * the last that has a value counts. Slots without one are NaN. `step_ns` > 0, points ordered.
 */
size_t grid_fill(
	const struct point *points, size_t count, int64_t step_ns, double *values, size_t size);

#endif
