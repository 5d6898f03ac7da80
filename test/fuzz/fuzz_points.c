/* SPDX-License-Identifier: Apache-2.0 */
/* A series as CSV: every point is finite or missing, and makes a grid within its bounds, whatever
 * the order of the rows. */
#include "base/assert.h"
#include "base/num.h"
#include "target.h"
#include "wire/points.h"

enum { SLOTS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double values[SLOTS_MAX];
	struct points points;
	bool read = points_read(&points, (struct span){(const char *)data, size});

	bal_assert(read == (points.reason == NULL));
	bal_assert(!read || points.count > 0);
	for (size_t i = 0; i < points.count; i++) {
		double value = points.items[i].value;

		bal_assert(value != value || num_abs(value) <= POINTS_VALUE_MAX);
		bal_assert(points.items[i].row == i);
	}
	if (read) {
		grid_sort(points.items, points.count);
		bal_assert(grid_ordered(points.items, points.count));
		int64_t step_ns = grid_step(points.items, points.count);
		bal_assert(step_ns >= 0);
		size_t slots = grid_fill(
			points.items, points.count, step_ns > 0 ? step_ns : 1, values, SLOTS_MAX);
		bal_assert(slots > 0 && slots <= SLOTS_MAX);
	}
	points_release(&points);
	return 0;
}
